#include "win/view.h"

#include "core/strings.h"
#include "win/browser.h"
#include "win/data.h"
#include "win/placement.h"
#include "win/splash.h"
#include "win/webview.h"
#include "win/window.h"

#include <shellapi.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>

enum { TOKEN_SIZE = 160, URL_SIZE = 256 };

/* One wish of the worker's, and what came of it. */
static struct {
	SRWLOCK lock;
	bool is_waiting;
	uint16_t port;
	char token[TOKEN_SIZE];
	HANDLE is_done;
	int result;
	const char *how;
} request = { .lock = SRWLOCK_INIT };

enum view_state { VIEW_NONE, VIEW_OPENING, VIEW_PAGE, VIEW_BROWSER };

static struct {
	HWND window;
	enum view_state state;
	struct webview *webview;
	unsigned number; /* of this webview: what an earlier one posted is no news */
	bool is_full;    /* the page made itself full screen */
	bool prefers_browser;
	wchar_t url[URL_SIZE]; /* with the token: never logged, never in a title */
	wchar_t origin[64], user_data[DATA_PATH_SIZE];
} view;

static void done(int result, const char *how)
{
	AcquireSRWLockExclusive(&request.lock);
	if (request.is_waiting) {
		request.is_waiting = false;
		request.result = result;
		request.how = how;
		SetEvent(request.is_done);
	}
	ReleaseSRWLockExclusive(&request.lock);
}

int plat_open_view(uint16_t port, const char *token, const char **ret_how)
{
	HANDLE handles[2] = { win_cancelled(), NULL };
	int result;

	if (!request.is_done)
		request.is_done = CreateEventW(NULL, TRUE, FALSE, NULL);
	if (!request.is_done || !window_handle() || strlen(token) >= TOKEN_SIZE)
		return PLAT_FAILED;
	AcquireSRWLockExclusive(&request.lock);
	request.port = port;
	strcpy(request.token, token);
	request.is_waiting = true;
	ResetEvent(request.is_done);
	ReleaseSRWLockExclusive(&request.lock);
	PostMessageW(window_handle(), WINDOW_OPEN_VIEW, 0, 0);

	handles[1] = request.is_done;
	WaitForMultipleObjects(2, handles, FALSE, INFINITE);
	AcquireSRWLockExclusive(&request.lock);
	result = request.is_waiting ? PLAT_CANCELLED : request.result;
	if (result == PLAT_OK)
		*ret_how = request.how;
	request.is_waiting = false;
	SecureZeroMemory(request.token, sizeof(request.token));
	ReleaseSRWLockExclusive(&request.lock);
	return result;
}

void plat_close_view(void)
{
	if (window_handle())
		PostMessageW(window_handle(), WINDOW_CLOSE_VIEW, 0, 0);
}

static void open_browser(void)
{
	const char *how = NULL;
	int result = browser_open(view.window, view.url, &how);

	if (result == PLAT_OK) {
		view.state = VIEW_BROWSER;
		plat_show(&(struct plat_status){ string_text(STRING_IN_BROWSER), -2, "" });
	} else {
		view.state = VIEW_NONE;
	}
	splash_offer(result == PLAT_OK);
	splash_show(true);
	done(result, how);
}

static void on_opened(void *owner, HRESULT result)
{
	(void)owner;
	if (FAILED(result)) {
		/* It cannot be freed from within its own event. */
		PostMessageW(view.window, WINDOW_VIEW_FAILED, (WPARAM)(DWORD)result, view.number);
		return;
	}
	view.state = VIEW_PAGE;
	view_resize();
	view_show(IsWindowVisible(view.window));
	splash_show(false);
	if (GetForegroundWindow() == view.window)
		view_focus();
	done(PLAT_OK, "webview2");
}

static void on_lost(void *owner, HRESULT reason)
{
	(void)owner;
	if (FAILED(reason))
		PostMessageW(view.window, WINDOW_VIEW_FAILED, (WPARAM)(DWORD)reason, view.number);
	else
		PostMessageW(view.window, WM_CLOSE, 0, 0); /* the page closed itself */
}

static void on_full_screen(void *owner, bool is_full)
{
	(void)owner;
	view.is_full = is_full;
	window_set_full_screen(is_full);
}

static void on_link(void *owner, const wchar_t *url)
{
	(void)owner;
	if (wcsncmp(url, L"https://", 8) == 0 || wcsncmp(url, L"http://", 7) == 0)
		ShellExecuteW(view.window, L"open", url, NULL, NULL, SW_SHOWNORMAL);
}

