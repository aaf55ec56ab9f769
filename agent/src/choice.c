#include "agent.h"
#include "programs.h"
#include "sys/clock.h"
#include "sys/log.h"
#include "sys/machine.h"
#include "sys/process.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-event.h>
#include <unistd.h>

extern char **environ;

/* A proof that is due waits for the one that runs. */
#define CLIMB_RETRY_US (5 * USEC_PER_SEC)
/* So often the last encoder of all may fail before people are told that there is none. */
#define HOPELESS_FAULTS 3

static bool is_by_hand(const struct agent *a)
{
	return strcmp(a->options->encoder, "auto") != 0;
}

static size_t current_index(const struct choice *c)
{
	return c->steps[ladder_current(&c->ladder)];
}

const struct candidate *choice_candidate(const struct agent *a)
{
	return &a->choice.candidates.items[current_index(&a->choice)];
}

const struct verdict *choice_verdict(const struct agent *a)
{
	return &a->choice.results.verdicts[current_index(&a->choice)];
}

static struct probe_options probe_options(struct agent *a)
{
	return (struct probe_options){
		.encoder_program = a->encoder_path,
		.gl_program = a->glprobe_path,
		.cache_dir = a->choice.cache_dir,
		.machine = &a->choice.machine,
		.candidates = &a->choice.candidates,
		.width_px = a->options->width_px,
		.height_px = a->options->height_px,
		.fps = a->options->fps,
		.bitrate_kbit = a->options->bitrate_kbit,
	};
}

void choice_registry(void *owner, const struct candidate *candidate, char *path, size_t size)
{
	struct agent *a = owner;
	struct probe_options options = probe_options(a);

	probe_registry(&options, a->choice.results.key, candidate, path, size);
}

static bool has_step(const struct choice *c, size_t count, size_t candidate)
{
	for (size_t i = 0; i < count; i++)
		if (c->steps[i] == candidate)
			return true;
	return false;
}

/* What was measured, the best first; behind it the software, which needs no proof. Somebody's wish
 * stands before both, proved or not. */
static void build_ladder(struct agent *a)
{
	struct choice *c = &a->choice;
	size_t count = 0;

	if (!is_by_hand(a))
		for (; count < c->results.working && count < LADDER_MAX; count++)
			c->steps[count] = c->results.order[count];
	for (size_t i = 0; i < c->candidates.count && count < LADDER_MAX; i++) {
		const struct candidate *candidate = &c->candidates.items[i];
		bool is_broken = c->results.verdicts[i].state == VERDICT_FAILED;

		if (candidate_is_possible(candidate) && !has_step(c, count, i) &&
			(is_by_hand(a) || (!candidate->is_hardware && !is_broken)))
			c->steps[count++] = i;
	}
	/* Nothing works: x264enc will say why. */
	for (size_t i = 0; i < c->candidates.count && !count; i++)
		if (c->candidates.items[i].route == ROUTE_X264)
			c->steps[count++] = i;
	ladder_init(&c->ladder, count);
}

static bool has_hardware(const struct choice *c, bool is_broken)
{
	for (size_t i = 0; i < c->candidates.count; i++)
		if (c->candidates.items[i].is_hardware &&
			candidate_is_possible(&c->candidates.items[i]) &&
			(!is_broken || c->results.verdicts[i].state == VERDICT_FAILED))
			return true;
	return false;
}

static void arm_climb(struct agent *a)
{
	uint64_t due_us = ladder_due_us(&a->choice.ladder);

	if (due_us == LADDER_NEVER) {
		sd_event_source_set_enabled(a->choice.climb, SD_EVENT_OFF);
		return;
	}
	sd_event_source_set_time(a->choice.climb, due_us);
	sd_event_source_set_enabled(a->choice.climb, SD_EVENT_ONESHOT);
}

static void log_results(const struct agent *a)
{
	const struct choice *c = &a->choice;

	for (size_t i = 0; i < c->candidates.count; i++) {
		const struct verdict *v = &c->results.verdicts[i];

		if (v->state == VERDICT_WORKS)
			log_info("choice: %s works: %.1f ms a picture, %s", v->name,
				v->p50_us / 1000.0, *v->driver ? v->driver : "software");
		else if (v->state == VERDICT_FAILED)
			log_info("choice: %s does not work: %s", v->name, v->problem);
	}
}

