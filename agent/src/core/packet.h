/* One encoded picture, shared by all viewers that are sent it.
 *
 * There is room in front of the access unit for what is put before it, so that it is never copied
 * after it came from the encoder: a WebSocket header, the VIDEO header, SPS and PPS.
 *
 * Threads: main loop only. Ownership: reference counted. */
#pragma once

#include "core/h264.h"
#include "sp.h"

#include <stddef.h>
#include <stdint.h>

/* What libwebsockets wants in front (LWS_PRE, checked where it is known). */
#define PACKET_SOCKET_HEADROOM 16
#define PACKET_HEADROOM        (PACKET_SOCKET_HEADROOM + SP_VIDEO_HEADER_SIZE + H264_HEADROOM)

struct packet {
	unsigned references;
	struct sp_video video; /* all but `frame`, which each viewer counts for itself */
	uint64_t encoded_us;   /* the access unit arrived here */
	uint8_t *unit;         /* inside `bytes` */
	size_t unit_size;
	uint8_t bytes[];
};

/* A packet with one reference and room for `size` bytes of access unit at `unit`. NULL without
 * memory. */
struct packet *packet_new(size_t size);

struct packet *packet_ref(struct packet *packet);

/* Returns NULL. */
struct packet *packet_unref(struct packet *packet);

/* Write the VIDEO header for a viewer's frame in front of the access unit. Returns the message's
 * first byte; its size is SP_VIDEO_HEADER_SIZE + unit_size. Valid until the next call. */
uint8_t *packet_message(struct packet *packet, uint32_t frame);
