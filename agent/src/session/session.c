#include "session/session.h"

#include "session/apps.h"
#include "session/attach.h"
#include "session/command.h"
#include "session/display.h"
#include "session/environment.h"
#include "session/files.h"
#include "session/host.h"
#include "session/names.h"
#include "session/overview.h"
#include "session/plan.h"
#include "session/service.h"
#include "sys/cleanup.h"
#include "sys/clock.h"
#include "sys/log.h"
#include "sys/process.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

struct session {
	sd_event *event;
	const struct session_events *events;
	void *owner;
	enum session_kind kind;
	char *runtime_dir;
	char *helix_portal;
	struct command_facts command_facts;
	char *bus_address;
	struct host host; /* what we found here, and what our facts point to */
	struct environment_facts facts;
	struct display display;
	unsigned wanted; /* services */
	struct service services[SERVICE_COUNT];
	struct apps apps;
	struct overview overview;
	struct names *names;
	struct attach *attach;
	bool is_ready;
	uint64_t started_us; /* since when it is not ready */
};

static unsigned in_state(const struct session *session, bool (*test)(enum service_state state))
{
	unsigned set = 0;

	for (unsigned id = 0; id < SERVICE_COUNT; id++)
		if (test(session->services[id].state))
			set |= SERVICE_BIT(id);
	return set;
}

static bool is_up(enum service_state state)
{
	return state == SERVICE_UP;
}

static bool is_busy(enum service_state state)
{
	return state != SERVICE_UP && state != SERVICE_DOWN;
}

static const char **make_environment(const struct session *session, enum service_id id)
{
	return environment_of(id, &session->facts, (const char *const *)environ);
}

static void start(struct session *session, enum service_id id)
{
	struct command command;
	const char *text;
	autofree const char **environment = make_environment(session, id);

	/* Installed a moment ago, or we would not be here; if not, starting it says so. */
	if (command_make(&command, id, &session->command_facts, &text) < 0)
		log_debug("session: %s", text);
	service_start(&session->services[id], &command, environment, session->host.home,
		session->runtime_dir);
}

static void set_up(struct service *service)
{
	if (service->state != SERVICE_STARTING)
		return;
	service_set_up(service);
	log_debug("session: %s is up", plan_title(service->id));
}

/* What the bus activates later should find the X display, too. */
static void publish_display(struct session *session)
{
	display_find(&session->display, "/tmp", session->runtime_dir,
		service_pid(&session->services[SERVICE_COMPOSITOR]));
	session->facts.display = session->display.name[0] ? session->display.name : NULL;
	session->facts.xauthority =
		session->display.xauthority[0] ? session->display.xauthority : NULL;
	if (session->facts.display && session->facts.xauthority)
		sd_bus_call_method_async(names_bus(session->names), NULL, "org.freedesktop.DBus",
			"/org/freedesktop/DBus", "org.freedesktop.DBus",
			"UpdateActivationEnvironment", NULL, NULL, "a{ss}", 2, "DISPLAY",
			session->facts.display, "XAUTHORITY", session->facts.xauthority);
}

static void advance(struct session *session)
{
	unsigned up = in_state(session, is_up), startable;

	/* Starting one that is up at once makes others startable. */
	while ((startable = plan_startable(session->wanted, up, in_state(session, is_busy)))) {
		for (unsigned id = 0; id < SERVICE_COUNT; id++)
			if (startable & SERVICE_BIT(id))
				start(session, (enum service_id)id);
		if (service_pid(&session->services[SERVICE_WIREPLUMBER]))
			set_up(&session->services[SERVICE_WIREPLUMBER]);
		up = in_state(session, is_up);
	}
	if (session->is_ready || (session->wanted & ~up))
		return;
	session->is_ready = true;
	log_debug("session: ready after %d ms",
		(int)((clock_now_us() - session->started_us) / USEC_PER_MSEC));
	session->events->ready(session->owner);
}

static void on_names_ready(void *owner)
{
	struct session *session = owner;

	set_up(&session->services[SERVICE_SESSION_BUS]);
	advance(session);
}

static void on_name_changed(void *owner, const char *name, bool is_owned)
{
	struct session *session = owner;

	for (unsigned id = 0; is_owned && id < SERVICE_COUNT; id++) {
		const char *bus_name = plan_bus_name((enum service_id)id);

		if (!bus_name || strcmp(bus_name, name) != 0)
			continue;
		set_up(&session->services[id]);
		if (id == SERVICE_COMPOSITOR)
			publish_display(session);
		advance(session);
	}
}