static void on_all_probed(void *owner, const struct probe_results *results)
{
	struct agent *a = owner;
	struct choice *c = &a->choice;
	char before[sizeof c->candidates.items->name];

	c->results = *results;
	probe_free(c->probe);
	c->probe = NULL;
	log_results(a);
	snprintf(before, sizeof before, "%s", choice_candidate(a)->name);
	if (!is_by_hand(a)) {
		build_ladder(a);
		arm_climb(a);
	}
	if (strcmp(before, choice_candidate(a)->name) != 0) {
		log_info("choice: from %s to %s", before, choice_candidate(a)->name);
		stream_rebuild(a, 0);
	} else {
		stream_describe(a);
	}
}

static int start_probe(struct agent *a, size_t only,
	void (*on_done)(void *owner, const struct probe_results *results))
{
	struct probe_options options = probe_options(a);

	int r = probe_start(a->event, a->processes, &options, only, on_done, a, &a->choice.probe);
	if (r < 0)
		log_warn("choice: the encoders cannot be tried: %s", strerror(-r));
	return r;
}

void choice_on_picture(struct agent *a)
{
	struct choice *c = &a->choice;

	if (c->was_probed || c->probe)
		return;
	c->was_probed = true;
	/* What failed once, perhaps before the driver was ready, is tried at each start. */
	if (c->is_remembered ? has_hardware(c, true) : has_hardware(c, false) || c->machine.has_dxg)
		start_probe(a, PROBE_ALL, on_all_probed);
}

static void on_gl_probed(void *owner, const struct probe_results *results)
{
	struct agent *a = owner;
	struct choice *c = &a->choice;

	c->results.gl = results->gl;
	c->results.gl_software = results->gl_software;
	probe_free(c->probe);
	c->probe = NULL;
	c->on_gl(a);
}

bool choice_awaits_gl(struct agent *a, void (*on_gl)(struct agent *a))
{
	struct choice *c = &a->choice;

	c->on_gl = on_gl;
	return !c->is_remembered && c->machine.has_dxg &&
		start_probe(a, PROBE_GL, on_gl_probed) >= 0;
}

const char *choice_gallium_driver(const struct agent *a)
{
	const struct choice *c = &a->choice;

	if (!c->machine.has_dxg)
		return NULL;
	return gl_is_worth_it(&c->results.gl, &c->results.gl_software) ? "d3d12" : "llvmpipe";
}

static void on_step_proved(void *owner, const struct probe_results *results)
{
	struct agent *a = owner;
	struct choice *c = &a->choice;
	size_t step = c->proving, candidate = c->steps[step];
	struct verdict *v = &c->results.verdicts[candidate];

	*v = results->verdicts[candidate]; /* which go with the probe */
	memcpy(c->results.key, results->key, sizeof c->results.key);
	bool works = v->state == VERDICT_WORKS;
	probe_free(c->probe);
	c->probe = NULL;
	if (ladder_proved(&c->ladder, step, works, clock_now_us())) {
		log_info("choice: %s works again", v->name);
		stream_rebuild(a, 0);
	} else if (!works) {
		log_info("choice: %s still does not work: %s", v->name, v->problem);
	}
	arm_climb(a);
}

