#include "pipeline.h"

#include "bitrate.h"
#include "sys/clock.h"
#include "sys/log.h"

#include <assert.h>
#include <errno.h>
#include <gst/app/gstappsink.h>
#include <gst/app/gstappsrc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define PROOF_MESSAGE              "helix-proof"
#define PROOF_DEADLINE_US          (5 * USEC_PER_SEC)
#define PROOF_HARDWARE_DEADLINE_US (1 * USEC_PER_SEC)

/* Longer than any encoder takes that is of use, and shorter than the agent waits before it takes
 * the whole process for hung. */
#define LOSS_DEADLINE_US (300 * USEC_PER_MSEC)

/* OpenH264 computes a picture's share of the bitrate from the time since the one before, and would
 * give the first after a pause all that the pause could have cost. */
#define MAX_STEP_US (50 * USEC_PER_MSEC)

/* BT.601 matrix, as libyuv converts, but the primaries and the curve of the screen. In GStreamer's
 * words: limited range, matrix bt601, transfer srgb, primaries bt709. */
#define COLORIMETRY "2:4:7:1"

struct pipeline {
	const struct encoder *encoder;
	const struct staging *staging;
	GstElement *bin, *source, *element, *sink;
	GstBus *bus;
	GstMemory *picture; /* the staging frame's bytes */
	pipeline_packet_fn *on_packet;
	void *owner;
	struct bitrate bitrate;
	bool is_counting;
	uint64_t last_pts_us;     /* as the agent counts */
	uint64_t last_encoder_us; /* as the encoder does */
	unsigned key_count;

	/* Guards what follows, which both threads use, and is held while a packet is given away. */
	pthread_mutex_t lock;
	bool is_pending, is_proven, is_muted;
	struct pipeline_tag pending;
	uint64_t pushed_us;
};

/* The access unit of the proof: tell the main thread, which waits for it. */
static void post_proof(struct pipeline *p)
{
	GstStructure *nothing = gst_structure_new_empty(PROOF_MESSAGE);

	gst_bus_post(p->bus, gst_message_new_application(GST_OBJECT(p->sink), nothing));
}

/* To lose a part of the stream silently would spoil all that follows. */
static void post_surplus(struct pipeline *p)
{
	GST_ELEMENT_ERROR(
		p->sink, STREAM, ENCODE, ("An access unit that no picture asked for."), (NULL));
}

static void give_away(struct pipeline *p, GstBuffer *buffer)
{
	struct pipeline_packet packet = { .tag = p->pending };
	GstMapInfo map;

	if (!p->is_pending || !gst_buffer_map(buffer, &map, GST_MAP_READ)) {
		post_surplus(p);
		return;
	}
	p->is_pending = false;
	packet.key = !GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT);
	packet.bytes = map.data;
	packet.size = map.size;
	p->on_packet(p->owner, &packet);
	gst_buffer_unmap(buffer, &map);
}

static void deliver(struct pipeline *p, GstBuffer *buffer)
{
	pthread_mutex_lock(&p->lock);
	if (!p->is_proven) {
		p->is_proven = true;
		p->is_pending = false;
		post_proof(p);
	} else if (!p->is_muted) {
		give_away(p, buffer);
	}
	pthread_mutex_unlock(&p->lock);
}

static GstFlowReturn on_sample(GstAppSink *sink, gpointer owner)
{
	GstSample *sample = gst_app_sink_pull_sample(sink);

	if (!sample)
		return GST_FLOW_EOS;
	deliver(owner, gst_sample_get_buffer(sample));
	gst_sample_unref(sample);
	return GST_FLOW_OK;
}

/* The frame rate is a fiction: pictures come when they come. But 0/1, which says so, has x264enc
 * turn on b_vfr_input, which costs a frame of delay. */
