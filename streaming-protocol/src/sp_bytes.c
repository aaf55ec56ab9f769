#include "sp_bytes.h"

#include <string.h>

static void read_failed(struct sp_reader *r, enum sp_error error)
{
	if (r->error == SP_OK)
		r->error = error;
}

const uint8_t *sp_read_bytes(struct sp_reader *r, size_t count)
{
	if (r->error != SP_OK)
		return NULL;
	if (r->size - r->at < count) {
		read_failed(r, SP_ERROR_TRUNCATED);
		return NULL;
	}

	const uint8_t *bytes = r->bytes + r->at;
	r->at += count;
	return bytes;
}

struct sp_reader sp_read_begin(
	const uint8_t *bytes, size_t size, enum sp_type type, size_t max_size)
{
	struct sp_reader r = { .bytes = bytes, .size = size };

	const uint8_t *header = sp_read_bytes(&r, SP_HEADER_SIZE);
	if (!header)
		return r;
	if (header[0] != type)
		read_failed(&r, SP_ERROR_TYPE);
	if (size > max_size)
		read_failed(&r, SP_ERROR_TOO_LARGE);
	return r;
}

static uint64_t read_integer(struct sp_reader *r, size_t size)
{
	const uint8_t *bytes = sp_read_bytes(r, size);
	if (!bytes)
		return 0;

	uint64_t value = 0;
	for (size_t i = 0; i < size; i++)
		value |= (uint64_t)bytes[i] << (8 * i);
	return value;
}

uint8_t sp_read_u8(struct sp_reader *r)
{
	return (uint8_t)read_integer(r, 1);
}

uint16_t sp_read_u16(struct sp_reader *r)
{
	return (uint16_t)read_integer(r, 2);
}

uint32_t sp_read_u32(struct sp_reader *r)
{
	return (uint32_t)read_integer(r, 4);
}

uint64_t sp_read_u64(struct sp_reader *r)
{
	return read_integer(r, 8);
}

int16_t sp_read_i16(struct sp_reader *r)
{
	return (int16_t)read_integer(r, 2);
}

int32_t sp_read_i32(struct sp_reader *r)
{
	return (int32_t)read_integer(r, 4);
}

bool sp_read_bool(struct sp_reader *r)
{
	uint8_t value = sp_read_u8(r);
	if (value > 1)
		read_failed(r, SP_ERROR_VALUE);
	return value == 1;
}

struct sp_text sp_read_text(struct sp_reader *r)
{
	size_t size = sp_read_u16(r);
	const uint8_t *bytes = sp_read_bytes(r, size);
	if (!bytes)
		return (struct sp_text){ 0 };
	return (struct sp_text){ .bytes = (const char *)bytes, .size = size };
}

void sp_read_reserved(struct sp_reader *r, size_t count)
{
	(void)sp_read_bytes(r, count);
}

enum sp_error sp_read_end(const struct sp_reader *r, enum sp_error checked)
{
	return r->error != SP_OK ? r->error : checked;
}

static uint8_t *put_space(struct sp_writer *w, size_t count)
{
	if (w->is_full || w->capacity - w->at < count) {
		w->is_full = true;
		return NULL;
	}

	uint8_t *space = w->bytes + w->at;
	w->at += count;
	return space;
}

static void put_integer(struct sp_writer *w, uint64_t value, size_t size)
{
	uint8_t *space = put_space(w, size);
	if (!space)
		return;
	for (size_t i = 0; i < size; i++)
		space[i] = (uint8_t)(value >> (8 * i));
}

struct sp_writer sp_write_begin(uint8_t *buffer, size_t capacity, enum sp_type type, uint8_t flags)
{
	struct sp_writer w = { .capacity = capacity };

	w.bytes = buffer;
	sp_put_u8(&w, (uint8_t)type);
	sp_put_u8(&w, flags);
	sp_put_reserved(&w, 2);
	return w;
}

void sp_put_u8(struct sp_writer *w, uint8_t value)
{
	put_integer(w, value, 1);
}

void sp_put_u16(struct sp_writer *w, uint16_t value)
{
	put_integer(w, value, 2);
}

void sp_put_u32(struct sp_writer *w, uint32_t value)
{
	put_integer(w, value, 4);
}

void sp_put_u64(struct sp_writer *w, uint64_t value)
{
	put_integer(w, value, 8);
}

void sp_put_text(struct sp_writer *w, struct sp_text text)
{
	sp_put_u16(w, (uint16_t)text.size);
	uint8_t *space = put_space(w, text.size);
	if (space && text.size > 0)
		memcpy(space, text.bytes, text.size);
}

void sp_put_reserved(struct sp_writer *w, size_t count)
{
	uint8_t *space = put_space(w, count);
	if (space)
		memset(space, 0, count);
}

int sp_write_end(const struct sp_writer *w, enum sp_error checked)
{
	if (checked != SP_OK)
		return checked;
	return w->is_full ? SP_ERROR_NO_SPACE : (int)w->at;
}

bool sp_is_dimension(uint16_t px)
{
	return px >= 1 && px <= SP_MAX_DIMENSION;
}

bool sp_is_scale(uint16_t scale_120)
{
	return scale_120 == 0 || (scale_120 >= SP_MIN_SCALE && scale_120 <= SP_MAX_SCALE);
}

bool sp_is_time(uint64_t time_us)
{
	return time_us <= SP_MAX_TIME_US;
}

/* 0 for NUL and for a byte that starts no sequence. */
static size_t utf8_size(uint8_t lead)
{
	if (lead >= 0x01 && lead <= 0x7f)
		return 1;
	if (lead >= 0xc2 && lead <= 0xdf)
		return 2;
	if (lead >= 0xe0 && lead <= 0xef)
		return 3;
	return lead >= 0xf0 && lead <= 0xf4 ? 4 : 0;
}

/* The size of the UTF-8 sequence at `s`, or 0 when it is none that we allow. The bounds of the
 * second byte are table 3-7 of the Unicode standard: they keep out overlong forms, surrogates and
 * everything past U+10FFFF. */
static size_t utf8_sequence(const uint8_t *s, size_t left)
{
	uint8_t lead = s[0];
	size_t size = utf8_size(lead);

	if (size <= 1 || left < size)
		return size == 1;

	uint8_t low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
	uint8_t high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
	if (s[1] < low || s[1] > high)
		return 0;
	for (size_t i = 2; i < size; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	}
	return size;
}

enum sp_error sp_check_text(struct sp_text text, size_t max_size)
{
	if (text.size > max_size)
		return SP_ERROR_TOO_LARGE;

	const uint8_t *bytes = (const uint8_t *)text.bytes;
	for (size_t at = 0; at < text.size;) {
		size_t size = utf8_sequence(bytes + at, text.size - at);
		if (size == 0)
			return SP_ERROR_ENCODING;
		at += size;
	}
	return SP_OK;
}
