#include "win/uninstall.h"

#include "core/strings.h"
#include "core/text.h"
#include "core/wsl.h"
#include "win/data.h"
#include "win/dialog.h"
#include "win/instance.h"

#include <stdlib.h>

enum { UNREGISTER_MS = 180000 };
enum { IS_GONE = 0, IS_THERE = 1, IS_LEFT = 2, IS_KEPT = 3 };

static bool is_meant(void)
{
	const char *buttons[] = { string_text(STRING_UNINSTALL_KEEP), string_text(STRING_UNINSTALL),
		NULL };

	/* The first is the default: Enter must not delete anything. */
	return dialog_ask(NULL,
		       &(struct plat_question){
			       .title = string_text(STRING_NAME),
			       .instruction = string_text(STRING_UNINSTALL_ASK),
			       .content = string_text(STRING_UNINSTALL_WHY),
			       .details = "",
			       .buttons = buttons,
		       }) == 1;
}

/* Whether it is gone now, or was never there. */
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

	/* Without a registry to look into WSL is asked all the same: it knows best. */
	if (plat_is_registered(name) == 0)
		return true;
	result = plat_wsl(&command, &outcome);
	if (result == PLAT_MISSING)
		return true; /* no wsl.exe, no distribution */
	text_from_console(output, outcome.output_size, text, sizeof(text));
	plat_log("uninstall: wsl --unregister %s: %d, exit code %lu: %s", name, result,
		(unsigned long)outcome.exit_code, text);
	return result == PLAT_OK &&
		(outcome.exit_code == 0 || wsl_find_error(text) == WSL_DISTRO_NOT_FOUND);
}

static void tell(const struct options *options, bool is_error, enum string instruction,
	enum string content, const char *detail)
{
	if (!options->yes)
		dialog_tell(NULL, is_error, instruction, content, detail);
}

int uninstall(const struct options *options)
{
	enum data_removed removed;
	char *directory;

	if (!options->yes && !is_meant())
		return IS_KEPT;
	if (instance_replace() != INSTANCE_OURS) {
		tell(options, true, STRING_OTHER_HANGS, STRING_OTHER_HANGS_WHY, NULL);
		return IS_THERE;
	}
	win_log_open();
	if (!unregister(options->name)) {
		tell(options, true, STRING_UNINSTALL_FAILED, STRING_UNINSTALL_FAILED_WHY,
			options->name);
		win_log_close();
		return IS_THERE;
	}
	win_log_close();
	removed = data_remove();
	if (removed == DATA_REMOVED) {
		tell(options, false, STRING_UNINSTALLED, STRING_COUNT, NULL);
		return IS_GONE;
	}
	directory = win_narrow(win_data_directory());
	tell(options, true, STRING_UNINSTALL_LEFT, STRING_UNINSTALL_LEFT_WHY, directory);
	free(directory);
	return IS_LEFT;
}
