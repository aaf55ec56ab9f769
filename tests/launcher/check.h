/* The launcher's unit tests. A harness of our own, because the same tests run natively and under
 * wine, where Criterion does not exist.
 *
 * A failed check is printed and counted, and the test goes on; each check is also an expression, so
 * that a test can leave where going on would make no sense: if (!CHECK(list)) return;
 *
 * Threads: checks belong into the thread that runs the test. */
#pragma once

#include <stdbool.h>

struct check_test {
	const char *suite, *name, *file;
	int line;
	void (*run)(void);
	struct check_test *next;
};

/* Tests run by suite, then line, whatever the order of this. `test` must live for ever. */
void check_register(struct check_test *test);

bool check_true(bool is_so, const char *expression, const char *file, int line);
bool check_text(const char *actual, const char *expected, const char *expression, const char *file,
	int line);
bool check_number(
	long long actual, long long expected, const char *expression, const char *file, int line);

#define CHECK(expression) check_true((expression), #expression, __FILE__, __LINE__)
/* Either may be NULL. */
#define CHECK_TEXT(actual, expected) check_text(actual, expected, #actual, __FILE__, __LINE__)
/* Any two integers or enums. */
#define CHECK_NUMBER(actual, expected)                                                             \
 check_number((long long)(actual), (long long)(expected), #actual, __FILE__, __LINE__)

#define TEST(suite, name)                                                                          \
 static void suite##_##name(void);                                                                 \
 __attribute__((constructor)) static void register_##suite##_##name(void)                          \
 {                                                                                                 \
  static struct check_test test = { #suite, #name, __FILE__, __LINE__, suite##_##name, 0 };        \
  check_register(&test);                                                                           \
 }                                                                                                 \
 static void suite##_##name(void)
