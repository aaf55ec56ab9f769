#include "core/machine.h"

#include "check.h"

#include <stdio.h>
#include <string.h>

/* Go from the start to `state` by what happens on a good day, at the time 0. */
static struct machine machine_at(enum machine_state state)
{
	struct machine machine;

	machine_init(&machine);
	machine.state = state;
	return machine;
}

static void step(struct machine *machine, enum machine_event event, enum machine_state next)
{
	CHECK_TEXT(machine_state_name(machine_step(machine, event, FAULT_NONE, 0)),
		machine_state_name(next));
}

TEST(machine, goes_straight_to_the_desktop_when_all_is_there)
{
	struct machine machine;

	machine_init(&machine);

	step(&machine, EVENT_DONE, STATE_FIND_SYSTEM);
	step(&machine, EVENT_DONE, STATE_START_AGENT);
	step(&machine, EVENT_DONE, STATE_WAIT_READY);
	step(&machine, EVENT_DONE, STATE_REACH);
	step(&machine, EVENT_DONE, STATE_OPEN_VIEW);
	step(&machine, EVENT_DONE, STATE_RUNNING);
	step(&machine, EVENT_QUIT, STATE_STOP);
	step(&machine, EVENT_DONE, STATE_ENDED);
	CHECK_NUMBER(machine.exit_code, 0);
}

TEST(machine, sets_up_what_is_missing)
{
	struct machine machine;

	machine_init(&machine);

	step(&machine, EVENT_MISSING, STATE_OFFER_WSL);
	step(&machine, EVENT_YES, STATE_INSTALL_WSL);
	step(&machine, EVENT_DONE, STATE_FIND_WSL);
	step(&machine, EVENT_DONE, STATE_FIND_SYSTEM);
	step(&machine, EVENT_MISSING, STATE_FIND_IMAGE);
	step(&machine, EVENT_DONE, STATE_DOWNLOAD);
	step(&machine, EVENT_DONE, STATE_VERIFY);
	step(&machine, EVENT_DONE, STATE_SAVE_HOME);
	step(&machine, EVENT_DONE, STATE_REMOVE_OLD);
	step(&machine, EVENT_DONE, STATE_IMPORT);
	step(&machine, EVENT_DONE, STATE_RESTORE_HOME);
	step(&machine, EVENT_DONE, STATE_SETTLE);
	step(&machine, EVENT_DONE, STATE_START_AGENT);
}

TEST(machine, leaves_every_state_for_a_quit_or_a_failure)
{
	for (int state = 0; state < STATE_ENDED; state++) {
		struct machine machine = machine_at((enum machine_state)state);

		step(&machine, EVENT_QUIT, STATE_STOP);
		step(&machine, EVENT_DONE, STATE_ENDED);

		machine = machine_at((enum machine_state)state);
		machine_step(&machine, EVENT_FAILED, FAULT_FILES, 0);
		while (machine.state != STATE_FAILED)
			machine_step(&machine, EVENT_DONE, FAULT_NONE, 0);
		CHECK_NUMBER(machine.fault, FAULT_FILES);
		CHECK_NUMBER(machine.exit_code, 1);
	}
	for (int event = 0; event < EVENT_COUNT; event++)
		CHECK(!machine_allows(STATE_ENDED, (enum machine_event)event));
}

TEST(machine, has_a_name_for_everything_and_reaches_every_state)
{
	bool is_reached[STATE_COUNT] = { [STATE_FIND_WSL] = true };

	for (int state = 0; state < STATE_COUNT; state++)
		for (int event = 0; event < EVENT_COUNT; event++) {
			struct machine machine = machine_at((enum machine_state)state);

			machine.then = STATE_FAILED;
			machine.resume = STATE_DOWNLOAD;
			if (!machine_allows(machine.state, (enum machine_event)event))
				continue;
			machine_step(&machine, (enum machine_event)event, FAULT_FILES, 0);
			CHECK(machine.state != STATE_COUNT);
			is_reached[machine.state] = true;
			is_reached[machine.then] = true;
		}
	for (int state = 0; state < STATE_COUNT; state++) {
		CHECK(is_reached[state]);
		CHECK(machine_state_name((enum machine_state)state));
	}
	for (int event = 0; event < EVENT_COUNT; event++)
		CHECK(machine_event_name((enum machine_event)event));
}

