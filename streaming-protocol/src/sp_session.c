/* The messages that open, describe and end a connection: HELLO, WELCOME, NOTICE, BYE. */
#include "sp_bytes.h"

static enum sp_error check_hello(const struct sp_hello *m)
{
	bool no_size = m->width_px == 0 && m->height_px == 0;

	if (m->version == 0)
		return SP_ERROR_VALUE;
	if (!no_size && !(sp_is_dimension(m->width_px) && sp_is_dimension(m->height_px)))
		return SP_ERROR_VALUE;
	if (!sp_is_scale(m->scale_120))
		return SP_ERROR_VALUE;
	return sp_check_text(m->client, SP_MAX_NAME);
}

enum sp_error sp_parse_hello(const uint8_t *bytes, size_t size, struct sp_hello *ret_message)
{
	struct sp_reader r = sp_read_begin(bytes, size, SP_TYPE_HELLO, SP_MAX_CLIENT_MESSAGE);
	struct sp_hello m = { 0 };

	m.version = sp_read_u16(&r);
	m.wishes = sp_read_u16(&r);
	m.codecs = sp_read_u32(&r);
	m.width_px = sp_read_u16(&r);
	m.height_px = sp_read_u16(&r);
	m.scale_120 = sp_read_u16(&r);
	m.max_fps = sp_read_u16(&r);
	m.client = sp_read_text(&r);

	enum sp_error error = sp_read_end(&r, check_hello(&m));
	if (error == SP_OK)
		*ret_message = m;
	return error;
}

int sp_write_hello(uint8_t *buffer, size_t capacity, const struct sp_hello *message)
{
	struct sp_writer w = sp_write_begin(buffer, capacity, SP_TYPE_HELLO, 0);

	sp_put_u16(&w, message->version);
	sp_put_u16(&w, message->wishes);
	sp_put_u32(&w, message->codecs);
	sp_put_u16(&w, message->width_px);
	sp_put_u16(&w, message->height_px);
	sp_put_u16(&w, message->scale_120);
	sp_put_u16(&w, message->max_fps);
	sp_put_text(&w, message->client);
	return sp_write_end(&w, check_hello(message));
}

static enum sp_error check_welcome(const struct sp_welcome *m)
{
	/* The agent chooses no higher version than HELLO offered, and we offer ours. */
	if (m->version == 0 || m->version > SP_VERSION)
		return SP_ERROR_VALUE;
	if (m->role != SP_ROLE_VIEW && m->role != SP_ROLE_CONTROL)
		return SP_ERROR_VALUE;
	if (!sp_is_time(m->clock_us))
		return SP_ERROR_VALUE;
	return sp_check_text(m->agent, SP_MAX_NAME);
}

enum sp_error sp_parse_welcome(const uint8_t *bytes, size_t size, struct sp_welcome *ret_message)
{
	struct sp_reader r = sp_read_begin(bytes, size, SP_TYPE_WELCOME, SP_MAX_CLIENT_MESSAGE);
	struct sp_welcome m = { 0 };

	m.version = sp_read_u16(&r);
	m.role = (enum sp_role)sp_read_u16(&r);
	m.features = sp_read_u32(&r);
	sp_read_reserved(&r, 4);
	m.session = sp_read_u64(&r);
	m.clock_us = sp_read_u64(&r);
	m.agent = sp_read_text(&r);

	enum sp_error error = sp_read_end(&r, check_welcome(&m));
	if (error == SP_OK)
		*ret_message = m;
	return error;
}

int sp_write_welcome(uint8_t *buffer, size_t capacity, const struct sp_welcome *message)
{
	struct sp_writer w = sp_write_begin(buffer, capacity, SP_TYPE_WELCOME, 0);

	sp_put_u16(&w, message->version);
	sp_put_u16(&w, (uint16_t)message->role);
	sp_put_u32(&w, message->features);
	sp_put_reserved(&w, 4);
	sp_put_u64(&w, message->session);
	sp_put_u64(&w, message->clock_us);
	sp_put_text(&w, message->agent);
	return sp_write_end(&w, check_welcome(message));
}

static enum sp_error check_notice(const struct sp_notice_message *m)
{
	/* Any code is fine that the wire can carry. */
	if ((unsigned int)m->code > UINT16_MAX)
		return SP_ERROR_VALUE;
	if (m->severity < SP_SEVERITY_INFO || m->severity > SP_SEVERITY_ERROR)
		return SP_ERROR_VALUE;
	return sp_check_text(m->text, SP_MAX_TEXT);
}

enum sp_error sp_parse_notice(
	const uint8_t *bytes, size_t size, struct sp_notice_message *ret_message)
{
	struct sp_reader r = sp_read_begin(bytes, size, SP_TYPE_NOTICE, SP_MAX_CLIENT_MESSAGE);
	struct sp_notice_message m = { 0 };

	m.code = (enum sp_notice)sp_read_u16(&r);
	m.severity = (enum sp_severity)sp_read_u16(&r);
	m.text = sp_read_text(&r);

	enum sp_error error = sp_read_end(&r, check_notice(&m));
	if (error == SP_OK)
		*ret_message = m;
	return error;
}

int sp_write_notice(uint8_t *buffer, size_t capacity, const struct sp_notice_message *message)
{
	struct sp_writer w = sp_write_begin(buffer, capacity, SP_TYPE_NOTICE, 0);

	sp_put_u16(&w, (uint16_t)message->code);
	sp_put_u16(&w, (uint16_t)message->severity);
	sp_put_text(&w, message->text);
	return sp_write_end(&w, check_notice(message));
}

static enum sp_error check_bye(const struct sp_bye_message *m)
{
	if ((unsigned int)m->reason > UINT16_MAX)
		return SP_ERROR_VALUE;
	return sp_check_text(m->text, SP_MAX_TEXT);
}

enum sp_error sp_parse_bye(const uint8_t *bytes, size_t size, struct sp_bye_message *ret_message)
{
	struct sp_reader r = sp_read_begin(bytes, size, SP_TYPE_BYE, SP_MAX_CLIENT_MESSAGE);
	struct sp_bye_message m = { 0 };

	m.reason = (enum sp_bye)sp_read_u16(&r);
	m.text = sp_read_text(&r);

	enum sp_error error = sp_read_end(&r, check_bye(&m));
	if (error == SP_OK)
		*ret_message = m;
	return error;
}

int sp_write_bye(uint8_t *buffer, size_t capacity, const struct sp_bye_message *message)
{
	struct sp_writer w = sp_write_begin(buffer, capacity, SP_TYPE_BYE, 0);

	sp_put_u16(&w, (uint16_t)message->reason);
	sp_put_text(&w, message->text);
	return sp_write_end(&w, check_bye(message));
}
