/* Lines on stderr: "12:04:31.512 warn  capture: node 42 vanished, restarting".
 *
 * Module, fact, consequence. Error: it stopped. Warn: we coped. Info: a person wants it. Debug: the
 * rest. Trace: per-message facts. A secret that was registered never appears in a line.
 *
 * Threads: any. One line is one write(2), so lines of several processes do not mix. */
#pragma once

#include <stdbool.h>

enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARN,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG,
	LOG_LEVEL_TRACE
};

/* Lines above this level are dropped. LOG_LEVEL_INFO until set. */
void log_set_level(enum log_level level);
enum log_level log_level(void);

/* "error" .. "trace"; -EINVAL for anything else. */
int log_level_from_string(const char *name, enum log_level *ret_level);
const char *log_level_to_string(enum log_level level);

/* From now on `secret` is written as "[secret]". Copied; at most 4, of 8 to 128 bytes; others are
 * ignored. */
void log_hide(const char *secret);

void log_write(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...) log_write(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warn(...)  log_write(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_info(...)  log_write(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_write(LOG_LEVEL_DEBUG, __VA_ARGS__)
#define log_trace(...) log_write(LOG_LEVEL_TRACE, __VA_ARGS__)
