#include "session/files.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static char directory[64];

static void make_directory(void)
{
	strcpy(directory, "/tmp/test-files-XXXXXX");
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

TestSuite(session_files, .init = make_directory, .fini = remove_directory);

static void read_file(const char *name, char text[4096])
{
	char path[256];

	snprintf(path, sizeof path, "%s/%s", directory, name);
	FILE *file = fopen(path, "re");
	cr_assert_not_null(file, "%s", path);
	text[fread(text, 1, 4095, file)] = '\0';
	fclose(file);
}

Test(session_files, buses_listen_in_the_runtime_directory)
{
	char text[4096], expected[256];

	cr_assert_eq(files_write(directory), 0);

	read_file("session-bus.conf", text);
	snprintf(expected, sizeof expected, "<listen>unix:path=%s/bus</listen>", directory);
	cr_expect_not_null(strstr(text, expected));
	read_file("system-bus.conf", text);
	snprintf(expected, sizeof expected, "<listen>unix:path=%s/system-bus</listen>", directory);
	cr_expect_not_null(strstr(text, expected));
	cr_expect_null(strstr(text, "servicedir"));
}

Test(session_files, our_activation_files_come_before_the_machines)
{
	char text[4096];

	cr_assert_eq(files_write(directory), 0);

	read_file("session-bus.conf", text);
	const char *ours = strstr(text, "/services</servicedir>");
	const char *theirs = strstr(text, "<standard_session_servicedirs/>");
	cr_assert_not_null(ours);
	cr_assert_not_null(theirs);
	cr_expect_lt(ours, theirs);
	read_file("services/org.freedesktop.portal.Desktop.service", text);
	cr_expect_not_null(strstr(text, "Exec=/bin/false\n"));
}

Test(session_files, may_be_written_twice)
{
	char text[4096];

	cr_assert_eq(files_write(directory), 0);
	cr_assert_eq(files_write(directory), 0);

	read_file("portals/helix.portal", text);
	cr_expect_not_null(strstr(text, "UseIn=helix\n"));
}

Test(session_files, a_missing_runtime_directory_is_an_error)
{
	cr_expect_eq(files_write("/no/such/directory"), -ENOENT);
}
