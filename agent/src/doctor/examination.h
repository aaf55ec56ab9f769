/* What the doctor's commands share: a loop of their own, the machine, and what was tried.
 *
 * Threads: the only one. */
#pragma once

#include "core/candidates.h"
#include "core/judgement.h"
#include "core/machine.h"
#include "doctor/doctor.h"
#include "doctor/probe.h"
#include "doctor/trial.h"

#include <stdbool.h>
#include <stddef.h>

struct examination {
	const struct doctor_options *options;
	struct sd_event *event;
	struct processes *processes;
	struct machine machine;
	struct candidates candidates;
	struct probe_results results;
	struct va_offer offers[JUDGEMENT_MAX_OFFERS];
	size_t offer_count;
	char cache_dir[512];
};

/* Reads the machine; tries nothing. 0 or a negative errno; examination_done() after both. */
int examination_init(struct examination *x, const struct doctor_options *options);
void examination_done(struct examination *x);

/* Tries all encoders and GL, until that is done. 0 or a negative errno. */
int examination_probe(struct examination *x);

/* Asks VA on each device that a candidate would use. */
void examination_ask_va(struct examination *x);

/* Waits for one trial. The outcome is judged in `on_done`. */
int examination_wait(struct examination *x, struct trial *trial, const bool *has_ended);
