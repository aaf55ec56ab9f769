#include "core/h264.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

static const struct h264_colour screen = { 1, 13, 6, false };

/* What x264 164 writes for 1280x720. */
static const uint8_t x264_sps[] = { 0x67, 0x64, 0x00, 0x1f, 0xac, 0xb4, 0x02, 0x80, 0x2d, 0xd8,
	0x08, 0x80, 0x00, 0x00, 0x03, 0x00, 0x80, 0x00, 0x00, 0x1e, 0x47, 0x8c, 0x19, 0x50 };

Test(h264, nal_units_are_found_behind_short_and_long_start_codes)
{
	static const uint8_t stream[] = { 9, 9, 0, 0, 0, 1, 0x67, 1, 0, 0, 0, 0, 0, 1, 0x68, 0, 0,
		1, 0, 0, 1, 0x65, 2, 3, 0 };
	struct h264_nal nal;
	size_t position = 0;

	cr_assert(h264_next_nal(stream, sizeof stream, &position, &nal));
	cr_expect(nal.type == H264_NAL_SPS && nal.size == 2);
	cr_assert(h264_next_nal(stream, sizeof stream, &position, &nal));
	cr_expect(nal.type == H264_NAL_PPS && nal.size == 1);
	cr_assert(h264_next_nal(stream, sizeof stream, &position, &nal));
	cr_expect(nal.type == H264_NAL_IDR && nal.size == 3 && nal.bytes == stream + 21);
	cr_expect_not(h264_next_nal(stream, sizeof stream, &position, &nal));
	cr_expect_not(h264_next_nal(stream, sizeof stream, &position, &nal));
}

/* An access unit in memory with headroom, and what became of it. */
struct unit {
	uint8_t memory[H264_HEADROOM + 1024];
	uint8_t *bytes;
	size_t size;
	bool key, changed;
};

static void unit_begin(struct unit *u)
{
	u->bytes = u->memory + H264_HEADROOM;
	u->size = 0;
}

static void unit_add(struct unit *u, size_t start_code, const uint8_t *nal, size_t size)
{
	memcpy(u->bytes + u->size, "\0\0\0\1" + 4 - start_code, start_code);
	memcpy(u->bytes + u->size + start_code, nal, size);
	u->size += start_code + size;
}

/* One letter a NAL unit: A(ud) E(sei) S(ps) P(ps) Q (another PPS) I(dr slice) n(on-IDR slice)
 * F(iller). */
static void unit_make(struct unit *u, const char *letters)
{
	unit_begin(u);
	for (const char *c = letters; *c; c++) {
		size_t start_code = c == letters ? 4 : 3;

		switch (*c) {
		case 'A': unit_add(u, start_code, (const uint8_t[]){ 0x09, 0x10 }, 2); break;
		case 'E':
			unit_add(u, start_code, (const uint8_t[]){ 0x06, 5, 1, 7, 0x80 }, 5);
			break;
		case 'S': unit_add(u, start_code, x264_sps, sizeof x264_sps); break;
		case 'P': unit_add(u, 4, (const uint8_t[]){ 0x68, 0xee, 0x3c }, 3); break;
		case 'Q': unit_add(u, 4, (const uint8_t[]){ 0x68, 0x5b, 0x8f, 0x20 }, 4); break;
		case 'I': unit_add(u, start_code, (const uint8_t[]){ 0x65, 0x88, 0x81 }, 3); break;
		case 'n':
			unit_add(u, start_code, (const uint8_t[]){ 0x41, 0x9a, 0x21, 0x44 }, 4);
			break;
		case 'F': unit_add(u, start_code, (const uint8_t[]){ 0x0c, 0xff, 0x80 }, 3); break;
		}
	}
}

static int prepare(struct h264_parameter_sets *sets, struct unit *u, const char *letters)
{
	unit_make(u, letters);
	return h264_prepare_unit(sets, &u->bytes, &u->size, &u->key, &u->changed);
}

static void expect_letters(const struct unit *u, const char *expected)
{
	char letters[32] = "";
	struct h264_nal nal;
	size_t position = 0, count = 0;

	cr_expect_eq(memcmp(u->bytes, "\0\0\0\1", 4), 0, "it begins with a long start code");
	while (h264_next_nal(u->bytes, u->size, &position, &nal) && count < sizeof letters - 1)
		letters[count++] = nal.type == H264_NAL_PPS && nal.bytes[1] == 0x5b
			? 'Q'
			: ".n...IESPA..F"[nal.type];
	cr_expect_str_eq(letters, expected);
}

