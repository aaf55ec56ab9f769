#include "win/report.h"

#include "core/strings.h"
#include "win/diagnose.h"
#include "win/splash.h"

#include <stdlib.h>
#include <string.h>
#include <wchar.h>

/* At 96 dpi. */
enum { WIDTH = 760, HEIGHT = 560, MARGIN = 12, BUTTON_WIDTH = 96, BUTTON_HEIGHT = 28 };
enum { TEXT = 100, COPY = 101, HINT = 102, REPORT_READY = WM_APP };

static struct {
	const char *name;
	HWND window, text, hint, copy, close;
	HFONT font, fixed;
} report;

static DWORD WINAPI collect(void *context)
{
	HWND window = context;
	char *text = diagnose_collect(report.name);

	if (!PostMessageW(window, REPORT_READY, 0, (LPARAM)text))
		free(text); /* it was closed meanwhile */
	return 0;
}

static int scaled(int size)
{
	return MulDiv(size, (int)GetDpiForWindow(report.window), 96);
}

static void restyle(void)
{
	NONCLIENTMETRICSW metrics = { .cbSize = sizeof(metrics) };
	HWND controls[] = { report.hint, report.copy, report.close };

	if (report.font)
		DeleteObject(report.font);
	if (report.fixed)
		DeleteObject(report.fixed);
	SystemParametersInfoForDpi(SPI_GETNONCLIENTMETRICS, sizeof(metrics), &metrics, 0,
		GetDpiForWindow(report.window));
	report.font = CreateFontIndirectW(&metrics.lfMessageFont);
	report.fixed = CreateFontW(-scaled(13), 0, 0, 0, FW_NORMAL, 0, 0, 0, DEFAULT_CHARSET, 0, 0,
		CLEARTYPE_QUALITY, FIXED_PITCH | FF_MODERN, L"Consolas");
	for (size_t i = 0; i < sizeof(controls) / sizeof(controls[0]); i++)
		SendMessageW(controls[i], WM_SETFONT, (WPARAM)report.font, TRUE);
	SendMessageW(report.text, WM_SETFONT, (WPARAM)report.fixed, TRUE);
}

static void layout(void)
{
	RECT all;
	int margin = scaled(MARGIN), width = scaled(BUTTON_WIDTH), height = scaled(BUTTON_HEIGHT);
	int bottom, right;

	GetClientRect(report.window, &all);
	bottom = all.bottom - margin - height;
	right = all.right - margin;
	MoveWindow(report.text, margin, margin, right - margin, bottom - 2 * margin, TRUE);
	MoveWindow(report.close, right - width, bottom, width, height, TRUE);
	MoveWindow(report.copy, right - 2 * width - margin, bottom, width, height, TRUE);
	MoveWindow(report.hint, margin, bottom + (height - scaled(18)) / 2,
		right - 2 * width - 3 * margin, scaled(18), TRUE);
}

static void set_text(HWND control, const char *text)
{
	wchar_t *wide = win_wide(text);

	if (wide)
		SetWindowTextW(control, wide);
	free(wide);
}

/* Edit controls want "\r\n". */
static void fill(const char *text)
{
	size_t length = text ? strlen(text) : 0, used = 0;
	char *lines = malloc(2 * length + 1);

	if (!lines)
		return;
	for (size_t i = 0; i < length; i++) {
		if (text[i] == '\n')
			lines[used++] = '\r';
		lines[used++] = text[i];
	}
	lines[used] = '\0';
	set_text(report.text, lines);
	free(lines);
	set_text(report.hint, string_text(STRING_REPORT_HINT));
	EnableWindow(report.copy, TRUE);
	SetFocus(report.copy);
}

static void copy_text(void)
{
	int length = GetWindowTextLengthW(report.text);
	HGLOBAL memory = GlobalAlloc(GMEM_MOVEABLE, ((size_t)length + 1) * sizeof(wchar_t));
	wchar_t *to = memory ? GlobalLock(memory) : NULL;

	if (!to) {
		GlobalFree(memory);
		return;
	}
	GetWindowTextW(report.text, to, length + 1);
	GlobalUnlock(memory);
	if (!OpenClipboard(report.window)) {
		GlobalFree(memory);
		return;
	}
	EmptyClipboard();
	if (SetClipboardData(CF_UNICODETEXT, memory)) /* Windows owns it now */
		set_text(report.copy, string_text(STRING_COPIED));
	else
		GlobalFree(memory);
	CloseClipboard();
}

static void on_size_limits(MINMAXINFO *limits)
{
	limits->ptMinTrackSize.x = scaled(WIDTH / 2);
	limits->ptMinTrackSize.y = scaled(HEIGHT / 3);
}

