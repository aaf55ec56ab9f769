#include "win/win.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "core/text.h"

#define LINE_MAX   4352 /* a whole line of the agent's, and what stands before it */
#define ROTATE_AT  (1u << 20)
#define LOG_NAME   L"helix.log"
#define OLDER_NAME L"helix.old.log"

static SRWLOCK lock = SRWLOCK_INIT;
static HANDLE file; /* NULL = closed: what is logged then is lost */
static uint64_t written;

static wchar_t *path_of(const wchar_t *name)
{
	const wchar_t *directory = win_data_directory();
	size_t size = wcslen(directory) + 1 + wcslen(name) + 1;
	wchar_t *path = malloc(size * sizeof *path);

	if (path)
		swprintf(path, size, L"%ls\\%ls", directory, name);
	return path;
}

static HANDLE open_shared(const wchar_t *path, DWORD access, DWORD disposition)
{
	/* Others may read, and rename or remove it: nobody's log viewer stops us, nor we theirs. */
	HANDLE handle =
		CreateFileW(path, access, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
			NULL, disposition, FILE_ATTRIBUTE_NORMAL, NULL);

	return handle == INVALID_HANDLE_VALUE ? NULL : handle;
}

static void open_locked(void)
{
	wchar_t *path = path_of(LOG_NAME);
	LARGE_INTEGER size;

	file = path ? open_shared(path, FILE_APPEND_DATA, OPEN_ALWAYS) : NULL;
	written = file && GetFileSizeEx(file, &size) ? (uint64_t)size.QuadPart : 0;
	free(path);
}

static void close_locked(void)
{
	if (file)
		CloseHandle(file);
	file = NULL;
}

static void rotate_locked(void)
{
	wchar_t *path = path_of(LOG_NAME), *older = path_of(OLDER_NAME);

	close_locked();
	if (path && older)
		MoveFileExW(path, older, MOVEFILE_REPLACE_EXISTING);
	free(path);
	free(older);
	open_locked();
	/* Where it could not be renamed it goes on growing for another while; that is no reason to
	 * try again at each line. */
	written = 0;
}

void win_log_open(void)
{
	AcquireSRWLockExclusive(&lock);
	close_locked();
	open_locked();
	if (written > ROTATE_AT)
		rotate_locked();
	ReleaseSRWLockExclusive(&lock);
}

void win_log_close(void)
{
	AcquireSRWLockExclusive(&lock);
	close_locked();
	ReleaseSRWLockExclusive(&lock);
}

/* Nobody whose words we log makes a line of their own, or moves a terminal's cursor. */
static void flatten(char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			*text = ' ';
}

/* Take away what vsnprintf() left of a character that it cut in two. */
static void trim_cut_character(char *text, size_t length)
{
	size_t back = 0;

	while (back < length && back < 4 && ((unsigned char)text[length - 1 - back] & 0xc0) == 0x80)
		back++;
	if (back < length && (unsigned char)text[length - 1 - back] >= 0xc0)
		text[length - 1 - back] = 0;
}

void plat_log(const char *format, ...)
{
	DWORD last_error = GetLastError();
	char line[LINE_MAX];
	SYSTEMTIME now;
	va_list arguments;

	GetSystemTime(&now);
	int head = snprintf(line, sizeof line, "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ ", now.wYear,
		now.wMonth, now.wDay, now.wHour, now.wMinute, now.wSecond, now.wMilliseconds);
	char *text = line + head;
	size_t room = sizeof line - (size_t)head - 1; /* the end of the line */
	va_start(arguments, format);
	int length = vsnprintf(text, room, format, arguments);
	va_end(arguments);
	if (length < 0)
		*text = 0;
	else if ((size_t)length >= room)
		trim_cut_character(text, room - 1);
	text_redact(text);
	flatten(text);
	size_t size = strlen(line);
	line[size++] = '\n';

	AcquireSRWLockExclusive(&lock);
	DWORD count = 0;
	if (file && WriteFile(file, line, (DWORD)size, &count, NULL)) {
		written += count;
		if (written > ROTATE_AT)
			rotate_locked();
	}
	ReleaseSRWLockExclusive(&lock);
	SetLastError(last_error);
}

static char *read_tail(HANDLE handle, size_t count)
{
	LARGE_INTEGER size, start = { .QuadPart = 0 };
	if (!GetFileSizeEx(handle, &size))
		return NULL;
	if ((uint64_t)size.QuadPart > count)
		start.QuadPart = size.QuadPart - (LONGLONG)count;
	char *text = malloc(count + 1);
	DWORD length = 0;
	if (!text || !SetFilePointerEx(handle, start, NULL, FILE_BEGIN) ||
		!ReadFile(handle, text, (DWORD)count, &length, NULL)) {
		free(text);
		return NULL;
	}
	text[length] = 0;
	char *line = start.QuadPart ? strchr(text, '\n') : NULL;
	if (line)
		memmove(text, line + 1, strlen(line + 1) + 1);
	return text;
}

char *win_log_tail(size_t count)
{
	wchar_t *path = path_of(LOG_NAME);
	HANDLE handle = path ? open_shared(path, GENERIC_READ, OPEN_EXISTING) : NULL;
	char *text = handle ? read_tail(handle, count) : NULL;

	if (handle)
		CloseHandle(handle);
	free(path);
	return text;
}
