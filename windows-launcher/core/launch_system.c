/* Sets systems up and keeps /home meanwhile. The order of every write and removal in this file is
 * one of the laws in machine.h; change none without reading them. */
#include "core/json.h"
#include "core/launch_internal.h"

#include <stdio.h>
#include <string.h>

#define SHORT_MS      60000
#define UNREGISTER_MS (5 * 60 * 1000)

#define ARCHIVE_END   1024 /* zeroes, behind the last member of every archive */
#define OLD_SYSTEMS   5    /* disks that were in the way and are kept */

/* In the system: where what was in /home is kept when the saved files come back. Not in /home, so
 * the next update does not take it along. */
#define HOME_BEFORE "/root/home-before-restore"

/* Files: whether they are there. */
struct found {
	int has_home, is_whole;
};

static bool find_files(struct launch *l, struct found *ret_found, enum machine_event *ret_event)
{
	char path[LAUNCH_PATH_SIZE];
	struct found found;

	found.has_home = launch_exists(launch_path(l, path, LAUNCH_HOME));
	found.is_whole = launch_exists(launch_path(l, path, LAUNCH_INSTALLED));
	if (found.has_home < 0 || found.is_whole < 0) {
		*ret_event = launch_fail_by_file(
			l, found.has_home < 0 ? found.has_home : found.is_whole);
		return false;
	}
	*ret_found = found;
	return true;
}

/* "" when there is none. */
static void read_version(const struct launch *l, const char *name, char version[32])
{
	char path[LAUNCH_PATH_SIZE], json[512];
	size_t size;

	version[0] = '\0';
	if (plat_read_file(launch_path(l, path, name), json, sizeof json, &size) == PLAT_OK)
		json_string(json, "version", version, 32);
}

/* A version as manifests have it is written as it is. */
static int write_version(const struct launch *l, const char *name, const char *version)
{
	char path[LAUNCH_PATH_SIZE], json[64];
	int length = snprintf(json, sizeof json, "{\"version\": \"%s\"}\n", version);

	return plat_write_file(launch_path(l, path, name), json, (size_t)length);
}

static int write_installed(const struct launch *l)
{
	return write_version(l, LAUNCH_INSTALLED, l->installed_version);
}

void launch_learn_version(struct launch *l)
{
	static const char allowed[] = "0123456789abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ.-+_~";
	const char *version = l->ready.version;

	if (l->installed_version[0] || !version[0] || version[strspn(version, allowed)])
		return;
	snprintf(l->installed_version, sizeof l->installed_version, "%s", version);
	if (write_installed(l) != PLAT_OK)
		plat_log("system: its version could not be written down");
}

/* Who names an image, or asks for an update, is asked whatever was said before. */
static bool is_update_due(struct launch *l)
{
	const struct options *options = l->options->options;
	char declined[32];

	if (l->wants_no_update)
		return false;
	if (options->update && !l->has_looked_for_update) {
		l->has_looked_for_update = true;
		launch_look_for_update(l);
	}
	if (!launch_find_newer(l))
		return false;
	read_version(l, LAUNCH_DECLINED, declined);
	if (options->update || options->image || !declined[0] ||
		manifest_compare_versions(l->manifest.version, declined) > 0)
		return true;
	plat_log("update: %s is there, and was not wanted", l->manifest.version);
	return false;
}

enum machine_event launch_find_system(struct launch *l)
{
	char path[LAUNCH_PATH_SIZE];
	enum machine_event event;
	struct found found;
	int is_registered = launch_is_registered(l);

	if (is_registered < 0)
		return launch_fail_by_wsl(l, is_registered, FAULT_WSL_BROKEN, NULL, NULL);
	if (!find_files(l, &found, &event))
		return event;
	plat_remove(launch_path(l, path, LAUNCH_HOME_PART));
	l->is_registered = is_registered == 1;
	l->installed_version[0] = '\0';
	if (!l->is_registered)
		return EVENT_MISSING;
	if (found.has_home && !found.is_whole)
		return EVENT_HOME_WAITS;
	if (found.has_home)
		plat_remove(launch_path(l, path, LAUNCH_HOME));
	read_version(l, LAUNCH_INSTALLED, l->installed_version);
	return is_update_due(l) ? EVENT_NEWER : EVENT_DONE;
}

enum machine_event launch_offer_update(struct launch *l)
{
	char instruction[128];
	const char *const buttons[] = { string_text(STRING_UPDATE_NOW), string_text(STRING_LATER),
		NULL };
	int answer;

