#include "probe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

static uint64_t cancelled_at_ms;
static HANDLE canceller;

/* Groups run at the same time. */
static const char *room(void)
{
	const char *name = getenv("HELIX_PROBE_ROOM");

	return name ? name : "C:\\probe";
}

const char *probe_path(const char *name)
{
	static char paths[4][1200];
	static unsigned next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof *paths, "%s\\%s", room(), name);
	return path;
}

void probe_log_open(void)
{
	wchar_t *directory = win_wide(room());

	win_set_data_directory(directory);
	win_log_open();
	free(directory);
}

static DWORD WINAPI cancel(void *delay_ms)
{
	Sleep((DWORD)(ULONG_PTR)delay_ms);
	cancelled_at_ms = plat_now_ms();
	plat_cancel();
	return 0;
}

void probe_cancel_in(uint32_t delay_ms)
{
	canceller = CreateThread(NULL, 0, cancel, (void *)(ULONG_PTR)delay_ms, 0, NULL);
}

unsigned probe_cancelled(void)
{
	uint64_t now_ms = plat_now_ms();

	WaitForSingleObject(canceller, INFINITE);
	CloseHandle(canceller);
	ResetEvent(win_cancelled());
	return now_ms > cancelled_at_ms ? (unsigned)(now_ms - cancelled_at_ms) : 0;
}

static bool has_file(const char *name)
{
	uint64_t size;

	return plat_file_size(probe_path(name), &size) == PLAT_OK;
}

TEST(files, are_written_read_replaced_renamed_and_removed)
{
	const char *path = probe_path("Zo\xc3\xab \xe4\xb8\xad.txt");
	char text[16];
	size_t size = 0;
	uint64_t length = 0;

	CHECK_NUMBER(plat_make_directory(probe_path("")), PLAT_OK);
	CHECK_NUMBER(plat_write_file(path, "first", 5), PLAT_OK);
	CHECK_NUMBER(plat_write_file(path, "again!", 6), PLAT_OK);
	CHECK_NUMBER(plat_read_file(path, text, sizeof text, &size), PLAT_OK);
	CHECK_TEXT(text, "again!");
	CHECK_NUMBER(size, 6);
	CHECK_NUMBER(plat_file_size(path, &length), PLAT_OK);
	CHECK_NUMBER(length, 6);
	CHECK_NUMBER(plat_read_file(path, text, 6, &size), PLAT_TOO_LARGE);
	CHECK_NUMBER(plat_read_file(path, text, 7, &size), PLAT_OK);
	CHECK_NUMBER(plat_write_file(probe_path("other"), "x", 1), PLAT_OK);
	CHECK_NUMBER(plat_rename(path, probe_path("other")), PLAT_OK);
	CHECK(!has_file("Zo\xc3\xab \xe4\xb8\xad.txt"));
	CHECK_NUMBER(plat_read_file(probe_path("other"), text, sizeof text, &size), PLAT_OK);
	CHECK_TEXT(text, "again!");
	CHECK_NUMBER(plat_remove(probe_path("other")), PLAT_OK);
	CHECK_NUMBER(plat_remove(probe_path("other")), PLAT_OK);
	CHECK_NUMBER(plat_read_file(probe_path("other"), text, sizeof text, &size), PLAT_MISSING);
	CHECK_NUMBER(plat_file_size(probe_path("no\\such"), &length), PLAT_MISSING);
	CHECK_NUMBER(plat_rename(probe_path("other"), probe_path("else")), PLAT_MISSING);
}

TEST(files, are_read_from_their_end)
{
	uint8_t end[4] = { 0 };

	CHECK_NUMBER(plat_write_file(probe_path("end"), "something", 9), PLAT_OK);
	CHECK_NUMBER(plat_read_tail(probe_path("end"), end, 4), PLAT_OK);
	CHECK(!memcmp(end, "hing", 4));
	CHECK_NUMBER(plat_write_file(probe_path("end"), "four", 4), PLAT_OK);
	CHECK_NUMBER(plat_read_tail(probe_path("end"), end, 4), PLAT_OK);
	CHECK(!memcmp(end, "four", 4));
	CHECK_NUMBER(plat_write_file(probe_path("end"), "few", 3), PLAT_OK);
	CHECK_NUMBER(plat_read_tail(probe_path("end"), end, 4), PLAT_FAILED);
	CHECK_NUMBER(plat_read_tail(probe_path("no-end"), end, 4), PLAT_MISSING);
	CHECK_NUMBER(plat_read_tail(probe_path(""), end, 4), PLAT_FAILED);
	CHECK_NUMBER(plat_remove(probe_path("end")), PLAT_OK);
}

