#include "core/manifest.h"

#include "check.h"

#include <stdio.h>
#include <string.h>

#define SHA256 "0123456789abcdef0123456789ABCDEF0123456789abcdef0123456789abcdef"
#define BASE   "https://helix.example/releases/manifest.json"

static struct manifest manifest;
static char error[128];

static bool parse(const char *json, const char *base)
{
	manifest = (struct manifest){ .version = "untouched" };
	error[0] = '\0';
	return manifest_parse(json, base, &manifest, error, sizeof error);
}

/* A good one, but for `field`: what stands there, or NULL for nothing. */
static bool parse_with(const char *field, const char *value)
{
	static const char *const fields[][2] = { { "version", "\"0.1.0\"" },
		{ "url", "\"https://helix.example/helix.wsl\"" }, { "sha256", "\"" SHA256 "\"" },
		{ "size", "300000000" }, { "unpacked_size", "1200000000" },
		{ "minimum_wsl", "\"2.0.0\"" } };
	char json[4096] = "{\"name\":\"Helix\"";

	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
		const char *text = strcmp(fields[i][0], field) ? fields[i][1] : value;
		size_t length = strlen(json);

		if (text)
			snprintf(json + length, sizeof json - length, ",\"%s\":%s", fields[i][0],
				text);
	}
	strcat(json, "}");
	return parse(json, NULL);
}

TEST(manifest, says_what_image_there_is)
{
	if (!CHECK(parse(
		    "{\"name\": \"Helix\", \"version\": \"0.1.0~rc1+b_2-3\", \"size\": 300000000,\n"
		    " \"unpacked_size\": 1200000000, \"sha256\": \"" SHA256 "\",\n"
		    " \"url\": \"https://helix.example/helix-0.1.0.wsl\",\n"
		    " \"minimum_wsl\": \"2.0.9\", \"made_by\": {\"x\": [1]}}\n",
		    NULL)))
		return;
	CHECK_TEXT(manifest.version, "0.1.0~rc1+b_2-3");
	CHECK_TEXT(manifest.url, "https://helix.example/helix-0.1.0.wsl");
	CHECK_TEXT(manifest.sha256,
		"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef");
	CHECK_NUMBER(manifest.size_bytes, 300000000);
	CHECK_NUMBER(manifest.unpacked_bytes, 1200000000);
	CHECK_NUMBER(manifest.minimum_wsl.parts[0], 2);
	CHECK_NUMBER(manifest.minimum_wsl.parts[2], 9);
}

TEST(manifest, some_fields_may_be_missing)
{
	CHECK(parse_with("unpacked_size", NULL));
	CHECK_NUMBER(manifest.unpacked_bytes, 0);
	CHECK(parse_with("unpacked_size", "0"));
	CHECK(parse_with("minimum_wsl", NULL));
	CHECK_NUMBER(manifest.minimum_wsl.parts[0], 0);
}

TEST(manifest, names_the_field_that_is_missing)
{
	static const char *const fields[] = { "version", "url", "sha256", "size" };

	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
		char expected[64];

		CHECK(!parse_with(fields[i], NULL));
		snprintf(expected, sizeof expected, "\"%s\" is missing", fields[i]);
		CHECK_TEXT(error, expected);
		CHECK_TEXT(manifest.version, "untouched");
	}
}

TEST(manifest, names_the_field_that_is_wrong)
{
	static const char *const wrong[][2] = { { "version", "\"\"" }, { "version", "1" },
		{ "version", "\"0.1 0\"" }, { "version", "\"../x\"" },
		{ "version", "\"01234567890123456789012345678901\"" }, { "sha256", "\"\"" },
		{ "sha256", "\"0123456789abcdef\"" }, { "sha256", "\"" SHA256 "0\"" },
		{ "sha256",
			"\"g123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\"" },
		{ "size", "0" }, { "size", "-1" }, { "size", "\"300\"" }, { "size", "1.5" },
		{ "size", "68719476737" }, { "unpacked_size", "-1" }, { "unpacked_size", "null" },
		{ "unpacked_size", "68719476737" }, { "minimum_wsl", "2" },
		{ "minimum_wsl", "\"2.0\"" }, { "minimum_wsl", "\"new\"" },
		{ "minimum_wsl", "null" } };

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		char expected[64];

		if (!CHECK(!parse_with(wrong[i][0], wrong[i][1])))
			printf("# %s: %s\n", wrong[i][0], wrong[i][1]);
		snprintf(expected, sizeof expected, "\"%s\" is wrong", wrong[i][0]);
		CHECK_TEXT(error, expected);
	}
}

TEST(manifest, sizes_go_up_to_64_gib)
{
	CHECK(parse_with("size", "68719476736"));
	CHECK(parse_with("size", "1"));
	CHECK(parse_with("unpacked_size", "68719476736"));
}

TEST(manifest, other_files_are_none)
{
	static const char *const texts[] = { "", "{}", "<!DOCTYPE html><title>Sign in</title>",
		"{\"version\":\"0.1.0\"", "[]", "\xff\xfe{" };

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		CHECK(!parse(texts[i], BASE));
		CHECK_TEXT(error, "This is no manifest");
	}
}

static const char *url_of(const char *url, const char *base)
{
	char json[4096];

	snprintf(json, sizeof json,
		"{\"version\":\"1\",\"size\":1,\"sha256\":\"" SHA256 "\",\"url\":\"%s\"}", url);
	return parse(json, base) ? manifest.url : error;
}

