#include "session/attach.h"

#include "session/names.h"
#include "session/plan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

struct attach {
	sd_event *event;
	char *address;
	const struct session_events *events;
	void *owner;
	struct names *names;
	sd_event_source *retry;
	struct backoff backoff;
	bool is_owned;
	bool is_ready;
};

static const char *watched[] = { "org.freedesktop.portal.Desktop", NULL };

static int connect_bus(struct attach *attach);

static void set_ready(struct attach *attach)
{
	if (attach->is_ready)
		return;
	attach->is_ready = true;
	attach->backoff.failures = 0;
	attach->events->ready(attach->owner);
}

static int on_retry(sd_event_source *source, uint64_t now_us, void *data)
{
	struct attach *attach = data;

	(void)source;
	(void)now_us;
	attach->retry = sd_event_source_disable_unref(attach->retry);
	names_free(attach->names);
	attach->names = NULL;
	connect_bus(attach);
	return 0;
}

static void retry_later(struct attach *attach)
{
	/* Never at once: what went wrong here was not started by us. */
	uint64_t delay_us = backoff_fail(&attach->backoff, 0);

	sd_event_source_disable_unref(attach->retry);
	attach->retry = NULL;
	sd_event_add_time_relative(attach->event, &attach->retry, CLOCK_MONOTONIC,
		delay_us ? delay_us : 250000, 0, on_retry, attach);
}

static void set_lost(struct attach *attach, const char *service, const char *text)
{
	bool was_ready = attach->is_ready;

	attach->is_ready = false;
	retry_later(attach);
	if (was_ready)
		attach->events->lost(attach->owner, service, text);
	if (backoff_is_hopeless(&attach->backoff))
		attach->events->failed(attach->owner, service, text);
}

static int on_activatable(sd_bus_message *message, void *data, sd_bus_error *error)
{
	struct attach *attach = data;
	const char *name;

	(void)error;
	if (!sd_bus_message_is_method_error(message, NULL) &&
		sd_bus_message_enter_container(message, 'a', "s") >= 0)
		while (sd_bus_message_read(message, "s", &name) > 0)
			if (!strcmp(name, watched[0])) {
				set_ready(attach);
				return 0;
			}
	/* It may be started by hand; NameOwnerChanged tells. */
	if (!attach->is_owned)
		attach->events->failed(attach->owner, plan_name(SERVICE_PORTAL),
			"this session has no desktop portal: apt-get install xdg-desktop-portal "
			"and a backend for this desktop, such as xdg-desktop-portal-gnome");
	return 0;
}

static void on_names_ready(void *owner)
{
	struct attach *attach = owner;

	if (!attach->is_owned)
		sd_bus_call_method_async(names_bus(attach->names), NULL, "org.freedesktop.DBus",
			"/org/freedesktop/DBus", "org.freedesktop.DBus", "ListActivatableNames",
			on_activatable, attach, NULL);
}

static void on_name_changed(void *owner, const char *name, bool is_owned)
{
	struct attach *attach = owner;

	(void)name;
	attach->is_owned = is_owned;
	if (is_owned)
		set_ready(attach);
	else if (attach->is_ready)
		set_lost(attach, plan_name(SERVICE_PORTAL), "the desktop portal has left the bus");
}

static void on_names_lost(void *owner)
{
	struct attach *attach = owner;

	attach->is_owned = false;
	set_lost(attach, plan_name(SERVICE_SESSION_BUS), "the session bus is gone");
}

static const struct names_events names_events = {
	.ready = on_names_ready,
	.changed = on_name_changed,
	.lost = on_names_lost,
};

static int connect_bus(struct attach *attach)
{
	int r = names_new(
		attach->event, attach->address, watched, &names_events, attach, &attach->names);
	if (r < 0)
		set_lost(attach, plan_name(SERVICE_SESSION_BUS), "the session bus does not answer");
	return r;
}

int attach_new(struct sd_event *event, const char *address, const struct session_events *events,
	void *owner, struct attach **ret_attach)
{
	struct attach *attach = calloc(1, sizeof *attach);
	if (!attach)
		return -ENOMEM;

	attach->event = sd_event_ref(event);
	attach->events = events;
	attach->owner = owner;
	attach->address = strdup(address);
	if (!attach->address) {
		attach_free(attach);
		return -ENOMEM;
	}
	connect_bus(attach); /* a bus that is not there yet is retried */
	*ret_attach = attach;
	return 0;
}

void attach_free(struct attach *attach)
{
	if (!attach)
		return;
	sd_event_source_disable_unref(attach->retry);
	names_free(attach->names);
	sd_event_unref(attach->event);
	free(attach->address);
	free(attach);
}

const char *attach_state_string(const struct attach *attach)
{
	return attach->is_ready ? "up" : "down";
}
