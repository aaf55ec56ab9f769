/* Many TCP connections over one pair of pipes: the way to the agent that needs no network.
 *
 * The launcher opens a channel for each connection that it accepts, helix-agent connects to the
 * agent for each that it is asked for, and both carry bytes. This is the part in the middle, the
 * same at both ends: bytes of the pipe in, events out; bytes of sockets in, bytes for the pipe out.
 * It does no I/O and never waits. PROTOCOL.md draws the frames under "The tunnel".
 *
 * The reader of the pipe never has to wait for a socket: each channel has a window, and memory for
 * all of it. What waits to go out is bounded too: a socket is read only while there is room.
 *
 * Threads: one at a time. Ownership: the caller owns the struct and the memory given to
 * sp_tunnel_init(); nothing is allocated, so there is nothing to free. A channel is named by its
 * slot, 0..SP_TUNNEL_CHANNELS - 1, beside which the caller keeps its socket. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SP_TUNNEL_VERSION       1
#define SP_TUNNEL_GREETING_SIZE 16
#define SP_TUNNEL_HEADER_SIZE   12
#define SP_TUNNEL_CHANNELS      64
/* What may be under way to one socket: of a pipe that takes 1 ms to answer it makes 256 MB/s. */
#define SP_TUNNEL_WINDOW   (256u << 10)
#define SP_TUNNEL_MAX_DATA (16u << 10)
/* For the windows of all channels; a page of it is touched only when it is needed. */
#define SP_TUNNEL_MEMORY ((size_t)SP_TUNNEL_CHANNELS * SP_TUNNEL_WINDOW)
/* Small, so that a key press does not wait behind much; large enough for some frames. */
#define SP_TUNNEL_OUTPUT (4 * (SP_TUNNEL_HEADER_SIZE + SP_TUNNEL_MAX_DATA))

enum sp_tunnel_error {
	SP_TUNNEL_OK = 0,
	SP_TUNNEL_ERROR_GREETING =
		-1, /* this is no tunnel: another program, or a message in the pipe */
	SP_TUNNEL_ERROR_VERSION = -2, /* a tunnel of another version */
	SP_TUNNEL_ERROR_FRAME = -3,   /* a type, size or reserved byte that there is not */
	SP_TUNNEL_ERROR_CHANNEL =
		-4, /* a frame that its channel does not allow, or too many channels */
	SP_TUNNEL_ERROR_WINDOW = -5, /* more bytes, or more credit, than were agreed */
	SP_TUNNEL_ERROR_FULL = -6,   /* sp_tunnel_open(): no channel is free */
};

enum sp_tunnel_frame {
	SP_TUNNEL_OPEN = 1,
	SP_TUNNEL_DATA = 2,
	SP_TUNNEL_END = 3,
	SP_TUNNEL_RESET = 4,
	SP_TUNNEL_CREDIT = 5,
};

/* Only the opener opens channels. */
enum sp_tunnel_role { SP_TUNNEL_OPENER, SP_TUNNEL_ACCEPTER };

enum sp_tunnel_event_type {
	SP_TUNNEL_EVENT_NONE,
	SP_TUNNEL_EVENT_GREETED,  /* the other side is there, and of our version; slot 0 */
	SP_TUNNEL_EVENT_OPENED,   /* connect, and keep the socket beside the slot */
	SP_TUNNEL_EVENT_READABLE, /* bytes can be taken, or the end; again only when more come */
	SP_TUNNEL_EVENT_WRITABLE, /* credit came */
	SP_TUNNEL_EVENT_RESET,    /* it broke off: drop the socket. The slot is free already. */
};

struct sp_tunnel_event {
	enum sp_tunnel_event_type type;
	unsigned slot;
};

