/* One try: a program in a process of its own, which writes a report to its descriptor 3 and has
 * only so much time. It may crash, hang, or write nonsense.
 *
 * Threads: main loop only. Ownership: whoever started a trial frees it, from on_done or later. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TRIAL_MAX_REPORT (64u << 10)

struct processes;
struct sd_event;
struct trial;

struct trial_options {
	const char *name; /* for the log, and for trial_explain() */
	const char *const *argv, *const *environment;
	uint64_t deadline_us; /* from now; then it is killed */
};

struct trial_outcome {
	bool timed_out;
	uint64_t deadline_us;
	const char *name;
	int status; /* as of waitpid(2), unless it timed out */
	/* What was written, at most TRIAL_MAX_REPORT bytes; ended by a NUL that does not count. */
	const char *report;
	size_t report_size;
	const char *last_words; /* on stderr */
};

/* `on_done` comes from the loop, once; the outcome is valid during the call. A negative errno when
 * the program cannot be started. */
int trial_start(struct sd_event *event, struct processes *processes,
	const struct trial_options *options,
	void (*on_done)(void *owner, const struct trial_outcome *outcome), void *owner,
	struct trial **ret_trial);

/* Kills what runs. Accepts NULL. */
void trial_free(struct trial *trial);

/* The sentence for an outcome whose report does not count, because it did not end well or wrote
 * none; "" when it may count. `culprit`: "driver", "encoder". Truncates. */
void trial_explain(
	const struct trial_outcome *outcome, const char *culprit, char *buffer, size_t size);

/* The reason of such an outcome for advice_for(); NULL when none is known. */
const char *trial_code(const struct trial_outcome *outcome);
