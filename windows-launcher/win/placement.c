#include "win/placement.h"

#include "win/settings.h"

enum { DEFAULT_WIDTH = 1180, DEFAULT_HEIGHT = 760 }; /* at 96 dpi */
/* So much of the title bar must be on some monitor, or nobody could drag it back. */
enum { GRIP_WIDTH = 120, GRIP_HEIGHT = 24 };

static struct {
	bool is_full;
	LONG_PTR style;
	WINDOWPLACEMENT before;
} placement = { .before = { .length = sizeof(WINDOWPLACEMENT) } };

static MONITORINFO monitor_of(HWND window)
{
	MONITORINFO info = { .cbSize = sizeof(info) };

	GetMonitorInfoW(MonitorFromWindow(window, MONITOR_DEFAULTTOPRIMARY), &info);
	return info;
}

static LONG at_most(LONG value, LONG limit)
{
	return value < limit ? value : limit;
}

static void place_in_the_middle(HWND window)
{
	RECT work = monitor_of(window).rcWork;
	int dpi = (int)GetDpiForWindow(window);
	LONG room_x = work.right - work.left, room_y = work.bottom - work.top;
	LONG width = at_most(MulDiv(DEFAULT_WIDTH, dpi, 96), room_x * 9 / 10);
	LONG height = at_most(MulDiv(DEFAULT_HEIGHT, dpi, 96), room_y * 9 / 10);

	SetWindowPos(window, NULL, work.left + (room_x - width) / 2,
		work.top + (room_y - height) / 2, width, height, SWP_NOZORDER | SWP_NOACTIVATE);
}

/* Placements are in coordinates of the work area, which differ from the screen's by less than a
 * task bar: near enough for this question. */
static bool can_be_reached(const RECT *normal)
{
	RECT grip = { normal->left, normal->top, normal->right, normal->top + GRIP_HEIGHT };
	MONITORINFO info = { .cbSize = sizeof(info) };
	HMONITOR monitor = MonitorFromRect(&grip, MONITOR_DEFAULTTONULL);
	RECT seen;

	return monitor && GetMonitorInfoW(monitor, &info) &&
		IntersectRect(&seen, &grip, &info.rcWork) && seen.right - seen.left >= GRIP_WIDTH &&
		seen.bottom - seen.top >= GRIP_HEIGHT / 2;
}

bool placement_restore(HWND window)
{
	WINDOWPLACEMENT saved = { .length = sizeof(saved), .showCmd = SW_HIDE };
	LONG left, top, width, height;

	if (!settings_number(L"left", &left) || !settings_number(L"top", &top) ||
		!settings_number(L"width", &width) || !settings_number(L"height", &height) ||
		width < GRIP_WIDTH || height < GRIP_HEIGHT || width > 32767 || height > 32767 ||
		left < -32768 || left > 32767 || top < -32768 || top > 32767) {
		place_in_the_middle(window);
		return false;
	}
	saved.rcNormalPosition = (RECT){ left, top, left + width, top + height };
	if (can_be_reached(&saved.rcNormalPosition)) {
		/* Twice: on the way to a monitor of another scale Windows changes the size. */
		SetWindowPlacement(window, &saved);
		SetWindowPlacement(window, &saved);
	} else {
		place_in_the_middle(window);
	}
	return settings_is(L"maximized", L"1");
}

void placement_save(HWND window)
{
	WINDOWPLACEMENT now = { .length = sizeof(now) };
	const RECT *normal = &now.rcNormalPosition;
	bool is_maximized;

	if (placement.is_full)
		now = placement.before;
	else if (!GetWindowPlacement(window, &now))
		return;
	is_maximized = now.showCmd == SW_SHOWMAXIMIZED ||
		(now.showCmd == SW_SHOWMINIMIZED && (now.flags & WPF_RESTORETOMAXIMIZED));
	settings_set_number(L"left", normal->left);
	settings_set_number(L"top", normal->top);
	settings_set_number(L"width", normal->right - normal->left);
	settings_set_number(L"height", normal->bottom - normal->top);
	settings_set(L"maximized", is_maximized ? L"1" : L"0");
}

bool placement_is_full_screen(void)
{
	return placement.is_full;
}

void placement_refit(HWND window)
{
	RECT all = monitor_of(window).rcMonitor;

	if (placement.is_full)
		SetWindowPos(window, HWND_TOP, all.left, all.top, all.right - all.left,
			all.bottom - all.top, SWP_NOOWNERZORDER | SWP_FRAMECHANGED);
}

void placement_set_full_screen(HWND window, bool is_full)
{
	if (is_full == placement.is_full)
		return;
	if (is_full) {
		if (!GetWindowPlacement(window, &placement.before))
			return;
		placement.style = GetWindowLongPtrW(window, GWL_STYLE);
		placement.is_full = true;
		SetWindowLongPtrW(window, GWL_STYLE,
			(placement.style & ~(LONG_PTR)(WS_OVERLAPPEDWINDOW | WS_MAXIMIZE)) |
				WS_POPUP);
		placement_refit(window);
		return;
	}
	placement.is_full = false;
	SetWindowLongPtrW(window, GWL_STYLE, placement.style | WS_VISIBLE);
	SetWindowPlacement(window, &placement.before);
	SetWindowPos(window, NULL, 0, 0, 0, 0,
		SWP_NOMOVE | SWP_NOSIZE | SWP_NOZORDER | SWP_NOOWNERZORDER | SWP_FRAMECHANGED);
}
