/* Where the window stands: remembered in the settings, and full screen.
 *
 * Threads: the window's. */
#pragma once

#include "win/win.h"

/* Put the window, not shown yet, where it was last time; in the middle of its monitor when it was
 * nowhere, or where no monitor is any more. True when it should be maximised. */
bool placement_restore(HWND window);
void placement_save(HWND window);

bool placement_is_full_screen(void);
void placement_set_full_screen(HWND window, bool is_full);
/* Its monitor has another size now, or it is on another one. */
void placement_refit(HWND window);
