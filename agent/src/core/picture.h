/* What a raw picture looks like, and which parts of it changed.
 *
 * Threads: any; plain values. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define PICTURE_MAX_DIMENSION 16384
#define PICTURE_MAX_RECTS     16

/* Byte order in memory. All are 4 bytes a pixel and opaque. */
enum pixel_format { PIXEL_BGRX = 1, PIXEL_RGBX = 2 };

struct picture_format {
	enum pixel_format pixel;
	uint32_t width_px, height_px; /* 1..PICTURE_MAX_DIMENSION */
};

struct picture_rect {
	uint32_t x, y, width, height;
};

/* The changed rectangles; `everything` when they are not known or would be too many. Empty when
 * !everything and count is 0. */
struct picture_damage {
	bool everything;
	uint32_t count;
	struct picture_rect rects[PICTURE_MAX_RECTS];
};

bool picture_format_equal(const struct picture_format *a, const struct picture_format *b);
bool picture_format_is_valid(const struct picture_format *format);

/* Add what another picture changed. When the rectangles get too many they become their bounding
 * box, so that damage is never lost. */
void picture_damage_add(struct picture_damage *damage, const struct picture_damage *more);
void picture_damage_add_rect(struct picture_damage *damage, const struct picture_rect *rect);

/* Cut rectangles to the picture; those outside vanish. */
void picture_damage_clip(struct picture_damage *damage, const struct picture_format *format);

bool picture_damage_is_empty(const struct picture_damage *damage);
