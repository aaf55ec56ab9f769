#include "pipewire/capture.h"

#include "pipewire/cursor_meta.h"
#include "pipewire/params.h"
#include "pipewire/pauses.h"
#include "sys/clock.h"
#include "sys/log.h"

#include <errno.h>
#include <fcntl.h>
#include <pipewire/pipewire.h>
#include <spa/buffer/meta.h>
#include <spa/param/video/format-utils.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#define MAX_BUFFERS 32

struct slot {
	uint32_t id; /* 0 = free */
	struct pw_buffer *buffer;
	bool out; /* the owner has it */
};

struct capture {
	const struct capture_events *events;
	void *owner;
	struct pw_loop *loop;
	sd_event_source *source;
	struct pw_context *context;
	struct pw_core *core;
	struct spa_hook core_listener;
	struct pw_stream *stream;
	struct spa_hook stream_listener;

	uint32_t width_px, height_px, max_fps;
	bool any_size;
	struct picture_format format; /* 0x0 before it is negotiated */
	struct slot slots[MAX_BUFFERS];
	uint32_t last_id, newest_id;
	bool lost;
	struct pauses pauses;
	bool resize_due;
	uint64_t arrived, replaced;
	struct {
		bool visible;
		int32_t x_px, y_px;
	} pointer; /* the last one that was read */
	uint8_t cursor[CURSOR_META_PIXELS];
};

static void lose(struct capture *c, const char *text)
{
	if (c->lost)
		return;
	c->lost = true;
	c->pauses.stream = NULL;
	c->events->lost(c->owner, text);
}

static struct slot *slot_of(struct capture *c, const struct pw_buffer *buffer)
{
	for (size_t i = 0; i < MAX_BUFFERS; i++)
		if (c->slots[i].id && c->slots[i].buffer == buffer)
			return &c->slots[i];
	return NULL;
}

static void on_add_buffer(void *owner, struct pw_buffer *buffer)
{
	struct capture *c = owner;

	for (size_t i = 0; i < MAX_BUFFERS; i++)
		if (!c->slots[i].id) {
			if (++c->last_id == 0)
				c->last_id = 1;
			c->slots[i] = (struct slot){ .id = c->last_id, .buffer = buffer };
			return;
		}
}

static void on_remove_buffer(void *owner, struct pw_buffer *buffer)
{
	struct capture *c = owner;
	struct slot *slot = slot_of(c, buffer);

	if (!slot)
		return;
	uint32_t id = slot->id;
	*slot = (struct slot){ 0 };
	c->events->buffer_gone(c->owner, id);
}

/* Not while the stream pauses: a new format that comes then is forgotten. */
static void apply_resize(struct capture *c)
{
	uint8_t buffer[1024];

	if (!c->resize_due || c->lost || pauses_hold(&c->pauses))
		return;
	c->resize_due = false;
	const struct spa_pod *format =
		params_format(buffer, sizeof buffer, c->width_px, c->height_px, false, c->max_fps);
	pw_stream_update_params(c->stream, &format, 1);
}

static void on_paused(void *owner, bool paused)
{
	struct capture *c = owner;

	c->events->paused(c->owner, paused);
	apply_resize(c);
}

/* Seen with PipeWire 0.3: it mixes up the buffers of two sizes ("invalid memory type"), and none
 * ever comes. Only a new stream helps. */
static void on_gave_up(void *owner)
{
	lose(owner, "the compositor sends no picture of the new size");
}

static void on_state_changed(
	void *owner, enum pw_stream_state old, enum pw_stream_state state, const char *error)
{
	struct capture *c = owner;

	log_debug("capture: stream %s -> %s %s", pw_stream_state_as_string(old),
		pw_stream_state_as_string(state), error ? error : "");
	/* However late we hear of it. */
	if (state == PW_STREAM_STATE_PAUSED)
		pauses_paused(&c->pauses);
	if (state == PW_STREAM_STATE_STREAMING && old == PW_STREAM_STATE_PAUSED)
		pauses_resumed(&c->pauses);
	if (state == PW_STREAM_STATE_ERROR)
		lose(c, error ? error : "the screen cast stream failed");
	else if (state == PW_STREAM_STATE_UNCONNECTED && old != PW_STREAM_STATE_UNCONNECTED)
		lose(c, "the screen cast stream was closed");
}

