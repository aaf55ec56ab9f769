#include "core/silence.h"

#include <criterion/criterion.h>

Test(silence, is_noticed_after_so_many_ticks_in_a_row)
{
	struct silence silence = { 0 };

	for (int i = 1; i < SILENCE_TICKS; i++)
		cr_expect_not(silence_tick(&silence));
	cr_expect(silence_tick(&silence));
}

Test(silence, is_broken_by_one_word)
{
	struct silence silence = { 0 };

	for (int i = 0; i < 100; i++) {
		for (int k = 1; k < SILENCE_TICKS; k++)
			cr_expect_not(silence_tick(&silence));
		silence_heard(&silence);
		cr_expect_not(silence_tick(&silence));
	}
}

Test(silence, counts_a_word_only_for_its_own_tick)
{
	struct silence silence = { 0 };

	silence_heard(&silence);
	silence_heard(&silence);
	cr_expect_not(silence_tick(&silence));
	for (int i = 1; i < SILENCE_TICKS; i++)
		cr_expect_not(silence_tick(&silence));
	cr_expect(silence_tick(&silence));
}

Test(silence, is_excused_until_the_next_word)
{
	struct silence silence = { 0 };

	silence_heard(&silence);
	silence_excuse(&silence);
	for (int i = 0; i < 10 * SILENCE_TICKS; i++)
		cr_expect_not(silence_tick(&silence));
	silence_heard(&silence);
	for (int i = 0; i < SILENCE_TICKS; i++)
		cr_expect_not(silence_tick(&silence));
	cr_expect(silence_tick(&silence));
}
