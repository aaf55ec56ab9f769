/* Newer systems: found, offered, declined, installed. */
#include "check.h"
#include "fake_platform.h"
#include "launch_good.h"

#include <string.h>

/* One start that lasts long enough to find out that there is version 2. */
static void find_update(struct options *options)
{
	fake_publish(2);
	fake.deeds[0] = (struct fake_deed){ .after_ms = 90000, .event = PLAT_EVENT_TIMEOUT };
	fake.deed_count = 1;
	check_good(fake_run(options));
	CHECK(fake_find(FAKE_DATA "\\update.json"));
	CHECK_NUMBER(fake.questions, 0);
	fake_restart();
}

TEST(update, updates_the_system_and_keeps_home)
{
	struct options options = plain();

	fake_reset();
	fake_install();
	find_update(&options);
	check_good(fake_run(&options));

	CHECK_NUMBER(fake.questions, 1);
	CHECK(strstr(fake.instruction, "0.2.0"));
	CHECK_NUMBER(fake.system_version, 2);
	CHECK_TEXT(fake.home, "letters++");
	CHECK_NUMBER(fake.file_count, 1);
	CHECK_TEXT(fake_content(FAKE_DATA "\\installed.json"), "{\"version\": \"0.2.0\"}\n");

	fake_restart();
	check_good(fake_run(&options));
	CHECK_NUMBER(fake.questions, 0);
}

TEST(update, is_left_when_the_person_says_later)
{
	struct options options = plain();

	fake_reset();
	fake_install();
	find_update(&options);
	fake.answer_to_offers = 1;
	check_good(fake_run(&options));

	CHECK_NUMBER(fake.system_version, 1);
	CHECK_NUMBER(fake.saves, 0);
}

TEST(update, offers_a_newer_image_that_lies_beside_the_exe)
{
	struct options options = plain();

	fake_reset();
	fake_install();
	fake_put_local_image(5, true);
	check_good(fake_run(&options));

	CHECK_NUMBER(fake.system_version, 5);
	CHECK_TEXT(fake.home, "letters+");
}

/* From a minute on, Helix asks a server for an update that answers for ever. */
static void run_with_a_dribbling_server(enum plat_event event)
{
	struct options options = plain();

	fake_reset();
	fake_install();
	fake.is_server_dribbling = true;
	fake.deeds[0] = (struct fake_deed){ .after_ms = 61000, .event = event };
	fake.deed_count = 1;
	check_good(fake_run(&options));
	CHECK(!fake_find(FAKE_DATA "\\update.json"));
}

TEST(update, hears_what_happens_while_it_looks_for_an_update)
{
	uint64_t asked_ms;

	run_with_a_dribbling_server(PLAT_EVENT_RESTART);
	asked_ms = fake.first_view_ms + 61000;
	CHECK_NUMBER(fake.starts, 2);
	CHECK(fake.starts_at_ms[1] >= asked_ms && fake.starts_at_ms[1] < asked_ms + 16000);
}

TEST(update, notices_a_crash_while_it_looks_for_an_update)
{
	struct options options = plain();

	fake_reset();
	fake_install();
	fake.is_server_dribbling = true;
	fake.crashes = 1;
	fake.crash_after_ms = 62000;
	fake.deeds[0] = (struct fake_deed){ .after_ms = 90000, .event = PLAT_EVENT_TIMEOUT };
	fake.deed_count = 1;
	check_good(fake_run(&options));

	CHECK_NUMBER(fake.starts, 2);
	CHECK(fake.starts_at_ms[1] - fake.starts_at_ms[0] < 62000 + 16000);
}

TEST(update, offers_no_update_to_a_system_that_is_as_new)
{
	struct options options = plain();

	fake_reset();
	fake_install();
	fake.deeds[0] = (struct fake_deed){ .after_ms = 90000, .event = PLAT_EVENT_TIMEOUT };
	fake.deed_count = 1;
	check_good(fake_run(&options));

	CHECK(!fake_find(FAKE_DATA "\\update.json"));
}

