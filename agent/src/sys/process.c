#include "sys/process.h"

#include "sys/cleanup.h"
#include "sys/clock.h"
#include "sys/descendants.h"
#include "sys/log.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <systemd/sd-event.h>

#define MAX_LINE             256 /* longer lines are cut */
#define MAX_LAST_WORDS       8   /* lines */
#define MAX_LINES_PER_SECOND 50  /* in the log; more are only counted */
#define MAX_READS_PER_TURN   16

struct output {
	int fd;
	sd_event_source *source;
	char line[MAX_LINE];
	size_t length;
	char words[MAX_LAST_WORDS * MAX_LINE];
	uint64_t second; /* of the rate limit */
	unsigned lines, dropped;
};

struct processes {
	sd_event *event;
	sd_event_source *child_signal;
	struct process *first;
};

struct process {
	struct processes *processes;
	struct process *next;
	char *name;
	pid_t pid;
	bool has_ended;
	struct output output;
	void (*on_exit)(void *owner, struct process *process, int status);
	void *owner;
};

/* Keeps the newest MAX_LAST_WORDS lines. */
static void remember(struct output *output, const char *line)
{
	char *words = output->words;
	unsigned lines = *words ? 1 : 0;

	for (const char *c = words; *c; c++)
		lines += *c == '\n';
	if (lines == MAX_LAST_WORDS) {
		const char *second = strchr(words, '\n') + 1;
		memmove(words, second, strlen(second) + 1);
	}
	size_t used = strlen(words);
	snprintf(words + used, sizeof output->words - used, "%s%s", used ? "\n" : "", line);
}

static void log_line(struct process *process, const char *line)
{
	struct output *output = &process->output;
	uint64_t second = clock_now_us() / USEC_PER_SEC;

	if (log_level() < LOG_LEVEL_DEBUG)
		return;
	if (second != output->second) {
		if (output->dropped)
			log_debug("%s: (%u lines more)", process->name, output->dropped);
		output->second = second;
		output->lines = output->dropped = 0;
	}
	if (output->lines++ < MAX_LINES_PER_SECOND)
		log_debug("%s: %s", process->name, line);
	else
		output->dropped++;
}

static void end_line(struct process *process)
{
	struct output *output = &process->output;

	if (!output->length)
		return;
	output->line[output->length] = '\0';
	output->length = 0;
	remember(output, output->line);
	log_line(process, output->line);
}

static void take_output(struct process *process, const char *bytes, size_t size)
{
	struct output *output = &process->output;

	for (size_t i = 0; i < size; i++)
		if (bytes[i] == '\n')
			end_line(process);
		else if (output->length < sizeof output->line - 1 && bytes[i])
			output->line[output->length++] = bytes[i];
}

/* True while more may come. */
static bool read_output(struct process *process)
{
	char bytes[4096];

	for (int i = 0; i < MAX_READS_PER_TURN; i++) {
		ssize_t size = read(process->output.fd, bytes, sizeof bytes);

		if (size < 0)
			return errno == EAGAIN || errno == EINTR;
		if (size == 0)
			return false;
		take_output(process, bytes, (size_t)size);
	}
	return true;
}

static void output_done(struct output *output)
{
	sd_event_source_disable_unref(output->source);
	output->source = NULL;
	if (output->fd >= 0)
		close(output->fd);
	output->fd = -1;
}

static int on_output(sd_event_source *source, int fd, uint32_t events, void *data)
{
	struct process *process = data;

	(void)source;
	(void)fd;
	(void)events;
	if (!read_output(process))
		output_done(&process->output);
	return 0;
}

static void forget(struct process *process)
{
	struct process **link = &process->processes->first;

	while (*link != process)
		link = &(*link)->next;
	*link = process->next;
	output_done(&process->output);
	free(process->name);
	free(process);
}

static void tell_exit(struct process *process, int status)
{
	process->has_ended = true;
	/* A grandchild may hold the other end for ever, so what is there now is all. */
	if (process->output.fd >= 0)
		read_output(process);
	end_line(process);
	output_done(&process->output);
	if (process->on_exit)
		process->on_exit(process->owner, process, status);
	else
		forget(process);
}

static struct process *find(struct processes *processes, pid_t pid)
{
	struct process *process = processes->first;

	while (process && (process->has_ended || process->pid != pid))
		process = process->next;
	return process;
}

static int on_child_signal(
	sd_event_source *source, const struct signalfd_siginfo *signal, void *data)
{
	struct processes *processes = data;
	int status;

	/* Signals are merged, so every one stands for any number of children. */
	(void)source;
	(void)signal;
	for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
		struct process *process = find(processes, pid);

		if (process)
			tell_exit(process, status);
		else
			log_trace("process: orphan %d has ended", (int)pid);
	}
	return 0;
}

int processes_new(struct sd_event *event, struct processes **ret_processes)
{
	sigset_t child;

	int r = descendants_adopt();
	if (r < 0)
		return r;

	struct processes *processes = calloc(1, sizeof *processes);
	if (!processes)
		return -ENOMEM;

	/* sd-event reads a signalfd, which sees only blocked signals. */
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	r = sd_event_add_signal(
		event, &processes->child_signal, SIGCHLD, on_child_signal, processes);
	if (r < 0) {
		free(processes);
		return r;
	}
	processes->event = sd_event_ref(event);
	*ret_processes = processes;
	return 0;
}

void processes_free(struct processes *processes, uint64_t grace_us)
{
	if (!processes)
		return;

	if (descendants_end(grace_us) < 0)
		log_warn("process: some processes could not be killed, they stay");
	while (processes->first) {
		assert(!processes->first->on_exit); /* was left, not freed */
		forget(processes->first);
	}
	sd_event_source_disable_unref(processes->child_signal);
	sd_event_unref(processes->event);
	free(processes);
}