	string_fill(instruction, sizeof instruction, string_text(STRING_OFFER_UPDATE),
		l->manifest.version, NULL);
	answer = plat_ask(&(struct plat_question){
		.title = string_text(STRING_NAME),
		.instruction = instruction,
		.content = string_text(STRING_OFFER_UPDATE_WHY),
		.details = "",
		.buttons = buttons,
	});
	l->wants_no_update = answer != 0;
	/* A dialog that was closed was not answered. */
	if (answer == 1 && write_version(l, LAUNCH_DECLINED, l->manifest.version) != PLAT_OK)
		plat_log("update: the answer could not be written down");
	return answer == 0 ? EVENT_YES : EVENT_NO;
}

/* tar in the system, as root. `operation` is one of its letters; a path may be NULL. */
static int run_tar(struct launch *l, const char *operation, const char *input, const char *output)
{
	bool creates = strcmp(operation, "-cpf") == 0;
	/* What is mounted below /home, a drive of Windows for one, is neither saved nor lost. */
	const char *const arguments[] = { "-d", l->name, "--user", "root", "--exec", "tar", "-C",
		"/home", "--numeric-owner", operation, "-", "--acls", "--xattrs",
		"--xattrs-include=*", creates ? "--one-file-system" : NULL, ".", NULL };

	return launch_wsl(l,
		&(struct plat_command){ .arguments = arguments,
			.input_path = input,
			.output_path = output,
			.timeout_ms = LAUNCH_HOME_MS });
}

/* What it means that saving or restoring came to no good end. */
static enum machine_event fail_by_tar(
	struct launch *l, int result, enum fault hung, enum fault fault, const char *path)
{
	return result == PLAT_TIMEOUT ? launch_fail(l, hung, path, l->name)
				      : launch_fail_by_wsl(l, result, fault, path, l->name);
}

/* Whether the archive has its end: PLAT_OK, PLAT_ENDED when not, or why that cannot be told. tar
 * reads one that was cut between two members without a word. */
static int look_for_end(const char *path)
{
	static const uint8_t zeroes[ARCHIVE_END];
	uint8_t tail[ARCHIVE_END];
	int r = plat_read_tail(path, tail, sizeof tail);

	if (r != PLAT_OK)
		return r;
	return memcmp(tail, zeroes, sizeof tail) == 0 ? PLAT_OK : PLAT_ENDED;
}

/* Write home.tar.part and read it back. EVENT_DONE when it is whole. */
static enum machine_event copy_home(struct launch *l, const char *part)
{
	uint64_t size = 0;
	int r = plat_remove(part);

	if (r != PLAT_OK)
		return launch_fail_by_file(l, r);
	r = run_tar(l, "-cpf", NULL, part);
	if (r == PLAT_OK && l->outcome.exit_code == 0)
		r = plat_file_size(part, &size);
	if (r != PLAT_OK || l->outcome.exit_code != 0 || size == 0)
		return fail_by_tar(l, r, FAULT_SAVE_HUNG, FAULT_SAVE_HOME, NULL);
	/* A pipe that lost the end of it would go unnoticed: tar left with 0 at its own end. */
	r = run_tar(l, "-tf", part, NULL);
	if (r != PLAT_OK || l->outcome.exit_code != 0)
		return fail_by_tar(l, r, FAULT_SAVE_HUNG, FAULT_SAVE_HOME, NULL);
	r = look_for_end(part);
	if (r != PLAT_OK) {
		plat_log("system: the copy of /home has no end: %d", r);
		return launch_fail_by(l, r, FAULT_SAVE_HOME, NULL, NULL);
	}
	plat_log("system: /home is saved, %llu bytes", (unsigned long long)size);
	return EVENT_DONE;
}

enum machine_event launch_save_home(struct launch *l)
{
	const char *const terminate[] = { "--terminate", l->name, NULL };
	char part[LAUNCH_PATH_SIZE], path[LAUNCH_PATH_SIZE];
	enum machine_event event;
	struct found found;
	int r;

	if (!l->is_registered)
		return EVENT_DONE;
	if (!find_files(l, &found, &event))
		return event;
	if (found.has_home && !found.is_whole)
		return EVENT_DONE; /* what is saved already is all that there is */
	/* So that nothing writes to /home any more, between the copy and the end of the system. */
	r = launch_wsl(l, &(struct plat_command){ .arguments = terminate, .timeout_ms = SHORT_MS });
	if (r == PLAT_CANCELLED)
		return EVENT_QUIT;
	event = copy_home(l, launch_path(l, part, LAUNCH_HOME_PART));
	if (event != EVENT_DONE) {
		plat_remove(part);
		return event;
	}
	r = found.is_whole ? PLAT_OK : write_installed(l);
	if (r == PLAT_OK)
		r = plat_rename(part, launch_path(l, path, LAUNCH_HOME));
	return r == PLAT_OK ? EVENT_DONE : launch_fail_by_file(l, r);
}

