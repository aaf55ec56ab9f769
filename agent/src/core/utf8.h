/* UTF-8, one character at a time.
 *
 * Threads: any; no shared state. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The next character at *position, which moves behind it. False at the end, or at what is not
 * UTF-8. */
bool utf8_next(const char *text, size_t size, size_t *position, uint32_t *ret_code);
