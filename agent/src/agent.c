#include "agent.h"

#include "core/utf8.h"
#include "dbus/portal.h"
#include "encoder/remote.h"
#include "programs.h"
#include "session/session.h"
#include "state.h"
#include "sys/clock.h"
#include "sys/log.h"
#include "sys/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <systemd/sd-event.h>
#include <unistd.h>

/* A key frame of a large picture on a busy machine takes some 100 ms; a driver that hangs never
 * comes back. */
#define ENCODER_HANG_US (500 * USEC_PER_MSEC)
#define RESIZE_EVERY_US (120 * USEC_PER_MSEC)
/* A compositor that is busy may overhear a size. */
#define RESIZE_RETRY_US   (700 * USEC_PER_MSEC)
#define RESIZE_TRIES      8
#define CAST_RETRY_US     (300 * USEC_PER_MSEC)
#define CAST_RETRY_MAX_US (5 * USEC_PER_SEC)
#define CHILDREN_GRACE_US (1500 * USEC_PER_MSEC)

extern char **environ;

static void start_cast(struct agent *a);

void agent_notice(
	struct agent *a, enum sp_notice notice, enum sp_severity severity, const char *text)
{
	uint8_t message[SP_MAX_SMALL];
	char clean[sizeof a->notice_text];

	utf8_copy_clean(clean, sizeof clean, text);
	if (a->notice == notice && !strcmp(a->notice_text, clean))
		return;
	a->notice = notice;
	a->notice_severity = severity;
	memcpy(a->notice_text, clean, sizeof clean);
	int size = sp_write_notice(message, sizeof message,
		&(struct sp_notice_message){ .code = notice,
			.severity = severity,
			.text = { a->notice_text, strlen(a->notice_text) } });
	if (size > 0 && a->server)
		viewers_broadcast(a, message, (size_t)size);
}

static void stop_cast(struct agent *a)
{
	if (a->capture) {
		capture_free(a->capture);
		a->capture = NULL;
	}
	if (a->portal) {
		portal_free(a->portal);
		a->portal = NULL;
		viewers_forget_held(a);
	}
	sd_event_source_set_enabled(a->cast_timer, SD_EVENT_OFF);
}

/* From inside a callback of what is to be freed: later, and again with growing patience. */
static void restart_cast(struct agent *a)
{
	uint64_t delay_us = CAST_RETRY_US << (a->cast_failures < 5 ? a->cast_failures : 5);

	if (delay_us > CAST_RETRY_MAX_US)
		delay_us = CAST_RETRY_MAX_US;
	if (a->cast_failures++ == 0)
		delay_us = 0;
	sd_event_source_set_time(a->cast_timer, clock_now_us() + delay_us);
	sd_event_source_set_enabled(a->cast_timer, SD_EVENT_ONESHOT);
}

static int on_cast_timer(sd_event_source *source, uint64_t now_us, void *owner)
{
	struct agent *a = owner;

	(void)source, (void)now_us;
	stop_cast(a);
	if (a->session_ready)
		start_cast(a);
	return 0;
}

static void on_capture_lost(void *owner, const char *text)
{
	struct agent *a = owner;

	log_warn("agent: the screen cast ended: %s", text);
	agent_notice(a, SP_NOTICE_SESSION_RESTARTING, SP_SEVERITY_WARN, text);
	restart_cast(a);
}

static void on_capture_picture(void *owner, const struct capture_picture *picture)
{
	struct agent *a = owner;

	a->cast_failures = 0;
	session_start_apps(a->session);
	stream_on_picture(a, picture);
	choice_on_picture(a);
}

static void on_capture_paused(void *owner, bool paused)
{
	struct agent *a = owner;

	if (!paused)
		portal_release_positions(a->portal);
	else if (!portal_hold_positions(a->portal))
		capture_pause(a->capture);
}

const struct capture_events agent_capture_events = {
	.format = stream_on_format,
	.picture = on_capture_picture,
	.buffer_gone = stream_on_buffer_gone,
	.cursor = cursor_on_change,
	.paused = on_capture_paused,
	.lost = on_capture_lost,
};

