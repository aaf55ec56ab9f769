/* A message that parses must write back to the same bytes. */
#include "core/link.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t written[LINK_MAX_SMALL];
	struct link_message message;

	if (link_parse(data, size, &message) < 0)
		return 0;
	ssize_t length = link_write(written, sizeof written, &message);
	size_t expected = message.type == LINK_PACKET ? LINK_PACKET_HEADER_SIZE : size;
	if (length < 0 || (size_t)length != expected || memcmp(written, data, expected))
		abort();
	return 0;
}
