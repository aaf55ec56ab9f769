#include "core/json.h"

#include "check.h"

#include <stdio.h>
#include <string.h>

static const char *string_in(const char *json, const char *name)
{
	static char text[64];

	return json_string(json, name, text, sizeof text) ? text : NULL;
}

static long long number_in(const char *json, const char *name)
{
	uint64_t number;

	return json_number(json, name, &number) ? (long long)number : -1;
}

TEST(json, fields_are_found_by_name)
{
	const char *json = " {\t\"a\" : \"x\" ,\r\n \"b\":7,\"c\":null,\"\":\"empty\" } \n";

	CHECK_TEXT(string_in(json, "a"), "x");
	CHECK_NUMBER(number_in(json, "b"), 7);
	CHECK(json_has(json, "c"));
	CHECK_TEXT(string_in(json, ""), "empty");
	CHECK(!json_has(json, "d"));
	CHECK(!json_has("{}", "a"));
}

TEST(json, fields_have_one_kind)
{
	const char *json =
		"{\"text\":\"7\",\"number\":7,\"yes\":true,\"list\":[7],\"deep\":{\"a\":1}}";

	CHECK_NUMBER(number_in(json, "text"), -1);
	CHECK_TEXT(string_in(json, "number"), NULL);
	CHECK_TEXT(string_in(json, "yes"), NULL);
	CHECK_NUMBER(number_in(json, "list"), -1);
	CHECK(!json_has(json, "a"));
}

TEST(json, with_a_name_twice_the_first_counts)
{
	CHECK_TEXT(string_in("{\"a\":\"1\",\"a\":\"2\"}", "a"), "1");
	CHECK_TEXT(string_in("{\"a\":1,\"a\":\"2\"}", "a"), NULL);
}

TEST(json, names_may_have_escapes)
{
	CHECK_TEXT(string_in("{\"\\u0074oken\":\"x\"}", "token"), "x");
	CHECK_TEXT(string_in("{\"a\\/b\":\"x\"}", "a/b"), "x");
}

TEST(json, long_names_are_passed_over)
{
	char json[256], name[101];

	memset(name, 'a', 100);
	name[100] = '\0';
	snprintf(json, sizeof json, "{\"%s\":\"x\",\"b\":\"y\"}", name);

	CHECK(!json_has(json, name));
	CHECK_TEXT(string_in(json, "b"), "y");
}

TEST(json, escapes_are_resolved)
{
	CHECK_TEXT(string_in("{\"a\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"}", "a"), "\"\\/\b\f\n\r\t");
	CHECK_TEXT(string_in("{\"a\":\"\\u00fc\\u4e2D\\uD83D\\uDE00\"}", "a"), "ü中😀");
	CHECK_TEXT(string_in("{\"a\":\"\\ud83d\\ud83d\\ude00\"}", "a"), "\xef\xbf\xbd😀");
	CHECK_TEXT(string_in("{\"a\":\"\\ud83dx\\ude00\"}", "a"), "\xef\xbf\xbdx\xef\xbf\xbd");
	CHECK_TEXT(string_in("{\"a\":\"\\ud83d\\n\"}", "a"), "\xef\xbf\xbd\n");
}

TEST(json, a_string_must_fit)
{
	char text[4] = "old";

	CHECK(!json_string("{\"a\":\"1234\"}", "a", text, sizeof text));
	CHECK(!json_string("{\"a\":\"1ü3\"}", "a", text, sizeof text));
	CHECK(!json_string("{\"a\":\"\"}", "a", text, 0));
	CHECK_TEXT(text, "old");
	CHECK(json_string("{\"a\":\"123\"}", "a", text, sizeof text));
	CHECK_TEXT(text, "123");
}

TEST(json, numbers_are_whole)
{
	CHECK_NUMBER(number_in("{\"a\":0}", "a"), 0);
	CHECK_NUMBER(number_in("{\"a\":9007199254740992}", "a"), 9007199254740992);
	CHECK_NUMBER(number_in("{\"a\":9007199254740993}", "a"), -1);
	CHECK_NUMBER(number_in("{\"a\":99999999999999999999999}", "a"), -1);
	CHECK_NUMBER(number_in("{\"a\":-1}", "a"), -1);
	CHECK_NUMBER(number_in("{\"a\":1.5}", "a"), -1);
	CHECK_NUMBER(number_in("{\"a\":1e3}", "a"), -1);
	CHECK_NUMBER(number_in("{\"a\":1E3,\"b\":-0.5e+10,\"c\":2}", "c"), 2);
}

TEST(json, what_is_no_json_has_no_fields)
{
	static const char *const bad[] = { "", " ", "null", "[\"a\"]", "\"a\"", "{", "{\"a\"",
		"{\"a\":", "{\"a\":1", "{\"a\":1,", "{\"a\":1,}", "{\"a\":1}x", "{\"a\":1}{}",
		"{,\"a\":1}", "{a:1}", "{'a':1}", "{\"a\" 1}", "{\"a\":1 \"b\":2}",
		"{\"a\":1,\"b\":01}", "{\"a\":1,\"b\":+1}", "{\"a\":1,\"b\":.5}",
		"{\"a\":1,\"b\":1.}", "{\"a\":1,\"b\":1e}", "{\"a\":1,\"b\":-}",
		"{\"a\":1,\"b\":0x10}", "{\"a\":1,\"b\":NaN}", "{\"a\":1,\"b\":nul}",
		"{\"a\":1,\"b\":True}", "{\"a\":1,\"b\":truex}", "{\"a\":1,\"b\":\"\n\"}",
		"{\"a\":1,\"b\":\"\\x\"}", "{\"a\":1,\"b\":\"\\u12g4\"}", "{\"a\":1,\"b\":\"\\u123",
		"{\"a\":1,\"b\":\"\\u0000\"}", "{\"a\":1,\"b\":\"\\", "{\"a\":1,\"b\":\"",
		"{\"a\":1,\"b\":[1,]}", "{\"a\":1,\"b\":[1}", "{\"a\":1,\"b\":[1 2]}",
		"{\"a\":1,\"b\":{\"c\":}}", "{\"a\":1,\"b\":{1:2}}", "{\"a\":1,\"b\":\"\xff\"}",
		"{\"a\":1,\"b\":\"\xc0\xaf\"}", "{\"a\":1,\"b\":\"\xed\xa0\x80\"}",
		"{\"a\":1} // b", "<html><body>Please log in</body></html>" };

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		if (!CHECK(!json_has(bad[i], "a")))
			printf("# %s\n", bad[i]);
	}
}

TEST(json, what_nests_is_passed_over)
{
	const char *json = "{\"l\":[[],{},[1,\"a\",{\"b\":[true,false,null]}]],\"a\":1}";

	CHECK_NUMBER(number_in(json, "a"), 1);
}

TEST(json, a_byte_order_mark_is_passed_over)
{
	CHECK_NUMBER(number_in("\xef\xbb\xbf{\"a\":1}", "a"), 1);
}

/* An object with an array in it, 1 + `nesting` deep. */
static bool reads_nested(size_t nesting)
{
	char json[100000] = "{\"a\":1,\"b\":";
	size_t length = strlen(json);

	memset(json + length, '[', nesting);
	memset(json + length + nesting, ']', nesting);
	strcpy(json + length + 2 * nesting, "}");
	return json_has(json, "a");
}

TEST(json, may_nest_32_deep)
{
	CHECK(reads_nested(31));
	CHECK(!reads_nested(32));
	CHECK(!reads_nested(49990));
}
