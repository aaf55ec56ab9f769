#include "core/options.h"

#include "core/text.h"

#include "check.h"

#include <string.h>

static struct options options;
static char error[160];

/* The arguments behind the program's name, ended by NULL. */
static bool parse(const char *const *arguments)
{
	const char *argv[16] = { "Helix.exe" };
	int argc = 1;

	for (; arguments[argc - 1]; argc++)
		argv[argc] = arguments[argc - 1];
	options = (struct options){ .name = "untouched" };
	memset(error, 0, sizeof error);
	bool is_good = options_parse(&options, argc, argv, error, sizeof error);
	CHECK(is_good == (*error == '\0'));
	CHECK(is_good || !strcmp(options.name, "untouched"));
	CHECK(!strchr(error, '\n') && text_is_utf8(error));
	return is_good;
}

#define PARSE(...) parse((const char *const[]){ __VA_ARGS__, NULL })

/* "" when the arguments were accepted. */
#define ERROR_OF(...) (PARSE(__VA_ARGS__), error)

TEST(options, nothing_opens_the_desktop)
{
	const char *none[] = { NULL };

	CHECK(parse(none));
	CHECK_NUMBER(options.action, ACTION_OPEN);
	CHECK_TEXT(options.image, NULL);
	CHECK_TEXT(options.manifest, NULL);
	CHECK_TEXT(options.data, NULL);
	CHECK_TEXT(options.name, "Helix");
	CHECK(!options.yes && !options.browser && !options.tunnel && !options.update);
	CHECK(options_parse(&options, 0, none, error, sizeof error));
}

TEST(options, texts_follow_as_a_word_or_behind_an_equals_sign)
{
	CHECK(PARSE("--image", "C:\\a b\\x=y.wsl", "--manifest=https://helix.example/m?a=b",
		"--data", "C:\\Zoë", "--name=My_Helix-2.0"));
	CHECK_TEXT(options.image, "C:\\a b\\x=y.wsl");
	CHECK_TEXT(options.manifest, "https://helix.example/m?a=b");
	CHECK_TEXT(options.data, "C:\\Zoë");
	CHECK_TEXT(options.name, "My_Helix-2.0");
}

TEST(options, of_two_the_last_counts)
{
	CHECK(PARSE("--image=a", "--image", "b"));
	CHECK_TEXT(options.image, "b");
}

TEST(options, switches_are_on_when_named)
{
	CHECK(PARSE("--yes"));
	CHECK(options.yes && !options.browser && !options.tunnel);
	CHECK(PARSE("--update"));
	CHECK(options.update && !options.tunnel);
	CHECK_NUMBER(options.action, ACTION_OPEN);
	CHECK(PARSE("--browser", "--tunnel"));
	CHECK(!options.yes && options.browser && options.tunnel);
}

TEST(options, actions_are_chosen_by_name)
{
	CHECK(PARSE("--diagnose"));
	CHECK_NUMBER(options.action, ACTION_DIAGNOSE);
	CHECK(PARSE("--uninstall", "--yes"));
	CHECK_NUMBER(options.action, ACTION_UNINSTALL);
	CHECK(PARSE("--version"));
	CHECK_NUMBER(options.action, ACTION_VERSION);
	CHECK(PARSE("--help"));
	CHECK_NUMBER(options.action, ACTION_HELP);
	CHECK(PARSE("-h"));
	CHECK_NUMBER(options.action, ACTION_HELP);
}

TEST(options, two_actions_do_not_go_together_but_with_help)
{
	CHECK_TEXT(ERROR_OF("--diagnose", "--uninstall"),
		"--uninstall does not go together with what was asked for before it.");
	CHECK_TEXT(ERROR_OF("--version", "--diagnose"),
		"--diagnose does not go together with what was asked for before it.");
	CHECK(PARSE("--uninstall", "--uninstall"));
	CHECK(PARSE("--uninstall", "--help"));
	CHECK_NUMBER(options.action, ACTION_HELP);
	CHECK(PARSE("-h", "--uninstall"));
	CHECK_NUMBER(options.action, ACTION_HELP);
}

