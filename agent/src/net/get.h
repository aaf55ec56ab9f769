/* One HTTP GET to an agent on this machine, for the commands that talk to a running one.
 *
 * Threads: blocks; not for the loop. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* GET `path` from 127.0.0.1:`port` with the token. Returns the HTTP status and a body that the
 * caller frees; -ECONNREFUSED when nobody listens, -ETIMEDOUT, -EBADMSG for an answer that is no
 * HTTP, -EFBIG for one of more than 512 MiB. */
int get_from_agent(
	uint16_t port, const char *path, const char *token, uint8_t **ret_body, size_t *ret_size);
