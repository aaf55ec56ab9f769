#include "trial.h"

#include "core/h264.h"
#include "core/link.h"
#include "sys/clock.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define UNIT_DEADLINE_US (1 * USEC_PER_SEC)
#define COMPARE_EVERY    10

/* With less, what x264 makes of 3840x2160 is no longer the picture that was given. */
#define MIN_BITS_PER_1000_PIXELS 20

/* From the streaming thread. */
static void on_packet(void *owner, const struct pipeline_packet *packet)
{
	struct trial *t = owner;
	uint64_t took_us = clock_now_us() - packet->tag.converted_us;
	uint8_t *memory = NULL;

	if (packet->size <= LINK_MAX_PACKET)
		memory = malloc(H264_HEADROOM + packet->size);
	pthread_mutex_lock(&t->lock);
	if (memory && t->unit_count < PROBE_PICTURES) {
		memcpy(memory + H264_HEADROOM, packet->bytes, packet->size);
		t->units[t->unit_count++] = (struct trial_unit){
			.memory = memory,
			.size = packet->size,
			.took_us = (uint32_t)took_us,
		};
	} else {
		free(memory);
		t->is_overfull = true;
	}
	pthread_mutex_unlock(&t->lock);
	eventfd_write(t->arrived, 1);
}

/* 1 when as many access units have come as pictures went in, 0 when not. */
static int is_complete(struct trial *t, struct pipeline_text *ret_why)
{
	pthread_mutex_lock(&t->lock);
	bool is_overfull = t->is_overfull, is_there = t->unit_count >= t->pictures;
	pthread_mutex_unlock(&t->lock);

	if (is_overfull)
		strcpy(ret_why->text, "an access unit is too big");
	return is_overfull ? -EIO : is_there;
}

/* Until the access unit of the picture that went in last is there, or an error. */
static int await_unit(struct trial *t, struct pipeline_text *ret_why)
{
	uint64_t deadline_us = clock_now_us() + UNIT_DEADLINE_US;
	int r;

	while ((r = is_complete(t, ret_why)) == 0) {
		uint64_t now_us = clock_now_us();
		struct pollfd fds[2] = {
			{ .fd = t->arrived, .events = POLLIN },
			{ .fd = pipeline_fd(t->pipeline), .events = POLLIN },
		};
		eventfd_t count;

		if (now_us >= deadline_us)
			return -ETIMEDOUT;
		int timeout_ms = (int)((deadline_us - now_us) / USEC_PER_MSEC) + 1;
		if (poll(fds, 2, timeout_ms) < 0 && errno != EINTR)
			return -errno;
		if (fds[0].revents)
			eventfd_read(t->arrived, &count);
		if (fds[1].revents && pipeline_check(t->pipeline, ret_why) < 0)
			return -EIO;
	}
	return r < 0 ? r : 0;
}

static int keep_luma(struct trial *t, size_t number)
{
	size_t size = (size_t)t->staging.strides_bytes[0] * t->staging.height_px;

	if (number % COMPARE_EVERY != 0 && number != PROBE_PICTURES - 1)
		return 0;
	t->luma[number] = malloc(size);
	if (!t->luma[number])
		return -ENOMEM;
	memcpy(t->luma[number], t->staging.planes[0], size);
	return 0;
}

static int encode(struct trial *t, size_t number, struct pipeline_text *ret_why)
{
	struct picture_damage all = { .everything = true };
	struct pipeline_tag tag = { .sequence = (uint32_t)number };

	scene_draw(&t->scene, (uint32_t)number);
	tag.started_us = clock_now_us();
	staging_convert(&t->staging, &t->format, t->scene.pixels, t->scene.stride_bytes, &all);
	int r = keep_luma(t, number);
	if (r < 0)
		return r;

	tag.converted_us = clock_now_us();
	r = pipeline_push(t->pipeline, number * USEC_PER_SEC / t->max_fps, number == 0, &tag);
	if (r < 0) {
		/* What is wrong may be on the bus. */
		if (pipeline_check(t->pipeline, ret_why) == 0)
			strcpy(ret_why->text, "it takes no picture");
		return -EIO;
	}
	t->pictures++;
	return await_unit(t, ret_why);
}

static uint32_t enough_kbit(const struct trial *t, uint32_t wanted_kbit)
{
	uint64_t pixels = (uint64_t)t->staging.width_px * t->staging.height_px * t->max_fps;
	uint64_t least_kbit = pixels / 1000 * MIN_BITS_PER_1000_PIXELS / 1000;

	return wanted_kbit > least_kbit ? wanted_kbit : (uint32_t)least_kbit;
}

static int prepare(struct trial *t, const struct encoder *encoder,
	const struct probe_request *request, struct pipeline_text *ret_why)
{
	t->arrived = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (t->arrived < 0)
		return -errno;
	int r = scene_init(&t->scene, request->width_px, request->height_px);
	if (r == 0)
		r = staging_init(&t->staging, encoder->layout, &t->format);
	if (r < 0)
		return r;

	struct encoder_settings settings = {
		.width_px = t->staging.width_px,
		.height_px = t->staging.height_px,
		.max_fps = request->max_fps,
		.bitrate_kbit = enough_kbit(t, request->bitrate_kbit),
	};
	return pipeline_new(encoder, &settings, &t->staging, on_packet, t, &t->pipeline, ret_why);
}

int trial_run(struct trial *trial, const struct encoder *encoder,
	const struct probe_request *request, struct pipeline_text *ret_why)
{
	*trial = (struct trial){
		.format = { PIXEL_BGRX, request->width_px, request->height_px },
		.max_fps = request->max_fps,
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.arrived = -1,
	};

	int r = prepare(trial, encoder, request, ret_why);
	for (size_t i = 0; r == 0 && i < PROBE_PICTURES; i++)
		r = encode(trial, i, ret_why);
	if (r < 0 && !ret_why->text[0])
		snprintf(ret_why->text, sizeof ret_why->text, "%s", strerror(-r));
	return r;
}

void trial_done(struct trial *trial)
{
	pipeline_free(trial->pipeline);
	staging_done(&trial->staging);
	scene_done(&trial->scene);
	for (size_t i = 0; i < PROBE_PICTURES; i++) {
		free(trial->luma[i]);
		free(trial->units[i].memory);
	}
	if (trial->arrived >= 0)
		close(trial->arrived);
	pthread_mutex_destroy(&trial->lock);
}
