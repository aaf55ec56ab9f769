#include "sp.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* From the repository's root, where `make unit` runs. */
#ifndef SP_VECTORS
# define SP_VECTORS "streaming-protocol/vectors/vectors.txt"
#endif

enum { MAX_BYTES = 4096 };

struct vector {
	char name[64];
	char type[32];
	char error[32]; /* empty when the message is valid */
	char fields[MAX_BYTES];
	uint8_t bytes[MAX_BYTES];
	size_t size;
	uint8_t canonical[MAX_BYTES];
	size_t canonical_size;
};

/* One message on its way from bytes to a struct, to `key=value` lines, and to bytes again. */
struct rewrite {
	const uint8_t *bytes;
	size_t size;
	union {
		struct sp_hello hello;
		struct sp_welcome welcome;
		struct sp_stream stream;
		struct sp_video video;
		struct sp_ack ack;
		struct sp_keyframe keyframe;
		struct sp_cursor_shape cursor_shape;
		struct sp_cursor_position cursor_position;
		struct sp_key key;
		struct sp_text_input text;
		struct sp_pointer pointer;
		struct sp_pointer_relative pointer_relative;
		struct sp_button button;
		struct sp_scroll scroll;
		struct sp_ping ping;
		struct sp_pong pong;
		struct sp_resize resize;
		struct sp_notice_message notice;
		struct sp_bye_message bye;
	} as;
	FILE *fields;
	uint8_t *out;
	size_t capacity;
};

static void print_bytes(FILE *f, const char *key, const uint8_t *bytes, size_t size)
{
	fprintf(f, "%s=", key);
	for (size_t i = 0; i < size; i++)
		fprintf(f, "%02x", bytes[i]);
	fprintf(f, "\n");
}

static void print_text(FILE *f, const char *key, struct sp_text text)
{
	fprintf(f, "%s=%.*s\n", key, (int)text.size, text.bytes);
}

/* The writers of VIDEO and CURSOR_SHAPE leave the bytes behind the header to the caller. */
static int append(struct rewrite *x, int header_size, const uint8_t *bytes, size_t size)
{
	if (header_size < 0)
		return header_size;
	if (x->capacity - (size_t)header_size < size)
		return SP_ERROR_NO_SPACE;
	memcpy(x->out + header_size, bytes, size);
	return header_size + (int)size;
}

static int write_video(struct rewrite *x)
{
	const struct sp_video *m = &x->as.video;

	return append(x, sp_write_video_header(x->out, x->capacity, m), m->unit, m->unit_size);
}

static int write_cursor_shape(struct rewrite *x)
{
	const struct sp_cursor_shape *m = &x->as.cursor_shape;
	size_t size = (size_t)m->width_px * m->height_px * 4;

	return append(x, sp_write_cursor_shape_header(x->out, x->capacity, m), m->rgba, size);
}

static int write_empty(struct rewrite *x)
{
	int type = sp_message_type(x->bytes, x->size);

	return type < 0 ? type : sp_write_empty(x->out, x->capacity, (enum sp_type)type);
}

#define SIGNED(field) fprintf(x->fields, #field "=%lld\n", (long long)m->field);
#define NUMBER(field) fprintf(x->fields, #field "=%llu\n", (unsigned long long)m->field);
#define TEXT(field)   print_text(x->fields, #field, m->field);

/* rewrite_NAME(): the size written, or the parser's or the writer's error. */
#define REWRITE(name, print_fields, written)                                                       \
 static int rewrite_##name(struct rewrite *x)                                                      \
 {                                                                                                 \
  __typeof__(x->as.name) *m = &x->as.name;                                                         \
  enum sp_error error = sp_parse_##name(x->bytes, x->size, m);                                     \
  if (error != SP_OK)                                                                              \
   return error;                                                                                   \
  print_fields;                                                                                    \
  return written;                                                                                  \
 }
