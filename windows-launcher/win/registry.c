#include "win/registry.h"

#include <stdlib.h>
#include <wchar.h>

#define LXSS      L"Software\\Microsoft\\Windows\\CurrentVersion\\Lxss"
#define NAME_MAX  256
#define PATH_SIZE 1280

/* WSL's own: others say that it is on its way in, or out. */
enum lxss_state { LXSS_INSTALLED = 1, LXSS_RUNNING = 2 };

struct distribution {
	wchar_t name[NAME_MAX];
	wchar_t folder[PATH_SIZE]; /* "" = not said */
	DWORD state;               /* 0 = not said */
};

static void read_distribution(HKEY lxss, const wchar_t *key, struct distribution *ret)
{
	DWORD name_size = sizeof ret->name, folder_size = sizeof ret->folder;
	DWORD state_size = sizeof ret->state;

	if (RegGetValueW(
		    lxss, key, L"DistributionName", RRF_RT_REG_SZ, NULL, ret->name, &name_size))
		ret->name[0] = 0;
	if (RegGetValueW(lxss, key, L"BasePath", RRF_RT_REG_SZ, NULL, ret->folder, &folder_size))
		ret->folder[0] = 0;
	if (RegGetValueW(lxss, key, L"State", RRF_RT_REG_DWORD, NULL, &ret->state, &state_size))
		ret->state = 0;
}

/* Show them to `look` one by one, until it says true. */
static LSTATUS look_at_all(bool (*look)(const struct distribution *distribution, void *owner),
	void *owner, bool *ret_found)
{
	struct distribution *distribution = malloc(sizeof *distribution);
	wchar_t key[NAME_MAX];
	HKEY lxss;
	LSTATUS error = ERROR_NOT_ENOUGH_MEMORY;

	*ret_found = false;
	if (distribution)
		error = RegOpenKeyExW(HKEY_CURRENT_USER, LXSS, 0, KEY_READ, &lxss);
	if (!error) {
		for (DWORD i = 0; !*ret_found; i++) {
			DWORD length = NAME_MAX;
			error = RegEnumKeyExW(lxss, i, key, &length, NULL, NULL, NULL, NULL);
			if (error)
				break;
			read_distribution(lxss, key, distribution);
			*ret_found = look(distribution, owner);
		}
		if (error == ERROR_NO_MORE_ITEMS)
			error = ERROR_SUCCESS;
		RegCloseKey(lxss);
	}
	free(distribution);
	return error;
}

/* WSL ignores case as well. */
static bool is_same(const wchar_t *text, const wchar_t *other)
{
	return CompareStringOrdinal(text, -1, other, -1, TRUE) == CSTR_EQUAL;
}

static bool is_ready(const struct distribution *distribution, void *name)
{
	return is_same(distribution->name, name) &&
		(distribution->state == LXSS_INSTALLED || distribution->state == LXSS_RUNNING);
}

int plat_is_registered(const char *distribution)
{
	wchar_t *name = win_wide(distribution);
	LSTATUS error = ERROR_NOT_ENOUGH_MEMORY;
	bool found = false;

	if (name)
		error = look_at_all(is_ready, name, &found);
	free(name);
	if (!error)
		return found;
	return error == ERROR_FILE_NOT_FOUND ? PLAT_MISSING
					     : win_failed("registry: cannot read", (DWORD)error);
}

/* Absolute, without a "\\?\" in front or a backslash at the end. */
static bool tidy(const wchar_t *path, wchar_t tidied[PATH_SIZE])
{
	bool is_share = !wcsncmp(path, L"\\\\?\\UNC\\", 8);
	wchar_t plain[PATH_SIZE];
	DWORD length;

	if (!is_share && !wcsncmp(path, L"\\\\?\\", 4))
		path += 4;
	if (wcslen(path) >= PATH_SIZE)
		return false;
	wcscpy(plain, is_share ? L"\\\\" : L"");
	wcscat(plain, is_share ? path + 8 : path);
	length = GetFullPathNameW(plain, PATH_SIZE, tidied, NULL);
	if (!length || length >= PATH_SIZE)
		return false;
	while (length > 0 && tidied[length - 1] == L'\\')
		tidied[--length] = 0;
	return true;
}

