/* One picture on its way through OpenGL ES as a compositor sends it: up into a texture, drawn into
 * another one, and back into memory. EGL comes without any window system, which on D3D12 works
 * without a DRM node too, and is what mutter does where there is none.
 *
 * Threads: one. Ownership: there is one canvas in a process, and it goes with the process: drivers
 * crash and hang on the way out. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct canvas {
	uint32_t width_px, height_px;
	unsigned pixel_format; /* GL's: BGRA where the driver has it, as compositors prefer */
	const char *renderer, *vendor, *version; /* GL's; foreign text */
};

/* 0, or -EIO with a sentence for people in `problem`. */
int canvas_init(struct canvas *canvas, uint32_t width_px, uint32_t height_px, char problem[256]);

/* Hands over a whole picture of 4 bytes a pixel, and waits until it is drawn. */
void canvas_upload(const struct canvas *canvas, const uint8_t *pixels);

/* Draws the picture that is there, and waits until it is drawn. */
void canvas_draw(const struct canvas *canvas);

/* Reads back what was drawn. */
void canvas_read(const struct canvas *canvas, uint8_t *pixels);

/* Whether the driver has not complained since the last time: 0, or -EIO with its error's name in a
 * sentence. */
int canvas_check(char problem[256]);
