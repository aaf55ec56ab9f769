/* One connection to a session bus that watches who owns a few names, without ever calling them: a
 * call would activate a program.
 *
 * Threads: main loop only. Ownership: names_free() may be called from any of its events. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct names;
struct sd_bus;
struct sd_event;

#define NAMES_MAX 4

struct names_events {
	/* The watch stands, and `changed` was called for every name that has an owner. */
	void (*ready)(void *owner);
	void (*changed)(void *owner, const char *name, bool is_owned);
	/* The connection could not be made, or ended. */
	void (*lost)(void *owner);
};

/* `watched` is NULL-terminated, at most NAMES_MAX, and stays the caller's. A negative errno when
 * the address is bad or nobody listens there. */
int names_new(struct sd_event *event, const char *address, const char *const *watched,
	const struct names_events *events, void *owner, struct names **ret_names);
void names_free(struct names *names);

/* For other questions to the same bus. */
struct sd_bus *names_bus(struct names *names);
