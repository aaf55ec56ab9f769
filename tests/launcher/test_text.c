#include "core/text.h"

#include "check.h"

#include <stdio.h>
#include <string.h>

#define CONSOLE(bytes) from_console(bytes, sizeof(bytes) - 1)
#define WIDE_LINE_END  "\r\0\n\0"

static const char *from_console(const char *bytes, size_t count)
{
	static char text[512];
	size_t length = text_from_console((const uint8_t *)bytes, count, text, sizeof text);

	CHECK_NUMBER(length, strlen(text));
	return text;
}

/* As wsl.exe writes it without WSL_UTF8=1. */
static size_t as_wide(const char *text, uint8_t *bytes, size_t size)
{
	uint16_t units[512];
	size_t count = text_to_utf16(text, units, 512);

	if (!CHECK(count < 512 && 2 * count <= size))
		return 0;
	for (size_t i = 0; i < count; i++) {
		bytes[2 * i] = (uint8_t)units[i];
		bytes[2 * i + 1] = (uint8_t)(units[i] >> 8);
	}
	return 2 * count;
}

TEST(text_console, nothing_is_empty)
{
	CHECK_TEXT(CONSOLE(""), "");
}

TEST(text_console, utf8_stays)
{
	CHECK_TEXT(CONSOLE("WSL 版本: 2.3.26.0\r\nFürs Erste"), "WSL 版本: 2.3.26.0\nFürs Erste");
}

TEST(text_console, byte_order_marks_are_left_out)
{
	CHECK_TEXT(CONSOLE("\xef\xbb\xbfHelix\n"), "Helix\n");
	CHECK_TEXT(CONSOLE("\xff\xfeH\0i\0"), "Hi");
	CHECK_TEXT(CONSOLE("\xff\xfe"), "");
	CHECK_TEXT(CONSOLE("\xff\xfe\x2d\x4e"), "中");
}

TEST(text_console, utf16_is_known_in_every_language)
{
	static const char *const lines[] = {
		"WSL version: 2.3.26.0\r\nKernel version: 5.15.167.4-1\r\n",
		"WSL-Version: 1.1.3.0\r\nKernelversion: 5.15.90.1\r\n",
		"Version WSL\xc2\xa0: 2.2.4.0\r\nVersion du noyau\xc2\xa0: 5.15.153.1-2\r\n",
		"WSL 版本： 2.2.4.0\r\n内核版本： 5.15.153.1-2\r\n",
		"由于未安装所需的特性，无法启动操作。\r\n"
		"错误代码: Wsl/Service/CreateInstance/CreateVm/HCS/HCS_E_SERVICE_NOT_AVAILABLE\r\n",
		"参数错误。\r\n",
		"中\r\n",
		"中\n",
		"一\r\n",
		"Операция не может быть запущена.\r\n",
		"指定された名前のディストリビューションはありません。\r\n",
		"Emoji 😀 too\r\n",
		"Helix\r\n",
		"A",
	};

	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		uint8_t bytes[1024];
		char expected[512] = "";
		size_t count = as_wide(lines[i], bytes, sizeof bytes);

		for (const char *c = lines[i]; *c; c++)
			strncat(expected, c, *c != '\r');
		CHECK_TEXT(from_console((char *)bytes, count), expected);
	}
}

TEST(text_console, utf8_with_a_stray_nul_is_no_utf16)
{
	CHECK_TEXT(CONSOLE("Die Datei\0 ist da, und zwar ganz.\n"),
		"Die Datei ist da, und zwar ganz.\n");
	CHECK_TEXT(CONSOLE("Die Datei \0ist da, und zwar ganz.\n"),
		"Die Datei ist da, und zwar ganz.\n");
	CHECK_TEXT(CONSOLE("abcdefgh \0 cut in the middle of a \xe4\xb8"),
		"abcdefgh  cut in the middle of a \xef\xbf\xbd\xef\xbf\xbd");
}

TEST(text_console, nuls_are_left_out)
{
	CHECK_TEXT(CONSOLE("\0\0\0"), "");
	CHECK_TEXT(CONSOLE("H\0i\0\0\0!\0"), "Hi!");
}

TEST(text_console, every_line_end_is_one_newline)
{
	CHECK_TEXT(CONSOLE("a\r\nb\nc\rd"), "a\nb\nc\nd");
	CHECK_TEXT(CONSOLE("\r10%\r20%\r\n\r\n"), "\n10%\n20%\n\n");
	CHECK_TEXT(CONSOLE("a\r"), "a\n");
	CHECK_TEXT(CONSOLE("a\0" WIDE_LINE_END "b\0\r\0c\0\r\0"), "a\nb\nc\n");
}

