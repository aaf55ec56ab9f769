#include "win/data.h"

#include "win/registry.h"

#include <shlobj.h>
#include <stdio.h>
#include <stdlib.h>
#include <wchar.h>

enum { LONGEST_PATH = 32767, DEEPEST = 200, PATIENCE_MS = 10000, TRY_WAIT_MS = 250 };

static const wchar_t marker[] = L".helix-data";

static bool default_directory(const char *system, wchar_t *path, size_t size)
{
	bool is_other = _stricmp(system, "Helix") != 0;
	wchar_t *local, *name = is_other ? win_wide(system) : NULL;
	int length;

	if ((is_other && !name) ||
		FAILED(SHGetKnownFolderPath(&FOLDERID_LocalAppData, 0, NULL, &local))) {
		free(name);
		return false;
	}
	length = swprintf(
		path, size, L"%ls\\Helix%ls%ls", local, name ? L"-" : L"", name ? name : L"");
	CoTaskMemFree(local);
	free(name);
	return length > 0;
}

static bool chosen_directory(const char *option, wchar_t *path, DWORD size)
{
	wchar_t *wide = win_wide(option);
	DWORD length = wide && *wide ? GetFullPathNameW(wide, size, path, NULL) : 0;

	free(wide);
	if (length == 0 || length >= size)
		return false;
	/* "C:\" keeps its backslash: without it, it is another directory. */
	while (length > 3 && path[length - 1] == L'\\')
		path[--length] = L'\0';
	return true;
}

static bool is_dots(const wchar_t *name)
{
	return wcscmp(name, L".") == 0 || wcscmp(name, L"..") == 0;
}

static bool is_empty(const wchar_t *directory)
{
	wchar_t pattern[DATA_PATH_SIZE + 2];
	WIN32_FIND_DATAW found;
	bool has_something = false;
	HANDLE search;

	swprintf(pattern, DATA_PATH_SIZE + 2, L"%ls\\*", directory);
	search = FindFirstFileW(pattern, &found);
	if (search == INVALID_HANDLE_VALUE)
		return false;
	do
		has_something = !is_dots(found.cFileName);
	while (!has_something && FindNextFileW(search, &found));
	FindClose(search);
	return !has_something;
}

static void mark(void)
{
	static const char text[] = "Helix.exe made this directory. --uninstall removes it.\r\n";
	wchar_t path[DATA_PATH_SIZE];
	DWORD written;
	HANDLE file;

	if (!data_path(marker, path))
		return;
	file = CreateFileW(path, GENERIC_WRITE, 0, NULL, CREATE_NEW, FILE_ATTRIBUTE_HIDDEN, NULL);
	if (file == INVALID_HANDLE_VALUE)
		return;
	WriteFile(file, text, sizeof(text) - 1, &written, NULL);
	CloseHandle(file);
}

bool data_name(const char *option, const char *system)
{
	wchar_t path[DATA_PATH_SIZE - 64]; /* room for what will be in it */

	if (option ? !chosen_directory(option, path, DATA_PATH_SIZE - 64)
		   : !default_directory(system, path, DATA_PATH_SIZE - 64))
		return false;
	win_set_data_directory(path);
	return true;
}

bool data_make(void)
{
	char *path = win_narrow(win_data_directory());
	int result = path ? plat_make_directory(path) : PLAT_FAILED;

	free(path);
	if (result != PLAT_OK)
		return false;
	if (is_empty(win_data_directory()))
		mark();
	return true;
}

bool data_path(const wchar_t *name, wchar_t path[DATA_PATH_SIZE])
{
	return swprintf(path, DATA_PATH_SIZE, L"%ls\\%ls", win_data_directory(), name) > 0;
}

static bool remove_tree(wchar_t *path, size_t length, int depth);

/* It goes last: if something else stays, the directory is still known to be ours. */
static bool is_marker(const wchar_t *name, int depth)
{
	return depth == 0 && wcscmp(name, marker) == 0;
}

