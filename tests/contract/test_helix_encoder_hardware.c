/* The real helix-encoder with the real VA elements, on a driver that computes (tests/fixtures/
 * va-software): vaapih264enc without DRM, and vah264enc on a render node that is faked. */
#include "core/h264.h"
#include "core/link.h"
#include "lib/va_child.h"
#include "sys/clock.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct picture_format small = { PIXEL_BGRX, 320, 240 };
static const struct picture_format large = { PIXEL_BGRX, 640, 480 };

#define FOR_EACH_WAY(way) for (enum va_way way = 0; way < VA_WAYS; way++)

static void fill(struct test_picture *picture, uint8_t red, uint8_t green, uint8_t blue)
{
	struct picture_rect all = { 0, 0, picture->format.width_px, picture->format.height_px };

	test_picture_fill(picture, &all, red, green, blue);
}

static struct link_message configure(
	struct va_child *va, enum va_way way, const struct picture_format *format)
{
	return encoder_child_configure(&va->child, va_way_element(way), format, 4000);
}

static void expect_ready(const struct link_message *m, enum va_way way)
{
	cr_assert_eq(m->type, LINK_READY, "%s: %s", va_way_element(way),
		m->type == LINK_FAILED ? m->failed.text : "no answer");
	cr_expect_str_eq(m->ready.encoder, va_way_element(way));
}

/* A child with an encoder and one picture, number 1. */
static void begin(struct va_child *va, enum va_way way, struct test_picture *picture)
{
	va_child_start(va, way, "once");
	struct link_message m = configure(va, way, &small);
	expect_ready(&m, way);
	test_picture_init(picture, &small, 1);
	encoder_child_add(&va->child, picture);
}

static void end(struct va_child *va, struct test_picture *picture)
{
	test_picture_done(picture);
	cr_expect_eq(va_child_stop(va), 0);
}

static void encode(struct va_child *va, uint32_t buffer, bool key, struct link_message *ret)
{
	bool is_packet = encoder_child_encode_all(&va->child, buffer, key, ret);

	cr_assert(is_packet, "message of type %d: %s", ret->type,
		ret->type == LINK_FAILED ? ret->failed.text : "");
}

/* How often a NAL unit of this type is in the last packet. */
static int count_nals(const struct va_child *va, enum h264_nal_type type)
{
	struct h264_nal nal;
	size_t position = 0;
	int count = 0;

	while (h264_next_nal(va->child.bytes + LINK_PACKET_HEADER_SIZE,
		va->child.size - LINK_PACKET_HEADER_SIZE, &position, &nal))
		count += nal.type == type;
	return count;
}

static void expect_colour(const uint8_t *rgb, size_t pixel, int red, int green, int blue)
{
	const uint8_t *p = rgb + pixel * 3;

	cr_expect(abs(p[0] - red) < 12 && abs(p[1] - green) < 12 && abs(p[2] - blue) < 12,
		"pixel %zu: %d %d %d", pixel, p[0], p[1], p[2]);
}

Test(encoder_hardware, needs_to_be_told_to_take_no_device_for_a_device)
{
	struct va_child va;

	va_child_start(&va, VA_UNTOLD, "once");
	struct link_message m = configure(&va, VA_UNTOLD, &small);
	cr_assert_eq(m.type, LINK_FAILED);
	cr_expect(strstr(m.failed.text, "no element vaapih264enc"), "%s", m.failed.text);
	cr_expect_eq(va_child_stop(&va), 0);
}

Test(encoder_hardware, says_which_gstreamer_it_has_before_anything_else)
{
	struct encoder_child child;

	encoder_child_start(&child);
	cr_expect_geq(child.gstreamer, 1u << 16 | 22u << 8);
	cr_expect_lt(child.gstreamer, 2u << 16);
	encoder_child_stop(&child);
}

Test(encoder_hardware, is_left_out_of_auto)
{
	FOR_EACH_WAY(way)
	{
		struct va_child va;

		va_child_start(&va, way, "once");
		struct link_message m = encoder_child_configure(&va.child, "auto", &small, 4000);
		cr_assert_eq(m.type, LINK_READY);
		cr_expect_str_eq(m.ready.encoder, "x264enc");
		va_child_stop(&va);
	}
}

Test(encoder_hardware, gives_one_packet_for_each_picture_before_it_takes_the_next)
{
	FOR_EACH_WAY(way)
	{
		struct test_stream stream;
		struct test_picture picture;
		struct link_message m;
		struct va_child va;
		uint8_t *rgb;

		begin(&va, way, &picture);
		test_stream_init(&stream);
		for (uint32_t i = 0; i < 120; i++) {
			test_picture_noise(&picture, i / 3);
			if (i >= 60)
				fill(&picture, 220, 120, 20);
			encode(&va, 1, false, &m);
			cr_assert_eq(m.packet.key, i == 0, "picture %u", i);
			cr_expect_leq(m.packet.converted_us, m.packet.encoded_us);
			test_stream_add(&stream, &va.child);
		}

		cr_expect_eq(test_stream_decode(&stream, &small, &rgb), 120);
		expect_colour(rgb, 320 * 10 + 10, 220, 120, 20);
		expect_colour(rgb, 320 * 230 + 310, 220, 120, 20);
		free(rgb);
		test_stream_done(&stream);
		end(&va, &picture);
	}
}

