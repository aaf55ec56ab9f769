/* The environment of every process of the session, decided in one table (environment.c). */
#pragma once

#include "session/plan.h"

#define SESSION_WAYLAND_DISPLAY "wayland-helix"

/* What the table draws on. NULL: there is none. */
struct environment_facts {
	const char *runtime_dir;
	const char *session_bus; /* D-Bus address */
	const char *system_bus;  /* ditto; NULL = the machine's */
	const char *portals_dir; /* .portal files */
	const char *data_dirs;   /* XDG_DATA_DIRS with ours in front */
	const char *display;     /* of the session's Xwayland */
	const char *xauthority;  /* ditto */
	const char *gallium_driver, *gl_adapter;
	const char *software_gl;  /* "1" where there is no GPU */
	const char *without_a11y; /* "1" where no accessibility bus is installed */
};

/* `inherited` (NULL-terminated "NAME=value") as changed for one process. NULL without memory, else
 * free with free(): one block. */
const char **environment_of(
	enum service_id id, const struct environment_facts *facts, const char *const *inherited);
