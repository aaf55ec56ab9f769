#include "core/settle.h"

/* mutter draws the whole desktop for an answer: with software rendering some 30 ms. */
#define ANSWER_US 150000
/* A new size takes mutter longer on a busy machine. */
#define EXPECT_TRIES 40

static void move(struct settle *s, uint64_t now_us)
{
	s->state = SETTLE_MOVING;
	s->deadline_us = now_us + SETTLE_AFTER_US;
}

void settle_expect(struct settle *s, uint64_t now_us)
{
	s->tries_left = EXPECT_TRIES;
	move(s, now_us);
}

bool settle_picture(struct settle *s, uint64_t age_us, uint64_t now_us)
{
	bool answer = s->state == SETTLE_RESUMING;

	s->tries_left = 0;
	/* Drawn before the pause: there is more behind it. */
	bool stale = answer && age_us > SETTLE_AFTER_US * 3 / 4;
	if (!answer || stale)
		move(s, now_us);
	else
		s->state = SETTLE_REST;
	return answer;
}

bool settle_deadline(struct settle *s, bool streaming, uint64_t now_us)
{
	if (s->state == SETTLE_MOVING && now_us >= s->deadline_us && streaming) {
		s->state = SETTLE_PAUSING;
		s->deadline_us = now_us + ANSWER_US;
		return true;
	}
	if (s->state == SETTLE_REST || now_us < s->deadline_us)
		return false;
	/* No answer, or no stream to ask. */
	if (s->tries_left > 0) {
		s->tries_left--;
		move(s, now_us);
	} else {
		s->state = SETTLE_REST;
	}
	return false;
}

void settle_paused(struct settle *s)
{
	if (s->state == SETTLE_PAUSING)
		s->state = SETTLE_RESUMING;
}

uint64_t settle_deadline_us(const struct settle *s)
{
	return s->state == SETTLE_REST ? SETTLE_NEVER : s->deadline_us;
}

bool settle_holds(const struct settle *s)
{
	return s->state == SETTLE_PAUSING || s->state == SETTLE_RESUMING;
}
