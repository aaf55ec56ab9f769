#include "win/console.h"

#include <stdlib.h>
#include <string.h>
#include <wchar.h>

static bool write_all(HANDLE file, const char *text)
{
	size_t left = strlen(text);
	DWORD written;

	for (; left > 0; text += written, left -= written)
		if (!WriteFile(file, text, left > 65536 ? 65536 : (DWORD)left, &written, NULL))
			return false;
	return true;
}

static bool write_to_terminal(const char *text)
{
	wchar_t *wide = win_wide(text);
	HANDLE terminal;
	DWORD written;
	bool is_written;

	AttachConsole(ATTACH_PARENT_PROCESS);
	terminal = CreateFileW(L"CONOUT$", GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL,
		OPEN_EXISTING, 0, NULL);
	if (terminal == INVALID_HANDLE_VALUE || !wide) {
		free(wide);
		return false;
	}
	/* The shell did not wait for us: its prompt stands there already. */
	is_written = WriteConsoleW(terminal, L"\r\n", 2, &written, NULL) &&
		WriteConsoleW(terminal, wide, (DWORD)wcslen(wide), &written, NULL);
	CloseHandle(terminal);
	free(wide);
	return is_written;
}

bool console_write(const char *text, bool is_error)
{
	HANDLE file = GetStdHandle(is_error ? STD_ERROR_HANDLE : STD_OUTPUT_HANDLE);
	DWORD type = file && file != INVALID_HANDLE_VALUE ? GetFileType(file) : FILE_TYPE_UNKNOWN;

	if (type == FILE_TYPE_DISK || type == FILE_TYPE_PIPE)
		return write_all(file, text);
	return write_to_terminal(text);
}