/* From RUNNING through a crash to the next RUNNING or to FAILED, `now_ms` being when it crashed. */
static enum machine_state crash(struct machine *machine, uint64_t now_ms)
{
	machine_step(machine, EVENT_CRASHED, FAULT_AGENT_CRASHED, now_ms);
	CHECK_NUMBER(machine->state, STATE_STOP);
	while (machine->state != STATE_RUNNING && machine->state != STATE_FAILED)
		machine_step(machine, EVENT_DONE, FAULT_NONE, now_ms);
	return machine->state;
}

TEST(machine, starts_a_crashed_agent_again_five_times_in_a_row)
{
	static const uint32_t delays_ms[] = { 500, 1000, 2000, 4000, 8000 };
	struct machine machine = machine_at(STATE_OPEN_VIEW);

	machine_step(&machine, EVENT_DONE, FAULT_NONE, 0);
	for (size_t i = 0; i < 5; i++) {
		CHECK_NUMBER(crash(&machine, i * 1000), STATE_RUNNING);
		CHECK_NUMBER(machine.delay_ms, delays_ms[i]);
	}

	CHECK_NUMBER(crash(&machine, 6000), STATE_FAILED);
	CHECK_NUMBER(machine.fault, FAULT_AGENT_CRASHED);
}

TEST(machine, counts_crashes_anew_after_a_minute_of_running)
{
	struct machine machine = machine_at(STATE_OPEN_VIEW);

	machine_step(&machine, EVENT_DONE, FAULT_NONE, 0);
	for (uint64_t i = 1; i <= 20; i++) {
		CHECK_NUMBER(crash(&machine, i * MACHINE_HEALTHY_MS), STATE_RUNNING);
		CHECK_NUMBER(machine.delay_ms, 500);
	}
}

TEST(machine, restarts_at_once_when_asked_to)
{
	struct machine machine = machine_at(STATE_RUNNING);

	step(&machine, EVENT_RESTART, STATE_STOP);
	step(&machine, EVENT_DONE, STATE_START_AGENT);

	machine = machine_at(STATE_RUNNING);
	machine_step(&machine, EVENT_CRASHED, FAULT_AGENT_CRASHED, 0);
	step(&machine, EVENT_DONE, STATE_BACK_OFF);
	step(&machine, EVENT_RESTART, STATE_START_AGENT);
}

TEST(machine, tries_a_broken_download_five_times_in_a_row)
{
	struct machine machine = machine_at(STATE_DOWNLOAD);

	for (int i = 0; i < 5; i++) {
		machine_step(&machine, EVENT_BROKE_OFF, FAULT_NO_NETWORK, 0);
		CHECK_NUMBER(machine.state, STATE_BACK_OFF);
		CHECK_NUMBER(machine.delay_ms, 500 << i);
		step(&machine, EVENT_DONE, STATE_DOWNLOAD);
	}
	machine_step(&machine, EVENT_GOT_FURTHER, FAULT_DOWNLOAD_BROKE, 0);
	CHECK_NUMBER(machine.delay_ms, 500);
	step(&machine, EVENT_DONE, STATE_DOWNLOAD);
	for (int i = 0; i < 4; i++) {
		machine_step(&machine, EVENT_BROKE_OFF, FAULT_NO_NETWORK, 0);
		step(&machine, EVENT_DONE, STATE_DOWNLOAD);
	}

	machine_step(&machine, EVENT_BROKE_OFF, FAULT_NO_NETWORK, 0);
	step(&machine, EVENT_DONE, STATE_FAILED);
	CHECK_NUMBER(machine.fault, FAULT_NO_NETWORK);
}

