#include "core/command.h"

#include <string.h>

struct writer {
	char *at, *end; /* end: where the NUL goes at the latest */
	bool is_full;
};

static void put(struct writer *to, char byte, size_t times)
{
	if (times > (size_t)(to->end - to->at)) {
		to->is_full = true;
		return;
	}
	memset(to->at, byte, times);
	to->at += times;
}

/* Backslashes mean themselves, but before a quote, also our own closing one, two mean one. */
static void put_quoted(struct writer *to, const char *argument)
{
	put(to, '"', 1);
	while (*argument) {
		size_t slashes = strspn(argument, "\\");

		argument += slashes;
		if (*argument == '\0') {
			put(to, '\\', 2 * slashes);
		} else if (*argument == '"') {
			put(to, '\\', 2 * slashes + 1);
			put(to, *argument++, 1);
		} else {
			put(to, '\\', slashes);
			put(to, *argument++, 1);
		}
	}
	put(to, '"', 1);
}

bool command_append(char *line, size_t size, const char *argument)
{
	size_t length = strlen(line);
	struct writer to = { .at = line + length, .end = line + size - 1 };

	if (length > 0)
		put(&to, ' ', 1);
	if (*argument && !strpbrk(argument, " \t\n\v\"")) {
		while (*argument)
			put(&to, *argument++, 1);
	} else {
		put_quoted(&to, argument);
	}
	if (to.is_full)
		to.at = line + length;
	*to.at = '\0';
	return !to.is_full;
}
