/* One session of the compositor: org.gnome.Mutter.RemoteDesktop for input and, linked to it or
 * alone, org.gnome.Mutter.ScreenCast with one stream.
 *
 * Every step is an asynchronous call with a deadline. What fails, or is closed by mutter, is
 * cleaned up on mutter's side before the owner hears of it.
 *
 * Threads: main loop only. Ownership: the owner frees it, but never from within an event. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct mutter;
struct sd_bus;

#define MUTTER_DEADLINE_US UINT64_C(10000000) /* of a step */

/* How long `bus` must wait for a reply: what mutter makes after the deadline is stopped until then.
 */
#define MUTTER_CALL_TIMEOUT_US (30 * MUTTER_DEADLINE_US)

struct mutter_options {
	bool input; /* make a RemoteDesktop session */
	bool keyboard;
	bool pointer;
	bool picture;         /* record: a monitor of its own, or the primary one */
	bool virtual_monitor; /* the former; it comes and goes with the stream */
	uint32_t cursor_mode; /* mutter's: 0 hidden, 1 embedded, 2 metadata */
};

struct mutter_stream {
	uint32_t node_id;
	bool has_area; /* mutter knows none for a virtual monitor until somebody consumes it */
	int32_t position[2];
	int32_t size_px[2];
};

struct mutter_events {
	/* Everything runs. `stream` is NULL when no picture was asked for. */
	void (*started)(void *owner, const struct mutter_stream *stream);
	/* Instead of started; `text` says at which step, and why. */
	void (*failed)(void *owner, const char *text);
	/* After started: the user or the compositor ended it. */
	void (*closed)(void *owner);
};

/* Make and start the session. Events come later, from the event loop of `bus`, whose method-call
 * timeout is MUTTER_CALL_TIMEOUT_US. */
int mutter_new(struct sd_bus *bus, const struct mutter_options *options,
	const struct mutter_events *events, void *owner, struct mutter **ret_mutter);

/* Call a method of the running RemoteDesktop session, in order and without waiting for anything.
 * Arguments as sd_bus_message_append(). -ENOTCONN when it does not run. */
int mutter_send(struct mutter *mutter, const char *member, const char *types, ...);

/* The object path of the stream, as mutter's input methods want it; NULL when there is none. */
const char *mutter_stream_path(const struct mutter *mutter);

/* End it as if mutter had: no Stop is sent and no event follows. For a compositor that died. */
void mutter_vanished(struct mutter *mutter);

void mutter_free(struct mutter *mutter);