/* Not for the caller to look into. */
struct sp_tunnel_channel {
	bool is_used;
	bool owes_end, owes_reset;
	bool end_sent, end_received, end_taken;
	uint32_t id;     /* 0: its OPEN has not been written yet */
	uint32_t credit; /* what may be sent; the whole window: all that was sent has been taken */
	uint32_t taken;  /* what was taken and not credited yet */
	uint32_t ring_at, ring_size;
};

struct sp_tunnel {
	enum sp_tunnel_role role;
	enum sp_tunnel_error error; /* the first; then there are no more events */
	uint8_t *memory;
	uint32_t last_id;
	struct sp_tunnel_channel channels[SP_TUNNEL_CHANNELS];

	size_t greeted; /* bytes of the greeting that came */
	uint8_t header[SP_TUNNEL_HEADER_SIZE];
	size_t header_size;
	uint32_t body_left;
	int body_slot; /* -1: to nobody, since its channel is gone */

	uint8_t output[SP_TUNNEL_OUTPUT];
	size_t output_at, output_end;
};

/* `memory` has SP_TUNNEL_MEMORY bytes and outlives the tunnel. The greeting waits to go out. */
void sp_tunnel_init(struct sp_tunnel *tunnel, enum sp_tunnel_role role, uint8_t *memory);

/* What came out of the pipe, `size` > 0. How many bytes of it were used, at least one: call it
 * again with the rest when *ret_event has been dealt with. Or an error of the other side, which
 * stays: the pipe is worth nothing any more. */
int sp_tunnel_receive(struct sp_tunnel *tunnel, const uint8_t *bytes, size_t size,
	struct sp_tunnel_event *ret_event);

/* What is to go into the pipe next: its size, 0 for nothing. Valid until the next call. */
size_t sp_tunnel_output(struct sp_tunnel *tunnel, const uint8_t **ret_bytes);
/* `size` bytes of it went. */
void sp_tunnel_written(struct sp_tunnel *tunnel, size_t size);

/* The other side has greeted. Before that nothing is known of it. */
bool sp_tunnel_is_greeted(const struct sp_tunnel *tunnel);

/* A new channel's slot, for the opener; or SP_TUNNEL_ERROR_FULL. What else wants to be carried
 * should wait where it is until sp_tunnel_has_free(). */
bool sp_tunnel_has_free(const struct sp_tunnel *tunnel);
int sp_tunnel_open(struct sp_tunnel *tunnel);

/* Whether bytes of the slot's socket are wanted now: there is credit, and room in the output. */
bool sp_tunnel_may_send(const struct sp_tunnel *tunnel, unsigned slot);
/* Where to read from the socket into, and how much at most; 0 unless sp_tunnel_may_send(). Nothing
 * else may be called before sp_tunnel_send_end(), which says how much came, if anything. */
size_t sp_tunnel_send_begin(struct sp_tunnel *tunnel, unsigned slot, uint8_t **ret_space);
void sp_tunnel_send_end(struct sp_tunnel *tunnel, unsigned slot, size_t size);
/* The socket has no more to say. */
void sp_tunnel_end(struct sp_tunnel *tunnel, unsigned slot);

/* The bytes for the slot's socket that lie in one piece: how many, 0 for none. */
size_t sp_tunnel_peek(const struct sp_tunnel *tunnel, unsigned slot, const uint8_t **ret_bytes);
/* The socket took `size` of them. */
void sp_tunnel_take(struct sp_tunnel *tunnel, unsigned slot, size_t size);
/* All was taken and nothing will follow: tell the socket so, then sp_tunnel_take_end(). */
bool sp_tunnel_at_end(const struct sp_tunnel *tunnel, unsigned slot);
/* With this and sp_tunnel_end() the caller is done with the slot, and may close the socket. */
void sp_tunnel_take_end(struct sp_tunnel *tunnel, unsigned slot);

/* The socket failed, or is not wanted: break off. The caller is done with the slot. */
void sp_tunnel_reset(struct sp_tunnel *tunnel, unsigned slot);

/* For people; never NULL. */
const char *sp_tunnel_error_string(enum sp_tunnel_error error);
