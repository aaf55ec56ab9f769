#include "core/ladder.h"

#include <criterion/criterion.h>

#define MS     UINT64_C(1000)
#define SECOND (1000 * MS)
#define MINUTE (60 * SECOND)

/* Some time after the machine came up. */
#define START (100 * MINUTE)

static struct ladder ladder;

static void set_up(void)
{
	ladder_init(&ladder, 3);
}

TestSuite(ladder, .init = set_up);

/* The current step hangs; where that leads. */
static size_t hang(uint64_t now_us)
{
	return ladder_fault(&ladder, LADDER_HUNG, now_us).step;
}

/* Access units for so long. */
static void serve(uint64_t from_us, uint64_t duration_us)
{
	for (uint64_t now_us = from_us; now_us <= from_us + duration_us; now_us += 100 * MS)
		ladder_good(&ladder, now_us);
}

static void expect_builds_anew(struct ladder_move move, size_t step)
{
	cr_expect_not(move.is_step_down);
	cr_expect_eq(move.step, step);
	cr_expect_eq(ladder_current(&ladder), step);
}

static void expect_steps_down(struct ladder_move move, size_t step)
{
	cr_expect(move.is_step_down);
	cr_expect_eq(move.step, step);
	cr_expect_eq(move.delay_us, 0);
	cr_expect_eq(ladder_current(&ladder), step);
}

Test(ladder, starts_with_the_best_and_has_nothing_to_prove)
{
	cr_expect_eq(ladder_current(&ladder), 0);
	cr_expect_eq(ladder_due_us(&ladder), LADDER_NEVER);
	cr_expect_eq(ladder_due(&ladder, LADDER_NEVER - 1), SIZE_MAX);
}

Test(ladder, builds_a_step_anew_at_once_when_it_refuses_loses_or_dies_for_the_first_time)
{
	static const enum ladder_fault faults[] = { LADDER_REFUSED, LADDER_LOST, LADDER_DIED };

	for (size_t i = 0; i < 3; i++) {
		ladder_init(&ladder, 3);
		struct ladder_move move = ladder_fault(&ladder, faults[i], START);

		expect_builds_anew(move, 0);
		cr_expect_eq(move.delay_us, 0);
		cr_expect_eq(ladder_due_us(&ladder), LADDER_NEVER);
	}
}

Test(ladder, steps_down_when_it_fails_again_before_it_proved_itself)
{
	ladder_fault(&ladder, LADDER_REFUSED, START);
	serve(START, 9 * SECOND);

	expect_steps_down(ladder_fault(&ladder, LADDER_LOST, START + 9 * SECOND), 1);
}

Test(ladder, forgives_after_ten_good_seconds)
{
	ladder_fault(&ladder, LADDER_REFUSED, START);
	serve(START, 10 * SECOND);

	expect_builds_anew(ladder_fault(&ladder, LADDER_REFUSED, START + 11 * SECOND), 0);
	expect_steps_down(ladder_fault(&ladder, LADDER_REFUSED, START + 12 * SECOND), 1);
}

Test(ladder, counts_the_good_seconds_from_the_last_fault)
{
	serve(START, 9 * SECOND);
	ladder_fault(&ladder, LADDER_REFUSED, START + 9 * SECOND);
	serve(START + 9 * SECOND + MS, 2 * SECOND);

	expect_steps_down(ladder_fault(&ladder, LADDER_REFUSED, START + 12 * SECOND), 1);
}

Test(ladder, does_not_take_silence_for_good_service)
{
	ladder_fault(&ladder, LADDER_REFUSED, START);

	expect_steps_down(ladder_fault(&ladder, LADDER_REFUSED, START + MINUTE), 1);
}

Test(ladder, forgives_where_the_clock_begins_at_nothing)
{
	ladder_fault(&ladder, LADDER_REFUSED, 0);
	serve(0, 11 * SECOND);

	expect_builds_anew(ladder_fault(&ladder, LADDER_REFUSED, 11 * SECOND), 0);
}

Test(ladder, steps_down_at_once_from_what_hangs)
{
	expect_steps_down(ladder_fault(&ladder, LADDER_HUNG, START), 1);
	expect_steps_down(ladder_fault(&ladder, LADDER_HUNG, START), 2);
}

Test(ladder, gives_each_step_its_own_first_fault)
{
	hang(START);

	expect_builds_anew(ladder_fault(&ladder, LADDER_REFUSED, START), 1);
	expect_steps_down(ladder_fault(&ladder, LADDER_REFUSED, START), 2);
}