static void on_portal_started(void *owner, const struct portal_stream *stream)
{
	struct agent *a = owner;
	bool attached = session_kind(a->session) == SESSION_ATTACH;

	if (attached)
		state_keep_restore_token(stream->restore_token);
	if (!stream->has_input)
		log_warn("agent: the portal gives no keyboard and pointer: viewers can only watch");
	int r = capture_new(a->event,
		&(struct capture_options){
			.remote_fd = stream->remote_fd,
			.node = stream->node,
			.width_px = a->wanted_width_px,
			.height_px = a->wanted_height_px,
			.any_size = attached,
			.max_fps = a->options->fps,
		},
		&agent_capture_events, a, &a->capture);
	if (r < 0) {
		log_warn("agent: cannot reach PipeWire: %s", strerror(-r));
		restart_cast(a);
	}
}

static void on_portal_lost(void *owner, const char *text)
{
	struct agent *a = owner;

	log_warn("agent: %s", text);
	agent_notice(a, SP_NOTICE_SESSION_RESTARTING, SP_SEVERITY_WARN, text);
	restart_cast(a);
}

static void on_held(void *owner)
{
	struct agent *a = owner;

	if (a->capture)
		capture_pause(a->capture);
}

static const struct portal_events portal_events = {
	.started = on_portal_started,
	.held = on_held,
	.lost = on_portal_lost,
};

static void start_cast(struct agent *a)
{
	bool attached = session_kind(a->session) == SESSION_ATTACH;
	char token[256] = "";

	if (attached) {
		state_read_restore_token(token, sizeof token);
		if (!*token)
			agent_notice(a, SP_NOTICE_WAITING_FOR_PERMISSION, SP_SEVERITY_INFO,
				"somebody must allow the screen to be shared, on that screen");
	}
	int r = portal_new(a->event,
		&(struct portal_options){
			.bus_address = session_bus_address(a->session),
			.virtual_monitor = !attached,
			.ask_person = attached,
			.restore_token = token,
		},
		&portal_events, a, &a->portal);
	if (r < 0) {
		log_warn("agent: cannot reach the session bus: %s", strerror(-r));
		restart_cast(a);
	}
}

static void on_session_ready(void *owner)
{
	struct agent *a = owner;

	a->session_ready = true;
	stop_cast(a);
	start_cast(a);
}

static void on_session_lost(void *owner, const char *service, const char *text)
{
	struct agent *a = owner;

	log_warn("agent: %s", text);
	a->session_ready = false;
	(void)service;
	stop_cast(a);
	cursor_forget(&a->cursor);
	agent_notice(a, SP_NOTICE_SESSION_RESTARTING, SP_SEVERITY_WARN, text);
}

static void on_session_failed(void *owner, const char *service, const char *text)
{
	struct agent *a = owner;

	log_error("agent: %s keeps failing: %s", service, text);
	agent_notice(a, SP_NOTICE_SESSION_FAILED, SP_SEVERITY_ERROR, text);
}

static const struct session_events session_events = {
	.ready = on_session_ready,
	.lost = on_session_lost,
	.failed = on_session_failed,
};

