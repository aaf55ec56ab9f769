#include "report.h"

#include "core/utf8.h"
#include "sys/cleanup.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

void report_clean(char *buffer, size_t size, const char *text)
{
	size_t length = strlen(text), at = 0, filled = 0;

	while (at < length) {
		size_t start = at;
		uint32_t code = '?';
		bool is_text = utf8_next(text, length, &at, &code);
		bool is_control = code < ' ' || (code >= 0x7f && code < 0xa0);

		if (!is_text)
			at++;
		size_t width = is_text && !is_control ? at - start : 1;
		if (filled + width >= size)
			break;
		if (is_control || !is_text)
			buffer[filled] = is_control ? ' ' : '?';
		else
			memcpy(buffer + filled, text + start, width);
		filled += width;
	}
	while (filled && buffer[filled - 1] == ' ')
		filled--;
	buffer[filled] = 0;
}

int report_write(const struct cJSON *report, int fd)
{
	autofree char *text = cJSON_PrintUnformatted(report);
	if (!text)
		return -ENOMEM;

	size_t size = strlen(text);
	text[size++] = '\n'; /* the NUL's place */
	for (size_t sent = 0; sent < size;) {
		ssize_t n = write(fd, text + sent, size - sent);

		if (n < 0 && errno != EINTR)
			return -errno;
		sent += n > 0 ? (size_t)n : 0;
	}
	return 0;
}
