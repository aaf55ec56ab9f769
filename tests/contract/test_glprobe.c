/* The real helix-glprobe, run as the agent runs it: what reads its report is agent/src/doctor. */
#include "sys/cleanup.h"
#include "sys/clock.h"

#include <cjson/cJSON.h>
#include <criterion/criterion.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define AGENTS_PATIENCE_US (5 * USEC_PER_SEC)
#define DEADLINE_MS        20000
#define MAX_REPORT         4096
#define REPORT_FD          3

struct run {
	const char *environment[4]; /* "NAME=value" */
	const char *argv[6];        /* without the program */
	const char *fault;          /* of tests/fixtures/gl_faults.c */
	int status;
	char report[MAX_REPORT + 2];
	size_t size;
};

static void become_glprobe(const struct run *run, int report)
{
	const char *program = getenv("HELIX_GLPROBE");
	const char *argv[8] = { program ? program : "build/helix-glprobe" };
	static const char *const unset[] = { "GALLIUM_DRIVER", "LIBGL_ALWAYS_SOFTWARE",
		"MESA_LOADER_DRIVER_OVERRIDE", "DISPLAY", "WAYLAND_DISPLAY" };

	for (size_t i = 0; i < sizeof unset / sizeof *unset; i++)
		unsetenv(unset[i]);
	for (size_t i = 0; i < 4 && run->environment[i]; i++)
		putenv((char *)run->environment[i]);
	if (run->fault) {
		const char *faults = getenv("HELIX_GL_FAULTS");

		setenv("GL_FAULT", run->fault, 1);
		setenv("LD_PRELOAD", faults ? faults : "build/gcc/tests/fixtures/gl_faults.so", 1);
		setenv("ASAN_OPTIONS", "verify_asan_link_order=0", 1);
	}
	for (size_t i = 0; i < 6 && run->argv[i]; i++)
		argv[i + 1] = run->argv[i];
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(report, REPORT_FD);
	/* What drivers and usage mistakes print. */
	dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), STDERR_FILENO);
	execv(argv[0], (char *const *)argv);
	_exit(127);
}

/* The report is what it writes to the descriptor 3. It must end by itself. */
static void start(struct run *run)
{
	autoclose int report = memfd_create("report", 0);
	struct stat written;

	cr_assert_geq(report, 0);
	pid_t pid = fork();
	cr_assert_geq(pid, 0);
	if (pid == 0)
		become_glprobe(run, report);
	autoclose int process = pidfd_open(pid, 0);
	struct pollfd ended = { .fd = process, .events = POLLIN };
	bool is_late = poll(&ended, 1, DEADLINE_MS) != 1;
	kill(pid, SIGKILL);
	cr_assert_eq(waitpid(pid, &run->status, 0), pid);
	cr_assert_not(is_late, "it hangs");
	cr_assert_eq(fstat(report, &written), 0);
	cr_expect_leq(written.st_size, MAX_REPORT);
	ssize_t got = pread(report, run->report, sizeof run->report - 1, 0);
	cr_assert_geq(got, 0);
	run->size = (size_t)got;
	run->report[got] = '\0';
}

/* The report of a run that ends well, as JSON; the caller deletes it. */
static cJSON *report_of(struct run *run)
{
	start(run);
	cr_assert(
		WIFEXITED(run->status) && WEXITSTATUS(run->status) == 0, "status %d", run->status);
	cJSON *report = cJSON_ParseWithLength(run->report, run->size);
	cr_assert(cJSON_IsObject(report), "%s", run->report);
	return report;
}

static bool is_true(const cJSON *report, const char *name)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(report, name);

	cr_assert(cJSON_IsBool(item), "%s", name);
	return cJSON_IsTrue(item);
}

static const char *text_of(const cJSON *report, const char *name)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(report, name);

	cr_assert(cJSON_IsString(item), "%s", name);
	return item->valuestring;
}

