#include "core/command.h"

#include "check.h"

#include <string.h>

#ifdef _WIN32
# include "core/text.h"

# include <stdlib.h>

# include <windows.h>

# include <shellapi.h>
#endif

static const char *appended(const char *line, const char *argument)
{
	static char buffer[256];

	strcpy(buffer, line);
	CHECK(command_append(buffer, sizeof buffer, argument));
	return buffer;
}

TEST(command, plain_arguments_stay_as_they_are)
{
	CHECK_TEXT(appended("", "wsl.exe"), "wsl.exe");
	CHECK_TEXT(appended("wsl.exe", "--exec"), "wsl.exe --exec");
	CHECK_TEXT(appended("", "C:\\Users\\Zoë\\中\\"), "C:\\Users\\Zoë\\中\\");
	CHECK_TEXT(appended("", "a'b&c|d^e%f"), "a'b&c|d^e%f");
}

TEST(command, an_empty_argument_is_there)
{
	CHECK_TEXT(appended("", ""), "\"\"");
	CHECK_TEXT(appended("a", ""), "a \"\"");
}

TEST(command, white_space_is_quoted)
{
	CHECK_TEXT(appended("", "C:\\Program Files\\x"), "\"C:\\Program Files\\x\"");
	CHECK_TEXT(appended("", "a\tb"), "\"a\tb\"");
	CHECK_TEXT(appended("", " "), "\" \"");
}

TEST(command, backslashes_are_doubled_before_quotes_only)
{
	CHECK_TEXT(appended("", "C:\\a b\\"), "\"C:\\a b\\\\\"");
	CHECK_TEXT(appended("", "a\\\\ b"), "\"a\\\\ b\"");
	CHECK_TEXT(appended("", "say \"hi\""), "\"say \\\"hi\\\"\"");
	CHECK_TEXT(appended("", "a\\\"b"), "\"a\\\\\\\"b\"");
	CHECK_TEXT(appended("", "\""), "\"\\\"\"");
}

TEST(command, what_does_not_fit_changes_nothing)
{
	static const char *const arguments[] = { "bcdefgh", "b cdef", "b\\\\\\ ", "\"\"\"",
		"b \\\\" };
	char line[8];

	for (size_t i = 0; i < sizeof arguments / sizeof *arguments; i++) {
		memcpy(line, "a\0xxxxx", sizeof line);
		CHECK(!command_append(line, sizeof line, arguments[i]));
		CHECK_TEXT(line, "a");
	}
	CHECK(command_append(line, sizeof line, "bcdef"));
	CHECK_TEXT(line, "a bcdef");
	CHECK(!command_append(line, sizeof line, ""));
	CHECK_TEXT(line, "a bcdef");
}

TEST(command, fits_to_the_last_byte)
{
	char line[10] = "a";

	CHECK(command_append(line, sizeof line, "b c d"));
	CHECK_TEXT(line, "a \"b c d\"");
	CHECK(!command_append(line, sizeof line, ""));
}

#ifdef _WIN32

/* The same text as the arguments of a program, read back by Windows. */
static void check_round_trip(const char *const *arguments, size_t count)
{
	char line[2048] = "helix.exe", text[512];
	wchar_t wide[2048];
	int argc = 0;

	for (size_t i = 0; i < count; i++)
		CHECK(command_append(line, sizeof line, arguments[i]));
	CHECK(text_to_utf16(line, (uint16_t *)wide, 2048) < 2048);
	wchar_t **argv = CommandLineToArgvW(wide, &argc);
	if (!CHECK(argv) || !CHECK_NUMBER(argc, count + 1))
		return;
	for (size_t i = 0; i < count; i++) {
		text_from_utf16((const uint16_t *)argv[i + 1], text, sizeof text);
		CHECK_TEXT(text, arguments[i]);
	}
	LocalFree(argv);
}

TEST(command, comes_back_from_windows_as_it_was)
{
	static const char *const arguments[] = { "", "a", "a b", "\"", "\"\"", "\"a\"", "a\"b",
		"\\", "\\\\", "\\\"", "\\\\\"", "a\\", "a b\\", "a b\\\\", "\\ \\",
		"a\\\"b c\\\\\"d\\\\\\", "C:\\Program Files\\Zoë 中 😀\\", "\t", " ", "  x  ",
		"--token=\"q\"", "%PATH%", "^&|<>", "'single'", "a\nb", "\"\"\"\"",
		"\\\\server\\share\\", "-", "{\"a\": \"b\\\\c\"}" };
	size_t count = sizeof arguments / sizeof *arguments;

	check_round_trip(arguments, count);
	for (size_t i = 0; i < count; i++)
		check_round_trip(&arguments[i], 1);
}

TEST(command, comes_back_from_windows_whatever_it_is)
{
	static const char letters[] = "\\\\\\\"\"  \tab";
	char arguments[3][16];
	const char *pointers[3];

	srand(4);
	for (int round = 0; round < 20000; round++) {
		for (int i = 0; i < 3; i++) {
			int length = rand() % 15;

			for (int k = 0; k < length; k++)
				arguments[i][k] = letters[rand() % (int)(sizeof letters - 1)];
			arguments[i][length] = '\0';
			pointers[i] = arguments[i];
		}
		check_round_trip(pointers, 3);
	}
}

#endif
