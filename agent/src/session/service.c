#include "session/service.h"

#include "sys/clock.h"
#include "sys/log.h"
#include "sys/process.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/wait.h>
#include <systemd/sd-event.h>
#include <unistd.h>

/* A cold gnome-shell on a slow disk took 8 s. */
#define START_DEADLINE_US (30 * USEC_PER_SEC)
/* A client sees its server's sockets close before we see the server's death, and may be the first
 * to end. So who needs more is judged later, and the culprit is told first. */
#define JUDGEMENT_PER_DEPTH_US (100 * USEC_PER_MSEC)
#define PIPEWIRE_SOCKET        "pipewire-0"

void service_init(struct service *service, enum service_id id, struct sd_event *event,
	struct processes *processes, const struct service_events *events, void *owner)
{
	*service = (struct service){
		.id = id,
		.event = event,
		.processes = processes,
		.events = events,
		.owner = owner,
		.watch_fd = -1,
	};
}

static void end_watch(struct service *service)
{
	service->watch = sd_event_source_disable_unref(service->watch);
	if (service->watch_fd >= 0)
		close(service->watch_fd);
	service->watch_fd = -1;
}

static void end_timer(struct service *service)
{
	service->timer = sd_event_source_disable_unref(service->timer);
}

void service_done(struct service *service)
{
	if (!service->event)
		return;
	end_watch(service);
	end_timer(service);
	process_leave(service->process);
	*service = (struct service){ 0 };
}

static int set_timer(struct service *service, uint64_t delay_us, sd_event_time_handler_t handler)
{
	end_timer(service);
	return sd_event_add_time_relative(
		service->event, &service->timer, CLOCK_MONOTONIC, delay_us, 0, handler, service);
}

static int on_released(sd_event_source *source, uint64_t now_us, void *data)
{
	struct service *service = data;

	(void)source;
	(void)now_us;
	end_timer(service);
	service->state = SERVICE_DOWN;
	service->events->released(service->owner, service);
	return 0;
}

/* HELD even for 0 us: starting is done from the loop, so that a program that fails at once cannot
 * keep us in here. */
static void hold(struct service *service, uint64_t delay_us)
{
	service->state = SERVICE_HELD;
	if (set_timer(service, delay_us, on_released) < 0)
		service->state = SERVICE_DOWN;
}

static void fail(struct service *service, const char *text)
{
	uint64_t up_us = service->state == SERVICE_UP ? clock_now_us() - service->up_since_us : 0;

	hold(service, backoff_fail(&service->backoff, up_us));
	service->events->ended(service->owner, service, text);
}

static void drop_process(struct service *service)
{
	process_free(service->process);
	service->process = NULL;
}

static int on_judged(sd_event_source *source, uint64_t now_us, void *data)
{
	struct service *service = data;
	char how[64], text[160];

	(void)source;
	(void)now_us;
	process_status_string(service->status, how, sizeof how);
	if (service->is_late)
		snprintf(text, sizeof text, "%s did not get ready within %d s",
			plan_title(service->id), (int)(START_DEADLINE_US / USEC_PER_SEC));
	else
		snprintf(text, sizeof text, "%s %s %s", plan_title(service->id),
			WIFSIGNALED(service->status) ? "was" : "ended with", how);
	fail(service, text);
	drop_process(service);
	return 0;
}

static void on_process_exit(void *owner, struct process *process, int status)
{
	struct service *service = owner;

	(void)process;
	end_watch(service);
	if (service->state == SERVICE_ENDING) {
		end_timer(service);
		drop_process(service);
		service->state = SERVICE_DOWN;
		service->events->released(service->owner, service);
		return;
	}
	if (service->state == SERVICE_UP)
		service->up_us = clock_now_us() - service->up_since_us;
	service->status = status;
	service->state = SERVICE_ENDED;
	if (set_timer(service, plan_depth(service->id) * JUDGEMENT_PER_DEPTH_US, on_judged) < 0)
		on_judged(NULL, 0, service);
}

static int on_late(sd_event_source *source, uint64_t now_us, void *data)
{
	struct service *service = data;

	(void)source;
	(void)now_us;
	end_timer(service);
	service->is_late = true;
	process_kill(service->process, SIGKILL);
	return 0;
}

static int on_address(sd_event_source *source, int fd, uint32_t events, void *data)
{
	struct service *service = data;
	char address[256];

	/* The address is the one of the configuration; that it was printed is the news. */
	(void)source;
	(void)events;
	ssize_t size = read(fd, address, sizeof address);
	end_watch(service);
	if (size > 0)
		service->events->announced(service->owner, service);
	return 0;
}

