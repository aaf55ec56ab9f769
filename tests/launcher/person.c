/* The person in front of the wine screen, for the tests: reads what windows say, and answers.
 *
 *   person.exe look
 *       a line of JSON for each visible window: title, class, pid, texts
 *   person.exe press TITLE BUTTON
 *       press the button with this text (without its "&", the beginning is enough) in the window
 *       whose title begins with TITLE; exit code 1 when there is none
 *   person.exe close TITLE
 *       close that window, as with the cross in its corner
 *   person.exe sleep TITLE, person.exe wake TITLE
 *       tell that window what Windows tells then */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include <windows.h>

/* A window whose program hangs must not hang us. */
#define ANSWER_MS 1000
#define MAX_TEXT  2048

struct wish {
	const wchar_t *title, *button; /* button NULL = the message */
	UINT message;
	WPARAM wide;
	bool fulfilled;
};

static void get_text(HWND window, wchar_t text[MAX_TEXT])
{
	DWORD_PTR length = 0;

	text[0] = L'\0';
	SendMessageTimeoutW(
		window, WM_GETTEXT, MAX_TEXT, (LPARAM)text, SMTO_ABORTIFHUNG, ANSWER_MS, &length);
	text[MAX_TEXT - 1] = L'\0';
}

static void print_string(const wchar_t *wide)
{
	char text[MAX_TEXT * 3 + 1];

	WideCharToMultiByte(CP_UTF8, 0, wide, -1, text, sizeof text, NULL, NULL);
	putchar('"');
	for (const char *at = text; *at; at++) {
		if (*at == '"' || *at == '\\')
			printf("\\%c", *at);
		else if ((unsigned char)*at < ' ')
			printf("\\u%04x", (unsigned)*at);
		else
			putchar(*at);
	}
	putchar('"');
}

static BOOL CALLBACK print_child(HWND child, LPARAM owner)
{
	bool *is_first = (bool *)owner;
	wchar_t text[MAX_TEXT];

	get_text(child, text);
	if (!text[0] || !IsWindowVisible(child))
		return TRUE;
	if (!*is_first)
		printf(", ");
	*is_first = false;
	print_string(text);
	return TRUE;
}

static BOOL CALLBACK print_window(HWND window, LPARAM owner)
{
	wchar_t title[MAX_TEXT], class[256] = L"";
	bool is_first = true;
	DWORD pid;

	(void)owner;
	if (!IsWindowVisible(window))
		return TRUE;
	get_text(window, title);
	GetClassNameW(window, class, 256);
	GetWindowThreadProcessId(window, &pid);
	printf("{\"title\": ");
	print_string(title);
	printf(", \"class\": ");
	print_string(class);
	printf(", \"pid\": %lu, \"texts\": [", pid);
	EnumChildWindows(window, print_child, (LPARAM)&is_first);
	printf("]}\n");
	return TRUE;
}

/* Whether `text` begins with `wanted`, without the marks of access keys. */
static bool begins(const wchar_t *text, const wchar_t *wanted)
{
	for (; *wanted; text++) {
		if (*text == L'&' && *wanted != L'&')
			continue;
		if (*text != *wanted++)
			return false;
	}
	return true;
}

static BOOL CALLBACK press_child(HWND child, LPARAM owner)
{
	struct wish *wish = (struct wish *)owner;
	wchar_t text[MAX_TEXT], class[256] = L"";

	GetClassNameW(child, class, 256);
	get_text(child, text);
	if (_wcsicmp(class, L"Button") != 0 || !begins(text, wish->button))
		return TRUE;
	wish->fulfilled = PostMessageW(child, BM_CLICK, 0, 0);
	return FALSE;
}

static BOOL CALLBACK fulfil(HWND window, LPARAM owner)
{
	struct wish *wish = (struct wish *)owner;
	wchar_t title[MAX_TEXT];

	get_text(window, title);
	if (!IsWindowVisible(window) || !begins(title, wish->title))
		return TRUE;
	if (wish->button)
		EnumChildWindows(window, press_child, owner);
	else
		wish->fulfilled = PostMessageW(window, wish->message, wish->wide, 0);
	return !wish->fulfilled;
}

static bool read_wish(int argc, wchar_t **argv, struct wish *wish)
{
	static const struct {
		const wchar_t *name;
		UINT message;
		WPARAM wide;
	} messages[] = {
		{ L"close", WM_CLOSE, 0 },
		{ L"sleep", WM_POWERBROADCAST, PBT_APMSUSPEND },
		{ L"wake", WM_POWERBROADCAST, PBT_APMRESUMEAUTOMATIC },
	};

	wish->title = argv[2];
	if (argc == 4 && !wcscmp(argv[1], L"press")) {
		wish->button = argv[3];
		return true;
	}
	for (size_t i = 0; argc == 3 && i < sizeof messages / sizeof *messages; i++) {
		if (wcscmp(argv[1], messages[i].name) != 0)
			continue;
		wish->message = messages[i].message;
		wish->wide = messages[i].wide;
		return true;
	}
	return false;
}

int wmain(int argc, wchar_t **argv)
{
	struct wish wish = { 0 };

	if (argc == 2 && !wcscmp(argv[1], L"look")) {
		EnumWindows(print_window, 0);
		return 0;
	}
	if (argc < 3 || !read_wish(argc, argv, &wish))
		return 2;
	EnumWindows(fulfil, (LPARAM)&wish);
	return wish.fulfilled ? 0 : 1;
}
