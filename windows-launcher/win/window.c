#include "win/window.h"

#include "core/strings.h"
#include "win/browser.h"
#include "win/dialog.h"
#include "win/instance.h"
#include "win/keyboard.h"
#include "win/placement.h"
#include "win/report.h"
#include "win/settings.h"
#include "win/splash.h"
#include "win/system_dll.h"
#include "win/tray.h"
#include "win/view.h"

#include <dwmapi.h>
#include <wtsapi32.h>

enum { PATIENCE_MS = 8000, SMALLEST_WIDTH = 480, SMALLEST_HEIGHT = 340, LEAVING_MS = 4000 };

#define DWMAPI_FUNCTIONS(X) X(DwmSetWindowAttribute)
SYSTEM_DLL(dwmapi, DWMAPI_FUNCTIONS)
#define USER32_FUNCTIONS(X) X(RegisterSuspendResumeNotification)
SYSTEM_DLL(user32, USER32_FUNCTIONS)
#define WTSAPI32_FUNCTIONS(X) X(WTSRegisterSessionNotification)
SYSTEM_DLL(wtsapi32, WTSAPI32_FUNCTIONS)

static struct {
	HWND handle, splash;
	HANDLE worker;
	UINT show_message, quit_message, taskbar_message;
	bool is_maximized;          /* from the tray it comes back as it went */
	ULONGLONG quit_deadline_ms; /* 0 = it does not quit */
} window;

HWND window_handle(void)
{
	return window.handle;
}

bool window_is_quitting(void)
{
	return window.quit_deadline_ms != 0;
}

static void darken(void)
{
	HIGHCONTRASTW contrast = { .cbSize = sizeof(contrast) };
	BOOL is_dark;
	COLORREF caption = splash_ground();

	if (!dwmapi_load())
		return;
	SystemParametersInfoW(SPI_GETHIGHCONTRAST, sizeof(contrast), &contrast, 0);
	is_dark = !(contrast.dwFlags & HCF_HIGHCONTRASTON);
	/* Windows 10 before 2004 had another number for it. */
	if (FAILED(dwmapi.DwmSetWindowAttribute(window.handle, 20, &is_dark, sizeof(is_dark))))
		dwmapi.DwmSetWindowAttribute(window.handle, 19, &is_dark, sizeof(is_dark));
	if (!is_dark)
		caption = 0xFFFFFFFF; /* DWMWA_COLOR_DEFAULT */
	dwmapi.DwmSetWindowAttribute(window.handle, 35, &caption, sizeof(caption)); /* Windows 11 */
}

void window_show(void)
{
	if (!IsWindowVisible(window.handle))
		ShowWindow(window.handle, window.is_maximized ? SW_SHOWMAXIMIZED : SW_SHOW);
	if (IsIconic(window.handle))
		ShowWindow(window.handle, SW_RESTORE);
	SetForegroundWindow(window.handle);
	view_show(true);
}

/* Into the tray; without an icon there nothing would bring it back, but from the task bar. */
static void hide(void)
{
	if (!tray_is_there()) {
		ShowWindow(window.handle, SW_MINIMIZE);
		return;
	}
	window.is_maximized = IsZoomed(window.handle);
	window_set_full_screen(false);
	placement_save(window.handle);
	view_show(false);
	ShowWindow(window.handle, SW_HIDE);
	tray_explain();
}

void window_quit(void)
{
	if (window_is_quitting())
		return;
	window.quit_deadline_ms = GetTickCount64() + PATIENCE_MS;
	window_set_full_screen(false);
	placement_save(window.handle);
	view_close();
	plat_show(&(struct plat_status){ string_text(STRING_STOPPING), -1, "" });
	plat_cancel();
	dialog_dismiss();
	EndMenu();
}

void window_set_full_screen(bool is_full)
{
	if (is_full == placement_is_full_screen())
		return;
	placement_set_full_screen(window.handle, is_full);
	if (!is_full)
		view_leave_full_screen();
	keyboard_update(window.handle);
}

static void on_close(void)
{
	if (!window_is_quitting() && settings_is(L"close", L"tray"))
		hide();
	else
		window_quit();
}

