/* The ways that lead to a desktop. */
#include "check.h"
#include "core/strings.h"
#include "fake_platform.h"
#include "launch_good.h"

#include <string.h>

TEST(launch, downloads_sets_up_and_opens_on_the_first_start)
{
	struct options options = plain();

	fake_reset();
	check_good(fake_run(&options));

	CHECK_NUMBER(fake.imports, 1);
	CHECK_NUMBER(fake.downloads, 1);
	CHECK_NUMBER(fake.saves, 0);
	CHECK_NUMBER(fake.questions, 0);
	CHECK_TEXT(fake_content(FAKE_DATA "\\installed.json"), "{\"version\": \"0.1.0\"}\n");
	CHECK_NUMBER(fake.file_count, 1); /* what was downloaded is gone */
}

TEST(launch, goes_straight_through_on_later_starts)
{
	struct options options = plain();

	fake_reset();
	fake_install();
	check_good(fake_run(&options));

	CHECK_NUMBER(fake.imports, 0);
	CHECK_NUMBER(fake.downloads, 0);
	CHECK_NUMBER(fake.starts, 1);
	CHECK_TEXT(fake.home, "letters+");
}

TEST(launch, reads_what_an_old_wsl_says_in_utf_16)
{
	struct options options = plain();

	fake_reset();
	fake.is_utf16 = true;
	check_good(fake_run(&options));
}

TEST(launch, takes_the_image_beside_the_exe)
{
	struct options options = plain();

	fake_reset();
	fake.is_offline = true;
	fake_put_local_image(7, false);
	check_good(fake_run(&options));

	CHECK_NUMBER(fake.system_version, 7);
	CHECK(fake_find(FAKE_EXE "\\helix.tar.gz"));
	/* By the agent itself, as nothing else told it. */
	CHECK_TEXT(fake_content(FAKE_DATA "\\installed.json"), "{\"version\": \"0.7.0\"}\n");
}

TEST(launch, verifies_the_image_beside_the_exe_by_its_manifest)
{
	struct options options = plain();

	fake_reset();
	fake.is_offline = true;
	fake_put_local_image(7, true);
	check_good(fake_run(&options));

	CHECK_TEXT(fake_content(FAKE_DATA "\\installed.json"), "{\"version\": \"0.7.0\"}\n");
}

TEST(launch, takes_the_image_that_was_named)
{
	struct options options = plain();

	fake_reset();
	options.image = "D:\\images\\helix.wsl";
	fake_write(options.image, "IMAGE 3", 8);
	check_good(fake_run(&options));

	CHECK_NUMBER(fake.system_version, 3);
}

TEST(launch, reads_a_manifest_in_a_file_and_takes_the_image_beside_it)
{
	struct options options = plain();

	fake_reset();
	fake_put_local_image(4, true);
	fake_find(FAKE_EXE "\\helix.tar.gz")->path[0] = 'D';
	fake_find(FAKE_EXE "\\manifest.json")->path[0] = 'D';
	options.manifest = "D:\\Tools\\manifest.json";
	check_good(fake_run(&options));

	CHECK_NUMBER(fake.system_version, 4);
	CHECK_NUMBER(fake.downloads, 0);
}

TEST(launch, resumes_a_download_that_breaks_off)
{
	struct options options = plain();

	fake_reset();
	fake.server_cut = 300;
	fake.server_cuts = 100;
	check_good(fake_run(&options));

	CHECK_NUMBER(fake.downloads, 10);
	CHECK_NUMBER(fake.questions, 0);
}

TEST(launch, downloads_once_more_what_came_wrong)
{
	struct options options = plain();

	fake_reset();
	fake.server_wrongs = 1;
	check_good(fake_run(&options));

	CHECK_NUMBER(fake.downloads, 2);
}

TEST(launch, goes_on_with_a_download_of_an_earlier_start)
{
	struct options options = plain();

	fake_reset();
	fake.server_cut = 5;
	fake.server_cuts = 6;
	CHECK_NUMBER(fake_run(&options), 1);
	CHECK_TEXT(fake.instruction, string_fault_instruction(FAULT_DOWNLOAD_BROKE));
	CHECK_NUMBER(fake_find(FAKE_DATA "\\download\\helix-0.1.0.tar.gz.part")->size, 30);

	fake_restart();
	check_good(fake_run(&options));
	CHECK_NUMBER(fake.downloads, 1);
}

