#include "core/machine.h"

#include <assert.h>
#include <stddef.h>

#define FIRST_DELAY_MS 500

/* Places that are no states of their own. */
enum {
	ANY = STATE_COUNT, /* in a row's first column: whatever has no row itself */
	THEN,              /* in its third: machine.then */
	RESUME,            /* machine.resume */
	NOWHERE = 0,       /* in its fourth: machine.then stays */
};

/* clang-format off */
#define GO(state, event, next) { state, event, next, NOWHERE, COUNT_NOTHING }
#define LEAVE(state, event, then) { state, event, STATE_STOP, then, COUNT_NOTHING }
/* clang-format on */

static const struct row {
	int state;
	enum machine_event event;
	int next;
	int then; /* what follows `next`, where that is STOP or CLEAN_UP */
	enum machine_count count;
} table[] = {
	GO(STATE_FIND_WSL, EVENT_DONE, STATE_FIND_SYSTEM),
	GO(STATE_FIND_WSL, EVENT_MISSING, STATE_OFFER_WSL),
	GO(STATE_FIND_WSL, EVENT_TOO_OLD, STATE_OFFER_WSL_UPDATE),
	GO(STATE_OFFER_WSL, EVENT_YES, STATE_INSTALL_WSL),
	LEAVE(STATE_OFFER_WSL, EVENT_NO, STATE_ENDED),
	GO(STATE_INSTALL_WSL, EVENT_DONE, STATE_FIND_WSL),
	GO(STATE_OFFER_WSL_UPDATE, EVENT_YES, STATE_UPDATE_WSL),
	LEAVE(STATE_OFFER_WSL_UPDATE, EVENT_NO, STATE_ENDED),
	GO(STATE_UPDATE_WSL, EVENT_DONE, STATE_FIND_WSL),

	GO(STATE_FIND_SYSTEM, EVENT_DONE, STATE_START_AGENT),
	GO(STATE_FIND_SYSTEM, EVENT_MISSING, STATE_FIND_IMAGE),
	GO(STATE_FIND_SYSTEM, EVENT_HOME_WAITS, STATE_RESTORE_HOME),
	GO(STATE_FIND_SYSTEM, EVENT_NEWER, STATE_OFFER_UPDATE),
	GO(STATE_OFFER_UPDATE, EVENT_YES, STATE_FIND_IMAGE),
	GO(STATE_OFFER_UPDATE, EVENT_NO, STATE_START_AGENT),

	GO(STATE_FIND_IMAGE, EVENT_DONE, STATE_DOWNLOAD),
	GO(STATE_FIND_IMAGE, EVENT_LOCAL, STATE_VERIFY),
	GO(STATE_FIND_IMAGE, EVENT_TOO_OLD, STATE_OFFER_WSL_UPDATE),
	{ STATE_FIND_IMAGE, EVENT_BROKE_OFF, STATE_BACK_OFF, NOWHERE, COUNT_BREAK },
	GO(STATE_DOWNLOAD, EVENT_DONE, STATE_VERIFY),
	{ STATE_DOWNLOAD, EVENT_BROKE_OFF, STATE_BACK_OFF, NOWHERE, COUNT_BREAK },
	{ STATE_DOWNLOAD, EVENT_GOT_FURTHER, STATE_BACK_OFF, NOWHERE, COUNT_BREAK },
	{ STATE_DOWNLOAD, EVENT_WRONG, STATE_DOWNLOAD, NOWHERE, COUNT_WRONG },
	GO(STATE_VERIFY, EVENT_DONE, STATE_SAVE_HOME),
	{ STATE_VERIFY, EVENT_WRONG, STATE_DOWNLOAD, NOWHERE, COUNT_WRONG },

	GO(STATE_SAVE_HOME, EVENT_DONE, STATE_REMOVE_OLD),
	GO(STATE_REMOVE_OLD, EVENT_DONE, STATE_IMPORT),
	GO(STATE_IMPORT, EVENT_DONE, STATE_RESTORE_HOME),
	{ STATE_IMPORT, EVENT_IN_THE_WAY, STATE_CLEAN_UP, STATE_IMPORT, COUNT_IN_THE_WAY },
	{ STATE_IMPORT, EVENT_FAILED, STATE_CLEAN_UP, STATE_FAILED, COUNT_NOTHING },
	GO(STATE_CLEAN_UP, EVENT_DONE, THEN),
	GO(STATE_RESTORE_HOME, EVENT_DONE, STATE_SETTLE),
	GO(STATE_SETTLE, EVENT_DONE, STATE_START_AGENT),

	GO(STATE_START_AGENT, EVENT_DONE, STATE_WAIT_READY),
	GO(STATE_WAIT_READY, EVENT_DONE, STATE_REACH),
	GO(STATE_REACH, EVENT_DONE, STATE_OPEN_VIEW),
	GO(STATE_REACH, EVENT_UNREACHABLE, STATE_TUNNEL),
	GO(STATE_TUNNEL, EVENT_DONE, STATE_OPEN_VIEW),
	GO(STATE_TUNNEL, EVENT_UNREACHABLE, STATE_CHECK), /* a live desktop is waited for */
	GO(STATE_OPEN_VIEW, EVENT_DONE, STATE_RUNNING),
	GO(STATE_RUNNING, EVENT_OPEN, STATE_OPEN_VIEW),
	GO(STATE_RUNNING, EVENT_WOKE, STATE_CHECK),
	GO(STATE_CHECK, EVENT_DONE, STATE_RUNNING),
	GO(STATE_CHECK, EVENT_UNREACHABLE, STATE_TUNNEL),

	{ STATE_WAIT_READY, EVENT_CRASHED, STATE_STOP, STATE_BACK_OFF, COUNT_CRASH },
	{ STATE_REACH, EVENT_CRASHED, STATE_STOP, STATE_BACK_OFF, COUNT_CRASH },
	{ STATE_TUNNEL, EVENT_CRASHED, STATE_STOP, STATE_BACK_OFF, COUNT_CRASH },
	{ STATE_RUNNING, EVENT_CRASHED, STATE_STOP, STATE_BACK_OFF, COUNT_CRASH },
	{ STATE_CHECK, EVENT_CRASHED, STATE_STOP, STATE_BACK_OFF, COUNT_CRASH },

	LEAVE(STATE_WAIT_READY, EVENT_RESTART, STATE_START_AGENT),
	LEAVE(STATE_REACH, EVENT_RESTART, STATE_START_AGENT),
	LEAVE(STATE_TUNNEL, EVENT_RESTART, STATE_START_AGENT),
	LEAVE(STATE_RUNNING, EVENT_RESTART, STATE_START_AGENT),
	LEAVE(STATE_CHECK, EVENT_RESTART, STATE_START_AGENT),
	GO(STATE_BACK_OFF, EVENT_RESTART, RESUME),

	GO(STATE_BACK_OFF, EVENT_DONE, RESUME),
	GO(STATE_STOP, EVENT_DONE, THEN),
	GO(STATE_FAILED, EVENT_YES, STATE_FIND_WSL),
	LEAVE(STATE_FAILED, EVENT_NO, STATE_ENDED),
	LEAVE(ANY, EVENT_FAILED, STATE_FAILED),
	LEAVE(ANY, EVENT_QUIT, STATE_ENDED),
};

