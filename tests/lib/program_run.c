#include "lib/program_run.h"

#include "sys/clock.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define DEADLINE_US   (20 * USEC_PER_SEC)
#define MAX_ARGUMENTS 16

/* Of the test itself, never of what it tests. */
static void must(bool is_so, const char *what)
{
	if (is_so)
		return;
	perror(what);
	abort();
}

void program_run_init(struct program_run *run, const char *program, const char *arguments)
{
	*run = (struct program_run){
		.program = program,
		.directory = "/tmp/helix-run-XXXXXX",
		.output_fd = STDOUT_FILENO,
	};
	must(mkdtemp(run->directory), "mkdtemp");
	snprintf(run->arguments, sizeof run->arguments, "%s", arguments);
	program_run_set(run, "XDG_RUNTIME_DIR", run->directory);
}

void program_run_done(struct program_run *run)
{
	DIR *directory = opendir(run->directory);
	struct dirent *entry;
	char path[320];

	must(directory, run->directory);
	while ((entry = readdir(directory))) {
		snprintf(path, sizeof path, "%s/%s", run->directory, entry->d_name);
		if (entry->d_name[0] != '.')
			unlink(path);
	}
	closedir(directory);
	must(rmdir(run->directory) == 0, run->directory);
}

/* A registry is put in place by rename(2), which would replace a device, too. */
void program_run_set(struct program_run *run, const char *name, const char *value)
{
	bool is_file = value && !strcmp(name, "GST_REGISTRY");
	char *variable = run->variables[run->variable_count++];

	must(run->variable_count <= PROGRAM_RUN_MAX_VARIABLES, "program_run_set");
	must(!is_file || !strchr(value, '/'), value);
	snprintf(variable, sizeof run->variables[0], "%s%s%s%s%s", name, value ? "=" : "",
		is_file ? run->directory : "", is_file ? "/" : "", value ? value : "");
}

static void become_program(struct program_run *run, int fd)
{
	char *argv[MAX_ARGUMENTS] = { strdup(run->program) };
	int count = 1;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setenv("ASAN_OPTIONS", "detect_leaks=0", 0); /* encoder_child.c says why */
	for (size_t i = 0; i < run->variable_count; i++)
		putenv(run->variables[i]);
	for (char *word = strtok(run->arguments, " "); word; word = strtok(NULL, " ")) {
		must(count + 1 < MAX_ARGUMENTS, "arguments");
		argv[count++] = word;
	}
	dup2(fd, run->output_fd);
	execv(run->program, argv);
	perror(run->program);
	_exit(127);
}

/* False when the deadline is over. */
static bool await(int fd, uint64_t deadline_us)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	uint64_t now_us = clock_now_us();
	int left_ms = now_us < deadline_us ? (int)((deadline_us - now_us) / USEC_PER_MSEC) : 0;

	return poll(&ready, 1, left_ms) > 0;
}

void program_run_go(struct program_run *run)
{
	uint64_t deadline_us = clock_now_us() + DEADLINE_US;
	size_t size = 0;
	int fds[2];

	must(pipe2(fds, O_CLOEXEC) == 0, "pipe2");
	pid_t pid = fork();
	must(pid >= 0, "fork");
	if (pid == 0)
		become_program(run, fds[1]);
	close(fds[1]);
	int process = (int)syscall(SYS_pidfd_open, pid, 0);
	must(process >= 0, "pidfd_open");

	ssize_t n = 1;
	while (n > 0 && size < PROGRAM_RUN_MAX_OUTPUT) {
		n = await(fds[0], deadline_us)
			? read(fds[0], run->output + size, PROGRAM_RUN_MAX_OUTPUT - size)
			: 0;
		size += n > 0 ? (size_t)n : 0;
	}
	bool is_late = !await(process, deadline_us);
	if (is_late)
		kill(pid, SIGKILL);
	must(waitpid(pid, &run->status, 0) == pid, "waitpid");
	if (is_late)
		run->status = -ETIMEDOUT;
	close(process);
	close(fds[0]);
}
