/* What portal.c (the session) and portal_input.c (its input) share. Only for dbus/. */
#pragma once

#include "dbus/portal.h"

#include <stddef.h>

#define PORTAL_NAME           "org.freedesktop.portal.Desktop"
#define PORTAL_PATH           "/org/freedesktop/portal/desktop"
#define PORTAL_SCREEN_CAST    "org.freedesktop.portal.ScreenCast"
#define PORTAL_REMOTE_DESKTOP "org.freedesktop.portal.RemoteDesktop"

/* Input that waits: for the devices, or for the answer to the input before it. A page of text that
 * is typed at once. */
#define PORTAL_MAX_WAITING 8192

struct sd_bus;
struct sd_bus_slot;
struct sd_event_source;

enum portal_input_kind {
	PORTAL_KEY,
	PORTAL_KEYSYM,
	PORTAL_BUTTON,
	PORTAL_MOVE_TO,
	PORTAL_MOVE_BY,
	PORTAL_SCROLL,
	PORTAL_SCROLL_STOP,
	PORTAL_SCROLL_NOTCHES,
};

struct portal_input {
	enum portal_input_kind kind;
	union {
		struct {
			uint32_t code;
			bool down;
		};
		struct {
			double x, y;
		};
		struct {
			uint32_t axis;
			int32_t notches;
		};
	};
};

enum gate {
	GATE_OPEN,
	GATE_CLOSING, /* what went through is on its way */
	GATE_CLOSED,
	GATE_OPENING, /* what the compositor was told before is on its way */
};

struct portal {
	const struct portal_events *events;
	void *owner;
	struct sd_bus *bus;
	struct sd_event_source *timer; /* the step's deadline, then the warm-up */
	bool virtual_monitor, ask_person;
	char restore_token[256];

	int step;
	unsigned request; /* the number in the handle token of the outstanding request */
	char session[256];
	uint32_t node;
	bool has_input, warm, lost;
	unsigned warm_up_left; /* of the events that wait, so many go before the devices are warm */
	struct portal_input waiting[PORTAL_MAX_WAITING]; /* oldest first, from `first_waiting` */
	size_t first_waiting, waiting_count;
	struct sd_bus_slot *outstanding; /* the call whose answer is due */
	enum gate gate;                  /* for absolute positions */
	struct sd_bus_slot *barrier;     /* the question whose answer is due */
	bool barrier_is_mutters;
};

/* Send the next input if none is outstanding. */
void portal_pump_input(struct portal *portal);