/* From here to child_run(): only what is safe between fork and exec. */

static void __attribute__((noreturn)) child_fail(int report_fd)
{
	int error = errno;
	ssize_t written = write(report_fd, &error, sizeof error);

	(void)written;
	_exit(127);
}

/* Moves descriptors to 0, 1, 2, 3, ...; copies high up first, so that none overwrites another.
 * Returns the new number of report_fd. */
static int child_set_fds(const struct process_options *options, int output_fd, int report_fd)
{
	int high[PROCESS_MAX_FDS] = { 0 };
	int floor = 3 + PROCESS_MAX_FDS;

	report_fd = fcntl(report_fd, F_DUPFD_CLOEXEC, floor);
	output_fd = fcntl(output_fd, F_DUPFD_CLOEXEC, floor);
	for (size_t i = 0; i < options->n_fds; i++) {
		high[i] = fcntl(options->fds[i], F_DUPFD_CLOEXEC, floor);
		if (high[i] < 0)
			child_fail(report_fd);
	}
	int null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (null_fd < 0 || dup2(null_fd, STDIN_FILENO) < 0 || dup2(output_fd, STDOUT_FILENO) < 0 ||
		dup2(output_fd, STDERR_FILENO) < 0)
		child_fail(report_fd);
	for (size_t i = 0; i < options->n_fds; i++)
		if (dup2(high[i], 3 + (int)i) < 0)
			child_fail(report_fd);

	/* An older kernel refuses; then CLOEXEC at open, which we use everywhere, must do. */
	close_range(3 + (unsigned)options->n_fds, ~0U, CLOSE_RANGE_CLOEXEC);
	return report_fd;
}

static void __attribute__((noreturn))
child_run(const struct process_options *options, int output_fd, int report_fd, pid_t parent)
{
	sigset_t none;

	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (getppid() != parent)
		_exit(127); /* it died before the line above */
	setpgid(0, 0);
	for (int i = 1; i < NSIG; i++)
		signal(i, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);

	report_fd = child_set_fds(options, output_fd, report_fd);
	if (options->directory && chdir(options->directory) < 0)
		child_fail(report_fd);
	errno = 0;
	if (options->nice && nice(options->nice) == -1)
		errno = 0;
	execvpe(options->argv[0], (char *const *)options->argv,
		(char *const *)options->environment);
	child_fail(report_fd);
}

/* Returns the pid once the program runs, or what fork or exec said. */
static int spawn(const struct process_options *options, int output_fd)
{
	int report[2], error = 0;
	pid_t parent = getpid();

	if (pipe2(report, O_CLOEXEC) < 0)
		return -errno;
	pid_t pid = fork();
	if (!pid)
		child_run(options, output_fd, report[1], parent);
	int r = pid < 0 ? -errno : pid;
	close(report[1]);

	/* The pipe is closed by a successful exec, and by death. */
	ssize_t size;
	do
		size = pid < 0 ? 0 : read(report[0], &error, sizeof error);
	while (size < 0 && errno == EINTR);
	close(report[0]);
	if (size == (ssize_t)sizeof error) {
		waitpid(pid, NULL, 0);
		r = -error;
	}
	return r;
}

int process_start(struct processes *processes, const struct process_options *options,
	void (*on_exit)(void *owner, struct process *process, int status), void *owner,
	struct process **ret_process)
{
	int pipe_fds[2];

	assert(options->n_fds <= PROCESS_MAX_FDS);
	struct process *process = calloc(1, sizeof *process);
	if (!process)
		return -ENOMEM;
	process->output.fd = -1;
	process->has_ended = true; /* until it runs */
	process->processes = processes;
	process->on_exit = on_exit;
	process->owner = owner;
	process->next = processes->first;
	processes->first = process;

	int r = -ENOMEM;
	process->name = strdup(options->name);
	if (!process->name)
		goto fail;
	if (pipe2(pipe_fds, O_CLOEXEC) < 0) {
		r = -errno;
		goto fail;
	}
	process->output.fd = pipe_fds[0];
	fcntl(pipe_fds[0], F_SETFL, O_NONBLOCK);
	r = spawn(options, pipe_fds[1]);
	close(pipe_fds[1]);
	if (r < 0)
		goto fail;
	process->pid = r;
	process->has_ended = false;

	r = sd_event_add_io(processes->event, &process->output.source, process->output.fd, EPOLLIN,
		on_output, process);
	if (r < 0)
		goto fail;
	*ret_process = process;
	return 0;

fail:
	process_free(process);
	return r;
}

pid_t process_pid(const struct process *process)
{
	return process->pid;
}

const char *process_name(const struct process *process)
{
	return process->name;
}

const char *process_last_words(const struct process *process)
{
	return process->output.words;
}

void process_kill(struct process *process, int signal)
{
	if (!process->has_ended)
		kill(-process->pid, signal);
}

void process_free(struct process *process)
{
	if (!process)
		return;
	process_kill(process, SIGKILL);
	forget(process);
}

void process_leave(struct process *process)
{
	if (!process)
		return;
	if (process->has_ended) {
		forget(process);
		return;
	}
	/* Its output stays open: SIGPIPE would end it before it has tidied up. */
	process->on_exit = NULL;
	process_kill(process, SIGTERM);
}

const char *process_status_string(int status, char *buffer, size_t size)
{
	if (WIFSIGNALED(status)) {
		const char *name = sigabbrev_np(WTERMSIG(status));
		snprintf(buffer, size, "killed by SIG%s%s", name ? name : "?",
			WCOREDUMP(status) ? " (core dumped)" : "");
	} else {
		snprintf(buffer, size, "exit code %d", WEXITSTATUS(status));
	}
	return buffer;
}
