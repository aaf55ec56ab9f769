/* The window that has what diagnose_collect() found, to be copied.
 *
 * Threads: the window's, or the only one. */
#pragma once

#include "win/win.h"

/* Open it, or bring it to the front; it fills itself in a while. NULL when Windows does not. */
HWND report_open(void);
/* Once, before: of which distribution. Kept, not copied. */
void report_set_name(const char *name);

/* In a message loop: whether the message was one of its keys, Tab and Escape and the like. */
bool report_handles(MSG *message);
/* A message loop until it is closed. */
void report_run(void);
