#include "sys/descendants.h"

#include "sys/cleanup.h"
#include "sys/clock.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* Between two rounds of SIGKILL: who forks faster than we look is found in the next round. */
#define KILL_ROUND_US (50 * USEC_PER_MSEC)
/* What survives SIGKILL for so long is not ours to kill, or hangs in a driver. */
#define GIVE_UP_US (2 * USEC_PER_SEC)

struct entry {
	pid_t pid;
	pid_t parent;
};

struct table {
	struct entry *entries; /* sorted by pid */
	size_t count;
};

int descendants_adopt(void)
{
	return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0 ? -errno : 0;
}

static int compare(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	return (x->pid > y->pid) - (x->pid < y->pid);
}

/* The parent of a process; 0 when there is none, or the process is gone. */
static pid_t parent_of(pid_t pid)
{
	char path[32], text[512];
	int parent;

	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	ssize_t size = read(fd, text, sizeof text - 1);
	if (size <= 0)
		return 0;
	text[size] = '\0';

	/* "1234 (any (name) at all) S 1 ...": the last parenthesis ends the name. */
	const char *rest = strrchr(text, ')');
	return rest && sscanf(rest, ") %*c %d", &parent) == 1 ? parent : 0;
}

static int table_read(struct table *table)
{
	DIR *directory = opendir("/proc");
	if (!directory)
		return -errno;

	size_t capacity = 0;
	int r = 0;
	for (const struct dirent *entry; (entry = readdir(directory));) {
		char *end;
		long pid = strtol(entry->d_name, &end, 10);
		pid_t parent = *end || pid <= 0 ? 0 : parent_of((pid_t)pid);

		if (!parent)
			continue;
		if (table->count == capacity) {
			capacity = capacity ? capacity * 2 : 256;
			void *grown = realloc(table->entries, capacity * sizeof *table->entries);
			if (!grown) {
				r = -ENOMEM;
				break;
			}
			table->entries = grown;
		}
		table->entries[table->count++] = (struct entry){ (pid_t)pid, parent };
	}
	closedir(directory);
	if (table->count)
		qsort(table->entries, table->count, sizeof *table->entries, compare);
	return r;
}

static bool is_below(const struct table *table, const struct entry *entry, pid_t ancestor)
{
	/* The table is no snapshot, so a chain may be broken or even a circle. */
	for (size_t steps = 0; entry && steps < table->count; steps++) {
		if (entry->parent == ancestor)
			return true;
		const struct entry key = { .pid = entry->parent };
		entry = bsearch(&key, table->entries, table->count, sizeof key, compare);
	}
	return false;
}

int descendants_signal(int signal)
{
	struct table table = { 0 };
	pid_t self = getpid();
	int signalled = 0;

	int r = table_read(&table);
	for (size_t i = 0; i < table.count; i++)
		if (is_below(&table, &table.entries[i], self) &&
			!kill(table.entries[i].pid, signal))
			signalled++;
	free(table.entries);
	return r < 0 ? r : signalled;
}

/* A subreaper without children has no descendants either. */
static bool reap(void)
{
	pid_t pid;

	do
		pid = waitpid(-1, NULL, WNOHANG);
	while (pid > 0);
	return pid == 0;
}

static void wait_for_child(uint64_t timeout_us)
{
	const struct timespec timeout = {
		.tv_sec = (time_t)(timeout_us / USEC_PER_SEC),
		.tv_nsec = (long)(timeout_us % USEC_PER_SEC * 1000),
	};
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigtimedwait(&set, NULL, &timeout);
}

int descendants_end(uint64_t grace_us)
{
	uint64_t kill_at_us = clock_now_us() + grace_us;
	uint64_t give_up_at_us = kill_at_us + GIVE_UP_US;
	sigset_t child, before;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, &before);

	bool left = reap();
	if (left && grace_us)
		descendants_signal(SIGTERM);
	while (left) {
		uint64_t now_us = clock_now_us();

		if (now_us >= give_up_at_us)
			break;
		if (now_us >= kill_at_us)
			descendants_signal(SIGKILL);
		wait_for_child(now_us >= kill_at_us ? KILL_ROUND_US : kill_at_us - now_us);
		left = reap();
	}

	sigprocmask(SIG_SETMASK, &before, NULL);
	return left ? -EBUSY : 0;
}
