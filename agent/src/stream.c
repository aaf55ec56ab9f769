#include "agent.h"
#include "core/utf8.h"
#include "sys/clock.h"
#include "sys/log.h"

#include <stdio.h>
#include <string.h>
#include <systemd/sd-event.h>

/* What libyuv makes of RGB: BT.601 matrix, limited range; the desktop's own primaries and transfer
 * are sRGB's (Rec. ITU-T H.273 tables 2 to 4). */
static const struct h264_colour colour = { .primaries = 1, .transfer = 13, .matrix = 6 };

/* So many access units in a row that nobody can decode are a fault of the encoder. */
#define MAX_UNUSABLE     3
#define BITRATE_EVERY_US (100 * USEC_PER_MSEC)

const char *stream_leg_name(enum leg leg)
{
	static const char *const names[LEG_COUNT] = { "queue", "convert", "encode", "return",
		"send", "ours", "network" };

	return names[leg];
}

static void release_held(struct agent *a)
{
	struct stream *s = &a->stream;

	if (s->held.buffer && s->held.buffer != s->busy_buffer && a->capture)
		capture_release(a->capture, s->held.buffer);
	s->held.buffer = 0;
}

void stream_on_format(void *owner, const struct picture_format *format)
{
	struct agent *a = owner;
	struct stream *s = &a->stream;

	log_info("stream: the desktop is %ux%u", format->width_px, format->height_px);
	release_held(a);
	if (picture_format_equal(format, &s->format) && s->encoder_ready)
		return;
	s->format = *format;
	s->encoder_ready = false;
	s->want_configure = true;
	pacer_set_format(&s->pacer, format);
	stream_pump(a);
}

void stream_on_picture(void *owner, const struct capture_picture *picture)
{
	struct agent *a = owner;
	struct stream *s = &a->stream;

	release_held(a);
	s->held = *picture;
	pacer_captured(&s->pacer, &picture->damage, picture->captured_us);
	if (!a->first_picture_us) {
		a->first_picture_us = picture->captured_us;
		log_info("stream: first picture after %llu ms",
			(unsigned long long)(a->first_picture_us - a->started_us) / 1000);
	}
	if (s->encoder_ready)
		agent_notice(a, SP_NOTICE_READY, SP_SEVERITY_INFO, "");
	stream_pump(a);
}

void stream_on_buffer_gone(void *owner, uint32_t buffer)
{
	struct agent *a = owner;
	struct stream *s = &a->stream;

	if (s->held.buffer == buffer)
		s->held.buffer = 0;
	if (s->busy_buffer == buffer)
		s->busy_buffer = 0;
	a->encoder->ops->forget_buffer(a->encoder, buffer);
}

static void configure(struct agent *a)
{
	struct stream *s = &a->stream;

	s->want_configure = false;
	s->encoder_ready = false;
	sd_event_source_set_enabled(s->rebuild, SD_EVENT_OFF);
	s->bitrate_kbit = s->bitrate_kbit ? s->bitrate_kbit : a->options->bitrate_kbit;
	a->encoder->ops->configure(a->encoder,
		&(struct encoder_config){
			.format = s->format,
			.max_fps = a->options->fps,
			.bitrate_kbit = s->bitrate_kbit,
			.candidate = choice_candidate(a),
		});
	choice_serves(a);
}

/* Follow the viewer that sets the pace: down at once, up in steps that are worth a change. */
static void steer_bitrate(struct agent *a, uint64_t now_us)
{
	struct stream *s = &a->stream;
	struct seat *seat = viewers_primary(a, now_us);

	if (!seat || now_us - s->bitrate_set_us < BITRATE_EVERY_US)
		return;
	uint32_t target = flow_target_kbit(&seat->flow);
	if (target * 100ull < s->bitrate_kbit * 97ull ||
		target * 100ull > s->bitrate_kbit * 110ull ||
		(target == a->options->bitrate_kbit && target != s->bitrate_kbit)) {
		s->bitrate_kbit = target;
		s->bitrate_set_us = now_us;
		a->encoder->ops->set_bitrate(a->encoder, target);
		log_trace("stream: %u kbit/s", target);
	}
}

static void encode(struct agent *a, const struct pacer_job *job, uint64_t now_us)
{
	struct stream *s = &a->stream;
	struct encoder_picture picture;
	struct encoder_job order = { .key = job->key, .damage = job->damage };

	if (!job->again) {
		picture = (struct encoder_picture){
			.buffer = s->held.buffer,
			.fd = s->held.fd,
			.offset_bytes = s->held.offset_bytes,
			.size_bytes = s->held.size_bytes,
			.stride_bytes = s->held.stride_bytes,
		};
		order.picture = &picture;
		s->busy_buffer = s->held.buffer;
	}
	order.pts_us = now_us > s->last_pts_us ? now_us : s->last_pts_us + 1;
	s->last_pts_us = order.pts_us;
	s->job = *job;
	s->job_captured_us = job->again ? now_us : s->held.captured_us;
	if (job->key)
		s->last_key_us = now_us;
	a->encoder->ops->encode(a->encoder, &order);
}

