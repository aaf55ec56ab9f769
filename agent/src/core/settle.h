/* Getting the last picture of a movement out of a compositor that keeps it to itself.
 *
 * A PipeWire driver such as mutter hands over one buffer a cycle. When we are late for one, the
 * buffer waits in its queue for the next cycle, and at the end of a movement there is none: the
 * last picture would show only when something else moves (seen with mutter 43 on a busy machine).
 *So after each movement the stream pauses for a moment. When it goes on, mutter draws, and thereby
 * pushes out what waited.
 *
 *	REST -> MOVING (a picture came) -> PAUSING (120 ms without one) -> RESUMING -> REST
 *
 * Threads: main loop only. Pure: time comes from the caller, in microseconds. All zeroes = REST. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define SETTLE_NEVER UINT64_MAX
/* A pause of this length ends a movement. */
#define SETTLE_AFTER_US 120000

enum settle_state { SETTLE_REST, SETTLE_MOVING, SETTLE_PAUSING, SETTLE_RESUMING };

struct settle {
	enum settle_state state;
	uint64_t deadline_us;
	uint64_t paused_us; /* when the last pause began, or the first of a series */
	bool again; /* the next pause goes on with a series: its queue is one behind for ever */
	bool stale; /* since then only pictures from before it came */
	uint64_t expect_until_us; /* a picture of a new size is due until then; 0 = none is */
};

/* Pictures of a new size are due: ask for one until it comes. */
void settle_expect(struct settle *settle, uint64_t now_us);

/* A picture came, which was drawn at `drawn_us` (0 = not known). True when it is the answer to a
 * pause: then it may show nothing new. One from before the pause is no answer: there is more behind
 * it, and the compositor may still be about to pause. */
bool settle_picture(struct settle *settle, uint64_t drawn_us, uint64_t now_us);

/* A pointer position came without a picture, of the time `drawn_us`. The last one of a movement can
 * be stuck like a picture; one from before a pause shows that the answer is behind it. */
void settle_pointer(struct settle *settle, uint64_t drawn_us, uint64_t now_us);

/* No pause before `until_us`: something is due that it would disturb. */
void settle_postpone(struct settle *settle, uint64_t until_us);

/* Whether settle_deadline() would ask for a pause now. */
bool settle_is_due(const struct settle *settle, bool streaming, uint64_t now_us);

/* The deadline has passed. True: pause the stream. `streaming`: it can be paused. */
bool settle_deadline(struct settle *settle, bool streaming, uint64_t now_us);

/* The stream is paused, and will be told to go on. */
void settle_paused(struct settle *settle);

/* Whether no picture of the new size came, however often it was asked for. */
bool settle_gave_up(const struct settle *settle);

/* When settle_deadline is to be called; SETTLE_NEVER at rest. */
uint64_t settle_deadline_us(const struct settle *settle);

/* Whether the stream stands still on our behalf. */
bool settle_holds(const struct settle *settle);
