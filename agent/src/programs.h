/* Where the other programs are, and what environment they get.
 *
 * Threads: any; no shared state. */
#pragma once

#include <stddef.h>

/* The path of helix-encoder or helix-portal: beside this program, else in ../libexec/helix. -ENOENT
 * when it is in neither. */
int programs_find(const char *name, char *path, size_t size);

/* The environment of helix-encoder: ours, without DISPLAY and WAYLAND_DISPLAY (drivers prefer a
 * display server to the device), and with a GStreamer registry of its own: the shared one remembers
 * for ever what failed once in another environment. To be freed with programs_free_environment().
 */
int programs_encoder_environment(const char *runtime_dir, char ***ret_environment);

/* Accepts NULL. */
void programs_free_environment(char **environment);
