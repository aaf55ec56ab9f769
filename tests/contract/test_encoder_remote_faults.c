/* The agent's side of the link, with a helix-encoder that misbehaves. */
#include "lib/remote_rig.h"
#include "sys/clock.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* For what is late on a busy machine. */
#define SLACK_US (800 * USEC_PER_MSEC)

static const struct picture_format format = { PIXEL_BGRX, 320, 240 };

/* Up to eight parts of a script. */
#define SCRIPT(...) script((const char *[9]){ __VA_ARGS__ })
static const char *script(const char *parts[9])
{
	static char lines[9 * 4096];

	*lines = '\0';
	for (size_t i = 0; i < 8 && parts[i]; i++)
		strcat(lines, parts[i]);
	return lines;
}

static void begin(struct remote_rig *rig, const char *lines)
{
	remote_rig_init(rig);
	remote_rig_script(rig, lines);
	remote_rig_start(rig, &rig_x264, 0);
}

static void expect_fault(struct remote_rig *rig, enum ladder_fault fault, const char *words)
{
	unsigned faults = rig->faults;

	cr_assert(REMOTE_RIG_UNTIL(rig, rig->faults > faults), "nothing was told");
	cr_expect_eq(rig->faults, faults + 1);
	cr_expect_eq(rig->fault, fault, "%d: %s", rig->fault, rig->text);
	cr_expect(strstr(rig->text, words), "%s", rig->text);
}

static void expect_within(const struct remote_rig *rig, uint64_t since_us, uint64_t timeout_us)
{
	uint64_t took_us = rig->told_us - since_us;

	cr_expect(took_us >= timeout_us && took_us < timeout_us + SLACK_US, "after %llu ms",
		(unsigned long long)(took_us / USEC_PER_MSEC));
}

/* Configures this program, which fails in this way. */
static void expect_configured_fault(const char *lines, enum ladder_fault fault, const char *words)
{
	struct remote_rig rig;

	begin(&rig, lines);
	remote_rig_configure(&rig, &rig_x264, &format);
	uint64_t since_us = clock_now_us();
	expect_fault(&rig, fault, words);
	expect_within(&rig, since_us, 0);
	cr_expect_eq(rig.readies, 0);
	remote_rig_done(&rig);
}

Test(encoder_remote_faults, a_program_that_exits_at_once_has_died)
{
	expect_configured_fault("exit 3\n", LADDER_DIED, "exit code 3");
}

Test(encoder_remote_faults, garbage_instead_of_messages_ends_the_process)
{
	expect_configured_fault(SCRIPT("echo 'This is no message of ours.' >&3\n", script_hang()),
		LADDER_DIED, "rules");
	expect_configured_fault(
		SCRIPT(script_hello(), "echo 'This is no message of ours.' >&3\n", script_hang()),
		LADDER_DIED, "rules");
}

Test(encoder_remote_faults, messages_out_of_turn_end_the_process)
{
	const struct link_message ours = { .type = LINK_BITRATE, .bitrate = { .kbit = 4000 } };

	expect_configured_fault(
		SCRIPT(script_ready(1), script_hang()), LADDER_DIED, "rules"); /* before HELLO */
	expect_configured_fault(
		SCRIPT(script_hello(), script_hello(), script_hang()), LADDER_DIED, "rules");
	expect_configured_fault(
		SCRIPT(script_hello(), script_ready(2), script_hang()), LADDER_DIED, "rules");
	expect_configured_fault(
		SCRIPT(script_hello(), script_send(&ours), script_hang()), LADDER_DIED, "rules");
}

Test(encoder_remote_faults, a_program_that_never_says_hello_hangs_asked_or_not)
{
	struct remote_rig rig;

	remote_rig_init(&rig);
	remote_rig_script(&rig, script_hang());
	uint64_t since_us = clock_now_us();
	remote_rig_start(&rig, &rig_x264, 300 * USEC_PER_MSEC);
	expect_fault(&rig, LADDER_HUNG, "start");
	expect_within(&rig, since_us, 300 * USEC_PER_MSEC);
	cr_expect_eq(encoder_remote_pid(rig.encoder), 0);

	remote_rig_configure(&rig, &rig_x264, &format);
	since_us = clock_now_us();
	expect_fault(&rig, LADDER_HUNG, "start");
	expect_within(&rig, since_us, 300 * USEC_PER_MSEC - USEC_PER_MSEC);
	remote_rig_done(&rig);
}