/* A bus that hangs up on us but lives would leave us blind. */
static void on_names_lost(void *owner)
{
	struct session *session = owner;
	pid_t pid = service_pid(&session->services[SERVICE_SESSION_BUS]);

	if (pid)
		process_kill(session->services[SERVICE_SESSION_BUS].process, SIGKILL);
}

static const struct names_events names_events = {
	.ready = on_names_ready,
	.changed = on_name_changed,
	.lost = on_names_lost,
};

static void watch_names(struct session *session)
{
	const char *watched[NAMES_MAX + 1] = { 0 };
	size_t n = 0;

	for (unsigned id = 0; id < SERVICE_COUNT; id++)
		if (plan_bus_name((enum service_id)id))
			watched[n++] = plan_bus_name((enum service_id)id);
	int r = names_new(session->event, session->bus_address, watched, &names_events, session,
		&session->names);
	if (r < 0) {
		log_debug("session: no connection to the session bus: %s", strerror(-r));
		on_names_lost(session);
	}
}

static void on_announced(void *owner, struct service *service)
{
	struct session *session = owner;

	/* The session bus is up when we watch it: no name can then come unseen. */
	if (service->id == SERVICE_SESSION_BUS) {
		watch_names(session);
		return;
	}
	set_up(service);
	advance(session);
}

static void end_dependents(struct session *session, enum service_id id)
{
	unsigned dependents = plan_dependents(id);

	if (dependents & SERVICE_BIT(SERVICE_APPS)) {
		overview_done(&session->overview);
		apps_end(&session->apps);
	}
	for (unsigned other = SERVICE_COUNT; other-- > 0;)
		if (dependents & SERVICE_BIT(other))
			service_stop(&session->services[other]);
	if (id == SERVICE_SESSION_BUS) {
		names_free(session->names);
		session->names = NULL;
	}
}

static void tell_failed(struct session *session, const struct service *service, const char *text)
{
	const char *words = service_last_words(service);
	char sentence[2560];

	snprintf(sentence, sizeof sentence, "%s, %d times in a row%s%s", text, BACKOFF_HOPELESS,
		*words ? "; it said: " : "", words);
	session->events->failed(session->owner, plan_name(service->id), sentence);
}

static void on_ended(void *owner, struct service *service, const char *text)
{
	struct session *session = owner;
	bool was_ready = session->is_ready;

	log_debug("session: %s", text);
	session->is_ready = false;
	end_dependents(session, service->id);
	if (was_ready) {
		session->started_us = clock_now_us();
		session->events->lost(session->owner, plan_name(service->id), text);
	}
	if (backoff_is_hopeless(&service->backoff))
		tell_failed(session, service, text);
}

static void on_released(void *owner, struct service *service)
{
	(void)service;
	advance(owner);
}

static const struct service_events service_events = {
	.announced = on_announced,
	.ended = on_ended,
	.released = on_released,
};

static int attach(struct session *session, const char **ret_text)
{
	int r = host_session_bus(&session->bus_address);
	if (r == -ENOENT)
		*ret_text =
			"there is no session bus to attach to: neither DBUS_SESSION_BUS_ADDRESS "
			"nor XDG_RUNTIME_DIR is set";
	if (r < 0)
		return r;
	return attach_new(session->event, session->bus_address, session->events, session->owner,
		&session->attach);
}

static int check_programs(const struct session *session, const char **ret_text)
{
	struct command command;

	for (unsigned id = 0; id < SERVICE_COUNT; id++) {
		if (!(session->wanted & SERVICE_BIT(id)))
			continue;
		int r = command_make(
			&command, (enum service_id)id, &session->command_facts, ret_text);
		if (r < 0)
			return r;
	}
	return 0;
}

static bool is_software_gl(const struct session *session, const struct session_options *options)
{
	if (options->gallium_driver)
		return !strcmp(options->gallium_driver, "llvmpipe");
	return !session->host.has_gpu;
}