static int unregister(struct launch *l)
{
	const char *const arguments[] = { "--unregister", l->name, NULL };

	return launch_wsl(
		l, &(struct plat_command){ .arguments = arguments, .timeout_ms = UNREGISTER_MS });
}

enum machine_event launch_remove_old(struct launch *l)
{
	char home[LAUNCH_PATH_SIZE], path[LAUNCH_PATH_SIZE];
	uint64_t size = 0;
	int r;

	if (!l->is_registered)
		return EVENT_DONE;
	r = plat_file_size(launch_path(l, home, LAUNCH_HOME), &size);
	if (r != PLAT_OK || size == 0)
		return launch_fail_by(l, r, FAULT_SAVE_HOME, NULL, NULL);
	r = plat_remove(launch_path(l, path, LAUNCH_INSTALLED));
	if (r != PLAT_OK)
		return launch_fail_by_file(l, r);
	r = unregister(l);
	if (r != PLAT_OK || l->outcome.exit_code != 0)
		return launch_fail_by_wsl(l, r, FAULT_REMOVE_OLD, home, NULL);
	l->is_registered = false;
	return EVENT_DONE;
}

static enum machine_event import_failed(struct launch *l, int result)
{
	enum wsl_error error = wsl_find_error(l->text);
	char directory[LAUNCH_PATH_SIZE];

	if (result == PLAT_TIMEOUT)
		return launch_fail(l, FAULT_IMPORT_HUNG, NULL, NULL);
	/* Moved aside, and still in the way. */
	if (result == PLAT_OK && error == WSL_ALREADY_EXISTS && l->is_disk_in_the_way)
		return launch_fail(
			l, FAULT_FOLDER_TAKEN, launch_path(l, directory, LAUNCH_SYSTEM), NULL);
	if (result == PLAT_OK && error == WSL_ALREADY_EXISTS)
		return launch_report(l, EVENT_IN_THE_WAY, FAULT_NAME_TAKEN, l->name, NULL);
	return launch_fail_by_wsl(l, result, FAULT_IMPORT_FAILED, NULL, NULL);
}

enum machine_event launch_import(struct launch *l)
{
	char directory[LAUNCH_PATH_SIZE], path[LAUNCH_PATH_SIZE];
	const char *const arguments[] = { "--import", l->name,
		launch_path(l, directory, LAUNCH_SYSTEM), l->image, "--version", "2", NULL };
	int r;

	l->has_import_begun = false;
	r = plat_remove(launch_path(l, path, LAUNCH_INSTALLED));
	if (r != PLAT_OK)
		return launch_fail_by_file(l, r);
	/* Asked again: a download lies between, and a system that came meanwhile is not ours. */
	r = launch_is_registered(l);
	if (r < 0)
		return launch_fail_by_wsl(l, r, FAULT_WSL_BROKEN, NULL, NULL);
	if (r == 1)
		return launch_fail(l, FAULT_NAME_TAKEN, l->name, NULL);
	l->has_import_begun = true;
	r = launch_wsl(l,
		&(struct plat_command){ .arguments = arguments, .timeout_ms = LAUNCH_IMPORT_MS });
	if (r != PLAT_OK || l->outcome.exit_code != 0)
		return import_failed(l, r);
	snprintf(l->installed_version, sizeof l->installed_version, "%s",
		l->has_manifest ? l->manifest.version : "");
	l->is_registered = true;
	return EVENT_DONE;
}

/* WSL takes no directory with a disk in it. It may be the only copy of somebody's files, so it is
 * renamed, never removed; and not even that where it may belong to a system of another name. */
static enum machine_event move_disk_aside(struct launch *l)
{
	char directory[LAUNCH_PATH_SIZE], path[LAUNCH_PATH_SIZE], name[64];
	int r = PLAT_FAILED;

	launch_path(l, directory, LAUNCH_SYSTEM);
	if (plat_has_distribution(directory) != 0)
		return launch_fail(l, FAULT_FOLDER_TAKEN, directory, NULL);
	for (int i = 1; i <= OLD_SYSTEMS && r != PLAT_OK && r != PLAT_MISSING; i++) {
		snprintf(name, sizeof name, LAUNCH_SYSTEM ".old-%d", i);
		r = plat_rename(directory, launch_path(l, path, name));
	}
	if (r == PLAT_OK)
		plat_log("system: a disk was in the way and is kept: %s", name);
	return r == PLAT_OK || r == PLAT_MISSING
		? EVENT_DONE
		: launch_fail_by(l, r, FAULT_FOLDER_TAKEN, directory, NULL);
}

