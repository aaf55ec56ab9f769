#include "core/ready.h"

#include "check.h"

#include <stdio.h>
#include <string.h>

#define TOKEN    "0123456789abcdef"
#define INSTANCE "0123456789abcdef0123456789abcdef"

TEST(ready, line_of_the_agent_is_read)
{
	struct ready ready;

	if (!CHECK(ready_parse("{\"event\":\"ready\",\"url\":\"http://127.0.0.1:7878/#token=" TOKEN
			       "\",\"port\":7878,\"token\":\"" TOKEN
			       "\",\"pid\":12,\"instance\":\"" INSTANCE "\",\"version\":\"0.1.0\"}",
		    &ready)))
		return;
	CHECK_NUMBER(ready.port, 7878);
	CHECK_TEXT(ready.token, TOKEN);
	CHECK_TEXT(ready.instance, INSTANCE);
	CHECK_TEXT(ready.version, "0.1.0");
}

static bool accepts_instance(const char *json)
{
	struct ready ready;
	char line[256];

	snprintf(line, sizeof line, "{\"event\":\"ready\",\"port\":1,\"token\":\"" TOKEN "\"%s}",
		json);
	return ready_parse(line, &ready);
}

TEST(ready, instance_may_be_missing_but_not_odd)
{
	struct ready ready = { .instance = "x" };

	CHECK(ready_parse("{\"event\":\"ready\",\"port\":1,\"token\":\"" TOKEN "\"}", &ready));
	CHECK_TEXT(ready.instance, "");
	CHECK(accepts_instance(",\"instance\":\"" INSTANCE "\""));
	CHECK(!accepts_instance(",\"instance\":\"" INSTANCE "0\""));
	CHECK(!accepts_instance(",\"instance\":\"0123456789abcdef0123456789abcde\""));
	CHECK(!accepts_instance(",\"instance\":\"0123456789ABCDEF0123456789ABCDEF\""));
	CHECK(!accepts_instance(",\"instance\":\"\""));
	CHECK(!accepts_instance(",\"instance\":7"));
	CHECK(!accepts_instance(",\"instance\":null"));
}

TEST(ready, version_may_be_missing_or_odd)
{
	static const char *const versions[] = { "", ",\"version\":7", ",\"version\":\"a b\"",
		",\"version\":\"0123456789012345678901234567890123\"", ",\"version\":\"<b>\"" };

	for (size_t i = 0; i < sizeof versions / sizeof *versions; i++) {
		struct ready ready = { .version = "x" };
		char line[256];

		snprintf(line, sizeof line,
			"{\"event\":\"ready\",\"port\":1,\"token\":\"" TOKEN "\"%s}\r",
			versions[i]);
		CHECK(ready_parse(line, &ready));
		CHECK_TEXT(ready.version, "");
	}
}

static bool accepts_token(const char *token)
{
	struct ready ready;
	char line[512];

	snprintf(line, sizeof line, "{\"event\":\"ready\",\"port\":1,\"token\":\"%s\"}", token);
	return ready_parse(line, &ready) && !strcmp(ready.token, token);
}

TEST(ready, token_is_16_to_128_plain_characters)
{
	char token[131];

	memset(token, 'x', sizeof token);
	token[129] = '\0';
	CHECK(!accepts_token(token));
	token[128] = '\0';
	CHECK(accepts_token(token));
	token[16] = '\0';
	CHECK(accepts_token(token));
	token[15] = '\0';
	CHECK(!accepts_token(token));
	CHECK(accepts_token("AZaz09_-AZaz09_-"));
	CHECK(!accepts_token("0123456789abcde&"));
	CHECK(!accepts_token("0123456789abcde "));
	CHECK(!accepts_token("0123456789abcd\\n"));
	CHECK(!accepts_token("0123456789abcdeü"));
	CHECK(!accepts_token(""));
}

TEST(ready, other_lines_are_not)
{
	static const char *const lines[] = { "", "\n", "mesg: ttyname failed", "{}", "\xff\xfe\x01",
		"{\"event\":\"ready\"}", "{\"event\":\"ready\",\"port\":7878}",
		"{\"event\":\"readyready\",\"port\":1,\"token\":\"" TOKEN "\"}",
		"{\"event\":\"busy\",\"port\":1,\"token\":\"" TOKEN "\"}",
		"{\"port\":1,\"token\":\"" TOKEN "\"}",
		"{\"event\":\"ready\",\"port\":0,\"token\":\"" TOKEN "\"}",
		"{\"event\":\"ready\",\"port\":65536,\"token\":\"" TOKEN "\"}",
		"{\"event\":\"ready\",\"port\":\"1\",\"token\":\"" TOKEN "\"}",
		"{\"event\":\"ready\",\"port\":1,\"token\":1234567890123456}",
		"{\"event\":\"ready\",\"port\":1,\"token\":\"" TOKEN "\"",
		"x{\"event\":\"ready\",\"port\":1,\"token\":\"" TOKEN "\"}",
		"{\"event\":\"ready\",\"port\":1,\"token\":\"" TOKEN "\"} x" };

	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		struct ready ready = { .port = 4 };

		if (!CHECK(!ready_parse(lines[i], &ready)) || !CHECK_NUMBER(ready.port, 4))
			printf("# %s\n", lines[i]);
	}
}

TEST(ready, lines_may_be_long)
{
	static char line[70000];
	struct ready ready;

	memset(line, '{', sizeof line - 1);
	CHECK(!ready_parse(line, &ready));
	memset(line, '"', sizeof line - 1);
	CHECK(!ready_parse(line, &ready));
	memset(line, 'x', sizeof line - 1);
	CHECK(!ready_parse(line, &ready));
}