static int set_facts(struct session *session, const struct session_options *options)
{
	bool is_private = options->system_bus == SESSION_SYSTEM_BUS_PRIVATE ||
		(options->system_bus == SESSION_SYSTEM_BUS_AUTO && !host_has_system_bus());

	int r = host_init(&session->host, options->runtime_dir);
	if (r < 0)
		return r;
	if (asprintf(&session->bus_address, "unix:path=%s/bus", options->runtime_dir) < 0)
		return -ENOMEM;
	session->wanted = SERVICE_ALL;
	if (!is_private)
		session->wanted &= ~SERVICE_BIT(SERVICE_SYSTEM_BUS);
	session->command_facts = (struct command_facts){
		.kind = session->kind,
		.runtime_dir = session->runtime_dir,
		.helix_portal = session->helix_portal,
		.has_x11 = command_exists("Xwayland") && display_prepare("/tmp/.X11-unix"),
	};
	session->facts = (struct environment_facts){
		.runtime_dir = session->runtime_dir,
		.session_bus = session->bus_address,
		.system_bus = is_private ? session->host.private_system_bus : NULL,
		.portals_dir = session->host.portals_dir,
		.data_dirs = session->host.data_dirs,
		.gallium_driver = options->gallium_driver,
		.gl_adapter = options->gl_adapter,
		.software_gl = is_software_gl(session, options) ? "1" : NULL,
		.without_a11y = session->host.has_a11y ? NULL : "1",
	};
	return 0;
}

static int open_session(struct session *session, struct processes *processes,
	const struct session_options *options, const char **ret_text)
{
	session->runtime_dir = strdup(options->runtime_dir);
	session->helix_portal = strdup(options->helix_portal ? options->helix_portal : "");
	if (!session->runtime_dir || !session->helix_portal)
		return -ENOMEM;
	int r = apps_init(&session->apps, processes, options->apps);
	if (r < 0)
		return r;
	r = set_facts(session, options);
	if (r < 0)
		return r;
	r = check_programs(session, ret_text);
	if (r < 0)
		return r;
	r = files_write(session->runtime_dir);
	if (r < 0)
		return r;

	for (unsigned id = 0; id < SERVICE_COUNT; id++)
		service_init(&session->services[id], (enum service_id)id, session->event, processes,
			&service_events, session);
	advance(session);
	return 0;
}

int session_new(struct sd_event *event, struct processes *processes,
	const struct session_options *options, const struct session_events *events, void *owner,
	struct session **ret_session, const char **ret_text)
{
	struct session *session = calloc(1, sizeof *session);
	if (!session)
		return -ENOMEM;

	session->event = sd_event_ref(event);
	session->events = events;
	session->owner = owner;
	session->kind = options->kind;
	session->started_us = clock_now_us();
	if (session->kind == SESSION_AUTO)
		session->kind = command_exists("gnome-shell") ? SESSION_GNOME : SESSION_MUTTER;
	int r = session->kind == SESSION_ATTACH
		? attach(session, ret_text)
		: open_session(session, processes, options, ret_text);
	if (r < 0) {
		session_free(session);
		return r;
	}
	*ret_session = session;
	return 0;
}

void session_free(struct session *session)
{
	if (!session)
		return;
	attach_free(session->attach);
	overview_done(&session->overview);
	names_free(session->names);
	apps_done(&session->apps);
	for (unsigned id = SERVICE_COUNT; id-- > 0;)
		service_done(&session->services[id]);
	host_done(&session->host);
	sd_event_unref(session->event);
	free(session->bus_address);
	free(session->helix_portal);
	free(session->runtime_dir);
	free(session);
}

void session_start_apps(struct session *session)
{
	if (session->attach || session->apps.is_started || !session->apps.count ||
		session->services[SERVICE_COMPOSITOR].state != SERVICE_UP)
		return;

	autofree const char **environment = make_environment(session, SERVICE_APPS);
	if (!environment)
		return;
	if (session->kind == SESSION_GNOME)
		overview_leave(&session->overview, names_bus(session->names));
	apps_start(&session->apps, environment, session->host.home);
}

enum session_kind session_kind(const struct session *session)
{
	return session->kind;
}

const char *session_bus_address(const struct session *session)
{
	return session->bus_address;
}

uint64_t session_restarts(const struct session *session)
{
	uint64_t restarts = 0;

	for (unsigned id = 0; id < SERVICE_COUNT; id++)
		if (session->services[id].starts)
			restarts += session->services[id].starts - 1;
	return restarts;
}

void session_each_service(const struct session *session,
	void (*each)(void *owner, const char *name, int pid, const char *state, uint64_t restarts),
	void *owner)
{
	if (session->attach) {
		each(owner, plan_name(SERVICE_PORTAL), 0, attach_state_string(session->attach), 0);
		return;
	}
	for (unsigned id = 0; id < SERVICE_COUNT; id++) {
		const struct service *service = &session->services[id];

		if (session->wanted & SERVICE_BIT(id))
			each(owner, plan_name(service->id), service_pid(service),
				service_state_string(service),
				service->starts ? service->starts - 1 : 0);
	}
}