TEST(files, stay_as_they_were_when_writing_fails)
{
	char text[16];
	size_t size;

	CHECK_NUMBER(plat_make_directory(probe_path("")), PLAT_OK);
	CHECK_NUMBER(plat_write_file(probe_path("kept"), "old", 3), PLAT_OK);
	wchar_t *path = win_wide(probe_path("kept"));
	HANDLE held =
		CreateFileW(path, GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);
	free(path);
	CHECK(plat_write_file(probe_path("kept"), "new", 3) < 0);
	CloseHandle(held);
	CHECK_NUMBER(plat_read_file(probe_path("kept"), text, sizeof text, &size), PLAT_OK);
	CHECK_TEXT(text, "old");
	CHECK(!has_file("kept.new"));
	CHECK_NUMBER(plat_write_file(probe_path("no\\such"), "x", 1), PLAT_MISSING);
}

TEST(files, may_have_paths_longer_than_windows_once_thought)
{
	char name[700] = "deep";
	char text[8];
	size_t size;

	for (int i = 0; i < 8; i++)
		strcat(name, "\\a name of sixty letters or so, with spaces and an \xc3\xa9 in it");
	CHECK_NUMBER(plat_make_directory(probe_path(name)), PLAT_OK);
	CHECK_NUMBER(plat_make_directory(probe_path(name)), PLAT_OK);
	strcat(name, "\\file");
	CHECK_NUMBER(plat_write_file(probe_path(name), "text", 4), PLAT_OK);
	CHECK_NUMBER(plat_read_file(probe_path(name), text, sizeof text, &size), PLAT_OK);
	CHECK_TEXT(text, "text");
	CHECK_NUMBER(plat_write_file(probe_path("a-file"), "", 0), PLAT_OK);
	CHECK(plat_make_directory(probe_path("a-file")) < 0);
	CHECK(plat_make_directory(probe_path("a-file\\below")) < 0);
}

TEST(files, free_space_is_that_of_the_nearest_directory)
{
	uint64_t root = 0, below = 0;

	CHECK_NUMBER(plat_disk_free("C:\\", &root), PLAT_OK);
	CHECK_NUMBER(plat_disk_free("C:\\no\\such\\directory", &below), PLAT_OK);
	CHECK(root > 0 && below > 0);
	CHECK_NUMBER(plat_disk_free("Q:\\no\\such", &below), PLAT_MISSING);
}

static void count_progress(void *owner, uint64_t done, uint64_t total)
{
	(void)done, (void)total;
	++*(unsigned *)owner;
}