#define REWRITE_SMALL(name, print_fields)                                                          \
 REWRITE(name, print_fields, sp_write_##name(x->out, x->capacity, m))

/* clang-format off */
REWRITE_SMALL(hello, NUMBER(version) NUMBER(wishes) NUMBER(codecs) NUMBER(width_px)
	NUMBER(height_px) NUMBER(scale_120) NUMBER(max_fps) TEXT(client))
REWRITE_SMALL(welcome, NUMBER(version) NUMBER(role) NUMBER(features) NUMBER(session)
	NUMBER(clock_us) TEXT(agent))
REWRITE_SMALL(stream, NUMBER(config) NUMBER(codec) NUMBER(width_px) NUMBER(height_px)
	NUMBER(max_fps) NUMBER(primaries) NUMBER(transfer) NUMBER(matrix) NUMBER(full_range)
	TEXT(codec_string) TEXT(encoder))
REWRITE(video, NUMBER(flags) NUMBER(config) NUMBER(frame) NUMBER(capture_us) NUMBER(queue_us)
	NUMBER(encode_us) print_bytes(x->fields, "unit", m->unit, m->unit_size), write_video(x))
REWRITE_SMALL(ack, NUMBER(frame) NUMBER(queue) NUMBER(received_us) NUMBER(decoded_us)
	NUMBER(presented_us))
REWRITE_SMALL(keyframe, NUMBER(reason))
REWRITE(cursor_shape, NUMBER(id) NUMBER(width_px) NUMBER(height_px) SIGNED(hotspot_x_px)
	SIGNED(hotspot_y_px) print_bytes(x->fields, "rgba", m->rgba,
	(size_t)m->width_px * m->height_px * 4), write_cursor_shape(x))
REWRITE_SMALL(cursor_position, NUMBER(id) SIGNED(x_px) SIGNED(y_px))
REWRITE_SMALL(key, NUMBER(code) NUMBER(down))
REWRITE_SMALL(text, TEXT(text))
REWRITE_SMALL(pointer, NUMBER(config) NUMBER(x) NUMBER(y))
REWRITE_SMALL(pointer_relative, SIGNED(dx) SIGNED(dy))
REWRITE_SMALL(button, NUMBER(code) NUMBER(down))
REWRITE_SMALL(scroll, NUMBER(flags) SIGNED(dx) SIGNED(dy))
REWRITE_SMALL(ping, NUMBER(id) NUMBER(time_us))
REWRITE_SMALL(pong, NUMBER(id) NUMBER(time_us) NUMBER(clock_us))
REWRITE_SMALL(resize, NUMBER(width_px) NUMBER(height_px) NUMBER(scale_120))
REWRITE_SMALL(notice, NUMBER(code) NUMBER(severity) TEXT(text))
REWRITE_SMALL(bye, NUMBER(reason) TEXT(text))
/* clang-format on */

static const struct kind {
	enum sp_type type;
	int (*rewrite)(struct rewrite *x);
} kinds[] = {
	{ SP_TYPE_HELLO, rewrite_hello },
	{ SP_TYPE_WELCOME, rewrite_welcome },
	{ SP_TYPE_STREAM, rewrite_stream },
	{ SP_TYPE_VIDEO, rewrite_video },
	{ SP_TYPE_ACK, rewrite_ack },
	{ SP_TYPE_KEYFRAME, rewrite_keyframe },
	{ SP_TYPE_CURSOR_SHAPE, rewrite_cursor_shape },
	{ SP_TYPE_CURSOR_POSITION, rewrite_cursor_position },
	{ SP_TYPE_KEY, rewrite_key },
	{ SP_TYPE_TEXT, rewrite_text },
	{ SP_TYPE_POINTER, rewrite_pointer },
	{ SP_TYPE_POINTER_RELATIVE, rewrite_pointer_relative },
	{ SP_TYPE_BUTTON, rewrite_button },
	{ SP_TYPE_SCROLL, rewrite_scroll },
	{ SP_TYPE_RELEASE_ALL, write_empty },
	{ SP_TYPE_PING, rewrite_ping },
	{ SP_TYPE_PONG, rewrite_pong },
	{ SP_TYPE_PAUSE, write_empty },
	{ SP_TYPE_RESUME, write_empty },
	{ SP_TYPE_RESIZE, rewrite_resize },
	{ SP_TYPE_NOTICE, rewrite_notice },
	{ SP_TYPE_BYE, rewrite_bye },
};
enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

/* NULL for the vectors of type "unknown". */
static const struct kind *kind_of(const struct vector *v)
{
	for (size_t i = 0; i < KINDS; i++)
		if (strcmp(sp_type_name(kinds[i].type), v->type) == 0)
			return &kinds[i];
	cr_assert_str_eq(v->type, "unknown", "%s", v->name);
	return NULL;
}

/* Rewrites an exact copy of the bytes into a buffer of exactly `capacity` bytes, so that the
 * address sanitizer sees a read or a write beyond either. A failed parser must leave its struct
 * alone. The lines of fields go to `fields`, the bytes to `out`, where those are not NULL. */
static int rewrite(const struct kind *kind, const uint8_t *bytes, size_t size, size_t capacity,
	char *fields, uint8_t *out)
{
	char ignored[2 * MAX_BYTES];
	uint8_t *in = malloc(size ? size : 1), *written = malloc(capacity ? capacity : 1);
	cr_assert(in && written);
	struct rewrite x = { .bytes = in, .size = size, .out = written, .capacity = capacity };
	if (size > 0)
		memcpy(in, bytes, size);
	memset(&x.as, 0xa5, sizeof(x.as));
	x.fields = fmemopen(fields ? fields : ignored, sizeof(ignored), "w");
	cr_assert(x.fields);

	int r = kind->rewrite(&x);

	fclose(x.fields);
	if (r > 0 && out)
		memcpy(out, written, (size_t)r);
	for (size_t i = 0; r < 0 && r != SP_ERROR_NO_SPACE && i < sizeof(x.as); i++)
		cr_assert_eq(((const uint8_t *)&x.as)[i], 0xa5);
	free(written);
	free(in);
	return r;
}

static size_t from_hex(uint8_t *bytes, const char *hex)
{
	size_t size = 0;
	unsigned int byte;
	int used;

	for (; sscanf(hex, " %2x%n", &byte, &used) == 1; hex += used)
		bytes[size++] = (uint8_t)byte;
	return size;
}

static void read_line(struct vector *v, char *line)
{
	char *value = strchr(line, '=');
	cr_assert(value, "%s: %s", v->name, line);
	*value++ = '\0';

	if (strcmp(line, "type") == 0) {
		snprintf(v->type, sizeof(v->type), "%s", value);
	} else if (strcmp(line, "error") == 0) {
		snprintf(v->error, sizeof(v->error), "%s", value);
	} else if (strcmp(line, "bytes") == 0) {
		v->size = v->canonical_size = from_hex(v->bytes, value);
		memcpy(v->canonical, v->bytes, v->size);
	} else if (strcmp(line, "canonical") == 0) {
		v->canonical_size = from_hex(v->canonical, value);
	} else {
		size_t at = strlen(v->fields), left = sizeof(v->fields) - at;
		int size = snprintf(v->fields + at, left, "%s=%s\n", line, value);
		cr_assert_lt((size_t)size, left, "%s: fields are too long", v->name);
	}
}

static int for_each_vector(void (*visit)(const struct vector *v))
{
	int count = 0;
	char line[2 * MAX_BYTES];
	struct vector v = { 0 };
	FILE *f = fopen(SP_VECTORS, "r");
	cr_assert(f, "cannot open " SP_VECTORS);

	while (fgets(line, sizeof(line), f)) {
		size_t size = strcspn(line, "\n");
		cr_assert_eq(line[size], '\n', "a line is too long");
		line[size] = '\0';
		if (line[0] == '[') {
			v = (struct vector){ 0 };
			snprintf(v.name, sizeof(v.name), "%.*s", (int)strcspn(line + 1, "]"),
				line + 1);
		} else if (v.name[0] && line[0]) {
			read_line(&v, line);
		}
		if (v.name[0] && !line[0]) {
			visit(&v);
			v.name[0] = '\0';
			count++;
		}
	}
	if (v.name[0]) {
		visit(&v);
		count++;
	}
	fclose(f);
	return count;
}

static bool is_valid(const struct vector *v)
{
	return !v->error[0] && strcmp(v->type, "unknown") != 0;
}

static enum sp_error error_of(const struct vector *v)
{
	static const struct {
		const char *name;
		enum sp_error error;
	} names[] = {
		{ "TRUNCATED", SP_ERROR_TRUNCATED },
		{ "VALUE", SP_ERROR_VALUE },
		{ "TOO_LARGE", SP_ERROR_TOO_LARGE },
		{ "ENCODING", SP_ERROR_ENCODING },
	};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i].name, v->error) == 0)
			return names[i].error;
	cr_assert_fail("%s: no such error: %s", v->name, v->error);
	return SP_OK;
}

