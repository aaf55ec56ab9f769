/* What the system half of win/ shares among its own files: pipes, paths, events, progress.
 *
 * Threads: any, unless said otherwise. */
#pragma once

#include "win/win.h"

/* The plat_result that stands for a Windows error; logs nothing. */
int win_result(DWORD error);
bool win_is_cancelled(void);
/* Take back what win_post_event() told and plat_wait() has not yet said. */
void win_take_back_event(enum plat_event event);

/* "C:\..." from UTF-8, absolute, with "\\?\" where it is too long without; free(). NULL without
 * memory or when it is no path. */
wchar_t *win_path(const char *path);

/* A callback that is told at most four times a second, but of the beginning and the end always. */
struct win_progress {
	plat_progress tell; /* may be NULL */
	void *owner;
	uint64_t next_ms;
};
void win_progress_tell(struct win_progress *progress, uint64_t done, uint64_t total, bool is_end);

/* A pipe to a child. `ret_theirs` is inheritable and as synchronous as programs expect of their
 * standard handles; `ret_ours` is neither. */
int pipe_new(bool is_childs_input, HANDLE *ret_ours, HANDLE *ret_theirs);
/* As process_read() and process_write(), but without the cancel event: only `stops` end them, of
 * which those that are NULL are skipped. `stops_count` is 2 at most. */
int pipe_read(HANDLE pipe, void *buffer, size_t size, uint32_t timeout_ms, const HANDLE *stops,
	size_t stops_count);
int pipe_write(HANDLE pipe, const void *bytes, size_t size, uint32_t timeout_ms,
	const HANDLE *stops, size_t stops_count);