Test(ladder, builds_the_last_step_anew_for_ever_and_more_and_more_slowly)
{
	uint64_t last_us = 0, now_us = START;

	ladder_init(&ladder, 1);
	for (int i = 0; i < 100; i++) {
		struct ladder_move move = ladder_fault(
			&ladder, (enum ladder_fault)(i % (LADDER_DIED + 1)), now_us += SECOND);

		expect_builds_anew(move, 0);
		if (i == 0)
			cr_expect_eq(move.delay_us, 0, "at once the first time");
		else
			cr_expect(move.delay_us > last_us || move.delay_us == 10 * SECOND);
		cr_expect_leq(move.delay_us, 10 * SECOND);
		last_us = move.delay_us;
	}

	cr_expect_eq(last_us, 10 * SECOND);
	cr_expect_not(ladder.steps[0].is_out);
}

Test(ladder, goes_back_to_the_nearest_that_was_left_when_the_last_step_fails_twice)
{
	uint64_t last_us = 0;

	hang(START); /* the GPU */
	hang(START); /* a machine that stood still for a second: not the second one's fault */
	expect_builds_anew(ladder_fault(&ladder, LADDER_REFUSED, START), 2);
	for (int i = 0; i < 20; i++) {
		struct ladder_move up = ladder_fault(&ladder, LADDER_REFUSED, START);

		cr_expect_not(up.is_step_down);
		cr_assert_eq(up.step, 1);
		cr_expect(up.delay_us > last_us || up.delay_us == 10 * SECOND);
		last_us = up.delay_us;
		expect_steps_down(ladder_fault(&ladder, LADDER_REFUSED, START), 2);
	}
	cr_expect_eq(ladder_fault(&ladder, LADDER_REFUSED, START).step, 1);
	serve(START, MINUTE);
	cr_expect_eq(ladder_current(&ladder), 1);
}

Test(ladder, builds_the_last_step_at_once_again_after_it_served_well)
{
	ladder_init(&ladder, 1);
	for (int i = 0; i < 5; i++)
		hang(START);
	cr_assert_gt(ladder_fault(&ladder, LADDER_DIED, START).delay_us, 0);

	serve(START, 10 * SECOND);

	cr_expect_eq(ladder_fault(&ladder, LADDER_DIED, START + MINUTE).delay_us, 0);
}

Test(ladder, never_leaves_the_only_step)
{
	ladder_init(&ladder, 1);

	expect_builds_anew(ladder_fault(&ladder, LADDER_HUNG, START), 0);
	expect_builds_anew(ladder_fault(&ladder, LADDER_HUNG, START), 0);
	cr_expect_eq(ladder_due_us(&ladder), LADDER_NEVER);
}

Test(ladder, wants_a_proof_of_what_was_left_after_a_minute)
{
	hang(START);

	cr_expect_eq(ladder_due_us(&ladder), START + MINUTE);
	cr_expect_eq(ladder_due(&ladder, START + MINUTE - 1), SIZE_MAX);
	cr_expect_eq(ladder_due(&ladder, START + MINUTE), 0);
	cr_expect_eq(ladder_current(&ladder), 1, "nobody waits for it");
}

Test(ladder, moves_up_to_a_step_that_was_proved)
{
	hang(START);

	cr_expect(ladder_proved(&ladder, 0, true, START + MINUTE));

	cr_expect_eq(ladder_current(&ladder), 0);
	cr_expect_eq(ladder_due_us(&ladder), LADDER_NEVER);
}

Test(ladder, waits_twice_as_long_after_each_failed_proof_up_to_a_quarter_of_an_hour)
{
	static const uint64_t minutes[] = { 1, 2, 4, 8, 15, 15, 15 };
	uint64_t now_us = START;

	hang(now_us);
	for (size_t i = 0; i < sizeof minutes / sizeof *minutes; i++) {
		cr_assert_eq(ladder_due_us(&ladder), now_us + minutes[i] * MINUTE);
		now_us += minutes[i] * MINUTE;
		cr_expect_not(ladder_proved(&ladder, 0, false, now_us));
		cr_expect_eq(ladder_current(&ladder), 1);
	}
}

Test(ladder, waits_longer_for_a_step_that_fails_right_after_its_proof)
{
	static const uint64_t minutes[] = { 1, 2, 4, 8, 15, 15 };
	uint64_t now_us = START;

	for (size_t i = 0; i < sizeof minutes / sizeof *minutes; i++) {
		hang(now_us);
		cr_assert_eq(ladder_due_us(&ladder), now_us + minutes[i] * MINUTE);
		now_us += minutes[i] * MINUTE;
		cr_assert(ladder_proved(&ladder, 0, true, now_us));
		now_us += SECOND;
	}
}

Test(ladder, does_not_build_a_step_anew_that_was_proved_but_did_not_prove_itself)
{
	hang(START);
	ladder_proved(&ladder, 0, true, START + MINUTE);

	expect_steps_down(ladder_fault(&ladder, LADDER_REFUSED, START + MINUTE + SECOND), 1);
}

