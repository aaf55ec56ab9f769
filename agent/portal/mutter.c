#include "mutter.h"

#include <errno.h>
#include <linux/input-event-codes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>
#include <time.h>

#include "sys/cleanup.h"
#include "vardict.h"

#define INPUT "org.gnome.Mutter.RemoteDesktop"
#define CAST  "org.gnome.Mutter.ScreenCast"

struct mutter {
	sd_bus *bus;
	struct mutter_options options;
	const struct mutter_events *events;
	void *owner;
	sd_bus_slot *call;         /* the step in flight */
	sd_event_source *deadline; /* of the step */
	sd_bus_slot *closed_match;
	sd_bus_slot *added_match;
	char *input_path;
	char *cast_path;
	char *stream_path;
	struct mutter_stream stream;
	bool has_node;
	bool running; /* mutter answered Start */
	bool started; /* the owner was told */
	bool over;
};

static int send(struct mutter *m, const char *name, const char *path, const char *interface,
	const char *member, const char *types, va_list arguments)
{
	sd_bus_message *message = NULL;

	int r = sd_bus_message_new_method_call(m->bus, &message, name, path, interface, member);
	if (r < 0)
		return r;

	r = sd_bus_message_set_expect_reply(message, 0);
	if (r >= 0)
		r = sd_bus_message_appendv(message, types, arguments);
	if (r >= 0)
		r = sd_bus_send(m->bus, message, NULL);
	sd_bus_message_unref(message);
	return r < 0 ? r : 0;
}

static void send_empty(struct mutter *m, const char *name, const char *path, const char *interface,
	const char *member, ...)
{
	va_list none;

	va_start(none, member);
	send(m, name, path, interface, member, "", none);
	va_end(none);
}

/* mutter is making a session that must be stopped, and whose path we do not know yet. */
static bool is_creating(const struct mutter *m)
{
	return m->call && !m->input_path && !m->cast_path;
}

/* Nothing more is awaited or heard, but the path of what must be stopped. */
static void detach(struct mutter *m)
{
	m->over = true;
	if (!is_creating(m))
		m->call = sd_bus_slot_unref(m->call);
	m->deadline = sd_event_source_disable_unref(m->deadline);
	m->closed_match = sd_bus_slot_unref(m->closed_match);
	m->added_match = sd_bus_slot_unref(m->added_match);
}

static void stop(struct mutter *m)
{
	if (m->input_path) {
		/* mutter cannot Stop what never started, and would keep it as long as we live. */
		if (!m->running)
			send_empty(m, INPUT, m->input_path, INPUT ".Session", "Start");
		send_empty(m, INPUT, m->input_path, INPUT ".Session", "Stop");
	} else if (m->cast_path) {
		send_empty(m, CAST, m->cast_path, CAST ".Session", "Stop");
	}
}

static void fail(struct mutter *m, const char *step, const char *why)
{
	char text[256];

	snprintf(text, sizeof text, "%s: %s", step, why);
	detach(m);
	stop(m);
	m->events->failed(m->owner, text);
}

static void fail_errno(struct mutter *m, const char *step, int error)
{
	fail(m, step, strerror(-error));
}

static int on_deadline(sd_event_source *source, uint64_t now_us, void *userdata)
{
	struct mutter *m = userdata;
	(void)source, (void)now_us;

	if (m->call)
		fail(m, "mutter", "no answer; does the compositor hang?");
	else
		fail(m, "PipeWireStreamAdded", "it did not come; does PipeWire run?");
	return 0;
}

/* Give the next step its time. */
static void extend_deadline(struct mutter *m)
{
	sd_event_source_set_time_relative(m->deadline, MUTTER_DEADLINE_US);
}

/* The step was answered: 0, or a negative errno after the owner was told that it failed. */
static int finish_step(struct mutter *m, sd_bus_message *reply, const char *step)
{
	m->call = sd_bus_slot_unref(m->call);
	extend_deadline(m);
	if (!sd_bus_message_is_method_error(reply, NULL))
		return 0;

	const sd_bus_error *error = sd_bus_message_get_error(reply);
	fail(m, step, error->message ? error->message : error->name);
	return -EIO;
}

static int copy_path(sd_bus_message *reply, char **ret_path)
{
	const char *path;

	int r = sd_bus_message_read(reply, "o", &path);
	if (r < 0)
		return r;

	char *copy = strdup(path);
	if (!copy)
		return -ENOMEM;
	*ret_path = copy;
	return 0;
}

static void finish(struct mutter *m)
{
	m->deadline = sd_event_source_disable_unref(m->deadline);
	m->started = true;
	m->events->started(m->owner, m->options.picture ? &m->stream : NULL);
}

