/* The parts of the tests' wsl.exe. Text inside is UTF-8, as it is in the launcher.
 *
 * Threads: relay_run() starts one for stdin; all else is the main one's. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <windows.h>

/* Copies, to be freed; NULL where it cannot be said. */
wchar_t *stub_wide(const char *text);
char *stub_narrow(const wchar_t *wide);

/* --- HKCU\...\Lxss, where WSL keeps what is registered --- */

enum lxss_state { LXSS_INSTALLED = 1, LXSS_INSTALLING = 3 };

struct lxss_distribution {
	char name[256];
	wchar_t base[MAX_PATH]; /* the folder given to --import */
	wchar_t key[64];        /* "{GUID}" */
	enum lxss_state state;
};

/* Up to `count` of them, the default one first. */
size_t lxss_list(struct lxss_distribution *list, size_t count);
bool lxss_find(const char *name, struct lxss_distribution *ret_distribution);
bool lxss_add(const char *name, const wchar_t *base, struct lxss_distribution *ret_distribution);
void lxss_set_state(const struct lxss_distribution *distribution, enum lxss_state state);
void lxss_remove(const struct lxss_distribution *distribution);

/* --- Linux, through wsl-bridge (bridge.c), which HELIX_STUB_BRIDGE names --- */

struct relay_command {
	const wchar_t *base; /* the distribution's folder */
	const char *name;
	const char *user;             /* NULL = the default one */
	const char *directory;        /* NULL = the user's home */
	const char *const *arguments; /* ended by NULL; NULL = end all that runs in `base` */
	HANDLE input;
	bool deaf;    /* its stdin stays open when we die */
	bool outside; /* not in the distribution, but with its folder */
};

/* What it wrote goes to our stdout and stderr as it comes. Its exit code, or 125 to 127 with a line
 * on stderr when there was no way to run it. */
int relay_run(const struct relay_command *command);

/* "Z:\tmp\x" as "/tmp/x"; NULL where there is no wine to say it. */
char *relay_unix_path(const wchar_t *path);
