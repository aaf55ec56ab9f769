/* The launcher's one window: the splash (splash.h), and over it the desktop (view.h).
 *
 * Threads: all of it belongs to the thread that called window_open(), called the window's in these
 * headers; others post what enum window_message has. */
#pragma once

#include "win/win.h"

enum window_message {
	WINDOW_STATUS = WM_APP + 1, /* splash_update() */
	WINDOW_ASK,                 /* dialog_answer() */
	WINDOW_DISMISS,             /* dialog_dismiss() */
	WINDOW_OPEN_VIEW,           /* view_open() */
	WINDOW_CLOSE_VIEW,          /* view_close() */
	WINDOW_VIEW_FAILED,         /* view_failed(): HRESULT, which view */
	WINDOW_KEY,                 /* view_key(): virtual key, whether it is down */
	WINDOW_TRAY,                /* tray_message() */
	WINDOW_FULL_SCREEN,         /* or no longer */
};

struct window_options {
	const wchar_t *class_name; /* instance_class() */
	const wchar_t *title;
	int show; /* as wWinMain got it */
};

/* Make and show it. False with a line in the log. */
bool window_open(const struct window_options *options);
/* NULL before and after its life. Any thread. */
HWND window_handle(void);

/* Handle messages until the worker has left, or 8 s after window_quit() although it has not. Then
 * the window is gone. */
void window_run(HANDLE worker);

/* To the front, from the tray or the task bar too. */
void window_show(void);
/* The session ends, and then the program. */
void window_quit(void);
bool window_is_quitting(void);

void window_set_full_screen(bool is_full);