static void expect_fields_and_bytes(const struct vector *v)
{
	const uint8_t *sources[] = { v->bytes, v->canonical };
	size_t sizes[] = { v->size, v->canonical_size };

	for (int i = 0; is_valid(v) && i < 2; i++) {
		char fields[2 * MAX_BYTES] = "";
		uint8_t out[MAX_BYTES];

		int r = rewrite(kind_of(v), sources[i], sizes[i], MAX_BYTES, fields, out);

		cr_assert_eq(r, (int)v->canonical_size, "%s: %d", v->name, r);
		cr_expect_arr_eq(out, v->canonical, v->canonical_size, "%s", v->name);
		cr_expect_str_eq(fields, v->fields, "%s: %s", v->name, fields);
	}
}

Test(sp, reads_and_writes_every_valid_vector)
{
	cr_expect_gt(for_each_vector(expect_fields_and_bytes), 100);
}

static void expect_error(const struct vector *v)
{
	if (!v->error[0])
		return;

	int r = rewrite(kind_of(v), v->bytes, v->size, MAX_BYTES, NULL, NULL);

	cr_expect_eq(r, error_of(v), "%s: %d", v->name, r);
}

Test(sp, refuses_every_invalid_vector_and_leaves_the_struct_alone)
{
	for_each_vector(expect_error);
}