TEST(launch, installs_wsl_when_the_person_agrees)
{
	struct options options = plain();
	static const enum fake_wsl kinds[] = { FAKE_WSL_ABSENT, FAKE_WSL_STUB };

	for (int i = 0; i < 2; i++) {
		fake_reset();
		fake.wsl = kinds[i];
		fake.install_helps = true;
		check_good(fake_run(&options));
		CHECK_TEXT(fake.instruction, string_text(STRING_OFFER_WSL));
	}
}

TEST(launch, leaves_without_a_word_when_the_person_wants_no_wsl)
{
	struct options options = plain();

	fake_reset();
	fake.wsl = FAKE_WSL_ABSENT;
	fake.answer_to_offers = 1;

	CHECK_NUMBER(fake_run(&options), 0);
	CHECK_NUMBER(fake.questions, 1);
}

TEST(launch, updates_an_old_wsl_when_the_person_agrees)
{
	struct options options = plain();

	fake_reset();
	fake.wsl_version = "1.2.5.0";
	fake.update_helps = true;
	check_good(fake_run(&options));
	CHECK_TEXT(fake.instruction, string_text(STRING_OFFER_WSL_UPDATE));
	CHECK(strstr(fake.content, "2.0.0") && strstr(fake.content, "1.2.5"));

	fake_reset();
	fake.wsl = FAKE_WSL_INBOX; /* knows no --update either, so Windows is asked */
	fake.install_helps = true;
	check_good(fake_run(&options));
	CHECK(strstr(fake.content, string_text(STRING_OLD_WSL)));
}

TEST(launch, updates_wsl_for_a_system_that_needs_a_newer_one)
{
	struct options options = plain();
	char *minimum;

	fake_reset();
	minimum = strstr(fake.manifest, "2.0.0");
	memcpy(minimum, "2.5.0", 5);
	fake.update_helps = true;
	check_good(fake_run(&options));

	CHECK_TEXT(fake.wsl_version, "2.6.1.0");
}

TEST(launch, starts_a_crashed_agent_again)
{
	struct options options = plain();

	fake_reset();
	fake_install();
	fake.crashes = 5;
	fake.crash_after_ms = 1000;
	fake.deeds[0] = (struct fake_deed){ .after_ms = 60000, .event = PLAT_EVENT_TIMEOUT };
	fake.deed_count = 1;
	check_good(fake_run(&options));

	CHECK_NUMBER(fake.starts, 6);
	CHECK_NUMBER(fake.questions, 0);
	for (unsigned i = 0; i < 5; i++) {
		uint64_t gap_ms = fake.starts_at_ms[i + 1] - fake.starts_at_ms[i];

		CHECK(gap_ms >= 1000 + (500u << i) && gap_ms < 1500 + (500u << i));
	}
}

TEST(launch, opens_the_desktop_of_an_agent_that_tells_no_instance)
{
	struct options options = plain();

	fake_reset();
	fake_install();
	fake.is_agent_old = true;
	check_good(fake_run(&options));

	CHECK_NUMBER(fake.healths, 1);
}

TEST(launch, goes_through_wsl_when_localhost_does_not_work)
{
	struct options options = plain();
	static const int results[] = { PLAT_NETWORK, PLAT_TIMEOUT, PLAT_REFUSED };

	for (int i = 0; i < 3; i++) {
		fake_reset();
		fake_install();
		fake.is_localhost_broken = true;
		fake.localhost_result = results[i];
		check_good(fake_run(&options));
		CHECK(fake.healths < 50);
	}
}

TEST(launch, does_not_try_localhost_when_told_to_tunnel)
{
	struct options options = plain();

	fake_reset();
	fake_install();
	options.tunnel = true;
	check_good(fake_run(&options));

	CHECK_NUMBER(fake.healths, 1);
}

TEST(launch, opens_again_and_restarts_when_asked_to)
{
	struct options options = plain();

	fake_reset();
	fake_install();
	fake.deeds[0] = (struct fake_deed){ .after_ms = 1000, .event = PLAT_EVENT_OPEN };
	fake.deeds[1] = (struct fake_deed){ .after_ms = 2000, .event = PLAT_EVENT_RESTART };
	fake.deed_count = 2;
	check_good(fake_run(&options));

	CHECK_NUMBER(fake.starts, 2);
	CHECK_NUMBER(fake.views, 3);
}

