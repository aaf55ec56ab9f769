/* The user's programs of a session.
 *
 * Threads: main loop only. Ownership: embedded in the session. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct process;
struct processes;

#define APPS_MAX 16

struct apps {
	struct processes *processes;
	char *commands[APPS_MAX];
	struct process *running[APPS_MAX];
	size_t count;
	bool is_started;
};

/* Copies the command lines (NULL-terminated, or NULL). -E2BIG when there are more than APPS_MAX. */
int apps_init(struct apps *apps, struct processes *processes, const char *const *commands);
void apps_done(struct apps *apps);

/* Starts each, unless they were started since the last apps_end(). */
void apps_start(struct apps *apps, const char *const *environment, const char *directory);

/* Tells them to end. What does not by the next apps_start() is killed. */
void apps_end(struct apps *apps);
