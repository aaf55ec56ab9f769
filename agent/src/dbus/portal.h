/* A client of org.freedesktop.portal.RemoteDesktop and .ScreenCast: one session, its screen cast
 * stream, and its keyboard and pointer.
 *
 * Every step is asynchronous and has a deadline. Input that comes before the virtual devices are
 * known to the session's programs waits, since their first event would be lost.
 *
 * Threads: main loop only. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct portal;
struct sd_event;

struct portal_options {
	const char *bus_address;
	bool virtual_monitor;      /* record a new virtual monitor, not one that is there */
	bool ask_person;           /* a dialog may wait for somebody: minutes, not seconds */
	const char *restore_token; /* "" = none */
};

struct portal_stream {
	int remote_fd; /* a PipeWire connection; the receiver's */
	uint32_t node;
	bool has_input;
	const char *restore_token; /* for the next time; "" = none; valid during the call */
};

struct portal_events {
	void (*started)(void *owner, const struct portal_stream *stream);
	/* After portal_hold_positions(): none is on its way to the compositor any more. */
	void (*held)(void *owner);
	/* The session could not be made, or ended. Nothing more comes; free the portal. `text` is
	 * for people. */
	void (*lost)(void *owner, const char *text);
};

/* Begins at once; events come from the loop. Negative errno when the bus cannot be reached. */
int portal_new(struct sd_event *event, const struct portal_options *options,
	const struct portal_events *events, void *owner, struct portal **ret_portal);

/* Closes the session. */
void portal_free(struct portal *portal);

/* Whether input reaches the session: false before it started, or where the portal has no devices.
 */
bool portal_has_input(const struct portal *portal);

/* Input, in order and without waiting for answers. Dropped when there is none. Codes are those of
 * linux/input-event-codes.h; positions are stream pixels. */
void portal_key(struct portal *portal, uint32_t code, bool down);
void portal_keysym(struct portal *portal, uint32_t keysym, bool down);
void portal_button(struct portal *portal, uint32_t code, bool down);
void portal_move_to(struct portal *portal, double x_px, double y_px);
void portal_move_by(struct portal *portal, double dx_px, double dy_px);
/* Keep absolute positions back, and what comes behind them; `held` follows. False, and it does not,
 * when there is no input, or nobody to ask. */
bool portal_hold_positions(struct portal *portal);
/* Let them through, as soon as the compositor has heard whatever it was told before this. */
void portal_release_positions(struct portal *portal);
/* Smooth scrolling in the units of wl_pointer.axis (10 = one notch), positive is right and down. */
void portal_scroll(struct portal *portal, double dx, double dy, bool stop);
/* Whole notches of a wheel. */
void portal_scroll_notches(struct portal *portal, int32_t x_notches, int32_t y_notches);
