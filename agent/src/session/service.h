/* One service of a session: its process, its state, its back-off. What to start and when is the
 * session's business.
 *
 * Threads: main loop only. Ownership: embedded in its session. */
#pragma once

#include "session/command.h"
#include "session/plan.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct process;
struct processes;
struct sd_event;
struct sd_event_source;
struct service;

enum service_state {
	SERVICE_DOWN,     /* may be started */
	SERVICE_HELD,     /* failed; waits for its back-off */
	SERVICE_STARTING, /* runs, but is not up yet */
	SERVICE_UP,
	SERVICE_ENDING, /* killed by us, not reaped yet */
	SERVICE_ENDED,  /* by itself; in a moment we know whether it was its own fault */
};

struct service_events {
	/* It printed its address, or its socket is there: call service_set_up() when that is
	 * enough. */
	void (*announced)(void *owner, struct service *service);
	/* Its process is gone, by itself, not by service_stop(), and it is HELD. `text` is for
	 * people: "the compositor was killed by SIGKILL". */
	void (*ended)(void *owner, struct service *service, const char *text);
	/* It is DOWN again: after ENDING, or when its back-off is over. */
	void (*released)(void *owner, struct service *service);
};

struct service {
	enum service_id id;
	enum service_state state;
	struct sd_event *event;
	struct processes *processes;
	const struct service_events *events;
	void *owner;
	struct process *process;
	struct sd_event_source *timer; /* its back-off, or the deadline of its start */
	struct sd_event_source
		*watch; /* of watch_fd: what it prints, or where its socket appears */
	int watch_fd;
	int status; /* of its process when ENDED */
	struct backoff backoff;
	uint64_t up_since_us;
	uint64_t up_us; /* how long it was up, when ENDED */
	uint64_t starts;
	bool is_late;
};

void service_init(struct service *service, enum service_id id, struct sd_event *event,
	struct processes *processes, const struct service_events *events, void *owner);

/* SIGTERM, without waiting. Zeroed or initialised before. */
void service_done(struct service *service);

/* Only when DOWN. Goes to STARTING; has a limited time to get up. When it cannot be started it is
 * HELD, as after any failure, and `ended` tells so later, from the loop. */
void service_start(struct service *service, const struct command *command,
	const char *const *environment, const char *directory, const char *runtime_dir);

void service_set_up(struct service *service);

/* Kill it, as something that it needs is gone. That excuses an end that was not told yet. */
void service_stop(struct service *service);

/* 0 when it does not run. */
pid_t service_pid(const struct service *service);

/* The last lines that it wrote before it ended; "" when there were none. Only in `ended`. */
const char *service_last_words(const struct service *service);

/* "up", "starting" or "down". */
const char *service_state_string(const struct service *service);
