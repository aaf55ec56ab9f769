#include "core/held.h"

#include <criterion/criterion.h>

Test(held, passes_presses_and_releases_but_no_repeats)
{
	struct held held = { 0 };

	cr_assert(held_change(&held, 30, true));
	cr_assert_not(held_change(&held, 30, true));
	cr_assert(held_is_down(&held, 30));
	cr_assert(held_change(&held, 30, false));
	cr_assert_not(held_change(&held, 30, false));
}

Test(held, refuses_codes_that_no_keyboard_has)
{
	struct held held = { 0 };

	cr_assert_not(held_change(&held, 0, true));
	cr_assert_not(held_change(&held, HELD_CODES, true));
	cr_assert_not(held_change(&held, UINT32_MAX, true));
	cr_assert_not(held_is_down(&held, UINT32_MAX));
}

Test(held, gives_back_each_held_code_once)
{
	struct held held = { 0 };
	uint32_t code, sum = 0, count = 0;

	held_change(&held, 1, true);
	held_change(&held, 0x110, true);
	held_change(&held, 767, true);
	while (held_take(&held, &code)) {
		sum += code;
		count++;
	}

	cr_assert_eq(count, 3);
	cr_assert_eq(sum, 1 + 0x110 + 767);
}
