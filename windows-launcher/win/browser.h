/* The desktop in a browser: Edge as a window of its own, else the default one.
 *
 * A command line can be read by every program of the same user, and by more with some rights: the
 * token must not stand on one. So what the browser gets is the name of a small page in the data
 * directory that only the user can read; it leads on to the link by itself and is removed after
 * half a minute, when the window goes, and at the next start.
 *
 * Threads: the window's. */
#pragma once

#include "win/win.h"

/* Open `url`. PLAT_OK and one word for the log, static; or PLAT_MISSING, or another. `window` gets
 * the timer that removes the page. */
int browser_open(HWND window, const wchar_t *url, const char **ret_how);

/* Remove all such pages, ours and what a crash left. */
void browser_clean(void);
