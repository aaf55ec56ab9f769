/* The screen cast stream: pictures in shared memory, what changed in them, and the pointer.
 *
 * Newest wins: when several buffers wait, all but the newest go back at once and their damage is
 * added to it. A buffer that was handed out is returned exactly once, by capture_release(), or
 * vanishes with `buffer_gone`.
 *
 * Threads: main loop only; PipeWire's loop is adopted as one fd of ours. */
#pragma once

#include "core/picture.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct capture;
struct sd_event;

struct capture_picture {
	uint32_t buffer; /* always the same memory until `buffer_gone`; never 0 */
	int fd;
	uint64_t offset_bytes, size_bytes;
	uint32_t stride_bytes;
	struct picture_format format;
	struct picture_damage damage; /* everything, when the compositor does not tell */
	uint64_t captured_us;
};

enum capture_shape {
	CAPTURE_SHAPE_SAME, /* as it was; mutter starts with this, though it never told a shape */
	CAPTURE_SHAPE_NEW,
	CAPTURE_SHAPE_EMPTY, /* the program under the pointer wants none to be seen */
};

struct capture_cursor {
	bool visible; /* it is on this screen */
	int32_t x_px, y_px;
	enum capture_shape shape;
	/* Of a new shape: premultiplied RGBA without row padding, valid during the call. */
	const uint8_t *rgba;
	int32_t hotspot_x_px, hotspot_y_px;
	uint32_t width_px, height_px;
};

struct capture_events {
	/* A new size or pixel format; pictures of it follow. */
	void (*format)(void *owner, const struct picture_format *format);
	/* The newest picture. It is the owner's until capture_release(). */
	void (*picture)(void *owner, const struct capture_picture *picture);
	void (*buffer_gone)(void *owner, uint32_t buffer);
	void (*cursor)(void *owner, const struct capture_cursor *cursor);
	/* It wants to pause the stream for a moment. Meanwhile mutter does not know where an
	 * absolute position would be, and drops it: keep them back, and call capture_pause() when
	 * none is on its way any more. False: the stream runs again, or there is to be no pause. */
	void (*paused)(void *owner, bool paused);
	/* The stream ended: nothing more will come. `text` is for the log. */
	void (*lost)(void *owner, const char *text);
};

struct capture_options {
	int remote_fd; /* from OpenPipeWireRemote; taken over */
	uint32_t node; /* from Start */
	uint32_t width_px, height_px;
	bool any_size; /* a real monitor: take the size that it has */
	uint32_t max_fps;
};

/* 0, or a negative errno when PipeWire cannot be reached. The fd is taken over in any case. */
int capture_new(struct sd_event *event, const struct capture_options *options,
	const struct capture_events *events, void *owner, struct capture **ret_capture);

/* Tells `buffer_gone` for every buffer, and nothing else. */
void capture_free(struct capture *capture);

/* Ask the compositor for another size; `format` follows if it agrees. Asking again, should it not
 * have answered, does no harm. Nothing with any_size. */
void capture_resize(struct capture *capture, uint32_t width_px, uint32_t height_px);

/* The answer to `paused`. Unasked, or too late, it does nothing. */
void capture_pause(struct capture *capture);

/* Return a picture's buffer. Nothing for a buffer that is gone. */
void capture_release(struct capture *capture, uint32_t buffer);

/* Counted since the start: buffers that arrived, and those that a newer one replaced. */
uint64_t capture_arrived(const struct capture *capture);
uint64_t capture_replaced(const struct capture *capture);
