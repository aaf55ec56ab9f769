#include "win/win.h"

#include <stdlib.h>

#define LXSS     L"Software\\Microsoft\\Windows\\CurrentVersion\\Lxss"
#define NAME_MAX 256

/* WSL's own: others say that it is on its way in, or out. */
enum lxss_state { LXSS_INSTALLED = 1, LXSS_RUNNING = 2 };

/* Whether this one is `name`; WSL ignores case as well. */
static bool is_distribution(HKEY lxss, const wchar_t *key, const wchar_t *name)
{
	wchar_t found[NAME_MAX];
	DWORD size = sizeof found, state = 0, state_size = sizeof state;

	if (RegGetValueW(lxss, key, L"DistributionName", RRF_RT_REG_SZ, NULL, found, &size) ||
		RegGetValueW(lxss, key, L"State", RRF_RT_REG_DWORD, NULL, &state, &state_size))
		return false;
	return CompareStringOrdinal(found, -1, name, -1, TRUE) == CSTR_EQUAL &&
		(state == LXSS_INSTALLED || state == LXSS_RUNNING);
}

int plat_is_registered(const char *distribution)
{
	wchar_t *name = win_wide(distribution);
	wchar_t key[NAME_MAX];
	HKEY lxss;
	LSTATUS error = ERROR_NOT_ENOUGH_MEMORY;
	int r = 0;

	if (name)
		error = RegOpenKeyExW(HKEY_CURRENT_USER, LXSS, 0, KEY_READ, &lxss);
	if (error) {
		free(name);
		return error == ERROR_FILE_NOT_FOUND
			? PLAT_MISSING
			: win_failed("registry: cannot read", (DWORD)error);
	}
	for (DWORD i = 0; !r; i++) {
		DWORD length = NAME_MAX;
		if (RegEnumKeyExW(lxss, i, key, &length, NULL, NULL, NULL, NULL))
			break;
		r = is_distribution(lxss, key, name);
	}
	RegCloseKey(lxss);
	free(name);
	return r;
}
