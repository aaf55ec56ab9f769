/* The desktop: WebView2 in the window, or a browser beside it. plat_open_view() and
 * plat_close_view() ask for it from the worker.
 *
 * Threads: the window's, but for plat_*(). */
#pragma once

#include "win/win.h"

/* --browser: never WebView2. Before the first plat_open_view(). */
void view_prefer_browser(void);

/* What the messages of window.h ask for. */
void view_open(HWND window);
void view_close(void);
void view_failed(HRESULT reason, unsigned number);
/* A key that Windows would have taken: the page gets it as
 * {"type":"key","code":"MetaLeft","down":true}. */
void view_key(UINT key, bool is_down);

/* Whether the desktop is in our window, or was opened in a browser. */
bool view_is_page(void);
bool view_is_browser(void);

/* The window's size, place, visibility or focus has changed. Nothing without a page. */
void view_resize(void);
void view_moved(void);
void view_show(bool is_visible);
void view_focus(void);
/* Bring the page out of its own full screen; the window follows by itself. */
void view_leave_full_screen(void);
