#include "session/names.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>

#define DBUS     "org.freedesktop.DBus"
#define MAX_RULE 256

struct names {
	sd_bus *bus;
	const struct names_events *events;
	void *owner;
	const char *names[NAMES_MAX];
	size_t count;
	size_t answered; /* of the first questions */
	bool is_lost;
};

static void lose(struct names *names)
{
	if (names->is_lost)
		return;
	names->is_lost = true;
	names->events->lost(names->owner);
}

static int on_disconnected(sd_bus_message *message, void *data, sd_bus_error *error)
{
	(void)message;
	(void)error;
	lose(data);
	return 0;
}

static int on_owner_changed(sd_bus_message *message, void *data, sd_bus_error *error)
{
	struct names *names = data;
	const char *name, *old_owner, *new_owner;

	(void)error;
	if (sd_bus_message_read(message, "sss", &name, &old_owner, &new_owner) < 0)
		return 0;
	/* Passed on from one to another: the first has gone. */
	for (size_t i = 0; i < names->count; i++)
		if (!strcmp(names->names[i], name)) {
			names->events->changed(names->owner, names->names[i], *new_owner);
			break;
		}
	return 0;
}

/* Answers come in the order of the questions. */
static int on_first_answer(sd_bus_message *message, void *data, sd_bus_error *error)
{
	struct names *names = data;
	int is_owned;

	(void)error;
	if (sd_bus_message_is_method_error(message, NULL) ||
		sd_bus_message_read(message, "b", &is_owned) < 0) {
		lose(names);
		return 0;
	}
	const char *name = names->names[names->answered++];
	bool is_last = names->answered == names->count;
	sd_bus *bus = sd_bus_ref(names->bus);
	if (is_owned)
		names->events->changed(names->owner, name, true);
	/* Unless `changed` freed us: then the bus is closed. */
	if (is_last && sd_bus_is_open(bus) > 0)
		names->events->ready(names->owner);
	sd_bus_unref(bus);
	return 0;
}

static int on_match_added(sd_bus_message *message, void *data, sd_bus_error *error)
{
	(void)error;
	if (sd_bus_message_is_method_error(message, NULL))
		lose(data);
	return 0;
}

static int watch(struct names *names, const char *name)
{
	char rule[MAX_RULE];

	snprintf(rule, sizeof rule,
		"type='signal',sender='" DBUS "',path='/org/freedesktop/DBus',interface='" DBUS
		"',member='NameOwnerChanged',arg0='%s'",
		name);
	int r = sd_bus_add_match_async(
		names->bus, NULL, rule, on_owner_changed, on_match_added, names);
	if (r < 0)
		return r;
	return sd_bus_call_method_async(names->bus, NULL, DBUS, "/org/freedesktop/DBus", DBUS,
		"NameHasOwner", on_first_answer, names, "s", name);
}

int names_new(struct sd_event *event, const char *address, const char *const *watched,
	const struct names_events *events, void *owner, struct names **ret_names)
{
	struct names *names = calloc(1, sizeof *names);
	if (!names)
		return -ENOMEM;

	names->events = events;
	names->owner = owner;
	int r = sd_bus_new(&names->bus);
	if (r < 0)
		goto fail;
	r = sd_bus_set_address(names->bus, address);
	if (r < 0)
		goto fail;
	r = sd_bus_set_bus_client(names->bus, true);
	if (r < 0)
		goto fail;
	r = sd_bus_start(names->bus);
	if (r < 0)
		goto fail;
	r = sd_bus_attach_event(names->bus, event, SD_EVENT_PRIORITY_NORMAL);
	if (r < 0)
		goto fail;
	r = sd_bus_match_signal_async(names->bus, NULL, "org.freedesktop.DBus.Local", NULL,
		"org.freedesktop.DBus.Local", "Disconnected", on_disconnected, NULL, names);
	if (r < 0)
		goto fail;
	for (; names->count < NAMES_MAX && watched[names->count]; names->count++) {
		names->names[names->count] = watched[names->count];
		r = watch(names, watched[names->count]);
		if (r < 0)
			goto fail;
	}
	*ret_names = names;
	return 0;

fail:
	names_free(names);
	return r;
}

void names_free(struct names *names)
{
	if (!names)
		return;
	sd_bus_close_unref(names->bus);
	free(names);
}

struct sd_bus *names_bus(struct names *names)
{
	return names->bus;
}