static int on_file(sd_event_source *source, int fd, uint32_t events, void *data)
{
	struct service *service = data;
	char buffer[4096] __attribute__((aligned(__alignof__(struct inotify_event))));

	(void)source;
	(void)events;
	ssize_t size = read(fd, buffer, sizeof buffer);
	for (ssize_t at = 0; at < size;) {
		const struct inotify_event *event = (const void *)(buffer + at);

		if (event->len && !strcmp(event->name, PIPEWIRE_SOCKET)) {
			end_watch(service);
			service->events->announced(service->owner, service);
			break;
		}
		at += (ssize_t)(sizeof *event + event->len);
	}
	return 0;
}

/* An old socket would be taken for the new one, so it goes first. */
static int watch_socket(struct service *service, const char *runtime_dir)
{
	char path[PATH_MAX];

	snprintf(path, sizeof path, "%s/" PIPEWIRE_SOCKET, runtime_dir);
	if (unlink(path) < 0 && errno != ENOENT)
		return -errno;
	service->watch_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (service->watch_fd < 0 ||
		inotify_add_watch(service->watch_fd, runtime_dir, IN_CREATE) < 0)
		return -errno;
	return sd_event_add_io(
		service->event, &service->watch, service->watch_fd, EPOLLIN, on_file, service);
}

/* The write end goes to ret_fd, for the child. */
static int watch_address(struct service *service, int *ret_fd)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	service->watch_fd = fds[0];
	*ret_fd = fds[1];
	return sd_event_add_io(
		service->event, &service->watch, fds[0], EPOLLIN, on_address, service);
}

static int try_start(
	struct service *service, struct process_options *options, const char *runtime_dir)
{
	int child_fd = -1, r = 0;

	if (service->id == SERVICE_SYSTEM_BUS || service->id == SERVICE_SESSION_BUS)
		r = watch_address(service, &child_fd);
	else if (service->id == SERVICE_PIPEWIRE)
		r = watch_socket(service, runtime_dir);
	if (child_fd >= 0) {
		options->fds[0] = child_fd;
		options->n_fds = 1;
	}
	if (r >= 0)
		r = process_start(
			service->processes, options, on_process_exit, service, &service->process);
	if (child_fd >= 0)
		close(child_fd);
	if (r < 0)
		return r;
	return set_timer(service, START_DEADLINE_US, on_late);
}

static int on_not_started(sd_event_source *source, uint64_t now_us, void *data)
{
	struct service *service = data;
	char text[160];

	(void)source;
	(void)now_us;
	end_timer(service);
	snprintf(text, sizeof text, "%s cannot be started", plan_title(service->id));
	fail(service, text);
	return 0;
}

void service_start(struct service *service, const struct command *command,
	const char *const *environment, const char *directory, const char *runtime_dir)
{
	static const char *const empty[] = { NULL };
	struct process_options options = {
		.name = plan_name(service->id),
		.argv = command->argv,
		.environment = environment ? environment : empty,
		.directory = directory,
	};

	assert(service->state == SERVICE_DOWN);
	service->starts++;
	service->is_late = false;
	service->up_us = 0;
	service->state = SERVICE_STARTING;
	int r = try_start(service, &options, runtime_dir);
	if (r >= 0)
		return;

	log_debug("session: %s: %s", command->argv[0], strerror(-r));
	end_watch(service);
	process_free(service->process);
	service->process = NULL;
	if (set_timer(service, 0, on_not_started) < 0)
		service->state = SERVICE_DOWN;
}

void service_set_up(struct service *service)
{
	if (service->state != SERVICE_STARTING)
		return;
	end_timer(service);
	service->state = SERVICE_UP;
	service->up_since_us = clock_now_us();
}

void service_stop(struct service *service)
{
	switch (service->state) {
	case SERVICE_STARTING:
	case SERVICE_UP:
		end_timer(service);
		if (service->process) {
			service->state = SERVICE_ENDING;
			process_kill(service->process, SIGKILL);
			return;
		}
		break;
	case SERVICE_ENDED:
		end_timer(service);
		drop_process(service);
		break;
	case SERVICE_DOWN:
	case SERVICE_HELD:
	case SERVICE_ENDING: return;
	}
	service->state = SERVICE_DOWN;
}

pid_t service_pid(const struct service *service)
{
	return service->process ? process_pid(service->process) : 0;
}

const char *service_last_words(const struct service *service)
{
	return service->process ? process_last_words(service->process) : "";
}

const char *service_state_string(const struct service *service)
{
	switch (service->state) {
	case SERVICE_UP: return "up";
	case SERVICE_STARTING: return "starting";
	case SERVICE_DOWN:
	case SERVICE_HELD:
	case SERVICE_ENDING:
	case SERVICE_ENDED: break;
	}
	return "down";
}
