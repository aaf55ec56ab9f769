#include "service.h"

#include "pipeline.h"
#include "sys/cleanup.h"
#include "sys/clock.h"
#include "sys/log.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void service_init(struct service *service, int fd)
{
	*service = (struct service){ 0 };
	reply_init(&service->reply, fd);
	inbox_init(&service->inbox, fd);
	buffers_guard(&service->buffers);
}

static void drop_pipeline(struct service *s)
{
	pipeline_free(s->pipeline);
	s->pipeline = NULL;
	staging_done(&s->staging);
	s->has_picture = false;
}

void service_done(struct service *service)
{
	drop_pipeline(service);
	buffers_done(&service->buffers);
	inbox_done(&service->inbox);
	reply_done(&service->reply);
}

/* The agent learns why, the pipeline goes, and the process stays: in this order, because with a
 * driver that hangs the pipeline never goes. */
static int give_up(struct service *s, bool is_lost, const char *text)
{
	struct link_message m = {
		.type = LINK_FAILED,
		.failed = { .lost = is_lost, .generation = s->configured.generation },
	};

	snprintf(m.failed.text, sizeof m.failed.text, "%s", text);
	log_debug("service: failed: %s", text);
	if (s->pipeline)
		pipeline_mute(s->pipeline);
	int r = reply_send(&s->reply, &m, NULL);
	drop_pipeline(s);
	return r;
}

__attribute__((format(printf, 2, 3))) static int fail(struct service *s, const char *format, ...)
{
	char text[LINK_MAX_TEXT + 1];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	return give_up(s, false, text);
}

/* From the streaming thread. When the agent has gone, the main thread sees the link close. */
static void on_packet(void *owner, const struct pipeline_packet *packet)
{
	struct service *s = owner;
	struct link_message m = {
		.type = LINK_PACKET,
		.packet = {
			.key = packet->key,
			.sequence = packet->tag.sequence,
			.started_us = packet->tag.started_us,
			.converted_us = packet->tag.converted_us,
			.encoded_us = clock_now_us(),
			.size_bytes = (uint32_t)packet->size,
		},
	};

	if (packet->size < 1 || packet->size > LINK_MAX_PACKET) {
		m = (struct link_message){
			.type = LINK_FAILED,
			.failed = { .generation = s->configured.generation },
		};
		snprintf(m.failed.text, sizeof m.failed.text, "an access unit of %zu bytes",
			packet->size);
	}
	reply_send(&s->reply, &m, packet->bytes);
}

static int try_encoder(struct service *s, const struct encoder *encoder, struct pipeline_text *why)
{
	const struct link_configure *c = &s->configured;

	int r = staging_init(&s->staging, encoder->layout, &c->format);
	if (r < 0) {
		strcpy(why->text, "out of memory");
		return r;
	}

	struct encoder_settings settings = {
		.width_px = s->staging.width_px,
		.height_px = s->staging.height_px,
		.max_fps = c->max_fps,
		.bitrate_kbit = c->bitrate_kbit,
	};
	return pipeline_try(encoder, &settings, &s->staging, on_packet, s, &s->pipeline, why);
}

static int on_configure(struct service *s, const struct link_configure *configure)
{
	uint64_t started_us = clock_now_us();
	struct pipeline_text why = { "no such encoder in the table" };
	const struct encoder *encoder;

	drop_pipeline(s);
	s->configured = *configure;
	for (size_t i = 0; (encoder = encoder_choose(configure->encoder, i)); i++) {
		drop_pipeline(s); /* the one that has just failed */
		if (try_encoder(s, encoder, &why) == 0)
			break;
	}
	if (!encoder)
		return fail(s, "no encoder: %s", why.text);

	log_info("service: %s encodes %ux%u at %u kbit/s, built in %u ms", encoder->element,
		configure->format.width_px, configure->format.height_px, configure->bitrate_kbit,
		(unsigned)((clock_now_us() - started_us) / USEC_PER_MSEC));
	struct link_message m = {
		.type = LINK_READY,
		.ready = { .generation = configure->generation },
	};
	snprintf(m.ready.encoder, sizeof m.ready.encoder, "%s", encoder->element);
	snprintf(m.ready.description, sizeof m.ready.description, "%s", encoder->title);
	return reply_send(&s->reply, &m, NULL);
}

static const char *buffer_problem(int error)
{
	switch (error) {
	case -EEXIST: return "its number is taken";
	case -ENOSPC: return "there are too many";
	case -ERANGE: return "its file is shorter than the picture";
	default: return strerror(-error);
	}
}

static int on_buffer_add(struct service *s, const struct link_buffer_add *add)
{
	autoclose int fd = inbox_take_fd(&s->inbox);
	if (fd < 0)
		return -EBADMSG; /* a message without the descriptor that it is about */

	int r = buffers_add(&s->buffers, add, fd);
	return r < 0 ? fail(s, "buffer %u is unusable: %s", add->id, buffer_problem(r)) : 0;
}

