#include "core/judgement.h"

#include "core/advice.h"

#include <stdio.h>
#include <string.h>

const char *const judgement_topics[] = {
	"System",
	"GPU",
	"Drivers",
	"Encoders",
	"GL",
	"Desktop",
	"Port",
	NULL,
};

const char *finding_level_name(enum finding_level level)
{
	static const char *const names[] = { "good", "note", "warn", "bad" };

	return names[level];
}

const char *judgement_grade_name(enum judgement_grade grade)
{
	static const char *const names[] = { "hardware", "software", "not at all" };

	return names[grade];
}

static bool gpu_is_best(const struct judgement_facts *facts)
{
	return facts->working && facts->candidates->items[facts->order[0]].is_hardware;
}

static const struct verdict *best_verdict(const struct judgement_facts *facts)
{
	return &facts->verdicts[facts->order[0]];
}

/* The first hardware candidate in this state; the ladder's order is that of how much one would like
 * to have it. */
static const struct verdict *first_hardware(
	const struct judgement_facts *facts, enum verdict_state state)
{
	for (size_t i = 0; i < facts->candidates->count; i++)
		if (facts->candidates->items[i].is_hardware && facts->verdicts[i].state == state)
			return &facts->verdicts[i];
	return NULL;
}

static bool wants_software(const struct judgement_facts *facts)
{
	for (size_t i = 0; i < facts->candidates->count; i++)
		if (facts->candidates->items[i].is_hardware)
			return false;
	return true;
}

#define MISSING(...) snprintf(j->missing, sizeof j->missing, __VA_ARGS__)
#define HELP(...)    snprintf(j->help, sizeof j->help, __VA_ARGS__)

/* What WSL itself lacks, before any driver is asked. */
static bool is_wsl_incomplete(const struct machine *m, struct judgement *j)
{
	if (!m->has_dxg) {
		MISSING("Windows shares no GPU with this WSL: /dev/dxg is missing");
		if (m->is_container)
			HELP("give the container --device=/dev/dxg and -v /usr/lib/wsl:/usr/lib/wsl");
		else
			HELP("run `wsl --update` in Windows, and see that gpuSupport in .wslconfig and "
			     "[gpu] in /etc/wsl.conf are not off");
		return true;
	}
	if (!m->dxg_is_usable) {
		MISSING("this user may not open /dev/dxg");
		HELP("sudo chmod 666 /dev/dxg");
		return true;
	}
	if (!m->has_libd3d12) {
		MISSING("WSL's own D3D12 is missing: there is no libd3d12.so in /usr/lib/wsl/lib");
		if (m->is_container)
			HELP("give the container -v /usr/lib/wsl:/usr/lib/wsl");
		else
			HELP("run `wsl --update` in Windows, then `wsl --shutdown`");
		return true;
	}
	return false;
}

static bool is_without_device(const struct machine *m, struct judgement *j)
{
	const struct drm_node *forbidden = NULL;
	size_t usable = 0;

	for (size_t i = 0; i < m->node_count; i++) {
		const struct drm_node *node = &m->nodes[i];

		if (!node->is_render || !strcmp(node->driver, "vgem"))
			continue;
		usable += node->is_usable;
		if (!node->is_usable)
			forbidden = node;
	}
	if (usable || m->has_nvidia_encode)
		return false;
	if (forbidden) {
		MISSING("this user may not open %s", forbidden->path);
		advice_for_node(m, forbidden->path, j->help, sizeof j->help);
	} else if (m->is_container) {
		MISSING("this container was given no GPU: there is no render node in /dev/dri");
		HELP("if the machine has a GPU, start the container with --device=/dev/dri");
	} else {
		MISSING("this machine has no GPU that Linux knows: there is no render node in /dev/dri");
	}
	return true;
}

static void find_missing(const struct judgement_facts *facts, struct judgement *j)
{
	const struct machine *m = facts->machine;
	const struct verdict *v = first_hardware(facts, VERDICT_WORKS);

	if (wants_software(facts)) {
		MISSING("--encoder asks for %.64s", facts->encoder);
		return;
	}
	if (v) {
		MISSING("%s is slower here: %.1f ms a picture", v->name, v->p50_us / 1000.0);
		HELP("--encoder %s takes it nevertheless", v->name);
		return;
	}
	v = first_hardware(facts, VERDICT_FAILED);
	/* What was wished for by name is tried in any case, and tells more. */
	if ((!v || !strcmp(facts->encoder, "auto")) &&
		(m->is_wsl || m->has_dxg ? is_wsl_incomplete(m, j) : is_without_device(m, j)))
		return;
	if (v) {
		MISSING("%s does not work: %s", v->name, v->problem);
	} else {
		v = first_hardware(facts, VERDICT_IMPOSSIBLE);
		MISSING("%s", v ? v->problem : "no GPU encoder was tried");
	}
	if (v)
		HELP("%s", v->advice);
}

static void gpu_verdict(const struct judgement_facts *facts, struct judgement *j)
{
	const struct verdict *v = best_verdict(facts);
	char name[64];

	verdict_adapter(v->driver, name, sizeof name);
	if (!*name)
		verdict_driver(v->driver, name, sizeof name);
	snprintf(j->verdict, sizeof j->verdict,
		"Helix can stream a desktop from this machine, encoded by the GPU (%s, %.1f ms a "
		"picture%s%s).",
		v->name, v->p50_us / 1000.0, *name ? ", " : "", name);
}

static void not_at_all(struct judgement *j)
{
	const struct finding *first = NULL;
	size_t more = 0;

	for (size_t i = 0; i < j->count; i++) {
		if (j->findings[i].level != FINDING_BAD)
			continue;
		if (first)
			more++;
		else
			first = &j->findings[i];
	}
	int used = snprintf(j->verdict, sizeof j->verdict,
		"Helix cannot stream a desktop from this machine: %.400s",
		first ? first->text : "no encoder works");
	if (more)
		used += snprintf(j->verdict + used, sizeof j->verdict - (size_t)used,
			"; and %zu more, see BAD above", more);
	snprintf(j->verdict + used, sizeof j->verdict - (size_t)used, ".");
	/* To the one that stands in the sentence, not to the GPU. */
	snprintf(j->help, sizeof j->help, "%s", first ? first->advice : "");
}

void judgement_make(const struct judgement_facts *facts, struct judgement *ret_judgement)
{
	struct judgement *j = ret_judgement;
	*j = (struct judgement){ .grade = GRADE_HARDWARE };
	if (!gpu_is_best(facts))
		find_missing(facts, j);
	judgement_add_findings(facts, j);
	for (size_t i = 0; i < j->count; i++)
		if (j->findings[i].level == FINDING_BAD)
			j->grade = GRADE_NOT_AT_ALL;

	if (!facts->working || j->grade == GRADE_NOT_AT_ALL) {
		j->grade = GRADE_NOT_AT_ALL;
		not_at_all(j);
	} else if (gpu_is_best(facts)) {
		gpu_verdict(facts, j);
	} else {
		j->grade = GRADE_SOFTWARE;
		snprintf(j->verdict, sizeof j->verdict,
			"Helix can stream a desktop from this machine, encoded by the CPU (%s, %.1f ms a "
			"picture); the GPU is not used because %s.",
			best_verdict(facts)->name, best_verdict(facts)->p50_us / 1000.0,
			j->missing);
	}
}
