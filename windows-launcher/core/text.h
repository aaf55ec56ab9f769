/* Text: from what consoles write and to what people may read. Everything inside is UTF-8.
 *
 * Threads: any; no state. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What wsl.exe wrote, UTF-16LE with or without a byte order mark or UTF-8, by looks: as UTF-8 with
 * "\n" and a NUL, cut at a character's end when it does not fit. "\r" alone is a "\n" too, NULs are
 * left out, and what is not text, such as control characters but for tabs, becomes U+FFFD. The
 * length without the NUL. `size` is at least 1. */
size_t text_from_console(const uint8_t *bytes, size_t count, char *text, size_t size);

bool text_is_utf8(const char *text);

/* Windows' wide characters. The number of units or bytes without the NUL, or SIZE_MAX when it does
 * not fit into `size` units or bytes. Lone surrogates and bad UTF-8 become U+FFFD. */
size_t text_to_utf16(const char *text, uint16_t *wide, size_t size);
size_t text_from_utf16(const uint16_t *wide, char *text, size_t size);

/* Take secrets out of what goes to a log, a dialog or a report, in place: the value behind
 * "token=", of "token": "..." in JSON, and behind "Bearer " and "bearer.", whatever stands around
 * them, in upper or lower case. It becomes "***", or fewer when it is shorter than that. */
void text_redact(char *text);

/* "312 of 430 MB"; total 0 = "312 MB". Millions of bytes, rounded down, but something is at
 * least 1. */
void text_megabytes(uint64_t done, uint64_t total, char *text, size_t size);
