#include "session/plan.h"

#include <criterion/criterion.h>

#define B(id) SERVICE_BIT(SERVICE_##id)
#define MS    1000u

/* Starts all that may, lets it come up at once, and notes the rounds. */
static unsigned rounds_until_up(unsigned wanted, unsigned *order, unsigned max)
{
	unsigned up = 0, rounds = 0;

	while (up != wanted && rounds < max) {
		order[rounds] = plan_startable(wanted, up, 0);
		up |= order[rounds++];
	}
	return rounds;
}

Test(session_plan, starts_services_after_what_they_need)
{
	unsigned order[8];

	unsigned rounds = rounds_until_up(SERVICE_ALL, order, 8);

	cr_assert_eq(rounds, 3);
	cr_expect_eq(order[0], B(SYSTEM_BUS) | B(SESSION_BUS));
	cr_expect_eq(order[1], B(PIPEWIRE) | B(COMPOSITOR) | B(HELIX_PORTAL));
	cr_expect_eq(order[2], B(WIREPLUMBER) | B(PORTAL));
}

Test(session_plan, a_service_that_is_not_wanted_holds_nobody_up)
{
	unsigned wanted = SERVICE_ALL & ~B(SYSTEM_BUS);

	unsigned startable = plan_startable(wanted, B(SESSION_BUS), 0);

	cr_expect_eq(startable, B(PIPEWIRE) | B(COMPOSITOR) | B(HELIX_PORTAL));
}

Test(session_plan, what_is_busy_is_not_started_again)
{
	cr_expect_eq(plan_startable(SERVICE_ALL, 0, B(SESSION_BUS)), B(SYSTEM_BUS));
	cr_expect_eq(plan_startable(SERVICE_ALL, B(SYSTEM_BUS), B(SESSION_BUS)), 0);
}

Test(session_plan, with_a_bus_goes_everything_that_needs_it)
{
	cr_expect_eq(plan_dependents(SERVICE_SESSION_BUS),
		(SERVICE_ALL & ~B(SYSTEM_BUS) & ~B(SESSION_BUS)) | B(APPS));
	cr_expect_eq(plan_dependents(SERVICE_SYSTEM_BUS), B(COMPOSITOR) | B(PORTAL) | B(APPS));
}

Test(session_plan, the_compositor_takes_the_programs_along_but_not_pipewire)
{
	cr_expect_eq(plan_dependents(SERVICE_COMPOSITOR), B(PORTAL) | B(APPS));
	cr_expect_eq(plan_dependents(SERVICE_PIPEWIRE), B(WIREPLUMBER) | B(PORTAL));
}

Test(session_plan, nobody_needs_the_portal)
{
	cr_expect_eq(plan_dependents(SERVICE_PORTAL), 0);
	cr_expect_eq(plan_dependents(SERVICE_WIREPLUMBER), 0);
}

Test(session_plan, depth_counts_the_longest_chain_of_needs)
{
	cr_expect_eq(plan_depth(SERVICE_SESSION_BUS), 0);
	cr_expect_eq(plan_depth(SERVICE_COMPOSITOR), 1);
	cr_expect_eq(plan_depth(SERVICE_PORTAL), 2);
}

Test(session_backoff, doubles_from_nothing_to_ten_seconds)
{
	static const uint64_t expected_ms[] = { 0, 250, 500, 1000, 2000, 4000, 8000, 10000, 10000 };
	struct backoff backoff = { 0 };

	for (unsigned i = 0; i < sizeof expected_ms / sizeof *expected_ms; i++)
		cr_expect_eq(backoff_fail(&backoff, 0), expected_ms[i] * MS, "try %u", i);
}

Test(session_backoff, never_overflows)
{
	struct backoff backoff = { .failures = 1000 };

	cr_expect_eq(backoff_fail(&backoff, 0), BACKOFF_MAX_US);
}

Test(session_backoff, forgives_who_was_up_for_long)
{
	struct backoff backoff = { .failures = 4 };

	cr_expect_gt(backoff_fail(&backoff, BACKOFF_FORGIVE_US - 1), 0);
	cr_expect_eq(backoff_fail(&backoff, BACKOFF_FORGIVE_US), 0);
	cr_expect_eq(backoff.failures, 1);
}

Test(session_backoff, is_hopeless_exactly_once_in_a_row)
{
	struct backoff backoff = { 0 };
	unsigned told = 0;

	for (unsigned i = 1; i <= 20; i++) {
		backoff_fail(&backoff, 0);
		if (backoff_is_hopeless(&backoff)) {
			cr_expect_eq(i, BACKOFF_HOPELESS);
			told++;
		}
	}
	cr_expect_eq(told, 1);
}
