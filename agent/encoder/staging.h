/* The picture as an encoder wants it: 4:2:0, BT.601, limited range, of even size. It persists, so
 * that only what was damaged has to be converted.
 *
 * Threads: main thread only, and not while an encoder reads it. Ownership: the caller's memory, but
 * the planes are the staging frame's. */
#pragma once

#include "core/picture.h"

#include <stddef.h>
#include <stdint.h>

enum staging_layout { STAGING_NV12, STAGING_I420 };

/* The planes lie in `memory` just as GStreamer lays out these formats by default. */
struct staging {
	enum staging_layout layout;
	uint32_t width_px, height_px; /* rounded up to even */
	uint8_t *memory;
	size_t size_bytes;
	uint8_t *planes[3]; /* the third is I420's */
	uint32_t strides_bytes[3];
};

/* A black picture. -ENOMEM. */
int staging_init(
	struct staging *staging, enum staging_layout layout, const struct picture_format *format);
void staging_done(struct staging *staging);

/* Convert what was damaged, cut to the picture. `pixels` must hold a picture of `format`, which
 * must be the one of staging_init(). Where its size is odd, the last column or row is doubled. */
void staging_convert(struct staging *staging, const struct picture_format *format,
	const uint8_t *pixels, uint32_t stride_bytes, const struct picture_damage *damage);
