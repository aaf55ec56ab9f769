#include "win/system.h"

#include <stdlib.h>

#include <objbase.h>
#include <shellapi.h>

/* ShellExecuteEx() stays away for as long as Windows' question is on the screen, and cannot be
 * called back. So a thread of its own asks; who is cancelled meanwhile leaves it behind. */
struct asking {
	volatile LONG references;
	wchar_t program[MAX_PATH];
	HANDLE process; /* NULL with `error` */
	DWORD error;
};

static void unref(struct asking *asking)
{
	if (InterlockedDecrement(&asking->references))
		return;
	if (asking->process)
		CloseHandle(asking->process);
	free(asking);
}

/* Windows' question comes before it; without one it may do no more than flash in the task bar. */
static HWND foreground_window(void)
{
	HWND window = GetForegroundWindow();
	DWORD process = 0;

	GetWindowThreadProcessId(window, &process);
	return process == GetCurrentProcessId() ? window : NULL;
}

static DWORD WINAPI ask(void *argument)
{
	struct asking *asking = argument;
	SHELLEXECUTEINFOW info = {
		.cbSize = sizeof info,
		.hwnd = foreground_window(),
		.fMask = SEE_MASK_NOCLOSEPROCESS | SEE_MASK_NOASYNC | SEE_MASK_FLAG_NO_UI,
		.lpVerb = L"runas",
		.lpFile = asking->program,
		.lpParameters = L"--install --no-distribution",
		.nShow = SW_SHOWNORMAL, /* it says how far it is */
	};

	HRESULT com = CoInitializeEx(NULL, COINIT_APARTMENTTHREADED | COINIT_DISABLE_OLE1DDE);
	if (ShellExecuteExW(&info))
		asking->process = info.hProcess;
	else
		asking->error = GetLastError();
	if (SUCCEEDED(com))
		CoUninitialize();
	unref(asking);
	return 0;
}

static int wait_for(HANDLE handle)
{
	const HANDLE handles[] = { win_cancelled(), handle };

	return WaitForMultipleObjects(2, handles, FALSE, INFINITE) == WAIT_OBJECT_0 + 1
		? PLAT_OK
		: PLAT_CANCELLED;
}

static int follow(const struct asking *asking, uint32_t *ret_exit_code)
{
	DWORD exit_code = UINT32_MAX;

	if (!asking->process)
		return win_failed("elevate: cannot run wsl.exe", asking->error);
	int r = wait_for(asking->process);
	if (r < 0)
		return r;
	if (!GetExitCodeProcess(asking->process, &exit_code))
		return win_failed("elevate: no exit code", GetLastError());
	*ret_exit_code = exit_code;
	return PLAT_OK;
}

int plat_install_wsl(uint32_t *ret_exit_code)
{
	struct asking *asking = calloc(1, sizeof *asking);
	int r = PLAT_CANCELLED;

	if (!asking)
		return PLAT_FAILED;
	asking->references = 2;
	HANDLE thread = NULL;
	if (!win_system_program(L"wsl.exe", asking->program, MAX_PATH)) {
		r = PLAT_MISSING;
	} else if (!win_is_cancelled()) {
		thread = CreateThread(NULL, 0, ask, asking, 0, NULL);
		r = thread ? wait_for(thread) : win_failed("elevate: no thread", GetLastError());
	}
	if (r == PLAT_OK)
		r = follow(asking, ret_exit_code);
	if (thread)
		CloseHandle(thread);
	else
		unref(asking);
	unref(asking);
	return r;
}
