/* Just enough JSON (RFC 8259) to read the flat objects that Helix' own programs write: the fields
 * of the top level, by name. Strict: what is no JSON object as a whole has no fields.
 *
 * Threads: any; no state. Nesting beyond 32 is refused. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* With a name twice the first counts, here and below. A NUL within a string is refused. */
bool json_has(const char *json, const char *name);
/* False when there is no such string, or it does not fit; then `text` is as it was. */
bool json_string(const char *json, const char *name, char *text, size_t size);
/* False when there is no such number, or it is no whole one from 0 to 2^53, written with nothing
 * but digits. */
bool json_number(const char *json, const char *name, uint64_t *ret_number);
