/* The user's base directories (XDG Base Directory Specification).
 *
 * Threads: any that may read the environment. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* What `variable` names ("XDG_CACHE_HOME"), or `below_home` (".cache") in the user's home where it
 * names no absolute path. False, with "" in `path`, where there is no home or `size` is too small.
 */
bool xdg_directory(const char *variable, const char *below_home, char *path, size_t size);
