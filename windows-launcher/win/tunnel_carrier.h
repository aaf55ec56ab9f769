/* The carrier between the sockets of Windows and one `helix-agent tunnel`, for as long as that
 * runs.
 *
 * One loop: the pipes of wsl.exe are overlapped, the sockets do not block and share one event, so
 * nothing ever waits for one of them alone.
 *
 * Threads: one, but for the counts, which any may read. Ownership: the caller closes the listener
 * and the process. */
#pragma once

#include <winsock2.h>

#include "win/process.h"

struct carrier;

struct carrier_counts {
	volatile LONG connections;
	volatile LONG64 out, in; /* bytes of connections, to the agent and from it */
};

struct carrier_events {
	/* The other end is there and of our version; from now on connections are accepted. */
	void (*greeted)(void *owner);
};

/* `listener` listens and does not block. NULL without memory. */
struct carrier *carrier_new(SOCKET listener, struct carrier_counts *counts,
	const struct carrier_events *events, void *owner);
/* Accepts NULL. */
void carrier_free(struct carrier *carrier);

/* Carry until `stop` is set or everything is cancelled: PLAT_CANCELLED. Else what became of the
 * pipe: PLAT_ENDED, PLAT_TIMEOUT when it says nothing for 30 s after its start, PLAT_FAILED when it
 * is no tunnel. By then all connections are reset. May be called again with another process. */
int carrier_run(struct carrier *carrier, const struct process *process, HANDLE stop);