TEST(options, unknown_ones_are_named)
{
	CHECK_TEXT(ERROR_OF("--frob"), "There is no option --frob; --help says which there are.");
	CHECK_TEXT(ERROR_OF("-x"), "There is no option -x; --help says which there are.");
	CHECK_TEXT(ERROR_OF("-"), "There is no option -; --help says which there are.");
	CHECK_TEXT(ERROR_OF("--"), "There is no option --; --help says which there are.");
	CHECK_TEXT(ERROR_OF("--images=x"),
		"There is no option --images; --help says which there are.");
	CHECK_TEXT(ERROR_OF("--Yes"), "There is no option --Yes; --help says which there are.");
	CHECK_TEXT(ERROR_OF("--a\nb\x1b"),
		"There is no option --a b\xef\xbf\xbd; --help says which there are.");
}

TEST(options, of_unknown_ones_the_value_is_not_shown)
{
	CHECK_TEXT(ERROR_OF("--token=0123456789abcdef"),
		"There is no option --token; --help says which there are.");
}

TEST(options, missing_values_are_named)
{
	CHECK_TEXT(ERROR_OF("--image"), "--image needs a file.");
	CHECK_TEXT(ERROR_OF("--image="), "--image needs a file.");
	CHECK_TEXT(ERROR_OF("--image", ""), "--image needs a file.");
	CHECK_TEXT(ERROR_OF("--image", "--yes"), "--image needs a file.");
	CHECK_TEXT(ERROR_OF("--manifest"), "--manifest needs a URL or a file.");
	CHECK_TEXT(ERROR_OF("--data"), "--data needs a directory.");
	CHECK_TEXT(ERROR_OF("--name"), "--name needs a name.");
	CHECK_TEXT(ERROR_OF("--yes=1"), "--yes takes no value.");
	CHECK_TEXT(ERROR_OF("--help="), "--help takes no value.");
	CHECK(PARSE("--image=--odd--"));
}

TEST(options, names_are_plain)
{
	static const char *const bad[] = { "a b", "a/b", "a\\b", "ü", "-a", ".", "..", ".a", "a\"",
		"01234567890123456789012345678901234567890123456789012345678901234" };

	CHECK(PARSE("--name", "0123456789012345678901234567890123456789012345678901234567890123"));
	CHECK(PARSE("--name", "_a.B-9"));
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		CHECK(!PARSE("--name", bad[i]));
	CHECK_TEXT(ERROR_OF("--name", "a b"),
		"\"a b\" is no name: 1 to 64 letters, digits, \".\", \"_\" and \"-\", with a letter, "
		"digit or \"_\" first.");
}

TEST(options, a_dropped_file_is_the_image)
{
	CHECK(PARSE("C:\\Users\\Zoë\\helix 0.1.wsl"));
	CHECK_TEXT(options.image, "C:\\Users\\Zoë\\helix 0.1.wsl");
	CHECK(PARSE("--name", "Other", "D:\\HELIX.TAR.GZ"));
	CHECK_TEXT(options.image, "D:\\HELIX.TAR.GZ");
	CHECK_TEXT(ERROR_OF("C:\\notes.txt"),
		"\"C:\\notes.txt\" is no image: those end in .wsl or .tar.gz.");
	CHECK_TEXT(ERROR_OF(".wsl"), "\".wsl\" is no image: those end in .wsl or .tar.gz.");
	CHECK_TEXT(ERROR_OF(""), "\"\" is no image: those end in .wsl or .tar.gz.");
	CHECK_TEXT(ERROR_OF("a.wsl", "b.wsl"), "\"b.wsl\" is one image too many.");
	CHECK_TEXT(ERROR_OF("--image=a.wsl", "b.wsl"), "\"b.wsl\" is one image too many.");
}

TEST(options, errors_are_cut_to_their_buffer)
{
	const char *const argv[] = { "Helix.exe", "--frob" };
	char small[12];

	CHECK(!options_parse(&options, 2, argv, small, sizeof small));
	CHECK_TEXT(small, "There is no");
}

TEST(options, errors_show_long_arguments_in_part)
{
	char argument[1000];

	memset(argument, 'x', sizeof argument - 1);
	argument[sizeof argument - 1] = '\0';
	CHECK(!PARSE(argument));
	CHECK(strlen(error) < 130);
	CHECK(strstr(error, "is no image"));
}
