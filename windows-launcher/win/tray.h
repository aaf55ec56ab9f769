/* The icon beside the clock, and its menu.
 *
 * Threads: the window's. */
#pragma once

#include "win/win.h"

/* Also again, when Explorer has begun anew. */
void tray_add(HWND window);
void tray_remove(void);
/* Explorer may not be able to show one. */
bool tray_is_there(void);
/* WINDOW_TRAY came. */
void tray_message(WPARAM wide, LPARAM wider);
/* The window goes, the session stays: say once where it can be found. */
void tray_explain(void);
