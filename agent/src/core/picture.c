#include "core/picture.h"

#include <stddef.h>

bool picture_format_equal(const struct picture_format *a, const struct picture_format *b)
{
	return a->pixel == b->pixel && a->width_px == b->width_px && a->height_px == b->height_px;
}

bool picture_format_is_valid(const struct picture_format *format)
{
	return (format->pixel == PIXEL_BGRX || format->pixel == PIXEL_RGBX) &&
		format->width_px >= 1 && format->width_px <= PICTURE_MAX_DIMENSION &&
		format->height_px >= 1 && format->height_px <= PICTURE_MAX_DIMENSION;
}

/* Edges in 64 bits: a rectangle may come from a stranger and reach beyond 2^32. */
static uint64_t right_of(const struct picture_rect *rect)
{
	return (uint64_t)rect->x + rect->width;
}

static uint64_t bottom_of(const struct picture_rect *rect)
{
	return (uint64_t)rect->y + rect->height;
}

static bool contains(const struct picture_rect *outer, const struct picture_rect *inner)
{
	return inner->x >= outer->x && inner->y >= outer->y && right_of(inner) <= right_of(outer) &&
		bottom_of(inner) <= bottom_of(outer);
}

static uint32_t length_between(uint32_t start, uint64_t end)
{
	uint64_t length = end - start;

	return length > UINT32_MAX ? UINT32_MAX : (uint32_t)length;
}

static void grow(struct picture_rect *box, const struct picture_rect *rect)
{
	uint64_t right = right_of(box) > right_of(rect) ? right_of(box) : right_of(rect);
	uint64_t bottom = bottom_of(box) > bottom_of(rect) ? bottom_of(box) : bottom_of(rect);

	box->x = box->x < rect->x ? box->x : rect->x;
	box->y = box->y < rect->y ? box->y : rect->y;
	box->width = length_between(box->x, right);
	box->height = length_between(box->y, bottom);
}

void picture_damage_add_rect(struct picture_damage *damage, const struct picture_rect *rect)
{
	uint32_t kept = 0;

	if (damage->everything || !rect->width || !rect->height)
		return;
	for (uint32_t i = 0; i < damage->count; i++)
		if (contains(&damage->rects[i], rect))
			return;
	for (uint32_t i = 0; i < damage->count; i++)
		if (!contains(rect, &damage->rects[i]))
			damage->rects[kept++] = damage->rects[i];
	damage->count = kept;

	if (damage->count == PICTURE_MAX_RECTS) {
		for (uint32_t i = 1; i < damage->count; i++)
			grow(&damage->rects[0], &damage->rects[i]);
		grow(&damage->rects[0], rect);
		damage->count = 1;
		return;
	}
	damage->rects[damage->count++] = *rect;
}

void picture_damage_add(struct picture_damage *damage, const struct picture_damage *more)
{
	if (more->everything) {
		damage->everything = true;
		damage->count = 0;
	}
	for (uint32_t i = 0; i < more->count; i++)
		picture_damage_add_rect(damage, &more->rects[i]);
}

void picture_damage_clip(struct picture_damage *damage, const struct picture_format *format)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < damage->count; i++) {
		struct picture_rect rect = damage->rects[i];

		if (rect.x >= format->width_px || rect.y >= format->height_px)
			continue;
		if (rect.width > format->width_px - rect.x)
			rect.width = format->width_px - rect.x;
		if (rect.height > format->height_px - rect.y)
			rect.height = format->height_px - rect.y;
		if (rect.width && rect.height)
			damage->rects[kept++] = rect;
	}
	damage->count = kept;
}

bool picture_damage_is_empty(const struct picture_damage *damage)
{
	return !damage->everything && damage->count == 0;
}
