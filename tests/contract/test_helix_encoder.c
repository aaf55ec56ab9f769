/* The real helix-encoder, asked over the link as the agent asks. */
#include "core/h264.h"
#include "core/link.h"
#include "lib/encoder_child.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const encoders[] = { "x264enc", "openh264enc" };
static const struct picture_format small = { PIXEL_BGRX, 320, 240 };
static const struct picture_format large = { PIXEL_BGRX, 640, 480 };

#define FOR_EACH_ENCODER(name)                                                                     \
 for (const char *const *name = encoders; name < encoders + sizeof encoders / sizeof *encoders;    \
	 name++)

static void fill(struct test_picture *picture, uint8_t red, uint8_t green, uint8_t blue)
{
	struct picture_rect all = { 0, 0, picture->format.width_px, picture->format.height_px };

	test_picture_fill(picture, &all, red, green, blue);
}

/* A child with an encoder and one picture, number 1. */
static void begin(struct encoder_child *child, const char *encoder,
	const struct picture_format *format, uint32_t kbit, struct test_picture *picture)
{
	encoder_child_start(child);
	struct link_message m = encoder_child_configure(child, encoder, format, kbit);
	cr_assert_eq(m.type, LINK_READY, "%s: %s", encoder,
		m.type == LINK_FAILED ? m.failed.text : "no answer");
	cr_expect_str_eq(m.ready.encoder, encoder);
	test_picture_init(picture, format, 1);
	encoder_child_add(child, picture);
}

static void end(struct encoder_child *child, struct test_picture *picture)
{
	test_picture_done(picture);
	cr_expect_eq(encoder_child_stop(child), 0);
}

static void encode(struct encoder_child *child, uint32_t buffer, bool key, struct link_message *ret)
{
	bool is_packet = encoder_child_encode_all(child, buffer, key, ret);

	cr_assert(is_packet, "message of type %d: %s", ret->type,
		ret->type == LINK_FAILED ? ret->failed.text : "");
}

/* How often a NAL unit of this type is in the last packet. */
static int count_nals(const struct encoder_child *child, enum h264_nal_type type)
{
	struct h264_nal nal;
	size_t position = 0;
	int count = 0;

	while (h264_next_nal(child->bytes + LINK_PACKET_HEADER_SIZE,
		child->size - LINK_PACKET_HEADER_SIZE, &position, &nal))
		count += nal.type == type;
	return count;
}

static void expect_colour(
	const uint8_t *rgb, uint32_t width, uint32_t x, uint32_t y, int red, int green, int blue)
{
	const uint8_t *p = rgb + ((size_t)y * width + x) * 3;

	cr_expect(abs(p[0] - red) < 12 && abs(p[1] - green) < 12 && abs(p[2] - blue) < 12,
		"at %u,%u: %d %d %d", x, y, p[0], p[1], p[2]);
}

Test(encoder, makes_the_first_picture_an_idr_with_its_parameter_sets_even_unasked)
{
	FOR_EACH_ENCODER(name)
	{
		struct encoder_child child;
		struct test_picture picture;
		struct link_message m;

		begin(&child, *name, &small, 4000, &picture);
		encode(&child, 1, false, &m);

		cr_expect(m.packet.key);
		cr_expect_gt(count_nals(&child, H264_NAL_IDR), 0);
		cr_expect_geq(count_nals(&child, H264_NAL_SPS), 1);
		cr_expect_geq(count_nals(&child, H264_NAL_PPS), 1);
		end(&child, &picture);
	}
}

Test(encoder, gives_one_packet_for_each_picture_before_it_takes_the_next)
{
	FOR_EACH_ENCODER(name)
	{
		struct test_stream stream;
		struct encoder_child child;
		struct test_picture picture;
		struct link_message m;
		uint8_t *last;

		begin(&child, *name, &small, 4000, &picture);
		test_stream_init(&stream);
		for (uint32_t i = 0; i < 300; i++) {
			test_picture_noise(&picture, i / 3);
			encode(&child, 1, i == 0, &m);
			cr_assert_eq(m.packet.key, i == 0, "picture %u", i);
			cr_expect_leq(m.packet.started_us, m.packet.converted_us);
			cr_expect_leq(m.packet.converted_us, m.packet.encoded_us);
			test_stream_add(&stream, &child);
		}

		cr_expect_eq(test_stream_decode(&stream, &small, &last), 300);
		free(last);
		test_stream_done(&stream);
		end(&child, &picture);
	}
}

