#include "session/display.h"
#include "sys/cleanup.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static char directory[64];

static void make_directory(void)
{
	strcpy(directory, "/tmp/test-display-XXXXXX");
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

TestSuite(session_display, .init = make_directory, .fini = remove_directory);

static void write_file(const char *name, const char *text, time_t modified)
{
	char path[128];
	const struct timespec times[] = { { .tv_sec = modified }, { .tv_sec = modified } };

	snprintf(path, sizeof path, "%s/%s", directory, name);
	FILE *file = fopen(path, "we");
	cr_assert_not_null(file);
	fputs(text, file);
	fclose(file);
	cr_assert_eq(utimensat(AT_FDCWD, path, times, 0), 0);
}

Test(session_display, is_the_lowest_that_the_compositor_holds)
{
	struct display display;
	write_file(".X0-lock", "       123\n", 1);
	write_file(".X9-lock", "       456\n", 1);
	write_file(".X10-lock", "       456\n", 1);

	display_find(&display, directory, directory, 456);

	cr_expect_str_eq(display.name, ":9");
	cr_expect_str_eq(display.xauthority, "");
}

Test(session_display, takes_the_newest_cookie)
{
	struct display display;
	char expected[128];
	write_file(".X1-lock", "       456\n", 1);
	write_file(".mutter-Xwaylandauth.OLD", "", 1000);
	write_file(".mutter-Xwaylandauth.NEW", "", 2000);
	write_file(".mutter-Xwaylandauth.MID", "", 1500);

	display_find(&display, directory, directory, 456);

	snprintf(expected, sizeof expected, "%s/.mutter-Xwaylandauth.NEW", directory);
	cr_expect_str_eq(display.xauthority, expected);
}

Test(session_display, is_none_without_a_lock_of_the_compositor)
{
	struct display display;
	write_file(".X0-lock", "       123\n", 1);
	write_file(".X1-lock", "garbage", 1);
	write_file(".X2-lock.tmp", "       456\n", 1);
	write_file(".mutter-Xwaylandauth.NEW", "", 2000);

	display_find(&display, directory, directory, 456);

	cr_expect_str_eq(display.name, "");
	cr_expect_str_eq(display.xauthority, "");
}

static mode_t mode_of(const char *path)
{
	struct stat st;

	cr_assert_eq(lstat(path, &st), 0);
	return st.st_mode & 07777;
}

Test(session_display, makes_the_socket_directory_whatever_the_umask)
{
	char path[128];
	snprintf(path, sizeof path, "%s/.X11-unix", directory);

	umask(0077);
	bool is_fit = display_prepare(path);

	cr_expect(is_fit);
	cr_expect_eq(mode_of(path), 01777);
}

Test(session_display, mends_a_directory_of_ours_that_mutter_would_refuse)
{
	char path[128];
	snprintf(path, sizeof path, "%s/.X11-unix", directory);
	cr_assert_eq(mkdir(path, 0755), 0);

	bool is_fit = display_prepare(path);

	cr_expect(is_fit);
	cr_expect_eq(mode_of(path), 01777);
}

Test(session_display, follows_no_link)
{
	char path[128];
	snprintf(path, sizeof path, "%s/.X11-unix", directory);
	cr_assert_eq(symlink("/tmp", path), 0);

	cr_expect_not(display_prepare(path));
}
