#include "dbus/portal.h"

#include "dbus/portal_private.h"
#include "sys/clock.h"
#include "sys/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#define STEP_DEADLINE_US   (15 * USEC_PER_SEC)
#define PERSON_DEADLINE_US (10 * 60 * USEC_PER_SEC)
/* Programs learn of a new seat device by an event of their own; 200 ms are enough on a busy
 * machine, and a person cannot type sooner after the first picture. */
#define WARM_UP_US    (200 * USEC_PER_MSEC)
#define KEY_LEFTSHIFT 42

/* The steps towards a running session, in order. */
enum step { STEP_CREATE, STEP_DEVICES, STEP_SOURCES, STEP_START, STEP_OPEN, STEP_DONE };

static const char *const step_names[] = { "CreateSession", "SelectDevices", "SelectSources",
	"Start", "OpenPipeWireRemote", "" };

enum { SOURCE_MONITOR = 1, SOURCE_VIRTUAL = 4 };
enum { CURSOR_METADATA = 4 };
enum { DEVICE_KEYBOARD = 1, DEVICE_POINTER = 2 };
enum { PERSIST_UNTIL_REVOKED = 2 };

static void lose(struct portal *p, const char *format, ...) __attribute__((format(printf, 2, 3)));
static int begin_step(struct portal *p, enum step step);

static void lose(struct portal *p, const char *format, ...)
{
	char text[256];
	va_list args;

	if (p->lost)
		return;
	p->lost = true;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	p->events->lost(p->owner, text);
}

static int on_deadline(sd_event_source *source, uint64_t now_us, void *owner)
{
	struct portal *p = owner;

	(void)source, (void)now_us;
	if (p->step != STEP_DONE) {
		lose(p, "the desktop portal did not answer %s in time", step_names[p->step]);
		return 0;
	}
	p->warm = true;
	portal_pump_input(p);
	return 0;
}

static void arm(struct portal *p, uint64_t timeout_us)
{
	sd_event_source_set_time(p->timer, clock_now_us() + timeout_us);
	sd_event_source_set_enabled(p->timer, SD_EVENT_ONESHOT);
}

/* The call itself failed, or its answer is where the request object lives. */
static int on_reply(sd_bus_message *reply, void *owner, sd_bus_error *error)
{
	struct portal *p = owner;
	const sd_bus_error *failure = sd_bus_message_get_error(reply);

	(void)error;
	if (failure)
		lose(p, "the desktop portal refused %s: %s", step_names[p->step],
			failure->message ? failure->message : failure->name);
	return 0;
}

/* A virtual keyboard and pointer come into being with their first event, which no program sees:
 * spend one that means nothing. */
static void warm_up(struct portal *p)
{
	p->warm_up_left = 4;
	portal_key(p, KEY_LEFTSHIFT, true);
	portal_move_by(p, 1, 1);
	portal_key(p, KEY_LEFTSHIFT, false);
	portal_move_by(p, -1, -1);
}

static int on_opened(sd_bus_message *reply, void *owner, sd_bus_error *error)
{
	struct portal *p = owner;
	const sd_bus_error *failure = sd_bus_message_get_error(reply);
	int fd;

	(void)error;
	if (failure || sd_bus_message_read(reply, "h", &fd) < 0) {
		lose(p, "the desktop portal gave no PipeWire connection: %s",
			failure && failure->message ? failure->message : "no descriptor");
		return 0;
	}
	fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (fd < 0) {
		lose(p, "no descriptor left for PipeWire");
		return 0;
	}
	p->step = STEP_DONE;
	if (p->has_input) {
		warm_up(p);
		arm(p, WARM_UP_US);
	} else {
		sd_event_source_set_enabled(p->timer, SD_EVENT_OFF);
	}
	p->events->started(p->owner,
		&(struct portal_stream){
			.remote_fd = fd,
			.node = p->node,
			.has_input = p->has_input,
			.restore_token = p->restore_token,
		});
	return 0;
}

