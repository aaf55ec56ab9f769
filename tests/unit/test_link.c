#include "core/link.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

/* Every type once, with nothing left at zero. */
static const struct link_message samples[] = {
	{ .type = LINK_CONFIGURE,
		.configure = { 7, { PIXEL_RGBX, 1280, 720 }, 60, 8000, "x264enc" } },
	{ .type = LINK_BUFFER_ADD, .buffer_add = { 3, 5120, 4096, 3686400 } },
	{ .type = LINK_BUFFER_REMOVE, .buffer_remove = { 3 } },
	{ .type = LINK_ENCODE,
		.encode = { true, 9, 3, UINT64_C(1) << 40,
			{ false, 2, { { 1, 2, 3, 4 }, { 5, 6, 7, 8 } } } } },
	{ .type = LINK_ENCODE, .encode = { false, 10, 0, 11, { true, 0, { { 0 } } } } },
	{ .type = LINK_BITRATE, .bitrate = { 4000 } },
	{ .type = LINK_READY, .ready = { 7, "x264enc", "x264 (software)" } },
	{ .type = LINK_RELEASED, .released = { 9, 3 } },
	{ .type = LINK_PACKET, .packet = { true, 9, 100, 200, 300, 5000 } },
	{ .type = LINK_FAILED, .failed = { true, 7, "the driver said no" } },
	{ .type = LINK_HELLO, .hello = { 1 << 16 | 22 << 8 } },
};

#define SAMPLES (sizeof samples / sizeof *samples)

static size_t written(const struct link_message *message, uint8_t bytes[LINK_MAX_SMALL])
{
	ssize_t size = link_write(bytes, LINK_MAX_SMALL, message);

	cr_assert_gt(size, 0);
	return (size_t)size;
}

static int parse_changed(const struct link_message *message, size_t at, uint32_t value)
{
	uint8_t bytes[LINK_MAX_SMALL];
	struct link_message parsed;
	size_t size = written(message, bytes);

	memcpy(bytes + at, &value, sizeof value);
	return link_parse(bytes, size, &parsed);
}

Test(link, every_message_comes_back_as_it_was_written)
{
	for (size_t i = 0; i < SAMPLES; i++) {
		uint8_t bytes[LINK_MAX_SMALL];
		struct link_message parsed;
		size_t size = written(&samples[i], bytes);

		cr_assert_eq(link_parse(bytes, size, &parsed), 0, "message %zu", i);
		cr_expect_eq(memcmp(&parsed, &samples[i], sizeof parsed), 0, "message %zu", i);
	}
}

Test(link, the_size_is_known_from_the_header_and_of_a_packet_counts_the_access_unit)
{
	for (size_t i = 0; i < SAMPLES; i++) {
		uint8_t bytes[LINK_MAX_SMALL];
		size_t size = written(&samples[i], bytes);
		size_t unit = samples[i].type == LINK_PACKET ? samples[i].packet.size_bytes : 0;

		cr_expect_eq(link_message_size(bytes, LINK_HEADER_SIZE - 1), 0);
		cr_expect_eq(link_message_size(bytes, LINK_HEADER_SIZE), (ssize_t)(size + unit));
	}
}

Test(link, a_packet_header_has_its_fixed_size)
{
	uint8_t bytes[LINK_MAX_SMALL];

	cr_expect_eq(written(&samples[8], bytes), LINK_PACKET_HEADER_SIZE);
}

Test(link, a_buffer_that_is_too_small_is_refused_and_one_that_just_fits_is_not)
{
	for (size_t i = 0; i < SAMPLES; i++) {
		uint8_t bytes[LINK_MAX_SMALL];
		size_t size = written(&samples[i], bytes);

		for (size_t capacity = 0; capacity < size; capacity++)
			cr_assert_eq(link_write(bytes, capacity, &samples[i]), -ENOBUFS);
		cr_expect_eq(link_write(bytes, size, &samples[i]), (ssize_t)size);
	}
}

Test(link, the_longest_texts_and_the_most_rectangles_fit_a_small_message)
{
	struct link_message longest[] = {
		{ .type = LINK_CONFIGURE, .configure = { 1, { PIXEL_BGRX, 1, 1 }, 1, 1, "" } },
		{ .type = LINK_READY },
		{ .type = LINK_FAILED },
		{ .type = LINK_ENCODE, .encode = { .damage = { .count = PICTURE_MAX_RECTS } } },
	};
	memset(longest[0].configure.encoder, 'n', LINK_MAX_NAME);
	memset(longest[1].ready.encoder, 'n', LINK_MAX_NAME);
	memset(longest[1].ready.description, 'd', LINK_MAX_NAME);
	memset(longest[2].failed.text, 't', LINK_MAX_TEXT);

	for (size_t i = 0; i < sizeof longest / sizeof *longest; i++) {
		uint8_t bytes[LINK_MAX_SMALL];
		struct link_message parsed;
		size_t size = written(&longest[i], bytes);

		cr_assert_eq(link_parse(bytes, size, &parsed), 0, "message %zu", i);
		cr_expect_eq(memcmp(&parsed, &longest[i], sizeof parsed), 0, "message %zu", i);
	}
}

