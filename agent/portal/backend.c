#include "backend.h"

#include <errno.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#include "input.h"
#include "sys/log.h"
#include "vardict.h"

#define OBJECT_PATH    "/org/freedesktop/portal/desktop"
#define SCREEN_CAST    "org.freedesktop.impl.portal.ScreenCast"
#define REMOTE_DESKTOP "org.freedesktop.impl.portal.RemoteDesktop"

struct session *backend_find(struct backend *backend, const char *path)
{
	for (struct session *s = backend->sessions; s; s = s->next)
		if (!strcmp(s->path, path))
			return s;
	return NULL;
}

void backend_drop(struct backend *backend, struct session *session)
{
	for (struct session **link = &backend->sessions; *link; link = &(*link)->next) {
		if (*link != session)
			continue;
		*link = session->next;
		session->next = backend->dropped;
		backend->dropped = session;
		backend->n_sessions--;
		session->object = sd_bus_slot_unref(session->object);
		sd_event_source_set_enabled(backend->reaper, SD_EVENT_ONESHOT);
		return;
	}
}

static void reap(struct backend *backend)
{
	while (backend->dropped) {
		struct session *session = backend->dropped;

		backend->dropped = session->next;
		session_free(session);
	}
}

static int on_reap(sd_event_source *source, void *userdata)
{
	(void)source;
	reap(userdata);
	return 0;
}

/* Both the compositor and the frontend may die without a word. */
static int on_owner_changed(sd_bus_message *signal, void *userdata, sd_bus_error *error)
{
	struct backend *backend = userdata;
	const char *name, *old_owner, *new_owner;
	struct session *next;
	(void)error;

	int r = sd_bus_message_read(signal, "sss", &name, &old_owner, &new_owner);
	if (r < 0 || new_owner[0])
		return 0;

	bool is_compositor = !strcmp(name, "org.gnome.Mutter.ScreenCast");
	for (struct session *s = backend->sessions; s; s = next) {
		next = s->next;
		if (is_compositor) {
			session_compositor_vanished(s);
		} else if (!strcmp(name, s->frontend)) {
			log_warn("portal: the frontend of %s died, closing it", s->path);
			backend_drop(backend, s);
		}
	}
	return 0;
}

/* All four calls start with a request handle, a session handle and an application id. */
static int read_call(struct backend *backend, sd_bus_message *call, const char **ret_handle,
	const char **ret_path, struct session **ret_session)
{
	int r = sd_bus_message_read(call, "oos", ret_handle, ret_path, NULL);
	if (r < 0)
		return r;

	*ret_session = backend_find(backend, *ret_path);
	return 0;
}

static int create_session(struct backend *backend, sd_bus_message *call, bool remote)
{
	const char *handle, *path;
	struct session *session;

	int r = read_call(backend, call, &handle, &path, &session);
	if (r < 0)
		return r;

	if (backend->n_sessions >= BACKEND_MAX_SESSIONS) {
		log_warn("portal: refused %s: %d sessions are open", path, BACKEND_MAX_SESSIONS);
		return respond(call, RESPONSE_OTHER);
	}
	r = session ? -EEXIST : session_new(backend, call, path, remote, &session);
	if (r < 0) {
		log_warn("portal: refused %s: %s", path, strerror(-r));
		return respond(call, RESPONSE_OTHER);
	}
	session->next = backend->sessions;
	backend->sessions = session;
	backend->n_sessions++;
	log_debug("portal: %s created for %s", path, session->frontend);
	return sd_bus_reply_method_return(
		call, "ua{sv}", (uint32_t)RESPONSE_SUCCESS, 1, "session_id", "s", path);
}

static int on_create_cast(sd_bus_message *call, void *userdata, sd_bus_error *error)
{
	(void)error;
	return create_session(userdata, call, false);
}

static int on_create_remote(sd_bus_message *call, void *userdata, sd_bus_error *error)
{
	(void)error;
	return create_session(userdata, call, true);
}

static int on_select_sources(sd_bus_message *call, void *userdata, sd_bus_error *error)
{
	uint32_t types = SOURCE_MONITOR, cursor_mode = CURSOR_HIDDEN;
	struct vardict_field options[] = {
		{ .key = "types", .type = "u", .value = &types },
		{ .key = "cursor_mode", .type = "u", .value = &cursor_mode },
	};
	const char *handle, *path;
	struct session *session;
	(void)error;

	int r = read_call(userdata, call, &handle, &path, &session);
	if (r < 0)
		return r;

	r = vardict_read(call, options, sizeof options / sizeof *options);
	if (r < 0)
		return r;
	if (!session || session->state != SESSION_SELECTING || !(types & SESSION_SOURCES) ||
		!(cursor_mode & SESSION_CURSORS) || (cursor_mode & (cursor_mode - 1))) {
		log_warn("portal: refused SelectSources of %s: types %u, cursor mode %u", path,
			types, cursor_mode);
		return respond(call, RESPONSE_OTHER);
	}
	session->sources = types & SESSION_SOURCES;
	session->cursor_mode = (enum cursor_mode)cursor_mode;
	return respond(call, RESPONSE_SUCCESS);
}

static int on_select_devices(sd_bus_message *call, void *userdata, sd_bus_error *error)
{
	uint32_t types = SESSION_DEVICES;
	struct vardict_field options[] = { { .key = "types", .type = "u", .value = &types } };
	const char *handle, *path;
	struct session *session;
	(void)error;

	int r = read_call(userdata, call, &handle, &path, &session);
	if (r < 0)
		return r;

	r = vardict_read(call, options, 1);
	if (r < 0)
		return r;
	if (!session || !session->remote || session->state != SESSION_SELECTING) {
		log_warn("portal: refused SelectDevices of %s", path);
		return respond(call, RESPONSE_OTHER);
	}
	session->devices = types & SESSION_DEVICES;
	return respond(call, RESPONSE_SUCCESS);
}

