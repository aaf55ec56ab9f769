#include "pipewire/cursor_meta.h"

#include <spa/buffer/buffer.h>
#include <spa/buffer/meta.h>
#include <spa/param/video/raw.h>

/* The bitmap lies behind the cursor's own fields: NULL when there is none, or not all of its head
 * is inside. */
static const struct spa_meta_bitmap *find_bitmap(const struct spa_meta_cursor *meta, size_t size)
{
	if (meta->bitmap_offset < sizeof *meta ||
		meta->bitmap_offset + sizeof(struct spa_meta_bitmap) > size)
		return NULL;
	return SPA_PTROFF(meta, meta->bitmap_offset, const struct spa_meta_bitmap);
}

/* Whether all pixels, which lie behind the bitmap's own fields, are within `size` bytes of it. */
static bool is_inside(const struct spa_meta_bitmap *bitmap, size_t size)
{
	uint32_t width = bitmap->size.width, height = bitmap->size.height;

	if (width > CURSOR_META_MAX_PX || height > CURSOR_META_MAX_PX ||
		bitmap->stride < (int32_t)(width * 4) || bitmap->offset < sizeof *bitmap)
		return false;
	return (size_t)bitmap->offset + (size_t)bitmap->stride * (height - 1) + (size_t)width * 4 <=
		size;
}

/* Undo PipeWire's pixel order and row padding. */
static void convert(const struct spa_meta_bitmap *bitmap, uint8_t *pixels)
{
	bool bgr =
		bitmap->format == SPA_VIDEO_FORMAT_BGRA || bitmap->format == SPA_VIDEO_FORMAT_BGRx;
	const uint8_t *row = SPA_PTROFF(bitmap, bitmap->offset, const uint8_t);

	for (uint32_t y = 0; y < bitmap->size.height; y++, row += bitmap->stride)
		for (uint32_t x = 0; x < bitmap->size.width; x++) {
			*pixels++ = row[x * 4 + (bgr ? 2 : 0)];
			*pixels++ = row[x * 4 + 1];
			*pixels++ = row[x * 4 + (bgr ? 0 : 2)];
			*pixels++ = row[x * 4 + 3];
		}
}

bool cursor_meta_read(struct spa_buffer *buffer, uint8_t *pixels, struct capture_cursor *ret_cursor)
{
	struct spa_meta *meta = spa_buffer_find_meta(buffer, SPA_META_Cursor);

	if (!meta || meta->size < sizeof(struct spa_meta_cursor))
		return false;
	const struct spa_meta_cursor *data = meta->data;
	*ret_cursor = (struct capture_cursor){
		.visible = spa_meta_cursor_is_valid(data),
		.x_px = data->position.x,
		.y_px = data->position.y,
	};
	const struct spa_meta_bitmap *bitmap =
		ret_cursor->visible ? find_bitmap(data, meta->size) : NULL;
	if (!bitmap)
		return true;
	if (bitmap->size.width == 0 || bitmap->size.height == 0) {
		ret_cursor->shape = CAPTURE_SHAPE_EMPTY;
	} else if (is_inside(bitmap, meta->size - data->bitmap_offset)) {
		convert(bitmap, pixels);
		ret_cursor->shape = CAPTURE_SHAPE_NEW;
		ret_cursor->rgba = pixels;
		ret_cursor->hotspot_x_px = data->hotspot.x;
		ret_cursor->hotspot_y_px = data->hotspot.y;
		ret_cursor->width_px = bitmap->size.width;
		ret_cursor->height_px = bitmap->size.height;
	}
	return true;
}
