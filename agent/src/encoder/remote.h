/* helix-encoder, driven from the agent: starts it, feeds it over core/link.h and watches it.
 *
 * The process runs in the environment of one candidate. `configure` starts it anew when it does not
 * run, or when the wanted candidate does not fit into that environment; after a fault nothing is
 * tried again before `configure`. Each answer has a deadline; a process that misses one, or breaks
 * the link's rules, is killed.
 *
 * A process in which an encoder failed serves on, but lets go of that encoder only at the next
 * CONFIGURE, where its driver may hang or crash. When that one is for another candidate, which is
 * not to blame, the process is replaced without a word. */
#pragma once

#include "port/encoder.h"

#include <stddef.h>

struct processes;
struct sd_event;

struct encoder_remote_options {
	const char *program;               /* path of helix-encoder; copied */
	const struct candidate *candidate; /* for whom it is started at creation; copied */
	const char *const *environment;    /* ours; candidate_environment() makes the process's */
	/* The path of the GStreamer registry for a candidate. */
	void (*registry)(void *owner, const struct candidate *candidate, char *path, size_t size);
	void *registry_owner;
	uint64_t hang_us;  /* a picture that takes longer hangs */
	uint64_t start_us; /* ditto, until GStreamer has started; 0 = 20 s, of hardware 2.5 s */
};

/* Starts the process at once, so that it is warm when `configure` comes. 0 or a negative errno. */
int encoder_remote_new(struct sd_event *event, struct processes *processes,
	const struct encoder_remote_options *options, const struct encoder_events *events,
	void *owner, struct encoder **ret_encoder);

/* For metrics and status. How often the process was started anew, and its number; 0 while there is
 * none. */
uint64_t encoder_remote_restarts(const struct encoder *encoder);
int encoder_remote_pid(const struct encoder *encoder);
