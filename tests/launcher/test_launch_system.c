/* What a system is set up in, and what is left alone: other people's systems and disks. */
#include "check.h"
#include "core/strings.h"
#include "fake_platform.h"

#include <stdio.h>
#include <string.h>

static const struct options options = { .name = "Helix", .manifest = FAKE_URL };

TEST(system, that_somebody_made_meanwhile_is_left_alone)
{
	fake_reset();
	fake.system_appears = true;

	CHECK_NUMBER(fake_run(&options), 1);
	CHECK_TEXT(fake.instruction, string_fault_instruction(FAULT_NAME_TAKEN));
	CHECK(fake.is_registered);
}

TEST(system, in_a_path_that_is_too_long_is_said)
{
	static char directory[2000];
	const struct launch_options launch = {
		.options = &options,
		.exe_directory = FAKE_EXE,
		.data_directory = directory,
		.version = "0.1.0",
	};

	fake_reset();
	memset(directory, 'x', sizeof directory - 1);

	CHECK_NUMBER(launch_run(&launch), 1);
	CHECK_TEXT(fake.instruction, string_fault_instruction(FAULT_FILES));
}

TEST(system, that_cannot_be_set_up_is_told_with_what_is_there_and_what_is_needed)
{
	fake_reset();
	fake.wsl_version = "1.2.5.0";
	fake_run(&options);
	CHECK(strstr(fake.content, "2.0.0") && strstr(fake.content, "1.2.5"));

	fake_reset();
	fake.disk_free = 9000000;
	fake_run(&options);
	CHECK(strstr(fake.content, "9 MB"));

	fake_reset();
	fake.is_localhost_broken = fake.is_tunnel_broken = true;
	fake_run(&options);
	CHECK(strstr(fake.content, string_text(STRING_NO_CONNECTION)));
	CHECK(strstr(fake.content, string_text(STRING_NO_ANSWER)));
}

TEST(system, that_appears_during_the_download_is_left_alone_by_an_import_that_fails)
{
	fake_reset();
	fake.system_appears_early = true;
	fake.import_error = "Wsl/Service/RegisterDistro/E_FAIL\r\n";

	CHECK_NUMBER(fake_run(&options), 1);
	CHECK_TEXT(fake.instruction, string_fault_instruction(FAULT_NAME_TAKEN));
	CHECK(fake.is_registered);
	CHECK_NUMBER(fake.unregisters, 0);
}

TEST(system, is_never_removed_when_no_import_began)
{
	bool is_cut = true;

	for (unsigned at = 1; is_cut; at++) {
		fake_reset();
		fake.deny_at = at;
		fake_run(&options);
		is_cut = fake.calls >= at;
		CHECK(fake.import_attempts > 0 || fake.unregisters == 0);
	}
}

TEST(system, whose_disk_was_left_behind_is_moved_aside_and_kept)
{
	const struct fake_file *file;

	fake_reset();
	fake_write(FAKE_DATA "\\system", "letters", 7);
	CHECK_NUMBER(fake_run(&options), 0);

	file = fake_find(FAKE_DATA "\\system.old-1");
	CHECK(file && file->size == 7 && memcmp(file->bytes, "letters", 7) == 0);
	CHECK(!fake_find(FAKE_DATA "\\system"));
	CHECK_NUMBER(fake.views, 1);
}

TEST(system, that_is_refused_its_folder_for_ever_says_so)
{
	fake_reset();
	fake_write(FAKE_DATA "\\system", "letters", 7);
	fake.import_error = "Wsl/Service/RegisterDistro/ERROR_FILE_EXISTS\r\n";
	fake.answer_to_faults = 0;
	fake.tries = 3;

	CHECK_NUMBER(fake_run(&options), 1);
	CHECK_NUMBER(fake.fault_count, 4);
	CHECK_TEXT(fake.instruction, string_fault_instruction(FAULT_FOLDER_TAKEN));
	CHECK(fake_find(FAKE_DATA "\\system.old-1"));
}

TEST(system, whose_disk_was_left_behind_is_moved_aside_beside_other_systems)
{
	fake_reset();
	fake.has_other_systems = true;
	fake_write(FAKE_DATA "\\system", "letters", 7);

	CHECK_NUMBER(fake_run(&options), 0);
	CHECK(fake_find(FAKE_DATA "\\system.old-1"));
}

TEST(system, whose_folder_is_another_systems_or_may_be_stays_where_it_is)
{
	for (int i = 0; i < 2; i++) {
		fake_reset();
		fake.has_other_systems = true;
		fake.is_folder_anothers = i == 0;
		fake.is_registry_silent = i == 1;
		fake_write(FAKE_DATA "\\system", "letters", 7);

		CHECK_NUMBER(fake_run(&options), 1);
		CHECK_TEXT(fake.instruction, string_fault_instruction(FAULT_FOLDER_TAKEN));
		CHECK(fake_find(FAKE_DATA "\\system"));
		CHECK(strstr(fake.content, FAKE_DATA "\\system"));
	}
}