Test(encoder, makes_exactly_the_picture_an_idr_that_was_asked_to_be_one)
{
	FOR_EACH_ENCODER(name)
	{
		struct encoder_child child;
		struct test_picture picture;
		struct link_message m;

		begin(&child, *name, &small, 4000, &picture);
		for (uint32_t i = 0; i < 40; i++) {
			bool is_key = i == 0 || i == 5 || i == 6 || i == 31;

			fill(&picture, (uint8_t)(i * 6), 100, 30);
			encode(&child, 1, is_key, &m);
			cr_assert_eq(m.packet.key, is_key, "%s, picture %u", *name, i);
			cr_assert_eq(count_nals(&child, H264_NAL_IDR) > 0, is_key);
			cr_assert_eq(count_nals(&child, H264_NAL_SPS) > 0, is_key);
			cr_assert_eq(count_nals(&child, H264_NAL_PPS) > 0, is_key);
		}
		end(&child, &picture);
	}
}

Test(encoder, encodes_only_what_was_damaged)
{
	FOR_EACH_ENCODER(name)
	{
		struct test_stream stream;
		struct encoder_child child;
		struct test_picture picture;
		struct link_message m;
		uint8_t *rgb;

		begin(&child, *name, &small, 4000, &picture);
		test_stream_init(&stream);
		fill(&picture, 200, 0, 0);
		encode(&child, 1, true, &m);
		test_stream_add(&stream, &child);
		fill(&picture, 0, 0, 200);
		struct link_encode damaged = {
			.sequence = 500,
			.buffer = 1,
			.pts_us = child.pts_us += 16667,
			.damage = { .count = 2,
				.rects = { { 33, 17, 63, 47 }, { 300, 220, 90, 90 } } },
		};
		cr_assert(encoder_child_encode(&child, &damaged, &m));
		test_stream_add(&stream, &child);
		for (int i = 0; i < 10; i++) {
			encode(&child, 0, false, &m);
			test_stream_add(&stream, &child);
		}

		cr_expect_eq(test_stream_decode(&stream, &small, &rgb), 12);
		expect_colour(rgb, 320, 60, 40, 0, 0, 200);
		expect_colour(rgb, 320, 310, 230, 0, 0, 200);
		expect_colour(rgb, 320, 20, 10, 200, 0, 0);
		expect_colour(rgb, 320, 60, 80, 200, 0, 0);
		expect_colour(rgb, 320, 160, 120, 200, 0, 0);
		expect_colour(rgb, 320, 110, 40, 200, 0, 0);
		free(rgb);
		test_stream_done(&stream);
		end(&child, &picture);
	}
}

Test(encoder, keeps_colours_in_both_byte_orders_and_at_odd_sizes)
{
	FOR_EACH_ENCODER(name)
	for (int pixel = PIXEL_BGRX; pixel <= PIXEL_RGBX; pixel++) {
		struct picture_format odd = { (enum pixel_format)pixel, 321, 239 };
		struct picture_format even = { (enum pixel_format)pixel, 322, 240 };
		struct test_stream stream;
		struct encoder_child child;
		struct test_picture picture;
		struct link_message m;
		uint8_t *rgb;

		begin(&child, *name, &odd, 4000, &picture);
		test_stream_init(&stream);
		fill(&picture, 220, 120, 20);
		encode(&child, 1, true, &m);
		test_stream_add(&stream, &child);

		cr_expect_eq(test_stream_decode(&stream, &even, &rgb), 1);
		expect_colour(rgb, 322, 10, 10, 220, 120, 20);
		expect_colour(rgb, 322, 321, 100, 220, 120, 20);
		expect_colour(rgb, 322, 100, 239, 220, 120, 20);
		expect_colour(rgb, 322, 321, 239, 220, 120, 20);
		free(rgb);
		test_stream_done(&stream);
		end(&child, &picture);
	}
}

/* kbit/s over one second of noise, `settle` pictures after the bitrate was set. */
static double measure(
	struct encoder_child *child, struct test_picture *picture, uint32_t kbit, int settle)
{
	struct link_message m = { .type = LINK_BITRATE, .bitrate = { kbit } };
	size_t bytes = 0;

	encoder_child_send(child, &m, -1);
	for (int i = 0; i < settle + 60; i++) {
		test_picture_noise(picture, child->sequence);
		encode(child, 1, child->sequence == 0, &m);
		bytes += i < settle ? 0 : m.packet.size_bytes;
	}
	return (double)bytes * 8 / 1000;
}

