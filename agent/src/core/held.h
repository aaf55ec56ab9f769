/* The keys and buttons that one viewer holds down, so that they can be let go when it leaves.
 *
 * Threads: main loop only. Plain values; all zeroes = nothing is held. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define HELD_CODES 768 /* KEY_CNT of linux/input-event-codes.h; buttons are in the same range */

struct held {
	uint64_t bits[HELD_CODES / 64];
};

/* Note a press or a release. False when it changes nothing (a repeat, or the release of a key that
 * is not down) and should not go on; codes outside the range too. */
bool held_change(struct held *held, uint32_t code, bool down);

bool held_is_down(const struct held *held, uint32_t code);

/* Take the next held code out; false when nothing is held any more. */
bool held_take(struct held *held, uint32_t *ret_code);
