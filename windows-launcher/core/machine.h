/* clang-format off */
/* What comes after what, between a double click and a desktop: a table, and nothing else. launch.c
 * does what each state asks for and tells what came of it; every failure is a transition like any.
 *
 *   FIND_WSL -> FIND_SYSTEM ----------------------------> START_AGENT -> WAIT_READY -> REACH
 *      |            | none, or a newer one is wanted          ^             TUNNEL <-----'
 *   OFFER_WSL    FIND_IMAGE -> DOWNLOAD -> VERIFY             |           OPEN_VIEW -> RUNNING
 *   INSTALL_WSL     -> SAVE_HOME -> REMOVE_OLD -> IMPORT      |                        CHECK
 *                   -> RESTORE_HOME -> SETTLE ----------------'
 *
 * A live desktop that no way leads to: CHECK and TUNNEL by turns, until one does.
 * From everywhere: a quit goes through STOP to ENDED, a failure through STOP to FAILED, a crash of
 * the agent through STOP and BACK_OFF to START_AGENT. So nothing but STOP has to know what runs.
 *
 * Why /home survives a crash, a power cut or a quit between any two steps
 *
 * Three things on the disk say where we are; nothing in memory does:
 *   home.tar        A whole copy of /home. It is written as home.tar.part, read back to its end by
 *                   tar, looked at for the mark of its end and renamed only then; without that
 *                   name it does not count.
 *   installed.json  The system that is registered has its home: nothing waits to be restored.
 *   the registry    Whether the system is registered.
 *
 * Laws:
 *   1. home.tar gets its name while installed.json exists.
 *   2. installed.json goes before a system is removed and before one is imported. If it cannot be
 *      removed, neither happens. It comes back only after the restore has succeeded and Linux
 *      has written it to the disk (sync).
 *   3. home.tar goes only while installed.json exists.
 *   4. The agent never starts while home.tar is there and installed.json is not.
 *   5. The old system is removed only after 1 and 2, and home.tar is looked at once more.
 *   6. Nothing is unregistered after an import but what that import began, where no system was;
 *      a disk without a system is moved aside, never removed.
 *   7. What is in /home when home.tar is restored is moved aside within the system, once; it is not
 *      removed. In a new system it is what the image brought. In an old one, or one that somebody
 *      has used by hand (wsl -d Helix), it may be more.
 *   8. A file that cannot be looked at is a fault, never "not there".
 *
 *   Cut after, or in               on the disk                  so the next start
 *   SAVE_HOME, before the rename   installed, system, a part    starts it; the part goes
 *   SAVE_HOME                      installed, system, home.tar  starts it; the copy goes, by 3: the
 *                                                               system has it all, perhaps newer
 *   REMOVE_OLD, before it is gone  old system, home.tar         restores into the old system: the
 *                                                               same files, by 4, so no harm; and
 *                                                               by 7 whatever else was there stays
 *   REMOVE_OLD                     home.tar                     imports, restores
 *   IMPORT, half of it             home.tar, debris             removes debris, imports, restores
 *   IMPORT                         new system, home.tar         restores
 *   RESTORE_HOME, half or all      new system, home.tar         restores again: tar overwrites what
 *                                                               it has restored itself
 *   SETTLE, half of it             installed, system, home.tar  starts it; the copy goes, by 3
 *   SETTLE                         installed, system            starts it
 *
 * Threads: any; the caller's struct. Ownership: nothing is held. */
/* clang-format on */
#pragma once

#include "core/strings.h"

#include <stdbool.h>
#include <stdint.h>

enum machine_state {
	STATE_FIND_WSL,
	STATE_OFFER_WSL, /* not installed: ask */
	STATE_INSTALL_WSL,
	STATE_OFFER_WSL_UPDATE, /* too old: ask */
	STATE_UPDATE_WSL,
	STATE_FIND_SYSTEM,
	STATE_OFFER_UPDATE, /* a newer system: ask */
	STATE_FIND_IMAGE,
	STATE_DOWNLOAD,
	STATE_VERIFY,
	STATE_SAVE_HOME, /* these two have nothing to do where no system is registered */
	STATE_REMOVE_OLD,
	STATE_IMPORT,
	STATE_CLEAN_UP,     /* remove what a failed import left */
	STATE_RESTORE_HOME, /* nothing to do where there is no home.tar */
	STATE_SETTLE,       /* write down that the system is whole, remove what is needed no more */
	STATE_START_AGENT,
	STATE_WAIT_READY,
	STATE_REACH,  /* by localhost */
	STATE_TUNNEL, /* through wsl.exe */
	STATE_OPEN_VIEW,
	STATE_RUNNING,
	STATE_CHECK,    /* Windows slept, or the network changed: is it still there? */
	STATE_BACK_OFF, /* wait for machine.delay_ms */
	STATE_STOP,
	STATE_FAILED, /* show machine.fault: try again? */
	STATE_ENDED,
	STATE_COUNT,
};

enum machine_event {
	EVENT_DONE,   /* what the state is there for */
	EVENT_FAILED, /* with a fault: no use in going on */
	EVENT_QUIT,   /* the person, or Windows, wants to end it */
	EVENT_YES,    /* to what was asked */
	EVENT_NO,
	EVENT_MISSING,     /* no WSL; no system */
	EVENT_TOO_OLD,     /* WSL */
	EVENT_NEWER,       /* there is a newer system than the registered one */
	EVENT_HOME_WAITS,  /* a system that has not got its home back */
	EVENT_LOCAL,       /* the image is a file on this PC */
	EVENT_BROKE_OFF,   /* the connection; with the fault to show in the end */
	EVENT_GOT_FURTHER, /* it broke off too, but further on than the last time */
	EVENT_WRONG,       /* the download is not what it should be; likewise */
	EVENT_IN_THE_WAY,  /* debris of an earlier import; likewise */
	EVENT_UNREACHABLE, /* the desktop, by the way that was tried */
	EVENT_WOKE,
	EVENT_OPEN,    /* the person wants to see the desktop again */
	EVENT_CRASHED, /* the agent left; likewise */
	EVENT_RESTART, /* the person wants a new session */
	EVENT_COUNT,
};

enum machine_count {
	COUNT_NOTHING,
	COUNT_CRASH,      /* at most 5 in a row; 60 s of running end the row */
	COUNT_BREAK,      /* at most 5 in a row */
	COUNT_WRONG,      /* at most 1 */
	COUNT_IN_THE_WAY, /* at most 1 */
	COUNT_COUNT,
};

#define MACHINE_HEALTHY_MS 60000

struct machine {
	enum machine_state state;
	enum fault fault;  /* for FAILED */
	uint32_t delay_ms; /* for BACK_OFF: 500, doubled each time in a row */
	int exit_code;     /* 1 when it was given up */

	/* Ours. */
	enum machine_state then;   /* what follows CLEAN_UP and STOP */
	enum machine_state resume; /* what follows BACK_OFF */
	unsigned counts[COUNT_COUNT];
	uint64_t running_since_ms;
	bool has_run;
};

void machine_init(struct machine *machine);

/* Go where `event` leads; the new state. `fault`: with EVENT_FAILED and those that say so. An event
 * that means nothing in this state, see machine_allows(), is a programmer's mistake. */
enum machine_state machine_step(
	struct machine *machine, enum machine_event event, enum fault fault, uint64_t now_ms);

bool machine_allows(enum machine_state state, enum machine_event event);

/* For the log: "FIND_WSL", "QUIT". */
const char *machine_state_name(enum machine_state state);
const char *machine_event_name(enum machine_event event);