TEST(launch, stays_as_it_is_after_a_sleep_that_broke_nothing)
{
	struct options options = plain();

	fake_reset();
	fake_install();
	fake.deeds[0] = (struct fake_deed){ .after_ms = 1000, .event = PLAT_EVENT_WOKE };
	fake.deed_count = 1;
	check_good(fake_run(&options));

	CHECK_NUMBER(fake.starts, 1);
	CHECK_NUMBER(fake.views, 1);
}

TEST(launch, goes_through_wsl_when_localhost_did_not_survive_a_sleep)
{
	struct options options = plain();

	fake_reset();
	fake_install();
	fake.deeds[0] = (struct fake_deed){
		.after_ms = 1000, .event = PLAT_EVENT_WOKE, .breaks_localhost = true
	};
	fake.deeds[1] = (struct fake_deed){ .after_ms = 60000, .event = PLAT_EVENT_TIMEOUT };
	fake.deed_count = 2;
	check_good(fake_run(&options));

	CHECK_NUMBER(fake.starts, 1);
	CHECK_NUMBER(fake.views, 2);
}

/* Both ways to it are cut, from a second after it was opened to `until_ms`. */
static void cut_both_ways(uint32_t until_ms)
{
	fake_reset();
	fake_install();
	fake.deeds[0] = (struct fake_deed){ .after_ms = 1000,
		.event = PLAT_EVENT_WOKE,
		.breaks_localhost = true,
		.breaks_tunnel = true };
	fake.deeds[1] = (struct fake_deed){
		.after_ms = until_ms, .event = PLAT_EVENT_TIMEOUT, .mends_both = true
	};
	fake.deed_count = 2;
}

TEST(launch, waits_for_a_way_to_a_desktop_that_is_alive)
{
	struct options options = plain();

	cut_both_ways(30000);
	check_good(fake_run(&options));

	CHECK_NUMBER(fake.starts, 1);
	CHECK_NUMBER(fake.questions, 0);
}

TEST(launch, goes_back_to_localhost_when_the_tunnel_did_not_survive_a_sleep)
{
	struct options options = plain();

	fake_reset();
	fake_install();
	fake.deeds[0] = (struct fake_deed){
		.after_ms = 1000, .event = PLAT_EVENT_WOKE, .breaks_localhost = true
	};
	fake.deeds[1] = (struct fake_deed){ .after_ms = 90000,
		.event = PLAT_EVENT_WOKE,
		.mends_both = true,
		.breaks_tunnel = true };
	fake.deeds[2] = (struct fake_deed){ .after_ms = 180000, .event = PLAT_EVENT_TIMEOUT };
	fake.deed_count = 3;
	check_good(fake_run(&options));

	CHECK_NUMBER(fake.starts, 1);
	CHECK_NUMBER(fake.views, 3);
	CHECK_NUMBER(fake.questions, 0);
}

TEST(launch, asks_before_it_gives_up_a_desktop_that_is_alive)
{
	struct options options = plain();

	cut_both_ways(600000);
	fake.answer_to_offers = 0;
	check_good(fake_run(&options));

	CHECK_NUMBER(fake.starts, 1);
	CHECK_TEXT(fake.instruction, string_text(STRING_NO_WAY));
	CHECK(fake.questions > 1);
	CHECK(fake.questions < 20);
	CHECK_NUMBER(fake.fault_count, 0);
}

TEST(launch, restarts_a_desktop_that_cannot_be_reached_when_the_person_says_so)
{
	struct options options = plain();

	cut_both_ways(600000);
	fake.answer_to_offers = 1;

	CHECK_NUMBER(fake_run(&options), 1);
	CHECK_NUMBER(fake.starts, 2); /* and is not reached either: that is said */
	CHECK_TEXT(fake.instruction, string_fault_instruction(FAULT_UNREACHABLE));
}

TEST(launch, never_restores_an_old_copy_over_a_system_that_is_whole)
{
	struct options options = plain();

	fake_reset();
	fake_install();
	fake_write(FAKE_DATA "\\home.tar", "TAR:stale:END", 13);
	check_good(fake_run(&options));

	CHECK_TEXT(fake.home, "letters+");
}