Test(ladder, builds_a_step_anew_that_was_proved_and_proved_itself)
{
	hang(START);
	ladder_proved(&ladder, 0, true, START + MINUTE);
	serve(START + MINUTE, 10 * SECOND);

	expect_builds_anew(ladder_fault(&ladder, LADDER_REFUSED, START + 2 * MINUTE), 0);
}

Test(ladder, does_not_credit_a_step_with_the_good_seconds_of_another)
{
	hang(START);
	serve(START, 9 * SECOND + 900 * MS);
	ladder_proved(&ladder, 0, true, START + MINUTE);
	ladder_good(&ladder, START + MINUTE);
	ladder_good(&ladder, START + MINUTE + SECOND);

	expect_steps_down(ladder_fault(&ladder, LADDER_REFUSED, START + MINUTE + 2 * SECOND), 1);
}

Test(ladder, names_the_first_moment_and_then_the_best_of_several_that_are_out)
{
	hang(START);
	ladder_proved(&ladder, 0, false, START + MINUTE); /* due two minutes later */
	hang(START + MINUTE + SECOND);                    /* step 1: due a minute later */

	cr_expect_eq(ladder_due_us(&ladder), START + 2 * MINUTE + SECOND);
	cr_expect_eq(ladder_due(&ladder, START + 2 * MINUTE), SIZE_MAX);
	cr_expect_eq(ladder_due(&ladder, START + 2 * MINUTE + SECOND), 1);
	cr_expect_eq(ladder_due(&ladder, START + 3 * MINUTE), 0);
}

Test(ladder, keeps_the_better_one_due_when_it_moves_up_by_one)
{
	hang(START);
	hang(START + SECOND);

	cr_expect(ladder_proved(&ladder, 1, true, START + 2 * MINUTE));

	cr_expect_eq(ladder_current(&ladder), 1);
	cr_expect_eq(ladder_due(&ladder, START + 2 * MINUTE), 0);
}

Test(ladder, does_not_ask_for_proofs_of_what_is_worse_than_the_current_step)
{
	hang(START);
	hang(START);
	ladder_proved(&ladder, 0, true, START + MINUTE);

	cr_expect_eq(ladder_due_us(&ladder), LADDER_NEVER);
	cr_expect_eq(ladder_due(&ladder, START + 100 * MINUTE), SIZE_MAX);
}

Test(ladder, passes_by_what_was_left_on_the_way_down)
{
	hang(START);
	hang(START);
	ladder_proved(&ladder, 0, true, START + MINUTE);

	expect_steps_down(ladder_fault(&ladder, LADDER_HUNG, START + 2 * MINUTE), 2);
	cr_expect_eq(ladder_due(&ladder, START + 2 * MINUTE), 1, "it can be proved again now");
}

Test(ladder, stays_where_it_is_when_a_worse_step_was_proved_meanwhile)
{
	hang(START);
	hang(START);
	ladder_proved(&ladder, 0, true, START + MINUTE);

	cr_expect_not(ladder_proved(&ladder, 1, true, START + 2 * MINUTE));

	cr_expect_eq(ladder_current(&ladder), 0);
	expect_steps_down(ladder_fault(&ladder, LADDER_HUNG, START + 3 * MINUTE), 1);
}

Test(ladder, is_not_moved_by_the_proof_of_a_step_that_is_not_out)
{
	hang(START);

	cr_expect_not(ladder_proved(&ladder, 1, true, START));
	cr_expect_not(ladder_proved(&ladder, 2, false, START));

	cr_expect_eq(ladder_current(&ladder), 1);
	expect_builds_anew(ladder_fault(&ladder, LADDER_REFUSED, START), 1);
}

Test(ladder, comes_down_all_the_way_when_everything_fails_and_up_again)
{
	uint64_t now_us = START;

	ladder_init(&ladder, LADDER_MAX);
	for (size_t step = 1; step < LADDER_MAX; step++)
		expect_steps_down(ladder_fault(&ladder, LADDER_HUNG, now_us += SECOND), step);
	expect_builds_anew(ladder_fault(&ladder, LADDER_HUNG, now_us += SECOND), LADDER_MAX - 1);

	now_us += MINUTE;
	for (size_t step = 0; step < LADDER_MAX - 1; step++) {
		cr_assert_eq(ladder_due(&ladder, now_us), step);
		ladder_proved(&ladder, step, step == 7, now_us);
		if (step == 7)
			break;
	}

	cr_expect_eq(ladder_current(&ladder), 7);
	cr_expect_eq(ladder_due(&ladder, now_us), SIZE_MAX);
	cr_expect_eq(ladder_due_us(&ladder), now_us + 2 * MINUTE);
}