static GstCaps *raw_caps(const struct encoder *encoder, const struct encoder_settings *settings)
{
	bool is_planar = encoder->layout == STAGING_I420;

	return gst_caps_new_simple("video/x-raw", "format", G_TYPE_STRING,
		is_planar ? "I420" : "NV12", "width", G_TYPE_INT, (int)settings->width_px, "height",
		G_TYPE_INT, (int)settings->height_px, "framerate", GST_TYPE_FRACTION,
		(int)settings->max_fps, 1, "pixel-aspect-ratio", GST_TYPE_FRACTION, 1, 1,
		"interlace-mode", G_TYPE_STRING, "progressive", "colorimetry", G_TYPE_STRING,
		COLORIMETRY, NULL);
}

static GstElement *make_source(
	const struct encoder *encoder, const struct encoder_settings *settings)
{
	GstElement *source = gst_element_factory_make("appsrc", NULL);

	if (!source)
		return NULL;
	GstCaps *caps = raw_caps(encoder, settings);
	g_object_set(source, "caps", caps, "is-live", TRUE, "format", GST_FORMAT_TIME,
		"do-timestamp", FALSE, "block", FALSE, "max-buffers", (guint64)1, "max-bytes",
		(guint64)0, NULL);
	gst_caps_unref(caps);
	return source;
}

static GstElement *make_sink(struct pipeline *p)
{
	GstAppSinkCallbacks callbacks = { .new_sample = on_sample };
	GstElement *sink = gst_element_factory_make("appsink", NULL);

	if (!sink)
		return NULL;
	GstCaps *caps = gst_caps_new_simple("video/x-h264", "stream-format", G_TYPE_STRING,
		"byte-stream", "alignment", G_TYPE_STRING, "au", NULL);
	g_object_set(sink, "caps", caps, "sync", FALSE, "async", FALSE, "enable-last-sample", FALSE,
		NULL);
	gst_caps_unref(caps);
	gst_app_sink_set_callbacks(GST_APP_SINK(sink), &callbacks, p, NULL);
	return sink;
}

static int missing(const char *element, struct pipeline_text *ret_why)
{
	snprintf(ret_why->text, sizeof ret_why->text, "GStreamer has no element %s", element);
	return -ENOENT;
}

/* The bin owns each element as soon as it is added, whatever follows. */
static int build(
	struct pipeline *p, const struct encoder_settings *settings, struct pipeline_text *ret_why)
{
	GstElement *parser = gst_element_factory_make("h264parse", NULL);

	p->bin = gst_pipeline_new(NULL);
	p->bus = gst_element_get_bus(p->bin);
	p->source = make_source(p->encoder, settings);
	p->element = encoder_make(p->encoder, settings);
	p->sink = make_sink(p);

	GstElement *chain[] = { p->source, p->element, parser, p->sink };
	static const char *const names[] = { "appsrc", NULL, "h264parse", "appsink" };
	int r = 0;
	for (int i = 0; i < 4; i++) {
		if (chain[i])
			gst_bin_add(GST_BIN(p->bin), chain[i]);
		else if (!r)
			r = missing(names[i] ? names[i] : p->encoder->element, ret_why);
	}
	if (r < 0)
		return r;
	g_object_set(parser, "config-interval", -1, NULL);
	if (!gst_element_link_many(p->source, p->element, parser, p->sink, NULL)) {
		snprintf(ret_why->text, sizeof ret_why->text, "%s cannot be linked",
			p->encoder->element);
		return -EIO;
	}
	p->picture = gst_memory_new_wrapped(GST_MEMORY_FLAG_READONLY, p->staging->memory,
		p->staging->size_bytes, 0, p->staging->size_bytes, NULL, NULL);
	return 0;
}

static int explain(GstMessage *message, struct pipeline_text *ret_why)
{
	GError *error = NULL;
	char *debug = NULL;

	gst_message_parse_error(message, &error, &debug);
	snprintf(ret_why->text, sizeof ret_why->text, "%s: %s (%s)", GST_MESSAGE_SRC_NAME(message),
		error ? error->message : "error", debug ? debug : "no detail");
	g_clear_error(&error);
	g_free(debug);
	return -EIO;
}