static int on_resize_timer(sd_event_source *source, uint64_t now_us, void *owner)
{
	struct agent *a = owner;

	if (!a->capture ||
		(a->stream.format.width_px == a->wanted_width_px &&
			a->stream.format.height_px == a->wanted_height_px))
		return 0;
	capture_resize(a->capture, a->wanted_width_px, a->wanted_height_px);
	if (a->resize_tries_left == 0)
		return 0;
	a->resize_tries_left--;
	sd_event_source_set_time(source, now_us + RESIZE_RETRY_US);
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

void agent_resize(struct agent *a, uint32_t width_px, uint32_t height_px)
{
	/* H.264 4:2:0 has no odd sizes; below and above, desktops and encoders misbehave. */
	width_px = width_px < 200 ? 200 : width_px > 8192 ? 8192 : width_px & ~1u;
	height_px = height_px < 200 ? 200 : height_px > 8192 ? 8192 : height_px & ~1u;
	if (width_px == a->wanted_width_px && height_px == a->wanted_height_px)
		return;
	a->wanted_width_px = width_px;
	a->wanted_height_px = height_px;
	/* Many sizes while somebody drags a window become one; a retry of the last one gives way.
	 */
	int enabled = SD_EVENT_OFF;
	sd_event_source_get_enabled(a->resize_timer, &enabled);
	if (enabled == SD_EVENT_OFF || a->resize_tries_left < RESIZE_TRIES) {
		sd_event_source_set_time(a->resize_timer, clock_now_us() + RESIZE_EVERY_US);
		sd_event_source_set_enabled(a->resize_timer, SD_EVENT_ONESHOT);
	}
	a->resize_tries_left = RESIZE_TRIES;
}

static int on_signal(sd_event_source *source, const struct signalfd_siginfo *info, void *owner)
{
	(void)source;
	log_info("agent: %s, leaving", strsignal((int)info->ssi_signo));
	return sd_event_exit(((struct agent *)owner)->event, 0);
}

static int add_timer(struct agent *a, sd_event_time_handler_t handler, sd_event_source **ret_timer)
{
	int r = sd_event_add_time(a->event, ret_timer, CLOCK_MONOTONIC, 0, 1000, handler, a);

	return r < 0 ? r : sd_event_source_set_enabled(*ret_timer, SD_EVENT_OFF);
}

static int start_loop(struct agent *a)
{
	static const int signals[] = { SIGTERM, SIGINT, SIGHUP };
	sigset_t mask;
	int r = sd_event_new(&a->event);

	sigemptyset(&mask);
	for (size_t i = 0; r >= 0 && i < sizeof signals / sizeof *signals; i++) {
		sigaddset(&mask, signals[i]);
		sigprocmask(SIG_BLOCK, &mask, NULL);
		r = sd_event_add_signal(a->event, NULL, signals[i], on_signal, a);
	}
	signal(SIGPIPE, SIG_IGN);
	if (r >= 0)
		r = add_timer(a, on_cast_timer, &a->cast_timer);
	if (r >= 0)
		r = add_timer(a, on_resize_timer, &a->resize_timer);
	if (r >= 0)
		r = stream_init(a);
	if (r >= 0 && a->options->leash)
		r = leash_init(a);
	return r < 0 ? r : processes_new(a->event, &a->processes);
}

static int make_instance(struct agent *a)
{
	uint8_t bytes[(sizeof a->instance - 1) / 2];

	if (getrandom(bytes, sizeof bytes, 0) != sizeof bytes)
		return -errno;
	for (size_t i = 0; i < sizeof bytes; i++)
		snprintf(a->instance + 2 * i, 3, "%02x", bytes[i]);
	return 0;
}

static int make_token(struct agent *a)
{
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	uint8_t bytes[32];

	if (getrandom(&a->session_id, sizeof a->session_id, 0) != sizeof a->session_id ||
		getrandom(bytes, sizeof bytes, 0) != sizeof bytes)
		return -errno;
	if (*a->options->token) {
		snprintf(a->token, sizeof a->token, "%s", a->options->token);
	} else {
		for (size_t i = 0; i < sizeof bytes; i++)
			a->token[i] = alphabet[bytes[i] % 64];
	}
	log_hide(a->token);
	log_hide(a->options->view_token);
	return 0;
}

static int start_server(struct agent *a)
{
	const struct options *o = a->options;
	int r = server_new(a->event, &(struct server_options){
			.address = o->listen_address,
			.port = o->listen_port,
			.max_viewers = o->max_viewers,
			.viewer_data_size = sizeof(struct seat),
			.instance = a->instance,
			.guard = {
				.listen_address = o->listen_address,
				.allow_hosts = (const char *const *)o->allow_hosts.items,
				.allow_origins = (const char *const *)o->allow_origins.items,
				.token = a->token,
				.view_token = o->view_token,
			},
		}, &viewers_server_events, a, &a->server);

	if (r == -EADDRINUSE)
		log_error(
			"agent: %s:%u is taken by another program; stop it, or choose another port with "
			"--listen %s:PORT",
			o->listen_address, o->listen_port, o->listen_address);
	else if (r < 0)
		log_error("agent: cannot listen on %s:%u: %s", o->listen_address, o->listen_port,
			strerror(-r));
	return r;
}

static int start_encoder(struct agent *a)
{
	int r = programs_find("helix-encoder", a->encoder_path, sizeof a->encoder_path);

	if (r >= 0)
		r = programs_find("helix-glprobe", a->glprobe_path, sizeof a->glprobe_path);
	if (r >= 0)
		r = choice_init(a);
	if (r >= 0)
		r = encoder_remote_new(a->event, a->processes,
			&(struct encoder_remote_options){
				.program = a->encoder_path,
				.candidate = choice_candidate(a),
				.environment = (const char *const *)environ,
				.registry = choice_registry,
				.registry_owner = a,
				.hang_us = ENCODER_HANG_US,
			},
			&stream_encoder_events, a, &a->encoder);
	if (r < 0)
		log_error("agent: cannot start helix-encoder: %s", strerror(-r));
	return r;
}

static int start_session(struct agent *a)
{
	const char *text = NULL;
	int r = programs_find("helix-portal", a->portal_path, sizeof a->portal_path);

	if (r < 0) {
		log_error("agent: helix-portal is not beside helix-agent");
		return r;
	}
	r = session_new(a->event, a->processes,
		&(struct session_options){
			.kind = (enum session_kind)a->options->session,
			.system_bus = (enum session_system_bus)a->options->system_bus,
			.runtime_dir = a->runtime_dir,
			.helix_portal = a->portal_path,
			.gallium_driver = choice_gallium_driver(a),
			.gl_adapter = *a->options->gpu ? a->options->gpu : NULL,
			.apps = (const char *const *)a->options->apps.items,
		},
		&session_events, a, &a->session, &text);
	if (r < 0)
		log_error("agent: no desktop session: %s", text ? text : strerror(-r));
	return r;
}

/* The first start on a machine with D3D12 waits for the answer which GL draws faster. */
static void on_gl_known(struct agent *a)
{
	if (start_session(a) < 0)
		sd_event_exit(a->event, EXIT_FAILURE);
}

static void stop(struct agent *a)
{
	state_forget_agent(a->state_file);
	/* The viewers' BYE needs a loop that has not ended, so it goes first. */
	if (a->server) {
		server_free(a->server);
		a->server = NULL;
	}
	if (a->cast_timer && a->session)
		stop_cast(a);
	session_free(a->session);
	choice_done(a);
	if (a->encoder)
		a->encoder->ops->free(a->encoder);
	if (a->processes)
		processes_free(a->processes, CHILDREN_GRACE_US);
	leash_done(a);
	stream_done(a);
	cursor_done(&a->cursor);
	sd_event_source_disable_unref(a->resize_timer);
	sd_event_source_disable_unref(a->cast_timer);
	sd_event_unref(a->event);
}

int agent_run(const struct options *options, const char *runtime_dir)
{
	/* Too large for a stack, and there is one. */
	static struct agent agent;
	struct agent *a = &agent;

	*a = (struct agent){
		.options = options,
		.runtime_dir = runtime_dir,
		.started_us = clock_now_us(),
		.wanted_width_px = options->width_px & ~1u,
		.wanted_height_px = options->height_px & ~1u,
		.notice = SP_NOTICE_SESSION_STARTING,
		.notice_severity = SP_SEVERITY_INFO,
	};
	int r = start_loop(a);
	if (r >= 0)
		r = make_token(a);
	if (r >= 0)
		r = make_instance(a);
	if (r >= 0)
		r = start_server(a);
	if (r >= 0)
		r = start_encoder(a);
	if (r >= 0 && !choice_awaits_gl(a, on_gl_known))
		r = start_session(a);
	if (r >= 0)
		r = state_announce(options,
			&(struct state_ready){
				.port = server_port(a->server),
				.token = a->token,
				.instance = a->instance,
			},
			a->state_file, sizeof a->state_file);
	if (r >= 0)
		r = server_run(a->server);
	stop(a);
	return r < 0 ? EXIT_FAILURE : r;
}