static int on_parameters(sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	struct mutter *m = userdata;
	struct vardict_field fields[] = {
		{ .key = "size", .type = "(ii)", .value = m->stream.size_px },
		{ .key = "position", .type = "(ii)", .value = m->stream.position },
	};
	(void)error;

	if (finish_step(m, reply, "Parameters") < 0)
		return 0;

	int r = sd_bus_message_enter_container(reply, SD_BUS_TYPE_VARIANT, "a{sv}");
	if (r >= 0)
		r = vardict_read(reply, fields, sizeof fields / sizeof *fields);
	if (r < 0) {
		fail_errno(m, "Parameters", r);
		return 0;
	}
	m->stream.has_area = fields[0].found && fields[1].found;
	finish(m);
	return 0;
}

static void ask_parameters(struct mutter *m)
{
	int r = sd_bus_call_method_async(m->bus, &m->call, CAST, m->stream_path,
		"org.freedesktop.DBus.Properties", "Get", on_parameters, m, "ss", CAST ".Stream",
		"Parameters");
	if (r < 0)
		fail_errno(m, "Parameters", r);
}

static int on_stream_added(sd_bus_message *signal, void *userdata, sd_bus_error *error)
{
	struct mutter *m = userdata;
	(void)error;

	int r = sd_bus_message_read(signal, "u", &m->stream.node_id);
	if (r < 0 || m->has_node)
		return 0;

	m->has_node = true;
	if (m->running)
		ask_parameters(m);
	return 0;
}

/* mutter makes a session's keyboard and pointer with their first event, and programs lose every
 * event until they have heard of them and bound them. Make them now, with events that mean nothing.
 */
static void warm_up(struct mutter *m)
{
	if (m->options.keyboard) {
		mutter_send(m, "NotifyKeyboardKeycode", "ub", KEY_UNKNOWN, 1);
		mutter_send(m, "NotifyKeyboardKeycode", "ub", KEY_UNKNOWN, 0);
	}
	if (m->options.pointer)
		mutter_send(m, "NotifyPointerMotionRelative", "dd", 0.0, 0.0);
}

static int on_started(sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	struct mutter *m = userdata;
	(void)error;

	if (finish_step(m, reply, "Start") < 0)
		return 0;

	m->running = true;
	warm_up(m);
	if (!m->options.picture) {
		finish(m);
		return 0;
	}
	if (m->has_node)
		ask_parameters(m);
	return 0;
}

static void start(struct mutter *m)
{
	/* A linked ScreenCast session is started and stopped by its RemoteDesktop session only. */
	const char *name = m->input_path ? INPUT : CAST;
	const char *path = m->input_path ? m->input_path : m->cast_path;
	const char *interface = m->input_path ? INPUT ".Session" : CAST ".Session";

	int r = sd_bus_call_method_async(
		m->bus, &m->call, name, path, interface, "Start", on_started, m, "");
	if (r < 0)
		fail_errno(m, "Start", r);
}

static int on_recorded(sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	struct mutter *m = userdata;
	const char *step = m->options.virtual_monitor ? "RecordVirtual" : "RecordMonitor";
	(void)error;

	if (finish_step(m, reply, step) < 0)
		return 0;

	int r = copy_path(reply, &m->stream_path);
	if (r >= 0)
		r = sd_bus_match_signal_async(m->bus, &m->added_match, CAST, m->stream_path,
			CAST ".Stream", "PipeWireStreamAdded", on_stream_added, NULL, m);
	if (r < 0)
		fail_errno(m, step, r);
	else
		start(m);
	return 0;
}

static void record(struct mutter *m)
{
	const char *interface = CAST ".Session";
	int r;

	if (m->options.virtual_monitor)
		r = sd_bus_call_method_async(m->bus, &m->call, CAST, m->cast_path, interface,
			"RecordVirtual", on_recorded, m, "a{sv}", 2, "cursor-mode", "u",
			m->options.cursor_mode, "is-platform", "b", 1);
	else
		r = sd_bus_call_method_async(m->bus, &m->call, CAST, m->cast_path, interface,
			"RecordMonitor", on_recorded, m, "sa{sv}", "", 1, "cursor-mode", "u",
			m->options.cursor_mode);
	if (r < 0)
		fail_errno(m, "Record", r);
}

static int on_closed(sd_bus_message *signal, void *userdata, sd_bus_error *error)
{
	struct mutter *m = userdata;
	(void)signal, (void)error;

	mutter_vanished(m);
	if (m->started)
		m->events->closed(m->owner);
	else
		m->events->failed(m->owner, "Start: mutter closed the session");
	return 0;
}

