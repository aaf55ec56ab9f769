/* Every process below this one: children, their children, and the daemons that double-forked away
 * from them and came back as orphans, because we are a child subreaper.
 *
 * Threads: called by the only one. Ownership: none. */
#pragma once

#include <stdint.h>

/* Orphans below us become our children from now on, instead of init's. */
int descendants_adopt(void);

/* Sends a signal to each. Returns how many got it, or a negative errno when /proc cannot be read.
 */
int descendants_signal(int signal);

/* SIGTERM to each, then, after `grace_us` at the latest, SIGKILL until none is left; reaps them.
 * Returns 0, or -EBUSY when some could not be killed (another user's, or stuck in the kernel).
 * Blocks. Needs descendants_adopt(). */
int descendants_end(uint64_t grace_us);
