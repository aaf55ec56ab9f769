/* What the parts of win/ share. Only here and in win/'s own headers may <windows.h> be seen.
 *
 * Threads: any, unless said otherwise. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <windows.h>

#include "seam/platform.h"

/* Copies, to be freed with free(); NULL without memory. */
wchar_t *win_wide(const char *text);
char *win_narrow(const wchar_t *wide);

/* Set by plat_cancel(): every blocking wait has it among its handles. Manual reset. */
HANDLE win_cancelled(void);

/* Tell plat_wait(): the worker hears each kind once, however often it was posted meanwhile. */
void win_post_event(enum plat_event event);

/* Windows goes to sleep, or is awake again: meanwhile the agent is told that silence means nothing.
 */
void win_agent_suspend(bool is_suspended);

/* The last error as a plat_result, after a line in the log: "http: cannot connect: 12029". */
int win_failed(const char *what, DWORD error);

/* "C:\Windows\System32\wsl.exe" and the like, from the system directory and nowhere else. */
bool win_system_program(const wchar_t *name, wchar_t *path, size_t size);

/* The command's directory for its data, as --data or the default says; without a backslash at its
 * end. Set once, before any thread. */
void win_set_data_directory(const wchar_t *path);
const wchar_t *win_data_directory(void);

/* The log: helix.log in the data directory, one old one kept beyond 1 MB. */
void win_log_open(void);
void win_log_close(void);
/* Its last `count` bytes, from the beginning of a line, for --diagnose; to be freed. */
char *win_log_tail(size_t count);
