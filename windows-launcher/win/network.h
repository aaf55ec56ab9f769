/* Tells the worker when the network changes: PLAT_EVENT_WOKE, 2 s after it began to.
 *
 * Threads: the first. */
#pragma once

/* Without it only a sleep of the PC is noticed: where it fails there is a line in the log. */
void network_watch(void);
/* Nothing is told when it has returned. Nothing to do without network_watch(). */
void network_leave(void);
