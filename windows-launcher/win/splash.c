#include "win/splash.h"

#include "core/strings.h"
#include "res/resource.h"
#include "win/settings.h"
#include "win/window.h"

#include <commctrl.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

/* At 96 dpi. The parts never move: what changes is only their words. */
enum {
	ICON_SIZE = 80,
	TITLE_TOP = 100,
	TITLE_HEIGHT = 38,
	STATUS_TOP = 146,
	STATUS_HEIGHT = 24,
	BAR_TOP = 196,
	BAR_HEIGHT = 4,
	BAR_WIDTH = 320,
	DETAIL_TOP = 212,
	DETAIL_HEIGHT = 20,
	BUTTON_TOP = 186,
	BUTTON_WIDTH = 150,
	BUTTON_HEIGHT = 34,
	HINT_TOP = 234, /* the detail's place below a button */
	HEIGHT = 254,
	WIDEST = 640,
	MARGIN = 24,
};
enum { BUTTON = 100, TICK = 1, TICK_MS = 33, SLIDE_MS = 1600 };

struct palette {
	COLORREF ground, text, quiet, track, accent, raised;
};

static struct {
	HWND window, title, status, detail, button;
	HFONT large, medium, small;
	HBRUSH ground;
	struct palette palette;
	bool is_contrast, is_calm; /* the person wants high contrast; no animations */
	int dpi, percent;
	bool is_offered, is_ticking;
} splash = { .percent = -2 };

/* From the worker to the window. */
static struct {
	SRWLOCK lock;
	struct plat_status status;
	char text[256], detail[128];
	bool is_posted;
} pending = { .lock = SRWLOCK_INIT };

static void copy(char *to, size_t size, const char *from)
{
	size_t length = strlen(from);

	if (length >= size) {
		length = size - 1;
		/* Not in the middle of a character. */
		while (length > 0 && ((unsigned char)from[length] & 0xC0) == 0x80)
			length--;
	}
	memcpy(to, from, length);
	to[length] = '\0';
}

void plat_show(const struct plat_status *status)
{
	bool post;

	AcquireSRWLockExclusive(&pending.lock);
	copy(pending.text, sizeof(pending.text), status->text);
	copy(pending.detail, sizeof(pending.detail), status->detail);
	pending.status.progress_percent = status->progress_percent;
	post = !pending.is_posted;
	pending.is_posted = window_handle() != NULL;
	ReleaseSRWLockExclusive(&pending.lock);
	if (post && window_handle())
		PostMessageW(window_handle(), WINDOW_STATUS, 0, 0);
}

static int scaled(int size)
{
	return MulDiv(size, splash.dpi, 96);
}

HICON splash_icon(int size)
{
	typedef HRESULT(WINAPI * load)(HINSTANCE, const wchar_t *, int, int, HICON *);
	static struct {
		int size;
		HICON icon;
	} made[8];
	HINSTANCE program = GetModuleHandleW(NULL);
	const wchar_t *name = MAKEINTRESOURCEW(RESOURCE_ICON);
	load scale_down;
	size_t i = 0;

	while (i < 8 && made[i].icon && made[i].size != size)
		i++;
	if (i < 8 && made[i].icon)
		return made[i].icon;
	/* From the next larger picture; LoadImage would take the nearest, and blur a smaller one.
	 */
	scale_down = (load)(void *)GetProcAddress(
		GetModuleHandleW(L"comctl32.dll"), "LoadIconWithScaleDown");
	if (i == 8 || !scale_down || FAILED(scale_down(program, name, size, size, &made[i].icon)))
		return LoadImageW(program, name, IMAGE_ICON, size, size, LR_SHARED);
	made[i].size = size;
	return made[i].icon;
}

COLORREF splash_ground(void)
{
	return splash.palette.ground;
}

static void set_text(HWND control, const wchar_t *text)
{
	wchar_t now[256];

	/* Setting the same again would flicker, and be read out again. */
	GetWindowTextW(control, now, 256);
	if (wcscmp(now, text) != 0)
		SetWindowTextW(control, text);
}

static void set_utf8(HWND control, const char *text)
{
	wchar_t *wide = win_wide(text);

	if (wide)
		set_text(control, wide);
	free(wide);
}

