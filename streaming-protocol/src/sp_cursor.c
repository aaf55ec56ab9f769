/* The pointer's picture and place: CURSOR_SHAPE, CURSOR_POSITION. */
#include "sp_bytes.h"

static bool is_cursor_dimension(uint16_t px)
{
	return px >= 1 && px <= SP_MAX_CURSOR;
}

static enum sp_error check_cursor_shape(const struct sp_cursor_shape *m)
{
	if (m->id == 0)
		return SP_ERROR_VALUE;
	if (!is_cursor_dimension(m->width_px) || !is_cursor_dimension(m->height_px))
		return SP_ERROR_VALUE;
	return SP_OK;
}

enum sp_error sp_parse_cursor_shape(
	const uint8_t *bytes, size_t size, struct sp_cursor_shape *ret_message)
{
	struct sp_reader r = sp_read_begin(bytes, size, SP_TYPE_CURSOR_SHAPE, SP_MAX_CURSOR_SHAPE);
	struct sp_cursor_shape m = { 0 };

	m.id = sp_read_u32(&r);
	m.width_px = sp_read_u16(&r);
	m.height_px = sp_read_u16(&r);
	m.hotspot_x_px = sp_read_i16(&r);
	m.hotspot_y_px = sp_read_i16(&r);

	/* Checked before the pixels, whose number it bounds. */
	enum sp_error error = sp_read_end(&r, check_cursor_shape(&m));
	if (error != SP_OK)
		return error;
	m.rgba = sp_read_bytes(&r, (size_t)m.width_px * m.height_px * 4);
	if (r.error == SP_OK)
		*ret_message = m;
	return r.error;
}

int sp_write_cursor_shape_header(
	uint8_t *buffer, size_t capacity, const struct sp_cursor_shape *message)
{
	struct sp_writer w = sp_write_begin(buffer, capacity, SP_TYPE_CURSOR_SHAPE, 0);

	sp_put_u32(&w, message->id);
	sp_put_u16(&w, message->width_px);
	sp_put_u16(&w, message->height_px);
	sp_put_u16(&w, (uint16_t)message->hotspot_x_px);
	sp_put_u16(&w, (uint16_t)message->hotspot_y_px);
	return sp_write_end(&w, check_cursor_shape(message));
}

enum sp_error sp_parse_cursor_position(
	const uint8_t *bytes, size_t size, struct sp_cursor_position *ret_message)
{
	struct sp_reader r =
		sp_read_begin(bytes, size, SP_TYPE_CURSOR_POSITION, SP_MAX_CLIENT_MESSAGE);
	struct sp_cursor_position m = { 0 };

	m.id = sp_read_u32(&r);
	m.x_px = sp_read_i32(&r);
	m.y_px = sp_read_i32(&r);

	enum sp_error error = sp_read_end(&r, SP_OK);
	if (error == SP_OK)
		*ret_message = m;
	return error;
}

int sp_write_cursor_position(
	uint8_t *buffer, size_t capacity, const struct sp_cursor_position *message)
{
	struct sp_writer w = sp_write_begin(buffer, capacity, SP_TYPE_CURSOR_POSITION, 0);

	sp_put_u32(&w, message->id);
	sp_put_u32(&w, (uint32_t)message->x_px);
	sp_put_u32(&w, (uint32_t)message->y_px);
	return sp_write_end(&w, SP_OK);
}
