#include "core/wsl.h"

#include <string.h>

#define PARTS 4

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static char to_upper(char c)
{
	return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

static bool is_same(const char *text, size_t length, const char *word)
{
	if (strlen(word) != length)
		return false;
	for (size_t i = 0; i < length; i++) {
		if (to_upper(text[i]) != to_upper(word[i]))
			return false;
	}
	return true;
}

/* Digits with dots between, from a digit on. Their whole length, good or not. */
static size_t read_parts(const char *text, struct wsl_version *version, size_t *ret_count)
{
	size_t at = 0, count = 0;
	bool fits = true;

	do {
		unsigned part = 0;

		at += text[at] == '.';
		for (; is_digit(text[at]); at++) {
			part = part * 10 + (unsigned)(text[at] - '0');
			if (part > UINT16_MAX) {
				part = 0;
				fits = false;
			}
		}
		if (count < PARTS)
			version->parts[count] = (uint16_t)part;
		count++;
	} while (text[at] == '.' && is_digit(text[at + 1]));
	*ret_count = fits ? count : 0;
	return at;
}

bool wsl_read_version(const char *text, struct wsl_version *ret_version)
{
	struct wsl_version version = { { 0 } };
	size_t count;

	if (!is_digit(*text) || text[read_parts(text, &version, &count)] != '\0' || count < 3 ||
		count > PARTS)
		return false;
	*ret_version = version;
	return true;
}

bool wsl_parse_version(const char *text, struct wsl_version *ret_version)
{
	text += strspn(text, " \t\n");
	for (const char *end = text + strcspn(text, "\n"); text < end; text++) {
		struct wsl_version version = { { 0 } };
		size_t count;

		if (!is_digit(*text))
			continue;
		text += read_parts(text, &version, &count) - 1;
		if (count == 3 || count == PARTS) {
			*ret_version = version;
			return true;
		}
	}
	return false;
}

int wsl_compare(const struct wsl_version *a, const struct wsl_version *b)
{
	for (size_t i = 0; i < PARTS; i++) {
		if (a->parts[i] != b->parts[i])
			return a->parts[i] < b->parts[i] ? -1 : 1;
	}
	return 0;
}

bool wsl_list_has(const char *text, const char *name)
{
	while (*text) {
		size_t line = strcspn(text, "\n"), start = strspn(text, " \t"), end = line;

		while (end > start && (text[end - 1] == ' ' || text[end - 1] == '\t'))
			end--;
		if (end > start && is_same(text + start, end - start, name))
			return true;
		text += line + (text[line] == '\n');
	}
	return false;
}

static const struct {
	uint32_t code;
	enum wsl_error error;
	const char *name;
} known[] = {
	/* wslservice.idl */
	{ 0x80040301, WSL_DISTRO_NOT_FOUND, "WSL_E_DEFAULT_DISTRO_NOT_FOUND" },
	{ 0x80040302, WSL_DISTRO_NOT_FOUND, "WSL_E_DISTRO_NOT_FOUND" },
	{ 0x80040304, WSL_VIRTUALISATION_OFF, "WSL_E_VM_MODE_NOT_SUPPORTED" },
	{ 0x8004030b, WSL_IMPORT_FAILED, "WSL_E_IMPORT_FAILED" },
	{ 0x8004030f, WSL_LOWER_INTEGRITY, "WSL_E_LOWER_INTEGRITY" },
	{ 0x80040310, WSL_HIGHER_INTEGRITY, "WSL_E_HIGHER_INTEGRITY" },
	{ 0x8004031c, WSL_WSL2_NEEDED, "WSL_E_WSL2_NEEDED" },
	{ 0x80040321, WSL_OPTIONAL_COMPONENT_REQUIRED, "WSL_E_WSL_OPTIONAL_COMPONENT_REQUIRED" },
	{ 0x80040326, WSL_NOT_A_LINUX_DISTRO, "WSL_E_NOT_A_LINUX_DISTRO" },
	{ 0x80040328, WSL_OPTIONAL_COMPONENT_REQUIRED, "WSL_E_INSTALL_PROCESS_FAILED" },
	{ 0x80040329, WSL_OPTIONAL_COMPONENT_REQUIRED, "WSL_E_INSTALL_COMPONENT_FAILED" },
	{ 0x8004032d, WSL_VIRTUALISATION_OFF, "WSL_E_VIRTUAL_MACHINE_PLATFORM_REQUIRED" },
	{ 0x8004032f, WSL_DISK_CORRUPTED, "WSL_E_DISK_CORRUPTED" },
	{ 0x80040332, WSL_VM_CRASHED, "WSL_E_VM_CRASHED" },
	/* The host compute service, which runs the virtual machine. */
	{ 0x80370100, WSL_VM_CRASHED, "HCS_E_TERMINATED_DURING_START" },
	{ 0x80370102, WSL_VIRTUALISATION_OFF, "HCS_E_HYPERV_NOT_INSTALLED" },
	{ 0x80370106, WSL_VM_CRASHED, "HCS_E_UNEXPECTED_EXIT" },
	{ 0x80370107, WSL_VM_CRASHED, "HCS_E_TERMINATED" },
	{ 0x80370109, WSL_TIMED_OUT, "HCS_E_CONNECTION_TIMEOUT" },
	{ 0x80370114, WSL_VIRTUALISATION_OFF, "HCS_E_SERVICE_NOT_AVAILABLE" },
	{ 0x80370118, WSL_TIMED_OUT, "HCS_E_OPERATION_TIMEOUT" },
	{ 0x8037011b, WSL_ACCESS_DENIED, "HCS_E_ACCESS_DENIED" },
	/* WSL or its service is not there, or half: a wsl.exe whose service is of another version.
	 */
	{ 0x8007019e, WSL_OPTIONAL_COMPONENT_REQUIRED, "ERROR_LINUX_SUBSYSTEM_NOT_PRESENT" },
	{ 0x800701bc, WSL_OPTIONAL_COMPONENT_REQUIRED, "ERROR_LINUX_SUBSYSTEM_UPDATE_REQUIRED" },
	{ 0x80070422, WSL_OPTIONAL_COMPONENT_REQUIRED, "ERROR_SERVICE_DISABLED" },
	{ 0x80070424, WSL_OPTIONAL_COMPONENT_REQUIRED, "ERROR_SERVICE_DOES_NOT_EXIST" },
	{ 0x80070bc2, WSL_OPTIONAL_COMPONENT_REQUIRED, "ERROR_SUCCESS_REBOOT_REQUIRED" },
	{ 0x80040154, WSL_OPTIONAL_COMPONENT_REQUIRED, "REGDB_E_CLASSNOTREG" },
	{ 0x80004002, WSL_OPTIONAL_COMPONENT_REQUIRED, "E_NOINTERFACE" },
	/* Windows itself */
	{ 0x80070002, WSL_FILE_NOT_FOUND, "ERROR_FILE_NOT_FOUND" },
	{ 0x80070003, WSL_FILE_NOT_FOUND, "ERROR_PATH_NOT_FOUND" },
	{ 0x80070005, WSL_ACCESS_DENIED, "E_ACCESSDENIED" },
	{ 0x80070005, WSL_ACCESS_DENIED, "ERROR_ACCESS_DENIED" },
	{ 0x800702e4, WSL_ACCESS_DENIED, "ERROR_ELEVATION_REQUIRED" },
	{ 0x800704ec, WSL_ACCESS_DENIED, "ERROR_ACCESS_DISABLED_BY_POLICY" },
	{ 0x80070569, WSL_ACCESS_DENIED, "ERROR_LOGON_TYPE_NOT_GRANTED" },
	{ 0x80070027, WSL_DISK_FULL, "ERROR_HANDLE_DISK_FULL" },
	{ 0x80070070, WSL_DISK_FULL, "ERROR_DISK_FULL" },
	{ 0x80070050, WSL_ALREADY_EXISTS, "ERROR_FILE_EXISTS" },
	{ 0x800700b7, WSL_ALREADY_EXISTS, "ERROR_ALREADY_EXISTS" },
	{ 0x8007030c, WSL_DISK_CORRUPTED, "ERROR_DISK_REPAIR_DISABLED" },
	{ 0x80070570, WSL_DISK_CORRUPTED, "ERROR_FILE_CORRUPT" },
	{ 0x80070571, WSL_DISK_CORRUPTED, "ERROR_DISK_CORRUPT" },
	{ 0x800705b4, WSL_TIMED_OUT, "ERROR_TIMEOUT" },
	{ 0x8007274c, WSL_TIMED_OUT, "WSAETIMEDOUT" },
	{ 0x80072ee2, WSL_TIMED_OUT, "WININET_E_TIMEOUT" },
};

/* "0x80370102", also as the 64 bits that a negative number has. 0 for anything else. */
static uint32_t read_code(const char *word, size_t length)
{
	static const char digits[] = "0123456789ABCDEF";
	uint64_t code = 0;

	if (length < 3 || length > 18 || word[0] != '0' || to_upper(word[1]) != 'X')
		return 0;
	for (size_t i = 2; i < length; i++) {
		const char *digit = strchr(digits, to_upper(word[i]));

		if (!digit)
			return 0;
		code = code << 4 | (uint64_t)(digit - digits);
	}
	return code <= UINT32_MAX || code >> 31 == UINT64_C(0x1ffffffff) ? (uint32_t)code : 0;
}

static enum wsl_error find_word(const char *word, size_t length)
{
	uint32_t code = read_code(word, length);

	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		if (code == known[i].code || is_same(word, length, known[i].name))
			return known[i].error;
	}
	return WSL_NO_ERROR;
}

enum wsl_error wsl_find_error(const char *text)
{
	static const char word_characters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_";
	enum wsl_error found = WSL_NO_ERROR;

	while (*(text += strcspn(text, word_characters))) {
		size_t length = strspn(text, word_characters);
		enum wsl_error error = find_word(text, length);

		/* That an import failed is no cause: there may be one beside it. */
		if (error != WSL_NO_ERROR && error != WSL_IMPORT_FAILED)
			return error;
		if (error == WSL_IMPORT_FAILED)
			found = error;
		text += length;
	}
	return found;
}
