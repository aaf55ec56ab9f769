/* The line by which helix-agent says that it can be reached:
 * {"event":"ready","url":"http://127.0.0.1:7878/#token=...","port":7878,"token":"...","pid":12,
 *  "instance":"0123456789abcdef0123456789abcdef","version":"0.1.0"}
 *
 * Threads: any; no state. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct ready {
	uint16_t port;     /* never 0 */
	char token[129];   /* 16 to 128 letters, digits, - or _ */
	char instance[33]; /* 32 digits of 0-9a-f, no secret: what /healthz answers, too;
			      "" = not told, by a system from before there were any */
	char version[32];  /* "" = not told */
};

/* False for every other line, of any length and contents. */
bool ready_parse(const char *line, struct ready *ret_ready);
