#include "win/system_dll.h"

#include <stdio.h>

static bool fail(const char *name)
{
	DWORD error = GetLastError();
	char what[96];

	snprintf(what, sizeof(what), "system: Windows has no %.64s", name);
	win_failed(what, error);
	SetLastError(error);
	return false;
}

bool system_dll_load(
	const wchar_t *dll, const char *const *names, void *volatile *functions, size_t count)
{
	HMODULE module;

	/* The last is written last, and by whoever comes second as by the first. */
	if (InterlockedCompareExchangePointer(&functions[count - 1], NULL, NULL))
		return true;
	module = LoadLibraryExW(dll, NULL, LOAD_LIBRARY_SEARCH_SYSTEM32);
	if (!module)
		return fail(names[0]);
	for (size_t i = 0; i < count; i++) {
		void *function = (void *)GetProcAddress(module, names[i]);

		if (!function)
			return fail(names[i]);
		InterlockedExchangePointer(&functions[i], function);
	}
	return true;
}