static int push(struct pipeline *p, uint64_t pts_us, bool key, const struct pipeline_tag *tag)
{
	uint64_t now_us = clock_now_us();

	pthread_mutex_lock(&p->lock);
	bool is_busy = p->is_pending;
	if (!is_busy) {
		p->is_pending = true;
		p->pending = *tag;
		p->pushed_us = now_us;
	}
	pthread_mutex_unlock(&p->lock);
	if (is_busy)
		return -EBUSY;

	/* Nothing is under way in the encoder, so its next picture is this one. */
	if (bitrate_is_due(&p->bitrate, key, now_us))
		encoder_set_bitrate(p->encoder, p->element, p->bitrate.kbit);
	if (key)
		encoder_force_key(p->encoder, p->element, p->key_count++, p->bitrate.kbit);

	GstBuffer *buffer = gst_buffer_new();
	gst_buffer_append_memory(buffer, gst_memory_ref(p->picture));
	GST_BUFFER_PTS(buffer) = pts_us * GST_USECOND;
	GstFlowReturn flow = gst_app_src_push_buffer(GST_APP_SRC(p->source), buffer);
	return flow == GST_FLOW_OK ? 0 : -EIO;
}

/* A driver that has encoded in this process is not given the time of its first start again: viewers
 * wait for the answer. */
static uint64_t hardware_proof_us;

static uint64_t proof_deadline_us(const struct encoder *encoder)
{
	uint64_t deadline_us = 4 * hardware_proof_us;

	if (!encoder->is_hardware)
		return PROOF_DEADLINE_US;
	if (!hardware_proof_us || deadline_us > PROOF_HARDWARE_DEADLINE_US)
		return PROOF_HARDWARE_DEADLINE_US;
	return deadline_us > LOSS_DEADLINE_US ? deadline_us : LOSS_DEADLINE_US;
}

/* One picture through it all: drivers and libraries say no only then. */
static int prove(struct pipeline *p, struct pipeline_text *ret_why)
{
	uint64_t deadline_us = proof_deadline_us(p->encoder), started_us = clock_now_us();

	if (gst_element_set_state(p->bin, GST_STATE_PLAYING) == GST_STATE_CHANGE_FAILURE) {
		if (pipeline_check(p, ret_why) == 0)
			snprintf(ret_why->text, sizeof ret_why->text, "%s does not start",
				p->encoder->element);
		return -EIO;
	}

	int r = push(p, 0, true, &(struct pipeline_tag){ 0 });
	if (r < 0) {
		snprintf(ret_why->text, sizeof ret_why->text, "%s takes no picture",
			p->encoder->element);
		return r;
	}
	GstMessage *message = gst_bus_timed_pop_filtered(
		p->bus, deadline_us * GST_USECOND, GST_MESSAGE_ERROR | GST_MESSAGE_APPLICATION);
	if (!message) {
		snprintf(ret_why->text, sizeof ret_why->text,
			"%s has not encoded a picture in %u ms", p->encoder->element,
			(unsigned)(deadline_us / USEC_PER_MSEC));
		return -ETIMEDOUT;
	}
	r = GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR ? explain(message, ret_why) : 0;
	gst_message_unref(message);
	if (r == 0 && p->encoder->is_hardware)
		hardware_proof_us = clock_now_us() - started_us;
	return r;
}

int pipeline_try(const struct encoder *encoder, const struct encoder_settings *settings,
	const struct staging *staging, pipeline_packet_fn *on_packet, void *owner,
	struct pipeline **ret_pipeline, struct pipeline_text *ret_why)
{
	struct pipeline *p = calloc(1, sizeof *p);

	*ret_pipeline = p;
	if (!p) {
		snprintf(ret_why->text, sizeof ret_why->text, "out of memory");
		return -ENOMEM;
	}
	*p = (struct pipeline){
		.encoder = encoder,
		.staging = staging,
		.on_packet = on_packet,
		.owner = owner,
		.lock = PTHREAD_MUTEX_INITIALIZER,
		/* The first real picture comes one frame after the proof's. */
		.last_encoder_us = USEC_PER_SEC / settings->max_fps,
	};
	bitrate_init(&p->bitrate, settings->bitrate_kbit, encoder->bitrate_makes_key);

