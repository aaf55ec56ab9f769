/* The real helix-encoder, treated badly. */
#include "core/link.h"
#include "lib/encoder_child.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct picture_format small = { PIXEL_BGRX, 320, 240 };
static const struct picture_format large = { PIXEL_BGRX, 640, 480 };

/* A child with x264 and one picture, number 1. */
static void begin(struct encoder_child *child, const struct picture_format *format,
	struct test_picture *picture)
{
	encoder_child_start(child);
	cr_assert_eq(encoder_child_configure(child, "x264enc", format, 4000).type, LINK_READY);
	test_picture_init(picture, format, 1);
	encoder_child_add(child, picture);
}

static void end(struct encoder_child *child, struct test_picture *picture)
{
	test_picture_done(picture);
	cr_expect_eq(encoder_child_stop(child), 0);
}

static void expect_failed(struct encoder_child *child, const char *words)
{
	struct link_message m = { 0 };

	cr_expect_eq(encoder_child_receive(child, &m), 0);
	cr_assert_eq(m.type, LINK_FAILED, "type %d", m.type);
	cr_expect(strstr(m.failed.text, words), "%s", m.failed.text);
}

Test(encoder_faults, says_why_it_cannot_encode_and_can_be_configured_again)
{
	struct encoder_child child;
	struct test_picture picture;
	struct link_message encode_1 = { .type = LINK_ENCODE, .encode = { .buffer = 1 } };
	struct link_message encode_9 = { .type = LINK_ENCODE, .encode = { .buffer = 9 } };
	struct link_message encode_last = { .type = LINK_ENCODE };
	struct link_message m;

	begin(&child, &small, &picture);
	encoder_child_send(&child, &encode_9, -1);
	expect_failed(&child, "buffer 9 is not known");
	encoder_child_send(&child, &encode_1, -1);
	expect_failed(&child, "there is no encoder");
	m = encoder_child_configure(&child, "x264enc", &small, 4000);
	cr_expect_eq(m.type, LINK_READY);
	encoder_child_send(&child, &encode_last, -1);
	expect_failed(&child, "no last picture");
	m = encoder_child_configure(&child, "x264enc", &large, 4000);
	encoder_child_send(&child, &encode_1, -1);
	expect_failed(&child, "buffer 1 is too small");
	m = encoder_child_configure(&child, "nonsense", &small, 4000);
	cr_assert_eq(m.type, LINK_FAILED);
	cr_expect(strstr(m.failed.text, "no such encoder"), "%s", m.failed.text);
	m = encoder_child_configure(&child, "auto", &small, 4000);
	cr_assert_eq(m.type, LINK_READY);
	cr_assert(encoder_child_encode_all(&child, 1, true, &m));
	end(&child, &picture);
}

Test(encoder_faults, answers_even_when_two_pictures_come_at_once)
{
	struct encoder_child child;
	struct test_picture picture;
	struct link_message m = { .type = LINK_ENCODE,
		.encode = { .buffer = 1, .pts_us = 1, .damage = { .everything = true } } };
	int answers = 0;

	begin(&child, &large, &picture);
	encoder_child_send(&child, &m, -1);
	encoder_child_send(&child, &m, -1);
	/* RELEASED and PACKET twice, or FAILED for the second: never silence. */
	do {
		m = (struct link_message){ 0 };
		cr_assert_eq(encoder_child_receive(&child, &m), 0);
	} while (m.type != LINK_FAILED && ++answers < 4);

	cr_expect(answers == 4 || strstr(m.failed.text, "has not come out"));
	end(&child, &picture);
}

Test(encoder_faults, refuses_a_buffer_that_reaches_beyond_its_file)
{
	static const struct link_buffer_add wrong[] = {
		{ 5, 1280, 0, 320 * 240 * 4 + 1 },
		{ 5, 1280, 4096, 320 * 240 * 4 },
		{ 5, 1280, UINT64_C(1) << 62, 4096 },
	};

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		struct encoder_child child;
		struct test_picture picture;
		struct link_message add = { .type = LINK_BUFFER_ADD, .buffer_add = wrong[i] };

		begin(&child, &small, &picture);
		encoder_child_send(&child, &add, picture.fd);
		expect_failed(&child, "shorter than the picture");
		add.buffer_add = (struct link_buffer_add){ 1, 1280, 0, 320 * 240 * 4 };
		encoder_child_send(&child, &add, picture.fd);
		expect_failed(&child, "its number is taken");
		end(&child, &picture);
	}
}

Test(encoder_faults, refuses_a_stride_shorter_than_a_row)
{
	struct encoder_child child;
	struct test_picture picture;
	struct link_message add = { .type = LINK_BUFFER_ADD,
		.buffer_add = { 5, 1276, 0, 320 * 240 * 4 } };
	struct link_message encode_5 = { .type = LINK_ENCODE, .encode = { .buffer = 5 } };

	begin(&child, &small, &picture);
	encoder_child_send(&child, &add, picture.fd);
	encoder_child_send(&child, &encode_5, -1);

	expect_failed(&child, "buffer 5 is too small");
	end(&child, &picture);
}

/* It ended by itself, with an error, and its log says so. */
static void expect_end(struct encoder_child *child, const char *words)
{
	int status = encoder_child_wait(child);
	char *log = encoder_child_log(child);

	cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 1, "status %#x", status);
	cr_expect(strstr(log, words), "%s", log);
	free(log);
	close(child->fd);
	fclose(child->log);
	free(child->bytes);
}

Test(encoder_faults, ends_with_a_sentence_when_a_buffer_is_cut_short_under_it)
{
	struct encoder_child child;
	struct test_picture picture;
	struct link_message m;

	begin(&child, &small, &picture);
	cr_assert(encoder_child_encode_all(&child, 1, true, &m));
	cr_assert_eq(ftruncate(picture.fd, 4096), 0);
	cr_expect_not(encoder_child_encode_all(&child, 1, false, &m));

	expect_end(&child, "cut short");
	test_picture_done(&picture);
}

Test(encoder_faults, ends_with_an_error_when_it_hears_garbage)
{
	static const char *const garbage[] = { "GET / HTTP/1.1\r\n\r\n",
		"\x10\0\0\0\x04\0\0\0........", "\xff\xff\xff\xff\x12\0\0\0",
		"\x20\0\0\0\x12\0\0\0" };
	static const size_t sizes[] = { 18, 16, 8, 8 };

	for (size_t i = 0; i < sizeof garbage / sizeof *garbage; i++) {
		struct encoder_child child;

		encoder_child_start(&child);
		cr_assert_eq(send(child.fd, garbage[i], sizes[i], MSG_NOSIGNAL), (ssize_t)sizes[i]);
		expect_end(&child, "the link to the agent is broken");
	}
}

Test(encoder_faults, ends_with_an_error_when_an_answer_is_sent_to_it_or_a_descriptor_is_missing)
{
	struct link_message wrong[] = {
		{ .type = LINK_READY, .ready = { 1, "x264enc", "" } },
		{ .type = LINK_RELEASED },
		{ .type = LINK_BUFFER_ADD, .buffer_add = { 1, 4, 0, 4 } },
	};

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		struct encoder_child child;

		encoder_child_start(&child);
		encoder_child_send(&child, &wrong[i], -1);
		expect_end(&child, "the link to the agent is broken");
	}
}
