/* What a probe found out about one candidate, and what follows from all of them.
 *
 * Threads: any; no shared state. Pure. */
#pragma once

#include "core/candidates.h"

#include <stddef.h>
#include <stdint.h>

enum verdict_state {
	VERDICT_UNTRIED,
	VERDICT_WORKS,
	VERDICT_FAILED,
	VERDICT_IMPOSSIBLE, /* not tried: candidate.obstacle says why */
};

struct verdict {
	char name[64]; /* the candidate's */
	enum verdict_state state;
	char driver[160];               /* VA's vendor string, or ""; foreign text */
	char problem[256], advice[256]; /* for people; "" when it works */

	/* Of the pictures that were encoded one after another. */
	uint32_t pictures, units, decoded;
	uint32_t first_us, p50_us, p95_us, max_us; /* handed over until its access unit is there */
	double fps;                                /* if they came as fast as they go */
	double psnr_db;                            /* luma, decoded against given */
	char profile[32], codec[32];               /* from the SPS: "high", "avc1.64001f" */
};

/* What the compositor's GL does, by helix-glprobe. */
struct gl_verdict {
	enum verdict_state state;
	char renderer[160]; /* foreign text */
	char problem[256];
	double upload_ms, readback_ms, draw_ms; /* medians for one 1920x1080 picture */
};

/* Whether a working encoder takes a frame time of `fps` at most, for the median picture and on the
 * whole. The 95th percentile does not count: a busy start spoils it. */
bool verdict_keeps_up(const struct verdict *verdict, uint32_t fps);

/* Indices of the working candidates, the best first: how many. Hardware that keeps up with `fps`
 * goes first, in the ladder's order unless another is faster by a third (its median picture takes
 * two thirds of the time or less); then software that keeps up, in the ladder's order, which is
 * that of quality; then all that does not, the fastest first. `verdicts` runs parallel to
 * `candidates->items`. */
size_t verdicts_rank(const struct candidates *candidates, const struct verdict *verdicts,
	uint32_t fps, size_t order[CANDIDATES_MAX]);

/* Whether a GL renderer of this name runs on the CPU. */
bool gl_is_software(const char *renderer);

/* Whether the compositor should be drawn by `gpu` rather than by `software`: it works, is no
 * software renderer, and a whole picture's upload (with the drawing of it) and readback take no
 * longer than twice of software's or a frame time of 60 per second, whichever is more. Without
 * figures it is not, and software without figures counts as fast. */
bool gl_is_worth_it(const struct gl_verdict *gpu, const struct gl_verdict *software);

/* The GPU's name within a VA vendor string or a GL renderer: what is in the parentheses of "... for
 * D3D12 (NVIDIA GeForce RTX 5070)" and "D3D12 (...)", else what is before them; "" when there is
 * none. Truncates between characters; what is no printable UTF-8 becomes "?". */
void verdict_adapter(const char *driver, char *buffer, size_t size);

/* "iHD", "radeonsi", "D3D12", "softva", ...: the driver within a VA vendor string, as short as it
 * is unmistakable; "Mesa" where Mesa does not say more; "" for "". Writes as verdict_adapter(). */
void verdict_driver(const char *vendor, char *buffer, size_t size);
