#include "core/h264_bits.h"

#include <criterion/criterion.h>

Test(h264_bits, emulation_prevention_goes_in_and_out)
{
	static const uint8_t rbsp[] = { 0, 0, 0, 0, 0, 1, 0, 0, 2, 0, 0, 3, 0, 0, 4 };
	static const uint8_t payload[] = { 0, 0, 3, 0, 0, 3, 0, 1, 0, 0, 3, 2, 0, 0, 3, 3, 0, 0,
		4 };
	uint8_t out[32], back[32];

	int size = bits_escape(rbsp, sizeof rbsp, out, sizeof out);
	cr_assert_eq(size, (int)sizeof payload);
	cr_expect_arr_eq(out, payload, sizeof payload);
	cr_assert_eq(bits_unescape(out, (size_t)size, back, sizeof back), (int)sizeof rbsp);
	cr_expect_arr_eq(back, rbsp, sizeof rbsp);
}

Test(h264_bits, exponential_golomb_codes_are_those_of_table_9_2)
{
	static const uint8_t codes[] = { 0xa6, 0x42, 0x98, 0xe2, 0x04, 0x8a };
	struct bit_reader r = { .bytes = codes, .bit_count = sizeof codes * 8 };

	for (uint32_t i = 0; i < 9; i++)
		cr_expect_eq(bits_read_ue(&r), i);
}

Test(h264_bits, the_largest_code_is_read_and_a_larger_one_is_broken)
{
	uint8_t bytes[16] = { 0 };
	struct bit_writer w = { .bytes = bytes, .bit_capacity = sizeof bytes * 8 };

	bits_write_ue(&w, UINT32_MAX - 1);
	struct bit_reader good = { .bytes = bytes, .bit_count = w.position };
	cr_expect_eq(bits_read_ue(&good), UINT32_MAX - 1);
	cr_expect_not(good.broken);

	static const uint8_t zeroes[16] = { 0, 0, 0, 0, 0xff, 0xff };
	struct bit_reader bad = { .bytes = zeroes, .bit_count = sizeof zeroes * 8 };
	cr_expect_eq(bits_read_ue(&bad), 0);
	cr_expect(bad.broken);
}