/* `path` is `length` units of a directory and has room for LONGEST_PATH. */
static bool remove_entry(wchar_t *path, size_t length, const WIN32_FIND_DATAW *found, int depth)
{
	size_t added = wcslen(found->cFileName);
	DWORD attributes = found->dwFileAttributes;
	bool is_gone;

	if (length + 1 + added >= LONGEST_PATH)
		return false;
	path[length] = L'\\';
	wmemcpy(path + length + 1, found->cFileName, added + 1);
	if (attributes & FILE_ATTRIBUTE_READONLY)
		SetFileAttributesW(path, attributes & ~(DWORD)FILE_ATTRIBUTE_READONLY);
	if (!(attributes & FILE_ATTRIBUTE_DIRECTORY))
		is_gone = DeleteFileW(path);
	else if (attributes & FILE_ATTRIBUTE_REPARSE_POINT)
		is_gone = RemoveDirectoryW(path); /* the link, not where it leads */
	else
		is_gone = remove_tree(path, length + 1 + added, depth + 1);
	path[length] = L'\0';
	return is_gone;
}

/* Empty but for its marker. Who stands in it keeps it there: then it stays ours. */
static bool remove_root(const wchar_t *path)
{
	wchar_t marked[DATA_PATH_SIZE];

	if (!data_path(marker, marked) || !DeleteFileW(marked))
		return false;
	if (RemoveDirectoryW(path))
		return true;
	mark();
	return false;
}

static bool remove_tree(wchar_t *path, size_t length, int depth)
{
	WIN32_FIND_DATAW found;
	bool is_gone = true;
	HANDLE search;

	if (depth > DEEPEST || length + 3 > LONGEST_PATH)
		return false;
	wmemcpy(path + length, L"\\*", 3);
	search = FindFirstFileW(path, &found);
	path[length] = L'\0';
	if (search == INVALID_HANDLE_VALUE)
		return false;
	do
		if (!is_dots(found.cFileName) && !is_marker(found.cFileName, depth) &&
			!remove_entry(path, length, &found, depth))
			is_gone = false;
	while (FindNextFileW(search, &found));
	FindClose(search);
	return is_gone && (depth == 0 ? remove_root(path) : RemoveDirectoryW(path));
}

/* WebView2's processes hold their files a little longer than their window. */
static bool remove_patiently(wchar_t *path, size_t length)
{
	ULONGLONG deadline_ms = GetTickCount64() + PATIENCE_MS;

	while (!remove_tree(path, length, 0)) {
		if (GetTickCount64() >= deadline_ms)
			return false;
		Sleep(TRY_WAIT_MS);
	}
	return true;
}

enum data_removed data_remove(const char *system)
{
	wchar_t path[DATA_PATH_SIZE], *longest;
	DWORD attributes = GetFileAttributesW(win_data_directory());
	enum data_removed removed;
	int length;

	if (attributes == INVALID_FILE_ATTRIBUTES)
		return DATA_REMOVED;
	if (!(attributes & FILE_ATTRIBUTE_DIRECTORY) ||
		(attributes & FILE_ATTRIBUTE_REPARSE_POINT) || !data_path(marker, path) ||
		GetFileAttributesW(path) == INVALID_FILE_ATTRIBUTES)
		return DATA_NOT_OURS;
	if (registry_has_other(system, win_data_directory()))
		return DATA_SHARED;

	longest = malloc((LONGEST_PATH + 1) * sizeof(*longest));
	if (!longest)
		return DATA_LEFT;
	/* Paths this way may be long; network ones ("\\server") have another prefix. */
	length = swprintf(longest, LONGEST_PATH,
		win_data_directory()[0] == L'\\' ? L"%ls" : L"\\\\?\\%ls", win_data_directory());
	removed =
		length > 0 && remove_patiently(longest, (size_t)length) ? DATA_REMOVED : DATA_LEFT;
	free(longest);
	return removed;
}
