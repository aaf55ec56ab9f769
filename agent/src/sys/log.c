#include "sys/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MAX_SECRETS     4
#define MAX_SECRET_SIZE 128

static enum log_level current_level = LOG_LEVEL_INFO;
static char secrets[MAX_SECRETS][MAX_SECRET_SIZE + 1];
static const char *const level_names[] = {
	[LOG_LEVEL_ERROR] = "error",
	[LOG_LEVEL_WARN] = "warn",
	[LOG_LEVEL_INFO] = "info",
	[LOG_LEVEL_DEBUG] = "debug",
	[LOG_LEVEL_TRACE] = "trace",
};

void log_set_level(enum log_level level)
{
	current_level = level;
}

enum log_level log_level(void)
{
	return current_level;
}

int log_level_from_string(const char *name, enum log_level *ret_level)
{
	for (unsigned i = 0; i < sizeof level_names / sizeof *level_names; i++)
		if (!strcmp(name, level_names[i])) {
			*ret_level = (enum log_level)i;
			return 0;
		}
	return -EINVAL;
}

const char *log_level_to_string(enum log_level level)
{
	return level_names[level];
}

void log_hide(const char *secret)
{
	size_t size = strlen(secret);

	if (size < 8 || size > MAX_SECRET_SIZE)
		return;
	for (int i = 0; i < MAX_SECRETS; i++) {
		if (!strcmp(secrets[i], secret))
			return;
		if (!secrets[i][0]) {
			memcpy(secrets[i], secret, size + 1);
			return;
		}
	}
}

static void hide_secrets(char *line)
{
	static const char mask[] = "[secret]";

	for (int i = 0; i < MAX_SECRETS && secrets[i][0]; i++) {
		size_t size = strlen(secrets[i]);

		for (char *at = line; (at = strstr(at, secrets[i]));) {
			memcpy(at, mask, sizeof mask - 1);
			memmove(at + sizeof mask - 1, at + size, strlen(at + size) + 1);
		}
	}
}

void log_write(enum log_level level, const char *format, ...)
{
	if (level > current_level)
		return;

	char line[2048];
	struct timespec now;
	struct tm parts;
	clock_gettime(CLOCK_REALTIME, &now);
	localtime_r(&now.tv_sec, &parts);
	int head = snprintf(line, sizeof line, "%02d:%02d:%02d.%03ld %-5s ", parts.tm_hour,
		parts.tm_min, parts.tm_sec, now.tv_nsec / 1000000, level_names[level]);

	va_list args;
	va_start(args, format);
	vsnprintf(line + head, sizeof line - (size_t)head - 1, format, args);
	va_end(args);

	/* Control characters in foreign text could forge lines or steer a terminal. */
	for (char *c = line; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = ' ';
	hide_secrets(line);
	size_t size = strlen(line);
	line[size++] = '\n';
	ssize_t written = write(STDERR_FILENO, line, size);
	(void)written; /* there is nowhere left to say that the log is gone */
}
