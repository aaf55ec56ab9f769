/* GNOME starts with its overview open, over whatever the user's programs show. This leaves it,
 * once.
 *
 * Threads: main loop only. Ownership: embedded in the session. */
#pragma once

#include <stdint.h>

struct sd_bus;
struct sd_bus_slot;

struct overview {
	struct sd_bus *bus;
	struct sd_bus_slot *watch;
	struct sd_bus_slot *question;
	uint64_t deadline_us;
};

/* Leaves the overview now, or when it opens in the next seconds: it opens with the first monitor,
 * after an animation. Later it is the user who opens it. Failing is silent: it is a convenience. */
void overview_leave(struct overview *overview, struct sd_bus *bus);

/* Zeroed or used before. */
void overview_done(struct overview *overview);
