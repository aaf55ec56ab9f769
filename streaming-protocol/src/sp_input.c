/* Keyboard and mouse: KEY, TEXT, POINTER, POINTER_RELATIVE, BUTTON, SCROLL. */
#include "sp_bytes.h"

/* KEY_ESC .. KEY_MAX and BTN_LEFT .. BTN_TASK of linux/input-event-codes.h, which is not there
 * on Windows. */
enum { KEY_FIRST = 1, KEY_LAST = 767, BUTTON_FIRST = 0x110, BUTTON_LAST = 0x117 };

static enum sp_error check_key(const struct sp_key *m)
{
	return m->code >= KEY_FIRST && m->code <= KEY_LAST ? SP_OK : SP_ERROR_VALUE;
}

enum sp_error sp_parse_key(const uint8_t *bytes, size_t size, struct sp_key *ret_message)
{
	struct sp_reader r = sp_read_begin(bytes, size, SP_TYPE_KEY, SP_MAX_CLIENT_MESSAGE);
	struct sp_key m = { 0 };

	m.code = sp_read_u16(&r);
	m.down = sp_read_bool(&r);
	sp_read_reserved(&r, 1);

	enum sp_error error = sp_read_end(&r, check_key(&m));
	if (error == SP_OK)
		*ret_message = m;
	return error;
}

int sp_write_key(uint8_t *buffer, size_t capacity, const struct sp_key *message)
{
	struct sp_writer w = sp_write_begin(buffer, capacity, SP_TYPE_KEY, 0);

	sp_put_u16(&w, message->code);
	sp_put_u8(&w, message->down);
	sp_put_reserved(&w, 1);
	return sp_write_end(&w, check_key(message));
}

enum sp_error sp_parse_text(const uint8_t *bytes, size_t size, struct sp_text_input *ret_message)
{
	struct sp_reader r = sp_read_begin(bytes, size, SP_TYPE_TEXT, SP_MAX_CLIENT_MESSAGE);
	struct sp_text_input m = { 0 };

	m.text = sp_read_text(&r);

	enum sp_error error = sp_read_end(&r, sp_check_text(m.text, SP_MAX_TEXT));
	if (error == SP_OK)
		*ret_message = m;
	return error;
}

int sp_write_text(uint8_t *buffer, size_t capacity, const struct sp_text_input *message)
{
	struct sp_writer w = sp_write_begin(buffer, capacity, SP_TYPE_TEXT, 0);

	sp_put_text(&w, message->text);
	return sp_write_end(&w, sp_check_text(message->text, SP_MAX_TEXT));
}

static enum sp_error check_pointer(const struct sp_pointer *m)
{
	const uint32_t max = SP_MAX_DIMENSION * SP_POINTER_UNIT;

	return m->config != 0 && m->x <= max && m->y <= max ? SP_OK : SP_ERROR_VALUE;
}

enum sp_error sp_parse_pointer(const uint8_t *bytes, size_t size, struct sp_pointer *ret_message)
{
	struct sp_reader r = sp_read_begin(bytes, size, SP_TYPE_POINTER, SP_MAX_CLIENT_MESSAGE);
	struct sp_pointer m = { 0 };

	m.config = sp_read_u16(&r);
	sp_read_reserved(&r, 2);
	m.x = sp_read_u32(&r);
	m.y = sp_read_u32(&r);

	enum sp_error error = sp_read_end(&r, check_pointer(&m));
	if (error == SP_OK)
		*ret_message = m;
	return error;
}

int sp_write_pointer(uint8_t *buffer, size_t capacity, const struct sp_pointer *message)
{
	struct sp_writer w = sp_write_begin(buffer, capacity, SP_TYPE_POINTER, 0);

	sp_put_u16(&w, message->config);
	sp_put_reserved(&w, 2);
	sp_put_u32(&w, message->x);
	sp_put_u32(&w, message->y);
	return sp_write_end(&w, check_pointer(message));
}

enum sp_error sp_parse_pointer_relative(
	const uint8_t *bytes, size_t size, struct sp_pointer_relative *ret_message)
{
	struct sp_reader r =
		sp_read_begin(bytes, size, SP_TYPE_POINTER_RELATIVE, SP_MAX_CLIENT_MESSAGE);
	struct sp_pointer_relative m = { 0 };

	m.dx = sp_read_i32(&r);
	m.dy = sp_read_i32(&r);

	enum sp_error error = sp_read_end(&r, SP_OK);
	if (error == SP_OK)
		*ret_message = m;
	return error;
}

int sp_write_pointer_relative(
	uint8_t *buffer, size_t capacity, const struct sp_pointer_relative *message)
{
	struct sp_writer w = sp_write_begin(buffer, capacity, SP_TYPE_POINTER_RELATIVE, 0);

	sp_put_u32(&w, (uint32_t)message->dx);
	sp_put_u32(&w, (uint32_t)message->dy);
	return sp_write_end(&w, SP_OK);
}

static enum sp_error check_button(const struct sp_button *m)
{
	return m->code >= BUTTON_FIRST && m->code <= BUTTON_LAST ? SP_OK : SP_ERROR_VALUE;
}

enum sp_error sp_parse_button(const uint8_t *bytes, size_t size, struct sp_button *ret_message)
{
	struct sp_reader r = sp_read_begin(bytes, size, SP_TYPE_BUTTON, SP_MAX_CLIENT_MESSAGE);
	struct sp_button m = { 0 };

	m.code = sp_read_u16(&r);
	m.down = sp_read_bool(&r);
	sp_read_reserved(&r, 1);

	enum sp_error error = sp_read_end(&r, check_button(&m));
	if (error == SP_OK)
		*ret_message = m;
	return error;
}

int sp_write_button(uint8_t *buffer, size_t capacity, const struct sp_button *message)
{
	struct sp_writer w = sp_write_begin(buffer, capacity, SP_TYPE_BUTTON, 0);

	sp_put_u16(&w, message->code);
	sp_put_u8(&w, message->down);
	sp_put_reserved(&w, 1);
	return sp_write_end(&w, check_button(message));
}

static const uint8_t scroll_flags = SP_SCROLL_FINGER | SP_SCROLL_STOP;

static enum sp_error check_scroll(const struct sp_scroll *m)
{
	return (m->flags & ~scroll_flags) == 0 ? SP_OK : SP_ERROR_VALUE;
}

enum sp_error sp_parse_scroll(const uint8_t *bytes, size_t size, struct sp_scroll *ret_message)
{
	struct sp_reader r = sp_read_begin(bytes, size, SP_TYPE_SCROLL, SP_MAX_CLIENT_MESSAGE);
	struct sp_scroll m = { 0 };

	m.dx = sp_read_i32(&r);
	m.dy = sp_read_i32(&r);
	if (r.error != SP_OK)
		return r.error;

	m.flags = bytes[1] & scroll_flags;
	*ret_message = m;
	return SP_OK;
}

int sp_write_scroll(uint8_t *buffer, size_t capacity, const struct sp_scroll *message)
{
	struct sp_writer w = sp_write_begin(buffer, capacity, SP_TYPE_SCROLL, message->flags);

	sp_put_u32(&w, (uint32_t)message->dx);
	sp_put_u32(&w, (uint32_t)message->dy);
	return sp_write_end(&w, check_scroll(message));
}
