#include "pipewire/pauses.h"

#include "sys/clock.h"

#include <pipewire/pipewire.h>
#include <systemd/sd-event.h>

/* If that falls into a pause, the pointer stays without a shape. */
#define SHAPE_US 500000
/* An owner that does not answer shall not keep the last picture from being seen. */
#define ASKED_US 1000000

/* Bring timer and owner in line. */
static void follow(struct pauses *p)
{
	settle_postpone(&p->settle, p->shape_due_us);

	uint64_t deadline_us = settle_deadline_us(&p->settle);
	bool paused = p->is_asking || pauses_hold(p);

	if (p->is_asking || (p->restarting && deadline_us == SETTLE_NEVER))
		deadline_us = p->asked_us + ASKED_US;
	if (deadline_us == SETTLE_NEVER) {
		sd_event_source_set_enabled(p->timer, SD_EVENT_OFF);
	} else {
		sd_event_source_set_time(p->timer, deadline_us);
		sd_event_source_set_enabled(p->timer, SD_EVENT_ONESHOT);
	}
	if (p->was_told != paused) {
		p->was_told = paused;
		p->told(p->owner, paused);
	}
}

static bool is_streaming(const struct pauses *p)
{
	return p->stream && pw_stream_get_state(p->stream, NULL) == PW_STREAM_STATE_STREAMING;
}

static void meet_deadline(struct pauses *p)
{
	p->is_asking = false;
	if (settle_deadline(&p->settle, is_streaming(p), clock_now_us())) {
		/* In one breath, so that mutter misses as little as can be: it does not notice
		 * meanwhile that the pointer takes another shape. */
		p->restarting = true;
		pw_stream_set_active(p->stream, false);
		pw_stream_set_active(p->stream, true);
	} else if (!settle_holds(&p->settle)) {
		p->restarting = false;
	}
	follow(p);
	if (settle_gave_up(&p->settle))
		p->gave_up(p->owner);
}

static int on_timer(sd_event_source *source, uint64_t planned_us, void *owner)
{
	struct pauses *p = owner;
	uint64_t now_us = clock_now_us();

	(void)source, (void)planned_us;
	if (p->is_asking || !settle_is_due(&p->settle, is_streaming(p), now_us)) {
		meet_deadline(p);
		return 0;
	}
	p->is_asking = true;
	p->asked_us = now_us;
	follow(p);
	return 0;
}

int pauses_init(struct pauses *p, sd_event *event)
{
	int r = sd_event_add_time(event, &p->timer, CLOCK_MONOTONIC, 0, 1000, on_timer, p);

	return r < 0 ? r : sd_event_source_set_enabled(p->timer, SD_EVENT_OFF);
}

void pauses_done(struct pauses *p)
{
	p->timer = sd_event_source_disable_unref(p->timer);
}

void pauses_expect(struct pauses *p)
{
	settle_expect(&p->settle, clock_now_us());
	follow(p);
}

bool pauses_picture(struct pauses *p, uint64_t drawn_us)
{
	bool is_answer = settle_picture(&p->settle, drawn_us, clock_now_us());

	follow(p);
	return is_answer;
}

void pauses_pointer(struct pauses *p, uint64_t drawn_us)
{
	settle_pointer(&p->settle, drawn_us, clock_now_us());
	follow(p);
}

void pauses_shape(struct pauses *p, bool is_due)
{
	p->shape_due_us = is_due ? clock_now_us() + SHAPE_US : 0;
}

void pauses_paused(struct pauses *p)
{
	settle_paused(&p->settle);
	if (p->stream)
		pw_stream_set_active(p->stream, true);
}

void pauses_resumed(struct pauses *p)
{
	p->restarting = false;
	follow(p);
}

void pauses_begin(struct pauses *p)
{
	if (p->is_asking)
		meet_deadline(p);
}

bool pauses_hold(const struct pauses *p)
{
	return p->restarting || settle_holds(&p->settle);
}