static unsigned int seen[256];

static void note_type(const struct vector *v)
{
	int type = sp_message_type(v->bytes, v->size);

	if (v->error[0])
		return;
	cr_assert_geq(type, 0);
	cr_expect_str_eq(sp_type_name(type), v->type, "%s", v->name);
	cr_expect_eq(sp_type_is_known(type), is_valid(v), "%s", v->name);
	seen[type]++;
}

Test(sp, knows_a_type_exactly_when_the_vectors_do)
{
	int known = 0;

	for_each_vector(note_type);

	for (int type = 0; type < 256; type++) {
		known += sp_type_is_known(type);
		cr_expect(!sp_type_is_known(type) || seen[type] > 0, "no %s", sp_type_name(type));
	}
	cr_expect_eq(known, KINDS);
	cr_expect_not(sp_type_is_known(-1));
	cr_expect_not(sp_type_is_known(256 + SP_TYPE_KEY));
	cr_expect_eq(sp_message_type(NULL, 0), SP_ERROR_TRUNCATED);
	cr_expect_eq(sp_message_type((const uint8_t[]){ 1, 0, 0 }, 3), SP_ERROR_TRUNCATED);
}

static void expect_only_its_parser(const struct vector *v)
{
	for (size_t i = 0; is_valid(v) && i < KINDS; i++) {
		bool is_other = &kinds[i] != kind_of(v) && kinds[i].rewrite != write_empty;
		if (is_other)
			cr_expect_eq(rewrite(&kinds[i], v->bytes, v->size, MAX_BYTES, NULL, NULL),
				SP_ERROR_TYPE, "%s", v->name);
	}
}

Test(sp, gives_a_message_only_to_the_parser_of_its_type)
{
	for_each_vector(expect_only_its_parser);
}

static void expect_cuts_fail(const struct vector *v)
{
	if (!is_valid(v))
		return;

	const struct kind *kind = kind_of(v);
	bool is_video = kind->type == SP_TYPE_VIDEO;
	for (size_t size = 0; size < v->canonical_size; size++) {
		int expected = SP_ERROR_TRUNCATED;
		if (is_video && size == SP_VIDEO_HEADER_SIZE)
			expected = SP_ERROR_VALUE;
		else if (is_video && size > SP_VIDEO_HEADER_SIZE)
			expected = (int)size;
		cr_expect_eq(rewrite(kind, v->canonical, size, MAX_BYTES, NULL, NULL), expected,
			"%s cut to %zu bytes", v->name, size);
	}
}

Test(sp, finds_a_message_truncated_at_every_length_but_for_the_unit_of_video)
{
	for_each_vector(expect_cuts_fail);
}

static void expect_no_space(const struct vector *v)
{
	for (size_t capacity = 0; is_valid(v) && capacity < v->canonical_size; capacity++)
		cr_expect_eq(rewrite(kind_of(v), v->bytes, v->size, capacity, NULL, NULL),
			SP_ERROR_NO_SPACE, "%s into %zu bytes", v->name, capacity);
}

Test(sp, never_writes_beyond_a_buffer_that_is_too_small)
{
	for_each_vector(expect_no_space);
}

static uint8_t large[SP_VIDEO_HEADER_SIZE + SP_MAX_ACCESS_UNIT + 1];