static double number_of(const cJSON *report, const char *name)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(report, name);

	cr_assert(cJSON_IsNumber(item), "%s", name);
	return item->valuedouble;
}

static void expect_failure(struct run *run, const char *word)
{
	cJSON *report = report_of(run);

	cr_expect_not(is_true(report, "ok"));
	cr_expect_not_null(strstr(text_of(report, "problem"), word), "%s", run->report);
	cJSON_Delete(report);
}

Test(glprobe, measures_the_software_renderer)
{
	static const char *const figures[] = { "upload_ms", "draw_ms", "readback_ms" };
	struct run run = { .environment = { "GALLIUM_DRIVER=llvmpipe", "LIBGL_ALWAYS_SOFTWARE=1" },
		.argv = { "--fd", "3" } };

	cJSON *report = report_of(&run);

	cr_assert(is_true(report, "ok"), "%s", run.report);
	cr_expect(is_true(report, "is_software"));
	cr_expect_str_empty(text_of(report, "problem"));
	cr_expect(strstr(text_of(report, "renderer"), "llvmpipe"), "%s", run.report);
	cr_expect_not(*text_of(report, "vendor") == '\0');
	cr_expect(strstr(text_of(report, "version"), text_of(report, "mesa")), "%s", run.report);
	cr_expect_geq(atof(text_of(report, "mesa")), 20);
	cr_expect(number_of(report, "width") == 1920 && number_of(report, "height") == 1080);
	for (size_t i = 0; i < sizeof figures / sizeof *figures; i++) {
		double ms = number_of(report, figures[i]);
		/* Eight megabytes at the speed of a cache, and a very slow machine. */
		cr_expect(ms > 0.05 && ms < 1000, "%s", run.report);
	}
	cJSON_Delete(report);
}

/* Reading is what no other thread has a part in: a busy machine does not turn it round. */
Test(glprobe, a_larger_picture_takes_longer_to_read_back)
{
	const char *const environment[] = { "GALLIUM_DRIVER=llvmpipe", "LIBGL_ALWAYS_SOFTWARE=1" };
	struct run small = { .environment = { environment[0], environment[1] },
		.argv = { "--size", "17x33", "--fd", "3" } };
	struct run large = { .environment = { environment[0], environment[1] },
		.argv = { "--size", "1280x720", "--fd", "3" } };

	cJSON *of_small = report_of(&small), *of_large = report_of(&large);

	cr_assert(is_true(of_small, "ok") && is_true(of_large, "ok"));
	cr_expect_eq(number_of(of_small, "width"), 17);
	cr_expect_lt(number_of(of_small, "readback_ms"), number_of(of_large, "readback_ms"));
	cJSON_Delete(of_small);
	cJSON_Delete(of_large);
}

Test(glprobe, needs_no_display_and_minds_none)
{
	struct run run = { .environment = { "GALLIUM_DRIVER=llvmpipe", "DISPLAY=:4711",
				   "WAYLAND_DISPLAY=no-such-display" },
		.argv = { "--size", "64x64", "--fd", "3" } };

	cJSON *report = report_of(&run);

	cr_expect(is_true(report, "ok"), "%s", run.report);
	cJSON_Delete(report);
}

/* Where there is a /dev/dxg it may work. */
Test(glprobe, d3d12_without_its_device_is_a_failure_that_names_it_and_no_crash)
{
	struct run run = { .environment = { "GALLIUM_DRIVER=d3d12" }, .argv = { "--fd", "3" } };

	cJSON *report = report_of(&run);

	if (access("/dev/dxg", F_OK) == 0) {
		cr_expect(is_true(report, "ok") || *text_of(report, "problem"));
	} else if (is_true(report, "ok")) {
		cr_expect(is_true(report, "is_software"), "%s", run.report);
	} else {
		cr_expect_not_null(strstr(text_of(report, "problem"), "GALLIUM_DRIVER=d3d12"));
		cr_expect_not_null(strstr(text_of(report, "problem"), "EGL_NOT_INITIALIZED"));
	}
	cJSON_Delete(report);
}

