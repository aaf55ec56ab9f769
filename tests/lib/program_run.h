/* A program that is run to its end: what it says, and how it ends.
 *
 * Threads: one. Ownership: a run is the test's, in its own memory. What goes wrong with the
 * machinery itself ends the test by abort(). */
#pragma once

#include <stddef.h>

#define PROGRAM_RUN_MAX_OUTPUT    8192
#define PROGRAM_RUN_MAX_VARIABLES 16

struct program_run {
	const char *program;
	char directory[32]; /* its own: also XDG_RUNTIME_DIR */
	char arguments[256];
	char variables[PROGRAM_RUN_MAX_VARIABLES][512];
	size_t variable_count;
	int output_fd; /* the program's: what goes there is kept */

	/* Afterwards. */
	int status; /* as waitpid(2) has it; -ETIMEDOUT when it had to be killed after 20 s */
	char output[PROGRAM_RUN_MAX_OUTPUT + 1];
};

/* `arguments` with blanks between; `program` is not copied. The output is stdout's. */
void program_run_init(struct program_run *run, const char *program, const char *arguments);

/* Remove the directory with the files in it. */
void program_run_done(struct program_run *run);

/* A variable of its environment; NULL takes it away. For GST_REGISTRY a name in the directory. */
void program_run_set(struct program_run *run, const char *name, const char *value);

/* Start it and wait until it has closed its output and ended. */
void program_run_go(struct program_run *run);