static int on_start(sd_bus_message *call, void *userdata, sd_bus_error *error)
{
	const char *handle, *path;
	struct session *session;
	(void)error;

	int r = read_call(userdata, call, &handle, &path, &session);
	if (r < 0)
		return r;

	r = session ? session_start(session, call, handle) : -ENOENT;
	if (r < 0) {
		log_warn("portal: refused Start of %s: %s", path, strerror(-r));
		return respond(call, RESPONSE_OTHER);
	}
	return 1;
}

static int get_property(sd_bus *bus, const char *path, const char *interface, const char *property,
	sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	static const struct {
		const char *interface, *name;
		uint32_t value;
	} values[] = {
		{ SCREEN_CAST, "AvailableSourceTypes", SESSION_SOURCES },
		{ SCREEN_CAST, "AvailableCursorModes", SESSION_CURSORS },
		{ SCREEN_CAST, "version", 4 },
		{ REMOTE_DESKTOP, "AvailableDeviceTypes", SESSION_DEVICES },
		{ REMOTE_DESKTOP, "version", 1 },
	};
	(void)bus, (void)path, (void)userdata, (void)error;

	for (unsigned i = 0; i < sizeof values / sizeof *values; i++)
		if (!strcmp(values[i].interface, interface) && !strcmp(values[i].name, property))
			return sd_bus_message_append(reply, "u", values[i].value);
	return -ENOENT;
}

#define METHOD(name, in, out, handler)                                                             \
 SD_BUS_METHOD(name, in, out, handler, SD_BUS_VTABLE_UNPRIVILEGED)
#define PROPERTY(name) SD_BUS_PROPERTY(name, "u", get_property, 0, SD_BUS_VTABLE_PROPERTY_CONST)

static const sd_bus_vtable screen_cast_vtable[] = {
	SD_BUS_VTABLE_START(0),
	METHOD("CreateSession", "oosa{sv}", "ua{sv}", on_create_cast),
	METHOD("SelectSources", "oosa{sv}", "ua{sv}", on_select_sources),
	METHOD("Start", "oossa{sv}", "ua{sv}", on_start),
	PROPERTY("AvailableSourceTypes"),
	PROPERTY("AvailableCursorModes"),
	PROPERTY("version"),
	SD_BUS_VTABLE_END,
};

static const sd_bus_vtable remote_desktop_vtable[] = {
	SD_BUS_VTABLE_START(0),
	METHOD("CreateSession", "oosa{sv}", "ua{sv}", on_create_remote),
	METHOD("SelectDevices", "oosa{sv}", "ua{sv}", on_select_devices),
	METHOD("Start", "oossa{sv}", "ua{sv}", on_start),
	METHOD("NotifyPointerMotion", "oa{sv}dd", "", input_on_motion),
	METHOD("NotifyPointerMotionAbsolute", "oa{sv}udd", "", input_on_motion_absolute),
	METHOD("NotifyPointerButton", "oa{sv}iu", "", input_on_button),
	METHOD("NotifyPointerAxis", "oa{sv}dd", "", input_on_axis),
	METHOD("NotifyPointerAxisDiscrete", "oa{sv}ui", "", input_on_axis_discrete),
	METHOD("NotifyKeyboardKeycode", "oa{sv}iu", "", input_on_keycode),
	METHOD("NotifyKeyboardKeysym", "oa{sv}iu", "", input_on_keysym),
	PROPERTY("AvailableDeviceTypes"),
	PROPERTY("version"),
	SD_BUS_VTABLE_END,
};

int backend_init(struct backend *backend, struct sd_bus *bus)
{
	*backend = (struct backend){ .bus = bus };

	int r = sd_event_add_defer(sd_bus_get_event(bus), &backend->reaper, on_reap, backend);
	if (r < 0)
		return r;

	r = sd_event_source_set_enabled(backend->reaper, SD_EVENT_OFF);
	if (r < 0)
		return r;

	r = sd_bus_add_object_vtable(
		bus, &backend->screen_cast, OBJECT_PATH, SCREEN_CAST, screen_cast_vtable, backend);
	if (r < 0)
		return r;

	r = sd_bus_add_object_vtable(bus, &backend->remote_desktop, OBJECT_PATH, REMOTE_DESKTOP,
		remote_desktop_vtable, backend);
	if (r < 0)
		return r;

	r = sd_bus_match_signal(bus, &backend->owner_match, "org.freedesktop.DBus",
		"/org/freedesktop/DBus", "org.freedesktop.DBus", "NameOwnerChanged",
		on_owner_changed, backend);
	if (r < 0)
		return r;

	r = sd_bus_request_name(bus, BACKEND_NAME, 0);
	return r < 0 ? r : 0;
}

void backend_done(struct backend *backend)
{
	while (backend->sessions)
		backend_drop(backend, backend->sessions);
	reap(backend);
	backend->owner_match = sd_bus_slot_unref(backend->owner_match);
	backend->remote_desktop = sd_bus_slot_unref(backend->remote_desktop);
	backend->screen_cast = sd_bus_slot_unref(backend->screen_cast);
	backend->reaper = sd_event_source_disable_unref(backend->reaper);
}
