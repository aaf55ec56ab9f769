#include "doctor/probe.h"

#include "core/advice.h"
#include "doctor/cache.h"
#include "doctor/fingerprint.h"
#include "doctor/gl_trial.h"
#include "doctor/report.h"
#include "doctor/trial.h"
#include "sys/clock.h"
#include "sys/log.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#define HARDWARE_DEADLINE_US (10 * USEC_PER_SEC)
#define SOFTWARE_DEADLINE_US (20 * USEC_PER_SEC)

extern char **environ;

/* What is tried, in this order: the candidates by their indices, then these. */
enum { JOB_GL = CANDIDATES_MAX, JOB_GL_SOFTWARE, JOB_END };

struct probe {
	struct probe_options options;
	struct sd_event *event;
	struct processes *processes;
	size_t only;
	void (*on_done)(void *owner, const struct probe_results *results);
	void *owner;

	size_t job;             /* the one that runs, or is next */
	sd_event_source *start; /* of the next job, from the loop */
	struct trial *trial;
	struct probe_results results;
};

static void forget_verdict(struct verdict *verdict, const struct candidate *candidate)
{
	*verdict = (struct verdict){ .state = VERDICT_UNTRIED };
	memcpy(verdict->name, candidate->name, sizeof verdict->name);
	if (candidate_is_possible(candidate))
		return;
	verdict->state = VERDICT_IMPOSSIBLE;
	snprintf(verdict->problem, sizeof verdict->problem, "%s", candidate->obstacle);
	snprintf(verdict->advice, sizeof verdict->advice, "%s", candidate->advice);
}

static void rank(const struct probe_options *options, struct probe_results *results)
{
	results->working =
		verdicts_rank(options->candidates, results->verdicts, options->fps, results->order);
}

/* What is remembered, or the verdicts of no probe where nothing is. */
static void recall(const struct probe_options *options, struct probe_results *results)
{
	char *text = NULL;
	size_t size;

	*results = (struct probe_results){ 0 };
	fingerprint_make(options, results->key);
	for (size_t i = 0; i < options->candidates->count; i++)
		forget_verdict(&results->verdicts[i], &options->candidates->items[i]);
	if (cache_read(options->cache_dir, &text, &size) == 0 &&
		report_read_results(text, size, options->candidates, results) == -EBADMSG)
		log_debug("probe: what was remembered is damaged, it does not count");
	free(text);
	rank(options, results);
}

static bool is_complete(const struct probe_options *options, const struct probe_results *results)
{
	for (size_t i = 0; i < options->candidates->count; i++)
		if (results->verdicts[i].state == VERDICT_UNTRIED)
			return false;
	return !options->machine->has_dxg || results->gl.state != VERDICT_UNTRIED;
}

int probe_load(const struct probe_options *options, struct probe_results *ret_results)
{
	recall(options, ret_results);
	if (is_complete(options, ret_results))
		return 0;
	for (size_t i = 0; i < options->candidates->count; i++)
		forget_verdict(&ret_results->verdicts[i], &options->candidates->items[i]);
	ret_results->gl = ret_results->gl_software = (struct gl_verdict){ 0 };
	rank(options, ret_results);
	return -ENOENT;
}

static void store(const struct probe *probe)
{
	char *text = report_write_results(&probe->results, probe->options.candidates);
	int r = text ? cache_write(probe->options.cache_dir, text, strlen(text)) : -ENOMEM;

	if (r < 0)
		log_debug("probe: the results cannot be remembered: %s", strerror(-r));
	free(text);
	cache_tidy(probe->options.cache_dir, probe->results.key);
}

static bool is_wanted(const struct probe *probe, size_t job)
{
	const struct candidates *candidates = probe->options.candidates;

	if (job == JOB_GL || job == JOB_GL_SOFTWARE)
		return probe->only >= PROBE_GL && probe->options.machine->has_dxg;
	if (job >= candidates->count)
		return false;
	return probe->only == job ||
		(probe->only == PROBE_ALL && candidate_is_possible(&candidates->items[job]));
}

/* May free the probe. */
static void finish(struct probe *probe)
{
	rank(&probe->options, &probe->results);
	/* A proof that fails is of a driver that is broken at the moment: nothing to remember. */
	if (probe->only >= PROBE_GL || probe->results.verdicts[probe->only].state == VERDICT_WORKS)
		store(probe);
	probe->on_done(probe->owner, &probe->results);
}

static void next(struct probe *probe)
{
	trial_free(probe->trial);
	probe->trial = NULL;
	probe->job++;
	sd_event_source_set_enabled(probe->start, SD_EVENT_ONESHOT);
}

static void fail(struct probe *probe, const char *code, const char *problem)
{
	const struct candidate *candidate = &probe->options.candidates->items[probe->job];
	struct verdict *v = &probe->results.verdicts[probe->job];

	*v = (struct verdict){ .state = VERDICT_FAILED };
	memcpy(v->name, candidate->name, sizeof v->name);
	snprintf(v->problem, sizeof v->problem, "%s", problem);
	if (code)
		advice_for(probe->options.machine, candidate, code, "", "", v->advice,
			sizeof v->advice);
}

/* A registry remembers elements that a driver could not offer when it was made, and nothing makes
 * GStreamer look again. So hardware is tried with a new one, and what failed leaves none. */
static void forget_registry(const struct probe *probe)
{
	char path[PATH_MAX];

	probe_registry(&probe->options, probe->results.key,
		&probe->options.candidates->items[probe->job], path, sizeof path);
	unlink(path);
}