TEST(machine, downloads_once_more_what_was_wrong)
{
	struct machine machine = machine_at(STATE_VERIFY);

	machine_step(&machine, EVENT_WRONG, FAULT_DOWNLOAD_WRONG, 0);
	CHECK_NUMBER(machine.state, STATE_DOWNLOAD);
	step(&machine, EVENT_DONE, STATE_VERIFY);

	machine_step(&machine, EVENT_WRONG, FAULT_DOWNLOAD_WRONG, 0);
	CHECK_NUMBER(machine.state, STATE_STOP);
	step(&machine, EVENT_DONE, STATE_FAILED);
}

TEST(machine, cleans_up_after_a_failed_import)
{
	struct machine machine = machine_at(STATE_IMPORT);

	machine_step(&machine, EVENT_IN_THE_WAY, FAULT_NAME_TAKEN, 0);
	CHECK_NUMBER(machine.state, STATE_CLEAN_UP);
	step(&machine, EVENT_DONE, STATE_IMPORT);
	machine_step(&machine, EVENT_FAILED, FAULT_IMPORT_FAILED, 0);
	CHECK_NUMBER(machine.state, STATE_CLEAN_UP);
	step(&machine, EVENT_DONE, STATE_FAILED);

	CHECK_NUMBER(machine.fault, FAULT_IMPORT_FAILED);
}

TEST(machine, forgets_everything_when_it_tries_again)
{
	struct machine machine = machine_at(STATE_VERIFY);

	machine_step(&machine, EVENT_WRONG, FAULT_DOWNLOAD_WRONG, 0);
	machine_step(&machine, EVENT_FAILED, FAULT_FILES, 0);
	machine_step(&machine, EVENT_DONE, FAULT_NONE, 0);
	CHECK_NUMBER(machine.exit_code, 1);

	step(&machine, EVENT_YES, STATE_FIND_WSL);
	CHECK_NUMBER(machine.exit_code, 0);
	CHECK_NUMBER(machine.counts[COUNT_WRONG], 0);
}

/* Something in every one; "%s" twice at most, and no other "%" beside one. */
static void check_text_of(const char *text)
{
	int places = 0;

	CHECK(text[0] != '\0');
	for (const char *at = strstr(text, "%s") ? strchr(text, '%') : NULL; at;
		at = strchr(at + 1, '%')) {
		CHECK(at[1] == 's');
		places++;
	}
	CHECK(places <= 2);
}

TEST(strings, are_all_there_with_places_for_text_only)
{
	for (int id = 0; id < STRING_COUNT; id++)
		check_text_of(string_text((enum string)id));
	for (int fault = FAULT_NONE + 1; fault < FAULT_COUNT; fault++) {
		check_text_of(string_fault_instruction((enum fault)fault));
		check_text_of(string_fault_content((enum fault)fault));
		CHECK(strncmp(string_fault_name((enum fault)fault), "FAULT_", 6) == 0);
	}
}

TEST(strings, tell_every_fault_in_words_of_its_own)
{
	for (int a = 1; a < FAULT_COUNT; a++)
		for (int b = 1; b < a; b++) {
			CHECK(strcmp(string_fault_instruction((enum fault)a),
				      string_fault_instruction((enum fault)b)) != 0);
			CHECK(strcmp(string_fault_content((enum fault)a),
				      string_fault_content((enum fault)b)) != 0);
		}
}

TEST(strings, fill_places_and_never_cut_a_character)
{
	char text[16];

	CHECK_TEXT(string_fill(text, sizeof text, "%s of %s", "1", "22"), "1 of 22");
	CHECK_TEXT(string_fill(text, sizeof text, "[%s]", NULL, NULL), "[]");
	CHECK_TEXT(string_fill(text, sizeof text, "%s", "100%s%n", NULL), "100%s%n");
	CHECK_TEXT(string_fill(text, 4, "%s", "\xc3\xa4\xc3\xb6", NULL), "\xc3\xa4");
	CHECK_TEXT(string_fill(text, 5, "a%s", "b", NULL), "ab");
	CHECK_TEXT(string_fill(text, 1, "abc", NULL, NULL), "");
}