static void read_palette(void)
{
	HIGHCONTRASTW contrast = { .cbSize = sizeof(contrast) };
	BOOL is_animated = TRUE;

	SystemParametersInfoW(SPI_GETHIGHCONTRAST, sizeof(contrast), &contrast, 0);
	SystemParametersInfoW(SPI_GETCLIENTAREAANIMATION, 0, &is_animated, 0);
	splash.is_calm = !is_animated;
	splash.is_contrast = contrast.dwFlags & HCF_HIGHCONTRASTON;
	if (splash.is_contrast) {
		splash.palette = (struct palette){
			.ground = GetSysColor(COLOR_WINDOW),
			.text = GetSysColor(COLOR_WINDOWTEXT),
			.quiet = GetSysColor(COLOR_WINDOWTEXT),
			.track = GetSysColor(COLOR_GRAYTEXT),
			.accent = GetSysColor(COLOR_HIGHLIGHT),
			.raised = GetSysColor(COLOR_BTNFACE),
		};
	} else {
		/* The page's own: nothing flashes when it takes the splash's place. */
		splash.palette = (struct palette){
			.ground = RGB(0x0b, 0x0d, 0x11),
			.text = RGB(0xe7, 0xeb, 0xf0),
			.quiet = RGB(0x9a, 0xa4, 0xb2),
			.track = RGB(0x22, 0x27, 0x2f),
			.accent = RGB(0x7c, 0xc7, 0xf5),
			.raised = RGB(0x1d, 0x22, 0x2b),
		};
	}
	if (splash.ground)
		DeleteObject(splash.ground);
	splash.ground = CreateSolidBrush(splash.palette.ground);
}

static HFONT make_font(int size, int weight)
{
	NONCLIENTMETRICSW metrics = { .cbSize = sizeof(metrics) };
	LOGFONTW font;

	/* Segoe UI, or what this Windows' language writes with. */
	SystemParametersInfoW(SPI_GETNONCLIENTMETRICS, sizeof(metrics), &metrics, 0);
	font = metrics.lfMessageFont;
	font.lfHeight = -scaled(size);
	font.lfWidth = 0;
	font.lfWeight = weight;
	font.lfQuality = CLEARTYPE_QUALITY;
	return CreateFontIndirectW(&font);
}

static void replace_font(HFONT *font, int size, int weight)
{
	if (*font)
		DeleteObject(*font);
	*font = make_font(size, weight);
}

/* Where the bar is, in the splash's coordinates. */
static RECT bar_rect(void)
{
	RECT all, bar;
	int width = scaled(BAR_WIDTH);

	GetClientRect(splash.window, &all);
	if (width > all.right - 2 * scaled(MARGIN))
		width = all.right - 2 * scaled(MARGIN);
	bar.left = (all.right - width) / 2;
	bar.top = (all.bottom - scaled(HEIGHT)) / 2 + scaled(BAR_TOP);
	bar.right = bar.left + width;
	bar.bottom = bar.top + scaled(BAR_HEIGHT);
	return bar;
}

static void place(HWND control, const RECT *all, int top, int width, int height)
{
	if (width > all->right - 2 * scaled(MARGIN))
		width = all->right - 2 * scaled(MARGIN);
	SetWindowPos(control, NULL, (all->right - width) / 2,
		(all->bottom - scaled(HEIGHT)) / 2 + scaled(top), width, scaled(height),
		SWP_NOZORDER | SWP_NOACTIVATE);
}

void splash_layout(void)
{
	RECT all;

	GetClientRect(GetParent(splash.window), &all);
	SetWindowPos(
		splash.window, NULL, 0, 0, all.right, all.bottom, SWP_NOZORDER | SWP_NOACTIVATE);
	place(splash.title, &all, TITLE_TOP, scaled(WIDEST), TITLE_HEIGHT);
	place(splash.status, &all, STATUS_TOP, scaled(WIDEST), STATUS_HEIGHT);
	place(splash.detail, &all, splash.is_offered ? HINT_TOP : DETAIL_TOP, scaled(WIDEST),
		DETAIL_HEIGHT);
	place(splash.button, &all, BUTTON_TOP, scaled(BUTTON_WIDTH), BUTTON_HEIGHT);
	InvalidateRect(splash.window, NULL, TRUE);
}

void splash_restyle(void)
{
	splash.dpi = (int)GetDpiForWindow(splash.window);
	read_palette();
	replace_font(&splash.large, 28, FW_SEMIBOLD);
	replace_font(&splash.medium, 16, FW_NORMAL);
	replace_font(&splash.small, 13, FW_NORMAL);
	SendMessageW(splash.title, WM_SETFONT, (WPARAM)splash.large, FALSE);
	SendMessageW(splash.status, WM_SETFONT, (WPARAM)splash.medium, FALSE);
	SendMessageW(splash.detail, WM_SETFONT, (WPARAM)splash.small, FALSE);
	SendMessageW(splash.button, WM_SETFONT, (WPARAM)splash.medium, FALSE);
	splash_layout();
}

