#include "core/launch.h"

#include "core/launch_internal.h"
#include "core/text.h"

#include <stdio.h>
#include <string.h>

enum machine_event launch_report(struct launch *l, enum machine_event event, enum fault fault,
	const char *first, const char *second)
{
	l->fault = fault;
	string_fill(l->reasons[0], sizeof l->reasons[0], first ? first : "", NULL, NULL);
	string_fill(l->reasons[1], sizeof l->reasons[1], second ? second : "", NULL, NULL);
	return event;
}

enum machine_event launch_fail(
	struct launch *l, enum fault fault, const char *first, const char *second)
{
	return launch_report(l, EVENT_FAILED, fault, first, second);
}

enum machine_event launch_fail_by(
	struct launch *l, int result, enum fault fault, const char *first, const char *second)
{
	if (result == PLAT_CANCELLED)
		return EVENT_QUIT;
	if (result == PLAT_FULL)
		return launch_fail(l, FAULT_DISK_FULL, NULL, NULL);
	return launch_fail(l, fault, first, second);
}

enum machine_event launch_fail_by_file(struct launch *l, int result)
{
	return launch_fail_by(l, result, FAULT_FILES, l->options->data_directory, NULL);
}

static void note_line(struct launch *l, const char *line, size_t length)
{
	char copy[512];
	size_t used = strlen(l->details);

	if (length >= sizeof copy) {
		length = sizeof copy - 1;
		/* What follows the cut is the rest of a character: that goes as a whole. */
		while (length > 0 && ((unsigned char)line[length] & 0xC0) == 0x80)
			length--;
	}
	memcpy(copy, line, length);
	copy[length] = '\0';
	text_redact(copy);
	length = strlen(copy);
	while (used + length + 2 > sizeof l->details) {
		char *next = strchr(l->details, '\n');

		memmove(l->details, next + 1, used - (size_t)(next + 1 - l->details) + 1);
		used = strlen(l->details);
	}
	snprintf(l->details + used, sizeof l->details - used, "%s\n", copy);
}

void launch_note(struct launch *l, const char *text)
{
	while (*text) {
		size_t length = strcspn(text, "\n");

		if (length > 0)
			note_line(l, text, length);
		text += length;
		text += *text == '\n';
	}
}

bool launch_join(char path[LAUNCH_PATH_SIZE], const char *directory, const char *name)
{
	int length = snprintf(path, LAUNCH_PATH_SIZE, "%s\\%s", directory, name);

	return length > 0 && length < LAUNCH_PATH_SIZE;
}

const char *launch_path(const struct launch *l, char path[LAUNCH_PATH_SIZE], const char *name)
{
	launch_join(path, l->options->data_directory, name);
	return path;
}

int launch_exists(const char *path)
{
	uint64_t size;
	int r = plat_file_size(path, &size);

	return r == PLAT_OK ? 1 : r == PLAT_MISSING ? 0 : r;
}

static enum string status_text(const struct machine *machine)
{
	static const enum string texts[STATE_COUNT] = {
		[STATE_FIND_WSL] = STRING_LOOKING,
		[STATE_OFFER_WSL] = STRING_LOOKING,
		[STATE_INSTALL_WSL] = STRING_INSTALLING_WSL,
		[STATE_OFFER_WSL_UPDATE] = STRING_LOOKING,
		[STATE_UPDATE_WSL] = STRING_UPDATING_WSL,
		[STATE_FIND_SYSTEM] = STRING_LOOKING,
		[STATE_OFFER_UPDATE] = STRING_LOOKING,
		[STATE_FIND_IMAGE] = STRING_FINDING_IMAGE,
		[STATE_DOWNLOAD] = STRING_DOWNLOADING,
		[STATE_VERIFY] = STRING_VERIFYING,
		[STATE_SAVE_HOME] = STRING_SAVING_HOME,
		[STATE_REMOVE_OLD] = STRING_REMOVING_OLD,
		[STATE_IMPORT] = STRING_IMPORTING,
		[STATE_CLEAN_UP] = STRING_CLEANING_UP,
		[STATE_RESTORE_HOME] = STRING_RESTORING_HOME,
		[STATE_SETTLE] = STRING_CLEANING_UP,
		[STATE_START_AGENT] = STRING_STARTING,
		[STATE_WAIT_READY] = STRING_STARTING,
		[STATE_REACH] = STRING_CONNECTING,
		[STATE_TUNNEL] = STRING_CONNECTING,
		[STATE_OPEN_VIEW] = STRING_OPENING,
		[STATE_RUNNING] = STRING_IN_BROWSER, /* seen where the page is not in our window */
		[STATE_CHECK] = STRING_CONNECTING,
		[STATE_FAILED] = STRING_FAILED,
	};

