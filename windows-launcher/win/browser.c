#include "win/browser.h"

#include "win/data.h"
#include "win/system_dll.h"

#include <bcrypt.h>
#include <shellapi.h>
#include <shlwapi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

enum { PAGE_LIFE_MS = 30000, PROGRAM_SIZE = 1024, FILE_URL_SIZE = 2084 };

#define BCRYPT_FUNCTIONS(X) X(BCryptGenRandom)
/* clang-format off */
#define SHLWAPI_FUNCTIONS(X) \
	X(PathUnquoteSpacesW) X(PathIsRelativeW) X(PathFileExistsW) X(AssocQueryStringW) \
	X(UrlCreateFromPathW)
/* clang-format on */
SYSTEM_DLL(bcrypt, BCRYPT_FUNCTIONS)
SYSTEM_DLL(shlwapi, SHLWAPI_FUNCTIONS)

void browser_clean(void)
{
	wchar_t path[DATA_PATH_SIZE];
	WIN32_FIND_DATAW found;
	HANDLE search;

	if (!data_path(L"open-*.html", path))
		return;
	search = FindFirstFileW(path, &found);
	if (search == INVALID_HANDLE_VALUE)
		return;
	do
		if (data_path(found.cFileName, path))
			DeleteFileW(path);
	while (FindNextFileW(search, &found));
	FindClose(search);
}

static void CALLBACK on_timer(HWND window, UINT message, UINT_PTR id, DWORD now)
{
	(void)message;
	(void)now;
	KillTimer(window, id);
	browser_clean();
}

/* A descriptor by which the user alone may do anything, and what is above the file does not matter.
 * Points into itself: it must not move. */
struct only_the_user {
	SECURITY_DESCRIPTOR descriptor;
	union {
		TOKEN_USER user;
		BYTE bytes[sizeof(TOKEN_USER) + SECURITY_MAX_SID_SIZE];
	} owner;
	union {
		ACL list;
		BYTE bytes[sizeof(ACL) + sizeof(ACCESS_ALLOWED_ACE) + SECURITY_MAX_SID_SIZE];
	} access;
};

static bool only_the_user(struct only_the_user *only)
{
	DWORD size = sizeof(only->owner);
	bool is_made;
	HANDLE token;

	if (!OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token))
		return false;
	is_made = GetTokenInformation(token, TokenUser, &only->owner, size, &size) &&
		InitializeAcl(&only->access.list, sizeof(only->access), ACL_REVISION) &&
		AddAccessAllowedAce(&only->access.list, ACL_REVISION, FILE_ALL_ACCESS,
			only->owner.user.User.Sid) &&
		InitializeSecurityDescriptor(&only->descriptor, SECURITY_DESCRIPTOR_REVISION) &&
		SetSecurityDescriptorDacl(&only->descriptor, TRUE, &only->access.list, FALSE) &&
		SetSecurityDescriptorControl(
			&only->descriptor, SE_DACL_PROTECTED, SE_DACL_PROTECTED);
	CloseHandle(token);
	return is_made;
}

/* A name that nobody can guess and put something there before us; CREATE_NEW sees to the rest. */
static HANDLE create_page(wchar_t path[DATA_PATH_SIZE])
{
	struct only_the_user only;
	SECURITY_ATTRIBUTES security = { sizeof(security), &only.descriptor, FALSE };
	uint64_t random[2];
	wchar_t name[64];

	if (!only_the_user(&only) || !bcrypt_load() ||
		bcrypt.BCryptGenRandom(NULL, (UCHAR *)random, sizeof(random),
			BCRYPT_USE_SYSTEM_PREFERRED_RNG) != 0)
		return INVALID_HANDLE_VALUE;
	swprintf(name, 64, L"open-%016llx%016llx.html", (unsigned long long)random[0],
		(unsigned long long)random[1]);
	if (!data_path(name, path))
		return INVALID_HANDLE_VALUE;
	return CreateFileW(path, GENERIC_WRITE, 0, &security, CREATE_NEW,
		FILE_ATTRIBUTE_TEMPORARY | FILE_ATTRIBUTE_NOT_CONTENT_INDEXED, NULL);
}

