/* A PC of the imagination, behind seam/platform.h: its WSL, its disk, its server, its agent and the
 * person before it. Scripted by state, never by the order of calls: a test says what is wrong with
 * the PC, runs launch_run() and looks at what has become of it.
 *
 * Threads: one. Ownership: one global PC, all memory in it; so a run may be cut short by longjmp().
 */
#pragma once

#include "core/launch.h"
#include "seam/platform.h"

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FAKE_DATA       "C:\\Users\\Zo\xc3\xab\\Helix"
#define FAKE_EXE        "C:\\Tools"
#define FAKE_URL        "https://helix.example/manifest.json"

#define FAKE_IMAGE_SIZE 3000

enum fake_wsl {
	FAKE_WSL_FINE,
	FAKE_WSL_ABSENT, /* no wsl.exe */
	FAKE_WSL_STUB,   /* a wsl.exe that says that there is no WSL */
	FAKE_WSL_INBOX,  /* one that knows no --version */
	FAKE_WSL_HUNG,
	FAKE_WSL_BROKEN, /* Windows cannot start it */
};

enum fake_agent {
	FAKE_AGENT_GOOD,
	FAKE_AGENT_SILENT, /* runs, and never is ready */
	FAKE_AGENT_NOISY,  /* writes without end, and never is ready */
	FAKE_AGENT_ABSENT, /* no such program in the system */
};

struct fake_file {
	char path[192];
	uint8_t bytes[4096];
	size_t size;
};

/* What the person does, so long after the desktop was opened first. */
struct fake_deed {
	uint32_t after_ms;
	enum plat_event event;                            /* PLAT_EVENT_TIMEOUT = none */
	bool breaks_localhost, breaks_tunnel, mends_both; /* mends first */
};

struct fake_pc {
	/* What is wrong with it, and what the person wants. */
	enum fake_wsl wsl;
	const char *wsl_version;
	bool is_utf16;
	const char *vm_error; /* what wsl.exe says instead of running anything; NULL = nothing */
	const char *import_error;
	bool import_leaves_debris; /* when it fails */
	bool import_hangs;
	int install_result; /* plat_install_wsl(), and how its program leaves */
	uint32_t install_exit_code;
	bool install_helps, update_helps; /* WSL is fine afterwards */
	bool system_appears;              /* made by somebody else, when the import begins */
	bool system_appears_early;        /* or during the download */
	bool has_other_systems;           /* of other names, which are nobody's business */
	bool is_folder_anothers;          /* one of them has its disk where ours should be */
	bool is_registry_silent;          /* about where they are */
	bool is_folder_held;              /* \system cannot be renamed */
	bool is_save_failing, is_save_cut, is_restore_failing, is_unregister_failing;
	bool is_save_cut_between; /* two members: tar does not notice when it reads */
	bool is_save_hanging, is_restore_hanging, is_sync_failing;
	bool is_home_in_the_way;  /* the image has a directory in /home where a file was saved */
	bool is_home_held;        /* what is in /home cannot be moved */
	bool is_restore_doubtful; /* it leaves with 1 */

	bool is_disk_full, are_files_locked;
	uint64_t disk_free;

	bool is_offline;
	uint32_t server_status; /* 200 */
	size_t server_cut;      /* each connection breaks after so many bytes; 0 = none does */
	unsigned server_cuts;   /* so many of them */
	bool is_server_wrong;   /* serves other bytes than the manifest says */
	unsigned server_wrongs; /* or so many times */
	bool is_server_endless, is_server_short, is_server_dribbling;
	char manifest[1024];
	unsigned image_version;

	enum fake_agent agent;
	bool is_agent_old;       /* from before there were instances */
	unsigned crashes;        /* the first so many starts of it */
	uint32_t crash_after_ms; /* after the start; the good ones are ready after 100 */
	bool is_localhost_broken, is_tunnel_broken;
	int localhost_result; /* when broken */
	bool is_view_broken;

	int answer_to_faults; /* 0 = try again, so many times; then quit */
	unsigned tries;
	int answer_to_offers;
	struct fake_deed deeds[8]; /* in time's order; after the last a quit */
	size_t deed_count;

	unsigned cancel_at, abort_at; /* at this call of the seam, from 1 on; 0 = never */
	unsigned deny_at, deny_from;  /* files: at this call, or from it on */
	bool is_midway;               /* after half of what it does */

	/* What has become of it; from here on fake_repair() changes nothing. */
	bool is_registered, has_debris;
	unsigned system_version;
	char home[64];
	char home_before[64];  /* what was moved out of the way */
	char truth[64];        /* what the person last saw in /home */
	bool is_home_lost;     /* a desktop started without it */
	bool is_home_unsynced; /* a loss of power takes half of it */
	struct fake_file files[16];
	size_t file_count;

	unsigned calls;
	uint64_t now_ms;
	bool is_cancelled, is_endless, is_running, has_tunnel, is_view_open;
	unsigned starts, views, imports, saves, downloads, questions, healths;
	unsigned import_attempts, unregisters;
	uint64_t started_ms, first_view_ms;
	bool has_viewed;
	size_t deeds_done;
	unsigned lines;
	uint32_t exit_code;
	char instruction[256], content[4096], details[8192], first_button[64];
	char faults[16][256]; /* the instructions of all that were shown */
	size_t fault_count;
	char status[256];
	uint64_t starts_at_ms[32];
	bool was_token_shown;
	jmp_buf aborted;
};

extern struct fake_pc fake;

/* A PC with a good WSL, no Helix, and a server that has version 1. */
void fake_reset(void);
/* Turn it off and on: what runs is gone, what is on the disk stays, counters begin anew. */
void fake_restart(void);

/* Repair all that is wrong with it. What is on the disk stays. */
void fake_repair(void);

/* The server has this version from now on. */
void fake_publish(unsigned version);
/* helix.tar.gz beside Helix.exe, with a manifest.json if so. */
void fake_put_local_image(unsigned version, bool has_manifest);
/* Version 1 stands, with files of the person in it. */
void fake_install(void);

struct fake_file *fake_find(const char *path);
/* As text, until the next call; NULL when there is no such file. */
const char *fake_content(const char *path);
void fake_write(const char *path, const void *bytes, size_t size);
void fake_remove(const char *path);
void fake_manifest(unsigned version, const char *url, char *json, size_t size);

/* launch_run() on it: its exit code, or -1 when it was aborted or had no end. */
int fake_run(const struct options *options);
