#include "wsl_stub.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include <objbase.h>

#define LXSS L"Software\\Microsoft\\Windows\\CurrentVersion\\Lxss"

static bool read_text(const wchar_t *key, const wchar_t *name, wchar_t *text, DWORD size_bytes)
{
	return RegGetValueW(HKEY_CURRENT_USER, key, name, RRF_RT_REG_SZ, NULL, text, &size_bytes) ==
		ERROR_SUCCESS;
}

static void path_of(const wchar_t *key, wchar_t path[128])
{
	swprintf(path, 128, LXSS L"\\%ls", key);
}

static bool read_distribution(const wchar_t *key, struct lxss_distribution *ret_distribution)
{
	struct lxss_distribution found = { 0 };
	wchar_t path[128], name[256];
	DWORD state = 0, size = sizeof state;

	path_of(key, path);
	if (!read_text(path, L"DistributionName", name, sizeof name) ||
		!read_text(path, L"BasePath", found.base, sizeof found.base) ||
		RegGetValueW(HKEY_CURRENT_USER, path, L"State", RRF_RT_REG_DWORD, NULL, &state,
			&size) != ERROR_SUCCESS)
		return false;
	WideCharToMultiByte(CP_UTF8, 0, name, -1, found.name, sizeof found.name, NULL, NULL);
	wcscpy_s(found.key, 64, key);
	found.state = (enum lxss_state)state;
	*ret_distribution = found;
	return true;
}

size_t lxss_list(struct lxss_distribution *list, size_t count)
{
	wchar_t key[64], first[64] = L"";
	size_t found = 0;
	HKEY lxss;

	if (RegOpenKeyExW(HKEY_CURRENT_USER, LXSS, 0, KEY_READ, &lxss) != ERROR_SUCCESS)
		return 0;
	read_text(LXSS, L"DefaultDistribution", first, sizeof first);
	for (DWORD i = 0; found < count; i++) {
		DWORD length = 64;

		if (RegEnumKeyExW(lxss, i, key, &length, NULL, NULL, NULL, NULL) != ERROR_SUCCESS)
			break;
		if (!read_distribution(key, &list[found]))
			continue;
		if (!wcscmp(key, first)) {
			struct lxss_distribution other = list[0];

			list[0] = list[found];
			list[found] = other;
		}
		found++;
	}
	RegCloseKey(lxss);
	return found;
}

bool lxss_find(const char *name, struct lxss_distribution *ret_distribution)
{
	struct lxss_distribution list[32];
	size_t count = lxss_list(list, 32);

	for (size_t i = 0; i < count; i++) {
		if (_stricmp(list[i].name, name) != 0)
			continue;
		*ret_distribution = list[i];
		return true;
	}
	return false;
}

static void set_text(const wchar_t *key, const wchar_t *name, const wchar_t *text)
{
	RegSetKeyValueW(HKEY_CURRENT_USER, key, name, REG_SZ, text,
		(DWORD)((wcslen(text) + 1) * sizeof *text));
}

static void set_number(const wchar_t *key, const wchar_t *name, DWORD number)
{
	RegSetKeyValueW(HKEY_CURRENT_USER, key, name, REG_DWORD, &number, sizeof number);
}

bool lxss_add(const char *name, const wchar_t *base, struct lxss_distribution *ret_distribution)
{
	wchar_t path[128], first[64];
	wchar_t *wide = stub_wide(name);
	struct lxss_distribution added = { .state = LXSS_INSTALLING };
	GUID id;

	if (!wide || CoCreateGuid(&id) != S_OK || StringFromGUID2(&id, added.key, 64) == 0)
		return false;
	path_of(added.key, path);
	set_text(path, L"DistributionName", wide);
	set_text(path, L"BasePath", base);
	set_number(path, L"State", LXSS_INSTALLING);
	set_number(path, L"Version", 2);
	set_number(path, L"DefaultUid", 0);
	set_number(path, L"Flags", 0xf);
	if (!read_text(LXSS, L"DefaultDistribution", first, sizeof first))
		set_text(LXSS, L"DefaultDistribution", added.key);
	free(wide);
	return read_distribution(added.key, ret_distribution);
}

void lxss_set_state(const struct lxss_distribution *distribution, enum lxss_state state)
{
	wchar_t path[128];

	path_of(distribution->key, path);
	set_number(path, L"State", state);
}

void lxss_remove(const struct lxss_distribution *distribution)
{
	wchar_t path[128], first[64];
	struct lxss_distribution next;

	path_of(distribution->key, path);
	RegDeleteTreeW(HKEY_CURRENT_USER, path);
	if (!read_text(LXSS, L"DefaultDistribution", first, sizeof first) ||
		wcscmp(first, distribution->key) != 0)
		return;
	RegDeleteKeyValueW(HKEY_CURRENT_USER, LXSS, L"DefaultDistribution");
	if (lxss_list(&next, 1) == 1)
		set_text(LXSS, L"DefaultDistribution", next.key);
}
