/* A run is ended at each single call of the seam, by the person or by the loss of power, before the
 * call or in its middle, or Windows refuses access to files there. Whatever it was about, the next
 * start comes up, and with everything in /home. machine.h says why. */
#include "check.h"
#include "fake_platform.h"

#include <stdio.h>
#include <string.h>

enum how {
	CANCEL,
	CANCEL_MIDWAY,
	ABORT,
	ABORT_MIDWAY,
	DENY,      /* Windows refuses this one access to a file */
	DENY_FROM, /* and all that follow */
};

static const struct options options = { .name = "Helix", .manifest = FAKE_URL };

static void have_nothing(void)
{
}

static void have_no_wsl(void)
{
	fake.wsl = FAKE_WSL_ABSENT;
	fake.install_helps = true;
}

static void have_a_bad_connection(void)
{
	fake.server_cut = 1000;
	fake.server_cuts = 100;
}

static void have_an_update(void)
{
	fake_install();
	fake_publish(2);
	fake_write(FAKE_DATA "\\update.json", fake.manifest, strlen(fake.manifest));
}

/* A system that Helix knows nothing about but its name. */
static void have_a_stranger(void)
{
	have_an_update();
	fake_remove(FAKE_DATA "\\installed.json");
}

/* Somebody removed the system, with wsl.exe, when an update had been cut. */
static void have_nothing_but_a_saved_home(void)
{
	have_an_update();
	fake_write(FAKE_DATA "\\home.tar", "TAR:letters:END", 15);
	fake.is_registered = false;
	fake.home[0] = '\0';
}

/* Its disk is all there is of an earlier system. */
static void have_an_orphaned_disk(void)
{
	fake_write(FAKE_DATA "\\system", "letters", 7);
}

static void have_an_update_that_fails(void)
{
	have_an_update();
	fake.import_error = "Wsl/Service/RegisterDistro/E_FAIL\r\n";
	fake.import_leaves_debris = true;
}

static void have_an_update_that_cannot_restore(void)
{
	have_an_update();
	fake.is_restore_failing = true;
}

/* And then the new system is one over which the saved files cannot be unpacked. */
static void have_an_update_that_is_in_the_way(void)
{
	have_an_update();
	fake.is_home_in_the_way = true;
}

static void have_a_crashing_agent(void)
{
	fake_install();
	fake.crashes = 2;
	fake.crash_after_ms = 50;
}

static void have_no_localhost(void)
{
	fake_install();
	fake.is_localhost_broken = true;
	fake.deeds[0] = (struct fake_deed){ .after_ms = 1000, .event = PLAT_EVENT_WOKE };
	fake.deeds[1] = (struct fake_deed){ .after_ms = 2000, .event = PLAT_EVENT_RESTART };
	fake.deeds[2] = (struct fake_deed){ .after_ms = 90000, .event = PLAT_EVENT_OPEN };
	fake.deed_count = 3;
}

static void (*const scenes[])(void) = {
	have_nothing,
	have_no_wsl,
	have_a_bad_connection,
	have_an_update,
	have_a_stranger,
	have_nothing_but_a_saved_home,
	have_an_orphaned_disk,
	have_an_update_that_fails,
	have_an_update_that_cannot_restore,
	have_an_update_that_is_in_the_way,
	have_a_crashing_agent,
	have_no_localhost,
};

#define SCENE_COUNT (sizeof scenes / sizeof *scenes)

static void cut(enum how how, unsigned at)
{
	fake.cancel_at = how == CANCEL || how == CANCEL_MIDWAY ? at : 0;
	fake.abort_at = how == ABORT || how == ABORT_MIDWAY ? at : 0;
	fake.deny_at = how == DENY ? at : 0;
	fake.deny_from = how == DENY_FROM ? at : 0;
	fake.is_midway = how == CANCEL_MIDWAY || how == ABORT_MIDWAY;
}

/* Run with a cut. False when the run had come to its end before. */
static bool run_cut(enum how how, unsigned at)
{
	bool is_cut;
	int exit_code;

	cut(how, at);
	exit_code = fake_run(&options);
	is_cut = fake.calls >= at;
	CHECK(!fake.is_endless && !fake.is_home_lost);
	if (how == CANCEL || how == CANCEL_MIDWAY) {
		CHECK(exit_code == 0 || exit_code == 1);
		CHECK(!fake.is_running && !fake.has_tunnel && !fake.is_view_open);
		CHECK(!fake.is_cancelled || fake.calls < at + 40);
	}
	fake_restart();
	return is_cut;
}

/* The next start, after the cause of trouble has gone; the update may be wanted or not. */
static bool comes_up(bool wants_update)
{
	unsigned version = fake.image_version;

	fake_repair();
	fake_publish(version);
	fake.answer_to_offers = wants_update ? 0 : 1;
	return CHECK_NUMBER(fake_run(&options), 0) && CHECK(fake.views > 0) &&
		CHECK(!fake.is_home_lost) && CHECK_TEXT(fake.home, fake.truth) &&
		CHECK(!fake.is_running) && CHECK(!fake_find(FAKE_DATA "\\home.tar"));
}

static void check_cuts(enum how how)
{
	for (size_t scene = 0; scene < SCENE_COUNT; scene++)
		for (unsigned at = 1, is_cut = 1; is_cut; at++)
			for (int wants_update = 0; wants_update < 2; wants_update++) {
				fake_reset();
				scenes[scene]();
				is_cut = run_cut(how, at);
				if (!comes_up(wants_update != 0)) {
					printf("# scene %u, cut at %u\n", (unsigned)scene, at);
					return;
				}
			}
}

TEST(cuts, by_the_person_before_any_call_end_it_and_lose_nothing)
{
	check_cuts(CANCEL);
}

TEST(cuts, by_the_person_in_the_middle_of_any_call_end_it_and_lose_nothing)
{
	check_cuts(CANCEL_MIDWAY);
}

TEST(cuts, of_power_before_any_call_lose_nothing)
{
	check_cuts(ABORT);
}

TEST(cuts, of_power_in_the_middle_of_any_call_lose_nothing)
{
	check_cuts(ABORT_MIDWAY);
}

TEST(cuts, of_access_to_a_file_lose_nothing)
{
	check_cuts(DENY);
}

TEST(cuts, of_access_to_all_files_from_any_call_on_lose_nothing)
{
	check_cuts(DENY_FROM);
}

/* And again while the next start is about to put things right. */
TEST(cuts, of_power_in_an_update_twice_anywhere_lose_nothing)
{
	for (int how = 0; how < 4; how++)
		for (unsigned first = 1, is_first = 1; is_first; first++)
			for (unsigned second = 1, is_second = 1; is_second; second++) {
				fake_reset();
				have_an_update();
				is_first = run_cut(how & 1 ? ABORT_MIDWAY : ABORT, first);
				is_second = run_cut(how & 2 ? ABORT_MIDWAY : ABORT, second);
				if (!comes_up(true)) {
					printf("# cut at %u and %u, kind %d\n", first, second, how);
					return;
				}
			}
}
