#include "core/launch_internal.h"
#include "core/text.h"

#include <stdio.h>
#include <string.h>

#define QUESTION_MS  20000
#define UPDATE_MS    (10 * 60 * 1000)

#define LONGEST_NAME 128 /* below our directory: what we put there is shorter */

/* Windows' own: it succeeded, and a restart is needed or has begun. */
#define EXIT_RESTART_NEEDED 3010
#define EXIT_RESTART_BEGUN  1641

static const struct wsl_version our_minimum = { { 2, 0, 0, 0 } };

/* The log shows the words that matter: what it was asked to do, not where. */
static void log_command(const struct plat_command *command, int result, uint32_t exit_code)
{
	char line[256] = "";
	size_t used = 0;

	for (size_t i = 0; command->arguments[i] && used < sizeof line; i++)
		used += (size_t)snprintf(
			line + used, sizeof line - used, " %s", command->arguments[i]);
	plat_log("wsl:%s: result %d, exit code %lu", line, result, (unsigned long)exit_code);
}

int launch_wsl(struct launch *l, const struct plat_command *command)
{
	struct plat_command full = *command;
	int r;

	full.output = l->output;
	full.output_size = sizeof l->output;
	l->outcome = (struct plat_outcome){ 0, 0 };
	r = plat_wsl(&full, &l->outcome);
	if (r != PLAT_OK || l->outcome.output_size > sizeof l->output)
		l->outcome.output_size = 0;
	text_from_console(l->output, l->outcome.output_size, l->text, sizeof l->text);
	if (r != PLAT_OK || l->outcome.exit_code != 0) {
		log_command(command, r, l->outcome.exit_code);
		launch_note(l, l->text);
	}
	return r;
}

enum fault launch_wsl_fault(const struct launch *l, enum wsl_error error, enum fault fault)
{
	static const enum fault faults[WSL_ERROR_COUNT] = {
		[WSL_DISTRO_NOT_FOUND] = FAULT_SYSTEM_LOST,
		[WSL_OPTIONAL_COMPONENT_REQUIRED] = FAULT_WINDOWS_FEATURE,
		[WSL_VIRTUALISATION_OFF] = FAULT_VIRTUALISATION_OFF,
		[WSL_WSL2_NEEDED] = FAULT_WSL2_NEEDED,
		[WSL_LOWER_INTEGRITY] = FAULT_OTHER_RIGHTS,
		[WSL_HIGHER_INTEGRITY] = FAULT_OTHER_RIGHTS,
		[WSL_DISK_CORRUPTED] = FAULT_DISK_CORRUPTED,
		[WSL_VM_CRASHED] = FAULT_VM_CRASHED,
		[WSL_DISK_FULL] = FAULT_DISK_FULL,
		[WSL_ACCESS_DENIED] = FAULT_ACCESS_DENIED,
		[WSL_NOT_A_LINUX_DISTRO] = FAULT_NOT_A_SYSTEM,
		[WSL_TIMED_OUT] = FAULT_WSL_HUNG,
	};
	enum fault known = faults[error];

	if (l->was_wsl_installed &&
		(known == FAULT_WINDOWS_FEATURE || known == FAULT_VIRTUALISATION_OFF))
		return FAULT_WINDOWS_RESTART;
	return known == FAULT_NONE ? fault : known;
}

enum machine_event launch_fail_by_wsl(
	struct launch *l, int result, enum fault fault, const char *first, const char *second)
{
	char directory[LAUNCH_PATH_SIZE];

	if (result == PLAT_TIMEOUT)
		return launch_fail(l, FAULT_WSL_HUNG, NULL, NULL);
	if (result == PLAT_MISSING)
		return launch_fail(l, FAULT_WSL_BROKEN, NULL, NULL);
	if (result == PLAT_OK) {
		enum fault known = launch_wsl_fault(l, wsl_find_error(l->text), FAULT_NONE);

		if (known == FAULT_DISK_CORRUPTED)
			return launch_fail(
				l, known, launch_path(l, directory, LAUNCH_SYSTEM), NULL);
		if (known != FAULT_NONE)
			return launch_fail(l, known, NULL, NULL);
	}
	return launch_fail_by(l, result, fault, first, second);
}

bool launch_is_wsl_too_old(const struct launch *l)
{
	return wsl_compare(&l->wsl, &our_minimum) < 0 || wsl_compare(&l->wsl, &l->minimum_wsl) < 0;
}

/* The version that is needed, and the one that is there. */
static void tell_versions(const struct launch *l, char needed[64], char there[64])
{
	static const struct wsl_version none = { { 0, 0, 0, 0 } };
	const struct wsl_version *minimum =
		wsl_compare(&our_minimum, &l->minimum_wsl) < 0 ? &l->minimum_wsl : &our_minimum;

	snprintf(needed, 64, "%u.%u.%u", minimum->parts[0], minimum->parts[1], minimum->parts[2]);
	if (wsl_compare(&l->wsl, &none) == 0)
		string_fill(there, 64, string_text(STRING_OLD_WSL), NULL, NULL);
	else
		snprintf(there, 64, "%u.%u.%u", l->wsl.parts[0], l->wsl.parts[1], l->wsl.parts[2]);
}

enum machine_event launch_wsl_is_too_old(struct launch *l)
{
	char needed[64], there[64];

