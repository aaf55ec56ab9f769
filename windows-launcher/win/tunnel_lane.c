#include "win/tunnel_lane.h"

#include "win/system.h"

bool lane_init(struct lane *lane)
{
	lane->overlapped.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL);
	return lane->overlapped.hEvent != NULL;
}

void lane_done(struct lane *lane)
{
	if (lane->overlapped.hEvent)
		CloseHandle(lane->overlapped.hEvent);
}

static bool begin(struct lane *lane)
{
	OVERLAPPED *overlapped = &lane->overlapped;

	*overlapped = (OVERLAPPED){ .hEvent = overlapped->hEvent };
	BOOL begun = lane->is_write
		? WriteFile(lane->pipe, lane->bytes + lane->at, lane->size - lane->at, NULL,
			  overlapped)
		: ReadFile(lane->pipe, lane->bytes, LANE_SIZE, NULL, overlapped);
	lane->is_busy = begun || GetLastError() == ERROR_IO_PENDING;
	return lane->is_busy;
}

bool lane_read(struct lane *lane)
{
	lane->is_write = false;
	return begin(lane);
}

bool lane_write(struct lane *lane, size_t size)
{
	lane->is_write = true;
	lane->at = 0;
	lane->size = (DWORD)size;
	return begin(lane);
}

int lane_finish(struct lane *lane)
{
	DWORD count = 0;

	/* The event is set last, and must not be set behind what is begun next. */
	if (!lane->is_busy || !HasOverlappedIoCompleted(&lane->overlapped) ||
		WaitForSingleObject(lane->overlapped.hEvent, 0) != WAIT_OBJECT_0)
		return 0;
	lane->is_busy = false;
	if (!GetOverlappedResult(lane->pipe, &lane->overlapped, &count, FALSE))
		return win_result(GetLastError());
	if (!lane->is_write && count > 0)
		return (int)count;
	lane->at += count;
	if (lane->is_write && lane->at >= lane->size)
		return 1;
	/* A part of a write, or a read of nothing, which is what a write of nothing looks like. */
	return begin(lane) ? 0 : PLAT_ENDED;
}

void lane_stop(struct lane *lane)
{
	DWORD count;

	if (!lane->is_busy)
		return;
	CancelIoEx(lane->pipe, &lane->overlapped);
	GetOverlappedResult(lane->pipe, &lane->overlapped, &count, TRUE);
	lane->is_busy = false;
}
