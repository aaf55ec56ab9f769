/* `helix-agent screenshot FILE`: the desktop of a running agent as a PNG.
 *
 * Threads: blocks; not for the loop. */
#pragma once

#include <stdint.h>

/* Ask the agent on `port` (0 = the one that this user started last, with its token) and write FILE,
 * "-" for stdout. Says on stderr what went wrong. An exit code. */
int screenshot_take(const char *file, uint16_t port, const char *token);