static void on_param_changed(void *owner, uint32_t id, const struct spa_pod *param)
{
	struct capture *c = owner;
	struct spa_video_info_raw info = { 0 };

	if (id != SPA_PARAM_Format || !param)
		return;
	if (spa_format_video_raw_parse(param, &info) < 0) {
		log_warn("capture: a video format that cannot be read, ignored");
		return;
	}
	struct picture_format format = {
		.pixel =
			info.format == SPA_VIDEO_FORMAT_RGBx || info.format == SPA_VIDEO_FORMAT_RGBA
			? PIXEL_RGBX
			: PIXEL_BGRX,
		.width_px = info.size.width,
		.height_px = info.size.height,
	};
	if (!picture_format_is_valid(&format)) {
		log_warn("capture: a picture of %ux%u, ignored", info.size.width, info.size.height);
		return;
	}
	params_offer_buffers(c->stream);
	c->format = format;
	c->newest_id = 0;
	pauses_expect(&c->pauses);
	c->events->format(c->owner, &format);
}

static void read_damage(
	const struct capture *c, struct spa_buffer *buffer, struct picture_damage *damage)
{
	struct spa_meta *meta = spa_buffer_find_meta(buffer, SPA_META_VideoDamage);
	struct spa_meta_region *region;
	struct picture_damage found = { 0 };

	if (meta)
		spa_meta_for_each(region, meta)
		{
			if (!spa_meta_region_is_valid(region))
				break;
			if (region->region.position.x < 0 || region->region.position.y < 0) {
				found.everything = true;
				break;
			}
			picture_damage_add_rect(&found,
				&(struct picture_rect){ (uint32_t)region->region.position.x,
					(uint32_t)region->region.position.y,
					region->region.size.width, region->region.size.height });
		}
	picture_damage_clip(&found, &c->format);
	/* No rectangles at all means that the compositor does not tell. */
	if (picture_damage_is_empty(&found))
		found.everything = true;
	picture_damage_add(damage, &found);
}

/* A buffer that carries a picture, and not only a pointer position. */
static bool has_picture(const struct capture *c, struct spa_buffer *buffer)
{
	const struct spa_data *data = &buffer->datas[0];
	const struct spa_meta_header *header =
		spa_buffer_find_meta_data(buffer, SPA_META_Header, sizeof *header);

	if (buffer->n_datas == 0 || data->type != SPA_DATA_MemFd || data->chunk->size == 0 ||
		data->chunk->flags & SPA_CHUNK_FLAG_CORRUPTED ||
		(header && header->flags & SPA_META_HEADER_FLAG_CORRUPTED))
		return false;
	return data->chunk->stride >= (int32_t)(c->format.width_px * 4) &&
		(uint64_t)data->chunk->stride * (c->format.height_px - 1) +
			c->format.width_px * 4ull + data->chunk->offset <=
		data->maxsize;
}

/* When mutter drew the picture, by its clock, which is ours; 0 when it does not say. */
static uint64_t drawn_us(struct spa_buffer *buffer)
{
	const struct spa_meta_header *header =
		spa_buffer_find_meta_data(buffer, SPA_META_Header, sizeof *header);

	return header && header->pts > 0 ? (uint64_t)header->pts / 1000 : 0;
}

static bool shows_the_same(
	const struct capture *c, const struct spa_buffer *a, const struct spa_buffer *b)
{
	const uint8_t *left = a->datas[0].data, *right = b->datas[0].data;

	if (!left || !right || a->datas[0].chunk->stride != b->datas[0].chunk->stride)
		return false;
	left += a->datas[0].chunk->offset;
	right += b->datas[0].chunk->offset;
	for (uint32_t y = 0; y < c->format.height_px; y++) {
		if (memcmp(left, right, c->format.width_px * 4) != 0)
			return false;
		left += a->datas[0].chunk->stride;
		right += b->datas[0].chunk->stride;
	}
	return true;
}

