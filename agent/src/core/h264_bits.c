#include "core/h264_bits.h"

#include <assert.h>
#include <errno.h>

static bool bit_at(const struct bit_reader *r, size_t position)
{
	return r->bytes[position / 8] >> (7 - position % 8) & 1;
}

uint32_t bits_read(struct bit_reader *r, unsigned count)
{
	uint32_t value = 0;

	assert(count <= 32);
	if (r->broken || count > r->bit_count - r->position) {
		r->broken = true;
		return 0;
	}
	while (count--)
		value = value << 1 | bit_at(r, r->position++);
	return value;
}

bool bits_read_flag(struct bit_reader *r)
{
	return bits_read(r, 1);
}

uint32_t bits_read_ue(struct bit_reader *r)
{
	unsigned zeroes = 0;

	while (!r->broken && !bits_read(r, 1) && !r->broken)
		zeroes++;
	if (zeroes > 31)
		r->broken = true; /* more than 2^32 - 2, the largest ue(v) of the standard */
	if (r->broken)
		return 0;
	return (uint32_t)((UINT64_C(1) << zeroes) - 1) + bits_read(r, zeroes);
}

int32_t bits_read_se(struct bit_reader *r)
{
	uint32_t code = bits_read_ue(r);

	return code & 1 ? (int32_t)(code / 2 + 1) : -(int32_t)(code / 2);
}

void bits_write(struct bit_writer *w, uint32_t value, unsigned count)
{
	assert(count <= 32);
	if (w->full || count > w->bit_capacity - w->position) {
		w->full = true;
		return;
	}
	while (count--) {
		if (value >> count & 1)
			w->bytes[w->position / 8] |= (uint8_t)(0x80 >> w->position % 8);
		w->position++;
	}
}

void bits_write_ue(struct bit_writer *w, uint32_t value)
{
	unsigned length = 0;

	assert(value < UINT32_MAX);
	while ((value + 1) >> length > 1)
		length++;
	bits_write(w, 0, length);
	bits_write(w, value + 1, length + 1);
}

void bits_copy(struct bit_writer *w, const struct bit_reader *source, size_t from, size_t to)
{
	assert(from <= to && to <= source->bit_count);
	for (size_t i = from; i < to; i++)
		bits_write(w, bit_at(source, i), 1);
}

void bits_write_trailing(struct bit_writer *w)
{
	bits_write(w, 1, 1);
	while (!w->full && w->position % 8)
		bits_write(w, 0, 1);
}

int bits_unescape(const uint8_t *payload, size_t size, uint8_t *rbsp, size_t capacity)
{
	size_t written = 0;
	unsigned zeroes = 0;

	for (size_t i = 0; i < size; i++) {
		if (zeroes >= 2 && payload[i] == 3) {
			zeroes = 0;
			continue;
		}
		if (written == capacity)
			return -ENOSPC;
		rbsp[written++] = payload[i];
		zeroes = payload[i] ? 0 : zeroes + 1;
	}
	return (int)written;
}

int bits_escape(const uint8_t *rbsp, size_t size, uint8_t *payload, size_t capacity)
{
	size_t written = 0;
	unsigned zeroes = 0;

	for (size_t i = 0; i < size; i++) {
		bool is_emulation = zeroes >= 2 && rbsp[i] <= 3;

		if (capacity - written < (is_emulation ? 2 : 1))
			return -ENOSPC;
		if (is_emulation) {
			payload[written++] = 3;
			zeroes = 0;
		}
		payload[written++] = rbsp[i];
		zeroes = rbsp[i] ? 0 : zeroes + 1;
	}
	return (int)written;
}
