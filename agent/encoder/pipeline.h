/* One GStreamer pipeline: appsrc ! encoder ! h264parse ! appsink. One picture in, one access unit
 * out, and nothing waits in between.
 *
 * Threads: main thread only; the packet callback comes from GStreamer's streaming thread.
 * Ownership: the staging frame is the caller's and must outlive the pipeline. */
#pragma once

#include "encoders.h"
#include "staging.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pipeline;

/* What a picture carries through the encoder. */
struct pipeline_tag {
	uint32_t sequence;
	uint64_t started_us, converted_us;
};

struct pipeline_packet {
	struct pipeline_tag tag;
	bool key;
	const uint8_t *bytes; /* valid during the callback */
	size_t size;
};

/* From the streaming thread. From this moment the staging frame may change and the next picture may
 * be pushed. It must not call the pipeline. */
typedef void pipeline_packet_fn(void *owner, const struct pipeline_packet *packet);

struct pipeline_text {
	char text[400];
};

/* Build and prove it: the staging frame must come back as an access unit, within a second from
 * hardware, else within five. -ENOENT when an element is not installed, -EIO when GStreamer says
 * no, -ETIMEDOUT when nothing comes back; logs why and writes it to ret_why. */
int pipeline_new(const struct encoder *encoder, const struct encoder_settings *settings,
	const struct staging *staging, pipeline_packet_fn *on_packet, void *owner,
	struct pipeline **ret_pipeline, struct pipeline_text *ret_why);

/* The same, but what failed is left in *ret_pipeline (NULL when there is nothing), so that the
 * failure can be told before pipeline_free(), which may never return, is called. */
int pipeline_try(const struct encoder *encoder, const struct encoder_settings *settings,
	const struct staging *staging, pipeline_packet_fn *on_packet, void *owner,
	struct pipeline **ret_pipeline, struct pipeline_text *ret_why);

/* May block for ever when a driver hangs: whoever watches this process must be able to kill it. */
void pipeline_free(struct pipeline *pipeline);

/* Encode the staging frame as it is. `key` makes exactly this picture an IDR, which the first one
 * always is; others may become one unasked. -EBUSY when the one before has not come out. */
int pipeline_push(
	struct pipeline *pipeline, uint64_t pts_us, bool key, const struct pipeline_tag *tag);

/* Takes effect as bitrate.h says. */
void pipeline_set_bitrate(struct pipeline *pipeline, uint32_t kbit);

/* When the picture that is under way counts as lost; UINT64_MAX when none is, or when the encoder
 * always says so itself. */
uint64_t pipeline_deadline_us(struct pipeline *pipeline);

/* Whether that moment has passed. If so the picture is given up: on_packet will not come. */
bool pipeline_has_lost(struct pipeline *pipeline, uint64_t now_us);

/* Let nothing more come out. Returns when on_packet does not run. */
void pipeline_mute(struct pipeline *pipeline);

/* Readable when pipeline_check() has something to do. */
int pipeline_fd(struct pipeline *pipeline);

/* Look at GStreamer's messages. -EIO and a reason when the pipeline is broken. */
int pipeline_check(struct pipeline *pipeline, struct pipeline_text *ret_why);
