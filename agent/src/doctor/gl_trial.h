/* helix-glprobe in the environment of a compositor: what does this driver of Mesa's draw with, and
 * how fast does a picture go in and out?
 *
 * Threads: main loop only. */
#pragma once

#include "core/verdict.h"
#include "doctor/report.h"
#include "doctor/trial.h"

#include <stdbool.h>

struct gl_trial_options {
	const char *program; /* helix-glprobe; NULL or "": it is missing */
	bool on_gpu;         /* D3D12, else the software renderer */
	const char *adapter; /* MESA_D3D12_DEFAULT_ADAPTER_NAME; "" = Mesa's choice */
};

/* As trial_start(). */
int gl_trial_start(struct sd_event *event, struct processes *processes,
	const struct gl_trial_options *options,
	void (*on_done)(void *owner, const struct trial_outcome *outcome), void *owner,
	struct trial **ret_trial);

/* The verdict on an outcome; never fails. */
void gl_trial_judge(const struct trial_outcome *outcome, bool on_gpu,
	struct gl_verdict *ret_verdict, char versions[VERSION_COUNT][48]);
