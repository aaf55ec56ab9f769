/* One portal session: what the frontend selected, then one session of mutter, exported at its
 * handle as org.freedesktop.impl.portal.Session.
 *
 *	SELECTING --Start--> STARTING --mutter runs--> STARTED
 *	                        |                         |
 *	                 failed, cancelled           mutter closed it
 *	                        v                         v
 *	                      ENDED                 Closed and freed
 *
 * The frontend's Close, or its death, frees it from every state.
 *
 * Threads: main loop only. Ownership: the backend's list. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "mutter.h"
#include "request.h"

struct backend;

enum device_type { DEVICE_KEYBOARD = 1, DEVICE_POINTER = 2 };
enum source_type { SOURCE_MONITOR = 1, SOURCE_VIRTUAL = 4 };
enum cursor_mode { CURSOR_HIDDEN = 1, CURSOR_EMBEDDED = 2, CURSOR_METADATA = 4 };

#define SESSION_DEVICES (DEVICE_KEYBOARD | DEVICE_POINTER)
#define SESSION_SOURCES (SOURCE_MONITOR | SOURCE_VIRTUAL)
#define SESSION_CURSORS (CURSOR_HIDDEN | CURSOR_EMBEDDED | CURSOR_METADATA)

enum session_state { SESSION_SELECTING, SESSION_STARTING, SESSION_STARTED, SESSION_ENDED };

struct session {
	struct session *next;
	struct backend *backend;
	enum session_state state;
	bool remote; /* RemoteDesktop, with or without a picture; else ScreenCast */
	char *path;
	char *frontend; /* unique bus name of who made it */
	struct sd_bus_slot *object;
	uint32_t devices; /* enum device_type bits; 0 until selected */
	uint32_t sources; /* enum source_type bits; 0 until selected */
	enum cursor_mode cursor_mode;
	struct request start;
	struct mutter *mutter;
	uint32_t node_id; /* once started */
};

/* Export a session for the CreateSession `call` at `path`. -EEXIST when there is one already. */
int session_new(struct backend *backend, struct sd_bus_message *call, const char *path, bool remote,
	struct session **ret_session);

/* Start it for the Start `call`, which is answered when pictures can be had. A negative errno means
 * that nothing was begun and the call is still to be answered. */
int session_start(struct session *session, struct sd_bus_message *call, const char *handle);

/* The compositor died: answer what waits, tell the frontend. */
void session_compositor_vanished(struct session *session);

void session_free(struct session *session);