	if (machine->state == STATE_STOP)
		return machine->then == STATE_ENDED     ? STRING_STOPPING
			: machine->then == STATE_FAILED ? STRING_FAILED
							: STRING_WAITING_TO_RESTART;
	if (machine->state == STATE_BACK_OFF)
		return machine->resume == STATE_START_AGENT ? STRING_WAITING_TO_RESTART
							    : STRING_WAITING_TO_DOWNLOAD;
	return texts[machine->state];
}

void launch_progress(void *owner, uint64_t done, uint64_t total)
{
	struct launch *l = owner;
	char detail[64];

	text_megabytes(done, total, detail, sizeof detail);
	plat_show(&(struct plat_status){
		.text = string_text(status_text(&l->machine)),
		.progress_percent = total == 0 ? -1
			: done >= total        ? 100
					       : (int)(done * 100 / total),
		.detail = detail,
	});
}

static void show_state(const struct launch *l)
{
	enum machine_state state = l->machine.state;
	bool is_still = state == STATE_RUNNING || state == STATE_FAILED ||
		state == STATE_OFFER_WSL || state == STATE_OFFER_WSL_UPDATE ||
		state == STATE_OFFER_UPDATE;

	plat_show(&(struct plat_status){
		.text = string_text(status_text(&l->machine)),
		.progress_percent = is_still ? -2 : -1,
		.detail = "",
	});
}

static enum machine_event ask_what_next(struct launch *l)
{
	enum fault fault = l->machine.fault;
	char content[LAUNCH_PATH_SIZE * 3];
	const char *const buttons[] = { string_text(STRING_TRY_AGAIN), string_text(STRING_QUIT),
		NULL };
	int answer;

	string_fill(
		content, sizeof content, string_fault_content(fault), l->reasons[0], l->reasons[1]);
	answer = plat_ask(&(struct plat_question){
		.title = string_text(STRING_NAME),
		.instruction = string_fault_instruction(fault),
		.content = content,
		.details = l->details,
		.is_error = true,
		.buttons = buttons,
	});
	l->details[0] = '\0';
	l->was_wsl_installed = l->was_wsl_updated = false;
	l->is_disk_in_the_way = false;
	l->why_not_ready = FAULT_NONE;
	return answer == 0 ? EVENT_YES : EVENT_NO;
}

static enum machine_event (*const steps[STATE_ENDED])(struct launch *) = {
	[STATE_FIND_WSL] = launch_find_wsl,
	[STATE_OFFER_WSL] = launch_offer_wsl,
	[STATE_INSTALL_WSL] = launch_install_wsl,
	[STATE_OFFER_WSL_UPDATE] = launch_offer_wsl_update,
	[STATE_UPDATE_WSL] = launch_update_wsl,
	[STATE_FIND_SYSTEM] = launch_find_system,
	[STATE_OFFER_UPDATE] = launch_offer_update,
	[STATE_FIND_IMAGE] = launch_find_image,
	[STATE_DOWNLOAD] = launch_download,
	[STATE_VERIFY] = launch_verify,
	[STATE_SAVE_HOME] = launch_save_home,
	[STATE_REMOVE_OLD] = launch_remove_old,
	[STATE_IMPORT] = launch_import,
	[STATE_CLEAN_UP] = launch_clean_up,
	[STATE_RESTORE_HOME] = launch_restore_home,
	[STATE_SETTLE] = launch_settle,
	[STATE_START_AGENT] = launch_start_agent,
	[STATE_WAIT_READY] = launch_wait_ready,
	[STATE_REACH] = launch_reach,
	[STATE_TUNNEL] = launch_tunnel,
	[STATE_OPEN_VIEW] = launch_open_view,
	[STATE_RUNNING] = launch_running,
	[STATE_CHECK] = launch_check,
	[STATE_BACK_OFF] = launch_back_off,
	[STATE_STOP] = launch_stop,
	[STATE_FAILED] = ask_what_next,
};

int launch_run(const struct launch_options *options)
{
	struct launch l = { .options = options, .name = options->options->name };

	machine_init(&l.machine);
	plat_log("launch: Helix.exe %s, system \"%s\"", options->version, l.name);
	while (l.machine.state != STATE_ENDED) {
		enum machine_state from = l.machine.state;
		enum machine_event event;

		show_state(&l);
		l.fault = FAULT_NONE;
		event = steps[from](&l);
		machine_step(&l.machine, event, l.fault, plat_now_ms());
		plat_log("launch: %s: %s%s%s -> %s", machine_state_name(from),
			machine_event_name(event), l.fault == FAULT_NONE ? "" : ", ",
			l.fault == FAULT_NONE ? "" : string_fault_name(l.fault),
			machine_state_name(l.machine.state));
	}
	return l.machine.exit_code;
}
