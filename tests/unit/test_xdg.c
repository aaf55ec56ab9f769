#include "sys/xdg.h"

#include <criterion/criterion.h>
#include <stdlib.h>

/* Criterion runs each test in a process of its own. */
static char path[32];

Test(xdg, takes_what_is_named)
{
	setenv("HOME", "/home/anna", true);
	setenv("XDG_CONFIG_HOME", "/elsewhere", true);

	cr_assert(xdg_directory("XDG_CONFIG_HOME", ".config", path, sizeof path));
	cr_expect_str_eq(path, "/elsewhere");
}

Test(xdg, takes_the_home_where_nothing_or_a_relative_path_is_named)
{
	setenv("HOME", "/home/anna", true);
	unsetenv("XDG_CONFIG_HOME");
	cr_assert(xdg_directory("XDG_CONFIG_HOME", ".config", path, sizeof path));
	cr_expect_str_eq(path, "/home/anna/.config");

	setenv("XDG_CONFIG_HOME", "relative", true);
	cr_assert(xdg_directory("XDG_CONFIG_HOME", ".config", path, sizeof path));
	cr_expect_str_eq(path, "/home/anna/.config");
}

Test(xdg, says_when_there_is_no_place)
{
	unsetenv("XDG_CONFIG_HOME");
	unsetenv("HOME");
	cr_expect_not(xdg_directory("XDG_CONFIG_HOME", ".config", path, sizeof path));
	cr_expect_str_eq(path, "");

	setenv("HOME", "/a/home/with/a/name/that/does/not/fit", true);
	cr_expect_not(xdg_directory("XDG_CONFIG_HOME", ".config", path, sizeof path));
	cr_expect_str_eq(path, "");
}
