#include "sys/keeper.h"

#include "sys/cleanup.h"
#include "sys/clock.h"
#include "sys/descendants.h"
#include "sys/log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define GRACE_US (500 * USEC_PER_MSEC)
/* A socket's path has 107 bytes; the longest name in the directory is about 40. */
#define MAX_RUNTIME_DIR 64
#define MAX_DEPTH       32

/* The directory lives as long as the program, and keeper_done() must know it. */
static char runtime_dir[MAX_RUNTIME_DIR];

static bool is_private_directory(const char *path)
{
	struct stat st;

	return path && path[0] == '/' && !stat(path, &st) && S_ISDIR(st.st_mode) &&
		st.st_uid == geteuid() && !access(path, W_OK | X_OK);
}

static int make_in(const char *parent)
{
	int size = snprintf(runtime_dir, sizeof runtime_dir, "%s/helix-XXXXXX", parent);

	if (size < 0 || (size_t)size >= sizeof runtime_dir)
		return -ENAMETOOLONG;
	return mkdtemp(runtime_dir) ? 0 : -errno;
}

static int make_runtime_dir(void)
{
	const char *parent = getenv("XDG_RUNTIME_DIR");

	if (is_private_directory(parent) && !make_in(parent))
		return 0;
	return make_in("/tmp");
}

/* Without root a FUSE mount is undone by a setuid helper only. */
static void unmount(const char *path)
{
	if (!umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) || errno != EPERM)
		return;

	pid_t pid = fork();
	if (!pid) {
		execlp("fusermount3", "fusermount3", "-u", "-q", "-z", path, (char *)NULL);
		execlp("fusermount", "fusermount", "-u", "-q", "-z", path, (char *)NULL);
		_exit(127);
	}
	if (pid > 0)
		waitpid(pid, NULL, 0);
}

/* The document portal and gvfs mount FUSE file systems here. Killed, they leave dead mounts that
 * cannot be removed. */
static void unmount_below(const char *directory)
{
	FILE *file = fopen("/proc/self/mountinfo", "re");
	size_t length = strlen(directory);
	char *line = NULL;
	size_t capacity = 0;

	if (!file)
		return;
	while (getline(&line, &capacity, file) > 0) {
		char *path = line;

		for (int field = 1; path && field < 5; field++)
			path = strchr(path, ' ') ? strchr(path, ' ') + 1 : NULL;
		if (!path || strncmp(path, directory, length) != 0 || path[length] != '/')
			continue;
		path[strcspn(path, " ")] = '\0';
		unmount(path);
	}
	free(line);
	fclose(file);
}

/* All in it, but not what is mounted there: that is somebody's. What cannot go stays; the rest
 * goes. On an overlay only directories tell by their device where they are, so that nftw with
 * FTW_MOUNT would leave every file. */
static void empty_directory(int parent, const char *name, dev_t device, int depth)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat status;
	DIR *directory = NULL;

	if (fd < 0)
		return;
	if (depth < MAX_DEPTH && fstat(fd, &status) == 0 && status.st_dev == device)
		directory = fdopendir(fd);
	if (!directory) {
		close(fd);
		return;
	}
	for (struct dirent *entry; (entry = readdir(directory));) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		if (unlinkat(fd, entry->d_name, 0) == 0 || errno != EISDIR)
			continue;
		empty_directory(fd, entry->d_name, device, depth + 1);
		unlinkat(fd, entry->d_name, AT_REMOVEDIR);
	}
	closedir(directory);
}

static void remove_runtime_dir(void)
{
	struct stat status;

	if (stat(runtime_dir, &status) < 0)
		return;
	unmount_below(runtime_dir);
	empty_directory(AT_FDCWD, runtime_dir, status.st_dev, 0);
	if (rmdir(runtime_dir) < 0)
		log_warn("keeper: %s could not be removed", runtime_dir);
}

/* Reaps all children. True when the agent was among them. */
static bool reap(pid_t agent, int *ret_status)
{
	int status;
	bool ended = false;

	for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;)
		if (pid == agent) {
			*ret_status = status;
			ended = true;
		}
	return ended;
}

static int wait_for_agent(pid_t agent, const sigset_t *signals)
{
	int status = 0;

	while (!reap(agent, &status)) {
		siginfo_t info;
		int signal = sigwaitinfo(signals, &info);

		/* What the terminal's driver sends went to the whole process group. */
		if (signal > 0 && signal != SIGCHLD && info.si_code != SI_KERNEL)
			kill(agent, signal);
	}
	return status;
}

static void __attribute__((noreturn)) keep(pid_t agent, const sigset_t *signals)
{
	prctl(PR_SET_NAME, "helix-keeper", 0, 0, 0);

	int status = wait_for_agent(agent, signals);
	if (descendants_end(GRACE_US) < 0)
		log_warn("keeper: some processes of the session could not be killed");
	remove_runtime_dir();
	_exit(WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
}

int keeper_fork(const char **ret_runtime_dir)
{
	sigset_t signals, before;
	pid_t keeper = getpid();

	int r = descendants_adopt();
	if (r < 0)
		return r;
	r = make_runtime_dir();
	if (r < 0)
		return r;

	/* Blocked before the fork, so that none is lost while the keeper gets ready. */
	sigemptyset(&signals);
	sigaddset(&signals, SIGCHLD);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGHUP);
	sigprocmask(SIG_BLOCK, &signals, &before);

	pid_t pid = fork();
	if (pid > 0)
		keep(pid, &signals);
	r = -errno;
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (pid < 0) {
		rmdir(runtime_dir);
		return r;
	}

	prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
	if (getppid() != keeper)
		raise(SIGTERM);
	*ret_runtime_dir = runtime_dir;
	return 0;
}

void keeper_done(void)
{
	if (runtime_dir[0])
		remove_runtime_dir();
}
