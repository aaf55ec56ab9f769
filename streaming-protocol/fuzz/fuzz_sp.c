/* Every parser gets every input. What one of them accepts is written back, and the bytes written
 * must parse to a message that is written as the same bytes again: nothing is lost on the way but
 * reserved and appended bytes. */
#include "sp.h"

#include <stdlib.h>
#include <string.h>

#define REQUIRE(condition)                                                                         \
 do {                                                                                              \
  if (!(condition))                                                                                \
   abort();                                                                                        \
 } while (0)

static int write_video(uint8_t *buffer, size_t capacity, const struct sp_video *m)
{
	int header_size = sp_write_video_header(buffer, capacity, m);

	REQUIRE(header_size == SP_VIDEO_HEADER_SIZE);
	REQUIRE(m->unit_size <= capacity - SP_VIDEO_HEADER_SIZE);
	memcpy(buffer + header_size, m->unit, m->unit_size);
	return header_size + (int)m->unit_size;
}

static int write_cursor_shape(uint8_t *buffer, size_t capacity, const struct sp_cursor_shape *m)
{
	int header_size = sp_write_cursor_shape_header(buffer, capacity, m);
	size_t size = (size_t)m->width_px * m->height_px * 4;

	REQUIRE(header_size == SP_CURSOR_SHAPE_HEADER_SIZE);
	REQUIRE(size <= capacity - SP_CURSOR_SHAPE_HEADER_SIZE);
	memcpy(buffer + header_size, m->rgba, size);
	return header_size + (int)size;
}

/* NAME(): the size written, or the parser's error. */
#define REWRITE(name, tag, write)                                                                  \
 static int name(const uint8_t *bytes, size_t size, uint8_t *buffer, size_t capacity)              \
 {                                                                                                 \
  struct tag message;                                                                              \
  enum sp_error error = sp_parse_##name(bytes, size, &message);                                    \
  return error != SP_OK ? (int)error : write(buffer, capacity, &message);                          \
 }

/* clang-format off */
REWRITE(hello, sp_hello, sp_write_hello)
REWRITE(welcome, sp_welcome, sp_write_welcome)
REWRITE(stream, sp_stream, sp_write_stream)
REWRITE(video, sp_video, write_video)
REWRITE(ack, sp_ack, sp_write_ack)
REWRITE(keyframe, sp_keyframe, sp_write_keyframe)
REWRITE(cursor_shape, sp_cursor_shape, write_cursor_shape)
REWRITE(cursor_position, sp_cursor_position, sp_write_cursor_position)
REWRITE(key, sp_key, sp_write_key)
REWRITE(text, sp_text_input, sp_write_text)
REWRITE(pointer, sp_pointer, sp_write_pointer)
REWRITE(pointer_relative, sp_pointer_relative, sp_write_pointer_relative)
REWRITE(button, sp_button, sp_write_button)
REWRITE(scroll, sp_scroll, sp_write_scroll)
REWRITE(ping, sp_ping, sp_write_ping)
REWRITE(pong, sp_pong, sp_write_pong)
REWRITE(resize, sp_resize, sp_write_resize)
REWRITE(notice, sp_notice_message, sp_write_notice)
REWRITE(bye, sp_bye_message, sp_write_bye)
/* clang-format on */

static const struct {
	enum sp_type type;
	int (*rewrite)(const uint8_t *bytes, size_t size, uint8_t *buffer, size_t capacity);
} kinds[] = {
	{ SP_TYPE_HELLO, hello },
	{ SP_TYPE_WELCOME, welcome },
	{ SP_TYPE_STREAM, stream },
	{ SP_TYPE_VIDEO, video },
	{ SP_TYPE_ACK, ack },
	{ SP_TYPE_KEYFRAME, keyframe },
	{ SP_TYPE_CURSOR_SHAPE, cursor_shape },
	{ SP_TYPE_CURSOR_POSITION, cursor_position },
	{ SP_TYPE_KEY, key },
	{ SP_TYPE_TEXT, text },
	{ SP_TYPE_POINTER, pointer },
	{ SP_TYPE_POINTER_RELATIVE, pointer_relative },
	{ SP_TYPE_BUTTON, button },
	{ SP_TYPE_SCROLL, scroll },
	{ SP_TYPE_PING, ping },
	{ SP_TYPE_PONG, pong },
	{ SP_TYPE_RESIZE, resize },
	{ SP_TYPE_NOTICE, notice },
	{ SP_TYPE_BYE, bye },
};

/* NOLINTBEGIN(readability-identifier-naming): libFuzzer gives the name. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	/* A rewritten message is never longer than the one it was. */
	uint8_t *first = malloc(size + 1), *second = malloc(size + 1);
	int type = sp_message_type(bytes, size);

	REQUIRE(first && second && sp_type_name(type));
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		int written = kinds[i].rewrite(bytes, size, first, size);
		if (written < 0) {
			REQUIRE(written != SP_ERROR_NO_SPACE && written >= SP_ERROR_ENCODING);
			REQUIRE(type < 0 || type == (int)kinds[i].type || written == SP_ERROR_TYPE);
			continue;
		}
		REQUIRE(type == (int)kinds[i].type && sp_message_type(first, size) == type);

		int again = kinds[i].rewrite(first, (size_t)written, second, (size_t)written);
		REQUIRE(again == written && memcmp(first, second, (size_t)written) == 0);
	}
	free(second);
	free(first);
	return 0;
}
/* NOLINTEND(readability-identifier-naming) */
