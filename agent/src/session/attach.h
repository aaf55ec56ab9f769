/* A session that somebody else runs: we only watch its desktop portal.
 *
 * Threads: main loop only. Ownership: attach_free() not from its events. */
#pragma once

#include "session/session.h"

struct attach;

/* Watches org.freedesktop.portal.Desktop on the bus at `address`. `events` as a session's. */
int attach_new(struct sd_event *event, const char *address, const struct session_events *events,
	void *owner, struct attach **ret_attach);
void attach_free(struct attach *attach);

/* "up" or "down". */
const char *attach_state_string(const struct attach *attach);
