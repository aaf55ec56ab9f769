#include "encoder/link_reader.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

/* How many bytes to read next, and where to: never beyond the current message. 0 when the head is
 * complete and there is no packet yet. */
static ssize_t next_part(struct link_reader *r, uint8_t **ret_at)
{
	if (r->packet) {
		*ret_at = r->packet->unit + r->packet_filled;
		return (ssize_t)(r->packet->unit_size - r->packet_filled);
	}
	*ret_at = r->head + r->head_size;
	if (r->head_size < LINK_HEADER_SIZE)
		return (ssize_t)(LINK_HEADER_SIZE - r->head_size);

	ssize_t size = link_message_size(r->head, r->head_size);
	if (size < 0)
		return size;
	uint16_t type;
	memcpy(&type, r->head + sizeof(uint32_t), sizeof type);
	if (type == LINK_PACKET)
		size = LINK_PACKET_HEADER_SIZE;
	return size - (ssize_t)r->head_size;
}

/* The head is complete. 1 and a message; 0 when it was a PACKET's, whose access unit follows. */
static int take_head(struct link_reader *r, struct link_message *ret_message)
{
	struct link_message message;

	int result = link_parse(r->head, r->head_size, &message);
	if (result < 0)
		return result;
	if (message.type != LINK_PACKET) {
		r->head_size = 0;
		*ret_message = message;
		return 1;
	}
	r->packet = packet_new(message.packet.size_bytes);
	if (!r->packet)
		return -ENOMEM;
	r->packet_info = message.packet;
	r->packet_filled = 0;
	return 0;
}

/* So many bytes have come to where next_part() said. 1 when that completed a message. */
static int take_part(struct link_reader *r, size_t size, struct link_message *ret_message,
	struct packet **ret_packet)
{
	uint8_t *at;

	if (!r->packet) {
		r->head_size += size;
		ssize_t missing = next_part(r, &at);
		if (missing != 0)
			return missing < 0 ? (int)missing : 0;
		return take_head(r, ret_message);
	}
	r->packet_filled += size;
	if (r->packet_filled < r->packet->unit_size)
		return 0;
	*ret_message = (struct link_message){ .type = LINK_PACKET, .packet = r->packet_info };
	*ret_packet = r->packet;
	r->packet = NULL;
	r->head_size = 0;
	return 1;
}

int link_reader_next(struct link_reader *reader, int fd, struct link_message *ret_message,
	struct packet **ret_packet)
{
	int result = 0;

	while (result == 0) {
		uint8_t *at;
		ssize_t wanted = next_part(reader, &at);
		if (wanted < 0)
			return (int)wanted;

		ssize_t got = recv(fd, at, (size_t)wanted, MSG_DONTWAIT);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 && errno == EAGAIN)
			return 0;
		/* ECONNRESET: it left without having read all that we sent. */
		if (got <= 0)
			return got == 0 || errno == ECONNRESET ? -EPIPE : -errno;
		result = take_part(reader, (size_t)got, ret_message, ret_packet);
	}
	return result;
}

void link_reader_done(struct link_reader *reader)
{
	reader->packet = packet_unref(reader->packet);
	reader->head_size = 0;
}
