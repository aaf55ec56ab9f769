/* Headers that anybody can send before they are known: Host, Origin, Sec-WebSocket-Protocol,
 * Authorization; and text that a viewer types. Four strings, NUL-separated. */
#include "core/guard.h"
#include "core/utf8.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[] = { "desk.example", NULL };
static const struct guard guard = {
	.listen_address = "127.0.0.1",
	.allow_hosts = names,
	.allow_origins = names,
	.token = "0123456789abcdef",
	.view_token = "",
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char token[GUARD_MAX_TOKEN + 1];
	char *text = malloc(size + 4);
	const char *part[4];
	size_t at = 0;
	uint32_t code;

	memcpy(text, data, size);
	memset(text + size, 0, 4);
	for (size_t i = 0, from = 0; i < 4; i++) {
		part[i] = text + from;
		from += strlen(part[i]) + 1;
		if (from > size)
			from = size;
	}
	guard_origin_allowed(&guard, part[1], part[0]);
	if (guard_host_allowed(&guard, part[0]))
		assert(*part[0]);
	if (guard_subprotocol_token(part[2], token) && guard_role(&guard, token))
		assert(!strcmp(token, guard.token));
	const char *bearer = guard_bearer_token(part[3]);
	if (bearer && guard_role(&guard, bearer))
		assert(!strcmp(bearer, guard.token));
	while (utf8_next((const char *)data, size, &at, &code))
		assert(at <= size && code <= 0x10ffff);
	free(text);
	return 0;
}