static void on_encoder(void *owner, const struct trial_outcome *outcome)
{
	struct probe *probe = owner;
	const struct candidate *candidate = &probe->options.candidates->items[probe->job];
	struct verdict *v = &probe->results.verdicts[probe->job];
	char problem[sizeof v->problem];

	trial_explain(
		outcome, candidate->is_hardware ? "driver" : "encoder", problem, sizeof problem);
	if (*problem)
		fail(probe, trial_code(outcome), problem);
	else if (report_read_encoder(outcome->report, outcome->report_size, probe->options.machine,
			 candidate, v, probe->results.versions) < 0)
		fail(probe, NULL, "helix-encoder wrote a report that makes no sense");
	if (v->state != VERDICT_WORKS)
		forget_registry(probe);
	log_debug(
		"probe: %s %s", candidate->name, v->state == VERDICT_WORKS ? "works" : v->problem);
	next(probe);
}

static int start_encoder(struct probe *probe)
{
	const struct probe_options *o = &probe->options;
	const struct candidate *candidate = &o->candidates->items[probe->job];
	char size[32], fps[16], bitrate[16], registry[PATH_MAX];
	const char *argv[] = { o->encoder_program, "--probe", candidate->element, "--size", size,
		"--fps", fps, "--bitrate", bitrate, "--fd", "3",
		candidate->route == ROUTE_VAAPI_WITHOUT_DRM ? "--va-without-drm" : NULL, NULL };

	if (!o->encoder_program || !*o->encoder_program)
		return -ENOENT;
	snprintf(size, sizeof size, "%ux%u", o->width_px, o->height_px);
	snprintf(fps, sizeof fps, "%u", o->fps);
	snprintf(bitrate, sizeof bitrate, "%u", o->bitrate_kbit);
	probe_registry(o, probe->results.key, candidate, registry, sizeof registry);
	if (candidate->is_hardware)
		unlink(registry);
	char **environment =
		candidate_environment(candidate, (const char *const *)environ, registry);
	if (!environment)
		return -ENOMEM;
	struct trial_options trial = {
		.name = "helix-encoder",
		.argv = argv,
		.environment = (const char *const *)environment,
		.deadline_us = candidate->is_hardware ? HARDWARE_DEADLINE_US : SOFTWARE_DEADLINE_US,
	};
	int r = trial_start(
		probe->event, probe->processes, &trial, on_encoder, probe, &probe->trial);
	environment_free(environment);
	return r;
}

static struct gl_verdict *gl_verdict(struct probe *probe)
{
	return probe->job == JOB_GL ? &probe->results.gl : &probe->results.gl_software;
}

static void on_gl(void *owner, const struct trial_outcome *outcome)
{
	struct probe *probe = owner;

	gl_trial_judge(outcome, probe->job == JOB_GL, gl_verdict(probe), probe->results.versions);
	next(probe);
}

static int start_gl(struct probe *probe)
{
	struct gl_trial_options trial = {
		.program = probe->options.gl_program,
		.on_gpu = probe->job == JOB_GL,
		.adapter = "",
	};

	for (size_t i = probe->options.candidates->count; i-- > 0;)
		if (*probe->options.candidates->items[i].adapter)
			trial.adapter = probe->options.candidates->items[i].adapter;
	return gl_trial_start(probe->event, probe->processes, &trial, on_gl, probe, &probe->trial);
}

static void cannot_start(struct probe *probe, int error)
{
	bool is_encoder = probe->job < CANDIDATES_MAX;
	char problem[256];

	snprintf(problem, sizeof problem, "helix-%s cannot be started: %s",
		is_encoder ? "encoder" : "glprobe", strerror(-error));
	if (is_encoder) {
		fail(probe, NULL, problem);
		return;
	}
	struct gl_verdict *v = gl_verdict(probe);
	*v = (struct gl_verdict){ .state = VERDICT_FAILED };
	memcpy(v->problem, problem, sizeof v->problem);
}

static int on_start(sd_event_source *source, void *owner)
{
	struct probe *probe = owner;

	(void)source;
	while (probe->job < JOB_END && !is_wanted(probe, probe->job))
		probe->job++;
	if (probe->job >= JOB_END) {
		finish(probe);
		return 0;
	}
	int r = probe->job < CANDIDATES_MAX ? start_encoder(probe) : start_gl(probe);
	if (r < 0) {
		cannot_start(probe, r);
		next(probe);
	}
	return 0;
}

static void forget_what_is_tried(struct probe *probe)
{
	const struct candidates *candidates = probe->options.candidates;

	for (size_t i = 0; i < candidates->count; i++)
		if (is_wanted(probe, i))
			forget_verdict(&probe->results.verdicts[i], &candidates->items[i]);
	if (is_wanted(probe, JOB_GL))
		probe->results.gl = probe->results.gl_software = (struct gl_verdict){ 0 };
}

int probe_start(struct sd_event *event, struct processes *processes,
	const struct probe_options *options, size_t only,
	void (*on_done)(void *owner, const struct probe_results *results), void *owner,
	struct probe **ret_probe)
{
	assert(only >= PROBE_GL || only < options->candidates->count);
	struct probe *probe = calloc(1, sizeof *probe);
	if (!probe)
		return -ENOMEM;
	probe->options = *options;
	probe->event = event;
	probe->processes = processes;
	probe->only = only;
	probe->on_done = on_done;
	probe->owner = owner;
	recall(&probe->options, &probe->results);
	forget_what_is_tried(probe);
	int r = sd_event_add_defer(event, &probe->start, on_start, probe);
	if (r < 0) {
		probe_free(probe);
		return r;
	}
	*ret_probe = probe;
	return 0;
}

void probe_free(struct probe *probe)
{
	if (!probe)
		return;
	trial_free(probe->trial);
	sd_event_source_disable_unref(probe->start);
	free(probe);
}
