#include "core/settle.h"

/* mutter draws the whole desktop for an answer: with software rendering some 30 ms. Where older
 * pictures come, or none of a new size, it is time to ask again. */
#define ANSWER_US 150000
/* On a busy machine it may not even have noticed the pause until then, and positions must wait. */
#define PATIENCE_US 1000000
/* A busy machine has taken 4 s to a session's first picture. */
#define EXPECT_US 5000000

static void move(struct settle *s, uint64_t now_us)
{
	s->state = SETTLE_MOVING;
	s->deadline_us = now_us + SETTLE_AFTER_US;
}

/* A picture from behind the first pause of a series shows all there is, though it came one late. */
static void move_again(struct settle *s, uint64_t now_us)
{
	s->stale = false;
	s->again = true;
	move(s, now_us);
}

/* From before the pause: the answer is behind it, and comes soon if it comes by itself. */
static void take_for_stale(struct settle *s, uint64_t now_us)
{
	s->stale = true;
	if (s->deadline_us > now_us + ANSWER_US)
		s->deadline_us = now_us + ANSWER_US;
}

void settle_expect(struct settle *s, uint64_t now_us)
{
	s->expect_until_us = now_us + EXPECT_US;
	move(s, now_us);
}

bool settle_picture(struct settle *s, uint64_t drawn_us, uint64_t now_us)
{
	s->expect_until_us = 0;
	if (!settle_holds(s)) {
		s->again = false;
		move(s, now_us);
		return false;
	}
	if (s->state == SETTLE_PAUSING || (drawn_us && drawn_us < s->paused_us)) {
		take_for_stale(s, now_us);
		return false;
	}
	if (s->stale)
		move_again(s, now_us);
	else
		s->state = SETTLE_REST;
	return true;
}

void settle_pointer(struct settle *s, uint64_t drawn_us, uint64_t now_us)
{
	if (!settle_holds(s)) {
		s->again = false;
		move(s, now_us);
	} else if (s->state == SETTLE_PAUSING || (drawn_us && drawn_us < s->paused_us)) {
		take_for_stale(s, now_us);
	}
}

void settle_postpone(struct settle *s, uint64_t until_us)
{
	if (s->state == SETTLE_MOVING && s->deadline_us < until_us)
		s->deadline_us = until_us;
}

bool settle_is_due(const struct settle *s, bool streaming, uint64_t now_us)
{
	return s->state == SETTLE_MOVING && now_us >= s->deadline_us && streaming;
}

bool settle_deadline(struct settle *s, bool streaming, uint64_t now_us)
{
	if (settle_is_due(s, streaming, now_us)) {
		s->state = SETTLE_PAUSING;
		if (!s->again)
			s->paused_us = now_us;
		s->again = false;
		s->stale = false;
		s->deadline_us = now_us + (s->expect_until_us ? ANSWER_US : PATIENCE_US);
		return true;
	}
	if (s->state == SETTLE_REST || now_us < s->deadline_us)
		return false;
	/* No answer, or no stream to ask. */
	if (s->stale)
		move_again(s, now_us);
	else if (now_us < s->expect_until_us)
		move(s, now_us);
	else
		s->state = SETTLE_REST;
	return false;
}

void settle_paused(struct settle *s)
{
	if (s->state == SETTLE_PAUSING)
		s->state = SETTLE_RESUMING;
}

bool settle_gave_up(const struct settle *s)
{
	return s->expect_until_us && s->state == SETTLE_REST;
}

uint64_t settle_deadline_us(const struct settle *s)
{
	return s->state == SETTLE_REST ? SETTLE_NEVER : s->deadline_us;
}

bool settle_holds(const struct settle *s)
{
	return s->state == SETTLE_PAUSING || s->state == SETTLE_RESUMING;
}