static bool on_accelerator(void *owner, UINT key, enum webview_key state)
{
	(void)owner;
	if (key == VK_F11) {
		if (state == WEBVIEW_KEY_DOWN)
			PostMessageW(view.window, WINDOW_FULL_SCREEN, 0, 0);
		return true;
	}
	if (key == VK_F4 && GetKeyState(VK_MENU) < 0) {
		if (state == WEBVIEW_KEY_DOWN)
			PostMessageW(view.window, WM_CLOSE, 0, 0);
		return true;
	}
	return false;
}

static const struct webview_events events = {
	.opened = on_opened,
	.full_screen = on_full_screen,
	.lost = on_lost,
	.link = on_link,
	.accelerator = on_accelerator,
};

static void open_page(void)
{
	struct webview_options options = {
		.window = view.window,
		.user_data = view.user_data,
		.url = view.url,
		.origin = view.origin,
		.arguments = L"",
	};
	HRESULT result;

	if (!data_path(L"WebView2", view.user_data)) {
		open_browser();
		return;
	}
	view.number++;
	view.state = VIEW_OPENING;
	result = webview_new(&options, &events, NULL, &view.webview);
	if (FAILED(result)) {
		plat_log("view: no WebView2 (0x%08lx), a browser instead", (unsigned long)result);
		open_browser();
	}
}

void view_prefer_browser(void)
{
	view.prefers_browser = true;
}

void view_open(HWND window)
{
	wchar_t url[URL_SIZE] = L"";
	bool is_same;

	view.window = window;
	AcquireSRWLockExclusive(&request.lock);
	if (request.is_waiting) {
		swprintf(view.origin, 64, L"http://127.0.0.1:%u", (unsigned)request.port);
		swprintf(url, URL_SIZE, L"%ls/#token=%hs", view.origin, request.token);
	}
	ReleaseSRWLockExclusive(&request.lock);
	if (!url[0])
		return;

	is_same = wcscmp(url, view.url) == 0;
	wcscpy(view.url, url);
	SecureZeroMemory(url, sizeof(url));
	if (view.state == VIEW_PAGE && is_same) {
		window_show();
		done(PLAT_OK, "webview2");
		return;
	}
	webview_free(view.webview);
	view.webview = NULL;
	if (view.prefers_browser || view.state == VIEW_BROWSER)
		open_browser();
	else
		open_page();
}

void view_close(void)
{
	webview_free(view.webview);
	view.webview = NULL;
	view.state = VIEW_NONE;
	view.number++;
	view.is_full = false;
	SecureZeroMemory(view.url, sizeof(view.url));
	window_set_full_screen(false);
	splash_offer(false);
	splash_show(true);
}

void view_failed(HRESULT reason, unsigned number)
{
	if (number != view.number || !view.webview)
		return;
	plat_log("view: WebView2 is gone (0x%08lx), a browser instead", (unsigned long)reason);
	webview_free(view.webview);
	view.webview = NULL;
	view.number++;
	view.is_full = false;
	window_set_full_screen(false);
	open_browser();
}

void view_key(UINT key, bool is_down)
{
	const wchar_t *code = key == VK_LWIN ? L"MetaLeft" : key == VK_RWIN ? L"MetaRight" : L"Tab";
	wchar_t json[96];

	if (!view_is_page())
		return;
	swprintf(json, 96, L"{\"type\":\"key\",\"code\":\"%ls\",\"down\":%ls}", code,
		is_down ? L"true" : L"false");
	webview_post(view.webview, json);
}

bool view_is_page(void)
{
	return view.state == VIEW_PAGE && view.webview;
}

bool view_is_browser(void)
{
	return view.state == VIEW_BROWSER;
}

void view_resize(void)
{
	RECT all;

	/* A minimised window is of no size, and the desktop would take it. */
	if (!view.webview || IsIconic(view.window))
		return;
	GetClientRect(view.window, &all);
	webview_resize(view.webview, &all);
}

void view_moved(void)
{
	if (view.webview)
		webview_moved(view.webview);
}

void view_show(bool is_visible)
{
	if (view_is_page())
		webview_show(view.webview, is_visible);
}

void view_focus(void)
{
	if (view_is_page())
		webview_focus(view.webview);
}

void view_leave_full_screen(void)
{
	if (view_is_page() && view.is_full)
		webview_post(view.webview, L"{\"type\":\"fullscreen\",\"on\":false}");
	view.is_full = false;
}
