#include "sys/cleanup.h"
#include "sys/clock.h"
#include "sys/machine.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define BUDGET_US  USEC_PER_SEC
#define MERCY_MS   100 /* for what was killed to be gone */
#define MAX_ANSWER 256

extern char **environ;

static int milliseconds_until(uint64_t deadline_us)
{
	uint64_t now_us = clock_now_us();

	return now_us < deadline_us ? (int)((deadline_us - now_us) / USEC_PER_MSEC) + 1 : 0;
}

/* In a process group of its own, so that all of it can be killed. A positive pid, or a negative
 * errno. */
static int start(const char *question, int output)
{
	char *argv[] = { (char *)"wslinfo", (char *)question, NULL };
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	sigset_t none, all;
	pid_t pid;

	sigemptyset(&none);
	sigfillset(&all);
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_adddup2(&files, output, STDOUT_FILENO);
	posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setflags(&attributes,
		POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	posix_spawnattr_setpgroup(&attributes, 0);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setsigdefault(&attributes, &all);
	int error = posix_spawnp(&pid, "wslinfo", &files, &attributes, argv, environ);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&files);
	return error ? -error : pid;
}

/* What comes until the end, the deadline, or more than is wanted: its size. */
static size_t read_answer(int fd, uint64_t deadline_us, char answer[MAX_ANSWER])
{
	struct pollfd readable = { .fd = fd, .events = POLLIN };
	size_t used = 0;

	while (used < MAX_ANSWER - 1) {
		int r = poll(&readable, 1, milliseconds_until(deadline_us));

		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			break;
		ssize_t got = read(fd, answer + used, MAX_ANSWER - 1 - used);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		used += (size_t)got;
	}
	answer[used] = '\0';
	return used;
}

/* Whether it ended by the deadline, and well. Nothing of it is left behind. */
static bool ended_well(pid_t pid, uint64_t deadline_us)
{
	autoclose int process = pidfd_open(pid, 0);
	struct pollfd ended = { .fd = process, .events = POLLIN };
	siginfo_t end = { 0 };

	/* After a signal handler of ours it is killed a little too soon. */
	poll(&ended, 1, milliseconds_until(deadline_us));
	bool is_good = waitid(P_PID, (id_t)pid, &end, WEXITED | WNOHANG | WNOWAIT) == 0 &&
		end.si_code == CLD_EXITED && end.si_status == 0;

	/* Not reaped yet, so that the group's number is nobody else's. */
	kill(-pid, SIGKILL);
	poll(&ended, 1, MERCY_MS);
	waitpid(pid, NULL, WNOHANG);
	return is_good;
}

/* The answers are single words, "2.5.10.0" and "mirrored"; anything else is none. */
static void take_word(char *buffer, size_t size, const char *answer)
{
	size_t from = strspn(answer, " \t\r\n"), length = 0;

	while (isalnum((unsigned char)answer[from + length]) ||
		(answer[from + length] && strchr(".-_+", answer[from + length])))
		length++;
	size_t rest = from + length + strspn(answer + from + length, " \t\r\n");
	if (answer[rest] || length >= size)
		return;
	memcpy(buffer, answer + from, length);
	buffer[length] = '\0';
}

static void ask(const char *question, uint64_t deadline_us, char *buffer, size_t size)
{
	int ends[2];
	char answer[MAX_ANSWER];

	if (milliseconds_until(deadline_us) == 0 || pipe2(ends, O_CLOEXEC) < 0)
		return;
	pid_t pid = start(question, ends[1]);
	close(ends[1]);
	if (pid > 0) {
		size_t used = read_answer(ends[0], deadline_us, answer);
		/* Who has more to say than we want ends now. */
		close(ends[0]);
		if (ended_well(pid, deadline_us) && strlen(answer) == used)
			take_word(buffer, size, answer);
	} else {
		close(ends[0]);
	}
}

void machine_ask_wsl(struct machine *machine)
{
	uint64_t deadline_us = clock_now_us() + BUDGET_US;

	if (!machine->is_wsl)
		return;
	ask("--version", deadline_us, machine->wsl_version, sizeof machine->wsl_version);
	ask("--networking-mode", deadline_us, machine->wsl_networking,
		sizeof machine->wsl_networking);
}