	if (!l->was_wsl_updated)
		return EVENT_TOO_OLD;
	tell_versions(l, needed, there);
	return launch_fail(l, FAULT_WSL_TOO_OLD, needed, there);
}

static enum machine_event too_old(struct launch *l)
{
	return l->was_wsl_installed ? launch_fail(l, FAULT_WINDOWS_RESTART, NULL, NULL)
				    : launch_wsl_is_too_old(l);
}

static enum machine_event absent(struct launch *l)
{
	return l->was_wsl_installed ? launch_fail(l, FAULT_WINDOWS_RESTART, NULL, NULL)
				    : EVENT_MISSING;
}

/* Our directory, below which all our paths are. */
static int prepare_directory(const char *directory)
{
	if (strlen(directory) + LONGEST_NAME >= LAUNCH_PATH_SIZE)
		return PLAT_FAILED;
	return plat_make_directory(directory);
}

enum machine_event launch_find_wsl(struct launch *l)
{
	const char *const arguments[] = { "--version", NULL };
	int r = prepare_directory(l->options->data_directory);

	if (r != PLAT_OK)
		return launch_fail_by_file(l, r);
	r = launch_wsl(
		l, &(struct plat_command){ .arguments = arguments, .timeout_ms = QUESTION_MS });
	if (r == PLAT_MISSING)
		return absent(l);
	if (r != PLAT_OK)
		return launch_fail_by_wsl(l, r, FAULT_WSL_BROKEN, NULL, NULL);
	l->wsl = (struct wsl_version){ { 0, 0, 0, 0 } };
	/* What an image asks for is in its manifest, which is read again. */
	l->minimum_wsl = (struct wsl_version){ { 0, 0, 0, 0 } };
	/* Windows 11 has a wsl.exe where there is no WSL, to tell people so. */
	if (wsl_find_error(l->text) == WSL_OPTIONAL_COMPONENT_REQUIRED)
		return absent(l);
	if (l->outcome.exit_code != 0 || !wsl_parse_version(l->text, &l->wsl))
		return too_old(l);
	plat_log("wsl: version %u.%u.%u", l->wsl.parts[0], l->wsl.parts[1], l->wsl.parts[2]);
	return launch_is_wsl_too_old(l) ? too_old(l) : EVENT_DONE;
}

static enum machine_event ask(
	enum string instruction, const char *content, enum string yes, enum string no)
{
	const char *const buttons[] = { string_text(yes), string_text(no), NULL };
	int answer = plat_ask(&(struct plat_question){
		.title = string_text(STRING_NAME),
		.instruction = string_text(instruction),
		.content = content,
		.details = "",
		.buttons = buttons,
	});

	return answer == 0 ? EVENT_YES : answer < 0 ? EVENT_QUIT : EVENT_NO;
}

enum machine_event launch_offer_wsl(struct launch *l)
{
	(void)l;
	return ask(STRING_OFFER_WSL, string_text(STRING_OFFER_WSL_WHY), STRING_INSTALL_WSL,
		STRING_QUIT);
}

enum machine_event launch_install_wsl(struct launch *l)
{
	uint32_t exit_code = 0;
	int r = plat_install_wsl(&exit_code);

	if (r == PLAT_DENIED)
		return launch_fail(l, FAULT_WSL_DENIED, NULL, NULL);
	if (r != PLAT_OK)
		return launch_fail_by(l, r, FAULT_WSL_NOT_INSTALLED, NULL, NULL);
	plat_log("wsl: --install left with %lu", (unsigned long)exit_code);
	if (exit_code == EXIT_RESTART_NEEDED || exit_code == EXIT_RESTART_BEGUN)
		return launch_fail(l, FAULT_WINDOWS_RESTART, NULL, NULL);
	if (exit_code != 0)
		return launch_fail(l, FAULT_WSL_NOT_INSTALLED, NULL, NULL);
	l->was_wsl_installed = true;
	return EVENT_DONE;
}

enum machine_event launch_offer_wsl_update(struct launch *l)
{
	char needed[64], there[64], content[1024];

	tell_versions(l, needed, there);
	string_fill(
		content, sizeof content, string_text(STRING_OFFER_WSL_UPDATE_WHY), needed, there);
	return ask(STRING_OFFER_WSL_UPDATE, content, STRING_UPDATE_WSL, STRING_QUIT);
}

enum machine_event launch_update_wsl(struct launch *l)
{
	const char *const arguments[] = { "--update", NULL };
	int r = launch_wsl(
		l, &(struct plat_command){ .arguments = arguments, .timeout_ms = UPDATE_MS });

	if (r == PLAT_CANCELLED)
		return EVENT_QUIT;
	l->was_wsl_updated = true;
	/* The one that came with Windows may know no --update, but how to fetch its successor. */
	if (r == PLAT_OK && l->outcome.exit_code != 0)
		return launch_install_wsl(l);
	return EVENT_DONE;
}

int launch_is_registered(struct launch *l)
{
	const char *const arguments[] = { "--list", "--quiet", NULL };
	int r = plat_is_registered(l->name);

	/* What follows a "no" may remove things, so wsl.exe is asked as well. */
	if (r == 1)
		return 1;
	r = launch_wsl(
		l, &(struct plat_command){ .arguments = arguments, .timeout_ms = QUESTION_MS });
	if (r != PLAT_OK)
		return r;
	/* With no system at all it leaves with an error. */
	return l->outcome.exit_code == 0 && wsl_list_has(l->text, l->name);
}