/* Windows ends: it gives us 5 s, and asks the person whether to wait when they are over. */
static void on_end_session(void)
{
	window_quit();
	if (window.worker)
		WaitForSingleObject(window.worker, LEAVING_MS);
	browser_clean();
	win_log_close();
}

static void on_size(WPARAM how)
{
	splash_layout();
	view_resize();
	view_show(how != SIZE_MINIMIZED);
}

static void on_dpi(const RECT *wanted)
{
	if (placement_is_full_screen())
		placement_refit(window.handle);
	else
		SetWindowPos(window.handle, NULL, wanted->left, wanted->top,
			wanted->right - wanted->left, wanted->bottom - wanted->top,
			SWP_NOZORDER | SWP_NOACTIVATE);
	splash_restyle();
}

static void on_limits(MINMAXINFO *limits)
{
	int dpi = (int)GetDpiForWindow(window.handle);

	limits->ptMinTrackSize.x = MulDiv(SMALLEST_WIDTH, dpi, 96);
	limits->ptMinTrackSize.y = MulDiv(SMALLEST_HEIGHT, dpi, 96);
}

static void on_focus(void)
{
	if (view_is_page())
		view_focus();
	else
		SetFocus(window.splash);
}

static void on_colours(void)
{
	darken();
	splash_restyle();
}

/* What the parts are asked for; false when it is none of that. */
static bool on_part(UINT message, WPARAM wide, LPARAM wider)
{
	switch (message) {
	case WINDOW_STATUS: splash_update(); return true;
	case WINDOW_ASK: dialog_answer(window.handle); return true;
	case WINDOW_DISMISS: dialog_dismiss(); return true;
	case WINDOW_OPEN_VIEW:
		if (!window_is_quitting())
			view_open(window.handle);
		return true;
	case WINDOW_CLOSE_VIEW: view_close(); return true;
	case WINDOW_VIEW_FAILED: view_failed((HRESULT)(DWORD)wide, (unsigned)wider); return true;
	case WINDOW_KEY: view_key((UINT)wide, wider != 0); return true;
	case WINDOW_TRAY: tray_message(wide, wider); return true;
	case WINDOW_FULL_SCREEN: window_set_full_screen(!placement_is_full_screen()); return true;
	}
	return false;
}

/* What other programs ask for: 1 = done. */
static bool on_request(UINT message, LRESULT *ret_answer)
{
	if (message == window.show_message && !window_is_quitting()) {
		window_show();
		*ret_answer = 1;
	} else if (message == window.quit_message) {
		window_quit();
		*ret_answer = 1;
	} else if (message == window.taskbar_message) {
		tray_add(window.handle);
		*ret_answer = 0;
	} else {
		return false;
	}
	return true;
}

/* On PCs that sleep with the network on, Windows tells only who has asked. */
static void ask_for_news(void)
{
	if (user32_load() &&
		!user32.RegisterSuspendResumeNotification(
			window.handle, DEVICE_NOTIFY_WINDOW_HANDLE))
		win_failed("window: sleep is not told", GetLastError());
	if (wtsapi32_load() &&
		!wtsapi32.WTSRegisterSessionNotification(window.handle, NOTIFY_FOR_THIS_SESSION))
		win_failed("window: locking is not told", GetLastError());
}

static void on_power(WPARAM what)
{
	if (what == PBT_APMSUSPEND) {
		win_agent_suspend(true);
	} else if (what == PBT_APMRESUMEAUTOMATIC || what == PBT_APMRESUMESUSPEND) {
		win_agent_suspend(false);
		win_post_event(PLAT_EVENT_WOKE);
	}
}

