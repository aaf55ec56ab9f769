#include "core/pacer.h"

#include <criterion/criterion.h>

#define MS 1000u

static const struct picture_damage left = { .count = 1, .rects = { { 0, 0, 10, 10 } } };
static const struct picture_damage right = { .count = 1, .rects = { { 90, 0, 10, 10 } } };
static const struct picture_format format = { PIXEL_BGRX, 1280, 720 };

static struct pacer running(void)
{
	struct pacer pacer;
	struct pacer_job job;

	pacer_init(&pacer);
	pacer_set_format(&pacer, &format);
	pacer_captured(&pacer, &left, 0);
	cr_assert_eq(pacer_next(&pacer, true, 0, &job), PACER_ENCODE);
	pacer_packet(&pacer, 50000, 5 * MS);
	return pacer;
}

Test(pacer, starts_with_a_whole_key_picture)
{
	struct pacer pacer;
	struct pacer_job job;

	pacer_init(&pacer);
	cr_assert_eq(pacer_next(&pacer, true, 0, &job), PACER_WAIT);
	pacer_captured(&pacer, &left, 0);

	cr_assert_eq(pacer_next(&pacer, true, 0, &job), PACER_ENCODE);
	cr_assert(job.key);
	cr_assert(job.damage.everything);
	cr_assert_not(job.again);
}

Test(pacer, keeps_one_picture_in_the_encoder)
{
	struct pacer pacer = running();
	struct pacer_job job;

	pacer_captured(&pacer, &left, 10 * MS);
	cr_assert_eq(pacer_next(&pacer, true, 10 * MS, &job), PACER_ENCODE);
	pacer_captured(&pacer, &left, 12 * MS);
	cr_assert_eq(pacer_next(&pacer, true, 12 * MS, &job), PACER_WAIT);

	pacer_packet(&pacer, 1000, 15 * MS);
	cr_assert_eq(pacer_next(&pacer, true, 15 * MS, &job), PACER_ENCODE);
}

Test(pacer, waits_for_credit_and_then_encodes_all_that_changed_meanwhile)
{
	struct pacer pacer = running();
	struct pacer_job job;

	pacer_captured(&pacer, &left, 10 * MS);
	cr_assert_eq(pacer_next(&pacer, false, 10 * MS, &job), PACER_WAIT);
	pacer_captured(&pacer, &right, 20 * MS);
	cr_assert_eq(pacer_next(&pacer, false, 20 * MS, &job), PACER_WAIT);

	cr_assert_eq(pacer_next(&pacer, true, 30 * MS, &job), PACER_ENCODE);
	cr_assert_not(job.key);
	cr_assert_not(job.damage.everything);
	cr_assert_eq(job.damage.count, 2);
}

Test(pacer, makes_a_key_of_the_next_picture_or_of_the_last_one)
{
	struct pacer pacer = running();
	struct pacer_job job;

	pacer_want_key(&pacer);
	cr_assert_eq(pacer_next(&pacer, true, 10 * MS, &job), PACER_ENCODE);
	cr_assert(job.key && job.again && !job.refinement);
	pacer_packet(&pacer, 50000, 15 * MS);

	pacer_want_key(&pacer);
	pacer_captured(&pacer, &left, 16 * MS);
	cr_assert_eq(pacer_next(&pacer, true, 16 * MS, &job), PACER_ENCODE);
	cr_assert(job.key && !job.again);
	pacer_packet(&pacer, 50000, 20 * MS);

	pacer_captured(&pacer, &left, 21 * MS);
	cr_assert_eq(pacer_next(&pacer, true, 21 * MS, &job), PACER_ENCODE);
	cr_assert_not(job.key);
}

Test(pacer, sharpens_a_resting_picture_a_few_times_and_then_is_silent)
{
	struct pacer pacer = running();
	struct pacer_job job;
	uint64_t now_us = 5 * MS;
	unsigned refinements = 0;

	cr_assert_eq(pacer_next(&pacer, true, now_us, &job), PACER_WAIT);
	while (pacer_deadline_us(&pacer) != PACER_NEVER) {
		cr_assert_gt(pacer_deadline_us(&pacer), now_us);
		now_us = pacer_deadline_us(&pacer);
		cr_assert_eq(pacer_next(&pacer, true, now_us, &job), PACER_ENCODE);
		cr_assert(job.again && job.refinement && !job.key);
		refinements++;
		pacer_packet(&pacer, 20000, now_us + 5 * MS);
		cr_assert_lt(refinements, 50);
	}

	cr_assert_gt(refinements, 2);
	cr_assert_lt(now_us, 1000 * MS);
	cr_assert_eq(pacer_next(&pacer, true, 3600000 * MS, &job), PACER_WAIT);
}

Test(pacer, stops_sharpening_when_it_changes_nothing_more)
{
	struct pacer pacer = running();
	struct pacer_job job;
	uint64_t at_us = pacer_deadline_us(&pacer);

	cr_assert_eq(pacer_next(&pacer, true, at_us, &job), PACER_ENCODE);
	pacer_packet(&pacer, 60, at_us + MS);

	cr_assert_eq(pacer_deadline_us(&pacer), PACER_NEVER);
}

Test(pacer, prefers_news_to_sharpening)
{
	struct pacer pacer = running();
	struct pacer_job job;

	pacer_captured(&pacer, &right, 200 * MS);
	cr_assert_eq(pacer_next(&pacer, true, 200 * MS, &job), PACER_ENCODE);
	cr_assert_not(job.again);
	cr_assert_not(job.refinement);
}

Test(pacer, begins_anew_with_the_held_picture_after_a_reset)
{
	struct pacer pacer = running();
	struct pacer_job job;

	pacer_captured(&pacer, &left, 10 * MS);
	pacer_next(&pacer, true, 10 * MS, &job);
	pacer_reset(&pacer, true);

	cr_assert_eq(pacer_next(&pacer, true, 20 * MS, &job), PACER_ENCODE);
	cr_assert(job.key && job.damage.everything && !job.again);
}

Test(pacer, waits_for_a_picture_after_a_reset_without_one)
{
	struct pacer pacer = running();
	struct pacer_job job;

	pacer_reset(&pacer, false);
	pacer_want_key(&pacer);
	cr_assert_eq(pacer_next(&pacer, true, 20 * MS, &job), PACER_WAIT);
	cr_assert_eq(pacer_deadline_us(&pacer), PACER_NEVER);
}
