#include "win/uninstall.h"

#include "core/strings.h"
#include "core/text.h"
#include "core/wsl.h"
#include "win/console.h"
#include "win/data.h"
#include "win/dialog.h"
#include "win/instance.h"
#include "win/registry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { UNREGISTER_MS = 180000 };
enum { IS_GONE = 0, IS_THERE = 1, IS_LEFT = 2, IS_KEPT = 3 };

/* What may hold files of the person: the disks that core/launch_system.c moved aside, and copies of
 * /home that wait. Their paths, one in a line; those that do not fit are left out. "" when there
 * are none. */
static void list_kept(char *text, size_t size)
{
	static const wchar_t *const patterns[] = { L"system.old-*", L"*.tar" };
	size_t used = 0;

	*text = '\0';
	for (size_t i = 0; i < sizeof(patterns) / sizeof(*patterns); i++) {
		wchar_t pattern[DATA_PATH_SIZE], path[DATA_PATH_SIZE];
		WIN32_FIND_DATAW found;
		HANDLE search = INVALID_HANDLE_VALUE;

		if (data_path(patterns[i], pattern))
			search = FindFirstFileW(pattern, &found);
		if (search == INVALID_HANDLE_VALUE)
			continue;
		do {
			char *narrow = data_path(found.cFileName, path) ? win_narrow(path) : NULL;
			if (narrow && used + strlen(narrow) + 2 <= size)
				used += (size_t)sprintf(
					text + used, "%s%s", used ? "\n" : "", narrow);
			free(narrow);
		} while (FindNextFileW(search, &found));
		FindClose(search);
	}
}

static bool is_meant(void)
{
	char kept[4096], why[5120];
	const char *buttons[] = { string_text(STRING_UNINSTALL_KEEP), string_text(STRING_UNINSTALL),
		NULL };

	list_kept(kept, sizeof(kept));
	string_fill(why, sizeof(why),
		string_text(*kept ? STRING_UNINSTALL_KEPT_WHY : STRING_UNINSTALL_WHY), kept, NULL);
	/* The first is the default: Enter must not delete anything. */
	return dialog_ask(NULL,
		       &(struct plat_question){
			       .title = string_text(STRING_NAME),
			       .instruction = string_text(STRING_UNINSTALL_ASK),
			       .content = why,
			       .details = "",
			       .buttons = buttons,
		       }) == 1;
}

/* Whether it is gone now. */
static bool unregister(const char *name)
{
	uint8_t output[8192];
	char text[sizeof(output) * 3 + 1];
	struct plat_command command = {
		.arguments = (const char *const[]){ "--unregister", name, NULL },
		.timeout_ms = UNREGISTER_MS,
		.output = output,
		.output_size = sizeof(output),
	};
	struct plat_outcome outcome = { 0 };
	int result;

	result = plat_wsl(&command, &outcome);
	if (result == PLAT_MISSING)
		return true; /* no wsl.exe, no distribution */
	text_from_console(output, outcome.output_size, text, sizeof(text));
	plat_log("uninstall: wsl --unregister %s: %d, exit code %lu: %s", name, result,
		(unsigned long)outcome.exit_code, text);
	return result == PLAT_OK &&
		(outcome.exit_code == 0 || wsl_find_error(text) == WSL_DISTRO_NOT_FOUND);
}

/* Who did not want to be asked does not want to press "Close" either. */
static void tell(const struct options *options, bool is_error, enum string instruction,
	enum string content, const char *detail)
{
	char why[2048], text[2304];

	if (!options->yes) {
		dialog_tell(NULL, is_error, instruction, content, detail);
	} else if (is_error) {
		string_fill(why, sizeof(why), string_text(content), detail, NULL);
		string_fill(
			text, sizeof(text), "Helix.exe: %s\n%s\n", string_text(instruction), why);
		console_write(text, true);
	}
}

/* Only what stands in our own folder: a name says nothing about who made it. */
static bool remove_system(const struct options *options)
{
	wchar_t folder[DATA_PATH_SIZE];
	enum registry_place place = data_path(L"system", folder)
		? registry_place(options->name, folder)
		: REGISTRY_UNKNOWN;

	if (place == REGISTRY_NOWHERE || (place == REGISTRY_HERE && unregister(options->name)))
		return true;
	if (place == REGISTRY_ELSEWHERE) {
		plat_log("uninstall: the distribution %s is not in this folder", options->name);
		tell(options, true, STRING_UNINSTALL_FOREIGN, STRING_UNINSTALL_FOREIGN_WHY,
			options->name);
	} else {
		tell(options, true, STRING_UNINSTALL_FAILED, STRING_UNINSTALL_FAILED_WHY,
			options->name);
	}
	return false;
}

int uninstall(const struct options *options)
{
	enum data_removed removed;
	char *directory;
	bool is_gone;

	if (!options->yes && !is_meant())
		return IS_KEPT;
	if (instance_replace() != INSTANCE_OURS) {
		tell(options, true, STRING_OTHER_HANGS, STRING_OTHER_HANGS_WHY, NULL);
		return IS_THERE;
	}
	win_log_open();
	is_gone = remove_system(options);
	win_log_close(); /* it is in the folder that goes */
	if (!is_gone)
		return IS_THERE;
	removed = data_remove(options->name);
	if (removed == DATA_REMOVED) {
		tell(options, false, STRING_UNINSTALLED, STRING_COUNT, NULL);
		return IS_GONE;
	}
	directory = win_narrow(win_data_directory());
	tell(options, true, STRING_UNINSTALL_LEFT,
		removed == DATA_SHARED ? STRING_UNINSTALL_SHARED_WHY : STRING_UNINSTALL_LEFT_WHY,
		directory);
	free(directory);
	return IS_LEFT;
}