/* HELIX_PROBE_FILE has HELIX_PROBE_SHA256. */
TEST(hash, is_that_of_others)
{
	char hex[65] = "";
	unsigned told = 0;

	const char *path = getenv("HELIX_PROBE_FILE"), *expected = getenv("HELIX_PROBE_SHA256");
	if (!CHECK(path && expected))
		return;
	CHECK_NUMBER(plat_sha256(path, hex, count_progress, &told), PLAT_OK);
	CHECK_TEXT(hex, expected);
	CHECK(told >= 2 && told < 100);
	CHECK_NUMBER(plat_write_file(probe_path("empty"), "", 0), PLAT_OK);
	CHECK_NUMBER(plat_sha256(probe_path("empty"), hex, NULL, NULL), PLAT_OK);
	CHECK_TEXT(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	CHECK_NUMBER(plat_sha256(probe_path("none"), hex, NULL, NULL), PLAT_MISSING);
	plat_cancel();
	CHECK_NUMBER(plat_sha256(path, hex, NULL, NULL), PLAT_CANCELLED);
	ResetEvent(win_cancelled());
}

static void add_distribution(const wchar_t *key, const wchar_t *name, DWORD state)
{
	wchar_t path[200];

	swprintf(path, 200, L"Software\\Microsoft\\Windows\\CurrentVersion\\Lxss\\%ls", key);
	RegSetKeyValueW(HKEY_CURRENT_USER, path, L"DistributionName", REG_SZ, name,
		(DWORD)(wcslen(name) + 1) * sizeof *name);
	RegSetKeyValueW(HKEY_CURRENT_USER, path, L"State", REG_DWORD, &state, sizeof state);
}

TEST(registry, knows_what_is_installed_or_runs)
{
	RegDeleteTreeW(HKEY_CURRENT_USER, L"Software\\Microsoft\\Windows\\CurrentVersion\\Lxss");
	RegDeleteKeyW(HKEY_CURRENT_USER, L"Software\\Microsoft\\Windows\\CurrentVersion\\Lxss");
	CHECK(plat_is_registered("Helix") < 0);
	add_distribution(L"{1}", L"Debian", 1);
	add_distribution(L"{2}", L"Helix", 3);
	CHECK_NUMBER(plat_is_registered("Helix"), 0);
	add_distribution(L"{3}", L"helix", 2);
	CHECK_NUMBER(plat_is_registered("Helix"), 1);
	CHECK_NUMBER(plat_is_registered("Debian"), 1);
	CHECK_NUMBER(plat_is_registered("Deb"), 0);
}

static void place_distribution(const wchar_t *key, const wchar_t *folder)
{
	wchar_t path[200];

	add_distribution(key, L"Placed", 1);
	swprintf(path, 200, L"Software\\Microsoft\\Windows\\CurrentVersion\\Lxss\\%ls", key);
	RegSetKeyValueW(HKEY_CURRENT_USER, path, L"BasePath", REG_SZ, folder,
		(DWORD)(wcslen(folder) + 1) * sizeof *folder);
}

TEST(places, of_distributions_are_known_however_they_are_written)
{
	static const wchar_t *const here[] = { L"C:\\Zo\u00eb\\system",
		L"\\\\?\\C:\\Zo\u00eb\\system", L"c:\\ZO\u00cb\\System\\",
		L"C:\\Zo\u00eb\\.\\x\\..\\system", L"C:/Zo\u00eb/system",
		L"C:\\Zo\u00eb\\system\\below" };
	static const wchar_t *const elsewhere[] = { L"C:\\Zo\u00eb", L"C:\\Zo\u00eb\\system2",
		L"D:\\Zo\u00eb\\system", L"\\\\?\\C:\\Zo\u00eb\\system.old-1" };
	const char *folder = "C:\\Zo\xc3\xab\\system";

	RegDeleteTreeW(HKEY_CURRENT_USER, L"Software\\Microsoft\\Windows\\CurrentVersion\\Lxss");
	RegDeleteKeyW(HKEY_CURRENT_USER, L"Software\\Microsoft\\Windows\\CurrentVersion\\Lxss");
	CHECK_NUMBER(plat_has_distribution(folder), 0);
	for (size_t i = 0; i < sizeof elsewhere / sizeof *elsewhere; i++) {
		place_distribution(L"{1}", elsewhere[i]);
		CHECK_NUMBER(plat_has_distribution(folder), 0);
	}
	for (size_t i = 0; i < sizeof here / sizeof *here; i++) {
		place_distribution(L"{2}", here[i]);
		CHECK_NUMBER(plat_has_distribution(folder), 1);
	}
	place_distribution(L"{2}", elsewhere[0]);
	CHECK_NUMBER(plat_has_distribution(folder), 0);
	add_distribution(L"{3}", L"Somewhere", 3);
	CHECK(plat_has_distribution(folder) < 0);
	place_distribution(L"{2}", here[0]);
	CHECK_NUMBER(plat_has_distribution(folder), 1);
}

TEST(log, redacts_flattens_and_tells_its_end)
{
	char *tail;

	probe_log_open();
	plat_log("http://127.0.0.1:1/#token=verysecret\nand \"token\": \"topsecret\"");
	plat_log("na\xc3\xafve %d", 5);
	tail = win_log_tail(4096);
	if (CHECK(tail)) {
		CHECK(!strstr(tail, "secret"));
		CHECK(strstr(tail, "Z na\xc3\xafve 5\n"));
		CHECK(!strstr(tail, "\nand"));
	}
	free(tail);
	tail = win_log_tail(40);
	if (CHECK(tail))
		CHECK(!strncmp(tail, "20", 2) && strstr(tail, "Z na\xc3\xafve 5\n"));
	free(tail);
	win_log_close();
	plat_log("to nobody");
}

static DWORD WINAPI log_much(void *unused)
{
	char text[1000];
	(void)unused;

	memset(text, 'y', sizeof text - 1);
	text[sizeof text - 1] = 0;
	for (int i = 0; i < 700; i++)
		plat_log("%s", text);
	return 0;
}

TEST(log, keeps_one_old_one_and_whole_lines)
{
	HANDLE threads[4];
	uint64_t size = 0;

	probe_log_open();
	for (size_t i = 0; i < 4; i++)
		threads[i] = CreateThread(NULL, 0, log_much, NULL, 0, NULL);
	WaitForMultipleObjects(4, threads, TRUE, INFINITE);
	CHECK_NUMBER(plat_file_size(probe_path("helix.log"), &size), PLAT_OK);
	CHECK(size < (1u << 20) + 2000);
	CHECK_NUMBER(plat_file_size(probe_path("helix.old.log"), &size), PLAT_OK);
	CHECK(size > 1u << 20 && size < (1u << 20) + 2000);
	char *tail = win_log_tail(1u << 20);
	unsigned torn = 0;
	for (char *line = tail; line && *line; line = strchr(line, '\n') + 1)
		torn += strcspn(line, "\n") != 25 + 999;
	CHECK_NUMBER(torn, 0);
	free(tail);
	win_log_close();
}

TEST(events, are_told_once_each_and_cancel_ends_waiting)
{
	win_post_event(PLAT_EVENT_WOKE);
	win_post_event(PLAT_EVENT_RESTART);
	win_post_event(PLAT_EVENT_WOKE);
	CHECK_NUMBER(plat_wait(1000), PLAT_EVENT_RESTART);
	CHECK_NUMBER(plat_wait(1000), PLAT_EVENT_WOKE);
	CHECK_NUMBER(plat_wait(1), PLAT_EVENT_TIMEOUT);
	probe_cancel_in(50);
	CHECK_NUMBER(plat_wait(10000), PLAT_EVENT_QUIT);
	CHECK_NUMBER(plat_wait(10000), PLAT_EVENT_QUIT);
	CHECK(probe_cancelled() < 100);
}

TEST(elevate, installs_wsl_and_tells_how_it_went)
{
	uint32_t exit_code = 0;

	CHECK_NUMBER(plat_install_wsl(&exit_code), PLAT_OK);
	CHECK_NUMBER(exit_code, 42);
	plat_cancel();
	CHECK_NUMBER(plat_install_wsl(&exit_code), PLAT_CANCELLED);
	ResetEvent(win_cancelled());
}

TEST(errors, have_a_meaning_and_windows_words)
{
	wchar_t path[MAX_PATH];

	probe_log_open();
	CHECK_NUMBER(win_failed("probe: full", ERROR_DISK_FULL), PLAT_FULL);
	CHECK_NUMBER(win_failed("probe: net", 12029), PLAT_NETWORK);
	CHECK_NUMBER(win_failed("probe: nothing", 0), PLAT_FAILED);
	char *tail = win_log_tail(4096);
	CHECK(tail && strstr(tail, "probe: full: 112 ("));
	CHECK(tail && strstr(tail, "probe: net: 12029"));
	free(tail);
	win_log_close();
	CHECK(win_system_program(L"wsl.exe", path, MAX_PATH));
	CHECK(!_wcsicmp(path, L"C:\\windows\\system32\\wsl.exe"));
	CHECK(!win_system_program(L"no-such.exe", path, MAX_PATH));
	CHECK(!win_system_program(L"wsl.exe", path, 20));
}
