#include "scene.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define DESKTOP 0x00204060u
#define PAPER   0x00fafafau
#define DARK    0x00202428u
#define FRAME   0x00305080u

/* In dots, which are pixels up to 1080 lines, and larger on a finer screen. */
#define DOT_LINES       720
#define CELL_WIDTH      8
#define LINE_HEIGHT     18
#define GLYPH_WIDTH     5
#define GLYPH_HEIGHT    9

#define COLUMN_CELLS    110 /* as wide as a page is read */
#define WORD_CELLS      6   /* one of so many cells is a blank */
#define PARAGRAPH_LINES 7   /* the last one is empty */
#define SCROLL          5   /* a picture; no divisor of a line */
#define WINDOW_STEP_X   7
#define WINDOW_STEP_Y   3

/* xorshift32 */
static uint32_t next_random(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

static void fill(uint32_t *to, uint32_t count, uint32_t colour)
{
	for (uint32_t i = 0; i < count; i++)
		to[i] = colour;
}

/* Strokes, not noise: some rows are full, the others have a dot at an end or in the middle. `x` and
 * `y` are in dots. */
static void draw_glyph(struct scene *scene, uint32_t x, uint32_t y, uint32_t shape, uint32_t ink)
{
	uint32_t dot = scene->dot_px;

	for (uint32_t row = 0; row < GLYPH_HEIGHT * dot; row++) {
		uint32_t *to = scene->page + (size_t)(y * dot + row) * scene->width_px + x * dot;
		uint32_t kind = shape >> row / dot * 3 & 7;

		if (kind == 7)
			fill(to, GLYPH_WIDTH * dot, ink);
		if (kind & 1)
			fill(to, dot, ink);
		if (kind & 2)
			fill(to + (GLYPH_WIDTH - 1) * dot, dot, ink);
		if (kind & 4)
			fill(to + GLYPH_WIDTH / 2 * dot, dot, ink);
	}
}

/* Dark on light, light on dark: a picture that is not where it should be differs much. */
static void draw_paragraph(struct scene *scene, uint32_t number, uint32_t cells, uint32_t *state)
{
	uint32_t height = PARAGRAPH_LINES * LINE_HEIGHT, top = number * height;
	uint32_t paper = number % 2 ? DARK : PAPER, ink = number % 2 ? PAPER : DARK;

	for (uint32_t y = top * scene->dot_px; y < (top + height) * scene->dot_px; y++)
		fill(scene->page + (size_t)y * scene->width_px, cells * CELL_WIDTH * scene->dot_px,
			paper);
	for (uint32_t line = 0; line < PARAGRAPH_LINES - 1; line++) {
		bool is_last = line == PARAGRAPH_LINES - 2;
		uint32_t end = is_last ? cells / 2 : cells - next_random(state) % (cells / 8 + 1);

		for (uint32_t cell = 1; cell < end; cell++)
			if (next_random(state) % WORD_CELLS)
				draw_glyph(scene, cell * CELL_WIDTH, top + line * LINE_HEIGHT,
					next_random(state), ink);
	}
}

/* The column takes seven eighths of a narrow picture. */
static void draw_page(struct scene *scene)
{
	uint32_t state = 0x48656c78; /* any but 0 */
	uint32_t cells = scene->width_px / scene->dot_px / CELL_WIDTH;
	uint32_t count = scene->page_height_px / scene->dot_px / LINE_HEIGHT / PARAGRAPH_LINES;

	cells -= cells / 8;
	if (cells > COLUMN_CELLS)
		cells = COLUMN_CELLS;
	for (uint32_t y = 0; y < scene->page_height_px; y++)
		fill(scene->page + (size_t)y * scene->width_px, scene->width_px, DESKTOP);
	for (uint32_t i = 0; i < count; i++)
		draw_paragraph(scene, i, cells, &state);
}

int scene_init(struct scene *scene, uint32_t width_px, uint32_t height_px)
{
	uint32_t dot_px = (height_px + DOT_LINES / 2 - 1) / DOT_LINES;
	struct scene s = {
		.width_px = width_px,
		.height_px = height_px,
		.stride_bytes = width_px * 4,
		.dot_px = dot_px ? dot_px : 1,
	};

	uint32_t turn_px = 2 * PARAGRAPH_LINES * LINE_HEIGHT * s.dot_px;
	s.page_height_px = (height_px / turn_px + 1) * turn_px;
	s.pixels = malloc((size_t)s.stride_bytes * height_px);
	s.page = malloc((size_t)s.stride_bytes * s.page_height_px);
	if (!s.pixels || !s.page) {
		scene_done(&s);
		return -ENOMEM;
	}
	draw_page(&s);
	*scene = s;
	return 0;
}

void scene_done(struct scene *scene)
{
	free(scene->pixels);
	free(scene->page);
	*scene = (struct scene){ 0 };
}

static void draw_window(struct scene *scene, uint32_t number)
{
	uint32_t width = scene->width_px / 3, height = scene->height_px / 3;
	uint32_t left = number * WINDOW_STEP_X * scene->dot_px % (width + 1);
	uint32_t top = number * WINDOW_STEP_Y * scene->dot_px % (height + 1);

	for (uint32_t y = 0; y < height; y++) {
		uint8_t *row = scene->pixels + (size_t)(top + y) * scene->stride_bytes;
		uint32_t *to = (uint32_t *)(void *)row + left;
		uint32_t green = y * 255 / height;

		for (uint32_t x = 0; x < width; x++) {
			bool is_frame = x < 2 || y < 2 || x + 2 >= width || y + 2 >= height;

			to[x] = is_frame ? FRAME : (x * 255 / width) << 16 | green << 8 | 0x60;
		}
	}
}

void scene_draw(struct scene *scene, uint32_t number)
{
	for (uint32_t y = 0; y < scene->height_px; y++) {
		size_t line = (y + (size_t)number * SCROLL * scene->dot_px) % scene->page_height_px;

		memcpy(scene->pixels + (size_t)y * scene->stride_bytes,
			scene->page + line * scene->width_px, scene->stride_bytes);
	}
	draw_window(scene, number);
}
