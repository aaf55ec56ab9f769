#include "sys/process.h"

#include "sys/cleanup.h"
#include "sys/clock.h"
#include "sys/descendants.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <systemd/sd-event.h>

#define DEADLINE_US (10 * USEC_PER_SEC)

/* One shell command under a loop of its own. */
struct run {
	sd_event *event;
	struct processes *processes;
	struct process *process;
	int status;
	unsigned exits;
	char last_words[4096];
};

static void on_end(void *owner, struct process *process, int status)
{
	struct run *run = owner;

	run->status = status;
	run->exits++;
	snprintf(run->last_words, sizeof run->last_words, "%s", process_last_words(process));
	process_free(process);
	run->process = NULL;
}

static void run_init(struct run *run)
{
	*run = (struct run){ 0 };
	cr_assert_eq(sd_event_new(&run->event), 0);
	cr_assert_eq(processes_new(run->event, &run->processes), 0);
}

static void run_done(struct run *run)
{
	process_free(run->process);
	processes_free(run->processes, 0);
	sd_event_unref(run->event);
}

static int run_start(struct run *run, struct process_options options, const char *script)
{
	const char *const argv[] = { "sh", "-c", script, NULL };
	static const char *const environment[] = { "PATH=/usr/bin:/bin", "COLOUR=green", NULL };

	options.name = "test";
	options.argv = argv;
	options.environment = environment;
	return process_start(run->processes, &options, on_end, run, &run->process);
}

static void run_until_end(struct run *run)
{
	uint64_t deadline_us = clock_now_us() + DEADLINE_US;

	while (run->process && clock_now_us() < deadline_us)
		sd_event_run(run->event, USEC_PER_SEC);
	cr_assert_null(run->process, "it did not end");
}

static void run_script(struct run *run, const char *script)
{
	run_init(run);
	cr_assert_eq(run_start(run, (struct process_options){ 0 }, script), 0);
	run_until_end(run);
}

Test(process, tells_the_exit_once_with_its_code)
{
	struct run run;

	run_script(&run, "exit 3");
	sd_event_run(run.event, 0);

	cr_expect_eq(run.exits, 1);
	cr_expect(WIFEXITED(run.status));
	cr_expect_eq(WEXITSTATUS(run.status), 3);
	run_done(&run);
}

Test(process, a_missing_program_is_enoent_and_no_exit_is_told)
{
	const char *const argv[] = { "no-such-program-of-helix", NULL };
	const char *const environment[] = { NULL };
	const struct process_options options = {
		.name = "missing",
		.argv = argv,
		.environment = environment,
	};
	struct run run;
	run_init(&run);

	int r = process_start(run.processes, &options, on_end, &run, &run.process);

	cr_expect_eq(r, -ENOENT);
	cr_expect_null(run.process);
	sd_event_run(run.event, 0);
	cr_expect_eq(run.exits, 0);
	run_done(&run);
}

Test(process, a_missing_directory_is_enoent)
{
	struct run run;
	run_init(&run);

	int r = run_start(&run, (struct process_options){ .directory = "/no/such/place" }, "true");

	cr_expect_eq(r, -ENOENT);
	run_done(&run);
}

Test(process, has_the_given_environment_and_no_other)
{
	struct run run;

	setenv("COLOUR", "red", 1);
	setenv("SHAPE", "round", 1);
	run_script(&run, "echo $COLOUR ${SHAPE-none}");

	cr_expect_str_eq(run.last_words, "green none");
	run_done(&run);
}

Test(process, keeps_the_last_eight_lines_of_both_streams)
{
	struct run run;

	run_script(&run, "for i in 1 2 3 4 5 6 7 8 9; do echo $i; done; printf last >&2");

	cr_expect_str_eq(run.last_words, "3\n4\n5\n6\n7\n8\n9\nlast");
	run_done(&run);
}

Test(process, cuts_lines_that_are_too_long)
{
	struct run run;

	run_script(&run, "printf '%01000d\\nshort\\n' 7");

	cr_expect_eq(strlen(run.last_words), 255 + strlen("\nshort"));
	cr_expect_str_eq(run.last_words + 255, "\nshort");
	run_done(&run);
}