/* Whether a picture answers a settling pause and shows nothing new. */
static bool is_old_news(struct capture *c, struct pw_buffer *buffer)
{
	const struct slot *last = NULL;
	bool answer = pauses_picture(&c->pauses, drawn_us(buffer->buffer));

	for (size_t i = 0; i < MAX_BUFFERS; i++)
		if (c->slots[i].id && c->slots[i].id == c->newest_id && c->slots[i].out)
			last = &c->slots[i];
	return answer && last && shows_the_same(c, last->buffer->buffer, buffer->buffer);
}

/* Whether the pointer moved, or looks different. mutter also records it when nothing changed. */
static bool read_cursor(struct capture *c, struct spa_buffer *buffer)
{
	struct capture_cursor cursor;

	if (!cursor_meta_read(buffer, c->cursor, &cursor))
		return false;
	bool is_news = cursor.shape != CAPTURE_SHAPE_SAME || cursor.visible != c->pointer.visible ||
		cursor.x_px != c->pointer.x_px || cursor.y_px != c->pointer.y_px;

	c->pointer.visible = cursor.visible;
	c->pointer.x_px = cursor.x_px;
	c->pointer.y_px = cursor.y_px;
	if (cursor.shape != CAPTURE_SHAPE_SAME)
		pauses_shape(&c->pauses, cursor.shape == CAPTURE_SHAPE_EMPTY);
	c->events->cursor(c->owner, &cursor);
	return is_news;
}

static void on_process(void *owner)
{
	struct capture *c = owner;
	struct pw_buffer *newest = NULL, *buffer;
	struct picture_damage damage = { 0 };

	while ((buffer = pw_stream_dequeue_buffer(c->stream))) {
		bool has_moved = read_cursor(c, buffer->buffer);

		if (!slot_of(c, buffer) || !c->format.width_px || !has_picture(c, buffer->buffer)) {
			if (has_moved)
				pauses_pointer(&c->pauses, drawn_us(buffer->buffer));
			pw_stream_queue_buffer(c->stream, buffer);
			continue;
		}
		if (is_old_news(c, buffer)) {
			pw_stream_queue_buffer(c->stream, buffer);
			continue;
		}
		c->arrived++;
		read_damage(c, buffer->buffer, &damage);
		if (newest) {
			c->replaced++;
			pw_stream_queue_buffer(c->stream, newest);
		}
		newest = buffer;
	}
	if (!newest)
		return;

	struct slot *slot = slot_of(c, newest);
	const struct spa_data *data = &newest->buffer->datas[0];
	slot->out = true;
	c->newest_id = slot->id;
	c->events->picture(c->owner,
		&(struct capture_picture){
			.buffer = slot->id,
			.fd = (int)data->fd,
			.offset_bytes = (uint64_t)data->mapoffset + data->chunk->offset,
			.size_bytes = (uint64_t)data->maxsize - data->chunk->offset,
			.stride_bytes = (uint32_t)data->chunk->stride,
			.format = c->format,
			.damage = damage,
			.captured_us = clock_now_us(),
		});
}

static const struct pw_stream_events stream_events = {
	PW_VERSION_STREAM_EVENTS,
	.state_changed = on_state_changed,
	.param_changed = on_param_changed,
	.add_buffer = on_add_buffer,
	.remove_buffer = on_remove_buffer,
	.process = on_process,
};

static void on_core_error(void *owner, uint32_t id, int seq, int result, const char *message)
{
	struct capture *c = owner;

	log_debug(
		"capture: pipewire error on %u, %d: %s (%s)", id, seq, message, strerror(-result));
	if (id == PW_ID_CORE && result == -EPIPE)
		lose(c, "the connection to PipeWire broke");
}

static const struct pw_core_events core_events = {
	PW_VERSION_CORE_EVENTS,
	.error = on_core_error,
};

static int on_loop(sd_event_source *source, int fd, uint32_t events, void *owner)
{
	struct capture *c = owner;

	(void)source, (void)fd, (void)events;
	int r = pw_loop_iterate(c->loop, 0);
	if (r < 0 && r != -EINTR)
		log_debug("capture: pipewire loop: %s", strerror(-r));
	return 0;
}

