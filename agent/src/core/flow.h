/* The flow of one viewer: how much may be under way to it, and how many bits a second its path
 * carries.
 *
 * Clocked by ACKs. Each acknowledged frame yields a round trip time and a sample of the delivery
 * rate (as BBR takes them: bytes delivered between a frame's sending and its ACK, over that time).
 * A frame may be sent while the bytes under way fit `rate * (smallest round trip + 33 ms)`, so a
 * slow path never queues more than about one frame time, whatever its buffers hold. When a queue
 * builds up all the same, or the window is full for long, the target bitrate falls below what was
 * delivered, so that pictures get smaller rather than fewer; then it climbs by about 1.3 a second.
 *
 * Threads: main loop only. Pure: time comes from the caller, in microseconds. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FLOW_MAX_IN_FLIGHT 32
#define FLOW_RATE_SAMPLES  16

struct flow_frame {
	uint32_t frame;
	size_t bytes;
	uint64_t sent_us;
	uint64_t delivered; /* bytes acknowledged in all when it was sent */
	uint64_t delivered_us;
};

struct flow_sample {
	uint64_t at_us;
	double bytes_per_us;
};

struct flow {
	uint32_t min_kbit, max_kbit;
	double target_kbit;

	struct flow_frame in_flight[FLOW_MAX_IN_FLIGHT]; /* oldest first, from `head` */
	size_t head, count, bytes_in_flight;

	uint64_t delivered, delivered_us;
	struct flow_sample samples[FLOW_RATE_SAMPLES];
	size_t sample_count;

	uint64_t rtt_us, rtt_min_us, rtt_min_at_us;
	uint64_t queue_us;      /* what the last frame waited in the path */
	uint64_t hold_until_us; /* no second cut before the first one shows */
	uint64_t grown_us;
	uint64_t full_since_us; /* the window is full, so the path is the limit; 0 = it is not */
};

void flow_init(struct flow *flow, uint32_t min_kbit, uint32_t max_kbit);

/* Whether another frame may be sent. Always true when nothing is under way. */
bool flow_may_send(const struct flow *flow);

/* A frame went to the socket. Frame numbers count up. */
void flow_sent(struct flow *flow, uint32_t frame, size_t bytes, uint64_t now_us);

/* The viewer has received all frames up to and with this one. Returns how many were acknowledged:
 * 0 for a number that is not under way. */
size_t flow_acked(struct flow *flow, uint32_t frame, uint64_t now_us);

/* What the encoder should spend for this viewer, min_kbit..max_kbit. */
uint32_t flow_target_kbit(const struct flow *flow);

/* The delivery rate in kbit/s, 0 = not known yet. */
uint32_t flow_rate_kbit(const struct flow *flow);

/* How long the oldest frame has been under way; 0 when none is. */
uint64_t flow_oldest_us(const struct flow *flow, uint64_t now_us);

/* Forget what is under way: the viewer starts anew with the next key frame. */
void flow_reset_in_flight(struct flow *flow);
