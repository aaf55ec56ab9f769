/* What this machine offers a session, found out once at its start. */
#pragma once

#include <stdbool.h>

struct host {
	bool has_gpu;             /* a render node or WSL's /dev/dxg */
	bool has_a11y;            /* the accessibility bus is installed */
	char *home;               /* a directory to start in; NULL = stay */
	char *data_dirs;          /* XDG_DATA_DIRS with runtime_dir/data in front */
	char *portals_dir;        /* runtime_dir/portals */
	char *private_system_bus; /* D-Bus address, for when there is no other */
};

int host_init(struct host *host, const char *runtime_dir);
void host_done(struct host *host);

/* True when somebody listens on the machine's system bus. */
bool host_has_system_bus(void);

/* The session bus of our own environment; -ENOENT when there is none. The caller frees it. */
int host_session_bus(char **ret_address);
