#include "judgement_scene.h"

#include "core/advice.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

size_t scene_add(struct scene *s, enum route route, const char *name, bool is_hardware)
{
	size_t i = s->candidates.count++;
	struct candidate *c = &s->candidates.items[i];

	*c = (struct candidate){ .route = route, .is_hardware = is_hardware };
	snprintf(c->name, sizeof c->name, "%s", name);
	snprintf(c->element, sizeof c->element, "%s", name);
	s->verdicts[i] = (struct verdict){ .state = VERDICT_UNTRIED };
	snprintf(s->verdicts[i].name, sizeof s->verdicts[i].name, "%s", name);
	return i;
}

void scene_works(struct scene *s, size_t i, uint32_t p50_us, uint32_t p95_us, const char *driver)
{
	struct verdict *v = &s->verdicts[i];

	v->state = VERDICT_WORKS;
	v->p50_us = p50_us;
	v->p95_us = p95_us;
	v->fps = 1e6 / p50_us;
	snprintf(v->driver, sizeof v->driver, "%s", driver);
	s->order[s->working++] = i;
}

void scene_fails(struct scene *s, size_t i, const char *code, const char *problem)
{
	struct verdict *v = &s->verdicts[i];

	v->state = VERDICT_FAILED;
	snprintf(v->problem, sizeof v->problem, "%s", problem);
	advice_for(&s->machine, &s->candidates.items[i], code, "", "1.22.0", v->advice,
		sizeof v->advice);
}

void scene_is_impossible(struct scene *s, size_t i, const char *obstacle, const char *advice)
{
	struct verdict *v = &s->verdicts[i];

	v->state = VERDICT_IMPOSSIBLE;
	snprintf(v->problem, sizeof v->problem, "%s", obstacle);
	snprintf(v->advice, sizeof v->advice, "%s", advice);
}

struct scene scene_plain_machine(void)
{
	struct scene s = {
		.machine = { .kernel = "6.1.0-13-amd64" },
		.surroundings = { .address = "127.0.0.1", .port_number = 7878 },
		.encoder = "auto",
		.mesa = "",
	};

	for (size_t i = 0; i < NEEDS_COUNT; i++)
		s.surroundings.has[i] = true;
	return s;
}

void scene_add_software(struct scene *s)
{
	scene_works(s, scene_add(s, ROUTE_X264, "x264enc", false), 4100, 6000, "");
	scene_works(s, scene_add(s, ROUTE_OPENH264, "openh264enc", false), 9000, 12000, "");
}

struct scene scene_wsl_machine(void)
{
	struct scene s = scene_plain_machine();

	s.machine = (struct machine){
		.kernel = "6.18.40.1-microsoft-standard-WSL2",
		.is_wsl = true,
		.wsl_version = "3.0.1.0",
		.wsl_networking = "nat",
		.has_dxg = true,
		.dxg_is_usable = true,
		.has_libd3d12 = true,
		.vendors = MACHINE_NVIDIA,
		.vgem = VGEM_GONE,
	};
	s.surroundings.has_d3d12_va = true;
	return s;
}

struct judgement scene_judge(const struct scene *s)
{
	struct judgement judgement;
	struct judgement_facts facts = {
		.machine = &s->machine,
		.candidates = &s->candidates,
		.verdicts = s->verdicts,
		.order = s->order,
		.working = s->working,
		.gl = &s->gl,
		.gl_software = &s->gl_software,
		.offers = s->offers,
		.offer_count = s->offer_count,
		.mesa = s->mesa,
		.libva = "",
		.gstreamer = "1.22.0",
		.surroundings = &s->surroundings,
		.encoder = s->encoder,
		.fps = 60,
	};

	judgement_make(&facts, &judgement);
	return judgement;
}

void scene_expect_finding(const struct judgement *j, enum finding_level level, const char *topic,
	const char *text, const char *advice)
{
	for (size_t i = 0; i < j->count; i++) {
		const struct finding *f = &j->findings[i];

		if (strcmp(f->text, text) != 0)
			continue;
		cr_expect_eq(f->level, level, "%s: %s", finding_level_name(f->level), text);
		cr_expect_str_eq(f->topic, topic);
		cr_expect_str_eq(f->advice, advice);
		return;
	}
	for (size_t i = 0; i < j->count; i++)
		fprintf(stderr, "  %s\n", j->findings[i].text);
	cr_expect_fail("nothing says \"%s\"", text);
}

bool scene_says(const struct judgement *j, const char *part)
{
	for (size_t i = 0; i < j->count; i++)
		if (strstr(j->findings[i].text, part))
			return true;
	return false;
}