TEST(update, finishes_an_update_without_the_network)
{
	struct options options = plain();

	fake_reset();
	fake_install();
	find_update(&options);
	fake.import_error = "Wsl/Service/RegisterDistro/E_FAIL\r\n";
	CHECK_NUMBER(fake_run(&options), 1);
	CHECK(!fake.is_registered);
	CHECK(fake_find(FAKE_DATA "\\home.tar"));

	fake_restart();
	fake.import_error = NULL;
	fake.is_offline = true;
	check_good(fake_run(&options));
	CHECK_NUMBER(fake.system_version, 2);
	CHECK_TEXT(fake.home, "letters++");
}

/* A start at which nothing is asked. */
static void check_silent_start(struct options *options)
{
	fake_restart();
	check_good(fake_run(options));
	CHECK_NUMBER(fake.questions, 0);
	CHECK_NUMBER(fake.system_version, 1);
}

TEST(update, that_was_not_wanted_is_not_offered_again)
{
	struct options options = plain();

	fake_reset();
	fake_install();
	find_update(&options);
	fake.answer_to_offers = 1;
	check_good(fake_run(&options));
	CHECK_NUMBER(fake.questions, 1);

	check_silent_start(&options);
	/* Nor when the server was asked once more. */
	fake.deeds[0] = (struct fake_deed){ .after_ms = 90000, .event = PLAT_EVENT_TIMEOUT };
	fake.deed_count = 1;
	check_silent_start(&options);
	check_silent_start(&options);
}

TEST(update, that_was_not_wanted_does_not_hide_a_newer_one)
{
	struct options options = plain();

	fake_reset();
	fake_install();
	find_update(&options);
	fake.answer_to_offers = 1;
	check_good(fake_run(&options));
	fake_restart();
	fake_publish(3);
	fake.deeds[0] = (struct fake_deed){ .after_ms = 90000, .event = PLAT_EVENT_TIMEOUT };
	fake.deed_count = 1;
	check_good(fake_run(&options));

	fake_restart();
	fake.answer_to_offers = 0;
	check_good(fake_run(&options));
	CHECK_NUMBER(fake.questions, 1);
	CHECK_NUMBER(fake.system_version, 3);
	CHECK(!fake_find(FAKE_DATA "\\declined.json"));
}

TEST(update, is_offered_again_on_request)
{
	struct options options = plain();

	fake_reset();
	fake_install();
	find_update(&options);
	fake.answer_to_offers = 1;
	check_good(fake_run(&options));

	fake_restart();
	fake.answer_to_offers = 0;
	options.update = true;
	check_good(fake_run(&options));
	CHECK_NUMBER(fake.questions, 1);
	CHECK_NUMBER(fake.system_version, 2);
}

TEST(update, on_request_asks_the_server_at_once)
{
	struct options options = plain();

	fake_reset();
	fake_install();
	fake_publish(2);
	options.update = true;
	check_good(fake_run(&options));
	CHECK_NUMBER(fake.questions, 1);
	CHECK_NUMBER(fake.system_version, 2);

	fake_restart();
	check_good(fake_run(&options)); /* there is none any more */
	CHECK_NUMBER(fake.questions, 0);
}

TEST(update, on_request_starts_the_desktop_without_a_server)
{
	struct options options = plain();

	options.update = true;
	fake_reset();
	fake_install();
	fake.is_offline = true;
	check_good(fake_run(&options));

	fake_reset();
	fake_install();
	fake.is_server_dribbling = true;
	check_good(fake_run(&options));
	CHECK(fake.first_view_ms < 20000);
}

TEST(update, that_is_a_file_by_name_is_offered_whatever_was_said)
{
	struct options options = plain();

	fake_reset();
	fake_install();
	fake_put_local_image(5, true);
	fake.answer_to_offers = 1;
	check_good(fake_run(&options));
	check_silent_start(&options);

	fake_restart();
	fake.answer_to_offers = 0;
	options.image = FAKE_EXE "\\helix.tar.gz";
	check_good(fake_run(&options));
	CHECK_NUMBER(fake.system_version, 5);
}

TEST(update, stays_unanswered_when_the_answer_cannot_be_written)
{
	struct options options = plain();

	fake_reset();
	fake_install();
	find_update(&options);
	fake.answer_to_offers = 1;
	fake.is_disk_full = true;
	check_good(fake_run(&options));
	CHECK_NUMBER(fake.questions, 1);

	fake_restart();
	fake.is_disk_full = false;
	check_good(fake_run(&options));
	CHECK_NUMBER(fake.questions, 1);
}