static void arm(struct stream *s, uint64_t at_us)
{
	if (at_us == PACER_NEVER) {
		sd_event_source_set_enabled(s->timer, SD_EVENT_OFF);
		return;
	}
	sd_event_source_set_time(s->timer, at_us);
	sd_event_source_set_enabled(s->timer, SD_EVENT_ONESHOT);
}

void stream_pump(struct agent *a)
{
	struct stream *s = &a->stream;
	uint64_t now_us = clock_now_us(), retry_us = PACER_NEVER;
	struct pacer_job job;

	if (s->want_configure && !s->pacer.busy && s->format.width_px)
		configure(a);
	if (!s->encoder_ready || s->pacer.busy)
		return;
	if (viewers_need_key(a, now_us, &retry_us))
		pacer_want_key(&s->pacer);
	/* A waiting picture whose buffer went away with a resize: the compositor draws the next. */
	if (s->pacer.waiting && !s->held.buffer)
		s->pacer.waiting = false;
	steer_bitrate(a, now_us);
	if (pacer_next(&s->pacer, viewers_have_credit(a, now_us), now_us, &job) == PACER_ENCODE) {
		encode(a, &job, now_us);
		return;
	}
	uint64_t deadline_us =
		viewers_have_credit(a, now_us) ? pacer_deadline_us(&s->pacer) : PACER_NEVER;
	arm(s, deadline_us < retry_us ? deadline_us : retry_us);
}

static int on_timer(sd_event_source *source, uint64_t now_us, void *owner)
{
	(void)source, (void)now_us;
	stream_pump(owner);
	return 0;
}

static int on_rebuild(sd_event_source *source, uint64_t now_us, void *owner)
{
	struct agent *a = owner;

	(void)source, (void)now_us;
	a->stream.want_configure = true;
	stream_pump(a);
	return 0;
}

void stream_rebuild(struct agent *a, uint64_t delay_us)
{
	sd_event_source_set_time(a->stream.rebuild, clock_now_us() + delay_us);
	sd_event_source_set_enabled(a->stream.rebuild, SD_EVENT_ONESHOT);
}

void stream_describe(struct agent *a)
{
	struct stream *s = &a->stream;
	char before[sizeof s->encoder_description];

	memcpy(before, s->encoder_description, sizeof before);
	choice_describe(a, s->encoder_title, s->encoder_description, sizeof s->encoder_description);
	if (!s->encoder_ready || !strcmp(before, s->encoder_description))
		return;
	s->new_config = true;
	pacer_want_key(&s->pacer);
	stream_pump(a);
}

static void on_ready(void *owner, const char *name, const char *title)
{
	struct agent *a = owner;
	struct stream *s = &a->stream;

	snprintf(s->encoder_name, sizeof s->encoder_name, "%s", name);
	snprintf(s->encoder_title, sizeof s->encoder_title, "%s", title);
	choice_describe(a, title, s->encoder_description, sizeof s->encoder_description);
	log_info("stream: %ux%u by %s", s->format.width_px, s->format.height_px,
		s->encoder_description);
	s->encoder_ready = true;
	s->unusable = 0;
	s->new_config = true;
	s->sets = (struct h264_parameter_sets){ .colour = colour };
	pacer_reset(&s->pacer, s->held.buffer != 0);
	if (s->held.buffer)
		agent_notice(a, SP_NOTICE_READY, SP_SEVERITY_INFO, "");
	stream_pump(a);
}

static void on_released(void *owner, uint32_t buffer)
{
	struct agent *a = owner;
	struct stream *s = &a->stream;

	if (s->busy_buffer != buffer)
		return;
	s->busy_buffer = 0;
	/* The newest one stays with us: should the encoder die, it is encoded again. */
	if (s->held.buffer != buffer && a->capture)
		capture_release(a->capture, buffer);
}

static void update_stream_message(struct agent *a)
{
	struct stream *s = &a->stream;

	if (++s->config == 0)
		s->config = 1;
	s->new_config = false;
	h264_codec_string(&s->sets.info, s->codec_string);
	utf8_copy_clean(s->message_encoder, sizeof s->message_encoder, s->encoder_description);
	s->message = (struct sp_stream){
		.config = s->config,
		.codec = SP_CODEC_H264,
		.width_px = (uint16_t)s->sets.info.width_px,
		.height_px = (uint16_t)s->sets.info.height_px,
		.max_fps = (uint16_t)a->options->fps,
		.primaries = colour.primaries,
		.transfer = colour.transfer,
		.matrix = colour.matrix,
		.full_range = colour.full_range,
		.codec_string = { s->codec_string, strlen(s->codec_string) },
		.encoder = { s->message_encoder, strlen(s->message_encoder) },
	};
	for (struct viewer *v = server_first_viewer(a->server); v; v = server_next_viewer(v))
		viewers_send_stream(a, v);
}