/* -ENODATA when there is no picture to take; what FAILED says is in `ret_why` then. */
static int stage_picture(
	struct service *s, const struct link_encode *encode, struct pipeline_text *ret_why)
{
	const struct picture_format *format = &s->configured.format;
	const struct buffer *buffer = buffers_find(&s->buffers, encode->buffer);
	struct picture_damage damage = encode->damage;

	if (!encode->buffer && s->has_picture)
		return 0;
	if (!encode->buffer) {
		strcpy(ret_why->text, "there is no last picture to repeat");
		return -ENODATA;
	}
	if (!buffer || !buffer_holds(buffer, format)) {
		snprintf(ret_why->text, sizeof ret_why->text, "buffer %u %s", encode->buffer,
			buffer ? "is too small for the picture" : "is not known");
		return -ENODATA;
	}
	if (!s->has_picture)
		damage = (struct picture_damage){ .everything = true };
	staging_convert(&s->staging, format, buffer->pixels, buffer->stride_bytes, &damage);
	s->has_picture = true;
	return 0;
}

static int on_encode(struct service *s, const struct link_encode *encode)
{
	struct pipeline_tag tag = { .sequence = encode->sequence, .started_us = clock_now_us() };
	struct pipeline_text why = { 0 };

	if (!s->pipeline)
		return fail(s, "there is no encoder");
	if (stage_picture(s, encode, &why) < 0)
		return fail(s, "%s", why.text);
	tag.converted_us = clock_now_us();

	struct link_message m = {
		.type = LINK_RELEASED,
		.released = { .sequence = encode->sequence, .buffer = encode->buffer },
	};
	int r = reply_send(&s->reply, &m, NULL);
	if (r < 0)
		return r;
	r = pipeline_push(s->pipeline, encode->pts_us, encode->key, &tag);
	if (r == -EBUSY)
		return fail(s, "the picture before has not come out of the encoder");
	return r < 0 ? fail(s, "the encoder takes no picture") : 0;
}

static int dispatch(struct service *s, const struct link_message *m)
{
	switch (m->type) {
	case LINK_CONFIGURE: return on_configure(s, &m->configure);
	case LINK_BUFFER_ADD: return on_buffer_add(s, &m->buffer_add);
	case LINK_BUFFER_REMOVE:
		/* It may be one that was never usable; the agent has been told then. */
		buffers_remove(&s->buffers, m->buffer_remove.id);
		return 0;
	case LINK_ENCODE: return on_encode(s, &m->encode);
	case LINK_BITRATE:
		s->configured.bitrate_kbit = m->bitrate.kbit;
		if (s->pipeline)
			pipeline_set_bitrate(s->pipeline, m->bitrate.kbit);
		return 0;
	case LINK_READY:
	case LINK_RELEASED:
	case LINK_PACKET:
	case LINK_FAILED:
	case LINK_HELLO: break;
	}
	return -EBADMSG;
}

static int serve_requests(struct service *s, bool *ret_closed)
{
	struct link_message m;

	int r = inbox_receive(&s->inbox);
	if (r == -EAGAIN)
		return 0;
	if (r <= 0) {
		*ret_closed = r == 0;
		return r;
	}
	while ((r = inbox_next(&s->inbox, &m)) > 0) {
		r = dispatch(s, &m);
		if (r < 0)
			return r;
	}
	return r;
}

static int check_pipeline(struct service *s)
{
	struct pipeline_text why = { 0 };

	return pipeline_check(s->pipeline, &why) < 0 ? fail(s, "%s", why.text) : 0;
}

static int say_hello(struct service *s)
{
	struct link_message m = {
		.type = LINK_HELLO,
		.hello = { .gstreamer = encoder_gstreamer_version() },
	};

	return reply_send(&s->reply, &m, NULL);
}

static int check_loss(struct service *s)
{
	if (!s->pipeline || !pipeline_has_lost(s->pipeline, clock_now_us()))
		return 0;
	return give_up(s, true, "no access unit came for a picture");
}

/* Until the picture that is in the encoder counts as lost; -1: for ever. */
static int poll_timeout_ms(struct service *s)
{
	uint64_t deadline_us = s->pipeline ? pipeline_deadline_us(s->pipeline) : UINT64_MAX;
	uint64_t now_us = clock_now_us();

	if (deadline_us == UINT64_MAX)
		return -1;
	return deadline_us > now_us ? (int)((deadline_us - now_us) / USEC_PER_MSEC) + 1 : 0;
}

int service_run(struct service *service)
{
	struct service *s = service;
	bool is_closed = false;

	int r = say_hello(s);
	while (r >= 0 && !is_closed) {
		struct pollfd fds[2] = {
			{ .fd = s->inbox.fd, .events = POLLIN },
			{ .fd = s->pipeline ? pipeline_fd(s->pipeline) : -1, .events = POLLIN },
		};

		if (poll(fds, 2, poll_timeout_ms(s)) < 0 && errno != EINTR)
			return -errno;
		/* The pipeline first: a request might replace it. */
		if (fds[1].revents)
			r = check_pipeline(s);
		if (r >= 0)
			r = check_loss(s);
		if (r >= 0 && fds[0].revents)
			r = serve_requests(s, &is_closed);
	}
	return r == -EPIPE ? 0 : r;
}
