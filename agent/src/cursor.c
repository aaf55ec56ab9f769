#include "agent.h"

#include <stdlib.h>
#include <string.h>

static void send_shape(struct agent *a, struct seat *seat, size_t place)
{
	struct cursor *c = &a->cursor;
	size_t pixels = (size_t)c->shapes[place].width_px * c->shapes[place].height_px * 4;
	uint8_t *message = malloc(SP_CURSOR_SHAPE_HEADER_SIZE + pixels);

	if (!message)
		return;
	int size = sp_write_cursor_shape_header(message, SP_CURSOR_SHAPE_HEADER_SIZE,
		&(struct sp_cursor_shape){
			.id = c->shapes[place].id,
			.width_px = c->shapes[place].width_px,
			.height_px = c->shapes[place].height_px,
			.hotspot_x_px = c->shapes[place].hotspot_x_px,
			.hotspot_y_px = c->shapes[place].hotspot_y_px,
		});
	if (size == SP_CURSOR_SHAPE_HEADER_SIZE) {
		memcpy(message + size, c->shapes[place].rgba, pixels);
		viewer_send(seat->viewer, message, (size_t)size + pixels);
		seat->shapes_sent |= 1u << place;
	}
	free(message);
}

static size_t find_id(const struct cursor *c, uint32_t id)
{
	for (size_t i = 0; i < CURSOR_SHAPES; i++)
		if (c->shapes[i].id == id)
			return i;
	return CURSOR_SHAPES;
}

static void send_to(struct agent *a, struct seat *seat)
{
	uint8_t message[SP_MAX_SMALL];
	struct cursor *c = &a->cursor;
	size_t place = c->position.id ? find_id(c, c->position.id) : CURSOR_SHAPES;

	if (place < CURSOR_SHAPES && !(seat->shapes_sent >> place & 1))
		send_shape(a, seat, place);
	int size = sp_write_cursor_position(message, sizeof message, &c->position);
	if (size > 0)
		viewer_send(seat->viewer, message, (size_t)size);
}

void cursor_greet(struct agent *a, struct seat *seat)
{
	if (a->cursor.shape_id || a->cursor.was_told)
		send_to(a, seat);
}

static bool is_same_shape(const struct cursor *c, size_t i, const struct capture_cursor *shape)
{
	return c->shapes[i].id && c->shapes[i].width_px == shape->width_px &&
		c->shapes[i].height_px == shape->height_px &&
		c->shapes[i].hotspot_x_px == shape->hotspot_x_px &&
		c->shapes[i].hotspot_y_px == shape->hotspot_y_px &&
		!memcmp(c->shapes[i].rgba, shape->rgba,
			(size_t)shape->width_px * shape->height_px * 4);
}

/* The id of a shape: known already, or the place of the oldest, which it takes. 0 without memory.
 * An id is a place and 1, so that viewers need not keep more shapes than we do. */
static uint32_t keep_shape(struct agent *a, const struct capture_cursor *shape)
{
	struct cursor *c = &a->cursor;
	size_t size = (size_t)shape->width_px * shape->height_px * 4;

	for (size_t i = 0; i < CURSOR_SHAPES; i++)
		if (is_same_shape(c, i, shape))
			return c->shapes[i].id;
	uint8_t *copy = malloc(size);
	if (!copy)
		return 0;
	memcpy(copy, shape->rgba, size);
	/* Never the current one's place: a position must tell the old shape from the new. */
	if (c->shapes[c->next].id && c->shapes[c->next].id == c->shape_id)
		c->next = (c->next + 1) % CURSOR_SHAPES;
	size_t place = c->next;
	c->next = (c->next + 1) % CURSOR_SHAPES;
	free(c->shapes[place].rgba);
	c->shapes[place].id = (uint32_t)place + 1;
	c->shapes[place].width_px = (uint16_t)shape->width_px;
	c->shapes[place].height_px = (uint16_t)shape->height_px;
	c->shapes[place].hotspot_x_px = (int16_t)shape->hotspot_x_px;
	c->shapes[place].hotspot_y_px = (int16_t)shape->hotspot_y_px;
	c->shapes[place].rgba = copy;
	for (struct viewer *v = server_first_viewer(a->server); v; v = server_next_viewer(v))
		((struct seat *)viewer_data(v))->shapes_sent &= ~(1u << place);
	return c->shapes[place].id;
}

/* mutter tells a shape when it changes, not when a stream begins, so that over the bare desktop of
 * a new session it has told none, and yet there is a pointer to be seen. */
static uint32_t keep_arrow(struct agent *a)
{
	static const char *const rows[] = {
		"X           ",
		"XX          ",
		"X.X         ",
		"X..X        ",
		"X...X       ",
		"X....X      ",
		"X.....X     ",
		"X......X    ",
		"X.......X   ",
		"X........X  ",
		"X.........X ",
		"X......XXXXX",
		"X...X..X    ",
		"X..XX..X    ",
		"X.X  X..X   ",
		"XX   X..X   ",
		"      X..X  ",
		"      X..X  ",
		"       XX   ",
	};
	enum { WIDTH = 12, HEIGHT = sizeof rows / sizeof *rows };
	uint8_t rgba[HEIGHT][WIDTH][4] = { 0 };

	for (size_t y = 0; y < HEIGHT; y++)
		for (size_t x = 0; x < WIDTH; x++)
			if (rows[y][x] != ' ') {
				memset(rgba[y][x], rows[y][x] == '.' ? 0xff : 0, 3);
				rgba[y][x][3] = 0xff;
			}
	return keep_shape(a,
		&(struct capture_cursor){
			.rgba = &rgba[0][0][0],
			.width_px = WIDTH,
			.height_px = HEIGHT,
		});
}

static void follow_shape(struct agent *a, const struct capture_cursor *cursor)
{
	struct cursor *c = &a->cursor;

	switch (cursor->shape) {
	case CAPTURE_SHAPE_NEW:
		c->was_told = true;
		c->shape_id = keep_shape(a, cursor);
		break;
	case CAPTURE_SHAPE_EMPTY:
		c->was_told = true;
		c->shape_id = 0;
		break;
	case CAPTURE_SHAPE_SAME:
		if (cursor->visible && !c->was_told)
			c->shape_id = keep_arrow(a);
		break;
	}
}

void cursor_on_change(void *owner, const struct capture_cursor *cursor)
{
	struct agent *a = owner;
	struct cursor *c = &a->cursor;
	struct sp_cursor_position before = c->position;
	uint32_t shape_before = c->shape_id;

	follow_shape(a, cursor);
	c->position = (struct sp_cursor_position){
		.id = cursor->visible ? c->shape_id : 0,
		.x_px = cursor->x_px,
		.y_px = cursor->y_px,
	};
	if (before.id == c->position.id && before.x_px == c->position.x_px &&
		before.y_px == c->position.y_px && shape_before == c->shape_id)
		return;
	for (struct viewer *v = server_first_viewer(a->server); v; v = server_next_viewer(v))
		send_to(a, viewer_data(v));
}

void cursor_forget(struct cursor *cursor)
{
	cursor->was_told = false;
	cursor->shape_id = 0;
	cursor->position.id = 0;
}

void cursor_done(struct cursor *cursor)
{
	for (size_t i = 0; i < CURSOR_SHAPES; i++)
		free(cursor->shapes[i].rgba);
}
