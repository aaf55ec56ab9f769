/* A desktop to try encoders with: a page of text that scrolls, and a window with a gradient that
 * moves over it. The same for everybody, and cheap to draw.
 *
 * Threads: any; no shared state. Ownership: the caller's memory, but the pixels are the scene's. */
#pragma once

#include <stdint.h>

struct scene {
	uint32_t width_px, height_px, stride_bytes;
	uint8_t *pixels; /* the picture that was drawn last: PIXEL_BGRX */
	uint32_t *page;  /* the text: as wide as the picture */
	uint32_t page_height_px;
	uint32_t dot_px; /* of which its letters are made */
};

/* -ENOMEM. */
int scene_init(struct scene *scene, uint32_t width_px, uint32_t height_px);
void scene_done(struct scene *scene);

/* Pictures with different numbers differ. */
void scene_draw(struct scene *scene, uint32_t number);
