#include "session/apps.h"

#include "sys/log.h"
#include "sys/process.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

int apps_init(struct apps *apps, struct processes *processes, const char *const *commands)
{
	*apps = (struct apps){ .processes = processes };
	for (; commands && commands[apps->count]; apps->count++) {
		if (apps->count == APPS_MAX)
			return -E2BIG;
		apps->commands[apps->count] = strdup(commands[apps->count]);
		if (!apps->commands[apps->count])
			return -ENOMEM;
	}
	return 0;
}

void apps_done(struct apps *apps)
{
	for (size_t i = apps->count; i-- > 0;)
		process_leave(apps->running[i]);
	for (size_t i = 0; i < APPS_MAX; i++)
		free(apps->commands[i]);
	*apps = (struct apps){ 0 };
}

static void on_app_exit(void *owner, struct process *process, int status)
{
	struct apps *apps = owner;
	char how[64];

	log_info("session: a program has ended (%s): %s",
		process_status_string(status, how, sizeof how), process_name(process));
	for (size_t i = 0; i < apps->count; i++)
		if (apps->running[i] == process)
			apps->running[i] = NULL;
	process_free(process);
}

void apps_start(struct apps *apps, const char *const *environment, const char *directory)
{
	if (apps->is_started)
		return;
	apps->is_started = true;
	for (size_t i = 0; i < apps->count; i++) {
		const char *const argv[] = { "/bin/sh", "-c", apps->commands[i], NULL };
		const struct process_options options = {
			.name = apps->commands[i],
			.argv = argv,
			.environment = environment,
			.directory = directory,
		};

		process_free(apps->running[i]);
		apps->running[i] = NULL;
		int r = process_start(
			apps->processes, &options, on_app_exit, apps, &apps->running[i]);
		if (r < 0)
			log_warn("session: a program could not be started (%s): %s", strerror(-r),
				apps->commands[i]);
	}
}

void apps_end(struct apps *apps)
{
	apps->is_started = false;
	for (size_t i = 0; i < apps->count; i++)
		if (apps->running[i])
			process_kill(apps->running[i], SIGTERM);
}