TEST(text_console, half_a_unit_at_the_end_is_no_text)
{
	CHECK_TEXT(CONSOLE("\xff\xfeH\0i\0!"), "Hi\xef\xbf\xbd");
	CHECK_TEXT(CONSOLE("\xff\xfe\r\0\n"), "\n\xef\xbf\xbd");
	CHECK_TEXT(CONSOLE("\xff\xfe\x3d\xd8\x00"), "\xef\xbf\xbd\xef\xbf\xbd");
}

TEST(text_console, lone_surrogates_are_no_text)
{
	CHECK_TEXT(CONSOLE("\xff\xfe\x3d\xd8"), "\xef\xbf\xbd");
	CHECK_TEXT(CONSOLE("\xff\xfe\x3d\xd8x\0"), "\xef\xbf\xbdx");
	CHECK_TEXT(CONSOLE("\xff\xfe\x00\xdex\0"), "\xef\xbf\xbdx");
	CHECK_TEXT(CONSOLE("\xff\xfe\x3d\xd8\x3d\xd8\x00\xde"), "\xef\xbf\xbd😀");
	CHECK_TEXT(CONSOLE("\xed\xa0\x80"), "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
}

TEST(text_console, bad_utf8_is_no_text)
{
	CHECK_TEXT(CONSOLE("Z\xfcrich"), "Z\xef\xbf\xbdrich");
	CHECK_TEXT(CONSOLE("\xc0\xaf"), "\xef\xbf\xbd\xef\xbf\xbd");
	CHECK_TEXT(CONSOLE("\xf4\x90\x80\x80"), "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
	CHECK_TEXT(CONSOLE("\xe4\xb8"), "\xef\xbf\xbd\xef\xbf\xbd");
}

TEST(text_console, control_characters_are_no_text)
{
	CHECK_TEXT(CONSOLE("\x1b[31mred\a\x7f\xc2\x9b\tok"),
		"\xef\xbf\xbd[31mred\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\tok");
}

TEST(text_console, is_cut_between_characters)
{
	char text[8];

	for (size_t size = 1; size <= sizeof text; size++) {
		memset(text, 'x', sizeof text);
		size_t length = text_from_console((const uint8_t *)"aü中z!", 8, text, size);
		static const size_t expected[] = { 0, 1, 1, 3, 3, 3, 6, 7 };

		CHECK_NUMBER(length, expected[size - 1]);
		CHECK_NUMBER(strlen(text), length);
		CHECK(text_is_utf8(text));
		for (size_t i = size; i < sizeof text; i++)
			CHECK(text[i] == 'x');
	}
}

TEST(text_wide, goes_there_and_back)
{
	static const char *const texts[] = { "", "Helix", "C:\\Users\\Zoë\\中", "😀", "\x7f\xc2\x80",
		"\xe0\xa0\x80\xef\xbf\xbf\xf0\x90\x80\x80\xf4\x8f\xbf\xbf" };

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		uint16_t wide[64];
		char text[64];

		CHECK(text_to_utf16(texts[i], wide, 64) < 64);
		CHECK_NUMBER(text_from_utf16(wide, text, sizeof text), strlen(texts[i]));
		CHECK_TEXT(text, texts[i]);
	}
}

TEST(text_wide, has_surrogates_for_what_is_beyond_16_bits)
{
	uint16_t wide[4];

	CHECK_NUMBER(text_to_utf16("😀!", wide, 4), 3);
	CHECK_NUMBER(wide[0], 0xd83d);
	CHECK_NUMBER(wide[1], 0xde00);
	CHECK_NUMBER(wide[2], '!');
	CHECK_NUMBER(wide[3], 0);
}

TEST(text_wide, says_when_it_does_not_fit)
{
	static const uint16_t wide[] = { 0xd83d, 0xde00, 0 };
	uint16_t units[3];
	char text[5];

	CHECK_NUMBER(text_to_utf16("", units, 0), SIZE_MAX);
	CHECK_NUMBER(text_to_utf16("a", units, 1), SIZE_MAX);
	CHECK_NUMBER(text_to_utf16("a", units, 2), 1);
	CHECK_NUMBER(text_to_utf16("😀", units, 2), SIZE_MAX);
	CHECK_NUMBER(text_to_utf16("😀", units, 3), 2);
	CHECK_NUMBER(text_from_utf16(wide, text, 0), SIZE_MAX);
	CHECK_NUMBER(text_from_utf16(wide, text, 4), SIZE_MAX);
	CHECK_NUMBER(text_from_utf16(wide, text, 5), 4);
}

TEST(text_wide, has_a_sign_for_what_is_no_text)
{
	static const uint16_t lone[] = { 'a', 0xd83d, 'b', 0xde00, 0xd83d, 0 };
	uint16_t wide[8];
	char text[32];

	CHECK_NUMBER(text_from_utf16(lone, text, sizeof text), 11);
	CHECK_TEXT(text,
		"a\xef\xbf\xbd"
		"b\xef\xbf\xbd\xef\xbf\xbd");
	CHECK_NUMBER(text_to_utf16("Z\xfcr", wide, 8), 3);
	CHECK_NUMBER(wide[1], 0xfffd);
}

static const char *redacted(const char *text)
{
	static char buffer[512];

	snprintf(buffer, sizeof buffer, "%s", text);
	text_redact(buffer);
	return buffer;
}

TEST(text_redact, takes_the_token_out_of_urls)
{
	CHECK_TEXT(redacted("open http://127.0.0.1:7878/#token=Ab3_-xyz9 in the view"),
		"open http://127.0.0.1:7878/#token=*** in the view");
	CHECK_TEXT(redacted("GET /api/status?a=1&token=0123456789abcdef&b=2"),
		"GET /api/status?a=1&token=***&b=2");
	CHECK_TEXT(redacted("/login?next=%2F%23token%3Dabcdef%26x"),
		"/login?next=%2F%23token%3D***%26x");
	CHECK_TEXT(redacted("TOKEN=abcdef Token=ghijkl"), "TOKEN=*** Token=***");
	CHECK_TEXT(redacted("view_token=abcdef --token \"x\" --view-token='abcdef'"),
		"view_token=*** --token \"x\" --view-token='***'");
}

TEST(text_redact, takes_the_token_out_of_json)
{
	CHECK_TEXT(redacted("{\"port\":7878,\"token\":\"0123456789abcdef\",\"pid\":12}"),
		"{\"port\":7878,\"token\":\"***\",\"pid\":12}");
	CHECK_TEXT(redacted("{\"Token\" : \"abcdef\"}"), "{\"Token\" : \"***\"}");
	CHECK_TEXT(
		redacted("{\n\t\"token\":\n\t\t\"abcdef\"\n}"), "{\n\t\"token\":\n\t\t\"***\"\n}");
	CHECK_TEXT(redacted("{\"line\":\"{\\\"token\\\":\\\"abcdef\\\"}\"}"),
		"{\"line\":\"{\\\"token\\\":\\\"***\\\"}\"}");
	CHECK_TEXT(redacted("{'token': 1234567}"), "{'token': ***}");
}

TEST(text_redact, takes_the_token_out_of_headers)
{
	CHECK_TEXT(redacted("Authorization: Bearer abcdef\r\nHost: x"),
		"Authorization: Bearer ***\r\nHost: x");
	CHECK_TEXT(redacted("Sec-WebSocket-Protocol: helix.1, bearer.abcdef"),
		"Sec-WebSocket-Protocol: helix.1, bearer.***");
}

TEST(text_redact, takes_out_every_one)
{
	CHECK_TEXT(redacted("token=abcdef token=ghijkl"), "token=*** token=***");
	CHECK_TEXT(redacted("token=token=abcdef"), "token=***=***");
	CHECK_TEXT(redacted("token=\"token\":\"abcdef\""), "token=\"***\":\"***\"");
	CHECK_TEXT(redacted("Bearer token=abcdef"), "Bearer ***=***");
	CHECK_TEXT(redacted("token=Bearer abcdef"), "token=*** ***");
	CHECK_TEXT(redacted("token=x-Bearer Bearer abcdef!"), "token=*** *** ***!");
	CHECK_TEXT(redacted("tokentoken=abcdef"), "tokentoken=***");
}

TEST(text_redact, never_grows)
{
	CHECK_TEXT(redacted("token=a"), "token=*");
	CHECK_TEXT(redacted("token=ab&token=abc&token=abcd"), "token=**&token=***&token=***");
}

TEST(text_redact, leaves_the_rest)
{
	static const char *const texts[] = { "", "token", "token=", "\"token\":", "\"token\"",
		"Bearer", "Bearer ", "token=***", "the token was refused", "no token: start again",
		"tokens=abc", "=abc", "port=7878", "t\xc3\xb6ken=abc" };

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		CHECK_TEXT(redacted(texts[i]), texts[i]);
}

static const char *megabytes(uint64_t done, uint64_t total)
{
	static char text[64];

	text_megabytes(done, total, text, sizeof text);
	return text;
}

TEST(text_megabytes, says_how_much_of_how_much)
{
	CHECK_TEXT(megabytes(312999999, 430000000), "312 of 430 MB");
	CHECK_TEXT(megabytes(312000000, 0), "312 MB");
	CHECK_TEXT(megabytes(0, 430000000), "0 of 430 MB");
	CHECK_TEXT(megabytes(5, 9), "1 of 1 MB");
	CHECK_TEXT(megabytes(0, 0), "0 MB");
	CHECK_TEXT(megabytes(UINT64_MAX, UINT64_MAX), "18446744073709 of 18446744073709 MB");
}

TEST(text_megabytes, is_cut_to_its_buffer)
{
	char text[6] = "xxxxx";

	text_megabytes(312000000, 430000000, text, sizeof text);

	CHECK_TEXT(text, "312 o");
}
