/* A window with our webview in it, led by lines on its stdin; what happens comes as lines on
 * stdout.
 *
 *   webview_host.exe URL ORIGIN USER_DATA [TIMEOUT_MS [ARGUMENTS]]
 *
 * Built with --wrap for the allocator: "allocations" says how many of the webview's are still
 * there, and must be 0 when all is freed. Ends with its stdin. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "win/webview.h"

#include <objbase.h>

#define WINDOW_CLASS L"HelixWebViewHost"
#define FAKE_CLASS   L"HelixFakeWebView2"

enum {
	COMMAND = WM_APP,      /* a line, sent by the thread that reads */
	FAKE_GO = WM_APP + 10, /* as in fake_webview2.c */
	FAKE_END = WM_APP + 11,
	MAX_LINE = 1024,
};

static struct {
	HWND window;
	struct webview_options options;
	struct webview *webview;
	const char *free_at; /* the event in which the webview is freed */
	char free_name[32];
} host;

static LONG allocations;

/* The compiler gives the webview these instead of the C library's. */

void *calloc(size_t count, size_t size)
{
	allocations++;
	return HeapAlloc(GetProcessHeap(), HEAP_ZERO_MEMORY, count * size);
}

wchar_t *wcsdup(const wchar_t *text)
{
	wchar_t *copy = calloc(wcslen(text) + 1, sizeof(*text));
	return copy ? wcscpy(copy, text) : NULL;
}

void free(void *memory)
{
	allocations -= memory != NULL;
	HeapFree(GetProcessHeap(), 0, memory);
}

static void say(const char *format, ...)
{
	va_list values;
	va_start(values, format);
	vprintf(format, values);
	va_end(values);
	putchar('\n');
	fflush(stdout);
}

void plat_log(const char *format, ...)
{
	va_list values;
	va_start(values, format);
	printf("log ");
	vprintf(format, values);
	va_end(values);
	putchar('\n');
	fflush(stdout);
}

static void free_webview(const char *word)
{
	webview_free(host.webview);
	host.webview = NULL;
	say("%s", word);
}

static void happened(const char *event)
{
	if (host.free_at && strcmp(host.free_at, event) == 0) {
		char words[64];
		snprintf(words, sizeof(words), "freed in %s", event);
		free_webview(words);
	}
}

static void on_opened(void *owner, HRESULT result)
{
	(void)owner;
	say("opened %08lx", result);
	happened("opened");
}

static void on_full_screen(void *owner, bool is_full)
{
	(void)owner;
	say("full_screen %d", is_full);
	happened("full_screen");
}

static void on_lost(void *owner, HRESULT reason)
{
	(void)owner;
	say("lost %08lx", reason);
	happened("lost");
}

static void on_link(void *owner, const wchar_t *url)
{
	(void)owner;
	say("link %ls", url);
	happened("link");
}

static bool on_accelerator(void *owner, UINT key, enum webview_key state)
{
	(void)owner;
	say("accelerator %u %d", key, state);
	happened("accelerator");
	return key == VK_F11 || key == VK_F4;
}

static const struct webview_events events = {
	.opened = on_opened,
	.full_screen = on_full_screen,
	.lost = on_lost,
	.link = on_link,
	.accelerator = on_accelerator,
};

static void tell_fake(UINT message)
{
	HWND fake = FindWindowExW(HWND_MESSAGE, NULL, FAKE_CLASS, NULL);
	if (!fake || !PostMessageW(fake, message, 0, 0))
		say("no fake");
}

static void say_version(void)
{
	wchar_t version[64];
	say("version %ls", webview_version(version, 64) ? version : L"none");
}

/* What needs no webview; false when it is none of these. */
static bool run_general(const char *word, const char *rest)
{
	if (strcmp(word, "new") == 0)
		say("new %08lx", webview_new(&host.options, &events, &host, &host.webview));
	else if (strcmp(word, "free") == 0)
		free_webview("freed");
	else if (strcmp(word, "free_in") == 0)
		host.free_at = strncpy(host.free_name, rest, sizeof(host.free_name) - 1);
	else if (strcmp(word, "version") == 0)
		say_version();
	else if (strcmp(word, "go") == 0)
		tell_fake(FAKE_GO);
	else if (strcmp(word, "end") == 0)
		tell_fake(FAKE_END);
	else if (strcmp(word, "allocations") == 0)
		say("allocations %ld", allocations);
	else
		return false;
	return true;
}

static void run(const char *line)
{
	char word[32] = "";
	int length = 0;
	sscanf(line, "%31s %n", word, &length);
	const char *rest = line + length;
	if (run_general(word, rest))
		return;

	RECT bounds;
	wchar_t json[MAX_LINE];
	if (!host.webview)
		say("no webview for %s", word);
	else if (strcmp(word, "resize") == 0 &&
		sscanf(rest, "%ld %ld %ld %ld", &bounds.left, &bounds.top, &bounds.right,
			&bounds.bottom) == 4)
		webview_resize(host.webview, &bounds);
	else if (strcmp(word, "focus") == 0)
		webview_focus(host.webview);
	else if (strcmp(word, "moved") == 0)
		webview_moved(host.webview);
	else if (strcmp(word, "show") == 0)
		webview_show(host.webview, atoi(rest) != 0);
	else if (strcmp(word, "post") == 0 &&
		MultiByteToWideChar(CP_UTF8, 0, rest, -1, json, MAX_LINE) > 0)
		webview_post(host.webview, json);
	else
		say("what is %s?", word);
}

static LRESULT CALLBACK on_message(HWND window, UINT message, WPARAM first, LPARAM second)
{
	if (message == COMMAND) {
		run((const char *)second);
		return 0;
	}
	if (message == WM_CLOSE) {
		free_webview("closed");
		PostQuitMessage(0);
		return 0;
	}
	return DefWindowProcW(window, message, first, second);
}

static DWORD WINAPI read_lines(void *unused)
{
	(void)unused;
	char line[MAX_LINE];
	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\r\n")] = '\0';
		SendMessageW(host.window, COMMAND, 0, (LPARAM)line);
	}
	PostMessageW(host.window, WM_CLOSE, 0, 0);
	return 0;
}

int wmain(int count, wchar_t **arguments);

int wmain(int count, wchar_t **arguments)
{
	if (count < 4) {
		say("webview_host URL ORIGIN USER_DATA [TIMEOUT_MS [ARGUMENTS]]");
		return 2;
	}
	CoInitializeEx(NULL, COINIT_APARTMENTTHREADED);
	WNDCLASSW class = { .lpfnWndProc = on_message, .lpszClassName = WINDOW_CLASS };
	RegisterClassW(&class);
	host.window = CreateWindowExW(0, WINDOW_CLASS, L"webview_host", WS_OVERLAPPEDWINDOW, 20, 20,
		640, 480, NULL, NULL, NULL, NULL);
	ShowWindow(host.window, SW_SHOW);
	host.options = (struct webview_options){
		.window = host.window,
		.url = arguments[1],
		.origin = arguments[2],
		.user_data = arguments[3],
		.timeout_ms = count > 4 ? wcstoul(arguments[4], NULL, 10) : 0,
		.arguments = count > 5 ? arguments[5] : L"",
	};
	CloseHandle(CreateThread(NULL, 0, read_lines, NULL, 0, NULL));
	say("ready");

	MSG message;
	while (GetMessageW(&message, NULL, 0, 0) > 0) {
		TranslateMessage(&message);
		DispatchMessageW(&message);
	}
	CoUninitialize();
	return 0;
}
