#include "bridge_system.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/pidfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATH_SIZE 4096
/* Where wsl-init says that its mounts are done. */
#define READY_FD 3
/* In front of a program's own words: sh, the script, "run", the tree. */
#define SCRIPT_WORDS 4

static void tree_of(const char *base, char path[PATH_SIZE])
{
	snprintf(path, PATH_SIZE, "%s/tree", base);
}

bool system_is_there(const struct request *request)
{
	char tree[PATH_SIZE];

	tree_of(request->base, tree);
	return access(tree, F_OK) == 0;
}

/* Whether its command line is "wsl-init" and `base`. */
static bool is_init(const char *pid, const char *base)
{
	char path[64], words[sizeof SYSTEM_INIT + PATH_SIZE] = "";

	snprintf(path, sizeof path, "/proc/%.20s/cmdline", pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	ssize_t size = read(fd, words, sizeof words - 1);
	close(fd);
	return size > (ssize_t)sizeof SYSTEM_INIT && !strcmp(words, SYSTEM_INIT) &&
		!strcmp(words + sizeof SYSTEM_INIT, base);
}

/* Its process, or 0. */
static pid_t find_init(const char *base)
{
	DIR *processes = opendir("/proc");
	pid_t found = 0;

	for (const struct dirent *entry; processes && !found && (entry = readdir(processes));)
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' &&
			is_init(entry->d_name, base))
			found = (pid_t)atoi(entry->d_name);
	if (processes)
		closedir(processes);
	return found;
}

static void __attribute__((noreturn)) become_init(const char *base, int ready)
{
	char log[PATH_SIZE];

	setsid();
	snprintf(log, sizeof log, "%s/init.log", base);
	int output = open(log, O_WRONLY | O_CREAT | O_APPEND, 0644);
	dup2(output, STDOUT_FILENO);
	dup2(output, STDERR_FILENO);
	dup2(ready, READY_FD);
	close_range(READY_FD + 1, ~0U, 0);
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0)
		execl("/proc/self/exe", SYSTEM_INIT, base, (char *)NULL);
	_exit(1);
}

static pid_t start_init(const char *base)
{
	int ready[2];
	char byte;

	if (pipe2(ready, O_CLOEXEC) < 0)
		return 0;
	pid_t pid = (pid_t)syscall(
		SYS_clone, SIGCHLD | CLONE_NEWNS | CLONE_NEWPID, NULL, NULL, NULL, NULL);
	if (pid == 0)
		become_init(base, ready[1]);
	close(ready[1]);
	bool is_ready = pid > 0 && read(ready[0], &byte, 1) == 1;
	close(ready[0]);
	return is_ready ? pid : 0;
}

bool system_enter(const struct request *request)
{
	/* Two that come at once start it once. */
	int lock = open(request->base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (lock < 0 || flock(lock, LOCK_EX) < 0)
		return false;
	pid_t pid = find_init(request->base);
	if (!pid)
		pid = start_init(request->base);
	int init = pid ? pidfd_open(pid, 0) : -1;
	bool entered = init >= 0 && setns(init, CLONE_NEWNS | CLONE_NEWPID) == 0;
	if (init >= 0)
		close(init);
	close(lock);
	return entered;
}

void system_leave(void)
{
	int own = open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC);

	setns(own, CLONE_NEWPID);
	close(own);
}

void system_run(struct request *request)
{
	static char shell[] = "sh", verb[] = "run";
	char tree[PATH_SIZE], *script = getenv("HELIX_STUB_SYSTEM");
	char *words[SCRIPT_WORDS + MAX_ARGUMENTS + 1] = { shell, script, verb, tree };
	const char *directory = request->directory;

	tree_of(request->base, tree);
	memcpy(words + SCRIPT_WORDS, request->arguments,
		(request->argument_count + 1) * sizeof *words);
	setenv("WSL_NAME", request->name, true);
	setenv("WSL_USER", request->user ? request->user : "", true);
	setenv("WSL_DIRECTORY", directory && strcmp(directory, "~") ? directory : "", true);
	if (script)
		execv("/bin/sh", words);
}

void system_end(const struct request *request)
{
	for (pid_t pid; (pid = find_init(request->base));) {
		struct pollfd ended = { .fd = pidfd_open(pid, 0), .events = POLLIN };

		if (ended.fd < 0)
			continue;
		kill(pid, SIGKILL);
		poll(&ended, 1, -1);
		close(ended.fd);
	}
}

/* The script, with one of its verbs. */
static pid_t start_script(const char *verb, const char *base, const sigset_t *signals)
{
	char tree[PATH_SIZE];
	const char *script = getenv("HELIX_STUB_SYSTEM");

	tree_of(base, tree);
	pid_t pid = fork();
	if (pid != 0)
		return pid;
	close(READY_FD);
	sigprocmask(SIG_SETMASK, signals, NULL);
	if (script)
		execl("/bin/sh", "sh", script, verb, tree, (char *)NULL);
	_exit(127);
}

int system_init(const char *base)
{
	sigset_t child, before;
	int status;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, &before);
	signal(SIGPIPE, SIG_DFL);
	pid_t mounting = start_script("mount", base, &before);
	if (mounting < 0 || waitpid(mounting, &status, 0) < 0 || status != 0)
		return 1;
	start_script("boot", base, &before);
	if (write(READY_FD, "", 1) < 0)
		return 1;
	close(READY_FD);
	for (;;) {
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		sigwaitinfo(&child, NULL);
	}
}