Test(sp, refuses_a_message_one_byte_over_its_limit_and_no_sooner)
{
	struct sp_video video = { 0 };
	struct sp_cursor_shape shape = { 0 };
	struct sp_ping ping = { 0 };
	const struct sp_video one = { .config = 1, .unit_size = SP_MAX_ACCESS_UNIT };
	const struct sp_cursor_shape big = { .id = 1, .width_px = 256, .height_px = 256 };

	cr_assert_eq(sp_write_video_header(large, sizeof(large), &one), SP_VIDEO_HEADER_SIZE);
	cr_expect_eq(sp_parse_video(large, sizeof(large), &video), SP_ERROR_TOO_LARGE);
	cr_expect_eq(sp_parse_video(large, sizeof(large) - 1, &video), SP_OK);
	cr_expect_eq(video.unit_size, SP_MAX_ACCESS_UNIT);

	cr_assert_eq(sp_write_cursor_shape_header(large, 16, &big), SP_CURSOR_SHAPE_HEADER_SIZE);
	cr_expect_eq(
		sp_parse_cursor_shape(large, SP_MAX_CURSOR_SHAPE + 1, &shape), SP_ERROR_TOO_LARGE);
	cr_expect_eq(sp_parse_cursor_shape(large, SP_MAX_CURSOR_SHAPE, &shape), SP_OK);

	cr_assert_eq(sp_write_ping(large, 16, &(struct sp_ping){ .id = 1 }), 16);
	cr_expect_eq(sp_parse_ping(large, SP_MAX_CLIENT_MESSAGE + 1, &ping), SP_ERROR_TOO_LARGE);
	cr_expect_eq(sp_parse_ping(large, SP_MAX_CLIENT_MESSAGE, &ping), SP_OK);
}

Test(sp, writers_refuse_what_parsers_refuse)
{
	uint8_t out[SP_MAX_SMALL];
	const struct sp_hello half = { .version = 1, .width_px = 5 };
	const struct sp_welcome nobody = { .version = 1 };
	const struct sp_video empty = { .config = 1 };
	const struct sp_video huge = { .config = 1, .unit_size = SP_MAX_ACCESS_UNIT + 1u };
	const struct sp_video flagged = { .config = 1, .unit_size = 1, .flags = 4 };
	const struct sp_scroll scroll = { .flags = 4 };
	const struct sp_ping late = { .time_us = SP_MAX_TIME_US + 1 };
	const struct sp_bye_message far = { .reason = (enum sp_bye)65536 };
	const struct sp_notice_message vague = { .code = (enum sp_notice) - 1, .severity = 1 };

	cr_expect_eq(sp_write_hello(out, sizeof(out), &half), SP_ERROR_VALUE);
	cr_expect_eq(sp_write_welcome(out, sizeof(out), &nobody), SP_ERROR_VALUE);
	cr_expect_eq(sp_write_video_header(out, sizeof(out), &empty), SP_ERROR_VALUE);
	cr_expect_eq(sp_write_video_header(out, sizeof(out), &huge), SP_ERROR_TOO_LARGE);
	cr_expect_eq(sp_write_video_header(out, sizeof(out), &flagged), SP_ERROR_VALUE);
	cr_expect_eq(sp_write_scroll(out, sizeof(out), &scroll), SP_ERROR_VALUE);
	cr_expect_eq(sp_write_ping(out, sizeof(out), &late), SP_ERROR_VALUE);
	cr_expect_eq(sp_write_bye(out, sizeof(out), &far), SP_ERROR_VALUE);
	cr_expect_eq(sp_write_notice(out, sizeof(out), &vague), SP_ERROR_VALUE);
	cr_expect_eq(sp_write_empty(out, sizeof(out), SP_TYPE_KEY), SP_ERROR_TYPE);
}

Test(sp, small_messages_fit_into_their_limit_with_the_longest_texts)
{
	uint8_t out[SP_MAX_SMALL];
	char longest[SP_MAX_TEXT + 1];
	memset(longest, 'x', sizeof(longest));
	struct sp_notice_message notice = { .severity = SP_SEVERITY_WARN,
		.text = { longest, SP_MAX_TEXT } };
	struct sp_text_input text = { .text = { longest, SP_MAX_TEXT } };

	cr_expect_gt(sp_write_notice(out, sizeof(out), &notice), SP_MAX_TEXT);
	cr_expect_gt(sp_write_text(out, sizeof(out), &text), SP_MAX_TEXT);
	text.text.size++;
	cr_expect_eq(sp_write_text(out, sizeof(out), &text), SP_ERROR_TOO_LARGE);
}

Test(sp, has_words_for_every_error)
{
	for (int error = SP_ERROR_ENCODING; error <= SP_OK; error++)
		cr_expect_str_neq(sp_error_string((enum sp_error)error), "unknown error");
	cr_expect_str_eq(sp_error_string((enum sp_error)1), "unknown error");
}
