#include "win/settings.h"

#include "win/data.h"

#include <stdio.h>
#include <stdlib.h>
#include <wchar.h>

enum { VALUE_SIZE = 32 };

static const wchar_t section[] = L"helix";

static void read(const wchar_t *name, wchar_t value[VALUE_SIZE])
{
	wchar_t path[DATA_PATH_SIZE];

	value[0] = L'\0';
	if (data_path(L"settings.ini", path))
		GetPrivateProfileStringW(section, name, L"", value, VALUE_SIZE, path);
}

bool settings_is(const wchar_t *name, const wchar_t *value)
{
	wchar_t now[VALUE_SIZE];

	read(name, now);
	return _wcsicmp(now, value) == 0;
}

void settings_set(const wchar_t *name, const wchar_t *value)
{
	wchar_t path[DATA_PATH_SIZE];

	if (data_path(L"settings.ini", path))
		WritePrivateProfileStringW(section, name, value, path);
}

bool settings_number(const wchar_t *name, LONG *ret_number)
{
	wchar_t value[VALUE_SIZE], *end;
	LONG number;

	read(name, value);
	number = wcstol(value, &end, 10);
	if (end == value || *end)
		return false;
	*ret_number = number;
	return true;
}

void settings_set_number(const wchar_t *name, LONG number)
{
	wchar_t value[VALUE_SIZE];

	swprintf(value, VALUE_SIZE, L"%ld", number);
	settings_set(name, value);
}
