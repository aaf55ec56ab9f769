/* The seam to an encoder: pictures in shared memory go in, access units come out.
 *
 * Implemented by encoder/remote.c: helix-encoder, in a process of its own. What the rest of the
 * agent relies on is tested through it with the real process: tests/integration/restart.test.mjs.
 *
 * Threads: main loop only. Events come from the loop, never from inside a call. */
#pragma once

#include "core/candidates.h"
#include "core/ladder.h"
#include "core/packet.h"
#include "core/picture.h"

#include <stdbool.h>
#include <stdint.h>

struct encoder;

struct encoder_config {
	struct picture_format format;
	uint32_t max_fps;
	uint32_t bitrate_kbit;
	const struct candidate *candidate; /* which encoder, and how to it; copied */
};

/* A picture in shared memory. The same id always means the same memory. */
struct encoder_picture {
	uint32_t buffer; /* never 0 */
	int fd;          /* stays the caller's */
	uint64_t offset_bytes, size_bytes;
	uint32_t stride_bytes;
};

struct encoder_job {
	const struct encoder_picture *picture; /* NULL = the last one once more */
	struct picture_damage damage;
	bool key;
	uint64_t pts_us; /* strictly increasing */
};

/* What is known of an encoded picture besides its bytes. */
struct encoder_timing {
	uint64_t started_us, converted_us, encoded_us;
};

struct encoder_ops {
	/* Set up for a size and a candidate, or again for others; starts whatever has to run for
	 * it. Nothing may be outstanding. Exactly one of `ready` and `failed` follows. */
	void (*configure)(struct encoder *encoder, const struct encoder_config *config);
	/* Encode one picture; at most one at a time, only after `ready`. Exactly one of `packet`
	 * and `failed` follows. */
	void (*encode)(struct encoder *encoder, const struct encoder_job *job);
	/* The memory behind this id goes away. */
	void (*forget_buffer)(struct encoder *encoder, uint32_t buffer);
	void (*set_bitrate)(struct encoder *encoder, uint32_t kbit);
	void (*free)(struct encoder *encoder);
};

struct encoder_events {
	/* Configured: the next picture must be whole. Names the encoder for people. */
	void (*ready)(void *owner, const char *name, const char *description);
	/* The picture was read; its memory may change. Once for each job with a picture. */
	void (*released)(void *owner, uint32_t buffer);
	/* The access unit as it came from the encoder, in a packet that the owner now holds. */
	void (*packet)(
		void *owner, struct packet *packet, bool key, const struct encoder_timing *timing);
	/* It crashed, hung, refused or lost a picture; an outstanding job is lost and its buffer
	 * counts as released. It does nothing more before the next `configure`. `text` is for
	 * people. */
	void (*failed)(void *owner, enum ladder_fault fault, const char *text);
};

struct encoder {
	const struct encoder_ops *ops;
	const struct encoder_events *events;
	void *owner;
};
