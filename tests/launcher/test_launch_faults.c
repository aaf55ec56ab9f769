/* Everything that can go wrong: said in its own words, and the PC comes up once it is right again.
 */
#include "check.h"
#include "core/strings.h"
#include "fake_platform.h"

#include <stdio.h>
#include <string.h>

static struct options options;

static void hang_wsl(void)
{
	fake.wsl = FAKE_WSL_HUNG;
}

static void break_wsl(void)
{
	fake.wsl = FAKE_WSL_BROKEN;
}

static void refuse_install(void)
{
	fake.wsl = FAKE_WSL_ABSENT;
	fake.install_result = PLAT_DENIED;
}

static void fail_install(void)
{
	fake.wsl = FAKE_WSL_STUB;
	fake.install_exit_code = 1;
}

static void install_with_restart(void)
{
	fake.wsl = FAKE_WSL_ABSENT;
	fake.install_exit_code = 3010;
}

static void install_without_effect(void)
{
	fake.wsl = FAKE_WSL_STUB;
}

static void install_before_features(void)
{
	fake.wsl = FAKE_WSL_ABSENT;
	fake.install_helps = true;
	fake.import_error =
		"Wsl/Service/RegisterDistro/CreateVm/HCS/HCS_E_HYPERV_NOT_INSTALLED\r\n";
}

static void have_old_wsl(void)
{
	fake.wsl_version = "1.2.5.0";
}

static void import_without_virtualisation(void)
{
	fake.import_error =
		"Wsl/Service/RegisterDistro/CreateVm/HCS/HCS_E_HYPERV_NOT_INSTALLED\r\n";
	fake.is_utf16 = true;
}

static void start_without_virtualisation(void)
{
	fake_install();
	fake.vm_error = "Wsl/Service/CreateInstance/WSL_E_VIRTUAL_MACHINE_PLATFORM_REQUIRED\r\n";
}

static void lack_a_feature(void)
{
	fake.import_error = "Wsl/WSL_E_WSL_OPTIONAL_COMPONENT_REQUIRED\r\n";
}

static void have_wsl_1(void)
{
	fake.import_error = "Wsl/Service/RegisterDistro/WSL_E_WSL2_NEEDED\r\n";
}

static void have_other_rights(void)
{
	fake_install();
	fake.vm_error = "Wsl/Service/CreateInstance/WSL_E_LOWER_INTEGRITY\r\n";
}

static void deny_access(void)
{
	fake.import_error = "Wsl/Service/RegisterDistro/E_ACCESSDENIED\r\n";
	fake.import_leaves_debris = true;
}

static void crash_the_vm(void)
{
	fake_install();
	fake.vm_error = "Wsl/Service/CreateInstance/WSL_E_VM_CRASHED\r\n";
}

static void corrupt_the_disk(void)
{
	fake_install();
	fake.vm_error = "Wsl/Service/CreateInstance/WSL_E_DISK_CORRUPTED\r\n";
}

static void lose_the_system(void)
{
	fake_install();
	fake.vm_error = "Wsl/Service/WSL_E_DISTRO_NOT_FOUND\r\n";
}

static void have_no_manifest(void)
{
	options.manifest = "";
}

static void name_no_image(void)
{
	options.image = "D:\\nothing.tar.gz";
}

static void name_no_manifest(void)
{
	options.manifest = "D:\\nothing.json";
}

static void go_offline(void)
{
	fake.is_offline = true;
}

static void break_every_connection(void)
{
	fake.server_cut = 1;
	fake.server_cuts = UINT32_MAX;
}

static void serve_too_little(void)
{
	fake.is_server_short = true;
}

static void refuse_to_serve(void)
{
	fake.server_status = 404;
}

static void be_overloaded(void)
{
	fake.server_status = 503;
}

static void name_no_https(void)
{
	options.manifest = "http://helix.example/manifest.json";
}

static void need_a_wsl_of_the_future(void)
{
	char *minimum = strstr(fake.manifest, "2.0.0");

	*minimum = '9';
}

static void ask_to_log_in(void)
{
	snprintf(fake.manifest, sizeof fake.manifest, "<html>Welcome to the hotel</html>");
}

static void serve_wrong_bytes(void)
{
	fake.is_server_wrong = true;
}

static void serve_without_end(void)
{
	fake.is_server_endless = true;
}

static void damage_the_local_image(void)
{
	fake_put_local_image(1, true);
	fake_find(FAKE_EXE "\\helix.tar.gz")->bytes[9] = '!';
}

static void cut_the_local_image(void)
{
	fake_put_local_image(1, true);
	fake_find(FAKE_EXE "\\helix.tar.gz")->size = 100;
}

static void have_little_room(void)
{
	fake.disk_free = 9000000;
}

static void fill_the_disk(void)
{
	fake.is_disk_full = true;
}

static void lock_our_files(void)
{
	fake.are_files_locked = true;
}

static void fail_to_import(void)
{
	fake.import_error = "Wsl/Service/RegisterDistro/E_FAIL\r\n";
	fake.import_leaves_debris = true;
}

static void import_for_ever(void)
{
	fake.import_hangs = true;
	fake.import_leaves_debris = true;
}

