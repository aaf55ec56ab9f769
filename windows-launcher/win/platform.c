#include "win/system.h"

#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "core/text.h"

#define WORDS_MAX       512
#define WINHTTP_FIRST   12000
#define WINHTTP_LAST    12999
#define ERROR_HTTP_NAME 12007 /* ERROR_WINHTTP_NAME_NOT_RESOLVED */
#define ERROR_HTTP_STOP 12017 /* ERROR_WINHTTP_OPERATION_CANCELLED */
/* winerror.h of some toolchains lacks these. */
#define ERROR_NEEDS_ELEVATION 740
#define ERROR_OVER_QUOTA      1295

/* In the order in which plat_wait() looks: who wants to leave is heard first. */
static const enum plat_event kinds[] = { PLAT_EVENT_QUIT, PLAT_EVENT_RESTART, PLAT_EVENT_OPEN,
	PLAT_EVENT_LINE, PLAT_EVENT_WOKE };
#define KINDS (sizeof kinds / sizeof *kinds)

static INIT_ONCE events_once = INIT_ONCE_STATIC_INIT;
static HANDLE cancelled;
static HANDLE events[KINDS];
static wchar_t *data_directory;

static BOOL CALLBACK make_events(INIT_ONCE *once, void *unused, void **also_unused)
{
	(void)once, (void)unused, (void)also_unused;

	cancelled = CreateEventW(NULL, TRUE, FALSE, NULL);
	for (size_t i = 0; i < KINDS; i++)
		events[i] = CreateEventW(NULL, FALSE, FALSE, NULL);
	return TRUE;
}

static HANDLE event_of(enum plat_event kind)
{
	InitOnceExecuteOnce(&events_once, make_events, NULL, NULL);
	for (size_t i = 0; i < KINDS; i++)
		if (kinds[i] == kind)
			return events[i];
	return NULL;
}

HANDLE win_cancelled(void)
{
	InitOnceExecuteOnce(&events_once, make_events, NULL, NULL);
	return cancelled;
}

bool win_is_cancelled(void)
{
	return WaitForSingleObject(win_cancelled(), 0) == WAIT_OBJECT_0;
}

void plat_cancel(void)
{
	SetEvent(win_cancelled());
}

void win_post_event(enum plat_event event)
{
	HANDLE handle = event_of(event);

	if (handle)
		SetEvent(handle);
}

void win_take_back_event(enum plat_event event)
{
	HANDLE handle = event_of(event);

	if (handle)
		ResetEvent(handle);
}

enum plat_event plat_wait(uint32_t timeout_ms)
{
	HANDLE handles[1 + KINDS] = { win_cancelled() };

	memcpy(handles + 1, events, sizeof events);
	DWORD woke = WaitForMultipleObjects(1 + KINDS, handles, FALSE, timeout_ms);
	if (woke == WAIT_OBJECT_0)
		return PLAT_EVENT_QUIT;
	if (woke > WAIT_OBJECT_0 && woke <= WAIT_OBJECT_0 + KINDS)
		return kinds[woke - WAIT_OBJECT_0 - 1];
	return PLAT_EVENT_TIMEOUT;
}

uint64_t plat_now_ms(void)
{
	return GetTickCount64();
}

void win_progress_tell(struct win_progress *progress, uint64_t done, uint64_t total, bool is_end)
{
	uint64_t now = plat_now_ms();

	if (!progress->tell || (!is_end && now < progress->next_ms))
		return;
	progress->next_ms = now + 250;
	progress->tell(progress->owner, done, total);
}

wchar_t *win_wide(const char *text)
{
	/* No character takes more units of UTF-16 than it took bytes of UTF-8. */
	size_t size = strlen(text) + 1;
	wchar_t *wide = malloc(size * sizeof *wide);

	if (wide && text_to_utf16(text, (uint16_t *)wide, size) == SIZE_MAX) {
		free(wide);
		return NULL;
	}
	return wide;
}

char *win_narrow(const wchar_t *wide)
{
	size_t size = 3 * wcslen(wide) + 1;
	char *text = malloc(size);

	if (text && text_from_utf16((const uint16_t *)wide, text, size) == SIZE_MAX) {
		free(text);
		return NULL;
	}
	return text;
}

