#include "core/flow.h"

#include <criterion/criterion.h>

#define MS 1000u

/* A path of `kbit` with a fixed delay each way and an endless buffer: when a frame's ACK comes
 * back. */
struct path {
	double bytes_per_us;
	uint64_t delay_us, busy_until_us;
};

static uint64_t path_ack_us(struct path *path, size_t bytes, uint64_t now_us)
{
	uint64_t start = path->busy_until_us > now_us ? path->busy_until_us : now_us;

	path->busy_until_us = start + (uint64_t)((double)bytes / path->bytes_per_us);
	return path->busy_until_us + 2 * path->delay_us;
}

/* Send a frame whenever allowed, at most one each 16.7 ms, spending what the flow asks for. Returns
 * the worst time from sending to ACK in the last half. */
static uint64_t drive(
	struct flow *flow, struct path *path, double seconds, uint64_t *now_us, uint32_t *frame)
{
	uint64_t end = *now_us + (uint64_t)(seconds * 1e6),
		 half = *now_us + (uint64_t)(seconds * 5e5);
	uint64_t acks[FLOW_MAX_IN_FLIGHT], worst = 0;
	uint32_t oldest = *frame;

	for (; *now_us < end; *now_us += 1000) {
		while (oldest != *frame && acks[oldest % FLOW_MAX_IN_FLIGHT] <= *now_us)
			flow_acked(flow, oldest++, *now_us);
		if (*now_us % 16700 >= 1000 || !flow_may_send(flow))
			continue;
		size_t bytes = (size_t)(flow_target_kbit(flow) * 1000.0 / 8 / 60);
		flow_sent(flow, *frame, bytes, *now_us);
		uint64_t ack = path_ack_us(path, bytes, *now_us);
		acks[(*frame)++ % FLOW_MAX_IN_FLIGHT] = ack;
		if (*now_us > half && ack - *now_us > worst)
			worst = ack - *now_us;
	}
	return worst;
}

Test(flow, lets_the_first_frames_go_and_then_waits_for_an_ack)
{
	struct flow flow;

	flow_init(&flow, 300, 8000);
	cr_assert(flow_may_send(&flow));
	flow_sent(&flow, 0, 50000, 1000);
	cr_assert(flow_may_send(&flow));
	flow_sent(&flow, 1, 50000, 2000);

	cr_assert_not(flow_may_send(&flow));
	cr_assert_eq(flow_acked(&flow, 0, 9000), 1);
	cr_assert_eq(flow.bytes_in_flight, 50000);
}

Test(flow, counts_one_ack_for_all_frames_before_it)
{
	struct flow flow;

	flow_init(&flow, 300, 8000);
	flow_sent(&flow, 7, 100, 1000);
	flow_sent(&flow, 8, 100, 2000);

	cr_assert_eq(flow_acked(&flow, 8, 5000), 2);
	cr_assert_eq(flow.count, 0);
	cr_assert_eq(flow.bytes_in_flight, 0);
}

Test(flow, ignores_acks_for_frames_that_are_not_under_way)
{
	struct flow flow;

	flow_init(&flow, 300, 8000);
	flow_sent(&flow, 0, 100, 1000);

	cr_assert_eq(flow_acked(&flow, 99, 2000), 0);
	cr_assert_eq(flow.count, 1);
	cr_assert_eq(flow_acked(&flow, 0, 2000), 1);
	cr_assert_eq(flow_acked(&flow, 0, 2000), 0);
}

Test(flow, keeps_frames_young_on_a_slow_path_and_uses_it)
{
	struct path path = { .bytes_per_us = 5000.0 / 8000, .delay_us = 2 * MS };
	uint64_t now_us = 1000000;
	uint32_t frame = 0;
	struct flow flow;

	flow_init(&flow, 300, 20000);
	uint64_t worst = drive(&flow, &path, 10, &now_us, &frame);

	cr_expect_lt(worst, 100 * MS, "a frame took %llu us", (unsigned long long)worst);
	cr_expect_gt(flow_target_kbit(&flow), 2500);
	cr_expect_lt(flow_target_kbit(&flow), 7000);
}

Test(flow, follows_a_path_that_gets_narrow_and_wide_again)
{
	struct path path = { .bytes_per_us = 20000.0 / 8000, .delay_us = 5 * MS };
	uint64_t now_us = 1000000;
	uint32_t frame = 0;
	struct flow flow;

	flow_init(&flow, 300, 15000);
	drive(&flow, &path, 5, &now_us, &frame);
	cr_expect_gt(flow_target_kbit(&flow), 12000);

	path.bytes_per_us = 2000.0 / 8000;
	uint64_t worst = drive(&flow, &path, 12, &now_us, &frame);
	cr_expect_lt(worst, 150 * MS, "a frame took %llu us", (unsigned long long)worst);
	cr_expect_lt(flow_target_kbit(&flow), 3000);

	path.bytes_per_us = 20000.0 / 8000;
	drive(&flow, &path, 15, &now_us, &frame);
	cr_expect_gt(flow_target_kbit(&flow), 10000);
}

Test(flow, fills_a_long_path)
{
	struct path path = { .bytes_per_us = 20000.0 / 8000, .delay_us = 50 * MS };
	uint64_t now_us = 1000000;
	uint32_t frame = 0;
	struct flow flow;

	flow_init(&flow, 300, 8000);
	drive(&flow, &path, 8, &now_us, &frame);
	uint32_t before = frame;
	drive(&flow, &path, 4, &now_us, &frame);

	/* 100 ms there and back, one frame at a time, would be 10 a second. */
	cr_expect_gt(frame - before, 4 * 40);
	cr_expect_gt(flow_target_kbit(&flow), 6000);
}

Test(flow, tells_how_long_the_oldest_frame_is_under_way)
{
	struct flow flow;

	flow_init(&flow, 300, 8000);
	cr_assert_eq(flow_oldest_us(&flow, 5000), 0);
	flow_sent(&flow, 0, 100, 1000);
	flow_sent(&flow, 1, 100, 3000);

	cr_assert_eq(flow_oldest_us(&flow, 5000), 4000);
	flow_reset_in_flight(&flow);
	cr_assert_eq(flow_oldest_us(&flow, 5000), 0);
	cr_assert(flow_may_send(&flow));
}
