/* Reads the few keys that we know out of a D-Bus a{sv}, in whatever order they come.
 *
 * Threads: main loop only. Ownership: the caller's memory. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct sd_bus_message;

struct vardict_field {
	const char *key;
	const char *type; /* "u", "b" or "(ii)" */
	void *value;      /* uint32_t, int or int32_t[2]; untouched when the key is not there */
	bool found;
};

/* Read the whole a{sv} at the message's position. Unknown keys, and known ones of another type, are
 * skipped. A negative errno when there is no a{sv} or it is broken. */
int vardict_read(struct sd_bus_message *message, struct vardict_field *fields, size_t n_fields);