static void import_nonsense(void)
{
	fake_write(FAKE_EXE "\\helix.wsl", "GIF89a", 6);
}

static void keep_debris(void)
{
	fake.has_debris = true;
	fake.is_unregister_failing = true;
}

static void keep_a_disk(void)
{
	fake_write(FAKE_DATA "\\system", "letters", 7);
	fake.is_folder_anothers = true;
}

static void hold_a_disk(void)
{
	fake_write(FAKE_DATA "\\system", "letters", 7);
	fake.is_folder_held = true;
}

static void want_update(void)
{
	fake_install();
	fake_put_local_image(2, true);
}

static void fail_to_save(void)
{
	want_update();
	fake.is_save_failing = true;
}

static void lose_the_mark_of_the_end(void)
{
	want_update();
	fake.is_save_cut_between = true;
}

static void save_for_ever(void)
{
	want_update();
	fake.is_save_hanging = true;
}

static void lose_the_end_of_home(void)
{
	want_update();
	fake.is_save_cut = true;
}

static void fail_to_remove(void)
{
	want_update();
	fake.is_unregister_failing = true;
}

static void fail_to_restore(void)
{
	want_update();
	fake.is_restore_failing = true;
}

static void restore_for_ever(void)
{
	want_update();
	fake.is_restore_hanging = true;
}

static void fail_to_sync(void)
{
	want_update();
	fake.is_sync_failing = true;
}

static void lack_the_agent(void)
{
	fake_install();
	fake.agent = FAKE_AGENT_ABSENT;
}

static void crash_before_ready(void)
{
	fake_install();
	fake.crashes = 100;
	fake.crash_after_ms = 50;
}

static void crash_when_ready(void)
{
	fake_install();
	fake.crashes = 100;
	fake.crash_after_ms = 500;
	fake.deeds[0] = (struct fake_deed){ .after_ms = 100000, .event = PLAT_EVENT_TIMEOUT };
	fake.deed_count = 1;
}

static void never_be_ready(void)
{
	fake_install();
	fake.agent = FAKE_AGENT_SILENT;
}

static void be_noisy(void)
{
	fake_install();
	fake.agent = FAKE_AGENT_NOISY;
}

static void break_both_ways(void)
{
	fake_install();
	fake.is_localhost_broken = fake.is_tunnel_broken = true;
}

static void have_no_browser(void)
{
	fake_install();
	fake.is_view_broken = true;
}

static const struct {
	enum fault fault;
	void (*cause)(void);
} cases[] = {
	{ FAULT_WSL_HUNG, hang_wsl },
	{ FAULT_WSL_BROKEN, break_wsl },
	{ FAULT_WSL_DENIED, refuse_install },
	{ FAULT_WSL_NOT_INSTALLED, fail_install },
	{ FAULT_WINDOWS_RESTART, install_with_restart },
	{ FAULT_WINDOWS_RESTART, install_without_effect },
	{ FAULT_WINDOWS_RESTART, install_before_features },
	{ FAULT_WSL_TOO_OLD, have_old_wsl },
	{ FAULT_WSL_TOO_OLD, need_a_wsl_of_the_future },
	{ FAULT_VIRTUALISATION_OFF, import_without_virtualisation },
	{ FAULT_VIRTUALISATION_OFF, start_without_virtualisation },
	{ FAULT_WINDOWS_FEATURE, lack_a_feature },
	{ FAULT_WSL2_NEEDED, have_wsl_1 },
	{ FAULT_OTHER_RIGHTS, have_other_rights },
	{ FAULT_ACCESS_DENIED, deny_access },
	{ FAULT_VM_CRASHED, crash_the_vm },
	{ FAULT_DISK_CORRUPTED, corrupt_the_disk },
	{ FAULT_SYSTEM_LOST, lose_the_system },
	{ FAULT_NO_IMAGE, have_no_manifest },
	{ FAULT_IMAGE_MISSING, name_no_image },
	{ FAULT_IMAGE_MISSING, name_no_manifest },
	{ FAULT_NO_NETWORK, go_offline },
	{ FAULT_DOWNLOAD_BROKE, break_every_connection },
	{ FAULT_DOWNLOAD_BROKE, serve_too_little },
	{ FAULT_SERVER_REFUSED, refuse_to_serve },
	{ FAULT_SERVER_REFUSED, be_overloaded },
	{ FAULT_NOT_HTTPS, name_no_https },
	{ FAULT_MANIFEST_BAD, ask_to_log_in },
	{ FAULT_DOWNLOAD_WRONG, serve_wrong_bytes },
	{ FAULT_DOWNLOAD_WRONG, serve_without_end },
	{ FAULT_IMAGE_WRONG, damage_the_local_image },
	{ FAULT_IMAGE_WRONG, cut_the_local_image },
	{ FAULT_DISK_SPACE, have_little_room },
	{ FAULT_DISK_FULL, fill_the_disk },
	{ FAULT_FILES, lock_our_files },
	{ FAULT_IMPORT_FAILED, fail_to_import },
	{ FAULT_IMPORT_HUNG, import_for_ever },
	{ FAULT_NOT_A_SYSTEM, import_nonsense },
	{ FAULT_NAME_TAKEN, keep_debris },
	{ FAULT_FOLDER_TAKEN, keep_a_disk },
	{ FAULT_FOLDER_TAKEN, hold_a_disk },
	{ FAULT_SAVE_HOME, fail_to_save },
	{ FAULT_SAVE_HOME, lose_the_end_of_home },
	{ FAULT_SAVE_HOME, lose_the_mark_of_the_end },
	{ FAULT_SAVE_HUNG, save_for_ever },
	{ FAULT_REMOVE_OLD, fail_to_remove },
	{ FAULT_RESTORE_HOME, fail_to_restore },
	{ FAULT_RESTORE_HOME, fail_to_sync },
	{ FAULT_RESTORE_HUNG, restore_for_ever },
	{ FAULT_NOT_OURS, lack_the_agent },
	{ FAULT_AGENT_CRASHED, crash_before_ready },
	{ FAULT_AGENT_CRASHED, crash_when_ready },
	{ FAULT_NOT_READY, never_be_ready },
	{ FAULT_NOT_READY, be_noisy },
	{ FAULT_UNREACHABLE, break_both_ways },
	{ FAULT_NO_VIEW, have_no_browser },
};

