/* From a double click to a desktop, and back: runs the state machine (core/machine.h) and does what
 * each state asks, through seam/platform.h.
 *
 * Threads: one worker, for its whole life. */
#pragma once

#include "core/options.h"

struct launch_options {
	const struct options *options;
	const char *exe_directory;  /* where an image may lie beside the exe */
	const char *data_directory; /* made when missing */
	const char *version;        /* ours */
};

/* Until the person or the system ends it. The process' exit code: 0, or 1 when it gave up. */
int launch_run(const struct launch_options *options);
