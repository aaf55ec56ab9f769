/* helix-encoder as a child: the process, its environment, and our end of the link to it.
 *
 * Threads: main loop only. Ownership: embedded in remote.c's object, which must not move while the
 * child runs. */
#pragma once

#include "core/candidates.h"
#include "core/link.h"
#include "encoder/link_reader.h"

#include <stdbool.h>
#include <stdint.h>

struct encoder_remote_options;
struct processes;
struct sd_event;
struct sd_event_source;

struct child_events {
	void (*readable)(void *owner);
	/* With its wait status and the last that it wrote to stderr. It must be stopped then, and
	 * may be started again. */
	void (*ended)(void *owner, int status, const char *last_words);
};

struct child {
	struct sd_event *event;
	struct processes *processes;
	const struct encoder_remote_options *options;
	const struct child_events *events;
	void *owner;

	struct process *process; /* NULL = there is none */
	int socket;
	struct sd_event_source *io; /* NULL = the link is closed */
	struct link_reader reader;
	struct candidate running; /* whose environment the process has */
	uint64_t starts;
};

/* Start it for a candidate; it does not run. 0 or a negative errno. */
int child_start(struct child *child, const struct candidate *candidate);

/* Kill it, if it still runs. */
void child_stop(struct child *child);

/* Whether it can be spoken to. */
bool child_is_linked(const struct child *child);

/* Hear nothing more of it but its end. */
void child_unlink(struct child *child);

/* Never waits: at most one job is under way, so a full socket means that nobody reads it. A child
 * that does not take a message is killed; its end follows. `fd` stays the caller's; -1 = none. */
void child_post(struct child *child, const struct link_message *message, int fd);

/* As link_reader_next(). */
int child_next(struct child *child, struct link_message *ret_message, struct packet **ret_packet);

/* 0 when there is none. */
int child_pid(const struct child *child);