	int r = build(p, settings, ret_why);
	if (r == 0)
		r = prove(p, ret_why);
	if (r < 0)
		log_warn("pipeline: %s does not work here: %s", encoder->element, ret_why->text);
	return r;
}

int pipeline_new(const struct encoder *encoder, const struct encoder_settings *settings,
	const struct staging *staging, pipeline_packet_fn *on_packet, void *owner,
	struct pipeline **ret_pipeline, struct pipeline_text *ret_why)
{
	struct pipeline *p;

	int r = pipeline_try(encoder, settings, staging, on_packet, owner, &p, ret_why);
	if (r < 0)
		pipeline_free(p);
	else
		*ret_pipeline = p;
	return r;
}

void pipeline_free(struct pipeline *pipeline)
{
	if (!pipeline)
		return;
	gst_element_set_state(pipeline->bin, GST_STATE_NULL);
	gst_object_unref(pipeline->bus);
	gst_object_unref(pipeline->bin);
	if (pipeline->picture)
		gst_memory_unref(pipeline->picture);
	pthread_mutex_destroy(&pipeline->lock);
	free(pipeline);
}

/* Encoders count from their first picture, and never twice the same. */
static uint64_t next_pts(struct pipeline *p, uint64_t pts_us)
{
	uint64_t step_us = pts_us > p->last_pts_us ? pts_us - p->last_pts_us : 1;

	if (p->is_counting)
		p->last_encoder_us += step_us < MAX_STEP_US ? step_us : MAX_STEP_US;
	p->is_counting = true;
	p->last_pts_us = pts_us;
	return p->last_encoder_us;
}

int pipeline_push(
	struct pipeline *pipeline, uint64_t pts_us, bool key, const struct pipeline_tag *tag)
{
	bool is_first = !pipeline->is_counting; /* nobody has seen the proof's IDR */

	return push(pipeline, next_pts(pipeline, pts_us), key || is_first, tag);
}

void pipeline_set_bitrate(struct pipeline *pipeline, uint32_t kbit)
{
	bitrate_want(&pipeline->bitrate, kbit);
}

uint64_t pipeline_deadline_us(struct pipeline *pipeline)
{
	uint64_t deadline_us = UINT64_MAX;

	pthread_mutex_lock(&pipeline->lock);
	if (pipeline->encoder->is_hardware && pipeline->is_pending)
		deadline_us = pipeline->pushed_us + LOSS_DEADLINE_US;
	pthread_mutex_unlock(&pipeline->lock);
	return deadline_us;
}

bool pipeline_has_lost(struct pipeline *pipeline, uint64_t now_us)
{
	pthread_mutex_lock(&pipeline->lock);
	bool is_lost = pipeline->encoder->is_hardware && pipeline->is_pending &&
		now_us >= pipeline->pushed_us + LOSS_DEADLINE_US;
	pipeline->is_muted = pipeline->is_muted || is_lost;
	pthread_mutex_unlock(&pipeline->lock);
	return is_lost;
}

void pipeline_mute(struct pipeline *pipeline)
{
	pthread_mutex_lock(&pipeline->lock);
	pipeline->is_muted = true;
	pthread_mutex_unlock(&pipeline->lock);
}

int pipeline_fd(struct pipeline *pipeline)
{
	GPollFD fd;

	gst_bus_get_pollfd(pipeline->bus, &fd);
	return fd.fd;
}

int pipeline_check(struct pipeline *pipeline, struct pipeline_text *ret_why)
{
	GstMessage *message;
	int r = 0;

	while (r == 0 && (message = gst_bus_pop(pipeline->bus))) {
		if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR)
			r = explain(message, ret_why);
		gst_message_unref(message);
	}
	return r;
}
