/* Win and Alt+Tab for the desktop instead of for Windows, if settings.ini has keyboard=windows, and
 * only while our window is full screen and in front.
 *
 * Threads: the window's. */
#pragma once

#include "win/win.h"

/* Look whether that is so now, and listen or stop. The keys come as WINDOW_KEY; those that are held
 * when it stops are let go. */
void keyboard_update(HWND window);
/* Stop, whatever is so. */
void keyboard_release(void);
