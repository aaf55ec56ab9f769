/* Finds out what this machine's encoders and its GL really do, by trying them, each in a process of
 * its own with a deadline; and remembers the answer as long as nothing changes that could change
 * it.
 *
 * Reads the reports of helix-encoder and helix-glprobe (formats: agent/encoder/probe.h,
 * agent/glprobe/main.c); a report is foreign data, bounded and checked.
 *
 * Threads: main loop only. */
#pragma once

#include "core/candidates.h"
#include "core/machine.h"
#include "core/verdict.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct probe;
struct processes;
struct sd_event;

#define PROBE_KEY_SIZE 17

/* Instead of a candidate's index. */
#define PROBE_ALL SIZE_MAX       /* every possible one, and GL */
#define PROBE_GL  (SIZE_MAX - 1) /* only GL */

struct probe_options {
	const char *encoder_program, *gl_program; /* paths of helix-encoder and helix-glprobe */
	const char *cache_dir;                    /* for what is remembered, and the registries */
	const struct machine *machine;
	const struct candidates *candidates;
	uint32_t width_px, height_px, fps, bitrate_kbit;
};

struct probe_results {
	/* Stands for everything that can change an answer: kernel, WSL's libraries and driver
	 * store, DRM nodes, the files of Mesa, libva and GStreamer's plugins, the environment's
	 * words, the adapter, the size, Helix's version. */
	char key[PROBE_KEY_SIZE];
	struct verdict verdicts[CANDIDATES_MAX]; /* parallel to the candidates */
	size_t order[CANDIDATES_MAX];            /* the working ones, the best first */
	size_t working;
	struct gl_verdict gl, gl_software; /* tried only with /dev/dxg; else UNTRIED */
	char versions[3][48];              /* Mesa, libva, GStreamer; "" = unknown */
};

/* `fallback` must be of this user alone, or NULL: a GStreamer registry names code to load.
 *
 * The user's cache for Helix ("$XDG_CACHE_HOME/helix", made when missing), or `fallback` where
 * none can be written to. False when there is neither, or it does not fit into `size`. */
bool probe_cache_dir(const char *fallback, char *path, size_t size);

/* Fills `key`, and the rest from the cache. 0, or -ENOENT when nothing usable is remembered for
 * this key: then the verdicts are those of no probe (UNTRIED or IMPOSSIBLE). Takes a few stat()
 * calls and one small file. */
int probe_load(const struct probe_options *options, struct probe_results *ret_results);

/* The path of the GStreamer registry for a candidate: one for each key and environment, because a
 * registry remembers what failed. */
void probe_registry(const struct probe_options *options, const char *key,
	const struct candidate *candidate, char *path, size_t size);

/* Try the candidate at `only`, or what PROBE_ALL and PROBE_GL say, one after another; GL only where
 * the machine has /dev/dxg. `on_done` comes from the loop, once; it may free the probe. What was
 * tried replaces its part of the cache, but for a single candidate that failed. The options are
 * copied, what they point to is not. */
int probe_start(struct sd_event *event, struct processes *processes,
	const struct probe_options *options, size_t only,
	void (*on_done)(void *owner, const struct probe_results *results), void *owner,
	struct probe **ret_probe);

/* Kills what runs. Accepts NULL. */
void probe_free(struct probe *probe);