static const unsigned limits[COUNT_COUNT] = {
	[COUNT_CRASH] = 5,
	[COUNT_BREAK] = 5,
	[COUNT_WRONG] = 1,
	[COUNT_IN_THE_WAY] = 1,
};

void machine_init(struct machine *machine)
{
	*machine = (struct machine){ .state = STATE_FIND_WSL };
}

static const struct row *find_row(enum machine_state state, enum machine_event event)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		const struct row *row = &table[i];
		bool is_here = row->state == (int)state || row->state == ANY;

		if (is_here && row->event == event && state != STATE_ENDED)
			return row;
	}
	return NULL;
}

bool machine_allows(enum machine_state state, enum machine_event event)
{
	return find_row(state, event) != NULL;
}

/* False when it was once too often. */
static bool count(
	struct machine *machine, const struct row *row, enum machine_state from, uint64_t now_ms)
{
	unsigned *in_a_row = &machine->counts[row->count];

	if (row->count == COUNT_NOTHING)
		return true;
	if (row->event == EVENT_GOT_FURTHER)
		*in_a_row = 0;
	if (row->count == COUNT_CRASH && machine->has_run &&
		now_ms - machine->running_since_ms >= MACHINE_HEALTHY_MS)
		*in_a_row = 0;
	if (++*in_a_row > limits[row->count])
		return false;
	machine->delay_ms = (uint32_t)FIRST_DELAY_MS << (*in_a_row - 1);
	machine->resume = row->count == COUNT_CRASH ? STATE_START_AGENT : from;
	return true;
}