Test(h264_unit, an_idr_begins_with_sps_and_pps_each_once)
{
	static const char *const inputs[] = { "SPI", "ASPEI", "PSPI", "ASEPI", "SSPPI" };

	for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++) {
		struct h264_parameter_sets sets = { .colour = screen };
		struct unit u;

		cr_assert_eq(prepare(&sets, &u, inputs[i]), 0, "%s", inputs[i]);
		cr_expect(u.key && u.changed);
		expect_letters(&u, "SPI");
		cr_expect_eq(sets.info.width_px, 1280);
		cr_expect(sets.info.has_bitstream_restriction);
	}
}

Test(h264_unit, a_bare_idr_gets_the_parameter_sets_from_before)
{
	struct h264_parameter_sets sets = { .colour = screen };
	struct unit u;

	cr_assert_eq(prepare(&sets, &u, "SPI"), 0);
	cr_assert_eq(prepare(&sets, &u, "III"), 0);

	cr_expect(u.key);
	cr_expect_not(u.changed);
	expect_letters(&u, "SPIII");
}

Test(h264_unit, a_bare_idr_before_any_parameter_sets_is_refused)
{
	struct h264_parameter_sets sets = { .colour = screen };
	struct unit u;

	cr_expect_eq(prepare(&sets, &u, "I"), -ENODATA);
	cr_expect_eq(prepare(&sets, &u, "SI"), -ENODATA);
	cr_expect_eq(prepare(&sets, &u, "PI"), -ENODATA);
}

Test(h264_unit, what_only_costs_is_dropped_wherever_it_is)
{
	struct h264_parameter_sets sets = { .colour = screen };
	struct unit u;

	cr_assert_eq(prepare(&sets, &u, "SPI"), 0);
	cr_assert_eq(prepare(&sets, &u, "AEnEnFnnF"), 0);

	cr_expect_not(u.key);
	expect_letters(&u, "nnnn");
}

Test(h264_unit, slices_stay_bit_for_bit_and_where_they_are)
{
	struct h264_parameter_sets sets = { .colour = screen };
	static const uint8_t expected[] = { 0, 0, 0, 1, 0x41, 0x9a, 0x21, 0x44, 0, 0, 1, 0x41, 0x9a,
		0x21, 0x44 };
	struct unit u;

	cr_assert_eq(prepare(&sets, &u, "nn"), 0);

	cr_expect_eq(u.bytes, u.memory + H264_HEADROOM);
	cr_assert_eq(u.size, sizeof expected);
	cr_expect_arr_eq(u.bytes, expected, sizeof expected);
}

Test(h264_unit, parameter_sets_repeated_on_each_picture_are_no_change_and_not_sent)
{
	struct h264_parameter_sets sets = { .colour = screen };
	struct unit u;

	cr_assert_eq(prepare(&sets, &u, "SPI"), 0);
	cr_assert_eq(prepare(&sets, &u, "SPn"), 0);

	cr_expect_not(u.changed);
	expect_letters(&u, "n");
}

Test(h264_unit, a_new_pps_is_a_change_and_is_sent_even_without_an_idr)
{
	struct h264_parameter_sets sets = { .colour = screen };
	struct unit u;

	cr_assert_eq(prepare(&sets, &u, "SPI"), 0);
	cr_assert_eq(prepare(&sets, &u, "Qn"), 0);

	cr_expect(u.changed);
	expect_letters(&u, "SQn");
}

Test(h264_unit, several_pps_of_one_unit_all_stay)
{
	struct h264_parameter_sets sets = { .colour = screen };
	struct unit u;

	cr_assert_eq(prepare(&sets, &u, "SPQPI"), 0);
	expect_letters(&u, "SPQI");
	cr_assert_eq(prepare(&sets, &u, "I"), 0);
	expect_letters(&u, "SPQI");
}

Test(h264_unit, a_unit_without_a_slice_is_broken)
{
	struct h264_parameter_sets sets = { .colour = screen };
	struct unit u;

	cr_expect_eq(prepare(&sets, &u, "ASPE"), -EBADMSG);
	cr_expect_eq(prepare(&sets, &u, ""), -EBADMSG);
	cr_expect_eq(sets.sps_size, 0, "and teaches us nothing");
}
