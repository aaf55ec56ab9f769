/* Which encoder to use when encoders fail: the next one down at once, up again later.
 *
 * The steps are numbered from 0, the best; what they are is the owner's business. A step that fails
 * for the first time is built anew; when it fails again before it has proved itself, or hangs, the
 * next one takes its place, past those that were left themselves. A step that was left
 * becomes due again after a while (a minute, then twice as long each time, up to a quarter of an
 * hour): the owner proves it aside and reports, so that viewers never wait for it. A proof aside
 * does not forgive: the step has still to prove itself in service, and leaves at its first fault
 * until then. From the last step nothing leads down: it is built anew at once the first time; then
 * the nearest step that was left takes its place, where there is one, and so on for ever, more and
 * more slowly, up to ten seconds later.
 *
 * Threads: main loop only. Pure: time comes from the caller, in microseconds. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LADDER_MAX   16
#define LADDER_NEVER UINT64_MAX

enum ladder_fault {
	LADDER_REFUSED, /* it said so itself: it could not be built, or an error came */
	LADDER_LOST,    /* a picture went in and nothing came out, though the process lives */
	LADDER_HUNG,    /* no answer: the process had to be killed */
	LADDER_DIED,    /* the process ended by itself */
};

struct ladder_step {
	unsigned faults;   /* in a row, since it proved itself */
	unsigned retreats; /* how often it was left, or failed its proof */
	uint64_t due_us;   /* may be proved again; LADDER_NEVER: is not out */
	bool is_out;       /* left, and not proved since */
};

struct ladder {
	struct ladder_step steps[LADDER_MAX];
	size_t count, current;
	uint64_t good_since_us; /* of the first good picture after the last fault; 0 = none */
};

struct ladder_move {
	bool is_step_down;
	size_t step;       /* where to go on; may be the same */
	uint64_t delay_us; /* before it is built; 0 = at once */
};

/* `count` in 1..LADDER_MAX; starts at step 0. */
void ladder_init(struct ladder *ladder, size_t count);

size_t ladder_current(const struct ladder *ladder);

/* An access unit came out. After ten seconds of that the step's faults are forgiven. */
void ladder_good(struct ladder *ladder, uint64_t now_us);

/* The current step failed: what to do. */
struct ladder_move ladder_fault(struct ladder *ladder, enum ladder_fault fault, uint64_t now_us);

/* When a better step than the current one is worth a proof; LADDER_NEVER when none is out. */
uint64_t ladder_due_us(const struct ladder *ladder);
/* Which one: the best of those that are due. SIZE_MAX when none is. */
size_t ladder_due(const struct ladder *ladder, uint64_t now_us);

/* The proof of a step that was out ended; of one that is not out it changes nothing. True: the
 * ladder has moved up to it. */
bool ladder_proved(struct ladder *ladder, size_t step, bool works, uint64_t now_us);
