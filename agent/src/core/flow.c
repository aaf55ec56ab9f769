#include "core/flow.h"

/* Half a frame at 15 fps: what may stand in the path's queue besides what fills the path itself. */
#define WINDOW_SLACK_US 33000
#define QUEUE_HIGH_US   30000
#define QUEUE_LOW_US    15000
/* Full windows for this long are no burst any more. */
#define FULL_US           150000
#define RATE_WINDOW_US    3000000
#define RTT_MIN_WINDOW_US 10000000
/* Before the first ACK nothing is known of the path: one frame to start with, one to measure. */
#define START_FRAMES 2

void flow_init(struct flow *flow, uint32_t min_kbit, uint32_t max_kbit)
{
	*flow = (struct flow){
		.min_kbit = min_kbit,
		.max_kbit = max_kbit < min_kbit ? min_kbit : max_kbit,
	};
	flow->target_kbit = flow->max_kbit;
}

/* The best recent delivery rate. The best, because a desktop rarely fills its path: most samples
 * show how little there was to send, not how much could have been. */
static double rate(const struct flow *flow)
{
	double best = 0;

	for (size_t i = 0; i < flow->sample_count; i++)
		if (flow->samples[i].bytes_per_us > best)
			best = flow->samples[i].bytes_per_us;
	return best;
}

static double window_bytes(const struct flow *flow)
{
	return rate(flow) * (double)(flow->rtt_min_us + WINDOW_SLACK_US);
}

bool flow_may_send(const struct flow *flow)
{
	if (flow->count == 0)
		return true;
	if (flow->count == FLOW_MAX_IN_FLIGHT)
		return false;
	if (flow->sample_count == 0)
		return flow->count < START_FRAMES;
	return (double)flow->bytes_in_flight <= window_bytes(flow);
}

void flow_sent(struct flow *flow, uint32_t frame, size_t bytes, uint64_t now_us)
{
	if (flow->count == FLOW_MAX_IN_FLIGHT)
		return;
	if (flow->count == 0)
		flow->delivered_us = now_us;
	flow->in_flight[(flow->head + flow->count++) % FLOW_MAX_IN_FLIGHT] = (struct flow_frame){
		.frame = frame,
		.bytes = bytes,
		.sent_us = now_us,
		.delivered = flow->delivered,
		.delivered_us = flow->delivered_us,
	};
	flow->bytes_in_flight += bytes;
}

static void take_rate_sample(struct flow *flow, const struct flow_frame *frame, uint64_t now_us)
{
	uint64_t elapsed_us = now_us - frame->delivered_us;
	size_t kept = 0;

	for (size_t i = 0; i < flow->sample_count; i++)
		if (now_us - flow->samples[i].at_us < RATE_WINDOW_US)
			flow->samples[kept++] = flow->samples[i];
	flow->sample_count = kept;
	if (elapsed_us == 0)
		elapsed_us = 1;

	struct flow_sample sample = {
		.at_us = now_us,
		.bytes_per_us = (double)(flow->delivered - frame->delivered) / (double)elapsed_us,
	};
	if (flow->sample_count == FLOW_RATE_SAMPLES) {
		for (size_t i = 1; i < FLOW_RATE_SAMPLES; i++)
			flow->samples[i - 1] = flow->samples[i];
		flow->sample_count--;
	}
	flow->samples[flow->sample_count++] = sample;
}

static void take_rtt(struct flow *flow, const struct flow_frame *frame, uint64_t now_us)
{
	flow->rtt_us = now_us - frame->sent_us;
	if (flow->rtt_min_us == 0 || flow->rtt_us <= flow->rtt_min_us ||
		now_us - flow->rtt_min_at_us > RTT_MIN_WINDOW_US) {
		flow->rtt_min_us = flow->rtt_us;
		flow->rtt_min_at_us = now_us;
	}

	/* Sending itself takes bytes / rate; only what is beyond it is a queue. */
	uint64_t expected_us = flow->rtt_min_us;
	if (rate(flow) > 0)
		expected_us += (uint64_t)((double)frame->bytes / rate(flow));
	flow->queue_us = flow->rtt_us > expected_us ? flow->rtt_us - expected_us : 0;
}

static void cut(struct flow *flow, double share, uint64_t now_us)
{
	double kbit = rate(flow) * 8000 * share;

	if (kbit < flow->target_kbit)
		flow->target_kbit = kbit;
	flow->hold_until_us = now_us + 2 * flow->rtt_us;
}

/* `full`: the window was, when the ACK came. */
static void steer(struct flow *flow, bool full, uint64_t now_us)
{
	if (!full)
		flow->full_since_us = 0;
	else if (!flow->full_since_us)
		flow->full_since_us = now_us;

	if (flow->queue_us > QUEUE_HIGH_US && now_us >= flow->hold_until_us) {
		cut(flow, 0.85, now_us);
	} else if (full && now_us - flow->full_since_us > FULL_US &&
		now_us >= flow->hold_until_us) {
		cut(flow, 0.9, now_us);
	} else if (!full && flow->queue_us < QUEUE_LOW_US && now_us >= flow->hold_until_us) {
		uint64_t since_us = now_us - flow->grown_us;

		if (since_us > 100000)
			since_us = 100000; /* an idle desktop is no reason for a leap */
		flow->target_kbit *= 1 + 0.3 * (double)since_us / 1e6;
	}
	flow->grown_us = now_us;
	if (flow->target_kbit < flow->min_kbit)
		flow->target_kbit = flow->min_kbit;
	if (flow->target_kbit > flow->max_kbit)
		flow->target_kbit = flow->max_kbit;
}

size_t flow_acked(struct flow *flow, uint32_t frame, uint64_t now_us)
{
	size_t acked = 0;
	bool full = flow->count > 1 && !flow_may_send(flow);

	for (size_t i = 0; i < flow->count; i++)
		if (flow->in_flight[(flow->head + i) % FLOW_MAX_IN_FLIGHT].frame == frame)
			acked = i + 1;
	if (acked == 0)
		return 0;

	struct flow_frame last = flow->in_flight[(flow->head + acked - 1) % FLOW_MAX_IN_FLIGHT];
	for (size_t i = 0; i < acked; i++) {
		size_t bytes = flow->in_flight[flow->head].bytes;

		flow->head = (flow->head + 1) % FLOW_MAX_IN_FLIGHT;
		flow->count--;
		flow->bytes_in_flight -= bytes;
		flow->delivered += bytes;
	}
	take_rate_sample(flow, &last, now_us);
	flow->delivered_us = now_us;
	take_rtt(flow, &last, now_us);
	steer(flow, full, now_us);
	return acked;
}

uint32_t flow_target_kbit(const struct flow *flow)
{
	return (uint32_t)flow->target_kbit;
}

uint32_t flow_rate_kbit(const struct flow *flow)
{
	return (uint32_t)(rate(flow) * 8000);
}

uint64_t flow_oldest_us(const struct flow *flow, uint64_t now_us)
{
	return flow->count ? now_us - flow->in_flight[flow->head].sent_us : 0;
}

void flow_reset_in_flight(struct flow *flow)
{
	flow->head = flow->count = flow->bytes_in_flight = 0;
}