/* Only the first stream counts: `multiple` was not asked for. */
static int read_streams(struct portal *p, sd_bus_message *m)
{
	int r = sd_bus_message_enter_container(m, 'v', "a(ua{sv})");

	if (r >= 0)
		r = sd_bus_message_enter_container(m, 'a', "(ua{sv})");
	if (r >= 0)
		r = sd_bus_message_enter_container(m, 'r', "ua{sv}");
	if (r > 0) {
		r = sd_bus_message_read(m, "u", &p->node);
		if (r >= 0)
			r = sd_bus_message_skip(m, "a{sv}");
		if (r >= 0)
			r = sd_bus_message_exit_container(m);
		while (r >= 0 && !sd_bus_message_at_end(m, false))
			r = sd_bus_message_skip(m, "(ua{sv})");
	}
	if (r >= 0)
		r = sd_bus_message_exit_container(m);
	return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int read_result(struct portal *p, sd_bus_message *m, const char *key)
{
	const char *text;
	uint32_t number;
	int r;

	if (!strcmp(key, "session_handle")) {
		r = sd_bus_message_read(m, "v", "s", &text);
		if (r >= 0)
			snprintf(p->session, sizeof p->session, "%s", text);
	} else if (!strcmp(key, "restore_token")) {
		r = sd_bus_message_read(m, "v", "s", &text);
		if (r >= 0)
			snprintf(p->restore_token, sizeof p->restore_token, "%s", text);
	} else if (!strcmp(key, "devices")) {
		r = sd_bus_message_read(m, "v", "u", &number);
		if (r >= 0)
			p->has_input = (number & (DEVICE_KEYBOARD | DEVICE_POINTER)) != 0;
	} else if (!strcmp(key, "streams")) {
		r = read_streams(p, m);
	} else {
		r = sd_bus_message_skip(m, "v");
	}
	return r;
}

static int read_results(struct portal *p, sd_bus_message *m)
{
	int r = sd_bus_message_enter_container(m, 'a', "{sv}");

	while (r >= 0 && (r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
		const char *key;

		r = sd_bus_message_read(m, "s", &key);
		if (r >= 0)
			r = read_result(p, m, key);
		if (r >= 0)
			r = sd_bus_message_exit_container(m);
	}
	return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int on_response(sd_bus_message *m, void *owner, sd_bus_error *error)
{
	struct portal *p = owner;
	char token[32];
	uint32_t response;

	(void)error;
	snprintf(token, sizeof token, "/helix%u", p->request);
	const char *path = sd_bus_message_get_path(m);
	size_t size = path ? strlen(path) : 0;
	if (!path || p->lost || p->step >= STEP_OPEN || size < strlen(token) ||
		strcmp(path + size - strlen(token), token) != 0)
		return 0;

	if (sd_bus_message_read(m, "u", &response) < 0)
		response = 2;
	if (response != 0) {
		lose(p,
			response == 1 ? "the request to share the desktop was declined"
				      : "the desktop portal could not do %s",
			step_names[p->step]);
		return 0;
	}
	if (read_results(p, m) < 0 || (p->step == STEP_CREATE && !p->session[0]) ||
		(p->step == STEP_START && p->node == 0)) {
		lose(p, "the desktop portal's answer to %s makes no sense", step_names[p->step]);
		return 0;
	}
	int r = begin_step(p, p->step + 1);
	if (r < 0)
		lose(p, "the session bus broke: %s", strerror(-r));
	return 0;
}

static int append_options(struct portal *p, sd_bus_message *m, enum step step)
{
	char token[32];
	int r = sd_bus_message_open_container(m, 'a', "{sv}");

	snprintf(token, sizeof token, "helix%u", ++p->request);
	if (r >= 0 && step != STEP_OPEN)
		r = sd_bus_message_append(m, "{sv}", "handle_token", "s", token);
	if (r >= 0 && step == STEP_CREATE)
		r = sd_bus_message_append(m, "{sv}", "session_handle_token", "s", "helix");
	if (r >= 0 && step == STEP_DEVICES) {
		r = sd_bus_message_append(
			m, "{sv}", "types", "u", DEVICE_KEYBOARD | DEVICE_POINTER);
		if (r >= 0 && p->ask_person)
			r = sd_bus_message_append(
				m, "{sv}", "persist_mode", "u", PERSIST_UNTIL_REVOKED);
		if (r >= 0 && p->restore_token[0])
			r = sd_bus_message_append(
				m, "{sv}", "restore_token", "s", p->restore_token);
	}
	if (r >= 0 && step == STEP_SOURCES)
		r = sd_bus_message_append(m, "{sv}{sv}{sv}", "types", "u",
			p->virtual_monitor ? SOURCE_VIRTUAL : SOURCE_MONITOR, "multiple", "b",
			false, "cursor_mode", "u", CURSOR_METADATA);
	return r < 0 ? r : sd_bus_message_close_container(m);
}

static int begin_step(struct portal *p, enum step step)
{
	bool cast = step == STEP_SOURCES || step == STEP_OPEN;
	sd_bus_message *m = NULL;

	p->step = step;
	int r = sd_bus_message_new_method_call(p->bus, &m, PORTAL_NAME, PORTAL_PATH,
		cast ? PORTAL_SCREEN_CAST : PORTAL_REMOTE_DESKTOP, step_names[step]);
	if (r >= 0 && step != STEP_CREATE)
		r = sd_bus_message_append(m, "o", p->session);
	if (r >= 0 && step == STEP_START)
		r = sd_bus_message_append(m, "s", ""); /* no parent window */
	if (r >= 0)
		r = append_options(p, m, step);
	if (r >= 0)
		r = sd_bus_call_async(p->bus, NULL, m, step == STEP_OPEN ? on_opened : on_reply, p,
			STEP_DEADLINE_US);
	sd_bus_message_unref(m);
	if (r < 0)
		return r;
	arm(p, step == STEP_START && p->ask_person ? PERSON_DEADLINE_US : STEP_DEADLINE_US);
	return 0;
}

static int on_closed(sd_bus_message *m, void *owner, sd_bus_error *error)
{
	struct portal *p = owner;

	(void)error;
	if (p->session[0] && !strcmp(sd_bus_message_get_path(m), p->session))
		lose(p, "the desktop portal closed the session");
	return 0;
}

static int on_name_owner(sd_bus_message *m, void *owner, sd_bus_error *error)
{
	struct portal *p = owner;
	const char *name, *before, *after;

	(void)error;
	if (sd_bus_message_read(m, "sss", &name, &before, &after) >= 0 && *before && !*after)
		lose(p, "the desktop portal left the bus");
	return 0;
}

static int on_disconnected(sd_bus_message *m, void *owner, sd_bus_error *error)
{
	(void)m, (void)error;
	lose(owner, "the session bus is gone");
	return 0;
}

static int on_connected(sd_bus_message *m, void *owner, sd_bus_error *error)
{
	struct portal *p = owner;

	(void)m, (void)error;
	int r = begin_step(p, STEP_CREATE);
	if (r < 0)
		lose(p, "the session bus refused: %s", strerror(-r));
	return 0;
}

static int connect_bus(struct portal *p, struct sd_event *event, const char *address)
{
	int r = sd_bus_new(&p->bus);

	if (r >= 0)
		r = sd_bus_set_address(p->bus, address);
	if (r >= 0)
		r = sd_bus_set_bus_client(p->bus, true);
	if (r >= 0)
		r = sd_bus_set_connected_signal(p->bus, true);
	if (r >= 0)
		r = sd_bus_match_signal_async(p->bus, NULL, "org.freedesktop.DBus.Local", NULL,
			"org.freedesktop.DBus.Local", "Connected", on_connected, NULL, p);
	if (r >= 0)
		r = sd_bus_match_signal_async(p->bus, NULL, "org.freedesktop.DBus.Local", NULL,
			"org.freedesktop.DBus.Local", "Disconnected", on_disconnected, NULL, p);
	if (r >= 0)
		r = sd_bus_start(p->bus);
	if (r >= 0)
		r = sd_bus_attach_event(p->bus, event, SD_EVENT_PRIORITY_NORMAL);
	if (r >= 0)
		r = sd_bus_match_signal_async(p->bus, NULL, PORTAL_NAME, NULL,
			"org.freedesktop.portal.Request", "Response", on_response, NULL, p);
	if (r >= 0)
		r = sd_bus_match_signal_async(p->bus, NULL, PORTAL_NAME, NULL,
			"org.freedesktop.portal.Session", "Closed", on_closed, NULL, p);
	if (r >= 0)
		r = sd_bus_add_match_async(p->bus, NULL,
			"type='signal',sender='org.freedesktop.DBus',member='NameOwnerChanged',"
			"arg0='" PORTAL_NAME "'",
			on_name_owner, NULL, p);
	return r;
}

int portal_new(struct sd_event *event, const struct portal_options *options,
	const struct portal_events *events, void *owner, struct portal **ret_portal)
{
	struct portal *p = malloc(sizeof *p);

	if (!p)
		return -ENOMEM;
	*p = (struct portal){
		.events = events,
		.owner = owner,
		.virtual_monitor = options->virtual_monitor,
		.ask_person = options->ask_person,
	};
	snprintf(p->restore_token, sizeof p->restore_token, "%s", options->restore_token);
	int r = sd_event_add_time(event, &p->timer, CLOCK_MONOTONIC,
		clock_now_us() + STEP_DEADLINE_US, 1000, on_deadline, p);
	if (r >= 0)
		r = connect_bus(p, event, options->bus_address);
	if (r < 0) {
		portal_free(p);
		return r;
	}
	*ret_portal = p;
	return 0;
}

void portal_free(struct portal *p)
{
	if (!p)
		return;
	p->lost = true;
	sd_event_source_disable_unref(p->timer);
	sd_bus_slot_unref(p->outstanding);
	sd_bus_slot_unref(p->barrier);
	/* Leaving the bus closes the portal session. */
	sd_bus_close_unref(p->bus);
	free(p);
}
