/* When a new bitrate is passed on to an encoder.
 *
 * The agent follows the network and may change its mind many times a second; an encoder that begins
 * each new bitrate with an IDR must not. There it is passed on once a second, but at once when it
 * goes down by more than a fifth, because then a queue is growing, and with a picture that becomes
 * an IDR anyway. The last wish is never lost.
 *
 * Threads: main thread only. Pure: time comes from the caller, in microseconds. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct bitrate {
	bool makes_key; /* a new one costs an IDR */
	uint32_t wanted_kbit, kbit;
	uint64_t since_us; /* of kbit */
};

/* An encoder begins with `kbit`. */
void bitrate_init(struct bitrate *bitrate, uint32_t kbit, bool makes_key);
void bitrate_want(struct bitrate *bitrate, uint32_t kbit);

/* A picture is about to be encoded, and will be an IDR if `is_key`. True: the encoder has to be
 * told bitrate->kbit before. */
bool bitrate_is_due(struct bitrate *bitrate, bool is_key, uint64_t now_us);
