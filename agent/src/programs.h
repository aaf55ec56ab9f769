/* Where the other programs are.
 *
 * Threads: any; no shared state. */
#pragma once

#include <stddef.h>

/* The path of helix-encoder, helix-glprobe or helix-portal: beside this program, else in
 * ../libexec/helix. -ENOENT when it is in neither. */
int programs_find(const char *name, char *path, size_t size);
