/* What this machine offers a session, found out once at its start. */
#pragma once

#include <stdbool.h>

struct machine {
	bool has_gpu;             /* a render node or WSL's /dev/dxg */
	bool has_a11y;            /* the accessibility bus is installed */
	char *home;               /* a directory to start in; NULL = stay */
	char *data_dirs;          /* XDG_DATA_DIRS with runtime_dir/data in front */
	char *portals_dir;        /* runtime_dir/portals */
	char *private_system_bus; /* D-Bus address, for when there is no other */
};

int machine_init(struct machine *machine, const char *runtime_dir);
void machine_done(struct machine *machine);

/* True when somebody listens on the machine's system bus. */
bool machine_has_system_bus(void);

/* The session bus of our own environment; -ENOENT when there is none. The caller frees it. */
int machine_session_bus(char **ret_address);