Test(process, survives_a_flood_of_output)
{
	struct run run;

	run_script(&run, "yes | head -c 3000000; echo end");

	cr_expect_eq(run.status, 0);
	cr_expect_str_eq(run.last_words + strlen(run.last_words) - 3, "end");
	run_done(&run);
}

Test(process, gets_only_the_descriptors_that_are_given)
{
	struct run run;
	int leaked[2], given[2];

	cr_assert_eq(pipe(leaked), 0); /* not CLOEXEC, on purpose */
	cr_assert_eq(pipe(given), 0);
	run_init(&run);
	int r = run_start(&run, (struct process_options){ .fds = { given[1] }, .n_fds = 1 },
		"echo hello >&3; exec ls /proc/self/fd");
	cr_assert_eq(r, 0);
	run_until_end(&run);

	char text[8] = "";
	cr_expect_eq(read(given[0], text, sizeof text - 1), 6);
	cr_expect_str_eq(text, "hello\n");
	cr_expect_str_eq(run.last_words, "0\n1\n2\n3\n4"); /* 4 is what ls reads */
	run_done(&run);
}

/* In a process of its own, as it takes descriptors 3 and 4 away from whoever had them. */
static void __attribute__((noreturn)) swap_descriptors(void)
{
	int pipes[2][2];
	char text[2][4] = { "", "" };
	struct run run;

	for (int i = 0; i < 2; i++) {
		cr_assert_eq(pipe2(pipes[i], O_CLOEXEC), 0);
		pipes[i][0] = fcntl(pipes[i][0], F_DUPFD_CLOEXEC, 100);
		pipes[i][1] = fcntl(pipes[i][1], F_DUPFD_CLOEXEC, 100);
	}
	dup3(pipes[0][1], 4, O_CLOEXEC);
	dup3(pipes[1][1], 3, O_CLOEXEC);
	run_init(&run);
	if (run_start(&run, (struct process_options){ .fds = { 4, 3 }, .n_fds = 2 },
		    "echo a >&3; echo b >&4") < 0)
		_exit(2);
	run_until_end(&run);
	for (int i = 0; i < 2; i++)
		if (read(pipes[i][0], text[i], sizeof text[i] - 1) != 2)
			_exit(3);
	_exit(text[0][0] == 'a' && text[1][0] == 'b' ? 0 : 4);
}

Test(process, swapped_descriptors_do_not_overwrite_each_other)
{
	int status;

	pid_t pid = fork();
	if (!pid)
		swap_descriptors();

	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_expect_eq(status, 0);
}

Test(process, starts_with_default_signals_in_a_group_of_its_own)
{
	/* 32 and 33 are libc's, which ignores them in what posix_spawn() starts: make, for one. */
	static const unsigned long long theirs = 3ULL << 31;
	unsigned long long blocked = 1, ignored = 1;
	struct run run;

	signal(SIGPIPE, SIG_IGN);
	run_script(&run,
		"grep ^SigBlk: /proc/self/status; grep ^SigIgn: /proc/self/status;"
		"[ $(cut -d' ' -f5 /proc/$$/stat) = $$ ] && echo leader");

	const char *words = run.last_words;
	cr_assert_eq(sscanf(words, "SigBlk: %llx SigIgn: %llx", &blocked, &ignored), 2);
	cr_expect_eq(blocked, 0);
	cr_expect_eq(ignored & ~theirs, 0);
	cr_expect_not_null(strstr(words, "leader"));
	run_done(&run);
}

Test(process, a_signal_reaches_the_whole_group)
{
	struct run run;

	run_init(&run);
	cr_assert_eq(run_start(&run, (struct process_options){ 0 }, "sleep 1000 | sleep 1000"), 0);
	process_kill(run.process, SIGINT);
	run_until_end(&run);

	cr_expect(WIFSIGNALED(run.status));
	cr_expect_eq(WTERMSIG(run.status), SIGINT);
	run_done(&run);
}

