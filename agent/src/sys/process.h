/* Child processes that cannot outlive us.
 *
 * Every child is started in a process group of its own, with PR_SET_PDEATHSIG SIGKILL, default
 * signal dispositions and an empty signal mask, and no inherited descriptor but those given. Its
 * stdin is /dev/null. What it writes to stdout and stderr becomes debug lines of our log, "name:
 * line"; the last lines before a crash are kept for whoever reports it.
 *
 * The agent is a child subreaper, and so is its keeper (keeper.h): a daemon that a child forked
 * comes back to us as an orphan, is reaped here, and is killed when the agent leaves.
 *
 * Threads: main loop only. Ownership: a process lives from process_start() to process_free() or
 * process_leave(); its exit is told once, and it must be freed after that too. All must be freed
 * or left before processes_free(). */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct processes;
struct process;
struct sd_event;

#define PROCESS_MAX_FDS 4

struct process_options {
	const char *name;               /* for the log; copied */
	const char *const *argv;        /* argv[0] is looked up in our PATH; NULL-terminated */
	const char *const *environment; /* all of it, "NAME=value"; NULL-terminated */
	const char *directory;          /* working directory; NULL = ours */
	int fds[PROCESS_MAX_FDS];       /* become 3, 4, ... in the child; stay open in the caller */
	size_t n_fds;
	int nice; /* added to ours; a refusal is ignored */
};

/* Takes over SIGCHLD on this loop, and becomes a child subreaper. */
int processes_new(struct sd_event *event, struct processes **ret_processes);

/* SIGTERM to every process below us, `grace_us` of time, then SIGKILL to those that are left,
 * orphans included; returns when all are reaped. The only call here that blocks. */
void processes_free(struct processes *processes, uint64_t grace_us);

/* -ENOENT when the program is not there, or another errno of fork, chdir and exec. `on_exit` gets
 * the wait status of waitpid(2), comes from the loop, and may free the process. */
int process_start(struct processes *processes, const struct process_options *options,
	void (*on_exit)(void *owner, struct process *process, int status), void *owner,
	struct process **ret_process);

pid_t process_pid(const struct process *process);
const char *process_name(const struct process *process);

/* The last few lines that it wrote, joined by newlines; "" when there were none. Valid until its
 * next line. */
const char *process_last_words(const struct process *process);

/* Sends a signal to its process group. Nothing when it has ended. */
void process_kill(struct process *process, int signal);

/* Forgets the process: on_exit will not be called. SIGKILL if it still runs; it is reaped later. */
void process_free(struct process *process);

/* The same with SIGTERM: it may take its time to leave, at most until processes_free(). */
void process_leave(struct process *process);

/* "exit code 3", "killed by SIGSEGV (core dumped)": for logs and people. */
const char *process_status_string(int status, char *buffer, size_t size);