TEST(system, is_not_restored_before_it_is_on_the_disk)
{
	fake_reset();
	fake_install();
	fake_put_local_image(2, true);
	fake.is_sync_failing = true;

	CHECK_NUMBER(fake_run(&options), 1);
	CHECK(!fake_find(FAKE_DATA "\\installed.json"));
	CHECK(fake_find(FAKE_DATA "\\home.tar"));
	CHECK_NUMBER(fake.starts, 0);
}

/* An update was cut when the new system was there and /home was not back. */
static void have_a_home_that_waits(const char *home)
{
	static const char archive[] = "TAR:letters:END";

	fake_reset();
	fake_install();
	fake_remove(FAKE_DATA "\\installed.json");
	fake_write(FAKE_DATA "\\home.tar", archive, strlen(archive));
	snprintf(fake.home, sizeof fake.home, "%s", home);
}

static void check_home_is_back(int exit_code)
{
	CHECK_NUMBER(exit_code, 0);
	CHECK(!fake.is_home_lost);
	CHECK_TEXT(fake.home, "letters+");
	CHECK(!fake_find(FAKE_DATA "\\home.tar"));
}

TEST(system, gives_way_to_the_saved_home)
{
	have_a_home_that_waits("fresh");
	fake.is_home_in_the_way = true;
	check_home_is_back(fake_run(&options));
	CHECK_TEXT(fake.home_before, "fresh");
}

TEST(system, keeps_what_was_put_into_home_by_hand)
{
	have_a_home_that_waits("by hand");
	check_home_is_back(fake_run(&options));
	CHECK_TEXT(fake.home_before, "by hand");
}

TEST(system, keeps_it_also_when_the_first_attempt_to_restore_fails)
{
	have_a_home_that_waits("by hand");
	fake.is_restore_failing = true;
	CHECK_NUMBER(fake_run(&options), 1);
	CHECK_TEXT(fake.home, "half");

	fake_restart();
	fake.is_restore_failing = false;
	check_home_is_back(fake_run(&options));
	CHECK_TEXT(fake.home_before, "by hand");
}

TEST(system, is_restored_over_what_cannot_be_moved)
{
	have_a_home_that_waits("fresh");
	fake.is_home_held = true;
	check_home_is_back(fake_run(&options));
}

/* wsl.exe leaves with 1 when Linux is taken from it, whatever tar had done by then. */
TEST(system, keeps_the_copy_when_unpacking_it_ended_with_anything_but_0)
{
	have_a_home_that_waits("fresh");
	fake.is_restore_doubtful = true;
	CHECK_NUMBER(fake_run(&options), 1);
	CHECK_TEXT(fake.instruction, string_fault_instruction(FAULT_RESTORE_HOME));
	CHECK(fake_find(FAKE_DATA "\\home.tar"));
	CHECK_NUMBER(fake.views, 0);

	fake_repair();
	fake_restart();
	check_home_is_back(fake_run(&options));
}

/* As the dialog says. */
TEST(system, that_cannot_be_restored_starts_once_the_copy_is_renamed)
{
	have_a_home_that_waits("fresh");
	fake.is_restore_failing = true;
	CHECK_NUMBER(fake_run(&options), 1);
	CHECK(strstr(fake.content, FAKE_DATA "\\home.tar"));
	CHECK(strstr(fake.content, "wsl -d Helix -u root tar "));

	fake_restart();
	CHECK_NUMBER(plat_rename(FAKE_DATA "\\home.tar", FAKE_DATA "\\kept.tar"), PLAT_OK);
	CHECK_NUMBER(fake_run(&options), 0);
	CHECK_NUMBER(fake.views, 1);
	CHECK(fake_find(FAKE_DATA "\\kept.tar"));
}

TEST(system, offers_an_update_of_wsl_once)
{
	fake_reset();
	*strstr(fake.manifest, "2.0.0") = '9';

	CHECK_NUMBER(fake_run(&options), 1);
	CHECK_NUMBER(fake.questions, 2); /* the offer, and the fault */
	CHECK_TEXT(fake.instruction, string_fault_instruction(FAULT_WSL_TOO_OLD));
	CHECK(strstr(fake.content, "9.0.0"));
}

TEST(system, keeps_whole_words_in_the_details)
{
	fake_reset();
	fake.import_error = "Nicht m\xc3\xb6glich: caf\xc3\xa9\nWsl/E_FAIL\r\n";

	CHECK_NUMBER(fake_run(&options), 1);
	CHECK(strstr(fake.details, "caf\xc3\xa9\n"));
}
