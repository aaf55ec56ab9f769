/* H.264 back to pictures, by a decoder of GStreamer.
 *
 * Threads: main thread only. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct decode_unit {
	const uint8_t *bytes;
	size_t size;
};

struct decode_picture {
	size_t number;       /* of the access unit that it was */
	const uint8_t *luma; /* valid during the callback */
	uint32_t stride_bytes, width_px, height_px;
};

typedef void decode_picture_fn(void *owner, const struct decode_picture *picture);

struct decode_text {
	char text[200];
};

/* "avdec_h264", "openh264dec", or NULL where none is installed. */
const char *decode_find(void);

/* Decode a whole stream; `on_picture` comes during the call, in order. How many pictures came, or
 * -ENOENT, -EIO or -ETIMEDOUT. When it is not `count`, ret_why has what the decoder says. */
int decode_stream(const char *decoder, const struct decode_unit *units, size_t count,
	decode_picture_fn *on_picture, void *owner, struct decode_text *ret_why);
