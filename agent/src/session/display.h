/* The X display of a Wayland compositor, which picks the number by itself. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

struct display {
	char name[16];        /* ":0"; "" when there is none */
	char xauthority[128]; /* path; "" when there is none */
};

/* True when Xwayland's sockets can be made in `socket_dir` ("/tmp/.X11-unix"), which is created
 * with the mode that mutter insists on. mutter aborts over a wrong mode, even after having made it
 * so itself under a usual umask; and WSL mounts its own directory there, read-only. */
bool display_prepare(const char *socket_dir);

/* Looks for the lock of an X display in `lock_dir` ("/tmp") that carries the compositor's pid, and
 * for the newest cookie file in `runtime_dir`. */
void display_find(
	struct display *display, const char *lock_dir, const char *runtime_dir, pid_t compositor);
