#include "bitrate.h"

#include "sys/clock.h"

#define CHANGE_EVERY_US USEC_PER_SEC

void bitrate_init(struct bitrate *bitrate, uint32_t kbit, bool makes_key)
{
	*bitrate = (struct bitrate){
		.makes_key = makes_key,
		.wanted_kbit = kbit,
		.kbit = kbit,
	};
}

void bitrate_want(struct bitrate *bitrate, uint32_t kbit)
{
	bitrate->wanted_kbit = kbit;
}

bool bitrate_is_due(struct bitrate *bitrate, bool is_key, uint64_t now_us)
{
	bool is_urgent = (uint64_t)bitrate->wanted_kbit * 5 < (uint64_t)bitrate->kbit * 4;
	bool is_free = !bitrate->makes_key || is_key;

	if (bitrate->wanted_kbit == bitrate->kbit)
		return false;
	if (!is_free && !is_urgent && now_us < bitrate->since_us + CHANGE_EVERY_US)
		return false;
	bitrate->kbit = bitrate->wanted_kbit;
	bitrate->since_us = now_us;
	return true;
}
