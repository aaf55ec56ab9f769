#include "win/system.h"

#include <stdlib.h>
#include <string.h>
#include <wchar.h>

/* CreateDirectory wants room for a short name below it: MAX_PATH - 12. */
#define SHORT_PATH_MAX 247
#define TRIES          5
#define TRY_WAIT_MS    100
#define READ_MOST      (1u << 30) /* at once */

wchar_t *win_path(const char *path)
{
	wchar_t *wide = win_wide(path);
	DWORD size = wide && *wide ? GetFullPathNameW(wide, 0, NULL, NULL) : 0;
	/* "\\?\" in front of "C:\", or "\\?\UNC\" in place of a share's "\\". */
	wchar_t *full = size ? malloc((size + 8) * sizeof *full) : NULL;

	if (full && !GetFullPathNameW(wide, size, full, NULL)) {
		free(full);
		full = NULL;
	}
	free(wide);
	if (!full || wcslen(full) <= SHORT_PATH_MAX || !wcsncmp(full, L"\\\\?\\", 4) ||
		!wcsncmp(full, L"\\\\.\\", 4))
		return full;
	bool is_share = !wcsncmp(full, L"\\\\", 2);
	size_t skip = is_share ? 2 : 0, prefix = is_share ? 8 : 4;
	memmove(full + prefix, full + skip, (wcslen(full + skip) + 1) * sizeof *full);
	wmemcpy(full, is_share ? L"\\\\?\\UNC\\" : L"\\\\?\\", prefix);
	return full;
}

/* Virus scanners open what was just written, for a moment. */
static bool is_passing(DWORD error)
{
	return error == ERROR_SHARING_VIOLATION || error == ERROR_ACCESS_DENIED ||
		error == ERROR_LOCK_VIOLATION;
}

static DWORD move(const wchar_t *from, const wchar_t *to)
{
	for (int i = 0;; i++) {
		if (MoveFileExW(from, to, MOVEFILE_REPLACE_EXISTING | MOVEFILE_WRITE_THROUGH))
			return ERROR_SUCCESS;
		DWORD error = GetLastError();
		if (!is_passing(error) || i == TRIES ||
			WaitForSingleObject(win_cancelled(), TRY_WAIT_MS) == WAIT_OBJECT_0)
			return error;
	}
}

int plat_rename(const char *from, const char *to)
{
	wchar_t *wide_from = win_path(from), *wide_to = win_path(to);
	int r = PLAT_FAILED;

	if (wide_from && wide_to) {
		DWORD error = move(wide_from, wide_to);
		r = error ? win_failed("files: cannot rename", error) : PLAT_OK;
	}
	free(wide_from);
	free(wide_to);
	return r;
}

static DWORD delete (const wchar_t *path)
{
	for (int i = 0;; i++) {
		if (DeleteFileW(path))
			return ERROR_SUCCESS;
		DWORD error = GetLastError();
		if (error == ERROR_FILE_NOT_FOUND || error == ERROR_PATH_NOT_FOUND)
			return ERROR_SUCCESS;
		if (!is_passing(error) || i == TRIES ||
			WaitForSingleObject(win_cancelled(), TRY_WAIT_MS) == WAIT_OBJECT_0)
			return error;
	}
}

int plat_remove(const char *path)
{
	wchar_t *wide = win_path(path);

	if (!wide)
		return PLAT_FAILED;
	DWORD error = delete (wide);
	free(wide);
	return error ? win_failed("files: cannot remove", error) : PLAT_OK;
}

static DWORD read_whole(HANDLE file, char *buffer, size_t size, size_t *ret_size)
{
	size_t length = 0;
	DWORD count;

	/* One byte more than may be, so that a file that is too large is seen. */
	do {
		if (!ReadFile(file, buffer + length, (DWORD)(size - length), &count, NULL))
			return GetLastError();
		length += count;
	} while (count && length < size);
	if (length == size)
		return ERROR_BUFFER_OVERFLOW;
	buffer[length] = 0;
	*ret_size = length;
	return ERROR_SUCCESS;
}

int plat_read_file(const char *path, char *buffer, size_t size, size_t *ret_size)
{
	wchar_t *wide = win_path(path);

	if (!wide)
		return PLAT_FAILED;
	HANDLE file = CreateFileW(wide, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_DELETE, NULL,
		OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, NULL);
	DWORD error = file == INVALID_HANDLE_VALUE ? GetLastError() : ERROR_SUCCESS;
	free(wide);
	if (!error) {
		error = read_whole(file, buffer, size, ret_size);
		CloseHandle(file);
	}
	/* Files that are not there are looked for at each start: nothing to log. */
	if (!error || win_result(error) == PLAT_MISSING)
		return win_result(error);
	return error == ERROR_BUFFER_OVERFLOW ? PLAT_TOO_LARGE
					      : win_failed("files: cannot read", error);
}

static DWORD read_end(HANDLE file, uint8_t *buffer, size_t size)
{
	LARGE_INTEGER length, start;
	DWORD count;

	if (!GetFileSizeEx(file, &length))
		return GetLastError();
	if ((uint64_t)length.QuadPart < size)
		return ERROR_HANDLE_EOF;
	start.QuadPart = length.QuadPart - (LONGLONG)size;
	if (!SetFilePointerEx(file, start, NULL, FILE_BEGIN))
		return GetLastError();
	for (size_t done = 0; done < size; done += count) {
		size_t left = size - done;
		DWORD most = left < READ_MOST ? (DWORD)left : READ_MOST;
		if (!ReadFile(file, buffer + done, most, &count, NULL))
			return GetLastError();
		if (!count)
			return ERROR_HANDLE_EOF;
	}
	return ERROR_SUCCESS;
}

