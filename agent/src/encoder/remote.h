/* helix-encoder, driven from the agent: starts it, feeds it over core/link.h, watches it, and
 * starts it anew when it crashes or hangs. */
#pragma once

#include "port/encoder.h"

struct processes;
struct sd_event;

struct encoder_remote_options {
	const char *program;            /* path of helix-encoder */
	const char *const *environment; /* all of its environment */
	uint64_t hang_us;               /* no answer for so long means that it hangs */
};

/* Starts the process at once, so that it is warm when `configure` comes. 0 or a negative errno. */
int encoder_remote_new(struct sd_event *event, struct processes *processes,
	const struct encoder_remote_options *options, const struct encoder_events *events,
	void *owner, struct encoder **ret_encoder);

/* For metrics and status. */
uint64_t encoder_remote_restarts(const struct encoder *encoder);
int encoder_remote_pid(const struct encoder *encoder);
