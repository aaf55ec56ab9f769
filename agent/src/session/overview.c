#include "session/overview.h"

#include "sys/clock.h"

#include <string.h>
#include <systemd/sd-bus.h>

#define SHELL       "org.gnome.Shell"
#define SHELL_PATH  "/org/gnome/Shell"
#define PROPERTIES  "org.freedesktop.DBus.Properties"
#define PATIENCE_US (10 * USEC_PER_SEC)

static void leave(struct overview *overview)
{
	sd_bus_call_method_async(overview->bus, NULL, SHELL, SHELL_PATH, PROPERTIES, "Set", NULL,
		NULL, "ssv", SHELL, "OverviewActive", "b", 0);
	overview->watch = sd_bus_slot_unref(overview->watch);
}

static int on_answer(sd_bus_message *message, void *data, sd_bus_error *error)
{
	struct overview *overview = data;
	int is_active;

	(void)error;
	overview->question = sd_bus_slot_unref(overview->question);
	if (!sd_bus_message_is_method_error(message, NULL) &&
		sd_bus_message_read(message, "v", "b", &is_active) >= 0 && is_active)
		leave(overview);
	return 0;
}

static int on_changed(sd_bus_message *message, void *data, sd_bus_error *error)
{
	struct overview *overview = data;
	const char *name;
	int is_active;

	(void)error;
	if (clock_now_us() > overview->deadline_us) {
		overview->watch = sd_bus_slot_unref(overview->watch);
		return 0;
	}
	if (sd_bus_message_skip(message, "s") < 0 ||
		sd_bus_message_enter_container(message, 'a', "{sv}") < 0)
		return 0;
	while (sd_bus_message_enter_container(message, 'e', "sv") > 0) {
		if (sd_bus_message_read(message, "s", &name) < 0)
			return 0;
		if (!strcmp(name, "OverviewActive")) {
			if (sd_bus_message_read(message, "v", "b", &is_active) >= 0 && is_active)
				leave(overview);
			return 0;
		}
		if (sd_bus_message_skip(message, "v") < 0 ||
			sd_bus_message_exit_container(message) < 0)
			return 0;
	}
	return 0;
}

void overview_leave(struct overview *overview, struct sd_bus *bus)
{
	overview_done(overview);
	overview->bus = sd_bus_ref(bus);
	overview->deadline_us = clock_now_us() + PATIENCE_US;
	/* gnome-shell runs already, so this call activates nothing. */
	sd_bus_match_signal_async(bus, &overview->watch, SHELL, SHELL_PATH, PROPERTIES,
		"PropertiesChanged", on_changed, NULL, overview);
	sd_bus_call_method_async(bus, &overview->question, SHELL, SHELL_PATH, PROPERTIES, "Get",
		on_answer, overview, "ss", SHELL, "OverviewActive");
}

void overview_done(struct overview *overview)
{
	sd_bus_slot_unref(overview->watch);
	sd_bus_slot_unref(overview->question);
	sd_bus_unref(overview->bus);
	*overview = (struct overview){ 0 };
}
