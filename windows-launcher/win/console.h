/* Words for a terminal, though Windows gives programs with windows none.
 *
 * Threads: any. */
#pragma once

#include "win/win.h"

/* To where stdout or stderr leads, a file or a pipe, or else to the terminal that we were started
 * from. False when there is neither: then it takes a dialog. */
bool console_write(const char *text, bool is_error);
