/* The small modules: histogram, packet, utf8, log. */
#include "core/histogram.h"
#include "core/packet.h"
#include "core/utf8.h"
#include "sys/log.h"

#include <criterion/criterion.h>
#include <string.h>
#include <unistd.h>

Test(histogram, tells_percentiles_within_a_bucket)
{
	struct histogram h = { 0 };

	cr_assert_eq(histogram_quantile_us(&h, 0.5), 0);
	for (int i = 0; i < 99; i++)
		histogram_add(&h, 900);
	histogram_add(&h, 40000);

	cr_expect_eq(h.count, 100);
	cr_expect_gt(histogram_quantile_us(&h, 0.5), 750);
	cr_expect_leq(histogram_quantile_us(&h, 0.5), 1000);
	cr_expect_gt(histogram_quantile_us(&h, 0.999), 33000);
}

Test(histogram, keeps_what_is_above_all_bounds)
{
	struct histogram h = { 0 };

	histogram_add(&h, UINT64_C(5000000));
	cr_assert_eq(h.counts[HISTOGRAM_BUCKETS], 1);
	cr_assert_eq(histogram_quantile_us(&h, 0.5), 1000000);
}

Test(packet, puts_each_viewers_own_frame_number_in_front_of_the_shared_bytes)
{
	static const uint8_t unit[] = { 0, 0, 0, 1, 0x65, 0x88 };
	struct packet *packet = packet_new(sizeof unit);
	struct sp_video video;

	memcpy(packet->unit, unit, sizeof unit);
	packet->video = (struct sp_video){ .flags = SP_VIDEO_KEY, .config = 3, .capture_us = 77 };
	for (uint32_t frame = 5; frame < 8; frame += 2) {
		uint8_t *message = packet_message(packet, frame);

		cr_assert_eq(
			sp_parse_video(message, SP_VIDEO_HEADER_SIZE + sizeof unit, &video), SP_OK);
		cr_expect_eq(video.frame, frame);
		cr_expect_eq(video.config, 3);
		cr_expect_eq(video.unit_size, sizeof unit);
		cr_expect_arr_eq(video.unit, unit, sizeof unit);
	}
	cr_assert_eq(packet_unref(packet), NULL);
}

Test(packet, lives_until_the_last_reference_goes)
{
	struct packet *packet = packet_new(10);

	packet_ref(packet);
	packet_unref(packet);
	packet->unit[9] = 1;
	packet_unref(packet);
	packet_unref(NULL);
}

Test(utf8, walks_through_characters_of_all_lengths)
{
	static const char text[] = "a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80";
	static const uint32_t expected[] = { 'a', 0xe4, 0x20ac, 0x1f600 };
	size_t at = 0;
	uint32_t code;

	for (size_t i = 0; i < 4; i++) {
		cr_assert(utf8_next(text, sizeof text - 1, &at, &code));
		cr_assert_eq(code, expected[i]);
	}
	cr_assert_not(utf8_next(text, sizeof text - 1, &at, &code));
}

Test(utf8, stops_at_what_is_not_utf8)
{
	static const char *const bad[] = { "\x80", "\xc3", "\xc0\x80", "\xe0\x80\x80",
		"\xed\xa0\x80", "\xf4\x90\x80\x80", "\xff", "\xe2\x82" };
	uint32_t code;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		size_t at = 0;

		cr_expect_not(utf8_next(bad[i], strlen(bad[i]), &at, &code), "case %zu", i);
		cr_expect_eq(at, 0);
	}
}

/* Run `write_lines` with stderr in a pipe and return what it wrote. */
static const char *captured(void (*write_lines)(void))
{
	static char text[8192];
	int pipe_fds[2], saved = dup(STDERR_FILENO);

	cr_assert_eq(pipe(pipe_fds), 0);
	dup2(pipe_fds[1], STDERR_FILENO);
	close(pipe_fds[1]);
	write_lines();
	dup2(saved, STDERR_FILENO);
	close(saved);
	ssize_t size = read(pipe_fds[0], text, sizeof text - 1);
	close(pipe_fds[0]);
	text[size > 0 ? size : 0] = '\0';
	return text;
}

static void write_secrets(void)
{
	log_hide("hunter2-hunter2");
	log_info("net: token=hunter2-hunter2 and again hunter2-hunter2");
}

Test(log, never_writes_a_secret)
{
	const char *text = captured(write_secrets);

	cr_expect_null(strstr(text, "hunter2"));
	cr_expect_not_null(strstr(text, "token=[secret] and again [secret]\n"));
}

static void write_control_characters(void)
{
	log_info("net: a\nforged error line\033[31m");
}

Test(log, keeps_foreign_text_on_one_line)
{
	const char *text = captured(write_control_characters);

	cr_assert_eq(strchr(text, '\n'), text + strlen(text) - 1);
	cr_assert_null(strchr(text, '\033'));
}

static void write_levels(void)
{
	log_set_level(LOG_LEVEL_WARN);
	log_info("quiet");
	log_warn("loud");
}

Test(log, drops_what_is_above_its_level)
{
	const char *text = captured(write_levels);

	cr_expect_null(strstr(text, "quiet"));
	cr_expect_not_null(strstr(text, "loud"));
}

static void expect_clean(size_t size, const char *text, const char *expected)
{
	char buffer[32];

	utf8_copy_clean(buffer, size, text);
	cr_expect_str_eq(buffer, expected);
}

Test(utf8, a_clean_copy_is_cut_between_characters_and_holds_nothing_foreign)
{
	expect_clean(32, "VAAPI, D3D12", "VAAPI, D3D12");
	expect_clean(6, "12345", "12345");
	expect_clean(5, "12345", "1234");
	expect_clean(5, "abc\u00e9", "abc");
	expect_clean(6, "abc\u00e9", "abc\u00e9");
	expect_clean(32, "a\nb\x1b[1mc\x7f", "a b?[1mc?");
	expect_clean(32, "one\ttwo \r\n", "one two");
	expect_clean(32, "left\u202eright\u2066", "left?right?");
	expect_clean(32, "a\xff\xc3z", "a??z");
	expect_clean(1, "a", "");
}

Test(utf8, a_clean_copy_may_be_made_in_place)
{
	char text[] = "\x01\u00e9x";

	utf8_copy_clean(text, sizeof text, text);

	cr_expect_str_eq(text, "?\u00e9x");
}
