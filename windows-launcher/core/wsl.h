/* What wsl.exe says, in whatever language: numbers and codes are read, words never are.
 *
 * Threads: any; no state. All text is that of text_from_console(). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wsl_version {
	uint16_t parts[4];
};

/* The first dotted number of three parts or four on the first line that is not empty: that is where
 * `wsl --version` has it, whatever its language. False from a wsl.exe that knows no --version. */
bool wsl_parse_version(const char *text, struct wsl_version *ret_version);
/* "2.3.26" or "2.3.26.0" as manifests have it. */
bool wsl_read_version(const char *text, struct wsl_version *ret_version);
int wsl_compare(const struct wsl_version *a, const struct wsl_version *b);

/* Whether `wsl --list --quiet` names the distribution; names ignore case. */
bool wsl_list_has(const char *text, const char *name);

/* What went wrong, by the code's name or number in the text (wslservice.idl): they are not
 * translated. */
enum wsl_error {
	WSL_NO_ERROR, /* none that we know */
	WSL_DISTRO_NOT_FOUND,
	WSL_IMPORT_FAILED,
	WSL_OPTIONAL_COMPONENT_REQUIRED, /* `wsl --install` is needed, or a restart after it */
	WSL_VIRTUALISATION_OFF, /* or the Virtual Machine Platform, a feature of Windows, is */
	WSL_WSL2_NEEDED,
	WSL_LOWER_INTEGRITY, /* registered with an administrator's rights, or without them */
	WSL_HIGHER_INTEGRITY,
	WSL_DISK_CORRUPTED,
	WSL_VM_CRASHED,
	WSL_DISK_FULL,
	WSL_ACCESS_DENIED,
	WSL_FILE_NOT_FOUND,
	WSL_ALREADY_EXISTS,
	WSL_NOT_A_LINUX_DISTRO,
	WSL_TIMED_OUT,
	WSL_ERROR_COUNT,
};
enum wsl_error wsl_find_error(const char *text);