/* No system was there before the import, so what is there now is the import's: or somebody else's,
 * made meanwhile, if it is a whole one and the import was refused for it. */
enum machine_event launch_clean_up(struct launch *l)
{
	bool is_in_the_way = l->machine.then == STATE_IMPORT;
	int is_registered, r;

	if (!l->has_import_begun)
		return EVENT_DONE;
	is_registered = is_in_the_way ? launch_is_registered(l) : 0;
	if (is_registered < 0)
		return launch_fail_by_wsl(l, is_registered, FAULT_WSL_BROKEN, NULL, NULL);
	if (is_registered)
		return launch_fail(l, FAULT_NAME_TAKEN, l->name, NULL);
	r = unregister(l);
	if (r == PLAT_CANCELLED)
		return EVENT_QUIT;
	/* No system was in the way: then it is a disk. */
	l->is_disk_in_the_way = is_in_the_way && r == PLAT_OK && l->outcome.exit_code != 0 &&
		wsl_find_error(l->text) == WSL_DISTRO_NOT_FOUND;
	return l->is_disk_in_the_way ? move_disk_aside(l) : EVENT_DONE;
}

/* What tar wrote may be in Linux' memory only. home.tar goes next, so it has to be on the disk. */
static int sync_system(struct launch *l)
{
	const char *const arguments[] = { "-d", l->name, "--user", "root", "--exec", "sync", NULL };

	return launch_wsl(
		l, &(struct plat_command){ .arguments = arguments, .timeout_ms = LAUNCH_HOME_MS });
}

/* home.tar is the whole truth, so what the system came with must give way: where one has a
 * directory and the other a file or a link, tar could not replace it. It is moved and not removed,
 * since the system may be the old one, or somebody has used it by hand. What stands in its new
 * place already was moved by an attempt that was cut; then what is in /home is what tar put there.
 * Where it cannot be moved tar decides, so only what kept us from asking counts. */
static int move_home_aside(struct launch *l)
{
	const char *const make[] = { "-d", l->name, "--user", "root", "--exec", "mkdir", "-p",
		HOME_BEFORE, NULL };
	const char *const move[] = { "-d", l->name, "--user", "root", "--exec", "find", "/home",
		"-mindepth", "1", "-maxdepth", "1", "-exec", "mv", "-n", "-t", HOME_BEFORE, "{}",
		"+", NULL };
	int r = launch_wsl(
		l, &(struct plat_command){ .arguments = make, .timeout_ms = LAUNCH_HOME_MS });

	if (r != PLAT_OK)
		return r;
	return launch_wsl(
		l, &(struct plat_command){ .arguments = move, .timeout_ms = LAUNCH_HOME_MS });
}

/* PLAT_OK with exit code 0 when /home is as it was saved, and on the disk. No other code will do:
 * tar unpacks without warnings, and wsl.exe leaves with 1 when Linux is taken from it. */
static int unpack_home(struct launch *l, const char *path)
{
	int r = move_home_aside(l);

	if (r == PLAT_OK)
		r = run_tar(l, "-xpf", path, NULL);
	if (r != PLAT_OK || l->outcome.exit_code != 0)
		return r;
	return sync_system(l);
}

enum machine_event launch_restore_home(struct launch *l)
{
	char path[LAUNCH_PATH_SIZE];
	int has_home = launch_exists(launch_path(l, path, LAUNCH_HOME));
	int r;

	if (has_home < 0)
		return launch_fail_by_file(l, has_home);
	if (!has_home)
		return EVENT_DONE;
	r = unpack_home(l, path);
	if (r != PLAT_OK || l->outcome.exit_code != 0)
		return fail_by_tar(l, r, FAULT_RESTORE_HUNG, FAULT_RESTORE_HOME, path);
	plat_log("system: /home is back");
	return EVENT_DONE;
}

enum machine_event launch_settle(struct launch *l)
{
	static const char *const needed_no_more[] = { LAUNCH_HOME, LAUNCH_UPDATE, LAUNCH_DECLINED,
		LAUNCH_IMAGE };
	char path[LAUNCH_PATH_SIZE];
	int r = write_installed(l);

	if (r != PLAT_OK)
		return launch_fail_by_file(l, r);
	for (size_t i = 0; i < sizeof needed_no_more / sizeof *needed_no_more; i++)
		if (plat_remove(launch_path(l, path, needed_no_more[i])) != PLAT_OK)
			plat_log("system: %s stays", needed_no_more[i]);
	if (!l->is_local && l->image[0])
		plat_remove(l->image);
	return EVENT_DONE;
}
