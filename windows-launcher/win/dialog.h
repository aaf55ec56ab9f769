/* Questions and errors: a task dialog with one button a line. plat_ask() asks from the worker.
 *
 * Threads: the window's, but for plat_ask() and dialog_tell(). */
#pragma once

#include "core/strings.h"
#include "win/win.h"

/* Ask, and handle messages until it is answered. `owner` may be NULL. As plat_ask(). */
int dialog_ask(HWND owner, const struct plat_question *question);

/* Say something that has one button, "Close". `detail` goes into the place for text that `content`
 * has, and may be NULL. Any thread that has no window. */
void dialog_tell(HWND owner, bool is_error, enum string instruction, enum string content,
	const char *detail);

/* What WINDOW_ASK carries: ask it, and let the worker go on. */
void dialog_answer(HWND owner);
/* Close what dialog_ask() has open: its answer is -1. */
void dialog_dismiss(void);
