/* Runs all tests, or those whose "suite: name" contains the argument, and says so as TAP. */
#include "check.h"

#include <stdio.h>
#include <string.h>

#ifdef _WIN32
# include <fcntl.h>
# include <io.h>
#endif

static struct check_test *tests;
static unsigned failed_checks;

static bool is_before(const struct check_test *a, const struct check_test *b)
{
	int order = strcmp(a->suite, b->suite);

	if (order == 0)
		order = strcmp(a->file, b->file);
	return order ? order < 0 : a->line < b->line;
}

void check_register(struct check_test *test)
{
	struct check_test **place = &tests;

	while (*place && is_before(*place, test))
		place = &(*place)->next;
	test->next = *place;
	*place = test;
}

/* With what would break the line or the terminal written as \xNN. */
static void print_quoted(const char *text)
{
	if (!text) {
		fputs("NULL", stdout);
		return;
	}
	putchar('"');
	for (; *text; text++) {
		unsigned char byte = (unsigned char)*text;

		if (byte < ' ' || byte >= 0x7f)
			printf("\\x%02x", byte);
		else
			putchar(byte);
	}
	putchar('"');
}

static void print_failure(const char *expression, const char *file, int line)
{
	failed_checks++;
	printf("# %s:%d: %s", file, line, expression);
}

bool check_true(bool is_so, const char *expression, const char *file, int line)
{
	if (!is_so) {
		print_failure(expression, file, line);
		puts(" is not so");
	}
	return is_so;
}

bool check_text(const char *actual, const char *expected, const char *expression, const char *file,
	int line)
{
	bool is_same = actual && expected ? !strcmp(actual, expected) : actual == expected;

	if (!is_same) {
		print_failure(expression, file, line);
		fputs(" is ", stdout);
		print_quoted(actual);
		fputs(", not ", stdout);
		print_quoted(expected);
		putchar('\n');
	}
	return is_same;
}

bool check_number(
	long long actual, long long expected, const char *expression, const char *file, int line)
{
	if (actual != expected) {
		print_failure(expression, file, line);
		printf(" is %lld, not %lld\n", actual, expected);
	}
	return actual == expected;
}

static bool is_wanted(const struct check_test *test, const char *filter)
{
	char title[512];

	snprintf(title, sizeof title, "%s: %s", test->suite, test->name);
	return !filter || strstr(title, filter);
}

static int run(const char *filter)
{
	unsigned number = 0, failed = 0;

	for (struct check_test *test = tests; test; test = test->next) {
		if (!is_wanted(test, filter))
			continue;
		failed_checks = 0;
		test->run();
		failed += failed_checks > 0;
		printf("%sok %u - %s: %s\n", failed_checks ? "not " : "", ++number, test->suite,
			test->name);
		fflush(stdout);
	}
	printf("1..%u\n# pass %u\n# fail %u\n", number, number - failed, failed);
	return failed > 0 || number == 0;
}

#if defined(_WIN32) && defined(UNICODE)

/* What -municode starts. */
int wmain(int argc, wchar_t **argv);
int wmain(int argc, wchar_t **argv)
{
	char filter[256] = "";

	_setmode(_fileno(stdout), _O_BINARY);
	for (size_t i = 0; argc > 1 && argv[1][i] && i < sizeof filter - 1; i++)
		filter[i] = (char)argv[1][i];
	return run(argc > 1 ? filter : NULL);
}

#else

int main(int argc, char **argv)
{
# ifdef _WIN32
	_setmode(_fileno(stdout), _O_BINARY);
# endif
	return run(argc > 1 ? argv[1] : NULL);
}

#endif