Test(glprobe, a_system_without_mesa_is_a_failure_that_says_what_to_install)
{
	struct run run = { .environment = { "__EGL_VENDOR_LIBRARY_DIRS=/nonexistent",
				   "__EGL_VENDOR_LIBRARY_FILENAMES=" },
		.argv = { "--fd", "3" } };

	expect_failure(&run, "libegl-mesa0");
}

Test(glprobe, a_picture_that_comes_back_otherwise_is_a_failure)
{
	struct run run = { .environment = { "GALLIUM_DRIVER=llvmpipe" },
		.argv = { "--fd", "3" },
		.fault = "wrong" };

	expect_failure(&run, "wrong");
}

Test(glprobe, a_driver_that_takes_a_second_for_a_picture_is_measured_within_the_agents_patience)
{
	struct run run = { .environment = { "GALLIUM_DRIVER=llvmpipe" },
		.argv = { "--fd", "3" },
		.fault = "slow" };
	uint64_t begin_us = clock_now_us();

	cJSON *report = report_of(&run);

	cr_expect_lt(clock_now_us() - begin_us, AGENTS_PATIENCE_US);
	cr_expect(is_true(report, "ok"), "%s", run.report);
	cr_expect_geq(number_of(report, "upload_ms"), 900);
	cr_expect_lt(number_of(report, "draw_ms"), 900);
	cr_expect_geq(number_of(report, "rounds"), 1);
	cJSON_Delete(report);
}

Test(glprobe, a_driver_that_crashes_leaves_no_report)
{
	struct run run = { .environment = { "GALLIUM_DRIVER=llvmpipe" },
		.argv = { "--fd", "3" },
		.fault = "crash" };

	start(&run);

	cr_expect(!WIFEXITED(run.status) || WEXITSTATUS(run.status) != 0);
	cr_expect_eq(run.size, 0);
}

Test(glprobe, foreign_text_in_the_report_is_printable_and_short)
{
	char driver[2000] = "GALLIUM_DRIVER=\x1b[31m\"\\\n\xff";
	struct run run = { .environment = { driver }, .argv = { "--fd", "3" } };

	memset(driver + strlen(driver), 'x', sizeof driver - strlen(driver) - 1);
	expect_failure(&run, "?[31m\"\\ ?xxx");
	cr_expect_lt(run.size, 512);
	for (size_t i = 0; i + 1 < run.size; i++)
		cr_assert(run.report[i] >= ' ' && run.report[i] <= '~', "at %zu", i);
	cr_expect_eq(run.report[run.size - 1], '\n');
}

Test(glprobe, mistakes_in_the_arguments_are_exit_code_2_and_no_report)
{
	static const char *const mistakes[][2] = {
		{ "--size", "1920" },
		{ "--size", "15x1080" },
		{ "--size", "1920x99999" },
		{ "--size", "64x64 " },
		{ "--size", "" },
		{ "--fd", "-1" },
		{ "--fd", "three" },
		{ "--fast", NULL },
		{ "--size", NULL },
		{ "something", NULL },
	};

	for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
		struct run run = { .argv = { "--fd", "3", mistakes[i][0], mistakes[i][1] } };

		start(&run);

		cr_expect(WIFEXITED(run.status) && WEXITSTATUS(run.status) == 2, "%s %s",
			mistakes[i][0], mistakes[i][1] ? mistakes[i][1] : "");
		cr_expect_eq(run.size, 0);
	}
}

Test(glprobe, a_report_that_cannot_be_written_is_exit_code_1)
{
	struct run run = { .environment = { "GALLIUM_DRIVER=llvmpipe" },
		.argv = { "--size", "64x64", "--fd", "77" } };

	start(&run);

	cr_expect(WIFEXITED(run.status) && WEXITSTATUS(run.status) == 1);
}