/* `url` is ours: digits, letters, and nothing that HTML or a script would take for its own. */
static bool write_page(const wchar_t *url, wchar_t path[DATA_PATH_SIZE])
{
	char page[1024];
	int length = snprintf(page, sizeof(page),
		"<!doctype html>\n<meta charset=\"utf-8\">\n<meta name=\"referrer\" "
		"content=\"no-referrer\">\n<title>Helix</title>\n<style>html{background:#0b0d11}"
		"</style>\n<script>location.replace(\"%ls\")</script>\n",
		url);
	HANDLE file = INVALID_HANDLE_VALUE;
	DWORD written = 0;
	bool is_written;

	if (length > 0 && length < (int)sizeof(page))
		file = create_page(path);
	if (file == INVALID_HANDLE_VALUE) {
		win_failed("browser: no page", GetLastError());
		SecureZeroMemory(page, sizeof(page));
		return false;
	}
	is_written = WriteFile(file, page, (DWORD)length, &written, NULL);
	CloseHandle(file);
	SecureZeroMemory(page, sizeof(page));
	return is_written && written == (DWORD)length;
}

/* As `Windows key, Run` finds it. */
static bool find_edge(wchar_t path[PROGRAM_SIZE])
{
	static const wchar_t key[] =
		L"Software\\Microsoft\\Windows\\CurrentVersion\\App Paths\\msedge.exe";
	const HKEY roots[] = { HKEY_CURRENT_USER, HKEY_LOCAL_MACHINE };

	for (size_t i = 0; i < 2; i++) {
		DWORD size = PROGRAM_SIZE * sizeof(wchar_t);

		if (RegGetValueW(roots[i], key, NULL, RRF_RT_REG_SZ, NULL, path, &size) !=
			ERROR_SUCCESS)
			continue;
		shlwapi.PathUnquoteSpacesW(path);
		if (!shlwapi.PathIsRelativeW(path) && shlwapi.PathFileExistsW(path))
			return true;
	}
	return false;
}

/* What opens http, not what opens .html: that may well be an editor. */
static bool find_default(wchar_t path[PROGRAM_SIZE])
{
	DWORD size = PROGRAM_SIZE;

	return SUCCEEDED(shlwapi.AssocQueryStringW(
		       ASSOCF_IS_PROTOCOL, ASSOCSTR_EXECUTABLE, L"http", L"open", path, &size)) &&
		!shlwapi.PathIsRelativeW(path) && shlwapi.PathFileExistsW(path);
}

/* `arguments` hold nothing but a file's URL, which has no spaces and no quotation marks. */
static bool run(HWND window, const wchar_t *program, const wchar_t *arguments)
{
	SHELLEXECUTEINFOW info = {
		.cbSize = sizeof(info),
		.fMask = SEE_MASK_NOASYNC | SEE_MASK_FLAG_NO_UI,
		.hwnd = window,
		.lpVerb = L"open",
		.lpFile = program,
		.lpParameters = arguments,
		.nShow = SW_SHOWNORMAL,
	};

	if (ShellExecuteExW(&info))
		return true;
	win_failed("browser: it does not start", GetLastError());
	return false;
}

int browser_open(HWND window, const wchar_t *url, const char **ret_how)
{
	wchar_t page[DATA_PATH_SIZE], page_url[FILE_URL_SIZE], program[PROGRAM_SIZE];
	wchar_t arguments[FILE_URL_SIZE + 64];
	DWORD size = FILE_URL_SIZE;

	if (!write_page(url, page))
		return PLAT_FAILED;
	SetTimer(window, (UINT_PTR)browser_open, PAGE_LIFE_MS, on_timer);
	if (!shlwapi_load() || FAILED(shlwapi.UrlCreateFromPathW(page, page_url, &size, 0)))
		return PLAT_FAILED;

	swprintf(arguments, FILE_URL_SIZE + 64, L"--app=%ls --no-first-run", page_url);
	if (find_edge(program) && run(window, program, arguments)) {
		*ret_how = "edge";
		return PLAT_OK;
	}
	if (find_default(program) && run(window, program, page_url)) {
		*ret_how = "browser";
		return PLAT_OK;
	}
	if (run(window, page, NULL)) {
		*ret_how = "file";
		return PLAT_OK;
	}
	browser_clean();
	return PLAT_MISSING;
}