Test(encoder, x264_holds_a_new_bitrate_from_the_next_picture_on_and_without_an_idr)
{
	static const uint32_t kbits[] = { 4000, 1000, 8000 };
	struct encoder_child child;
	struct test_picture picture;
	struct link_message m;

	begin(&child, "x264enc", &small, kbits[0], &picture);
	for (size_t i = 0; i < 3; i++) {
		double kbit = measure(&child, &picture, kbits[i], 0);

		cr_expect(kbit > kbits[i] * 0.85 && kbit < kbits[i] * 1.15, "%.0f kbit/s for %u",
			kbit, kbits[i]);
		m = (struct link_message){ .type = LINK_BITRATE,
			.bitrate = { kbits[(i + 1) % 3] } };
		encoder_child_send(&child, &m, -1);
		encode(&child, 1, false, &m);
		cr_expect_not(m.packet.key);
	}
	end(&child, &picture);
}

/* It takes its time to climb, and of what noise costs at least it cannot make less. */
Test(encoder, openh264_stays_below_a_new_bitrate_and_comes_near_it_within_two_seconds)
{
	static const uint32_t kbits[] = { 4000, 1000, 8000 };
	struct encoder_child child;
	struct test_picture picture;

	begin(&child, "openh264enc", &small, kbits[0], &picture);
	for (size_t i = 0; i < 3; i++) {
		double kbit = measure(&child, &picture, kbits[i], 120);

		cr_expect(kbit > kbits[i] * 0.65 && kbit < kbits[i] * 1.15, "%.0f kbit/s for %u",
			kbit, kbits[i]);
	}
	end(&child, &picture);
}

Test(encoder, begins_anew_with_an_idr_at_another_size_and_still_knows_its_buffers)
{
	FOR_EACH_ENCODER(name)
	{
		struct test_stream stream;
		struct encoder_child child;
		struct test_picture first, second;
		struct link_message m;
		uint8_t *rgb;

		begin(&child, *name, &small, 4000, &first);
		test_picture_init(&second, &large, 2);
		encoder_child_add(&child, &second);
		encode(&child, 1, true, &m);
		m = encoder_child_configure(&child, *name, &large, 4000);
		cr_assert_eq(m.type, LINK_READY);
		test_stream_init(&stream);
		fill(&second, 0, 200, 0);
		encode(&child, 2, true, &m);
		test_stream_add(&stream, &child);

		cr_expect(m.packet.key);
		cr_expect_eq(test_stream_decode(&stream, &large, &rgb), 1);
		expect_colour(rgb, 640, 600, 400, 0, 200, 0);
		m = encoder_child_configure(&child, *name, &small, 4000);
		cr_assert_eq(m.type, LINK_READY);
		encode(&child, 1, true, &m);
		free(rgb);
		test_stream_done(&stream);
		test_picture_done(&second);
		end(&child, &first);
	}
}

Test(encoder, sends_an_access_unit_larger_than_any_socket_buffer)
{
	struct picture_format huge = { PIXEL_BGRX, 1920, 1080 };
	struct encoder_child child;
	struct test_picture picture;
	struct link_message m;

	begin(&child, "x264enc", &huge, 400000, &picture);
	test_picture_noise(&picture, 1);
	encode(&child, 1, true, &m);

	cr_expect_gt(m.packet.size_bytes, 512u << 10);
	end(&child, &picture);
}

static int count_fds(pid_t pid)
{
	char path[64];
	int count = 0;

	snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
	DIR *directory = opendir(path);
	cr_assert(directory);
	while (readdir(directory))
		count++;
	closedir(directory);
	return count;
}

Test(encoder, leaves_no_descriptor_behind_when_it_is_rebuilt_and_buffers_come_and_go)
{
	struct encoder_child child;
	struct test_picture picture;
	struct link_message m, forget = { .type = LINK_BUFFER_REMOVE, .buffer_remove = { 1 } };
	int before = 0;

	begin(&child, "x264enc", &small, 4000, &picture);
	for (int i = 0; i < 20; i++) {
		m = encoder_child_configure(&child, encoders[i % 2], i % 3 ? &small : &large, 4000);
		cr_assert_eq(m.type, LINK_READY);
		encoder_child_send(&child, &forget, -1);
		encoder_child_add(&child, &picture);
		m = encoder_child_configure(&child, "x264enc", &small, 4000);
		encode(&child, 1, true, &m);
		if (i == 1)
			before = count_fds(child.pid);
	}

	cr_expect_eq(count_fds(child.pid), before);
	end(&child, &picture);
}

Test(encoder, ends_quietly_when_the_agent_closes_the_link)
{
	struct encoder_child child;

	encoder_child_start(&child);
	cr_expect_eq(encoder_child_stop(&child), 0);
	encoder_child_start(&child);
	encoder_child_configure(&child, "auto", &small, 4000);
	cr_expect_eq(encoder_child_stop(&child), 0);
}
