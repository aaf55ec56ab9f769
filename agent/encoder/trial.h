/* An encoder at work: PROBE_PICTURES pictures of the scene go through the pipeline that serves the
 * agent, one after another.
 *
 * Threads: main thread only; the access units come from GStreamer's. Ownership: the caller's
 * memory, which must not move; all else is the trial's. */
#pragma once

#include "pipeline.h"
#include "probe.h"
#include "scene.h"
#include "staging.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct trial_unit {
	uint8_t *memory; /* with H264_HEADROOM in front of the access unit */
	size_t size;
	uint32_t took_us; /* from the converted picture until it was there */
};

struct trial {
	struct picture_format format;
	uint32_t max_fps;
	struct scene scene;
	struct staging staging;
	struct pipeline *pipeline;
	size_t pictures; /* that went in */
	/* What the encoder saw of some of them, to compare with; NULL of the others. */
	uint8_t *luma[PROBE_PICTURES];

	pthread_mutex_t lock; /* guards what follows: both threads use it */
	int arrived;          /* eventfd */
	bool is_overfull;     /* one did not fit: too big, or one too many */
	struct trial_unit units[PROBE_PICTURES];
	size_t unit_count;
};

/* Runs it. -ETIMEDOUT when an access unit does not come; -ENOENT, -EIO or -ENOMEM when something
 * says no; `ret_why` explains. Then too what has come is there, and trial_done() is due. */
int trial_run(struct trial *trial, const struct encoder *encoder,
	const struct probe_request *request, struct pipeline_text *ret_why);

/* May block for ever when a driver hangs, as pipeline_free(). */
void trial_done(struct trial *trial);
