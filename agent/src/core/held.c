#include "core/held.h"

bool held_is_down(const struct held *held, uint32_t code)
{
	return code < HELD_CODES && held->bits[code / 64] >> code % 64 & 1;
}

bool held_change(struct held *held, uint32_t code, bool down)
{
	if (code == 0 || code >= HELD_CODES || held_is_down(held, code) == down)
		return false;
	held->bits[code / 64] ^= UINT64_C(1) << code % 64;
	return true;
}

bool held_take(struct held *held, uint32_t *ret_code)
{
	for (uint32_t i = 0; i < HELD_CODES / 64; i++)
		if (held->bits[i]) {
			*ret_code = i * 64 + (uint32_t)__builtin_ctzll(held->bits[i]);
			held->bits[i] &= held->bits[i] - 1;
			return true;
		}
	return false;
}
