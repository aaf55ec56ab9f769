/* Whether somebody who speaks every now and then has fallen silent: counted in ticks, not by the
 * clock.
 *
 * A machine that slept wakes to a clock that jumped by hours, in which nobody could speak. That is
 * one tick here, as is any time in which we ourselves were held up; only SILENCE_TICKS in a row,
 * each a third of the patience, mean silence. So it is noticed after one patience at the earliest
 * and four thirds at the latest.
 *
 * Threads: any; no shared state. Ownership: by value, starts as zeroes. */
#pragma once

#include <stdbool.h>

#define SILENCE_TICKS 3

struct silence {
	bool was_heard;  /* since the last tick */
	bool is_excused; /* until the next word */
	unsigned ticks;  /* without a word */
};

void silence_heard(struct silence *silence);

/* It said that it may fall silent: nothing counts before its next word. */
void silence_excuse(struct silence *silence);

/* A tick has passed. True when it was the last one of our patience. */
bool silence_tick(struct silence *silence);