Test(link, a_message_cut_short_or_too_long_is_broken)
{
	for (size_t i = 0; i < SAMPLES; i++) {
		uint8_t bytes[LINK_MAX_SMALL] = { 0 };
		struct link_message parsed;
		size_t size = written(&samples[i], bytes);

		for (size_t cut = LINK_HEADER_SIZE; cut < size; cut++)
			cr_assert_eq(link_parse(bytes, cut, &parsed), -EBADMSG);
		if (samples[i].type == LINK_PACKET)
			continue;
		cr_expect_eq(link_parse(bytes, size + 1, &parsed), -EBADMSG);
	}
}

Test(link, a_body_shorter_than_its_type_needs_is_broken_even_when_the_header_agrees)
{
	for (size_t i = 0; i < SAMPLES; i++) {
		uint8_t bytes[LINK_MAX_SMALL];
		struct link_message parsed;
		uint32_t size = LINK_HEADER_SIZE;

		written(&samples[i], bytes);
		memcpy(bytes, &size, sizeof size);
		cr_expect_eq(link_parse(bytes, size, &parsed), -EBADMSG, "message %zu", i);
	}
}

Test(link, unknown_types_and_flags_cannot_start_a_message)
{
	static const uint16_t wrong[][2] = { { 0, 0 }, { 6, 0 }, { 15, 0 }, { 21, 0 }, { 65535, 0 },
		{ LINK_BITRATE, LINK_KEY }, { LINK_ENCODE, 2 }, { LINK_PACKET, 0x8000 } };

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		uint8_t bytes[LINK_HEADER_SIZE] = { 64 };

		memcpy(bytes + 4, wrong[i], 4);
		cr_expect_eq(link_message_size(bytes, sizeof bytes), -EBADMSG, "header %zu", i);
	}
}

Test(link, sizes_beyond_the_limit_of_their_type_are_refused_before_anything_is_read)
{
	uint32_t small[2] = { LINK_MAX_SMALL + 1, LINK_CONFIGURE };
	uint32_t packet[2] = { LINK_PACKET_HEADER_SIZE + LINK_MAX_PACKET + 1, LINK_PACKET };
	uint32_t empty[2] = { LINK_PACKET_HEADER_SIZE, LINK_PACKET };
	uint32_t tiny[2] = { LINK_HEADER_SIZE - 1, LINK_BITRATE };

	cr_expect_eq(link_message_size((uint8_t *)small, 8), -EMSGSIZE);
	cr_expect_eq(link_message_size((uint8_t *)packet, 8), -EMSGSIZE);
	cr_expect_eq(link_message_size((uint8_t *)empty, 8), -EBADMSG);
	cr_expect_eq(link_message_size((uint8_t *)tiny, 8), -EBADMSG);
}

Test(link, values_that_nobody_may_send_are_broken)
{
	cr_expect_eq(parse_changed(&samples[0], 12, 3), -EBADMSG, "pixel");
	cr_expect_eq(parse_changed(&samples[0], 16, 0), -EBADMSG, "width");
	cr_expect_eq(parse_changed(&samples[0], 20, PICTURE_MAX_DIMENSION + 1), -EBADMSG, "height");
	cr_expect_eq(parse_changed(&samples[0], 24, 0), -EBADMSG, "fps");
	cr_expect_eq(parse_changed(&samples[0], 28, 0), -EBADMSG, "bitrate");
	cr_expect_eq(parse_changed(&samples[1], 8, 0), -EBADMSG, "buffer 0");
	cr_expect_eq(parse_changed(&samples[1], 12, 0), -EBADMSG, "stride");
	cr_expect_eq(parse_changed(&samples[2], 8, 0), -EBADMSG, "buffer 0");
	cr_expect_eq(parse_changed(&samples[3], 24, 1), -EBADMSG, "everything and rectangles");
	cr_expect_eq(parse_changed(&samples[3], 28, PICTURE_MAX_RECTS + 1), -EBADMSG, "count");
	cr_expect_eq(parse_changed(&samples[5], 8, LINK_MAX_BITRATE_KBIT + 1), -EBADMSG, "bitrate");
	cr_expect_eq(parse_changed(&samples[6], 12, 64), -EBADMSG, "length of a name");
	cr_expect_eq(parse_changed(&samples[8], 12, 4999), -EBADMSG, "two sizes");
	cr_expect_eq(parse_changed(&samples[8], 40, 1), -EBADMSG, "padding");
	cr_expect_eq(parse_changed(&samples[9], 8, 2), -EBADMSG, "a truth value");
}

Test(link, an_offset_that_overflows_is_broken)
{
	struct link_message m = samples[1];
	struct link_message parsed;
	uint8_t bytes[LINK_MAX_SMALL];

	m.buffer_add.offset_bytes = UINT64_MAX - m.buffer_add.size_bytes + 1;
	size_t size = written(&m, bytes);

	cr_expect_eq(link_parse(bytes, size, &parsed), -EBADMSG);
}

Test(link, a_nul_inside_a_text_is_broken)
{
	struct link_message parsed;
	uint8_t bytes[LINK_MAX_SMALL];
	size_t size = written(&samples[9], bytes);

	bytes[size - 3] = 0;

	cr_expect_eq(link_parse(bytes, size, &parsed), -EBADMSG);
}

Test(link, a_broken_message_leaves_the_result_untouched)
{
	struct link_message parsed = { .type = LINK_FAILED, .failed = { false, 5, "before" } };
	uint8_t bytes[LINK_MAX_SMALL];
	size_t size = written(&samples[3], bytes);

	cr_expect_lt(link_parse(bytes, size - 1, &parsed), 0);

	cr_expect_str_eq(parsed.failed.text, "before");
}