static int connect_stream(struct capture *c, uint32_t node)
{
	uint8_t buffer[1024];
	const struct spa_pod *format = params_format(
		buffer, sizeof buffer, c->width_px, c->height_px, c->any_size, c->max_fps);

	c->stream = pw_stream_new(c->core, "helix",
		pw_properties_new(PW_KEY_MEDIA_TYPE, "Video", PW_KEY_MEDIA_CATEGORY, "Capture",
			PW_KEY_MEDIA_ROLE, "Screen", NULL));
	if (!c->stream)
		return -errno;
	c->pauses.stream = c->stream;
	pw_stream_add_listener(c->stream, &c->stream_listener, &stream_events, c);
	return pw_stream_connect(c->stream, PW_DIRECTION_INPUT, node,
		PW_STREAM_FLAG_AUTOCONNECT | PW_STREAM_FLAG_DONT_RECONNECT |
			PW_STREAM_FLAG_MAP_BUFFERS,
		&format, 1);
}

int capture_new(struct sd_event *event, const struct capture_options *options,
	const struct capture_events *events, void *owner, struct capture **ret_capture)
{
	struct capture *c = malloc(sizeof *c);
	int r = -ENOMEM;

	if (!c) {
		close(options->remote_fd);
		return r;
	}
	*c = (struct capture){
		.events = events,
		.owner = owner,
		.width_px = options->width_px,
		.height_px = options->height_px,
		.max_fps = options->max_fps,
		.any_size = options->any_size,
		.pauses = { .told = on_paused, .gave_up = on_gave_up, .owner = c },
	};
	pw_init(NULL, NULL);
	c->loop = pw_loop_new(NULL);
	/* Entered for good, not for each iteration: a loop that nobody is in runs what PipeWire's
	 * data thread hands over in that thread. */
	if (c->loop)
		pw_loop_enter(c->loop);
	c->context = c->loop ? pw_context_new(c->loop, NULL, 0) : NULL;
	if (!c->context) {
		close(options->remote_fd);
		goto fail;
	}
	c->core = pw_context_connect_fd(c->context, options->remote_fd, NULL, 0);
	if (!c->core) {
		r = -errno;
		goto fail;
	}
	pw_core_add_listener(c->core, &c->core_listener, &core_events, c);
	r = pauses_init(&c->pauses, event);
	if (r >= 0)
		r = connect_stream(c, options->node);
	if (r >= 0)
		r = sd_event_add_io(
			event, &c->source, pw_loop_get_fd(c->loop), EPOLLIN, on_loop, c);
	if (r < 0)
		goto fail;
	*ret_capture = c;
	return 0;
fail:
	capture_free(c);
	return r;
}

void capture_free(struct capture *c)
{
	if (!c)
		return;
	c->lost = true;
	c->pauses.stream = NULL;
	sd_event_source_disable_unref(c->source);
	pauses_done(&c->pauses);
	if (c->stream)
		pw_stream_destroy(c->stream);
	/* With a broken connection the stream does not tell of its buffers. */
	for (size_t i = 0; i < MAX_BUFFERS; i++)
		if (c->slots[i].id)
			c->events->buffer_gone(c->owner, c->slots[i].id);
	if (c->core)
		pw_core_disconnect(c->core);
	if (c->context)
		pw_context_destroy(c->context);
	if (c->loop) {
		pw_loop_leave(c->loop);
		pw_loop_destroy(c->loop);
	}
	free(c);
}

void capture_resize(struct capture *c, uint32_t width_px, uint32_t height_px)
{
	if (c->lost || c->any_size ||
		(c->format.width_px == width_px && c->format.height_px == height_px))
		return;
	c->width_px = width_px;
	c->height_px = height_px;
	c->resize_due = true;
	apply_resize(c);
}

void capture_pause(struct capture *c)
{
	pauses_begin(&c->pauses);
}

void capture_release(struct capture *c, uint32_t buffer)
{
	for (size_t i = 0; i < MAX_BUFFERS; i++)
		if (c->slots[i].id == buffer && c->slots[i].out) {
			c->slots[i].out = false;
			pw_stream_queue_buffer(c->stream, c->slots[i].buffer);
			return;
		}
}

uint64_t capture_arrived(const struct capture *c)
{
	return c->arrived;
}

uint64_t capture_replaced(const struct capture *c)
{
	return c->replaced;
}
