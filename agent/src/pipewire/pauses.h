/* The short pauses of the stream by which mutter is made to give its last picture (core/settle.h):
 * when one is due, that nothing is under way to mutter while it lasts, and when it is over. Only
 * for pipewire/.
 *
 * Threads: main loop only. Ownership: by value in its capture, whose stream it pauses. */
#pragma once

#include "core/settle.h"

#include <stdbool.h>
#include <stdint.h>

struct pw_stream;
struct sd_event;
struct sd_event_source;

struct pauses {
	/* One is wanted, until false: pauses_begin() is awaited, for a second at most. */
	void (*told)(void *owner, bool paused);
	/* However often it was asked for, no picture of a new size comes. */
	void (*gave_up)(void *owner);
	void *owner;
	struct pw_stream *stream; /* NULL = none to pause, now or any more */

	struct settle settle;
	struct sd_event_source *timer;
	bool was_told;   /* what the owner knows */
	bool is_asking;  /* the owner, which has not called pauses_begin() yet */
	bool restarting; /* told to pause and go on, and has not gone on yet */
	uint64_t asked_us;
	uint64_t shape_due_us; /* until then a program may choose the pointer's shape */
};

/* The members above the blank line are the caller's to set before. 0 or a negative errno. */
int pauses_init(struct pauses *pauses, struct sd_event *event);
void pauses_done(struct pauses *pauses);

/* What came, and what is awaited. Times are those of mutter's clock, 0 = not known. */
void pauses_expect(struct pauses *pauses); /* pictures of a new size */
/* True when it is the answer to a pause, and may show nothing new. */
bool pauses_picture(struct pauses *pauses, uint64_t drawn_us);
void pauses_pointer(struct pauses *pauses, uint64_t drawn_us); /* without a picture */
/* mutter takes the pointer's shape away when it comes to a window, whose program then chooses one.
 */
void pauses_shape(struct pauses *pauses, bool is_due);
void pauses_paused(struct pauses *pauses);  /* the stream, by whomever: we want it to run */
void pauses_resumed(struct pauses *pauses); /* it goes on */

/* Nothing is under way to mutter. Unasked, or too late, it does nothing. */
void pauses_begin(struct pauses *pauses);

/* Whether the stream stands still on our behalf: a new format that comes then is forgotten. */
bool pauses_hold(const struct pauses *pauses);
