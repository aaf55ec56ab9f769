#include "win/tray.h"

#include "core/strings.h"
#include "win/dialog.h"
#include "win/report.h"
#include "win/settings.h"
#include "win/splash.h"
#include "win/view.h"
#include "win/window.h"

#include <shellapi.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <windowsx.h>

enum { ICON = 1 };
enum command { OPEN = 1, RESTART, KEEP, DIAGNOSE, QUIT };

static struct {
	HWND window;
	bool is_there, has_explained;
} tray;

static NOTIFYICONDATAW data_of(UINT flags)
{
	return (NOTIFYICONDATAW){
		.cbSize = sizeof(NOTIFYICONDATAW),
		.hWnd = tray.window,
		.uID = ICON,
		.uFlags = flags,
		.uCallbackMessage = WINDOW_TRAY,
		.uVersion = NOTIFYICON_VERSION_4,
	};
}

static void put(wchar_t *to, size_t size, enum string id)
{
	wchar_t *wide = win_wide(string_text(id));

	if (wide)
		wcsncat(to, wide, size - 1);
	free(wide);
}

void tray_add(HWND window)
{
	NOTIFYICONDATAW data;

	tray.window = window;
	data = data_of(NIF_ICON | NIF_TIP | NIF_SHOWTIP | NIF_MESSAGE);
	data.hIcon = splash_icon(GetSystemMetricsForDpi(SM_CXSMICON, GetDpiForWindow(window)));
	put(data.szTip, sizeof(data.szTip) / sizeof(data.szTip[0]), STRING_NAME);
	/* Windows asks for it anew when the monitor's scale changes too; then it may still be
	 * there. */
	Shell_NotifyIconW(NIM_DELETE, &data);
	tray.is_there = Shell_NotifyIconW(NIM_ADD, &data);
	if (tray.is_there)
		Shell_NotifyIconW(NIM_SETVERSION, &data);
}

void tray_remove(void)
{
	NOTIFYICONDATAW data = data_of(0);

	Shell_NotifyIconW(NIM_DELETE, &data);
	tray.is_there = false;
}

bool tray_is_there(void)
{
	return tray.is_there;
}

void tray_explain(void)
{
	NOTIFYICONDATAW data = data_of(NIF_INFO | NIF_SHOWTIP);

	if (tray.has_explained || !tray.is_there)
		return;
	tray.has_explained = true;
	data.dwInfoFlags = NIIF_NONE | NIIF_NOSOUND | NIIF_RESPECT_QUIET_TIME;
	put(data.szInfoTitle, sizeof(data.szInfoTitle) / sizeof(data.szInfoTitle[0]), STRING_NAME);
	put(data.szInfo, sizeof(data.szInfo) / sizeof(data.szInfo[0]), STRING_KEEPS_RUNNING);
	Shell_NotifyIconW(NIM_MODIFY, &data);
}

static void append(HMENU menu, enum command command, enum string id, UINT flags)
{
	wchar_t *wide = win_wide(string_text(id));

	if (wide)
		AppendMenuW(menu, MF_STRING | flags, command, wide);
	free(wide);
}

static HMENU make_menu(void)
{
	HMENU menu = CreatePopupMenu();

	if (!menu)
		return NULL;
	append(menu, OPEN, STRING_MENU_OPEN, MF_DEFAULT);
	append(menu, RESTART, STRING_MENU_RESTART, 0);
	append(menu, DIAGNOSE, STRING_MENU_DIAGNOSE, 0);
	AppendMenuW(menu, MF_SEPARATOR, 0, NULL);
	append(menu, KEEP, STRING_MENU_KEEP, settings_is(L"close", L"tray") ? MF_CHECKED : 0);
	AppendMenuW(menu, MF_SEPARATOR, 0, NULL);
	append(menu, QUIT, STRING_MENU_QUIT, 0);
	SetMenuDefaultItem(menu, OPEN, FALSE);
	return menu;
}

static void open_desktop(void)
{
	window_show();
	if (view_is_browser())
		win_post_event(PLAT_EVENT_OPEN);
}

static void restart(void)
{
	const char *buttons[] = { string_text(STRING_RESTART), string_text(STRING_CANCEL), NULL };

	window_show();
	if (dialog_ask(tray.window,
		    &(struct plat_question){
			    .title = string_text(STRING_NAME),
			    .instruction = string_text(STRING_RESTART_ASK),
			    .content = string_text(STRING_RESTART_WHY),
			    .details = "",
			    .buttons = buttons,
		    }) == 0)
		win_post_event(PLAT_EVENT_RESTART);
}

static void obey(enum command command)
{
	switch (command) {
	case OPEN: open_desktop(); break;
	case RESTART: restart(); break;
	case KEEP:
		settings_set(L"close", settings_is(L"close", L"tray") ? L"quit" : L"tray");
		splash_update(); /* which may say what closing does */
		break;
	case DIAGNOSE: report_open(); break;
	case QUIT: window_quit(); break;
	}
}

static void show_menu(int x, int y)
{
	HMENU menu = make_menu();
	int chosen;

	if (!menu)
		return;
	/* Without this and the empty message behind it, a click elsewhere leaves the menu standing.
	 */
	SetForegroundWindow(tray.window);
	chosen = TrackPopupMenuEx(
		menu, TPM_RETURNCMD | TPM_NONOTIFY | TPM_RIGHTBUTTON, x, y, tray.window, NULL);
	PostMessageW(tray.window, WM_NULL, 0, 0);
	DestroyMenu(menu);
	if (chosen > 0 && !window_is_quitting())
		obey((enum command)chosen);
}

void tray_message(WPARAM wide, LPARAM wider)
{
	switch (LOWORD(wider)) {
	case NIN_SELECT:
	case NIN_KEYSELECT: open_desktop(); break;
	case WM_CONTEXTMENU: show_menu(GET_X_LPARAM(wide), GET_Y_LPARAM(wide)); break;
	}
}
