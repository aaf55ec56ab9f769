#include "core/ready.h"

#include "core/json.h"

#include <string.h>

#define LETTERS_AND_DIGITS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

static bool consists_of(const char *text, const char *characters)
{
	return text[strspn(text, characters)] == '\0';
}

static bool read_instance(const char *line, struct ready *ready)
{
	if (!json_has(line, "instance"))
		return true;
	return json_string(line, "instance", ready->instance, sizeof ready->instance) &&
		strlen(ready->instance) == sizeof ready->instance - 1 &&
		consists_of(ready->instance, "0123456789abcdef");
}

bool ready_parse(const char *line, struct ready *ret_ready)
{
	struct ready ready = { .port = 0 };
	char event[8];
	uint64_t port;

	if (!json_string(line, "event", event, sizeof event) || strcmp(event, "ready") != 0)
		return false;
	if (!json_number(line, "port", &port) || port == 0 || port > UINT16_MAX)
		return false;
	if (!json_string(line, "token", ready.token, sizeof ready.token) ||
		strlen(ready.token) < 16 || !consists_of(ready.token, LETTERS_AND_DIGITS "-_"))
		return false;
	if (!read_instance(line, &ready))
		return false;
	if (!json_string(line, "version", ready.version, sizeof ready.version) ||
		!consists_of(ready.version, LETTERS_AND_DIGITS ".-+_~"))
		ready.version[0] = '\0';
	ready.port = (uint16_t)port;
	*ret_ready = ready;
	return true;
}
