/* One direction of a pipe to a child, of which there is always at most one read or write under way:
 * what pipe_read() and pipe_write() are, for somebody who waits for several at once.
 *
 * Threads: one. Ownership: the lane owns its event; the pipe is the caller's, and must not be
 * closed before lane_stop(). */
#pragma once

#include "win/win.h"

#define LANE_SIZE (72u << 10)

struct lane {
	HANDLE pipe;
	OVERLAPPED overlapped; /* its hEvent is set when something came of it */
	bool is_busy, is_write;
	DWORD at, size; /* of what is to be written */
	uint8_t bytes[LANE_SIZE];
};

/* False without an event. */
bool lane_init(struct lane *lane);
void lane_done(struct lane *lane);

/* Begin to read into its bytes, or to write the first `size` of them. False when the pipe has
 * ended. */
bool lane_read(struct lane *lane);
bool lane_write(struct lane *lane, size_t size);

/* What was begun, if it is done: how many bytes were read, or that all were written (1). 0: not
 * yet. PLAT_ENDED, or another failure. */
int lane_finish(struct lane *lane);

/* Take back what is under way, and wait until that is so. */
void lane_stop(struct lane *lane);
