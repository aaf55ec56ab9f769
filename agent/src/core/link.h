/* The messages between helix-agent and helix-encoder, over one SOCK_STREAM socket pair.
 *
 * Each message is a header {u32 size of all, u16 type, u16 flags} and a body, in host byte order:
 * both ends are always from the same build. Picture memory crosses once, as a memfd in SCM_RIGHTS
 * beside LINK_BUFFER_ADD; after that a picture is a buffer's number. The agent has at most one
 * ENCODE outstanding; the encoder answers it with RELEASED (the picture has been read, its buffer
 * may change) and then PACKET, or with FAILED. The encoder's first message is HELLO, without a
 * body: GStreamer has started, and from now on an answer that does not come means that a driver
 * hangs.
 *
 * Either end may crash or be replaced by garbage: everything is checked.
 *
 * Threads: any; no shared state. Ownership: parsed text and bytes point into the message. */
#pragma once

#include "core/picture.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define LINK_HEADER_SIZE        8
#define LINK_MAX_SMALL          1024
#define LINK_MAX_PACKET         (16u << 20)
#define LINK_MAX_MESSAGE        (LINK_MAX_PACKET + 64)
#define LINK_PACKET_HEADER_SIZE 48
#define LINK_MAX_NAME           63
#define LINK_MAX_TEXT           511
#define LINK_MAX_FPS            1000
#define LINK_MAX_BITRATE_KBIT   2000000

enum link_type {
	/* agent to encoder */
	LINK_CONFIGURE = 1,
	LINK_BUFFER_ADD = 2,
	LINK_BUFFER_REMOVE = 3,
	LINK_ENCODE = 4,
	LINK_BITRATE = 5,
	/* encoder to agent */
	LINK_READY = 16,
	LINK_RELEASED = 17,
	LINK_PACKET = 18,
	LINK_FAILED = 19,
	LINK_HELLO = 20,
};

/* Flags of ENCODE and PACKET. */
enum { LINK_KEY = 1 << 0 };

/* Build (or rebuild) the encoder. Answered by READY or FAILED with the same generation. Buffers
 * that were added stay known. */
struct link_configure {
	uint32_t generation;
	struct picture_format format;
	uint32_t max_fps;
	uint32_t bitrate_kbit;
	char encoder[LINK_MAX_NAME + 1]; /* a name from the encoder's table, or "auto" */
};

/* Comes with one file descriptor. The picture's bytes start at `offset_bytes` of it. */
struct link_buffer_add {
	uint32_t id; /* never 0 */
	uint32_t stride_bytes;
	uint64_t offset_bytes;
	uint64_t size_bytes; /* of the picture, from the offset */
};

struct link_buffer_remove {
	uint32_t id;
};

struct link_encode {
	bool key;                     /* must become an IDR */
	uint32_t sequence;            /* comes back in RELEASED and PACKET */
	uint32_t buffer;              /* 0 = the last picture once more */
	uint64_t pts_us;              /* strictly increasing */
	struct picture_damage damage; /* what changed since the last ENCODE */
};

struct link_bitrate {
	uint32_t kbit;
};

struct link_ready {
	uint32_t generation;
	char encoder[LINK_MAX_NAME + 1];     /* e.g. "x264enc" */
	char description[LINK_MAX_NAME + 1]; /* e.g. "x264 (software)" */
};

struct link_released {
	uint32_t sequence;
	uint32_t buffer;
};

/* The access unit's bytes follow the LINK_PACKET_HEADER_SIZE bytes of header and fields. It has
 * 1..LINK_MAX_PACKET bytes. */
struct link_packet {
	bool key;
	uint32_t sequence;
	uint64_t started_us;   /* the encoder took the ENCODE from the socket */
	uint64_t converted_us; /* the picture is NV12 now */
	uint64_t encoded_us;   /* the access unit is complete */
	uint32_t size_bytes;   /* of the access unit */
};

/* The pipeline is gone. The next CONFIGURE builds a new one. `lost`: a picture went in and nothing
 * came out, without a word from GStreamer. */
struct link_failed {
	bool lost;
	uint32_t generation;
	char text[LINK_MAX_TEXT + 1];
};

struct link_hello {
	uint32_t gstreamer; /* its version: major << 16 | minor << 8 | micro */
};

/* One message for both directions; `type` says which member holds it. */
struct link_message {
	enum link_type type;
	union {
		struct link_configure configure;
		struct link_buffer_add buffer_add;
		struct link_buffer_remove buffer_remove;
		struct link_encode encode;
		struct link_bitrate bitrate;
		struct link_ready ready;
		struct link_released released;
		struct link_packet packet;
		struct link_failed failed;
		struct link_hello hello;
	};
};

/* The size of the message that starts at `bytes`, once LINK_HEADER_SIZE bytes are there; 0 when
 * they are not; -EBADMSG when no valid message can start so, -EMSGSIZE over the limit for its type.
 */
ssize_t link_message_size(const uint8_t *bytes, size_t size);

/* Parse one whole message (of PACKET, at least its first LINK_PACKET_HEADER_SIZE bytes).
 * -EBADMSG for anything that the writer could not have written. */
int link_parse(const uint8_t *bytes, size_t size, struct link_message *ret_message);

/* Write a message: its size. Of PACKET only the first LINK_PACKET_HEADER_SIZE bytes, with the size
 * field counting the access unit that the caller sends behind them. LINK_MAX_SMALL always suffices;
 * -ENOBUFS when `capacity` does not. */
ssize_t link_write(uint8_t *buffer, size_t capacity, const struct link_message *message);