int win_result(DWORD error)
{
	static const struct {
		DWORD error;
		enum plat_result result;
	} known[] = {
		{ ERROR_SUCCESS, PLAT_OK },
		{ ERROR_FILE_NOT_FOUND, PLAT_MISSING },
		{ ERROR_PATH_NOT_FOUND, PLAT_MISSING },
		{ ERROR_INVALID_DRIVE, PLAT_MISSING },
		{ ERROR_BAD_NETPATH, PLAT_MISSING },
		{ ERROR_BAD_NET_NAME, PLAT_MISSING },
		{ ERROR_HTTP_NAME, PLAT_MISSING },
		{ ERROR_ACCESS_DENIED, PLAT_DENIED },
		{ ERROR_SHARING_VIOLATION, PLAT_DENIED },
		{ ERROR_WRITE_PROTECT, PLAT_DENIED },
		{ ERROR_PRIVILEGE_NOT_HELD, PLAT_DENIED },
		{ ERROR_NEEDS_ELEVATION, PLAT_DENIED },
		{ ERROR_CANCELLED, PLAT_DENIED }, /* the person's "no" to elevation */
		{ ERROR_DISK_FULL, PLAT_FULL },
		{ ERROR_HANDLE_DISK_FULL, PLAT_FULL },
		{ ERROR_OVER_QUOTA, PLAT_FULL },
		{ ERROR_FILE_TOO_LARGE, PLAT_FULL }, /* 4 GB on FAT: there is no room for it */
		{ ERROR_BROKEN_PIPE, PLAT_ENDED },
		{ ERROR_HANDLE_EOF, PLAT_ENDED },
		{ ERROR_NO_DATA, PLAT_ENDED },
		{ ERROR_PIPE_NOT_CONNECTED, PLAT_ENDED },
		{ WAIT_TIMEOUT, PLAT_TIMEOUT },
		{ ERROR_OPERATION_ABORTED, PLAT_CANCELLED },
		{ ERROR_HTTP_STOP, PLAT_CANCELLED },
	};

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (known[i].error == error)
			return known[i].result;
	return error >= WINHTTP_FIRST && error <= WINHTTP_LAST ? PLAT_NETWORK : PLAT_FAILED;
}

int win_failed(const char *what, DWORD error)
{
	wchar_t wide[WORDS_MAX];
	bool is_http = error >= WINHTTP_FIRST && error <= WINHTTP_LAST;
	HMODULE words = is_http ? GetModuleHandleW(L"winhttp.dll") : NULL;
	DWORD flags = FORMAT_MESSAGE_IGNORE_INSERTS | FORMAT_MESSAGE_MAX_WIDTH_MASK |
		(words ? FORMAT_MESSAGE_FROM_HMODULE : FORMAT_MESSAGE_FROM_SYSTEM);
	DWORD length = FormatMessageW(flags, words, error, 0, wide, WORDS_MAX, NULL);

	while (length && (wide[length - 1] == L' ' || wide[length - 1] == L'.'))
		length--;
	wide[length < WORDS_MAX ? length : WORDS_MAX - 1] = 0;
	char *text = length ? win_narrow(wide) : NULL;
	if (text)
		plat_log("%s: %lu (%s)", what, (unsigned long)error, text);
	else
		plat_log("%s: %lu", what, (unsigned long)error);
	free(text);
	return error ? win_result(error) : PLAT_FAILED;
}

bool win_system_program(const wchar_t *name, wchar_t *path, size_t size)
{
	UINT length = GetSystemDirectoryW(path, (UINT)size);

	if (!length || length + 1 + wcslen(name) + 1 > size)
		return false;
	path[length] = L'\\';
	wcscpy(path + length + 1, name);
	DWORD attributes = GetFileAttributesW(path);
	return attributes != INVALID_FILE_ATTRIBUTES && !(attributes & FILE_ATTRIBUTE_DIRECTORY);
}

void win_set_data_directory(const wchar_t *path)
{
	free(data_directory);
	data_directory = _wcsdup(path);
}

const wchar_t *win_data_directory(void)
{
	return data_directory ? data_directory : L".";
}