static void count_legs(
	struct stream *s, const struct packet *packet, const struct encoder_timing *timing)
{
	if (s->job.again)
		return;
	histogram_add(&s->legs[LEG_QUEUE], timing->started_us - s->job_captured_us);
	histogram_add(&s->legs[LEG_CONVERT], timing->converted_us - timing->started_us);
	histogram_add(&s->legs[LEG_ENCODE], timing->encoded_us - timing->converted_us);
	histogram_add(&s->legs[LEG_RETURN], packet->encoded_us - timing->encoded_us);
}

/* The encoder's clock is ours; its bytes are not to be trusted all the same. */
static bool is_plausible(const struct stream *s, const struct encoder_timing *t, uint64_t now_us)
{
	return t->started_us >= s->job_captured_us && t->converted_us >= t->started_us &&
		t->encoded_us >= t->converted_us && t->encoded_us <= now_us;
}

static void on_failed(void *owner, enum ladder_fault fault, const char *text)
{
	struct agent *a = owner;
	struct stream *s = &a->stream;

	if (s->busy_buffer && s->busy_buffer != s->held.buffer && a->capture)
		capture_release(a->capture, s->busy_buffer);
	s->busy_buffer = 0;
	s->encoder_ready = false;
	pacer_reset(&s->pacer, s->held.buffer != 0);
	choice_fault(a, fault, text);
}

static void on_packet(
	void *owner, struct packet *packet, bool said_key, const struct encoder_timing *timing)
{
	struct agent *a = owner;
	struct stream *s = &a->stream;
	struct encoder_timing when = *timing;
	bool key, changed;

	(void)said_key;
	if (!is_plausible(s, timing, packet->encoded_us))
		when = (struct encoder_timing){ packet->encoded_us, packet->encoded_us,
			packet->encoded_us };
	int r = h264_prepare_unit(&s->sets, &packet->unit, &packet->unit_size, &key, &changed);
	pacer_packet(&s->pacer, packet->unit_size, packet->encoded_us);
	if (r < 0 || packet->unit_size > SP_MAX_ACCESS_UNIT) {
		log_warn(
			"stream: the encoder wrote what is no access unit (%s), asking for a key frame",
			strerror(-r));
		packet_unref(packet);
		if (++s->unusable == MAX_UNUSABLE) {
			on_failed(a, LADDER_REFUSED, "the encoder writes no usable H.264");
			return;
		}
		pacer_want_key(&s->pacer);
		stream_pump(a);
		return;
	}
	s->unusable = 0;
	choice_good(a, packet->encoded_us);
	if (key && (changed || s->new_config))
		update_stream_message(a);
	packet->video = (struct sp_video){
		.flags = (uint8_t)((key ? SP_VIDEO_KEY : 0) |
			(s->job.refinement ? SP_VIDEO_REFINE : 0)),
		.config = s->config,
		.capture_us = s->job_captured_us,
		.queue_us = (uint32_t)(when.started_us - s->job_captured_us),
		.encode_us = (uint32_t)(packet->encoded_us - when.started_us),
	};
	count_legs(s, packet, &when);
	s->frames++;
	s->keys += key;
	s->refinements += s->job.refinement;
	s->bytes += packet->unit_size;
	if (s->config)
		viewers_distribute(a, packet, key, clock_now_us());
	packet_unref(packet);
	stream_pump(a);
}

const struct encoder_events stream_encoder_events = {
	.ready = on_ready,
	.released = on_released,
	.packet = on_packet,
	.failed = on_failed,
};

int stream_init(struct agent *a)
{
	struct stream *s = &a->stream;

	pacer_init(&s->pacer);
	int r = sd_event_add_time(a->event, &s->timer, CLOCK_MONOTONIC, 0, 1000, on_timer, a);
	if (r >= 0)
		r = sd_event_source_set_enabled(s->timer, SD_EVENT_OFF);
	if (r >= 0)
		r = sd_event_add_time(
			a->event, &s->rebuild, CLOCK_MONOTONIC, 0, 1000, on_rebuild, a);
	return r < 0 ? r : sd_event_source_set_enabled(s->rebuild, SD_EVENT_OFF);
}

void stream_done(struct agent *a)
{
	a->stream.timer = sd_event_source_disable_unref(a->stream.timer);
	a->stream.rebuild = sd_event_source_disable_unref(a->stream.rebuild);
}
