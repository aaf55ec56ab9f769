#include "win/system.h"

#include <stdio.h>
#include <string.h>

/* Anonymous pipes cannot be waited for, only blocked in, so that each needs a thread and a way to
 * get that thread out again. A named pipe may be overlapped at our end and synchronous at the
 * child's: one wait then covers data, the timeout and the wish to stop. The same code serves
 * Windows and wine. */

#define PIPE_SIZE  (64u << 10)
#define STOPS_MAX  2
#define WRITE_MOST (32u << 10) /* so that a slow reader is seen to make progress */

int pipe_new(bool is_childs_input, HANDLE *ret_ours, HANDLE *ret_theirs)
{
	static volatile LONG counter;
	wchar_t name[80];
	SECURITY_ATTRIBUTES inheritable = { .nLength = sizeof inheritable, .bInheritHandle = TRUE };
	LARGE_INTEGER ticks;

	QueryPerformanceCounter(&ticks);
	swprintf(name, sizeof name / sizeof *name, L"\\\\.\\pipe\\helix-%lx-%lx-%llx",
		(unsigned long)GetCurrentProcessId(), (unsigned long)InterlockedIncrement(&counter),
		(unsigned long long)ticks.QuadPart);
	/* One instance, and made by us: nobody can stand at either end but us and our child. */
	HANDLE ours = CreateNamedPipeW(name,
		(is_childs_input ? PIPE_ACCESS_OUTBOUND : PIPE_ACCESS_INBOUND) |
			FILE_FLAG_OVERLAPPED | FILE_FLAG_FIRST_PIPE_INSTANCE,
		PIPE_TYPE_BYTE | PIPE_READMODE_BYTE | PIPE_WAIT | PIPE_REJECT_REMOTE_CLIENTS, 1,
		PIPE_SIZE, PIPE_SIZE, 0, NULL);
	if (ours == INVALID_HANDLE_VALUE)
		return win_failed("pipe: cannot make one", GetLastError());
	HANDLE theirs = CreateFileW(name, is_childs_input ? GENERIC_READ : GENERIC_WRITE, 0,
		&inheritable, OPEN_EXISTING, 0, NULL);
	if (theirs == INVALID_HANDLE_VALUE) {
		int r = win_failed("pipe: cannot open its other end", GetLastError());
		CloseHandle(ours);
		return r;
	}
	*ret_ours = ours;
	*ret_theirs = theirs;
	return PLAT_OK;
}

static bool is_stopped(const HANDLE *stops, size_t stops_count)
{
	for (size_t i = 0; i < stops_count; i++)
		if (stops[i] && WaitForSingleObject(stops[i], 0) == WAIT_OBJECT_0)
			return true;
	return false;
}

/* Wait for what was begun; when that takes too long, take it back. The memory is the system's until
 * then. What came through in that very moment counts. */
static int finish(HANDLE pipe, OVERLAPPED *overlapped, uint32_t timeout_ms, const HANDLE *stops,
	size_t stops_count, DWORD *ret_count)
{
	HANDLE handles[1 + STOPS_MAX] = { overlapped->hEvent };
	DWORD handles_count = 1;

	for (size_t i = 0; i < stops_count; i++)
		if (stops[i])
			handles[handles_count++] = stops[i];
	DWORD woke = WaitForMultipleObjects(handles_count, handles, FALSE, timeout_ms);
	if (woke != WAIT_OBJECT_0)
		CancelIoEx(pipe, overlapped);
	if (GetOverlappedResult(pipe, overlapped, ret_count, TRUE))
		return PLAT_OK;
	if (GetLastError() != ERROR_OPERATION_ABORTED)
		return win_result(GetLastError());
	return woke == WAIT_TIMEOUT ? PLAT_TIMEOUT : PLAT_CANCELLED;
}

/* One read or write. */
static int transfer(HANDLE pipe, bool is_write, void *bytes, DWORD size, uint32_t timeout_ms,
	const HANDLE *stops, size_t stops_count, DWORD *ret_count)
{
	OVERLAPPED overlapped = { .hEvent = CreateEventW(NULL, TRUE, FALSE, NULL) };
	int r = PLAT_OK;

	if (!overlapped.hEvent)
		return win_failed("pipe: no event", GetLastError());
	BOOL begun = is_write ? WriteFile(pipe, bytes, size, NULL, &overlapped)
			      : ReadFile(pipe, bytes, size, NULL, &overlapped);
	if (begun || GetLastError() == ERROR_IO_PENDING)
		r = finish(pipe, &overlapped, timeout_ms, stops, stops_count, ret_count);
	else
		r = win_result(GetLastError());
	CloseHandle(overlapped.hEvent);
	return r;
}

static uint32_t time_left(uint64_t deadline_ms)
{
	uint64_t now = plat_now_ms();

	if (deadline_ms == UINT64_MAX)
		return INFINITE;
	return now < deadline_ms ? (uint32_t)(deadline_ms - now) : 0;
}

static uint64_t deadline_of(uint32_t timeout_ms)
{
	return timeout_ms == INFINITE ? UINT64_MAX : plat_now_ms() + timeout_ms;
}

int pipe_read(HANDLE pipe, void *buffer, size_t size, uint32_t timeout_ms, const HANDLE *stops,
	size_t stops_count)
{
	uint64_t deadline_ms = deadline_of(timeout_ms);
	DWORD most = size < INT_MAX ? (DWORD)size : INT_MAX;

	/* A read of nothing is what a write of nothing looks like; it is no end. */
	for (;;) {
		DWORD count = 0;
		if (is_stopped(stops, stops_count))
			return PLAT_CANCELLED;
		int r = transfer(pipe, false, buffer, most, time_left(deadline_ms), stops,
			stops_count, &count);
		if (r < 0 || count)
			return r < 0 ? r : (int)count;
	}
}

int pipe_write(HANDLE pipe, const void *bytes, size_t size, uint32_t timeout_ms,
	const HANDLE *stops, size_t stops_count)
{
	uint64_t deadline_ms = deadline_of(timeout_ms);
	const uint8_t *at = bytes;

	while (size) {
		DWORD count = 0;
		DWORD most = size < WRITE_MOST ? (DWORD)size : WRITE_MOST;
		if (is_stopped(stops, stops_count))
			return PLAT_CANCELLED;
		int r = transfer(pipe, true, (void *)at, most, time_left(deadline_ms), stops,
			stops_count, &count);
		if (r < 0)
			return r;
		at += count;
		size -= count;
	}
	return PLAT_OK;
}
