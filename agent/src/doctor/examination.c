#include "doctor/examination.h"

#include "doctor/report.h"
#include "sys/clock.h"
#include "sys/log.h"
#include "sys/machine.h"
#include "sys/process.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#define VA_DEADLINE_US (5 * USEC_PER_SEC)
#define GRACE_US       (100 * USEC_PER_MSEC)

extern char **environ;

int examination_init(struct examination *x, const struct doctor_options *options)
{
	*x = (struct examination){ .options = options };
	machine_read("", &x->machine);
	machine_ask_wsl(&x->machine);
	candidates_list(&x->machine, options->encoder, options->gpu, &x->candidates);
	if (!probe_cache_dir(options->cache_fallback, x->cache_dir, sizeof x->cache_dir)) {
		log_error("doctor: no directory of this user alone can be written to; set "
			  "XDG_CACHE_HOME to one");
		return -EACCES;
	}
	int r = sd_event_new(&x->event);
	return r < 0 ? r : processes_new(x->event, &x->processes);
}

void examination_done(struct examination *x)
{
	processes_free(x->processes, GRACE_US);
	x->processes = NULL;
	x->event = sd_event_unref(x->event);
}

static int wait_for(struct examination *x, const bool *is_done)
{
	int r = 0;

	while (!*is_done && r >= 0)
		r = sd_event_run(x->event, UINT64_MAX);
	return r < 0 ? r : 0;
}

int examination_wait(struct examination *x, struct trial *trial, const bool *has_ended)
{
	int r = wait_for(x, has_ended);

	trial_free(trial);
	return r;
}

static struct probe_options probe_options(const struct examination *x)
{
	const struct doctor_options *o = x->options;

	return (struct probe_options){
		.encoder_program = o->encoder_program,
		.gl_program = o->gl_program,
		.cache_dir = x->cache_dir,
		.machine = &x->machine,
		.candidates = &x->candidates,
		.width_px = o->width_px,
		.height_px = o->height_px,
		.fps = o->fps,
		.bitrate_kbit = o->bitrate_kbit,
	};
}

struct waiting {
	struct examination *x;
	bool is_done;
};

static void on_probed(void *owner, const struct probe_results *results)
{
	struct waiting *waiting = owner;

	waiting->x->results = *results;
	waiting->is_done = true;
}

int examination_probe(struct examination *x)
{
	struct probe_options options = probe_options(x);
	struct waiting waiting = { .x = x };
	struct probe *probe;

	int r = probe_start(
		x->event, x->processes, &options, PROBE_ALL, on_probed, &waiting, &probe);
	if (r < 0)
		return r;
	r = wait_for(x, &waiting.is_done);
	probe_free(probe);
	return r;
}

static bool uses_va(const struct candidate *candidate)
{
	return candidate->route == ROUTE_VAAPI || candidate->route == ROUTE_VAAPI_WITHOUT_DRM ||
		candidate->route == ROUTE_VA;
}

static void on_va(void *owner, const struct trial_outcome *outcome)
{
	struct waiting *waiting = owner;
	struct va_offer *offer = &waiting->x->offers[waiting->x->offer_count];

	trial_explain(outcome, "driver", offer->problem, sizeof offer->problem);
	if (!*offer->problem && report_read_va(outcome->report, outcome->report_size, offer) < 0)
		snprintf(offer->problem, sizeof offer->problem,
			"helix-encoder wrote a report that makes no sense");
	waiting->is_done = true;
}

static int ask_va(struct examination *x, const struct candidate *candidate)
{
	struct probe_options options = probe_options(x);
	struct waiting waiting = { .x = x };
	char registry[PATH_MAX], device[128];
	const char *argv[] = { x->options->encoder_program, "--va", "--fd", "3",
		candidate->route == ROUTE_VAAPI_WITHOUT_DRM ? "--va-without-drm" : NULL, NULL };
	struct trial *trial;

	probe_registry(&options, x->results.key, candidate, registry, sizeof registry);
	char **environment =
		candidate_environment(candidate, (const char *const *)environ, registry);
	if (!environment)
		return -ENOMEM;
	struct trial_options how = {
		.name = "helix-encoder",
		.argv = argv,
		.environment = (const char *const *)environment,
		.deadline_us = VA_DEADLINE_US,
	};
	int r = trial_start(x->event, x->processes, &how, on_va, &waiting, &trial);
	environment_free(environment);
	if (r < 0)
		return r;
	r = examination_wait(x, trial, &waiting.is_done);
	if (r < 0)
		return r;
	struct va_offer *offer = &x->offers[x->offer_count++];
	snprintf(device, sizeof device, "%s", candidate->node);
	if (!*offer->device)
		snprintf(offer->device, sizeof offer->device, "%.63s", device);
	return 0;
}

void examination_ask_va(struct examination *x)
{
	if (!x->options->encoder_program)
		return;
	for (size_t i = 0; i < x->candidates.count; i++) {
		const struct candidate *candidate = &x->candidates.items[i];
		bool is_new = candidate_is_possible(candidate) && uses_va(candidate) &&
			x->offer_count < JUDGEMENT_MAX_OFFERS;

		for (size_t k = 0; k < i; k++)
			is_new &= !uses_va(&x->candidates.items[k]) ||
				!candidate_is_possible(&x->candidates.items[k]) ||
				strcmp(x->candidates.items[k].node, candidate->node) != 0;
		if (!is_new)
			continue;
		int r = ask_va(x, candidate);
		if (r < 0)
			log_debug("doctor: VA cannot be asked: %s", strerror(-r));
	}
}
