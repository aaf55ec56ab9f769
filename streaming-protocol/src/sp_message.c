#include "sp.h"

int sp_message_type(const uint8_t *bytes, size_t size)
{
	return size < SP_HEADER_SIZE ? (int)SP_ERROR_TRUNCATED : bytes[0];
}

/* NULL for a type that version 1 does not define. */
static const char *known_name(enum sp_type type)
{
	switch (type) {
	case SP_TYPE_HELLO: return "HELLO";
	case SP_TYPE_WELCOME: return "WELCOME";
	case SP_TYPE_STREAM: return "STREAM";
	case SP_TYPE_VIDEO: return "VIDEO";
	case SP_TYPE_ACK: return "ACK";
	case SP_TYPE_KEYFRAME: return "KEYFRAME";
	case SP_TYPE_CURSOR_SHAPE: return "CURSOR_SHAPE";
	case SP_TYPE_CURSOR_POSITION: return "CURSOR_POSITION";
	case SP_TYPE_KEY: return "KEY";
	case SP_TYPE_TEXT: return "TEXT";
	case SP_TYPE_POINTER: return "POINTER";
	case SP_TYPE_POINTER_RELATIVE: return "POINTER_RELATIVE";
	case SP_TYPE_BUTTON: return "BUTTON";
	case SP_TYPE_SCROLL: return "SCROLL";
	case SP_TYPE_RELEASE_ALL: return "RELEASE_ALL";
	case SP_TYPE_PING: return "PING";
	case SP_TYPE_PONG: return "PONG";
	case SP_TYPE_PAUSE: return "PAUSE";
	case SP_TYPE_RESUME: return "RESUME";
	case SP_TYPE_RESIZE: return "RESIZE";
	case SP_TYPE_NOTICE: return "NOTICE";
	case SP_TYPE_BYE: return "BYE";
	}
	return NULL;
}

bool sp_type_is_known(int type)
{
	return known_name((enum sp_type)type) != NULL;
}

const char *sp_type_name(int type)
{
	const char *name = known_name((enum sp_type)type);
	return name ? name : "unknown";
}

const char *sp_error_string(enum sp_error error)
{
	switch (error) {
	case SP_OK: return "no error";
	case SP_ERROR_TRUNCATED: return "the message is cut short";
	case SP_ERROR_TYPE: return "the message is of another type";
	case SP_ERROR_VALUE: return "a field holds a value that is not allowed";
	case SP_ERROR_TOO_LARGE: return "the message is too large";
	case SP_ERROR_NO_SPACE: return "the buffer is too small";
	case SP_ERROR_ENCODING: return "a text is not valid UTF-8";
	}
	return "unknown error";
}
