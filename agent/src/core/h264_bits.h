/* Bits of an RBSP (Rec. ITU-T H.264, 7.2 and 9.1), and emulation prevention around it (7.3.1).
 *
 * Threads: any; no shared state. Ownership: both cursors borrow the caller's bytes. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* After a read beyond the end, or of a code that cannot be, `broken` stays true and every read
 * gives 0. Ask once at the end. */
struct bit_reader {
	const uint8_t *bytes;
	size_t bit_count;
	size_t position;
	bool broken;
};

uint32_t bits_read(struct bit_reader *r, unsigned count); /* u(n), n of 0..32 */
bool bits_read_flag(struct bit_reader *r);                /* u(1) */
uint32_t bits_read_ue(struct bit_reader *r);              /* ue(v) */
int32_t bits_read_se(struct bit_reader *r);               /* se(v) */

/* What does not fit sets `full` and is dropped. The bytes must be zero at first. */
struct bit_writer {
	uint8_t *bytes;
	size_t bit_capacity;
	size_t position;
	bool full;
};

void bits_write(struct bit_writer *w, uint32_t value, unsigned count); /* u(n), n of 0..32 */
void bits_write_ue(struct bit_writer *w, uint32_t value);              /* value < 2^32 - 1 */

/* Append the bits [from, to) of what `source` reads. */
void bits_copy(struct bit_writer *w, const struct bit_reader *source, size_t from, size_t to);

/* rbsp_trailing_bits() (7.3.2.11): a one, and zeroes up to a whole byte. */
void bits_write_trailing(struct bit_writer *w);

/* The payload without emulation_prevention_three_bytes: its size, or -ENOSPC. */
int bits_unescape(const uint8_t *payload, size_t size, uint8_t *rbsp, size_t capacity);

/* The payload with emulation_prevention_three_bytes put in: its size, or -ENOSPC. */
int bits_escape(const uint8_t *rbsp, size_t size, uint8_t *payload, size_t capacity);