static void fill_round(HDC context, const RECT *rect, int diameter, COLORREF colour, COLORREF edge)
{
	HGDIOBJ pen = SelectObject(context, GetStockObject(DC_PEN));
	HGDIOBJ brush = SelectObject(context, GetStockObject(DC_BRUSH));

	SetDCPenColor(context, edge);
	SetDCBrushColor(context, colour);
	RoundRect(context, rect->left, rect->top, rect->right, rect->bottom, diameter, diameter);
	SelectObject(context, brush);
	SelectObject(context, pen);
}

/* How far the piece that comes and goes is, 0 to 1000, slower at both ends. */
static int slide(void)
{
	int at = (int)(GetTickCount64() % (2 * SLIDE_MS)) * 1000 / SLIDE_MS;

	if (at > 1000)
		at = 2000 - at;
	return at * at / 1000 * (3000 - 2 * at) / 1000;
}

static void paint_bar(HDC context, RECT bar)
{
	int width = bar.right - bar.left, height = bar.bottom - bar.top;
	COLORREF accent = splash.palette.accent;

	if (splash.percent == -2)
		return;
	fill_round(context, &bar, height, splash.palette.track, splash.palette.track);
	if (splash.percent >= 0) {
		bar.right = bar.left + width * splash.percent / 100;
	} else if (!splash.is_calm) {
		bar.left += (width - width * 3 / 10) * slide() / 1000;
		bar.right = bar.left + width * 3 / 10;
	} else {
		bar.left += width * 35 / 100;
		bar.right = bar.left + width * 3 / 10;
	}
	if (bar.right - bar.left >= height)
		fill_round(context, &bar, height, accent, accent);
}

/* In memory first: it is painted thirty times a second. */
static void paint(HDC context)
{
	RECT all, bar = bar_rect();
	int width = bar.right - bar.left, height = bar.bottom - bar.top, icon = scaled(ICON_SIZE);
	HDC memory = CreateCompatibleDC(context);
	HBITMAP bitmap = CreateCompatibleBitmap(context, width, height);
	HGDIOBJ before = SelectObject(memory, bitmap);

	GetClientRect(splash.window, &all);
	FillRect(memory, &(RECT){ 0, 0, width, height }, splash.ground);
	paint_bar(memory, (RECT){ 0, 0, width, height });
	BitBlt(context, bar.left, bar.top, width, height, memory, 0, 0, SRCCOPY);
	SelectObject(memory, before);
	DeleteObject(bitmap);
	DeleteDC(memory);

	ExcludeClipRect(context, bar.left, bar.top, bar.right, bar.bottom);
	FillRect(context, &all, splash.ground);
	DrawIconEx(context, (all.right - icon) / 2, (all.bottom - scaled(HEIGHT)) / 2,
		splash_icon(icon), icon, icon, 0, NULL, DI_NORMAL);
}

static void paint_button(const DRAWITEMSTRUCT *item)
{
	bool is_down = item->itemState & ODS_SELECTED, is_focused = item->itemState & ODS_FOCUS;
	RECT rect = item->rcItem;
	wchar_t text[128];
	HGDIOBJ font = SelectObject(item->hDC, splash.medium);

	FillRect(item->hDC, &rect, splash.ground);
	fill_round(item->hDC, &rect, scaled(14),
		is_down ? splash.palette.track : splash.palette.raised,
		is_focused ? splash.palette.accent : splash.palette.track);
	GetWindowTextW(item->hwndItem, text, 128);
	SetBkMode(item->hDC, TRANSPARENT);
	SetTextColor(
		item->hDC, splash.is_contrast ? GetSysColor(COLOR_BTNTEXT) : splash.palette.text);
	DrawTextW(item->hDC, text, -1, &rect, DT_CENTER | DT_VCENTER | DT_SINGLELINE | DT_NOPREFIX);
	SelectObject(item->hDC, font);
}

static void keep_ticking(void)
{
	bool is_needed = splash.percent == -1 && !splash.is_calm && IsWindowVisible(splash.window);

	if (is_needed && !splash.is_ticking)
		SetTimer(splash.window, TICK, TICK_MS, NULL);
	else if (!is_needed && splash.is_ticking)
		KillTimer(splash.window, TICK);
	splash.is_ticking = is_needed;
}