/* The pid that a script wrote to the pipe. */
static pid_t read_pid(int fd)
{
	char text[32] = "";

	cr_assert_gt(read(fd, text, sizeof text - 1), 0);
	return (pid_t)atoi(text);
}

Test(process, a_daemon_that_forked_away_dies_with_processes_free)
{
	struct run run;
	int fds[2];

	cr_assert_eq(pipe2(fds, O_CLOEXEC), 0);
	run_init(&run);
	int r = run_start(&run, (struct process_options){ .fds = { fds[1] }, .n_fds = 1 },
		"(setsid sh -c 'trap \"\" TERM HUP; echo $$ >&3; while :; do sleep 1000; done' &)");
	cr_assert_eq(r, 0);
	pid_t daemon = read_pid(fds[0]);
	run_until_end(&run);
	cr_assert_eq(kill(daemon, 0), 0);

	run_done(&run);

	cr_expect_eq(kill(daemon, 0), -1);
	cr_expect_eq(errno, ESRCH);
}

Test(process, a_process_that_was_left_may_finish_within_the_grace)
{
	struct run run;
	int fds[2];

	cr_assert_eq(pipe2(fds, O_CLOEXEC), 0);
	run_init(&run);
	int r = run_start(&run, (struct process_options){ .fds = { fds[1] }, .n_fds = 1 },
		"trap 'echo going; echo bye >&3; exit' TERM; echo 1 >&3; while :; do sleep 0.01; done");
	cr_assert_eq(r, 0);
	close(fds[1]);
	read_pid(fds[0]);

	process_leave(run.process);
	run.process = NULL;
	uint64_t before_us = clock_now_us();
	processes_free(run.processes, DEADLINE_US);

	cr_expect_lt(clock_now_us() - before_us, DEADLINE_US);
	char text[8] = "";
	cr_expect_eq(read(fds[0], text, sizeof text - 1), 4);
	cr_expect_str_eq(text, "bye\n");
	cr_expect_eq(run.exits, 0);
	sd_event_unref(run.event);
}

Test(process, freeing_kills_and_tells_nothing)
{
	struct run run;

	run_init(&run);
	cr_assert_eq(run_start(&run, (struct process_options){ 0 }, "sleep 1000"), 0);
	pid_t pid = process_pid(run.process);
	process_free(run.process);
	run.process = NULL;

	uint64_t deadline_us = clock_now_us() + DEADLINE_US;
	while (!kill(pid, 0) && clock_now_us() < deadline_us)
		sd_event_run(run.event, USEC_PER_SEC);
	cr_expect_eq(kill(pid, 0), -1);
	cr_expect_eq(run.exits, 0);
	run_done(&run);
}

Test(process, dies_with_its_parent)
{
	int fds[2];

	cr_assert_eq(pipe2(fds, O_CLOEXEC), 0);
	cr_assert_eq(descendants_adopt(), 0);
	pid_t parent = fork();
	if (!parent) {
		struct run run;
		run_init(&run);
		run_start(&run, (struct process_options){ .fds = { fds[1] }, .n_fds = 1 },
			"echo $$ >&3; exec sleep 1000");
		pause();
	}
	pid_t child = read_pid(fds[0]);

	kill(parent, SIGKILL);

	int status;
	cr_assert_eq(waitpid(parent, &status, 0), parent);
	cr_assert_eq(waitpid(child, &status, 0), child); /* we are the subreaper */
	cr_expect(WIFSIGNALED(status));
	cr_expect_eq(WTERMSIG(status), SIGKILL);
}

Test(process, describes_how_it_ended)
{
	char text[64];

	cr_expect_str_eq(process_status_string(3 << 8, text, sizeof text), "exit code 3");
	cr_expect_str_eq(process_status_string(SIGKILL, text, sizeof text), "killed by SIGKILL");
	cr_expect_str_eq(process_status_string(SIGSEGV | 0x80, text, sizeof text),
		"killed by SIGSEGV (core dumped)");
}
