/* The command line of Helix.exe.
 *
 * Threads: any; no state. Ownership: the strings are those of argv. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum options_action {
	ACTION_OPEN,      /* the desktop */
	ACTION_DIAGNOSE,  /* --diagnose */
	ACTION_UNINSTALL, /* --uninstall */
	ACTION_HELP,
	ACTION_VERSION,
};

struct options {
	enum options_action action;
	const char *image; /* --image FILE: instead of a download; NULL = the one beside the exe */
	const char *manifest; /* --manifest URL|FILE; NULL = HELIX_MANIFEST_URL of the build */
	const char *data;     /* --data DIRECTORY; NULL = Helix or Helix-NAME in %LOCALAPPDATA% */
	const char *name;     /* --name NAME of the distribution; "Helix" */
	bool yes;             /* --yes: of --uninstall, do not ask */
	bool browser;         /* --browser: no WebView2 */
	bool tunnel;          /* --tunnel: do not try localhost */
	bool update;          /* --update: ask for a newer system now, and offer it once more */
};

/* False: `error` says in one line what is wrong. */
bool options_parse(struct options *ret_options, int argc, const char *const *argv, char *error,
	size_t error_size);
