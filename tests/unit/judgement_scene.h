/* Machines for the tests of core/judgement.h: each test changes what it is about. */
#pragma once

#include "core/judgement.h"

struct scene {
	struct machine machine;
	struct candidates candidates;
	struct verdict verdicts[CANDIDATES_MAX];
	size_t order[CANDIDATES_MAX], working;
	struct gl_verdict gl, gl_software;
	struct surroundings surroundings;
	const char *encoder, *mesa;
	struct va_offer offers[JUDGEMENT_MAX_OFFERS];
	size_t offer_count;
};

/* All that a desktop takes, and no GPU; and WSL with an NVIDIA card and a kernel without DRM. */
struct scene scene_plain_machine(void);
struct scene scene_wsl_machine(void);

/* A candidate's index. */
size_t scene_add(struct scene *s, enum route route, const char *name, bool is_hardware);
/* x264enc and openh264enc, which work. */
void scene_add_software(struct scene *s);

/* Verdicts. The working ones rank in the order of the calls. */
void scene_works(struct scene *s, size_t i, uint32_t p50_us, uint32_t p95_us, const char *driver);
/* With the advice for this code, as the probe does it. */
void scene_fails(struct scene *s, size_t i, const char *code, const char *problem);
void scene_is_impossible(struct scene *s, size_t i, const char *obstacle, const char *advice);

struct judgement scene_judge(const struct scene *s);

/* "" as advice: none. */
void scene_expect_finding(const struct judgement *j, enum finding_level level, const char *topic,
	const char *text, const char *advice);
bool scene_says(const struct judgement *j, const char *part);