TEST(manifest_url, may_be_absolute)
{
	static const char *const urls[] = { "https://helix.example/a/b.wsl?x=1&y=%20",
		"http://127.0.0.1:8080/helix.tar.gz", "HTTPS://helix.example",
		"https://[::1]:8080/x", "https://helix.example/a@b:c" };

	for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
		CHECK_TEXT(url_of(urls[i], NULL), urls[i]);
		CHECK_TEXT(url_of(urls[i], BASE), urls[i]);
	}
}

TEST(manifest_url, may_be_a_file_beside_the_manifest)
{
	CHECK_TEXT(
		url_of("helix-0.1.0.wsl", BASE), "https://helix.example/releases/helix-0.1.0.wsl");
	CHECK_TEXT(
		url_of("a%20b.wsl", BASE "?a=/b/c#/d"), "https://helix.example/releases/a%20b.wsl");
	CHECK_TEXT(url_of("a.wsl", "http://localhost:80"), "http://localhost:80/a.wsl");
	CHECK_TEXT(url_of("a.wsl", "http://localhost?x/y"), "http://localhost/a.wsl");
	CHECK_TEXT(url_of("a.wsl", "http://localhost/"), "http://localhost/a.wsl");
	CHECK_TEXT(url_of("https", BASE), "https://helix.example/releases/https");
}

TEST(manifest_url, is_refused_when_it_leads_elsewhere)
{
	static const char *const urls[] = { "", "ftp://helix.example/x", "file:///C:/x",
		"javascript:alert(1)", "//evil.example/x", "/x", "../x", "..", ".x", "a/b",
		"a\\\\b", "C:x", "https:", "https://", "https:///x", "https:/x", "https://:80/x",
		"ttps://a/x", "https://user:pass@helix.example/x", "https://user@helix.example",
		"https://@/x", "https://helix.example\\\\@evil.example/x",
		"https://helix.example/a b", "https://helix.example/\\n", "https://helix.example/ü",
		" https://helix.example/x", "a b.wsl", "a?b", "a#b", "ü.wsl", "http s://a/x" };

	for (size_t i = 0; i < sizeof urls / sizeof *urls; i++)
		CHECK_TEXT(url_of(urls[i], BASE), "\"url\" is wrong");
}

TEST(manifest_url, needs_a_good_base_when_it_is_relative)
{
	CHECK_TEXT(url_of("a.wsl", NULL), "\"url\" is wrong");
	CHECK_TEXT(url_of("a.wsl", "C:\\manifest.json"), "\"url\" is wrong");
	CHECK_TEXT(url_of("a.wsl", "file:///C:/manifest.json"), "\"url\" is wrong");
	CHECK_TEXT(url_of("a.wsl", "https://me:word@helix.example/x"), "\"url\" is wrong");
}

TEST(manifest_url, must_fit)
{
	char base[1200] = "https://helix.example/", url[1200];

	memset(base + strlen(base), 'x', 1010 - strlen(base));
	strcpy(base + 1010, "/m");
	CHECK_NUMBER(strlen(url_of("123456789012", base)), 1023);
	CHECK_TEXT(url_of("1234567890123", base), "\"url\" is wrong");

	memset(url, 'x', sizeof url);
	memcpy(url, "https://", 8);
	memcpy(url + 100, "/", 1);
	url[1024] = '\0';
	CHECK_TEXT(url_of(url, NULL), "\"url\" is wrong");
	url[1023] = '\0';
	CHECK_TEXT(url_of(url, NULL), url);
	memset(url + 8, 'x', 256);
	CHECK_TEXT(url_of(url, NULL), "\"url\" is wrong");
}

TEST(manifest_versions, are_in_order)
{
	/* Each comes after the one before. */
	static const char *const order[] = { "~~", "~", "", "0.1~rc1", "0.1~rc1+b", "0.1~rc2",
		"0.1~rc10", "0.1", "0.1-1", "0.1-2", "0.1-10", "0.1a", "0.1a1", "0.1b", "0.1+build",
		"0.1.0.1", "0.2", "0.9", "0.10", "0.99999999999999999999",
		"0.100000000000000000000", "1.0~~", "1.0~", "1.0", "1.0-0.1", "1.0+a", "1.0.1",
		"1.1-1", "1.1-1-1", "2.a", "10" };
	size_t count = sizeof order / sizeof *order;

	for (size_t a = 0; a < count; a++) {
		for (size_t b = 0; b < count; b++) {
			int expected = (a > b) - (a < b);

			if (!CHECK_NUMBER(manifest_compare_versions(order[a], order[b]), expected))
				printf("# %s and %s\n", order[a], order[b]);
		}
	}
}

TEST(manifest_versions, have_their_revision_behind_the_last_dash)
{
	CHECK_NUMBER(manifest_compare_versions("1-1-2", "1-1.5"), 1);
	CHECK_NUMBER(manifest_compare_versions("1.0-1", "1.0+b"), -1);
}

TEST(manifest_versions, may_be_the_same_in_other_words)
{
	CHECK_NUMBER(manifest_compare_versions("1.02", "1.2"), 0);
	CHECK_NUMBER(manifest_compare_versions("1.a", "1.a0"), 0);
	CHECK_NUMBER(manifest_compare_versions("1.0", "1.0-0"), 0);
	CHECK_NUMBER(manifest_compare_versions("0", ""), 0);
}