/* The driver writes them once, like Mesa's. */
Test(encoder_hardware, makes_exactly_the_picture_an_idr_that_was_asked_to_be_one_with_its_sets)
{
	FOR_EACH_WAY(way)
	{
		struct test_stream stream;
		struct test_picture picture;
		struct link_message m;
		struct va_child va;
		uint8_t *rgb;

		begin(&va, way, &picture);
		test_stream_init(&stream);
		for (uint32_t i = 0; i < 40; i++) {
			bool is_key = i == 0 || i == 5 || i == 6 || i == 31;

			fill(&picture, (uint8_t)(i * 6), 100, 30);
			encode(&va, 1, is_key && i > 0, &m);
			cr_assert_eq(
				m.packet.key, is_key, "%s, picture %u", va_way_element(way), i);
			cr_assert_eq(count_nals(&va, H264_NAL_IDR) > 0, is_key);
			cr_assert_eq(count_nals(&va, H264_NAL_SPS) > 0, is_key);
			cr_assert(!is_key || count_nals(&va, H264_NAL_PPS) > 0);
			if (i >= 31)
				test_stream_add(&stream, &va.child);
		}

		/* Whoever comes with the last of them sees everything from there on. */
		cr_expect_eq(test_stream_decode(&stream, &small, &rgb), 9);
		expect_colour(rgb, 0, 39 * 6, 100, 30);
		free(rgb);
		test_stream_done(&stream);
		end(&va, &picture);
	}
}

Test(encoder_hardware, begins_anew_with_an_idr_at_another_size)
{
	FOR_EACH_WAY(way)
	{
		struct test_picture first, second;
		struct test_stream stream;
		struct link_message m;
		struct va_child va;
		uint8_t *rgb;

		begin(&va, way, &first);
		test_picture_init(&second, &large, 2);
		encoder_child_add(&va.child, &second);
		encode(&va, 1, false, &m);
		m = configure(&va, way, &large);
		expect_ready(&m, way);
		test_stream_init(&stream);
		fill(&second, 0, 200, 0);
		encode(&va, 2, false, &m);
		test_stream_add(&stream, &va.child);

		cr_expect(m.packet.key);
		cr_expect_eq(test_stream_decode(&stream, &large, &rgb), 1);
		expect_colour(rgb, 640 * 470 + 630, 0, 200, 0);
		m = configure(&va, way, &small);
		expect_ready(&m, way);
		encode(&va, 1, false, &m);
		cr_expect(m.packet.key);
		free(rgb);
		test_stream_done(&stream);
		test_picture_done(&second);
		end(&va, &first);
	}
}

static bool encode_at(struct va_child *va, uint32_t kbit)
{
	struct link_message m = { .type = LINK_BITRATE, .bitrate = { kbit } };

	encoder_child_send(&va->child, &m, -1);
	encode(va, 1, false, &m);
	return m.packet.key;
}

/* Each new bitrate costs an IDR. */
Test(encoder_hardware, follows_small_wishes_for_bitrate_once_a_second_and_forgets_none)
{
	FOR_EACH_WAY(way)
	{
		struct test_picture picture;
		struct link_message m;
		struct va_child va;
		int keys = 0;

		begin(&va, way, &picture);
		encode(&va, 1, false, &m);
		uint64_t before_us = clock_now_us();
		cr_expect(encode_at(&va, 4100), "the first wish is granted");
		for (uint32_t i = 0; i < 30; i++)
			keys += encode_at(&va, 4200 + 100 * (i % 3));
		cr_expect_eq(keys, 0, "%d", keys);
		cr_expect(encode_at(&va, 3200), "down by a fifth cannot wait");
		cr_expect_not(encode_at(&va, 8000), "up can");

		/* Without a further word, and not before it is due. The pictures keep their
		 * distance, or the longest distance of IDRs would be reached first. */
		do {
			cr_assert_lt(clock_now_us() - before_us, 3 * USEC_PER_SEC);
			cr_expect(encoder_child_is_silent(&va.child, 10));
			encode(&va, 1, false, &m);
		} while (!m.packet.key);
		cr_expect_geq(clock_now_us() - before_us, USEC_PER_SEC);
		encode(&va, 1, false, &m);
		cr_expect_not(m.packet.key);
		end(&va, &picture);
	}
}

/* ENCODE, and what comes instead of a packet, within a second. */
static struct link_message encode_in_vain(struct va_child *va, enum va_way way)
{
	uint64_t before_us = clock_now_us();
	struct link_message m;

	cr_assert_not(encoder_child_encode_all(&va->child, 1, false, &m), "%s encodes",
		va_way_element(way));
	cr_assert_eq(m.type, LINK_FAILED, "%s: type %d", va_way_element(way), m.type);
	cr_expect_lt(clock_now_us() - before_us, USEC_PER_SEC);
	return m;
}

