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

/* Copies what fits into `size` bytes with the NUL, between characters; what is no UTF-8, or a
 * control character, becomes "?". `buffer` may be `text`. */
void utf8_copy_clean(char *buffer, size_t size, const char *text);