static int watch_closed(struct mutter *m, const char *name, const char *path, const char *interface)
{
	return sd_bus_match_signal_async(
		m->bus, &m->closed_match, name, path, interface, "Closed", on_closed, NULL, m);
}

static int on_cast_created(sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	struct mutter *m = userdata;
	(void)error;

	if (m->over) {
		m->call = sd_bus_slot_unref(m->call);
		if (copy_path(reply, &m->cast_path) >= 0)
			stop(m);
		return 0;
	}
	if (finish_step(m, reply, "ScreenCast.CreateSession") < 0)
		return 0;

	int r = copy_path(reply, &m->cast_path);
	if (r >= 0 && !m->input_path)
		r = watch_closed(m, CAST, m->cast_path, CAST ".Session");
	if (r < 0)
		fail_errno(m, "ScreenCast.CreateSession", r);
	else
		record(m);
	return 0;
}

static int create_cast(struct mutter *m, const char *session_id)
{
	return sd_bus_call_method_async(m->bus, &m->call, CAST, "/org/gnome/Mutter/ScreenCast",
		CAST, "CreateSession", on_cast_created, m, "a{sv}", session_id ? 1 : 0,
		"remote-desktop-session-id", "s", session_id);
}

static int on_session_id(sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	struct mutter *m = userdata;
	const char *id;
	(void)error;

	if (finish_step(m, reply, "SessionId") < 0)
		return 0;

	int r = sd_bus_message_read(reply, "v", "s", &id);
	if (r >= 0)
		r = create_cast(m, id);
	if (r < 0)
		fail_errno(m, "ScreenCast.CreateSession", r);
	return 0;
}

static int on_input_created(sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	struct mutter *m = userdata;
	(void)error;

	if (m->over) {
		m->call = sd_bus_slot_unref(m->call);
		if (copy_path(reply, &m->input_path) >= 0)
			stop(m);
		return 0;
	}
	if (finish_step(m, reply, "RemoteDesktop.CreateSession") < 0)
		return 0;

	int r = copy_path(reply, &m->input_path);
	if (r >= 0)
		r = watch_closed(m, INPUT, m->input_path, INPUT ".Session");
	if (r >= 0 && m->options.picture)
		r = sd_bus_call_method_async(m->bus, &m->call, INPUT, m->input_path,
			"org.freedesktop.DBus.Properties", "Get", on_session_id, m, "ss",
			INPUT ".Session", "SessionId");
	if (r < 0)
		fail_errno(m, "RemoteDesktop.CreateSession", r);
	else if (!m->options.picture)
		start(m);
	return 0;
}

int mutter_new(struct sd_bus *bus, const struct mutter_options *options,
	const struct mutter_events *events, void *owner, struct mutter **ret_mutter)
{
	struct mutter *m = calloc(1, sizeof *m);
	int r;

	if (!m)
		return -ENOMEM;
	m->bus = bus;
	m->options = *options;
	m->events = events;
	m->owner = owner;

	r = sd_event_add_time_relative(sd_bus_get_event(bus), &m->deadline, CLOCK_MONOTONIC,
		MUTTER_DEADLINE_US, 0, on_deadline, m);
	if (r >= 0 && options->input)
		r = sd_bus_call_method_async(bus, &m->call, INPUT,
			"/org/gnome/Mutter/RemoteDesktop", INPUT, "CreateSession", on_input_created,
			m, "");
	else if (r >= 0)
		r = create_cast(m, NULL);
	if (r < 0) {
		sd_event_source_disable_unref(m->deadline);
		free(m);
		return r;
	}
	*ret_mutter = m;
	return 0;
}

int mutter_send(struct mutter *m, const char *member, const char *types, ...)
{
	va_list arguments;

	if (!m->running || m->over || !m->input_path)
		return -ENOTCONN;

	va_start(arguments, types);
	int r = send(m, INPUT, m->input_path, INPUT ".Session", member, types, arguments);
	va_end(arguments);
	return r;
}

const char *mutter_stream_path(const struct mutter *m)
{
	return m->stream_path;
}

void mutter_vanished(struct mutter *m)
{
	detach(m);
}

static void destroy(void *memory)
{
	struct mutter *m = memory;

	free(m->input_path);
	free(m->cast_path);
	free(m->stream_path);
	free(m);
}

void mutter_free(struct mutter *m)
{
	if (!m)
		return;

	if (!m->over) {
		detach(m);
		stop(m);
	}
	if (is_creating(m)) {
		/* Live on, owned by the call, until its reply comes. */
		sd_bus_slot_set_destroy_callback(m->call, destroy);
		sd_bus_slot_set_floating(m->call, 1);
		m->call = sd_bus_slot_unref(m->call);
		return;
	}
	destroy(m);
}