static void expect_recovery(struct va_child *va, enum va_way way)
{
	struct link_message m;

	va_child_break(va, NULL);
	m = configure(va, way, &small);
	expect_ready(&m, way);
	for (int i = 0; i < 10; i++) {
		encode(va, 1, false, &m);
		cr_expect_eq(m.packet.key, i == 0);
	}
}

/* vah264enc says so itself, vaapih264enc says nothing. */
Test(encoder_hardware, tells_that_a_picture_was_lost_though_nobody_said_so)
{
	static const char *const faults[] = { "sync=error", "map=error", "size=zero" };

	FOR_EACH_WAY(way)
	for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
		struct test_picture picture;
		struct link_message m;
		struct va_child va;

		begin(&va, way, &picture);
		encode(&va, 1, false, &m);
		va_child_break(&va, faults[i]);
		m = encode_in_vain(&va, way);

		cr_expect(
			m.failed.lost || way != VA_WITHOUT_DRM, "%s: %s", faults[i], m.failed.text);
		cr_expect(!m.failed.lost || strstr(m.failed.text, "no access unit came"), "%s",
			m.failed.text);
		expect_recovery(&va, way);
		end(&va, &picture);
	}
}

Test(encoder_hardware, tells_what_the_driver_refused_in_the_middle_of_a_stream)
{
	static const char *const faults[] = { "begin=error", "render=error", "end=error" };

	FOR_EACH_WAY(way)
	for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
		struct test_picture picture;
		struct link_message m;
		struct va_child va;

		begin(&va, way, &picture);
		encode(&va, 1, false, &m);
		va_child_break(&va, faults[i]);
		m = encode_in_vain(&va, way);

		cr_expect_not(m.failed.lost, "%s: %s", faults[i], m.failed.text);
		cr_expect(*m.failed.text);
		expect_recovery(&va, way);
		end(&va, &picture);
	}
}

Test(encoder_hardware, tells_what_the_driver_refused_at_the_start)
{
	static const char *const faults[] = { "context=error", "surfaces=error", "end=error",
		"sync=error" };

	FOR_EACH_WAY(way)
	for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
		struct va_child va;

		va_child_start(&va, way, "once");
		va_child_break(&va, faults[i]);
		uint64_t before_us = clock_now_us();
		struct link_message m = configure(&va, way, &small);

		cr_assert_eq(m.type, LINK_FAILED, "%s: %d", faults[i], m.type);
		cr_expect_lt(clock_now_us() - before_us, 2 * USEC_PER_SEC);
		va_child_break(&va, NULL);
		m = configure(&va, way, &small);
		expect_ready(&m, way);
		cr_expect_eq(va_child_stop(&va), 0);
	}
}

/* To end the pipeline waits for the driver for ever, so what is said must be said before. */
Test(encoder_hardware, tells_that_it_got_no_answer_before_it_hangs_with_the_driver)
{
	FOR_EACH_WAY(way)
	for (int at_start = 0; at_start <= 1; at_start++) {
		struct test_picture picture;
		struct link_message m;
		struct va_child va;

		begin(&va, way, &picture);
		encode(&va, 1, false, &m);
		va_child_break(&va, "sync=hang");
		if (at_start)
			m = configure(&va, way, &small);
		else
			m = encode_in_vain(&va, way);

		cr_expect_eq(m.type, LINK_FAILED);
		cr_expect_neq(m.failed.lost, at_start);
		cr_expect(encoder_child_is_silent(&va.child, 300));
		cr_expect_eq(kill(va.child.pid, SIGKILL), 0, "it is there and waits");
		test_picture_done(&picture);
		va_child_stop(&va);
	}
}

static size_t count_fds(pid_t pid)
{
	char path[64];
	size_t count = 0;

	snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
	DIR *directory = opendir(path);
	cr_assert(directory);
	while (readdir(directory))
		count++;
	closedir(directory);
	return count;
}

static size_t resident_kib(pid_t pid)
{
	char path[64], line[128];
	unsigned long kib = 0;

	snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
	FILE *file = fopen(path, "r");
	cr_assert(file);
	while (fgets(line, sizeof line, file))
		if (sscanf(line, "VmRSS: %lu", &kib) == 1)
			break;
	fclose(file);
	return kib;
}

Test(encoder_hardware, grows_neither_in_memory_nor_in_descriptors_when_it_is_rebuilt_200_times)
{
	FOR_EACH_WAY(way)
	{
		struct test_picture picture;
		struct link_message m;
		struct va_child va;
		size_t fds = 0, kib = 0;

		begin(&va, way, &picture);
		for (int i = 0; i <= 220; i++) {
			m = configure(&va, way, &small);
			expect_ready(&m, way);
			encode(&va, 1, false, &m);
			if (i == 20) {
				fds = count_fds(va.child.pid);
				kib = resident_kib(va.child.pid);
			}
		}

		cr_expect_eq(count_fds(va.child.pid), fds, "%s: %zu after %zu", va_way_element(way),
			count_fds(va.child.pid), fds);
		cr_expect_lt(resident_kib(va.child.pid), kib + 4096, "%s: %zu after %zu KiB",
			va_way_element(way), resident_kib(va.child.pid), kib);
		end(&va, &picture);
	}
}