Test(encoder_remote_faults, a_configuration_that_is_not_answered_within_two_seconds_hangs)
{
	struct remote_rig rig;

	begin(&rig, SCRIPT(script_hello(), script_hang()));
	remote_rig_configure(&rig, &rig_x264, &format);
	uint64_t since_us = clock_now_us();
	expect_fault(&rig, LADDER_HUNG, "set up");
	expect_within(&rig, since_us, 2 * USEC_PER_SEC);
	remote_rig_done(&rig);
}

Test(encoder_remote_faults, a_lost_picture_is_told_as_lost)
{
	expect_configured_fault(SCRIPT(script_hello(), script_take_configure(&rig_x264),
					script_failed(1, true), script_hang()),
		LADDER_LOST, "it broke");
}

Test(encoder_remote_faults, its_last_message_counts_for_more_than_how_it_ended)
{
	struct remote_rig rig;

	begin(&rig,
		SCRIPT(script_hello(), script_take_configure(&rig_x264), script_ready(1),
			script_take_configure(&rig_x264), script_failed(2, true), "exit 1\n"));
	remote_rig_configure(&rig, &rig_x264, &format);
	cr_assert(REMOTE_RIG_UNTIL(&rig, rig.readies));
	remote_rig_run(&rig, clock_now_us() + USEC_PER_MSEC); /* nothing: epoll forgets the link */
	/* The end of another child has the loop see both ends before it sees the message. */
	int other = fork();
	if (other == 0)
		_exit(0);
	remote_rig_await_end(other);
	remote_rig_configure(&rig, &rig_x264, &format);
	remote_rig_await_end(encoder_remote_pid(rig.encoder));
	expect_fault(&rig, LADDER_LOST, "it broke");
	cr_assert(REMOTE_RIG_UNTIL(&rig, !encoder_remote_pid(rig.encoder)));

	cr_expect_eq(rig.faults, 1);
	remote_rig_done(&rig);
}

Test(encoder_remote_faults, one_failure_is_told_once)
{
	struct remote_rig rig;

	begin(&rig,
		SCRIPT(script_hello(), script_take_configure(&rig_x264), script_failed(1, false),
			script_failed(1, true), "exit 1\n"));
	remote_rig_configure(&rig, &rig_x264, &format);
	expect_fault(&rig, LADDER_REFUSED, "it broke");
	cr_assert(REMOTE_RIG_UNTIL(&rig, !encoder_remote_pid(rig.encoder)));

	cr_expect_eq(rig.faults, 1);
	remote_rig_done(&rig);
}

Test(encoder_remote_faults, a_process_that_leaves_its_link_but_stays_is_ended)
{
	struct remote_rig rig;

	begin(&rig,
		SCRIPT(script_hello(), script_take_configure(&rig_x264), script_ready(1),
			"exec 3>&-\n", script_hang()));
	remote_rig_configure(&rig, &rig_x264, &format);
	expect_fault(&rig, LADDER_DIED, "link");

	cr_expect_eq(rig.readies, 1);
	remote_rig_done(&rig);
}

Test(encoder_remote_faults, a_packet_of_a_picture_that_was_not_read_ends_the_process)
{
	const struct link_message message = {
		.type = LINK_PACKET,
		.packet = { .sequence = 1, .size_bytes = 1 },
	};
	struct remote_rig rig;
	struct test_picture picture;

	begin(&rig,
		SCRIPT(script_hello(), script_take_configure(&rig_x264), script_ready(1),
			"head -c 8 <&3 >/dev/null\n", script_send(&message), "printf x >&3\n",
			script_hang()));
	test_picture_init(&picture, &format, 1);
	remote_rig_configure(&rig, &rig_x264, &format);
	cr_assert(REMOTE_RIG_UNTIL(&rig, rig.readies));
	remote_rig_encode(&rig, &picture, true);
	expect_fault(&rig, LADDER_DIED, "rules");

	cr_expect_eq(rig.packets, 0);
	test_picture_done(&picture);
	remote_rig_done(&rig);
}

Test(encoder_remote_faults, a_program_that_cannot_be_started_is_told_later)
{
	struct remote_rig rig;

	begin(&rig, "exit 0\n");
	expect_fault(&rig, LADDER_DIED, "exit code 0");
	unlink(rig.program);
	remote_rig_configure(&rig, &rig_x264, &format); /* the rig fails when it is told here */
	expect_fault(&rig, LADDER_DIED, "No such file");

	cr_expect_eq(encoder_remote_restarts(rig.encoder), 0);
	remote_rig_done(&rig);
}