/* What a state means for those that follow. */
static void enter(struct machine *machine, enum machine_state from, uint64_t now_ms)
{
	if (machine->state == STATE_FIND_WSL && from == STATE_FAILED)
		machine_init(machine);
	if (machine->state == STATE_FAILED)
		machine->exit_code = 1;
	if (machine->state == STATE_START_AGENT)
		machine->has_run = false;
	if (machine->state == STATE_RUNNING && !machine->has_run) {
		machine->has_run = true;
		machine->running_since_ms = now_ms;
	}
}

enum machine_state machine_step(
	struct machine *machine, enum machine_event event, enum fault fault, uint64_t now_ms)
{
	enum machine_state from = machine->state;
	const struct row *row = find_row(from, event);
	int next, then;

	assert(row);
	assert(event != EVENT_FAILED || fault != FAULT_NONE);
	next = row->next;
	then = row->then;
	if (fault != FAULT_NONE)
		machine->fault = fault;
	if (!count(machine, row, from, now_ms)) {
		assert(fault != FAULT_NONE);
		next = STATE_STOP;
		then = STATE_FAILED;
	}
	if (next == THEN)
		next = machine->then;
	else if (next == RESUME)
		next = machine->resume;
	if (then != NOWHERE)
		machine->then = (enum machine_state)then;
	machine->state = (enum machine_state)next;
	enter(machine, from, now_ms);
	return machine->state;
}

const char *machine_state_name(enum machine_state state)
{
	static const char *const names[STATE_COUNT] = {
		[STATE_FIND_WSL] = "FIND_WSL",
		[STATE_OFFER_WSL] = "OFFER_WSL",
		[STATE_INSTALL_WSL] = "INSTALL_WSL",
		[STATE_OFFER_WSL_UPDATE] = "OFFER_WSL_UPDATE",
		[STATE_UPDATE_WSL] = "UPDATE_WSL",
		[STATE_FIND_SYSTEM] = "FIND_SYSTEM",
		[STATE_OFFER_UPDATE] = "OFFER_UPDATE",
		[STATE_FIND_IMAGE] = "FIND_IMAGE",
		[STATE_DOWNLOAD] = "DOWNLOAD",
		[STATE_VERIFY] = "VERIFY",
		[STATE_SAVE_HOME] = "SAVE_HOME",
		[STATE_REMOVE_OLD] = "REMOVE_OLD",
		[STATE_IMPORT] = "IMPORT",
		[STATE_CLEAN_UP] = "CLEAN_UP",
		[STATE_RESTORE_HOME] = "RESTORE_HOME",
		[STATE_SETTLE] = "SETTLE",
		[STATE_START_AGENT] = "START_AGENT",
		[STATE_WAIT_READY] = "WAIT_READY",
		[STATE_REACH] = "REACH",
		[STATE_TUNNEL] = "TUNNEL",
		[STATE_OPEN_VIEW] = "OPEN_VIEW",
		[STATE_RUNNING] = "RUNNING",
		[STATE_CHECK] = "CHECK",
		[STATE_BACK_OFF] = "BACK_OFF",
		[STATE_STOP] = "STOP",
		[STATE_FAILED] = "FAILED",
		[STATE_ENDED] = "ENDED",
	};

	assert(state < STATE_COUNT);
	return names[state];
}

const char *machine_event_name(enum machine_event event)
{
	static const char *const names[EVENT_COUNT] = {
		[EVENT_DONE] = "DONE",
		[EVENT_FAILED] = "FAILED",
		[EVENT_QUIT] = "QUIT",
		[EVENT_YES] = "YES",
		[EVENT_NO] = "NO",
		[EVENT_MISSING] = "MISSING",
		[EVENT_TOO_OLD] = "TOO_OLD",
		[EVENT_NEWER] = "NEWER",
		[EVENT_HOME_WAITS] = "HOME_WAITS",
		[EVENT_LOCAL] = "LOCAL",
		[EVENT_BROKE_OFF] = "BROKE_OFF",
		[EVENT_GOT_FURTHER] = "GOT_FURTHER",
		[EVENT_WRONG] = "WRONG",
		[EVENT_IN_THE_WAY] = "IN_THE_WAY",
		[EVENT_UNREACHABLE] = "UNREACHABLE",
		[EVENT_WOKE] = "WOKE",
		[EVENT_OPEN] = "OPEN",
		[EVENT_CRASHED] = "CRASHED",
		[EVENT_RESTART] = "RESTART",
	};

	assert(event < EVENT_COUNT);
	return names[event];
}
