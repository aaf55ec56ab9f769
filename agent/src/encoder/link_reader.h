/* What comes from helix-encoder over core/link.h: bytes in, messages and packets out.
 *
 * An access unit is read straight into its packet, so it is never copied; therefore nothing is read
 * beyond the message that is under way.
 *
 * Threads: main loop only. Ownership: the caller's memory; a packet that is not complete is the
 * reader's. */
#pragma once

#include "core/link.h"
#include "core/packet.h"

#include <stddef.h>
#include <stdint.h>

/* All zeroes is a reader at the start of a message. */
struct link_reader {
	uint8_t head[LINK_MAX_SMALL]; /* a small message, or what stands before an access unit */
	size_t head_size;
	struct packet *packet; /* of a PACKET whose head is complete */
	struct link_packet packet_info;
	size_t packet_filled;
};

/* 1 and the next message; of a PACKET its access unit too, in a packet that is the caller's now.
 * 0 when no more of it has come yet. -EPIPE when the encoder has closed the link; -EBADMSG or
 * -EMSGSIZE when the bytes are not of this language, or -ENOMEM: then nothing that follows can be
 * read. Never waits. */
int link_reader_next(struct link_reader *reader, int fd, struct link_message *ret_message,
	struct packet **ret_packet);

/* Back to the start of a message. */
void link_reader_done(struct link_reader *reader);
