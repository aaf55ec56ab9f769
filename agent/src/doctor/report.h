/* The JSON of a probe: what helix-encoder and helix-glprobe report, and what is remembered of it.
 *
 * All of it is foreign: lengths, types and ranges are checked, and text is made printable. Nothing
 * is taken over from what is refused.
 *
 * Threads: any; no shared state. */
#pragma once

#include "core/candidates.h"
#include "core/judgement.h"
#include "core/machine.h"
#include "core/verdict.h"
#include "doctor/probe.h"

#include <stddef.h>

#define REPORT_MAX_SIZE (64u << 10)

enum { VERSION_MESA, VERSION_LIBVA, VERSION_GSTREAMER, VERSION_COUNT };

/* The report of `helix-encoder --probe` (agent/encoder/probe.h) on this candidate: WORKS, or FAILED
 * with what to do. Versions that it tells are taken over. -EBADMSG when it is not such a report. */
int report_read_encoder(const char *text, size_t size, const struct machine *machine,
	const struct candidate *candidate, struct verdict *ret_verdict,
	char versions[VERSION_COUNT][48]);

/* The report of helix-glprobe (agent/glprobe/main.c). `wants_gpu`: a software renderer counts as
 * failed. -EBADMSG. */
int report_read_gl(const char *text, size_t size, bool wants_gpu, struct gl_verdict *ret_verdict,
	char versions[VERSION_COUNT][48]);

/* The report of `helix-encoder --va` (agent/encoder/va_report.h). -EBADMSG. */
int report_read_va(const char *text, size_t size, struct va_offer *ret_offer);

/* What report_write_results() wrote under `results->key`. Fills what is remembered of these
 * candidates, by their names. -ENOENT: of another key. -EBADMSG: damaged. */
int report_read_results(const char *text, size_t size, const struct candidates *candidates,
	struct probe_results *results);

/* To be freed with free(); NULL without memory. */
char *report_write_results(
	const struct probe_results *results, const struct candidates *candidates);