static int on_climb(sd_event_source *source, uint64_t now_us, void *owner)
{
	struct agent *a = owner;
	struct choice *c = &a->choice;
	size_t step = ladder_due(&c->ladder, now_us);

	if (step != SIZE_MAX && !c->probe) {
		c->proving = step;
		if (start_probe(a, c->steps[step], on_step_proved) >= 0)
			return 0;
	}
	if (step == SIZE_MAX) {
		arm_climb(a);
		return 0;
	}
	sd_event_source_set_time(source, now_us + CLIMB_RETRY_US);
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static void on_warm(void *owner, struct process *process, int status)
{
	struct choice *c = &((struct agent *)owner)->choice;

	(void)status;
	process_free(process);
	c->warming = NULL;
}

/* The software is what hardware falls back to, in another environment. The first start there scans
 * every plugin of GStreamer, for a second or more; so that nobody waits for it, it is done now. */
static void warm_fallback(struct agent *a)
{
	struct choice *c = &a->choice;
	const struct candidate *software = NULL;
	char registry[600];

	if (!choice_candidate(a)->is_hardware)
		return;
	for (size_t i = 0; i < c->candidates.count && !software; i++)
		if (!c->candidates.items[i].is_hardware)
			software = &c->candidates.items[i];
	if (!software)
		return;
	choice_registry(a, software, registry, sizeof registry);
	char **environment =
		candidate_environment(software, (const char *const *)environ, registry);
	if (!environment)
		return;
	const char *const argv[] = { a->encoder_path, "--list", NULL };
	struct process_options options = {
		.name = "helix-encoder --list",
		.argv = argv,
		.environment = (const char *const *)environment,
	};
	int r = process_start(a->processes, &options, on_warm, a, &c->warming);
	if (r < 0)
		log_debug("choice: no warm fallback: %s", strerror(-r));
	environment_free(environment);
}

/* It may remember that the driver failed, and would go on saying so when the driver works again. */
static void forget_registry(struct agent *a, const struct candidate *candidate)
{
	char path[600];

	if (!candidate->is_hardware)
		return;
	choice_registry(a, candidate, path, sizeof path);
	if (unlink(path) < 0 && errno != ENOENT)
		log_debug("choice: cannot remove %s: %s", path, strerror(errno));
}

void choice_fault(struct agent *a, enum ladder_fault fault, const char *text)
{
	struct choice *c = &a->choice;
	const struct candidate *failed = choice_candidate(a);
	size_t step = ladder_current(&c->ladder);
	char notice[sizeof a->notice_text];

	c->faults++;
	if (c->serving != current_index(c)) {
		/* Its successor is chosen already, and not to blame. */
		stream_rebuild(a, 0);
		return;
	}
	struct ladder_move move = ladder_fault(&c->ladder, fault, clock_now_us());
	if (move.is_step_down) {
		snprintf(notice, sizeof notice, "%s failed: %.90s; %s takes its place",
			failed->name, text, choice_candidate(a)->name);
		log_warn("choice: %s", notice);
		forget_registry(a, failed);
		agent_notice(a, SP_NOTICE_ENCODER_FALLBACK, SP_SEVERITY_WARN, notice);
	} else if (step + 1 == c->ladder.count && c->ladder.steps[step].faults > HOPELESS_FAULTS) {
		snprintf(notice, sizeof notice,
			"no encoder works: %.150s; `helix-agent doctor` says more", text);
		agent_notice(a, SP_NOTICE_ENCODER_FAILED, SP_SEVERITY_ERROR, notice);
	} else {
		agent_notice(a, SP_NOTICE_ENCODER_RESTARTING, SP_SEVERITY_WARN, text);
	}
	arm_climb(a);
	stream_rebuild(a, move.delay_us);
}

void choice_good(struct agent *a, uint64_t now_us)
{
	if (a->choice.serving == current_index(&a->choice))
		ladder_good(&a->choice.ladder, now_us);
}

void choice_serves(struct agent *a)
{
	a->choice.serving = current_index(&a->choice);
}

void choice_describe(const struct agent *a, const char *title, char *buffer, size_t size)
{
	const struct verdict *v = choice_verdict(a);
	char driver[32], adapter[64];

	verdict_driver(v->driver, driver, sizeof driver);
	verdict_adapter(v->driver, adapter, sizeof adapter);
	snprintf(buffer, size, "%s%s%s%s%s%s", title, *driver ? ", " : "", driver,
		*adapter ? " (" : "", adapter, *adapter ? ")" : "");
}

int choice_init(struct agent *a)
{
	struct choice *c = &a->choice;
	uint64_t started_us = clock_now_us();

	machine_read("", &c->machine);
	candidates_list(&c->machine, a->options->encoder, a->options->gpu, &c->candidates);
	if (!probe_cache_dir(a->runtime_dir, c->cache_dir, sizeof c->cache_dir))
		return -ENAMETOOLONG;
	struct probe_options options = probe_options(a);
	c->is_remembered = probe_load(&options, &c->results) == 0;
	build_ladder(a);
	choice_serves(a);
	log_debug("choice: %s first, by %s; it took %llu us to know", choice_candidate(a)->name,
		c->is_remembered ? "what was measured before" : "the table",
		(unsigned long long)(clock_now_us() - started_us));
	warm_fallback(a);
	int r = sd_event_add_time(a->event, &c->climb, CLOCK_MONOTONIC, 0, 1000, on_climb, a);
	return r < 0 ? r : sd_event_source_set_enabled(c->climb, SD_EVENT_OFF);
}

void choice_done(struct agent *a)
{
	probe_free(a->choice.probe);
	a->choice.probe = NULL;
	if (a->choice.warming)
		process_free(a->choice.warming);
	a->choice.warming = NULL;
	a->choice.climb = sd_event_source_disable_unref(a->choice.climb);
}
