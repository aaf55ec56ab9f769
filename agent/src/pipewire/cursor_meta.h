/* The pointer, as PipeWire's cursor metadata tells it. Only for pipewire/. */
#pragma once

#include "pipewire/capture.h"

#include <stdbool.h>
#include <stdint.h>

#define CURSOR_META_MAX_PX 256
#define CURSOR_META_PIXELS (CURSOR_META_MAX_PX * CURSOR_META_MAX_PX * 4)

struct spa_buffer;

/* Read the metadata of a buffer. A new bitmap is converted into `pixels` (CURSOR_META_PIXELS
 * bytes), where cursor->rgba then points. Bitmaps that are malformed or too large are left out.
 * False when the buffer has no cursor metadata. */
bool cursor_meta_read(
	struct spa_buffer *buffer, uint8_t *pixels, struct capture_cursor *ret_cursor);
