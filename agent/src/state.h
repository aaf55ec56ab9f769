/* What the agent leaves behind in files and on stdout: the ready line, the same for
 * `helix-agent screenshot`, and the portal's restore token.
 *
 * Threads: main loop only. */
#pragma once

#include "core/options.h"

#include <stddef.h>
#include <stdint.h>

struct state_ready {
	uint16_t port;
	const char *token;
	const char *instance; /* of this start: server_options has it, too */
};

/* A directory of this user alone, for small files: the runtime directory, else one in /tmp, made
 * when missing. 0, or a negative errno: -EPERM when somebody else was there first. */
int state_directory(char *path, size_t size);

/* Say that the desktop can be opened: one line of JSON on stdout (a text for people with --human),
 * and a file that only this user can read, whose path is returned in `path` for state_forget_agent.
 * 0 or a negative errno. */
int state_announce(
	const struct options *options, const struct state_ready *ready, char *path, size_t size);

/* Remove that file; "" is accepted. */
void state_forget_agent(const char *path);

/* Find a running agent of this user by the file. -ENOENT when there is none. */
int state_find_agent(uint16_t *ret_port, char *token, size_t size);

/* The restore token, below $XDG_STATE_HOME. "" when there is none. */
void state_read_restore_token(char *token, size_t size);
void state_keep_restore_token(const char *token);
