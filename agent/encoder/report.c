#include "report.h"

#include "sys/cleanup.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

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
