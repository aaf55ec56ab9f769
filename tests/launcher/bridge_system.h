/* Distributions that are whole systems: their root is the folder "tree" in theirs, and they live as
 * those of WSL do. The first program starts one: a process called wsl-init with its own mounts and
 * processes, which runs the [boot] command beside that program. It stays until it is ended, and
 * takes all that runs in it along. What is mounted is said by lib/distribution.sh.
 *
 *   HELIX_STUB_SYSTEM   the path of that script
 *
 * Threads: the main one, before there is another. Ownership: requests are the caller's. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define MAX_ARGUMENTS 256
#define SYSTEM_INIT   "wsl-init"

struct request {
	char *base, *name;
	char *user, *directory; /* NULL = the default one; the user's home */
	char *arguments[MAX_ARGUMENTS + 1];
	size_t argument_count;
	bool deaf, outside;
};

bool system_is_there(const struct request *request);

/* Start it unless it runs; what is forked from now on runs in it. */
bool system_enter(const struct request *request);

/* No more; and only now may there be threads. */
void system_leave(void);

/* Become the program of the request. Returns when that is not possible. */
void system_run(struct request *request);

/* Nobody is asked, as when a virtual machine stops. When it returns nothing of it runs. */
void system_end(const struct request *request);

/* What wsl-init does, for ever; its exit code if it cannot even begin. */
int system_init(const char *base);
