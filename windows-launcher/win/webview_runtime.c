#include "win/webview_runtime.h"

#include <wchar.h>

#include "win/webview.h"

/* Microsoft's name of the runtime, whatever its version. */
#define RUNTIME L"{F3017226-FE2A-4295-8BDF-00C3A9A7E4C5}"
/* From March 2022: it has every interface that we ask for. Edge's updater keeps it newer. */
enum { MINIMUM_MAJOR = 100 };

#if defined(__aarch64__)
# define ARCHITECTURE L"arm64"
#elif defined(__x86_64__)
# define ARCHITECTURE L"x64"
#else
# define ARCHITECTURE L"x86"
#endif

/* The loader's own way into the library. Not documented, but all programs that bring their own
 * loader use it, so that it cannot change. `type` 0 is the installed runtime. */
typedef HRESULT(STDMETHODCALLTYPE *create_environment)(bool check_running_instance, int type,
	const wchar_t *user_data, IUnknown *options, IUnknown *handler);

/* A string below EdgeUpdate. The updater is a 32-bit program: so is its part of the registry. */
static bool read_update_value(
	HKEY root, const wchar_t *subkey, const wchar_t *name, wchar_t *text, size_t size)
{
	HKEY key;
	if (RegOpenKeyExW(root, subkey, 0, KEY_QUERY_VALUE | KEY_WOW64_32KEY, &key) !=
		ERROR_SUCCESS)
		return false;
	DWORD bytes = (DWORD)(size * sizeof(*text));
	LSTATUS status = RegGetValueW(key, NULL, name, RRF_RT_REG_SZ, NULL, text, &bytes);
	RegCloseKey(key);
	return status == ERROR_SUCCESS;
}

/* The first number of "130.0.2849.80"; -1 when it is no version at all. */
static long version_major(const wchar_t *version)
{
	if (version[0] < L'0' || version[0] > L'9')
		return -1;
	if (wcsspn(version, L"0123456789.") != wcslen(version))
		return -1;
	return wcstol(version, NULL, 10);
}

static bool is_directory_absolute(const wchar_t *path)
{
	bool is_letter = (path[0] | 0x20) >= L'a' && (path[0] | 0x20) <= L'z';
	return is_letter && path[1] == L':' && path[2] == L'\\' && !wcsstr(path, L"..") &&
		!wcschr(path, L'/');
}

/* Whether the runtime of one root is there, of whatever version. */
static bool find_in(HKEY root, struct webview_runtime *ret_runtime)
{
	wchar_t directory[768];
	if (!read_update_value(root, L"SOFTWARE\\Microsoft\\EdgeUpdate\\ClientState\\" RUNTIME,
		    L"EBWebView", directory, sizeof(directory) / sizeof(*directory)))
		return false;
	size_t length = wcslen(directory);
	if (length > 3 && directory[length - 1] == L'\\')
		directory[length - 1] = L'\0';
	if (!is_directory_absolute(directory))
		return false;

	/* Left behind by an uninstaller: the updater then says 0.0.0.0. */
	wchar_t registered[64];
	if (read_update_value(root, L"SOFTWARE\\Microsoft\\EdgeUpdate\\Clients\\" RUNTIME, L"pv",
		    registered, sizeof(registered) / sizeof(*registered)) &&
		version_major(registered) <= 0)
		return false;

	const wchar_t *version = wcsrchr(directory, L'\\') + 1;
	struct webview_runtime runtime;
	if (version_major(version) < 0 ||
		wcslen(version) >= sizeof(runtime.version) / sizeof(*runtime.version))
		return false;
	wcscpy(runtime.version, version);
	swprintf(runtime.library, sizeof(runtime.library) / sizeof(*runtime.library),
		L"%ls\\EBWebView\\" ARCHITECTURE L"\\EmbeddedBrowserWebView.dll", directory);
	DWORD attributes = GetFileAttributesW(runtime.library);
	if (attributes == INVALID_FILE_ATTRIBUTES || attributes & FILE_ATTRIBUTE_DIRECTORY)
		return false;

	*ret_runtime = runtime;
	return true;
}

HRESULT webview_runtime_find(struct webview_runtime *ret_runtime)
{
	static const HKEY roots[] = { HKEY_LOCAL_MACHINE, HKEY_CURRENT_USER };

	HRESULT result = HRESULT_FROM_WIN32(ERROR_FILE_NOT_FOUND);
	for (size_t i = 0; i < sizeof(roots) / sizeof(*roots); i++) {
		struct webview_runtime runtime;
		if (!find_in(roots[i], &runtime))
			continue;
		*ret_runtime = runtime;
		if (version_major(runtime.version) >= MINIMUM_MAJOR)
			return S_OK;
		result = HRESULT_FROM_WIN32(ERROR_OLD_WIN_VERSION);
	}
	return result;
}

HRESULT webview_runtime_start(const struct webview_runtime *runtime, const wchar_t *user_data,
	IUnknown *options, IUnknown *handler)
{
	/* What it needs itself comes from beside it or from Windows, never from where we were
	 * started. It has threads of its own and is never unloaded. */
	HMODULE library = LoadLibraryExW(runtime->library, NULL,
		LOAD_LIBRARY_SEARCH_DLL_LOAD_DIR | LOAD_LIBRARY_SEARCH_SYSTEM32);
	if (!library)
		return HRESULT_FROM_WIN32(GetLastError());
	create_environment create = (create_environment)(void *)GetProcAddress(
		library, "CreateWebViewEnvironmentWithOptionsInternal");
	if (!create)
		return HRESULT_FROM_WIN32(ERROR_PROC_NOT_FOUND);
	return create(true, 0, user_data, options, handler);
}

bool webview_version(wchar_t *version, size_t size)
{
	struct webview_runtime runtime;
	HRESULT result = webview_runtime_find(&runtime);
	if (FAILED(result) && result != HRESULT_FROM_WIN32(ERROR_OLD_WIN_VERSION))
		return false;
	if (wcslen(runtime.version) >= size)
		return false;
	wcscpy(version, runtime.version);
	return true;
}
