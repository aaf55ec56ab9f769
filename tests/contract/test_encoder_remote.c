/* The agent's side of the link, with the real helix-encoder. */
#include "lib/remote_rig.h"
#include "sys/clock.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define REBUILDS 1000
/* What is cached at first use is there by then. */
#define SETTLED 100
#define KILLS   30
/* The heap may differ by what one process says more than another: less than a byte a rebuild. */
#define SPARE_BYTES 1000

static const struct picture_format sizes[] = {
	{ PIXEL_BGRX, 320, 240 },
	{ PIXEL_BGRX, 640, 480 },
};

static void begin(struct remote_rig *rig)
{
	remote_rig_init(rig);
	remote_rig_start(rig, &rig_x264, 0);
}

static void expect_ready(struct remote_rig *rig, const struct picture_format *format)
{
	unsigned readies = rig->readies;

	remote_rig_configure(rig, &rig_x264, format);
	cr_assert(REMOTE_RIG_UNTIL(rig, rig->readies > readies || rig->faults));
	cr_assert_eq(rig->readies, readies + 1, "%s", rig->text);
	cr_assert_eq(rig->faults, 0, "%s", rig->text);
}

static void expect_packet(struct remote_rig *rig, const struct test_picture *picture, bool key)
{
	unsigned packets = rig->packets;

	remote_rig_encode(rig, picture, key);
	cr_assert(REMOTE_RIG_UNTIL(rig, rig->packets > packets || rig->faults));
	cr_assert_eq(rig->packets, packets + 1, "%s", rig->text);
}

Test(encoder_remote, encodes_a_picture_and_says_when_it_was_read)
{
	struct remote_rig rig;
	struct test_picture picture;

	begin(&rig);
	test_picture_init(&picture, &sizes[0], 7);
	expect_ready(&rig, &sizes[0]);
	cr_expect_str_eq(rig.name, "x264enc");

	expect_packet(&rig, &picture, true);
	cr_expect_eq(rig.releases, 1);
	cr_expect_eq(rig.released, 7);
	cr_expect_eq(rig.keys, 1);
	expect_packet(&rig, NULL, false); /* the same once more */

	cr_expect_eq(rig.releases, 1);
	cr_expect_eq(rig.keys, 1);
	cr_expect_eq(encoder_remote_restarts(rig.encoder), 0);
	test_picture_done(&picture);
	remote_rig_done(&rig);
}

Test(encoder_remote, a_newer_configuration_replaces_one_that_is_not_answered)
{
	struct remote_rig rig;
	struct test_picture picture;

	begin(&rig);
	test_picture_init(&picture, &sizes[1], 1);
	remote_rig_configure(&rig, &rig_x264, &sizes[0]);
	expect_ready(&rig, &sizes[1]);
	expect_packet(&rig, &picture, true);

	cr_expect_eq(rig.readies, 1);
	test_picture_done(&picture);
	remote_rig_done(&rig);
}

Test(encoder_remote, a_thousand_rebuilds_leave_nothing_behind)
{
	struct remote_rig rig;
	struct test_picture pictures[2];
	size_t ours = 0, theirs = 0, our_fds = 0, their_fds = 0;

	begin(&rig);
	for (uint32_t i = 0; i < 2; i++)
		test_picture_init(&pictures[i], &sizes[i], i + 1);
	for (int i = 0; i < SETTLED + REBUILDS; i++) {
		if (i == SETTLED) {
			ours = heap_bytes();
			our_fds = count_fds(getpid());
			theirs = memory_bytes(encoder_remote_pid(rig.encoder));
			their_fds = count_fds(encoder_remote_pid(rig.encoder));
		}
		expect_ready(&rig, &sizes[i % 2]);
		expect_packet(&rig, &pictures[i % 2], true);
	}

	cr_expect_eq(encoder_remote_restarts(rig.encoder), 0);
	cr_expect_eq(count_fds(getpid()), our_fds);
	cr_expect_eq(count_fds(encoder_remote_pid(rig.encoder)), their_fds);
	cr_expect_leq(heap_bytes(), ours + SPARE_BYTES);
	cr_expect_leq(memory_bytes(encoder_remote_pid(rig.encoder)), theirs + (16 << 20));
	for (uint32_t i = 0; i < 2; i++)
		test_picture_done(&pictures[i]);
	remote_rig_done(&rig);
}

Test(encoder_remote, a_process_that_dies_while_idle_is_told_and_the_next_configure_starts_another)
{
	struct remote_rig rig;
	struct test_picture picture;
	size_t fds = 0, bytes = 0;

	begin(&rig);
	test_picture_init(&picture, &sizes[0], 1);
	for (int i = 0; i < KILLS; i++) {
		expect_ready(&rig, &sizes[0]);
		expect_packet(&rig, &picture, true); /* it knows the picture, though it is new */
		if (i == 1) {
			fds = count_fds(getpid());
			bytes = heap_bytes();
		}
		if (i)
			cr_expect_eq(count_fds(getpid()), fds);
		int pid = encoder_remote_pid(rig.encoder);
		kill(pid, SIGKILL);
		cr_assert(REMOTE_RIG_UNTIL(&rig, rig.faults));
		cr_expect_eq(rig.fault, LADDER_DIED);
		cr_expect(strstr(rig.text, "SIGKILL"), "%s", rig.text);
		cr_expect_eq(encoder_remote_pid(rig.encoder), 0);
		rig.faults = 0;
	}

	cr_expect_eq(encoder_remote_restarts(rig.encoder), KILLS - 1);
	cr_expect_leq(heap_bytes(), bytes + SPARE_BYTES);
	test_picture_done(&picture);
	remote_rig_done(&rig);
}

Test(encoder_remote, a_process_that_hangs_over_a_picture_is_killed_after_half_a_second)
{
	struct remote_rig rig;
	struct test_picture picture;

	begin(&rig);
	test_picture_init(&picture, &sizes[0], 1);
	expect_ready(&rig, &sizes[0]);
	expect_packet(&rig, &picture, true);
	kill(encoder_remote_pid(rig.encoder), SIGSTOP);
	uint64_t since_us = clock_now_us();
	remote_rig_encode(&rig, &picture, false);
	cr_assert(REMOTE_RIG_UNTIL(&rig, rig.faults));

	cr_expect_eq(rig.fault, LADDER_HUNG);
	cr_expect_geq(rig.told_us - since_us, 500 * USEC_PER_MSEC);
	cr_expect_lt(rig.told_us - since_us, 800 * USEC_PER_MSEC);
	rig.faults = 0;
	expect_ready(&rig, &sizes[0]);
	expect_packet(&rig, &picture, true);
	test_picture_done(&picture);
	remote_rig_done(&rig);
}

Test(encoder_remote, a_picture_that_cannot_be_used_is_refused_and_the_process_serves_on)
{
	struct remote_rig rig;
	struct test_picture small, large;

	begin(&rig);
	test_picture_init(&small, &sizes[0], 1);
	test_picture_init(&large, &sizes[1], 1);
	expect_ready(&rig, &sizes[1]);
	remote_rig_encode(&rig, &small, true);
	cr_assert(REMOTE_RIG_UNTIL(&rig, rig.faults));
	cr_expect_eq(rig.fault, LADDER_REFUSED);
	rig.faults = 0;
	expect_ready(&rig, &sizes[1]);
	expect_packet(&rig, &large, true); /* the same number, introduced anew */

	cr_expect_eq(encoder_remote_restarts(rig.encoder), 0);
	test_picture_done(&small);
	test_picture_done(&large);
	remote_rig_done(&rig);
}
