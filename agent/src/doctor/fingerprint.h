/* One number for everything on this machine that can change what a probe finds out.
 *
 * Threads: any; no shared state. */
#pragma once

#include "doctor/probe.h"

/* As probe_results.key says. Reads names and stat() of files only, no contents. */
void fingerprint_make(const struct probe_options *options, char key[PROBE_KEY_SIZE]);

/* The same over the environment that belongs to a candidate; all software has the same one. */
void fingerprint_candidate(const struct candidate *candidate, char key[PROBE_KEY_SIZE]);
