#include "staging.h"

#include <errno.h>
#include <libyuv.h>
#include <stdlib.h>
#include <string.h>

#define BYTES_PER_PIXEL 4
#define BLACK_LUMA      16
#define GREY_CHROMA     128

static uint32_t round_up(uint32_t value, uint32_t multiple)
{
	return (value + multiple - 1) / multiple * multiple;
}

int staging_init(
	struct staging *staging, enum staging_layout layout, const struct picture_format *format)
{
	struct staging s = {
		.layout = layout,
		.width_px = round_up(format->width_px, 2),
		.height_px = round_up(format->height_px, 2),
	};
	bool is_planar = layout == STAGING_I420;

	s.strides_bytes[0] = round_up(s.width_px, 4);
	s.strides_bytes[1] = is_planar ? round_up(s.width_px / 2, 4) : s.strides_bytes[0];
	s.strides_bytes[2] = is_planar ? s.strides_bytes[1] : 0;

	size_t luma = (size_t)s.strides_bytes[0] * s.height_px;
	size_t chroma = (size_t)s.strides_bytes[1] * (s.height_px / 2);
	s.size_bytes = luma + chroma * (is_planar ? 2 : 1);
	s.memory = malloc(s.size_bytes);
	if (!s.memory)
		return -ENOMEM;
	s.planes[0] = s.memory;
	s.planes[1] = s.memory + luma;
	s.planes[2] = is_planar ? s.memory + luma + chroma : NULL;
	memset(s.memory, BLACK_LUMA, luma);
	memset(s.memory + luma, GREY_CHROMA, s.size_bytes - luma);
	*staging = s;
	return 0;
}

void staging_done(struct staging *staging)
{
	free(staging->memory);
	*staging = (struct staging){ 0 };
}

/* libyuv names formats by the word, we by the byte: its ARGB is our BGRX, its ABGR our RGBX.
 * `rect` begins at even coordinates. */
static void convert_rect(struct staging *s, enum pixel_format pixel, const uint8_t *pixels,
	uint32_t stride_bytes, const struct picture_rect *rect)
{
	const uint8_t *from =
		pixels + (size_t)rect->y * stride_bytes + (size_t)rect->x * BYTES_PER_PIXEL;
	int from_stride = (int)stride_bytes;
	int width = (int)rect->width, height = (int)rect->height;
	int y_stride = (int)s->strides_bytes[0], c_stride = (int)s->strides_bytes[1];
	uint8_t *y = s->planes[0] + (size_t)rect->y * s->strides_bytes[0] + rect->x;
	size_t chroma_row = (size_t)(rect->y / 2) * s->strides_bytes[1];

	if (s->layout == STAGING_NV12) {
		uint8_t *uv = s->planes[1] + chroma_row + rect->x;

		(pixel == PIXEL_BGRX ? ARGBToNV12 : ABGRToNV12)(
			from, from_stride, y, y_stride, uv, c_stride, width, height);
	} else {
		uint8_t *u = s->planes[1] + chroma_row + rect->x / 2;
		uint8_t *v = s->planes[2] + chroma_row + rect->x / 2;

		(pixel == PIXEL_BGRX ? ARGBToI420 : ABGRToI420)(
			from, from_stride, y, y_stride, u, c_stride, v, c_stride, width, height);
	}
}

/* Chroma covers an odd edge already; luma has a column or row more than the picture. */
static void double_edges(struct staging *s, const struct picture_format *format)
{
	uint32_t stride = s->strides_bytes[0];
	uint8_t *luma = s->planes[0];

	if (s->width_px > format->width_px)
		for (size_t row = 0; row < format->height_px; row++)
			luma[row * stride + format->width_px] =
				luma[row * stride + format->width_px - 1];
	if (s->height_px > format->height_px)
		memcpy(luma + (size_t)format->height_px * stride,
			luma + (size_t)(format->height_px - 1) * stride, s->width_px);
}

void staging_convert(struct staging *staging, const struct picture_format *format,
	const uint8_t *pixels, uint32_t stride_bytes, const struct picture_damage *damage)
{
	struct picture_damage d = *damage;

	if (d.everything)
		d = (struct picture_damage){
			.count = 1,
			.rects[0] = { .width = format->width_px, .height = format->height_px },
		};
	picture_damage_clip(&d, format);
	for (uint32_t i = 0; i < d.count; i++) {
		struct picture_rect r = d.rects[i];
		uint32_t right = round_up(r.x + r.width, 2), bottom = round_up(r.y + r.height, 2);

		/* A chroma sample belongs to 2x2 pixels. */
		r.x -= r.x % 2;
		r.y -= r.y % 2;
		r.width = (right < format->width_px ? right : format->width_px) - r.x;
		r.height = (bottom < format->height_px ? bottom : format->height_px) - r.y;
		convert_rect(staging, format->pixel, pixels, stride_bytes, &r);
	}
	double_edges(staging, format);
}
