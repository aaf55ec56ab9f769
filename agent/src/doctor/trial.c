#include "doctor/trial.h"

#include "core/advice.h"
#include "sys/clock.h"
#include "sys/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <systemd/sd-event.h>
#include <unistd.h>

struct trial {
	struct process *process;
	sd_event_source *deadline;
	char *name;
	uint64_t deadline_us;
	bool has_ended;
	int fd;
	void (*on_done)(void *owner, const struct trial_outcome *outcome);
	void *owner;
	char report[TRIAL_MAX_REPORT + 1];
};

/* Memory that the child fills. It cannot grow, so no child can eat ours; what was not written reads
 * as NUL. */
static int make_memory(void)
{
	int fd = memfd_create("helix-report", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return -errno;
	if (ftruncate(fd, TRIAL_MAX_REPORT) < 0 || fcntl(fd, F_ADD_SEALS, F_SEAL_GROW) < 0) {
		int r = -errno;
		close(fd);
		return r;
	}
	return fd;
}

static size_t read_report(struct trial *trial)
{
	size_t size = 0;

	while (size < TRIAL_MAX_REPORT) {
		ssize_t got = pread(
			trial->fd, trial->report + size, TRIAL_MAX_REPORT - size, (off_t)size);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		size += (size_t)got;
	}
	trial->report[size] = '\0';
	return strlen(trial->report);
}

static void end(struct trial *trial, struct trial_outcome *outcome)
{
	if (trial->has_ended)
		return;
	trial->has_ended = true;
	outcome->name = trial->name;
	outcome->deadline_us = trial->deadline_us;
	outcome->last_words = process_last_words(trial->process);
	outcome->report_size = read_report(trial);
	outcome->report = trial->report;
	sd_event_source_set_enabled(trial->deadline, SD_EVENT_OFF);
	trial->on_done(trial->owner, outcome);
}

static void on_exit_of(void *owner, struct process *process, int status)
{
	(void)process;
	end(owner, &(struct trial_outcome){ .status = status });
}

/* It need not end to be given up: a driver can hold it in the kernel for ever. */
static int on_deadline(sd_event_source *source, uint64_t now_us, void *owner)
{
	struct trial *trial = owner;

	(void)source;
	(void)now_us;
	process_kill(trial->process, SIGKILL);
	end(trial, &(struct trial_outcome){ .timed_out = true });
	return 0;
}

int trial_start(struct sd_event *event, struct processes *processes,
	const struct trial_options *options,
	void (*on_done)(void *owner, const struct trial_outcome *outcome), void *owner,
	struct trial **ret_trial)
{
	struct trial *trial = calloc(1, sizeof *trial);

	if (!trial)
		return -ENOMEM;
	trial->on_done = on_done;
	trial->owner = owner;
	trial->deadline_us = options->deadline_us;
	int r = trial->fd = make_memory();
	if (r < 0)
		goto fail;
	r = -ENOMEM;
	trial->name = strdup(options->name);
	if (!trial->name)
		goto fail;
	struct process_options process = {
		.name = options->name,
		.argv = options->argv,
		.environment = options->environment,
		.fds = { trial->fd },
		.n_fds = 1,
	};
	r = process_start(processes, &process, on_exit_of, trial, &trial->process);
	if (r < 0)
		goto fail;
	r = sd_event_add_time(event, &trial->deadline, CLOCK_MONOTONIC,
		clock_now_us() + options->deadline_us, USEC_PER_MSEC, on_deadline, trial);
	if (r < 0)
		goto fail;
	*ret_trial = trial;
	return 0;

fail:
	trial_free(trial);
	return r;
}

void trial_free(struct trial *trial)
{
	if (!trial)
		return;
	sd_event_source_disable_unref(trial->deadline);
	process_free(trial->process);
	free(trial->name);
	if (trial->fd >= 0)
		close(trial->fd);
	free(trial);
}

void trial_explain(
	const struct trial_outcome *outcome, const char *culprit, char *buffer, size_t size)
{
	char status[64];

	*buffer = '\0';
	if (outcome->timed_out) {
		snprintf(buffer, size, "did not finish within %u s: the %s hangs",
			(unsigned)(outcome->deadline_us / USEC_PER_SEC), culprit);
		return;
	}
	process_status_string(outcome->status, status, sizeof status);
	if (WIFSIGNALED(outcome->status)) {
		char *core = strstr(status, " (core dumped)");
		if (core)
			*core = '\0';
		snprintf(buffer, size, "%s was %s while it tried: the %s crashed", outcome->name,
			status, culprit);
		return;
	}
	if (WEXITSTATUS(outcome->status) == 0 && outcome->report_size)
		return;

	/* A missing library, say: the loader's last line tells. */
	const char *line = strrchr(outcome->last_words, '\n');
	line = line ? line + 1 : outcome->last_words;
	snprintf(buffer, size, "%s ended without a report (%s)%s%s", outcome->name, status,
		*line ? ": " : "", line);
}

const char *trial_code(const struct trial_outcome *outcome)
{
	if (outcome->timed_out)
		return ADVICE_HANG;
	return WIFSIGNALED(outcome->status) ? ADVICE_CRASH : NULL;
}
