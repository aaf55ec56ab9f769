#include "core/options.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static struct options options;
static char error[OPTIONS_ERROR_SIZE];

static void set_up(void)
{
	cr_assert_eq(options_init(&options), 0);
	*error = '\0';
}

static void tear_down(void)
{
	options_done(&options);
}

TestSuite(options, .init = set_up, .fini = tear_down);

static int parse(const char *const *argv)
{
	int argc = 0;

	while (argv[argc])
		argc++;
	return options_parse_arguments(&options, argc, argv, error);
}

#define PARSE(...) parse((const char *const[]){ "helix-agent", __VA_ARGS__, NULL })

Test(options, has_safe_defaults)
{
	cr_expect_str_eq(options.listen_address, "127.0.0.1");
	cr_expect_eq(options.listen_port, 7878);
	cr_expect_not(options.allow_remote);
	cr_expect_eq(options.width_px, 1280);
	cr_expect_eq(options.height_px, 720);
	cr_expect_str_eq(options.encoder, "auto");
	cr_expect_eq(options.leash_timeout_s, 0);
}

Test(options, reads_both_forms_of_the_command_line)
{
	cr_assert_eq(PARSE("--fps", "30", "--bitrate=4000", "--leash", "--size", "1920x1080",
			     "--leash-timeout=30"),
		0);
	cr_expect_eq(options.fps, 30);
	cr_expect_eq(options.bitrate_kbit, 4000);
	cr_expect(options.leash);
	cr_expect_eq(options.leash_timeout_s, 30);
	cr_expect_eq(options.width_px, 1920);
	cr_expect_eq(options.height_px, 1080);
}

Test(options, takes_a_switch_back)
{
	cr_assert_eq(PARSE("--allow-remote", "--no-allow-remote"), 0);
	cr_expect_not(options.allow_remote);
}

Test(options, reads_addresses_of_both_families)
{
	cr_assert_eq(PARSE("--listen", "[::1]:0"), 0);
	cr_expect_str_eq(options.listen_address, "::1");
	cr_expect_eq(options.listen_port, 0);
}

Test(options, refuses_values_and_says_what_is_expected)
{
	static const struct {
		const char *argument, *sentence;
	} cases[] = {
		{ "--fps=0", "from 1 to 240" },
		{ "--fps=-1", "from 1 to 240" },
		{ "--fps=99999999999999999999", "from 1 to 240" },
		{ "--fps=30x", "from 1 to 240" },
		{ "--size=1920", "1920x1080" },
		{ "--size=x", "1920x1080" },
		{ "--size=1x1", "1920x1080" },
		{ "--listen=7878", "ADDRESS:PORT" },
		{ "--listen=::1:7878", "ADDRESS:PORT" },
		{ "--listen=[]:1", "ADDRESS:PORT" },
		{ "--listen=a:70000", "ADDRESS:PORT" },
		{ "--session=kde", "auto gnome mutter attach" },
		{ "--leash=maybe", "yes or no" },
		{ "--leash-timeout=3601", "from 0 to 3600" },
		{ "--leash-timeout=-1", "from 0 to 3600" },
		{ "--nonsense=1", "no such setting" },
		{ "--bitrate", "needs a value" },
		{ "bitrate", "expected an option" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		cr_expect_lt(PARSE(cases[i].argument), 0, "%s", cases[i].argument);
		cr_expect_not_null(
			strstr(error, cases[i].sentence), "%s: %s", cases[i].argument, error);
	}
}

Test(options, lets_the_command_line_win_over_the_environment_and_that_over_the_file)
{
	static const char *const environment[] = { "HOME=/", "HELIX_FPS=25", "HELIX_BITRATE=2500",
		NULL };

	cr_assert_eq(PARSE("--fps", "50"), 0);
	cr_assert_eq(options_parse_environment(&options, environment, error), 0);
	cr_assert_eq(options_set(&options, OPTION_FILE, "stream", "bitrate", "9000", error), 0);
	cr_assert_eq(options_set(&options, OPTION_FILE, "stream", "size", "640x480", error), 0);

	cr_expect_eq(options.fps, 50);
	cr_expect_eq(options.bitrate_kbit, 2500);
	cr_expect_eq(options.width_px, 640);
}

Test(options, refuses_unknown_variables_and_keys_in_the_wrong_section)
{
	static const char *const environment[] = { "HELIX_BITRAT=2500", NULL };

	cr_expect_lt(options_parse_environment(&options, environment, error), 0);
	cr_expect_not_null(strstr(error, "bitrat"));
	cr_expect_lt(options_set(&options, OPTION_FILE, "server", "bitrate", "1000", error), 0);
	cr_expect_lt(options_set(&options, OPTION_FILE, "stream", "leash", "yes", error), 0);
}

Test(options, gathers_lists_and_lets_a_stronger_source_start_anew)
{
	options_set(&options, OPTION_FILE, "session", "app", "one", error);
	options_set(&options, OPTION_FILE, "session", "app", "two", error);
	cr_assert_eq(options.apps.count, 2);

	cr_assert_eq(PARSE("--app", "three"), 0);
	cr_assert_eq(options.apps.count, 1);
	cr_assert_str_eq(options.apps.items[0], "three");
	cr_assert_null(options.apps.items[1]);
}

Test(options, bounds_lists)
{
	for (int i = 0; i < OPTIONS_MAX_LIST; i++)
		cr_assert_eq(options_set(&options, OPTION_FILE, "session", "app", "x", error), 0);
	cr_assert_lt(options_set(&options, OPTION_FILE, "session", "app", "x", error), 0);
	cr_assert_not_null(strstr(error, "at most"));
}

Test(options, prints_settings_but_no_tokens)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	PARSE("--token", "0123456789abcdef-secret", "--fps", "30", "--app", "foot");
	options_print(&options, out);
	fclose(out);

	cr_expect_not_null(strstr(text, "[stream]"));
	cr_expect_not_null(strstr(text, "# command line\nfps=30"));
	cr_expect_not_null(strstr(text, "app=foot"));
	cr_expect_null(strstr(text, "secret"));
	cr_expect_not_null(strstr(text, "# token=(set)"));
	free(text);
}
