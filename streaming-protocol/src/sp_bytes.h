/* Reading and writing the fields of one message, little-endian and bounds-checked.
 *
 * Neither side stops at the first problem: it is remembered, reads give zeroes from then on, and
 * the one check at the end tells. So the functions of a message read like its diagram.
 *
 * Threads: any; no shared state. Ownership: nothing is owned; texts point into the bytes read. */
#pragma once

#include "sp.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sp_reader {
	const uint8_t *bytes;
	size_t size;
	size_t at;
	enum sp_error error; /* the first */
};

struct sp_writer {
	uint8_t *bytes;
	size_t capacity;
	size_t at;
	bool is_full;
};

/* Start behind the header of a message that must be of `type` and at most `max_size` bytes. */
struct sp_reader sp_read_begin(
	const uint8_t *bytes, size_t size, enum sp_type type, size_t max_size);

uint8_t sp_read_u8(struct sp_reader *r);
uint16_t sp_read_u16(struct sp_reader *r);
uint32_t sp_read_u32(struct sp_reader *r);
uint64_t sp_read_u64(struct sp_reader *r);
int16_t sp_read_i16(struct sp_reader *r);
int32_t sp_read_i32(struct sp_reader *r);

/* One byte that is 0 or 1. */
bool sp_read_bool(struct sp_reader *r);

/* Only that it is there: sp_check_text() looks at its contents. */
struct sp_text sp_read_text(struct sp_reader *r);

/* NULL when fewer than `count` bytes are left. */
const uint8_t *sp_read_bytes(struct sp_reader *r, size_t count);

/* Reserved bytes must be there; what they hold is ignored. */
void sp_read_reserved(struct sp_reader *r, size_t count);

/* The first error of reading, or else `checked`: what the message's own check found. */
enum sp_error sp_read_end(const struct sp_reader *r, enum sp_error checked);

/* Start with the header of a message. */
struct sp_writer sp_write_begin(uint8_t *buffer, size_t capacity, enum sp_type type, uint8_t flags);

void sp_put_u8(struct sp_writer *w, uint8_t value);
void sp_put_u16(struct sp_writer *w, uint16_t value);
void sp_put_u32(struct sp_writer *w, uint32_t value);
void sp_put_u64(struct sp_writer *w, uint64_t value);
void sp_put_text(struct sp_writer *w, struct sp_text text);

/* `count` zeroes. */
void sp_put_reserved(struct sp_writer *w, size_t count);

/* What a public writer returns: `checked` if that is an error, else SP_ERROR_NO_SPACE if the buffer
 * was too small, else the size. */
int sp_write_end(const struct sp_writer *w, enum sp_error checked);

/* Rules that several messages share. */
bool sp_is_dimension(uint16_t px);
bool sp_is_scale(uint16_t scale_120);
bool sp_is_time(uint64_t time_us);
enum sp_error sp_check_text(struct sp_text text, size_t max_size);
