/* What the window shows while the desktop is not there: icon, name, one line of what goes on, a
 * thin bar, one line of detail. plat_show() says what.
 *
 * Threads: the window's, but for plat_show(). */
#pragma once

#include "win/win.h"

/* Our icon at a size of ours in pixels; shared, never destroyed. */
HICON splash_icon(int size);
/* The window's ground, to be painted behind everything. High contrast is the person's own. */
COLORREF splash_ground(void);

/* A child of `parent`, hidden, of its whole size. NULL without memory. */
HWND splash_new(HWND parent);
/* Take over what plat_show() said. For WINDOW_STATUS. */
void splash_update(void);
void splash_show(bool is_visible);
/* Whether to offer that the browser opens the desktop again. */
void splash_offer(bool is_offered);
/* The parent's size, scale or colours have changed. */
void splash_layout(void);
void splash_restyle(void);
