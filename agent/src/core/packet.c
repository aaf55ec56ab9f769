#include "core/packet.h"

#include <assert.h>
#include <stdlib.h>

struct packet *packet_new(size_t size)
{
	struct packet *packet = malloc(sizeof *packet + PACKET_HEADROOM + size);

	if (!packet)
		return NULL;
	*packet = (struct packet){
		.references = 1,
		.unit = packet->bytes + PACKET_HEADROOM,
		.unit_size = size,
	};
	return packet;
}

struct packet *packet_ref(struct packet *packet)
{
	packet->references++;
	return packet;
}

struct packet *packet_unref(struct packet *packet)
{
	if (packet && --packet->references == 0)
		free(packet);
	return NULL;
}

uint8_t *packet_message(struct packet *packet, uint32_t frame)
{
	uint8_t *message = packet->unit - SP_VIDEO_HEADER_SIZE;

	packet->video.frame = frame;
	packet->video.unit = packet->unit;
	packet->video.unit_size = packet->unit_size;
	int size = sp_write_video_header(message, SP_VIDEO_HEADER_SIZE, &packet->video);
	assert(size == SP_VIDEO_HEADER_SIZE);
	(void)size;
	return message;
}
