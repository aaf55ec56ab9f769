/* The running of a connection: PING, PONG, RESIZE, and the messages without fields. */
#include "sp_bytes.h"

static enum sp_error check_ping(const struct sp_ping *m)
{
	return sp_is_time(m->time_us) ? SP_OK : SP_ERROR_VALUE;
}

enum sp_error sp_parse_ping(const uint8_t *bytes, size_t size, struct sp_ping *ret_message)
{
	struct sp_reader r = sp_read_begin(bytes, size, SP_TYPE_PING, SP_MAX_CLIENT_MESSAGE);
	struct sp_ping m = { 0 };

	m.id = sp_read_u32(&r);
	m.time_us = sp_read_u64(&r);

	enum sp_error error = sp_read_end(&r, check_ping(&m));
	if (error == SP_OK)
		*ret_message = m;
	return error;
}

int sp_write_ping(uint8_t *buffer, size_t capacity, const struct sp_ping *message)
{
	struct sp_writer w = sp_write_begin(buffer, capacity, SP_TYPE_PING, 0);

	sp_put_u32(&w, message->id);
	sp_put_u64(&w, message->time_us);
	return sp_write_end(&w, check_ping(message));
}

static enum sp_error check_pong(const struct sp_pong *m)
{
	return sp_is_time(m->time_us) && sp_is_time(m->clock_us) ? SP_OK : SP_ERROR_VALUE;
}

enum sp_error sp_parse_pong(const uint8_t *bytes, size_t size, struct sp_pong *ret_message)
{
	struct sp_reader r = sp_read_begin(bytes, size, SP_TYPE_PONG, SP_MAX_CLIENT_MESSAGE);
	struct sp_pong m = { 0 };

	m.id = sp_read_u32(&r);
	m.time_us = sp_read_u64(&r);
	m.clock_us = sp_read_u64(&r);

	enum sp_error error = sp_read_end(&r, check_pong(&m));
	if (error == SP_OK)
		*ret_message = m;
	return error;
}

int sp_write_pong(uint8_t *buffer, size_t capacity, const struct sp_pong *message)
{
	struct sp_writer w = sp_write_begin(buffer, capacity, SP_TYPE_PONG, 0);

	sp_put_u32(&w, message->id);
	sp_put_u64(&w, message->time_us);
	sp_put_u64(&w, message->clock_us);
	return sp_write_end(&w, check_pong(message));
}

static enum sp_error check_resize(const struct sp_resize *m)
{
	if (!sp_is_dimension(m->width_px) || !sp_is_dimension(m->height_px))
		return SP_ERROR_VALUE;
	return sp_is_scale(m->scale_120) ? SP_OK : SP_ERROR_VALUE;
}

enum sp_error sp_parse_resize(const uint8_t *bytes, size_t size, struct sp_resize *ret_message)
{
	struct sp_reader r = sp_read_begin(bytes, size, SP_TYPE_RESIZE, SP_MAX_CLIENT_MESSAGE);
	struct sp_resize m = { 0 };

	m.width_px = sp_read_u16(&r);
	m.height_px = sp_read_u16(&r);
	m.scale_120 = sp_read_u16(&r);
	sp_read_reserved(&r, 2);

	enum sp_error error = sp_read_end(&r, check_resize(&m));
	if (error == SP_OK)
		*ret_message = m;
	return error;
}

int sp_write_resize(uint8_t *buffer, size_t capacity, const struct sp_resize *message)
{
	struct sp_writer w = sp_write_begin(buffer, capacity, SP_TYPE_RESIZE, 0);

	sp_put_u16(&w, message->width_px);
	sp_put_u16(&w, message->height_px);
	sp_put_u16(&w, message->scale_120);
	sp_put_reserved(&w, 2);
	return sp_write_end(&w, check_resize(message));
}

int sp_write_empty(uint8_t *buffer, size_t capacity, enum sp_type type)
{
	bool is_empty =
		type == SP_TYPE_RELEASE_ALL || type == SP_TYPE_PAUSE || type == SP_TYPE_RESUME;
	struct sp_writer w = sp_write_begin(buffer, capacity, type, 0);

	return sp_write_end(&w, is_empty ? SP_OK : SP_ERROR_TYPE);
}
