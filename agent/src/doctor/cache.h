/* The file that remembers a probe: probe.json in the cache directory, for this user only.
 *
 * Threads: any; no shared state. */
#pragma once

#include <stddef.h>

/* Its text, ended by a NUL that does not count; to be freed. -ENOENT whatever is wrong with it: not
 * there, not ours, not a file, too large. */
int cache_read(const char *directory, char **ret_text, size_t *ret_size);

/* Replaced as a whole, or not at all. A negative errno. */
int cache_write(const char *directory, const char *text, size_t size);

/* Remove the registries of GStreamer that nobody has used for long, but not those of `key`. */
void cache_tidy(const char *directory, const char *key);