static void invalidate_bar(void)
{
	RECT bar = bar_rect();

	InvalidateRect(splash.window, &bar, FALSE);
}

void splash_update(void)
{
	char text[sizeof(pending.text)], detail[sizeof(pending.detail)];
	const char *below;

	AcquireSRWLockExclusive(&pending.lock);
	memcpy(text, pending.text, sizeof(text));
	memcpy(detail, pending.detail, sizeof(detail));
	splash.percent = pending.status.progress_percent;
	pending.is_posted = false;
	ReleaseSRWLockExclusive(&pending.lock);

	if (splash.percent > 100)
		splash.percent = 100;
	if (splash.is_offered)
		splash.percent = -2; /* the button stands there */
	below = splash.is_offered && !detail[0] && !settings_is(L"close", L"tray")
		? string_text(STRING_BROWSER_HINT)
		: detail;
	set_utf8(splash.status, text);
	set_utf8(splash.detail, below);
	invalidate_bar();
	keep_ticking();
}

void splash_offer(bool is_offered)
{
	splash.is_offered = is_offered;
	ShowWindow(splash.button, is_offered ? SW_SHOW : SW_HIDE);
	if (is_offered && GetFocus() == splash.window)
		SetFocus(splash.button);
	splash_layout();
	splash_update();
}

void splash_show(bool is_visible)
{
	ShowWindow(splash.window, is_visible ? SW_SHOW : SW_HIDE);
	keep_ticking();
}

static LRESULT on_control(HDC context, HWND control)
{
	bool is_quiet = control == splash.detail || control == splash.status;

	SetTextColor(context, is_quiet ? splash.palette.quiet : splash.palette.text);
	SetBkColor(context, splash.palette.ground);
	return (LRESULT)splash.ground;
}

static LRESULT CALLBACK on_message(HWND window, UINT message, WPARAM wide, LPARAM wider)
{
	PAINTSTRUCT painting;

	switch (message) {
	case WM_PAINT:
		paint(BeginPaint(window, &painting));
		EndPaint(window, &painting);
		return 0;
	case WM_ERASEBKGND: return 1;
	case WM_TIMER: invalidate_bar(); return 0;
	case WM_CTLCOLORSTATIC:
	case WM_CTLCOLORBTN: return on_control((HDC)wide, (HWND)wider);
	case WM_DRAWITEM: paint_button((const DRAWITEMSTRUCT *)wider); return TRUE;
	case WM_COMMAND:
		if (LOWORD(wide) == BUTTON)
			win_post_event(PLAT_EVENT_OPEN);
		return 0;
	case WM_SETFOCUS:
		if (splash.is_offered)
			SetFocus(splash.button);
		return 0;
	}
	return DefWindowProcW(window, message, wide, wider);
}

static HWND add(const wchar_t *class_name, const char *text, DWORD style, INT_PTR id)
{
	wchar_t *wide = win_wide(text);
	HWND control = CreateWindowExW(0, class_name, wide, WS_CHILD | style, 0, 0, 0, 0,
		splash.window, (HMENU)id, GetModuleHandleW(NULL), NULL);

	free(wide);
	return control;
}

HWND splash_new(HWND parent)
{
	/* Real controls, so that a screen reader can say what they say. */
	const DWORD line = WS_VISIBLE | SS_CENTER | SS_NOPREFIX | SS_ENDELLIPSIS;
	WNDCLASSEXW class = {
		.cbSize = sizeof(class),
		.lpfnWndProc = on_message,
		.hInstance = GetModuleHandleW(NULL),
		.hCursor = LoadCursorW(NULL, IDC_ARROW),
		.lpszClassName = L"Helix.Splash",
	};

	RegisterClassExW(&class);
	splash.window = CreateWindowExW(WS_EX_CONTROLPARENT, class.lpszClassName, NULL,
		WS_CHILD | WS_CLIPCHILDREN, 0, 0, 0, 0, parent, NULL, class.hInstance, NULL);
	if (!splash.window)
		return NULL;
	splash.title = add(L"STATIC", string_text(STRING_NAME), line, 0);
	splash.status = add(L"STATIC", "", line, 0);
	splash.detail = add(L"STATIC", "", line, 0);
	splash.button =
		add(L"BUTTON", string_text(STRING_OPEN_AGAIN), WS_TABSTOP | BS_OWNERDRAW, BUTTON);
	splash_restyle();
	return splash.window;
}
