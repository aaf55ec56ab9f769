/* The portal backend on the session bus: its name, its two interfaces, and its sessions.
 *
 * Threads: main loop only. Ownership: the backend owns its sessions. */
#pragma once

#include "session.h"

struct sd_bus;
struct sd_bus_slot;
struct sd_event_source;

#define BACKEND_NAME         "org.freedesktop.impl.portal.desktop.helix"
#define BACKEND_MAX_SESSIONS 16

struct backend {
	struct sd_bus *bus;
	struct sd_bus_slot *screen_cast;
	struct sd_bus_slot *remote_desktop;
	struct sd_bus_slot *owner_match;
	struct sd_event_source *reaper;
	struct session *sessions;
	struct session *dropped; /* freed by the reaper, outside of any callback of theirs */
	unsigned n_sessions;
};

/* Export the interfaces on `bus`, which is attached to an event loop, and take the name. -EEXIST
 * when somebody else has it. Call backend_done() in any case. */
int backend_init(struct backend *backend, struct sd_bus *bus);

/* Close all sessions. Flush the bus afterwards, or mutter keeps them until we are off it. */
void backend_done(struct backend *backend);

/* The session at this handle; NULL when there is none. */
struct session *backend_find(struct backend *backend, const char *path);

/* Take a session off the list and the bus now, and free it soon. */
void backend_drop(struct backend *backend, struct session *session);
