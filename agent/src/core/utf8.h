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

/* Foreign text as one line that may be shown: copies what fits into `size` bytes with the NUL, cut
 * between characters. Tabs and ends of lines become blanks, of which none stays at the end; "?"
 * stands for what is no UTF-8, for other control characters, and for those that turn the direction
 * of what follows. `buffer` may be `text`. */
void utf8_copy_clean(char *buffer, size_t size, const char *text);
/* The first `length` bytes of it. */
void utf8_copy_clean_part(char *buffer, size_t size, const char *text, size_t length);
