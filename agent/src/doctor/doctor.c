#include "doctor/doctor.h"

#include "core/judgement.h"
#include "doctor/examination.h"
#include "doctor/page.h"
#include "doctor/report.h"
#include "doctor/surroundings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Somebody who waits some seconds is told for what. */
static void announce(const struct examination *x)
{
	if (!x->options->json && isatty(STDERR_FILENO))
		fprintf(stderr,
			"Trying the encoders of this machine; this takes some seconds ...\n");
}

static int fail(struct examination *x, int error)
{
	fprintf(stderr, "helix-agent: this machine cannot be examined: %s\n", strerror(-error));
	examination_done(x);
	return DOCTOR_NOT_AT_ALL;
}

static void judge(const struct examination *x, struct judgement *judgement)
{
	struct surroundings surroundings;

	surroundings_read(x->options, &x->machine, &surroundings);
	struct judgement_facts facts = {
		.machine = &x->machine,
		.candidates = &x->candidates,
		.verdicts = x->results.verdicts,
		.order = x->results.order,
		.working = x->results.working,
		.gl = &x->results.gl,
		.gl_software = &x->results.gl_software,
		.offers = x->offers,
		.offer_count = x->offer_count,
		.mesa = x->results.versions[VERSION_MESA],
		.libva = x->results.versions[VERSION_LIBVA],
		.gstreamer = x->results.versions[VERSION_GSTREAMER],
		.surroundings = &surroundings,
		.encoder = x->options->encoder,
		.fps = x->options->fps,
	};
	judgement_make(&facts, judgement);
}

static int exit_code(enum judgement_grade grade)
{
	switch (grade) {
	case GRADE_HARDWARE: return DOCTOR_HARDWARE;
	case GRADE_SOFTWARE: return DOCTOR_SOFTWARE;
	case GRADE_NOT_AT_ALL: break;
	}
	return DOCTOR_NOT_AT_ALL;
}

int doctor_run(const struct doctor_options *options)
{
	struct judgement judgement;
	struct examination x;

	int r = examination_init(&x, options);
	if (r < 0)
		return fail(&x, r);
	announce(&x);
	r = examination_probe(&x);
	if (r < 0)
		return fail(&x, r);
	examination_ask_va(&x);
	judge(&x, &judgement);
	if (options->json)
		page_print_json(&x, &judgement);
	else
		page_print(&judgement);
	examination_done(&x);
	return exit_code(judgement.grade);
}

int doctor_encoders(const struct doctor_options *options)
{
	int code = DOCTOR_NOT_AT_ALL;
	struct examination x;

	int r = examination_init(&x, options);
	if (r < 0)
		return fail(&x, r);
	announce(&x);
	r = examination_probe(&x);
	if (r < 0)
		return fail(&x, r);
	if (options->json)
		page_print_encoders_json(&x);
	else
		page_print_encoders(&x);
	if (x.results.working)
		code = x.candidates.items[x.results.order[0]].is_hardware ? DOCTOR_HARDWARE
									  : DOCTOR_SOFTWARE;
	examination_done(&x);
	return code;
}
