#include "core/settle.h"

/* mutter draws the whole desktop for an answer: with software rendering some 30 ms. */
#define ANSWER_US 150000
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
		s->stale = true;
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
		s->stale = true;
	}
}

void settle_postpone(struct settle *s, uint64_t until_us)
{
	if (s->state == SETTLE_MOVING && s->deadline_us < until_us)
		s->deadline_us = until_us;
}

bool settle_deadline(struct settle *s, bool streaming, uint64_t now_us)
{
	if (s->state == SETTLE_MOVING && now_us >= s->deadline_us && streaming) {
		s->state = SETTLE_PAUSING;
		if (!s->again)
			s->paused_us = now_us;
		s->again = false;
		s->stale = false;
		s->deadline_us = now_us + ANSWER_US;
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