int plat_read_tail(const char *path, uint8_t *buffer, size_t size)
{
	wchar_t *wide = win_path(path);

	if (!wide)
		return PLAT_FAILED;
	HANDLE file = CreateFileW(wide, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_DELETE, NULL,
		OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, NULL);
	DWORD error = file == INVALID_HANDLE_VALUE ? GetLastError() : ERROR_SUCCESS;
	free(wide);
	if (win_result(error) == PLAT_MISSING)
		return PLAT_MISSING;
	if (!error) {
		error = read_end(file, buffer, size);
		CloseHandle(file);
	}
	if (error)
		win_failed("files: cannot read the end", error);
	return error ? PLAT_FAILED : PLAT_OK;
}

static DWORD write_whole(const wchar_t *path, const char *text, size_t size)
{
	HANDLE file = CreateFileW(
		path, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, FILE_ATTRIBUTE_NORMAL, NULL);
	DWORD error = ERROR_SUCCESS, count = 0;

	if (file == INVALID_HANDLE_VALUE)
		return GetLastError();
	if (!WriteFile(file, text, (DWORD)size, &count, NULL) || !FlushFileBuffers(file))
		error = GetLastError();
	else if (count != size)
		error = ERROR_DISK_FULL;
	CloseHandle(file);
	return error;
}

int plat_write_file(const char *path, const char *text, size_t size)
{
	wchar_t *wide = win_path(path);
	size_t length = wide ? wcslen(wide) + 5 : 0;
	wchar_t *new = wide ? malloc(length * sizeof *new) : NULL;

	if (!new) {
		free(wide);
		return PLAT_FAILED;
	}
	swprintf(new, length, L"%ls.new", wide);
	DWORD error = write_whole(new, text, size);
	if (!error)
		error = move(new, wide);
	if (error)
		DeleteFileW(new);
	free(new);
	free(wide);
	return error ? win_failed("files: cannot write", error) : PLAT_OK;
}

int plat_file_size(const char *path, uint64_t *ret_size)
{
	wchar_t *wide = win_path(path);
	WIN32_FILE_ATTRIBUTE_DATA data;

	if (!wide)
		return PLAT_FAILED;
	DWORD error = GetFileAttributesExW(wide, GetFileExInfoStandard, &data) ? ERROR_SUCCESS
									       : GetLastError();
	free(wide);
	if (error)
		return win_result(error);
	if (data.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY)
		return PLAT_MISSING;
	*ret_size = (uint64_t)data.nFileSizeHigh << 32 | data.nFileSizeLow;
	return PLAT_OK;
}

/* Cut `path` down to the directory above it; false at its root. */
static bool go_up(wchar_t *path)
{
	wchar_t *last = wcsrchr(path, L'\\');

	if (!last || last == path || last[-1] == L'\\')
		return false;
	if (last[-1] == L':') {
		if (!last[1])
			return false;
		last[1] = 0; /* "C:" alone is another directory than "C:\" */
		return true;
	}
	*last = 0;
	return true;
}

int plat_disk_free(const char *directory, uint64_t *ret_size)
{
	wchar_t *path = win_path(directory);
	ULARGE_INTEGER available;
	DWORD error = ERROR_PATH_NOT_FOUND;

	if (!path)
		return PLAT_FAILED;
	/* What the directory will have once it is made. */
	do {
		error = GetDiskFreeSpaceExW(path, &available, NULL, NULL) ? ERROR_SUCCESS
									  : GetLastError();
	} while (win_result(error) == PLAT_MISSING && go_up(path));
	free(path);
	if (error)
		return win_failed("files: cannot ask for the free space", error);
	*ret_size = available.QuadPart;
	return PLAT_OK;
}

static DWORD make(wchar_t *path)
{
	if (CreateDirectoryW(path, NULL))
		return ERROR_SUCCESS;
	DWORD error = GetLastError();
	/* A drive's root says "denied", not "exists". */
	DWORD attributes = GetFileAttributesW(path);
	if (attributes != INVALID_FILE_ATTRIBUTES)
		return attributes & FILE_ATTRIBUTE_DIRECTORY ? ERROR_SUCCESS : error;
	if (error != ERROR_PATH_NOT_FOUND)
		return error;
	wchar_t *above = _wcsdup(path);
	if (above && go_up(above))
		error = make(above);
	free(above);
	if (error)
		return error;
	return CreateDirectoryW(path, NULL) || GetLastError() == ERROR_ALREADY_EXISTS
		? ERROR_SUCCESS
		: GetLastError();
}

int plat_make_directory(const char *path)
{
	wchar_t *wide = win_path(path);

	if (!wide)
		return PLAT_FAILED;
	for (size_t length = wcslen(wide); length > 3 && wide[length - 1] == L'\\'; length--)
		wide[length - 1] = 0;
	DWORD error = make(wide);
	free(wide);
	return error ? win_failed("files: cannot make a directory", error) : PLAT_OK;
}