static LRESULT CALLBACK on_message(HWND window, UINT message, WPARAM wide, LPARAM wider)
{
	const RECT *wanted = (const RECT *)wider;

	switch (message) {
	case WM_SIZE: layout(); return 0;
	case WM_GETMINMAXINFO: on_size_limits((MINMAXINFO *)wider); return 0;
	case WM_DPICHANGED:
		restyle();
		SetWindowPos(window, NULL, wanted->left, wanted->top, wanted->right - wanted->left,
			wanted->bottom - wanted->top, SWP_NOZORDER | SWP_NOACTIVATE);
		return 0;
	case WM_CTLCOLORSTATIC:
		/* A read-only edit control counts as one, and should still look like text. */
		SetBkColor((HDC)wide, GetSysColor(COLOR_WINDOW));
		SetTextColor((HDC)wide, GetSysColor(COLOR_WINDOWTEXT));
		return (LRESULT)GetSysColorBrush(COLOR_WINDOW);
	case WM_COMMAND:
		if (LOWORD(wide) == COPY)
			copy_text();
		else if (LOWORD(wide) == IDCANCEL)
			DestroyWindow(window);
		return 0;
	case REPORT_READY:
		fill((char *)wider);
		free((char *)wider);
		return 0;
	case WM_DESTROY: report.window = NULL; return 0;
	}
	return DefWindowProcW(window, message, wide, wider);
}

static HWND add(
	const wchar_t *class_name, enum string id, DWORD style, DWORD extended, INT_PTR number)
{
	HWND control = CreateWindowExW(extended, class_name, NULL, WS_CHILD | WS_VISIBLE | style, 0,
		0, 0, 0, report.window, (HMENU)number, GetModuleHandleW(NULL), NULL);

	if (id != STRING_COUNT)
		set_text(control, string_text(id));
	return control;
}

static void place(void)
{
	MONITORINFO info = { .cbSize = sizeof(info) };
	int width = scaled(WIDTH), height = scaled(HEIGHT);

	GetMonitorInfoW(MonitorFromWindow(report.window, MONITOR_DEFAULTTOPRIMARY), &info);
	SetWindowPos(report.window, NULL, (info.rcWork.left + info.rcWork.right - width) / 2,
		(info.rcWork.top + info.rcWork.bottom - height) / 2, width, height, SWP_NOZORDER);
}

void report_set_name(const char *name)
{
	report.name = name;
}

HWND report_open(void)
{
	WNDCLASSEXW class = {
		.cbSize = sizeof(class),
		.lpfnWndProc = on_message,
		.hInstance = GetModuleHandleW(NULL),
		.hIcon = splash_icon(GetSystemMetrics(SM_CXICON)),
		.hIconSm = splash_icon(GetSystemMetrics(SM_CXSMICON)),
		.hCursor = LoadCursorW(NULL, IDC_ARROW),
		.hbrBackground = (HBRUSH)(COLOR_WINDOW + 1),
		.lpszClassName = L"Helix.Report",
	};
	HANDLE thread;

	if (report.window) {
		SetForegroundWindow(report.window);
		return report.window;
	}
	RegisterClassExW(&class);
	report.window = CreateWindowExW(WS_EX_CONTROLPARENT, class.lpszClassName, NULL,
		WS_OVERLAPPEDWINDOW | WS_CLIPCHILDREN, CW_USEDEFAULT, CW_USEDEFAULT, 0, 0, NULL,
		NULL, class.hInstance, NULL);
	if (!report.window)
		return NULL;
	set_text(report.window, string_text(STRING_REPORT_TITLE));
	report.text = add(L"EDIT", STRING_COUNT,
		WS_TABSTOP | WS_VSCROLL | WS_HSCROLL | ES_MULTILINE | ES_READONLY | ES_AUTOVSCROLL,
		WS_EX_CLIENTEDGE, TEXT);
	SendMessageW(report.text, EM_SETLIMITTEXT, 0, 0);
	report.hint = add(L"STATIC", STRING_REPORT_WAIT, SS_ENDELLIPSIS | SS_NOPREFIX, 0, HINT);
	report.copy =
		add(L"BUTTON", STRING_COPY, WS_TABSTOP | WS_DISABLED | BS_DEFPUSHBUTTON, 0, COPY);
	report.close = add(L"BUTTON", STRING_CLOSE, WS_TABSTOP, 0, IDCANCEL);
	restyle();
	place();
	ShowWindow(report.window, SW_SHOW);
	thread = CreateThread(NULL, 0, collect, report.window, 0, NULL);
	if (thread)
		CloseHandle(thread);
	return report.window;
}

bool report_handles(MSG *message)
{
	return report.window && IsDialogMessageW(report.window, message);
}

void report_run(void)
{
	MSG message;

	while (report.window && GetMessageW(&message, NULL, 0, 0) > 0) {
		if (report_handles(&message))
			continue;
		TranslateMessage(&message);
		DispatchMessageW(&message);
	}
}