/* Fails, and then hangs; but when it is started again all is well. */
static void begin_with_a_failure(struct remote_rig *rig)
{
	char again[8192];

	snprintf(again, sizeof again, "if [ -e again ]; then\n%s%s%s%sfi\n> again\n",
		script_hello(), "head -c 8 <&3 >/dev/null\n", script_ready(1), script_hang());
	begin(rig,
		SCRIPT(again, script_hello(), script_take_configure(&rig_x264),
			script_failed(1, false), script_hang()));
	remote_rig_configure(rig, &rig_x264, &format);
	expect_fault(rig, LADDER_REFUSED, "it broke");
}

Test(encoder_remote_faults, what_failed_has_only_a_second_to_be_built_anew)
{
	struct remote_rig rig;

	begin_with_a_failure(&rig);
	remote_rig_configure(&rig, &rig_x264, &format);
	uint64_t since_us = clock_now_us();
	expect_fault(&rig, LADDER_HUNG, "set up");

	expect_within(&rig, since_us, USEC_PER_SEC);
	remote_rig_done(&rig);
}

Test(encoder_remote_faults, nobody_is_blamed_for_the_hang_of_what_failed_before)
{
	struct remote_rig rig;

	begin_with_a_failure(&rig);
	remote_rig_configure(&rig, &rig_openh264, &format);
	uint64_t since_us = clock_now_us();
	cr_assert(REMOTE_RIG_UNTIL(&rig, rig.readies || rig.faults > 1));

	cr_expect_eq(rig.faults, 1, "%s", rig.text);
	cr_expect_eq(rig.readies, 1);
	cr_expect_lt(clock_now_us() - since_us, USEC_PER_SEC + SLACK_US);
	cr_expect_eq(encoder_remote_restarts(rig.encoder), 1);
	remote_rig_done(&rig);
}

Test(encoder_remote_faults, a_process_that_fails_three_times_is_replaced)
{
	char one[3][4096 * 2];
	struct remote_rig rig;

	for (uint32_t i = 0; i < 3; i++)
		snprintf(one[i], sizeof one[i], "%s%s", script_take_configure(&rig_x264),
			script_failed(i + 1, false));
	begin(&rig, SCRIPT(script_hello(), one[0], one[1], one[2], script_hang()));
	for (int i = 0; i < 4; i++) {
		cr_expect_eq(encoder_remote_restarts(rig.encoder), 0);
		remote_rig_configure(&rig, &rig_x264, &format);
		expect_fault(&rig, LADDER_REFUSED, "it broke");
	}

	cr_expect_eq(encoder_remote_restarts(rig.encoder), 1);
	remote_rig_done(&rig);
}

static void expect_lines(const struct remote_rig *rig, const char *file, const char *expected)
{
	char path[64], text[1024] = "";

	snprintf(path, sizeof path, "%s/%s", rig->directory, file);
	FILE *stream = fopen(path, "re");
	cr_assert(stream, "%s", path);
	cr_expect_lt(fread(text, 1, sizeof text - 1, stream), sizeof text - 1);
	fclose(stream);
	cr_expect_str_eq(text, expected);
}

Test(encoder_remote_faults, the_process_is_replaced_when_a_candidate_wants_another_environment)
{
	char expected[256], started[64];
	struct remote_rig rig;

	begin(&rig,
		SCRIPT("echo \"${5:-none} $GST_REGISTRY\" >>started\n", script_hello(),
			script_take_configure(&rig_without_drm), script_ready(1),
			script_take_configure(&rig_x264), script_ready(2), script_hang()));
	snprintf(expected, sizeof expected, "none %s/registry-x264enc\n", rig.directory);
	snprintf(started, sizeof started, "%s/started", rig.directory);
	cr_assert(REMOTE_RIG_UNTIL(&rig, access(started, F_OK) == 0));
	expect_lines(&rig, "started", expected);

	remote_rig_configure(&rig, &rig_without_drm, &format);
	cr_assert(REMOTE_RIG_UNTIL(&rig, rig.readies || rig.faults));
	cr_expect_eq(rig.readies, 1, "%s", rig.text);
	cr_expect_eq(encoder_remote_restarts(rig.encoder), 1);
	snprintf(expected + strlen(expected), sizeof expected - strlen(expected),
		"--va-without-drm %s/registry-vaapih264enc-without-drm\n", rig.directory);
	expect_lines(&rig, "started", expected);

	remote_rig_configure(&rig, &rig_x264, &format); /* fits into any */
	cr_assert(REMOTE_RIG_UNTIL(&rig, rig.readies == 2 || rig.faults));
	cr_expect_eq(rig.readies, 2, "%s", rig.text);
	cr_expect_eq(encoder_remote_restarts(rig.encoder), 1);
	remote_rig_done(&rig);
}
