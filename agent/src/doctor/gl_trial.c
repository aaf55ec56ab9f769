#include "doctor/gl_trial.h"

#include "sys/cleanup.h"
#include "sys/clock.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEADLINE_US (5 * USEC_PER_SEC)

extern char **environ;

#define ADAPTER "MESA_D3D12_DEFAULT_ADAPTER_NAME="

/* What decides over Mesa's driver is ours to say; over the adapter only when we say something. */
static bool is_ours(const char *entry, const char *adapter)
{
	static const char *const names[] = {
		"DISPLAY=",
		"WAYLAND_DISPLAY=",
		"WAYLAND_SOCKET=",
		"HELIX_TOKEN=",
		"HELIX_VIEW_TOKEN=",
		"GALLIUM_DRIVER=",
		"LIBGL_ALWAYS_SOFTWARE=",
		"MESA_LOADER_DRIVER_OVERRIDE=",
	};

	if (*adapter && !strncmp(entry, ADAPTER, strlen(ADAPTER)))
		return true;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (!strncmp(entry, names[i], strlen(names[i])))
			return true;
	return false;
}

int gl_trial_start(struct sd_event *event, struct processes *processes,
	const struct gl_trial_options *options,
	void (*on_done)(void *owner, const struct trial_outcome *outcome), void *owner,
	struct trial **ret_trial)
{
	const char *argv[] = { options->program, "--fd", "3", NULL };
	size_t inherited = 0, count = 0;
	char adapter[128];

	if (!options->program || !*options->program)
		return -ENOENT;
	while (environ[inherited])
		inherited++;
	autofree const char **environment = calloc(inherited + 3, sizeof *environment);
	if (!environment)
		return -ENOMEM;
	for (size_t i = 0; i < inherited; i++)
		if (!is_ours(environ[i], options->adapter))
			environment[count++] = environ[i];
	if (options->on_gpu) {
		environment[count++] = "GALLIUM_DRIVER=d3d12";
		snprintf(adapter, sizeof adapter, ADAPTER "%s", options->adapter);
		if (*options->adapter)
			environment[count++] = adapter;
	} else {
		environment[count++] = "GALLIUM_DRIVER=llvmpipe";
		environment[count++] = "LIBGL_ALWAYS_SOFTWARE=1";
	}
	struct trial_options trial = {
		.name = "helix-glprobe",
		.argv = argv,
		.environment = environment,
		.deadline_us = DEADLINE_US,
	};
	return trial_start(event, processes, &trial, on_done, owner, ret_trial);
}

void gl_trial_judge(const struct trial_outcome *outcome, bool on_gpu,
	struct gl_verdict *ret_verdict, char versions[VERSION_COUNT][48])
{
	struct gl_verdict v = { .state = VERDICT_FAILED };

	trial_explain(outcome, "driver", v.problem, sizeof v.problem);
	if (!*v.problem &&
		report_read_gl(outcome->report, outcome->report_size, on_gpu, &v, versions) < 0)
		snprintf(v.problem, sizeof v.problem, "%s wrote a report that makes no sense",
			outcome->name);
	*ret_verdict = v;
}
