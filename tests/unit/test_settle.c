#include "core/settle.h"

#include <criterion/criterion.h>

#define MS 1000u

/* A movement that ended: the stream is asked to pause, and does. */
static struct settle resuming(uint64_t now_us)
{
	struct settle settle = { 0 };

	settle_picture(&settle, 0, now_us - SETTLE_AFTER_US);
	cr_assert(settle_deadline(&settle, true, now_us));
	settle_paused(&settle);
	return settle;
}

Test(settle, is_at_rest_until_a_picture_comes)
{
	struct settle settle = { 0 };

	cr_assert_eq(settle_deadline_us(&settle), SETTLE_NEVER);
	cr_assert_not(settle_holds(&settle));
	cr_assert_not(settle_picture(&settle, 0, 1000 * MS));
	cr_assert_eq(settle_deadline_us(&settle), 1000 * MS + SETTLE_AFTER_US);
}

Test(settle, waits_while_pictures_keep_coming)
{
	struct settle settle = { 0 };

	for (uint64_t now_us = 0; now_us < 2000 * MS; now_us += 100 * MS) {
		settle_picture(&settle, now_us - 5 * MS, now_us);
		cr_assert_not(settle_deadline(&settle, true, now_us + 90 * MS));
	}
}

Test(settle, pauses_once_after_a_movement_and_takes_the_answer_for_no_movement)
{
	struct settle settle = resuming(1000 * MS);

	cr_assert(settle_holds(&settle));
	cr_assert(settle_picture(&settle, 1010 * MS, 1030 * MS));

	cr_assert_not(settle_holds(&settle));
	cr_assert_eq(settle_deadline_us(&settle), SETTLE_NEVER);
}

Test(settle, waits_for_a_picture_from_behind_the_pause_and_then_pauses_again)
{
	struct settle settle = resuming(1000 * MS);

	cr_assert_not(settle_picture(&settle, 990 * MS, 1010 * MS));
	cr_assert(settle_holds(&settle), "the compositor may still be about to pause");
	cr_assert(settle_picture(&settle, 1020 * MS, 1030 * MS));

	cr_assert_not(settle_holds(&settle));
	cr_assert(settle_deadline(&settle, true, settle_deadline_us(&settle)));
}

Test(settle, pauses_again_when_only_older_pictures_came)
{
	struct settle settle = resuming(1000 * MS);

	cr_assert_not(settle_picture(&settle, 990 * MS, 1010 * MS));
	cr_assert_not(settle_deadline(&settle, true, settle_deadline_us(&settle)));

	cr_assert_not(settle_holds(&settle));
	cr_assert(settle_deadline(&settle, true, settle_deadline_us(&settle)));
}

Test(settle, ends_though_the_queue_stays_one_behind)
{
	struct settle settle = { 0 };
	uint64_t now_us = 1000 * MS, drawn_us = 990 * MS;
	unsigned pauses = 0;

	settle_picture(&settle, drawn_us, now_us);
	while (settle_deadline_us(&settle) != SETTLE_NEVER) {
		now_us = settle_deadline_us(&settle);
		if (!settle_deadline(&settle, true, now_us))
			continue;
		pauses++;
		settle_paused(&settle);
		/* What comes is what was drawn for the pause before. */
		settle_picture(&settle, drawn_us, now_us + 10 * MS);
		drawn_us = now_us + 5 * MS;
		cr_assert_lt(pauses, 20);
	}

	cr_assert_leq(pauses, 2);
}

Test(settle, pauses_after_pointer_positions_without_a_picture)
{
	struct settle settle = { 0 };

	settle_pointer(&settle, 990 * MS, 1000 * MS);

	cr_assert(settle_deadline(&settle, true, 1000 * MS + SETTLE_AFTER_US));
}

Test(settle, pauses_again_when_only_an_older_position_came)
{
	struct settle settle = resuming(1000 * MS);

	settle_pointer(&settle, 990 * MS, 1010 * MS);
	cr_assert(settle_holds(&settle));
	cr_assert_not(settle_deadline(&settle, true, settle_deadline_us(&settle)));

	cr_assert(settle_deadline(&settle, true, settle_deadline_us(&settle)));
}

Test(settle, takes_a_position_for_no_answer)
{
	struct settle settle = resuming(1000 * MS);

	settle_pointer(&settle, 1010 * MS, 1020 * MS);
	cr_assert(settle_holds(&settle));
	cr_assert(settle_picture(&settle, 1010 * MS, 1030 * MS));

	cr_assert_eq(settle_deadline_us(&settle), SETTLE_NEVER);
}

Test(settle, does_not_pause_while_the_pointer_moves)
{
	struct settle settle = { 0 };

	settle_picture(&settle, 0, 1000 * MS);
	settle_postpone(&settle, 1100 * MS + SETTLE_AFTER_US);

	cr_assert_not(settle_deadline(&settle, true, 1000 * MS + SETTLE_AFTER_US));
	cr_assert(settle_deadline(&settle, true, 1100 * MS + SETTLE_AFTER_US));
}

Test(settle, waits_long_for_an_answer_but_not_for_one_that_is_stuck)
{
	struct settle settle = resuming(1000 * MS);

	cr_assert_not(settle_deadline(&settle, true, 1900 * MS));
	cr_assert(settle_holds(&settle), "a busy machine may answer late");

	settle_picture(&settle, 990 * MS, 1910 * MS);
	settle_picture(&settle, 995 * MS, 1920 * MS);
	cr_assert_leq(settle_deadline_us(&settle), 2060 * MS);
}

Test(settle, gives_up_when_nothing_answers)
{
	struct settle settle = resuming(1000 * MS);

	cr_assert_not(settle_deadline(&settle, true, settle_deadline_us(&settle)));
	cr_assert_not(settle_holds(&settle));
	cr_assert_eq(settle_deadline_us(&settle), SETTLE_NEVER);
}

Test(settle, insists_on_a_picture_of_a_new_size_but_not_for_ever)
{
	struct settle settle = { 0 };
	unsigned pauses = 0;

	settle_expect(&settle, 0);
	while (settle_deadline_us(&settle) != SETTLE_NEVER) {
		pauses += settle_deadline(&settle, true, settle_deadline_us(&settle));
		settle_paused(&settle);
		cr_assert_lt(pauses, 1000);
	}

	cr_assert_gt(pauses, 3);
	cr_assert(settle_gave_up(&settle));
	settle_picture(&settle, 0, 1);
	cr_assert_not(settle_gave_up(&settle));
}

Test(settle, gives_a_stream_that_starts_late_its_time)
{
	struct settle settle = { 0 };

	settle_expect(&settle, 0);
	for (uint64_t now_us = 0; now_us < 4000 * MS; now_us += 50 * MS)
		settle_deadline(&settle, false, now_us);

	cr_assert_not(settle_gave_up(&settle));
	cr_assert(settle_deadline(&settle, true, settle_deadline_us(&settle)));
}

Test(settle, does_not_pause_a_stream_that_does_not_run)
{
	struct settle settle = { 0 };

	settle_expect(&settle, 0);
	cr_assert_not(settle_deadline(&settle, false, settle_deadline_us(&settle)));
	cr_assert(settle_deadline(&settle, true, settle_deadline_us(&settle)));
}
