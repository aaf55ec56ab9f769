#include "sys/cleanup.h"
#include "sys/clock.h"
#include "sys/machine.h"

#include <criterion/criterion.h>
#include <ftw.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEADLINE_MS 10000

static char directory[64];

static void make_directory(void)
{
	strcpy(directory, "/tmp/test-machine-XXXXXX");
	cr_assert_not_null(mkdtemp(directory));
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *position)
{
	(void)st;
	(void)type;
	(void)position;
	return remove(path);
}

static void remove_directory(void)
{
	nftw(directory, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

TestSuite(machine_wsl, .init = make_directory, .fini = remove_directory);

/* Asks a `wslinfo` that is this shell script, and tells how long it took. */
static uint64_t ask(const char *script, struct machine *m)
{
	char path[128];

	snprintf(path, sizeof path, "%s:/usr/bin:/bin", directory);
	setenv("PATH", path, 1);
	snprintf(path, sizeof path, "%s/wslinfo", directory);
	FILE *file = fopen(path, "we");
	cr_assert_not_null(file);
	fprintf(file, "#!/bin/sh\n%s\n", script);
	fclose(file);
	chmod(path, 0755);
	*m = (struct machine){ .is_wsl = true };
	uint64_t begin_us = clock_now_us();
	machine_ask_wsl(m);
	return clock_now_us() - begin_us;
}

Test(machine_wsl, wslinfo_tells_the_version_and_the_networking_mode)
{
	struct machine m;

	ask("case $1 in --version) echo 2.5.10.0 ;; --networking-mode) echo mirrored ;; esac", &m);

	cr_expect_str_eq(m.wsl_version, "2.5.10.0");
	cr_expect_str_eq(m.wsl_networking, "mirrored");
}

Test(machine_wsl, what_wslinfo_refuses_stays_unknown)
{
	struct machine m;

	ask("[ $1 = --version ] && echo 2.0.9.0 && exit 0; echo 'invalid'; exit 1", &m);

	cr_expect_str_eq(m.wsl_version, "2.0.9.0");
	cr_expect_str_empty(m.wsl_networking);
}

Test(machine_wsl, wslinfo_is_not_asked_outside_wsl)
{
	struct machine m;

	ask("echo 1.2.3", &m);
	m = (struct machine){ 0 };
	machine_ask_wsl(&m);

	cr_expect_str_empty(m.wsl_version);
}

Test(machine_wsl, without_wslinfo_nothing_is_known)
{
	struct machine m = { .is_wsl = true };

	setenv("PATH", directory, 1);
	machine_ask_wsl(&m);

	cr_expect(!*m.wsl_version && !*m.wsl_networking);
}

Test(machine_wsl, garbage_from_wslinfo_stays_unknown)
{
	static const char *const scripts[] = {
		"printf '2.5\\033[31m'",
		"echo 'two words'",
		"echo; echo",
		"printf '2.5\\0006'; printf '\\377\\376'",
		"echo 2.5.10.0.2.5.10.0.2.5.10.0.2.5.10.0.2.5.10.0",
		"yes",
		"kill -SEGV $$",
	};
	struct machine m;

	for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++) {
		ask(scripts[i], &m);
		cr_expect(!*m.wsl_version && !*m.wsl_networking, "%s: '%s'", scripts[i],
			m.wsl_version);
	}
}

/* The number that a script wrote into the file "pid". */
static int read_pid(void)
{
	char path[128];
	int number = 0;

	snprintf(path, sizeof path, "%s/pid", directory);
	FILE *file = fopen(path, "re");

	cr_assert_not_null(file, "%s", path);
	cr_assert_eq(fscanf(file, "%d", &number), 1);
	fclose(file);
	return number;
}

Test(machine_wsl, a_wslinfo_that_hangs_is_given_up_within_a_second_with_all_that_it_started)
{
	static const char *const scripts[] = {
		"sleep 600 & echo $! > $(dirname $0)/pid; wait",
		"sleep 600 > /dev/null & echo $! > $(dirname $0)/pid; echo 2.5.10.0; "
		"exec > /dev/null; wait",
	};
	struct machine m;

	for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++) {
		uint64_t took_us = ask(scripts[i], &m);

		cr_expect_geq(took_us, USEC_PER_SEC / 2);
		cr_expect_lt(took_us, 3 * USEC_PER_SEC);
		cr_expect_str_empty(m.wsl_version);
		autoclose int sleeper = pidfd_open(read_pid(), 0);
		struct pollfd ended = { .fd = sleeper, .events = POLLIN };
		cr_expect(sleeper < 0 || poll(&ended, 1, DEADLINE_MS) == 1);
	}
}