static LRESULT CALLBACK on_message(HWND handle, UINT message, WPARAM wide, LPARAM wider)
{
	LRESULT answer;

	if (handle != window.handle)
		return DefWindowProcW(handle, message, wide, wider); /* while it is made */
	if (on_part(message, wide, wider))
		return 0;
	if (message >= 0xC000 && on_request(message, &answer))
		return answer;
	switch (message) {
	case WM_CLOSE: on_close(); return 0;
	case WM_QUERYENDSESSION: return TRUE;
	case WM_ENDSESSION:
		if (wide)
			on_end_session();
		return 0;
	case WM_ERASEBKGND: return 1; /* the splash or the page covers all of it */
	case WM_SIZE: on_size(wide); return 0;
	case WM_MOVE: view_moved(); return 0;
	case WM_GETMINMAXINFO: on_limits((MINMAXINFO *)wider); return 0;
	case WM_DPICHANGED: on_dpi((const RECT *)wider); return 0;
	case WM_DISPLAYCHANGE: placement_refit(handle); return 0;
	case WM_SYSCOLORCHANGE:
	case WM_SETTINGCHANGE: on_colours(); return 0;
	case WM_SETFOCUS: on_focus(); return 0;
	case WM_ACTIVATE: keyboard_update(handle); break;
	case WM_POWERBROADCAST: on_power(wide); return TRUE;
	/* What is let go of behind the lock nobody tells us, and the hook may not survive it. */
	case WM_WTSSESSION_CHANGE:
		if (wide == WTS_SESSION_LOCK)
			keyboard_release();
		else if (wide == WTS_SESSION_UNLOCK)
			keyboard_update(handle);
		return 0;
	}
	return DefWindowProcW(handle, message, wide, wider);
}

bool window_open(const struct window_options *options)
{
	WNDCLASSEXW class = {
		.cbSize = sizeof(class),
		.lpfnWndProc = on_message,
		.hInstance = GetModuleHandleW(NULL),
		.hIcon = splash_icon(GetSystemMetrics(SM_CXICON)),
		.hIconSm = splash_icon(GetSystemMetrics(SM_CXSMICON)),
		.hCursor = LoadCursorW(NULL, IDC_ARROW),
		.lpszClassName = options->class_name,
	};

	window.show_message = instance_show_message();
	window.quit_message = instance_quit_message();
	window.taskbar_message = RegisterWindowMessageW(L"TaskbarCreated");
	RegisterClassExW(&class);
	window.handle = CreateWindowExW(0, options->class_name, options->title,
		WS_OVERLAPPEDWINDOW | WS_CLIPCHILDREN, CW_USEDEFAULT, CW_USEDEFAULT, CW_USEDEFAULT,
		CW_USEDEFAULT, NULL, NULL, class.hInstance, NULL);
	if (window.handle)
		window.splash = splash_new(window.handle);
	if (!window.splash) {
		win_failed("window: cannot be made", GetLastError());
		return false;
	}
	window.is_maximized = placement_restore(window.handle);
	splash_restyle();
	darken();
	splash_show(true);
	ShowWindow(window.handle, window.is_maximized ? SW_SHOWMAXIMIZED : options->show);
	UpdateWindow(window.handle);
	tray_add(window.handle);
	ask_for_news();
	return true;
}

static void dispatch(MSG *message)
{
	bool is_ours = message->hwnd == window.handle || IsChild(window.handle, message->hwnd);

	if (is_ours && message->message == WM_KEYDOWN && message->wParam == VK_F11) {
		if (!(HIWORD(message->lParam) & KF_REPEAT))
			window_set_full_screen(!placement_is_full_screen());
		return;
	}
	if (report_handles(message))
		return;
	if (!view_is_page() && is_ours && IsDialogMessageW(window.splash, message))
		return;
	TranslateMessage(message);
	DispatchMessageW(message);
}

void window_run(HANDLE worker)
{
	MSG message;

	window.worker = worker;
	for (;;) {
		ULONGLONG now_ms = GetTickCount64(), deadline_ms = window.quit_deadline_ms;
		DWORD timeout = INFINITE;

		if (deadline_ms)
			timeout = deadline_ms > now_ms ? (DWORD)(deadline_ms - now_ms) : 0;
		switch (MsgWaitForMultipleObjectsEx(
			1, &worker, timeout, QS_ALLINPUT, MWMO_INPUTAVAILABLE)) {
		case WAIT_OBJECT_0 + 1:
			while (PeekMessageW(&message, NULL, 0, 0, PM_REMOVE))
				dispatch(&message);
			continue;
		case WAIT_TIMEOUT:
			plat_log("window: the session does not end, leaving without it");
			break;
		}
		break;
	}
	if (!window_is_quitting())
		window_quit();
	keyboard_release();
	tray_remove();
	browser_clean();
	DestroyWindow(window.handle);
	window.handle = NULL;
}
