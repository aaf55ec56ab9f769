/* Starting programs with pipes, in a job that ends with us.
 *
 * Threads: any. Ownership: the caller closes what it got with process_close(). */
#pragma once

#include "win/win.h"

struct process {
	HANDLE process, job;
	/* Our ends of the pipes that were asked for, else NULL. */
	HANDLE input, output, error;
};

struct process_options {
	const wchar_t *program;                   /* an absolute path */
	const char *const *arguments;             /* without the program, ended by NULL */
	bool pipe_input, pipe_output, pipe_error; /* what is not asked for is NUL */
	HANDLE input, output;                     /* inheritable files instead of pipes, or NULL */
	bool error_is_output;                     /* stderr into the same pipe or file */
};

/* Without a window, WSL_UTF8=1 in its environment, only the three handles inherited, in a
 * kill-on-close job that leaves out what it starts itself. PLAT_OK, PLAT_MISSING when there is no
 * such program, or another. */
int process_start(const struct process_options *options, struct process *ret_process);

/* Read a pipe, waiting `timeout_ms` at most, or until `also` (may be NULL) or the cancel event is
 * set. The number of bytes, PLAT_ENDED at its end, PLAT_TIMEOUT, PLAT_CANCELLED. */
int process_read(HANDLE pipe, void *buffer, size_t size, uint32_t timeout_ms, HANDLE also);

/* Write all of it to a pipe, likewise. PLAT_OK, PLAT_ENDED when nobody reads any more, PLAT_TIMEOUT
 * or PLAT_CANCELLED: then a part of it may have gone. Never WriteFile() without an OVERLAPPED: our
 * ends are overlapped. */
int process_write(HANDLE pipe, const void *bytes, size_t size, uint32_t timeout_ms, HANDLE also);

/* Wait for its end: PLAT_OK, PLAT_TIMEOUT, PLAT_CANCELLED. */
int process_wait(const struct process *process, uint32_t timeout_ms, uint32_t *ret_exit_code);

/* End it if it is still there, and close everything. Accepts zeroes. */
void process_close(struct process *process);