/* Where it really is, through links and short names. False when it is not there. */
static bool resolve(const wchar_t *path, wchar_t resolved[PATH_SIZE])
{
	wchar_t final[PATH_SIZE];
	HANDLE directory =
		CreateFileW(path, 0, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
			OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, NULL);

	if (directory == INVALID_HANDLE_VALUE)
		return false;
	DWORD length = GetFinalPathNameByHandleW(directory, final, PATH_SIZE, 0);
	CloseHandle(directory);
	return length && length < PATH_SIZE && tidy(final, resolved);
}

/* Both tidied. */
static bool is_within(const wchar_t *path, const wchar_t *directory, bool is_itself_only)
{
	size_t length = wcslen(directory), path_length = wcslen(path);

	if (path_length < length || (is_itself_only && path_length != length) ||
		(path[length] && path[length] != L'\\'))
		return false;
	return CompareStringOrdinal(path, (int)length, directory, (int)length, TRUE) == CSTR_EQUAL;
}

/* As they are written, or as they are on the disk. */
static bool is_in(const wchar_t *path, const wchar_t *directory, bool is_itself_only)
{
	wchar_t tidy_path[PATH_SIZE], tidy_directory[PATH_SIZE];

	if (tidy(path, tidy_path) && tidy(directory, tidy_directory) &&
		is_within(tidy_path, tidy_directory, is_itself_only))
		return true;
	return resolve(path, tidy_path) && resolve(directory, tidy_directory) &&
		is_within(tidy_path, tidy_directory, is_itself_only);
}

struct folder {
	const wchar_t *path;
	bool is_certain; /* that those which were looked at are elsewhere */
};

static bool is_inside(const struct distribution *distribution, void *owner)
{
	struct folder *folder = owner;

	if (!*distribution->folder && *distribution->name)
		folder->is_certain = false;
	return *distribution->folder && is_in(distribution->folder, folder->path, false);
}

int plat_has_distribution(const char *folder)
{
	wchar_t *path = win_wide(folder);
	struct folder search = { .path = path, .is_certain = true };
	LSTATUS error = ERROR_NOT_ENOUGH_MEMORY;
	bool found = false;

	if (path)
		error = look_at_all(is_inside, &search, &found);
	free(path);
	if (error == ERROR_FILE_NOT_FOUND)
		return 0; /* WSL never had one */
	if (error)
		return win_failed("registry: cannot read", (DWORD)error);
	if (found)
		return 1;
	return search.is_certain ? 0 : PLAT_MISSING;
}

struct search {
	wchar_t *name;
	const wchar_t *directory;
	bool is_here;
};

static bool is_of_name(const struct distribution *distribution, void *owner)
{
	struct search *search = owner;

	if (!is_same(distribution->name, search->name))
		return false;
	search->is_here =
		*distribution->folder && is_in(distribution->folder, search->directory, true);
	return true;
}

enum registry_place registry_place(const char *name, const wchar_t *directory)
{
	struct search search = { .name = win_wide(name), .directory = directory };
	LSTATUS error = ERROR_NOT_ENOUGH_MEMORY;
	bool found = false;

	if (search.name)
		error = look_at_all(is_of_name, &search, &found);
	free(search.name);
	if (error == ERROR_FILE_NOT_FOUND)
		return REGISTRY_NOWHERE; /* WSL never had one */
	if (error) {
		win_failed("registry: cannot read", (DWORD)error);
		return REGISTRY_UNKNOWN;
	}
	if (!found)
		return REGISTRY_NOWHERE;
	return search.is_here ? REGISTRY_HERE : REGISTRY_ELSEWHERE;
}

static bool is_other_inside(const struct distribution *distribution, void *owner)
{
	struct search *search = owner;

	return !is_same(distribution->name, search->name) && *distribution->folder &&
		is_in(distribution->folder, search->directory, false);
}

bool registry_has_other(const char *name, const wchar_t *directory)
{
	struct search search = { .name = win_wide(name), .directory = directory };
	LSTATUS error = ERROR_NOT_ENOUGH_MEMORY;
	bool found = false;

	if (search.name)
		error = look_at_all(is_other_inside, &search, &found);
	free(search.name);
	return found || (error && error != ERROR_FILE_NOT_FOUND);
}
