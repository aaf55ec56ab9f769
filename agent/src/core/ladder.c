#include "core/ladder.h"

#include <assert.h>

#define SECOND_US       UINT64_C(1000000)
#define MINUTE_US       (60 * SECOND_US)

#define PROVED_AFTER_US (10 * SECOND_US)
#define WAIT_US         MINUTE_US
#define WAIT_MAX_US     (15 * MINUTE_US)
#define DELAY_US        (SECOND_US / 10)
#define DELAY_MAX_US    (10 * SECOND_US)

/* `first_us` the first time, then twice as long each time. */
static uint64_t doubled(uint64_t first_us, uint64_t max_us, unsigned times)
{
	uint64_t us = first_us;

	while (times-- > 0 && us < max_us)
		us *= 2;
	return us < max_us ? us : max_us;
}

static void increment(unsigned *count)
{
	if (++*count == 0)
		--*count;
}

/* It was left, or its proof failed. */
static void shut(struct ladder_step *step, uint64_t now_us)
{
	step->is_out = true;
	step->due_us = now_us + doubled(WAIT_US, WAIT_MAX_US, step->retreats);
	increment(&step->retreats);
}

static void go_to(struct ladder *ladder, size_t step)
{
	ladder->current = step;
	ladder->good_since_us = 0;
}

void ladder_init(struct ladder *ladder, size_t count)
{
	assert(count >= 1 && count <= LADDER_MAX);
	*ladder = (struct ladder){ .count = count };
	for (size_t i = 0; i < LADDER_MAX; i++)
		ladder->steps[i].due_us = LADDER_NEVER;
}

size_t ladder_current(const struct ladder *ladder)
{
	return ladder->current;
}

void ladder_good(struct ladder *ladder, uint64_t now_us)
{
	if (!ladder->good_since_us)
		ladder->good_since_us = now_us;
	else if (now_us >= ladder->good_since_us + PROVED_AFTER_US)
		ladder->steps[ladder->current].faults = 0;
}

/* The nearest below that is not known to be broken; the last one never is. */
static size_t next_down(const struct ladder *ladder)
{
	size_t step = ladder->current + 1;

	while (ladder->steps[step].is_out)
		step++;
	assert(step < ladder->count);
	return step;
}

/* Perhaps all was broken for a moment only: then the nearest that was left is the better one. */
static struct ladder_move last_failed(struct ladder *ladder, unsigned faults)
{
	uint64_t delay_us = faults > 1 ? doubled(DELAY_US, DELAY_MAX_US, faults - 2) : 0;

	for (size_t i = ladder->current; faults > 1 && i-- > 0;) {
		if (!ladder->steps[i].is_out)
			continue;
		ladder->steps[i].is_out = false;
		ladder->steps[i].due_us = LADDER_NEVER;
		go_to(ladder, i);
		break;
	}
	return (struct ladder_move){ .step = ladder->current, .delay_us = delay_us };
}

struct ladder_move ladder_fault(struct ladder *ladder, enum ladder_fault fault, uint64_t now_us)
{
	struct ladder_step *step = &ladder->steps[ladder->current];
	bool is_worth_another = false;

	switch (fault) {
	case LADDER_REFUSED:
	case LADDER_LOST:
	case LADDER_DIED: is_worth_another = step->faults == 0; break;
	case LADDER_HUNG: break;
	}
	increment(&step->faults);
	ladder->good_since_us = 0;
	if (ladder->current + 1 == ladder->count)
		return last_failed(ladder, step->faults);
	if (is_worth_another)
		return (struct ladder_move){ .step = ladder->current };
	shut(step, now_us);
	go_to(ladder, next_down(ladder));
	return (struct ladder_move){ .is_step_down = true, .step = ladder->current };
}

uint64_t ladder_due_us(const struct ladder *ladder)
{
	uint64_t due_us = LADDER_NEVER;

	for (size_t i = 0; i < ladder->current; i++)
		if (ladder->steps[i].is_out && ladder->steps[i].due_us < due_us)
			due_us = ladder->steps[i].due_us;
	return due_us;
}

size_t ladder_due(const struct ladder *ladder, uint64_t now_us)
{
	for (size_t i = 0; i < ladder->current; i++)
		if (ladder->steps[i].is_out && ladder->steps[i].due_us <= now_us)
			return i;
	return SIZE_MAX;
}

bool ladder_proved(struct ladder *ladder, size_t step, bool works, uint64_t now_us)
{
	assert(step < ladder->count);
	if (!ladder->steps[step].is_out)
		return false;
	if (!works) {
		shut(&ladder->steps[step], now_us);
		return false;
	}
	ladder->steps[step].is_out = false;
	ladder->steps[step].due_us = LADDER_NEVER;
	if (step > ladder->current)
		return false;
	go_to(ladder, step);
	return true;
}
