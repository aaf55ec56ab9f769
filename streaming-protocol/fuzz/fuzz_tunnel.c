/* One end of the tunnel gets any bytes from the other end, in pieces, while its sockets do what the
 * first byte of the input says: echo, stall, end, break off. Whatever comes, the bounds hold, and
 * what it has to say itself is understood by a second end. */
#include "sp_tunnel.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define REQUIRE(condition)                                                                         \
 do {                                                                                              \
  if (!(condition))                                                                                \
   abort();                                                                                        \
 } while (0)

enum { AS_OPENER = 1, ECHOES = 2, STALLS = 4, ENDS = 8, BREAKS_OFF = 16, IN_PIECES = 32 };

static struct sp_tunnel tunnel;
static uint8_t *memory;
static struct {
	uint8_t header[SP_TUNNEL_HEADER_SIZE];
	size_t header_size, body_left;
} written;

static void check(void)
{
	REQUIRE(tunnel.output_at <= tunnel.output_end && tunnel.output_end <= SP_TUNNEL_OUTPUT);
	for (int i = 0; i < SP_TUNNEL_CHANNELS; i++) {
		const struct sp_tunnel_channel *c = &tunnel.channels[i];

		REQUIRE(c->credit <= SP_TUNNEL_WINDOW && c->ring_at < SP_TUNNEL_WINDOW);
		REQUIRE(c->ring_size + c->taken <= SP_TUNNEL_WINDOW);
		REQUIRE(c->is_used || (c->id == 0 && c->ring_size == 0));
	}
}

static void echo(unsigned slot, const uint8_t *bytes, size_t size)
{
	uint8_t *space;
	size_t room = sp_tunnel_send_begin(&tunnel, slot, &space);

	if (room == 0)
		return;
	room = room < size ? room : size;
	memcpy(space, bytes, room);
	sp_tunnel_send_end(&tunnel, slot, room);
}

static void be_socket(unsigned slot, uint8_t manners)
{
	const uint8_t *bytes;
	size_t size = manners & STALLS ? 0 : sp_tunnel_peek(&tunnel, slot, &bytes);

	if (!tunnel.channels[slot].is_used || tunnel.channels[slot].owes_reset)
		return;
	if (size > 0) {
		if (manners & ECHOES)
			echo(slot, bytes, size);
		sp_tunnel_take(&tunnel, slot, size);
	}
	if (sp_tunnel_at_end(&tunnel, slot))
		sp_tunnel_take_end(&tunnel, slot);
	if (manners & ENDS)
		sp_tunnel_end(&tunnel, slot);
	if (manners & BREAKS_OFF)
		sp_tunnel_reset(&tunnel, slot);
}

/* The frames that it writes must be frames, of channels that there are. */
static void read_back(const uint8_t *bytes, size_t size)
{
	static const size_t largest[] = { 0, 0, SP_TUNNEL_MAX_DATA, 0, 0, SP_TUNNEL_WINDOW };

	for (size_t i = 0; i < size; i++) {
		if (written.body_left > 0) {
			written.body_left--;
			continue;
		}
		written.header[written.header_size++] = bytes[i];
		if (written.header_size < SP_TUNNEL_HEADER_SIZE)
			continue;
		const uint8_t *h = written.header;
		size_t amount = h[8] | (size_t)h[9] << 8 | (size_t)h[10] << 16;
		bool has_amount = h[0] == SP_TUNNEL_DATA || h[0] == SP_TUNNEL_CREDIT;
		REQUIRE(h[0] >= SP_TUNNEL_OPEN && h[0] <= SP_TUNNEL_CREDIT && !h[1] && !h[11]);
		REQUIRE(h[4] || h[5] || h[6] || h[7]);
		REQUIRE(amount <= largest[h[0]] && (amount > 0) == has_amount);
		written.body_left = h[0] == SP_TUNNEL_DATA ? amount : 0;
		written.header_size = 0;
	}
}

static void drain(void)
{
	const uint8_t *bytes;
	size_t size;

	while ((size = sp_tunnel_output(&tunnel, &bytes)) > 0) {
		size = size > 100 ? size / 2 : size;
		read_back(bytes, size);
		sp_tunnel_written(&tunnel, size);
		check();
	}
}

/* NOLINTBEGIN(readability-identifier-naming): libFuzzer gives the name. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	uint8_t manners = size ? bytes[0] : 0;

	if (!memory)
		memory = malloc(SP_TUNNEL_MEMORY);
	REQUIRE(memory);
	sp_tunnel_init(
		&tunnel, manners & AS_OPENER ? SP_TUNNEL_OPENER : SP_TUNNEL_ACCEPTER, memory);
	/* Its greeting looks like the body of a frame. */
	memset(&written, 0, sizeof written);
	written.body_left = SP_TUNNEL_GREETING_SIZE;
	drain();
	for (int i = 0; manners & AS_OPENER && i < 3; i++)
		REQUIRE(sp_tunnel_open(&tunnel) == i);
	for (size_t at = 1; at < size;) {
		struct sp_tunnel_event event;
		size_t piece = manners & IN_PIECES && size - at > 5 ? 5 : size - at;
		int used = sp_tunnel_receive(&tunnel, bytes + at, piece, &event);

		check();
		if (used < 0) {
			REQUIRE(used >= SP_TUNNEL_ERROR_WINDOW && used == (int)tunnel.error);
			break;
		}
		REQUIRE(used > 0 && (size_t)used <= piece && event.slot < SP_TUNNEL_CHANNELS);
		at += (size_t)used;
		if (event.type != SP_TUNNEL_EVENT_NONE && event.type != SP_TUNNEL_EVENT_GREETED)
			be_socket(event.slot, manners);
		if (manners & IN_PIECES || tunnel.output_end > SP_TUNNEL_OUTPUT / 2)
			drain();
	}
	drain();
	return 0;
}
/* NOLINTEND(readability-identifier-naming) */