#define CASE_COUNT (sizeof cases / sizeof *cases)

static void set_up(size_t i)
{
	options = (struct options){ .name = "Helix", .manifest = FAKE_URL };
	fake_reset();
	cases[i].cause();
}

/* What was wrong is right again, also what the person had put there. */
static void put_right(void)
{
	options = (struct options){ .name = "Helix", .manifest = FAKE_URL };
	fake_repair();
	if (!fake_find(FAKE_EXE "\\helix.wsl"))
		fake_put_local_image(fake_find(FAKE_EXE "\\manifest.json") ? 2 : 1, true);
	else
		fake_write(FAKE_EXE "\\helix.wsl", "IMAGE 1", 7);
}

static void check_came_up(int exit_code, size_t i)
{
	bool is_good = CHECK_NUMBER(exit_code, 0);

	is_good &= CHECK(fake.views > 0 && !fake.is_running);
	is_good &= CHECK(!fake.is_home_lost);
	is_good &= CHECK_TEXT(fake.home, fake.truth);
	if (!is_good)
		printf("# after case %u, %s\n", (unsigned)i, string_fault_name(cases[i].fault));
}

TEST(faults, are_all_reached)
{
	bool is_reached[FAULT_COUNT] = { false };

	for (size_t i = 0; i < CASE_COUNT; i++)
		is_reached[cases[i].fault] = true;

	for (int fault = FAULT_NONE + 1; fault < FAULT_COUNT; fault++)
		CHECK_TEXT(is_reached[fault] ? NULL : string_fault_name((enum fault)fault), NULL);
}

TEST(faults, show_their_own_words_and_leave_the_pc_usable)
{
	for (size_t i = 0; i < CASE_COUNT; i++) {
		const char *content = string_fault_content(cases[i].fault);

		set_up(i);
		CHECK_NUMBER(fake_run(&options), 1);
		CHECK_TEXT(fake.instruction, string_fault_instruction(cases[i].fault));
		CHECK(strncmp(fake.content, content, strcspn(content, "%")) == 0);
		CHECK(!strstr(fake.content, "%s") && !strstr(fake.content, "\n\n\n"));
		CHECK_TEXT(fake.first_button, string_text(STRING_TRY_AGAIN));
		CHECK_NUMBER(fake.fault_count, 1);
		CHECK(!fake.is_running && !fake.has_tunnel && !fake.is_endless);
		CHECK(!fake.was_token_shown);
		CHECK(!fake.has_debris || fake.is_unregister_failing);

		fake_restart();
		put_right();
		check_came_up(fake_run(&options), i);
	}
}

TEST(faults, stay_when_the_person_tries_again_and_nothing_has_changed)
{
	for (size_t i = 0; i < CASE_COUNT; i++) {
		/* An old system that cannot be removed is used on. */
		bool is_way_back = cases[i].fault == FAULT_REMOVE_OLD;

		set_up(i);
		fake.answer_to_faults = 0;
		fake.tries = 3;
		CHECK_NUMBER(fake_run(&options), is_way_back ? 0 : 1);
		CHECK_NUMBER(fake.fault_count, is_way_back ? 1 : 4);
		CHECK(!fake.is_home_lost && !fake.is_running && !fake.is_endless);

		fake_restart();
		put_right();
		check_came_up(fake_run(&options), i);
	}
}

TEST(faults, show_the_last_words_of_programs_without_secrets)
{
	options = (struct options){ .name = "Helix", .manifest = FAKE_URL };
	fake_reset();
	fail_to_import();
	fake_run(&options);
	CHECK(strstr(fake.details, "Wsl/Service/RegisterDistro/E_FAIL"));

	fake_reset();
	crash_when_ready();
	fake_run(&options);
	CHECK(strstr(fake.details, "session: all is well"));
	CHECK(!fake.was_token_shown);
}
