/* What the parts of launch share: launch.c runs the machine, launch_wsl.c looks at WSL and the
 * system, launch_image.c gets an image, launch_system.c sets one up and keeps /home,
 * launch_session.c runs the desktop.
 *
 * Threads: launch_run()'s. Ownership: all memory is in struct launch, on launch_run()'s stack. */
#pragma once

#include "core/launch.h"
#include "core/machine.h"
#include "core/manifest.h"
#include "core/ready.h"
#include "core/wsl.h"
#include "seam/platform.h"

#define LAUNCH_PATH_SIZE    1024
#define LAUNCH_OUTPUT_SIZE  8192
#define LAUNCH_DETAILS_SIZE 4096

/* Set up, saved and restored within this, or something is wrong. */
#define LAUNCH_IMPORT_MS (30 * 60 * 1000)
#define LAUNCH_HOME_MS   (6 * 60 * 60 * 1000)

struct launch {
	const struct launch_options *options;
	const char *name; /* of the distribution */
	struct machine machine;

	/* What is behind the event that a state ended with, for FAILED. */
	enum fault fault;
	char reasons[2][LAUNCH_PATH_SIZE];
	char details[LAUNCH_DETAILS_SIZE]; /* the last lines that programs wrote, redacted */

	/* What the last wsl.exe said. */
	struct plat_outcome outcome;
	uint8_t output[LAUNCH_OUTPUT_SIZE];
	char text[LAUNCH_OUTPUT_SIZE * 2];

	struct wsl_version wsl, minimum_wsl;     /* wsl: zeroes = one that does not tell */
	bool was_wsl_installed, was_wsl_updated; /* by us, since the start or the last failure */

	bool is_registered;
	bool is_disk_in_the_way;    /* what the last import met was no system of this name */
	bool has_import_begun;      /* the last one, where no system was: what it left is ours */
	char installed_version[32]; /* "" = not known */
	bool is_update_local;       /* the newer system is the file on this PC */
	bool wants_no_update;       /* said Later, in this run */

	struct manifest manifest;
	bool has_manifest;            /* the image can be verified */
	bool is_local;                /* the image is the person's own file: never removed */
	char image[LAUNCH_PATH_SIZE]; /* what is imported */
	uint64_t furthest;            /* how much of it ever came */

	struct ready ready;
	bool has_agent, is_ready, was_reached;
	uint64_t cut_since_ms;    /* both ways to a live desktop; 0 = they are not, or just asked */
	enum fault why_not_ready; /* since it was ready the last time, if ever */
	uint16_t port;
	bool is_tunnelled;
	enum string why_not_localhost;
	bool has_looked_for_update;
};

/* launch.c */

/* The event, with the fault that it may end in and what stands in the fault's places; NULL = "". */
enum machine_event launch_report(struct launch *l, enum machine_event event, enum fault fault,
	const char *first, const char *second);
/* The same with EVENT_FAILED. */
enum machine_event launch_fail(
	struct launch *l, enum fault fault, const char *first, const char *second);
/* What a plat_result that is not PLAT_OK means: cancelled, a full disk, else `fault`. */
enum machine_event launch_fail_by(
	struct launch *l, int result, enum fault fault, const char *first, const char *second);
/* Likewise when a file in our own directory is the trouble. */
enum machine_event launch_fail_by_file(struct launch *l, int result);

/* Remember what a program wrote, for the details. Any number of lines. */
void launch_note(struct launch *l, const char *text);

/* Progress below the state's text, as plat_progress wants it; `owner` is the struct launch. */
void launch_progress(void *owner, uint64_t done, uint64_t total);

/* directory\name. False when it is too long. */
bool launch_join(char path[LAUNCH_PATH_SIZE], const char *directory, const char *name);
/* The same in our data directory. Its length was checked at the start. */
const char *launch_path(const struct launch *l, char path[LAUNCH_PATH_SIZE], const char *name);
/* 1, 0, or negative when it cannot be told: a plat_result. */
int launch_exists(const char *path);

/* launch_wsl.c */

/* Run wsl.exe; `command` without an output buffer. The plat_result; l->outcome and l->text tell the
 * rest. A failure is noted and logged. */
int launch_wsl(struct launch *l, const struct plat_command *command);
/* What it means that it did not come to a good end: what wsl.exe says, else `fault`. */
enum machine_event launch_fail_by_wsl(
	struct launch *l, int result, enum fault fault, const char *first, const char *second);
/* The fault behind an error of wsl.exe, or `fault`. */
enum fault launch_wsl_fault(const struct launch *l, enum wsl_error error, enum fault fault);
/* Whether the registry or wsl.exe knows the system: 1, 0, or a negative plat_result. */
int launch_is_registered(struct launch *l);
bool launch_is_wsl_too_old(const struct launch *l);
/* What to do about that: an update, or a failure where that has not helped. */
enum machine_event launch_wsl_is_too_old(struct launch *l);

enum machine_event launch_find_wsl(struct launch *l);
enum machine_event launch_offer_wsl(struct launch *l);
enum machine_event launch_install_wsl(struct launch *l);
enum machine_event launch_offer_wsl_update(struct launch *l);
enum machine_event launch_update_wsl(struct launch *l);

/* launch_image.c */

/* Whether there is a newer system than the registered one, by what is on this PC: l->manifest. */
bool launch_find_newer(struct launch *l);
/* Ask the server, for 15 s at most, and remember the answer for the next start. */
void launch_look_for_update(struct launch *l);

enum machine_event launch_find_image(struct launch *l);
enum machine_event launch_download(struct launch *l);
enum machine_event launch_verify(struct launch *l);

/* launch_system.c: see machine.h for the laws that keep /home */

#define LAUNCH_SYSTEM    "system" /* a directory, wsl.exe's */
#define LAUNCH_HOME      "home.tar"
#define LAUNCH_HOME_PART "home.tar.part"
#define LAUNCH_INSTALLED "installed.json"
#define LAUNCH_UPDATE    "update.json"
#define LAUNCH_DECLINED  "declined.json" /* the newest version that was answered with Later */
#define LAUNCH_IMAGE     "image.json"    /* the manifest of what is downloaded */
#define LAUNCH_MANIFEST  "manifest.json"

/* Where nobody knows the system's version, the agent's own serves. Only while the agent runs: then
 * the system is whole. */
void launch_learn_version(struct launch *l);

enum machine_event launch_find_system(struct launch *l);
enum machine_event launch_offer_update(struct launch *l);
enum machine_event launch_save_home(struct launch *l);
enum machine_event launch_remove_old(struct launch *l);
enum machine_event launch_import(struct launch *l);
enum machine_event launch_clean_up(struct launch *l);
enum machine_event launch_restore_home(struct launch *l);
enum machine_event launch_settle(struct launch *l);

/* launch_session.c */

enum machine_event launch_start_agent(struct launch *l);
enum machine_event launch_wait_ready(struct launch *l);
enum machine_event launch_reach(struct launch *l);
enum machine_event launch_tunnel(struct launch *l);
enum machine_event launch_open_view(struct launch *l);
enum machine_event launch_running(struct launch *l);
enum machine_event launch_check(struct launch *l);
enum machine_event launch_back_off(struct launch *l);
enum machine_event launch_stop(struct launch *l);
