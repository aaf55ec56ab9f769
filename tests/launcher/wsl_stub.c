/* wsl.exe for the tests: what the launcher may see of WSL, on a Windows that is wine. Its programs
 * are real Linux programs (bridge.c).
 *
 * An image with an /etc/wsl.conf is unpacked and runs its own programs, in a root, with a user and
 * an environment as in WSL. Any other archive is taken for one, and lends those of this machine.
 *
 * It answers --version, --status, --list (--quiet, --verbose), --import, --unregister, --terminate,
 * --shutdown, --update, --install and -d NAME [-u USER] [--cd DIRECTORY] --exec PROGRAM ...
 * Every call is a line of JSON in calls.log below HELIX_STUB_STATE (C:\helix-stub). How it behaves
 * is said by behaviour.txt there, and by HELIX_STUB with ";" for a new line:
 *
 *   old              the one that came with Windows 10: no --version; until --update or --install
 *   german, chinese  its language
 *   utf16, utf8      its encoding, whatever WSL_UTF8 says
 *   hang WORD        a call with this word among its arguments never ends
 *   slow WORD MS     it takes so much longer
 *   fail WORD CODE   it fails as wsl.exe does: "Error code: Wsl/Service/CODE"
 *   exit WORD N      it does its work, and leaves with this code
 *   flood WORD       it does its work, and writes 16 MiB more
 *   ignore-kill      the stdin of a Linux program does not end when wsl.exe is ended */
#include "wsl_stub.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#define FAILED_CALL   -1
#define MAX_RULES     32
#define MAX_WORDS     256
#define FLOOD_CALLS   (16 * 1024 * 1024 / 2000)
#define EACH_LANGUAGE 3
/* What stands in "tree" is a whole system (bridge_system.h). */
#define UNPACK                                                                                     \
 "tree=$0/tree; rm -rf \"$tree\"; mkdir -p \"$tree\" && "                                          \
 "tar -C \"$tree\" --numeric-owner --xattrs '--xattrs-include=*' -xpzf - 2>/dev/null; code=$?; "   \
 "[ $code != 0 ] || [ -d \"$tree/etc\" ] || code=3; "                                              \
 "[ $code = 0 ] && [ -f \"$tree/etc/wsl.conf\" ] || rm -rf \"$tree\"; exit $code"
#define NOT_LINUX 3
#define REMOVE_SYSTEM                                                                              \
 "test -f \"$0/ext4.vhdx\" && "                                                                    \
 "rm -rf -- \"$0/ext4.vhdx\" \"$0/home\" \"$0/root\" \"$0/tree\" \"$0/init.log\""

enum language { ENGLISH, GERMAN, CHINESE };

static const char *const version_label[EACH_LANGUAGE] = {
	"WSL version: ", "WSL-Version: ", "WSL 版本： "
};
static const char *const kernel_label[EACH_LANGUAGE] = {
	"Kernel version: ", "Kernelversion: ", "内核版本： "
};
static const char *const windows_label[EACH_LANGUAGE] = {
	"Windows version: ", "Windows-Version: ", "Windows 版本： "
};
static const char *const error_label[EACH_LANGUAGE] = {
	"Error code: ", "Fehlercode: ", "错误代码: "
};
static const char *const failed_text[EACH_LANGUAGE] = { "That did not work.",
	"Das hat nicht geklappt, weil etwas fehlt.", "操作没有成功。" };
static const char *const done_text[EACH_LANGUAGE] = { "The operation completed successfully.",
	"Der Vorgang wurde erfolgreich beendet.", "操作成功完成。" };
static const char *const usage_text[EACH_LANGUAGE] = {
	"Invalid command line option: ", "Ungültige Befehlszeilenoption: ", "命令行选项无效: "
};

struct rule {
	char what[16], word[64], value[128];
};

static struct {
	struct rule rules[MAX_RULES];
	size_t rule_count;
	enum language language;
	int argument_count;
	const char *arguments[MAX_WORDS + 1]; /* without the program, ended by NULL */
} stub;

wchar_t *stub_wide(const char *text)
{
	int size = MultiByteToWideChar(CP_UTF8, 0, text, -1, NULL, 0);
	wchar_t *wide = size > 0 ? malloc((size_t)size * sizeof *wide) : NULL;

	if (wide)
		MultiByteToWideChar(CP_UTF8, 0, text, -1, wide, size);
	return wide;
}

char *stub_narrow(const wchar_t *wide)
{
	int size = WideCharToMultiByte(CP_UTF8, 0, wide, -1, NULL, 0, NULL, NULL);
	char *text = size > 0 ? malloc((size_t)size) : NULL;

	if (text)
		WideCharToMultiByte(CP_UTF8, 0, wide, -1, text, size, NULL, NULL);
	return text;
}

/* --- what it was told to do --- */

static void state_path(const wchar_t *name, wchar_t path[MAX_PATH])
{
	wchar_t directory[200];

	if (!GetEnvironmentVariableW(L"HELIX_STUB_STATE", directory, 200))
		wcscpy_s(directory, 200, L"C:\\helix-stub");
	CreateDirectoryW(directory, NULL);
	swprintf(path, MAX_PATH, L"%ls\\%ls", directory, name);
}

static bool has_been_updated(void)
{
	wchar_t path[MAX_PATH];

	state_path(L"updated", path);
	return GetFileAttributesW(path) != INVALID_FILE_ATTRIBUTES;
}

static void add_rules(char *text)
{
	for (char *line = strtok(text, ";\r\n"); line; line = strtok(NULL, ";\r\n")) {
		struct rule *rule = &stub.rules[stub.rule_count];

		if (stub.rule_count < MAX_RULES &&
			sscanf(line, " %15s %63s %127[^\n]", rule->what, rule->word, rule->value) >
				0)
			stub.rule_count++;
	}
}

static void read_rules(void)
{
	char text[8192];
	wchar_t path[MAX_PATH];

	if (GetEnvironmentVariableA("HELIX_STUB", text, sizeof text))
		add_rules(text);
	state_path(L"behaviour.txt", path);
	FILE *file = _wfopen(path, L"rb");
	if (!file)
		return;
	text[fread(text, 1, sizeof text - 1, file)] = '\0';
	fclose(file);
	add_rules(text);
}

static bool has_word(const char *word)
{
	for (int i = 0; i < stub.argument_count; i++)
		if (!strcmp(stub.arguments[i], word))
			return true;
	return false;
}

/* The value of a rule for this call ("" without one), or NULL. */
static const char *told_to(const char *what)
{
	for (size_t i = 0; i < stub.rule_count; i++)
		if (!strcmp(stub.rules[i].what, what) &&
			(!*stub.rules[i].word || has_word(stub.rules[i].word)))
			return stub.rules[i].value;
	return NULL;
}

/* --- what it says --- */

static bool speaks_utf8(void)
{
	char value[8];
	DWORD length = GetEnvironmentVariableA("WSL_UTF8", value, sizeof value);

	if (told_to("utf16") || told_to("utf8"))
		return told_to("utf8") != NULL;
	return length == 1 && value[0] == '1';
}

__attribute__((format(printf, 2, 3))) static void say(DWORD where, const char *format, ...)
{
	char text[2048], lines[4096];
	wchar_t wide[4096];
	size_t size = 0;
	DWORD written;
	va_list values;

	va_start(values, format);
	vsnprintf(text, sizeof text, format, values);
	va_end(values);
	for (const char *at = text; *at && size < sizeof lines - 2; at++) {
		if (*at == '\n')
			lines[size++] = '\r';
		lines[size++] = *at;
	}
	if (speaks_utf8()) {
		WriteFile(GetStdHandle(where), lines, (DWORD)size, &written, NULL);
		return;
	}
	int units = MultiByteToWideChar(CP_UTF8, 0, lines, (int)size, wide, 4096);
	WriteFile(GetStdHandle(where), wide, (DWORD)((size_t)units * sizeof *wide), &written, NULL);
}

static int fail(const char *code)
{
	say(STD_ERROR_HANDLE, "%s\n%sWsl/Service/%s\n", failed_text[stub.language],
		error_label[stub.language], code);
	return FAILED_CALL;
}

static int done(void)
{
	say(STD_OUTPUT_HANDLE, "%s\n", done_text[stub.language]);
	return 0;
}

static int refuse_usage(void)
{
	say(STD_OUTPUT_HANDLE, "%s%s\n", usage_text[stub.language],
		stub.argument_count > 0 ? stub.arguments[0] : "");
	return FAILED_CALL;
}

/* One write each, so that calls at the same time keep to their lines. */
static void log_call(void)
{
	char line[16384] = "[";
	size_t size = 1;
	wchar_t path[MAX_PATH];
	DWORD written;

	for (int i = 0; i < stub.argument_count; i++) {
		size += (size_t)snprintf(line + size, 4, i > 0 ? ", \"" : "\"");
		for (const char *at = stub.arguments[i]; *at && size < sizeof line - 32; at++)
			size += (size_t)snprintf(line + size, 8,
				*at == '"' || *at == '\\'          ? "\\%c"
					: (unsigned char)*at < ' ' ? "\\u%04x"
								   : "%c",
				*at);
		line[size++] = '"';
		if (size > sizeof line - 64)
			break;
	}
	line[size++] = ']';
	line[size++] = '\n';
	state_path(L"calls.log", path);
	HANDLE file = CreateFileW(path, FILE_APPEND_DATA, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL,
		OPEN_ALWAYS, 0, NULL);
	WriteFile(file, line, (DWORD)size, &written, NULL);
	CloseHandle(file);
}

/* --- what it does --- */

static int show_version(void)
{
	if (told_to("old") && !has_been_updated())
		return refuse_usage();
	say(STD_OUTPUT_HANDLE, "%s2.3.26.0\n%s5.15.167.4-1\n", version_label[stub.language],
		kernel_label[stub.language]);
	say(STD_OUTPUT_HANDLE, "WSLg: 1.0.65\nMSRDC: 1.2.5620\nDirect3D: 1.611.1-81528511\n");
	say(STD_OUTPUT_HANDLE, "DXCore: 10.0.26100.1-240331-1435.ge-release\n%s10.0.22631.4460\n",
		windows_label[stub.language]);
	return 0;
}

static int show_status(void)
{
	struct lxss_distribution first;

	if (lxss_list(&first, 1) == 1)
		say(STD_OUTPUT_HANDLE, "Default Distribution: %s\n", first.name);
	say(STD_OUTPUT_HANDLE, "Default Version: 2\n");
	return 0;
}

static int list(void)
{
	struct lxss_distribution found[32];
	size_t count = lxss_list(found, 32);
	bool quiet = has_word("--quiet") || has_word("-q");

	if (count == 0)
		return fail("WSL_E_DEFAULT_DISTRO_NOT_FOUND");
	if (!quiet)
		say(STD_OUTPUT_HANDLE, "  NAME            STATE           VERSION\n");
	for (size_t i = 0; i < count; i++) {
		if (quiet)
			say(STD_OUTPUT_HANDLE, "%s\n", found[i].name);
		else
			say(STD_OUTPUT_HANDLE, "%c %-16s%-16s2\n", i ? ' ' : '*', found[i].name,
				found[i].state == LXSS_INSTALLING ? "Installing" : "Stopped");
	}
	return 0;
}

/* A shell of the machine itself, with the distribution's folder as $0. */
static int run_outside(
	const struct lxss_distribution *distribution, const char *script, HANDLE input)
{
	char *base = relay_unix_path(distribution->base);
	const char *const command[] = { "/bin/sh", "-c", script, base, NULL };

	return relay_run(&(struct relay_command){ .base = distribution->base,
		.name = distribution->name,
		.user = "root",
		.directory = "/",
		.arguments = command,
		.input = input,
		.outside = true });
}

/* --import NAME DIRECTORY FILE --version 2 */
static int import(void)
{
	struct lxss_distribution distribution;
	wchar_t base[MAX_PATH], disk[MAX_PATH];

	if (stub.argument_count < 4)
		return refuse_usage();
	if (lxss_find(stub.arguments[1], &distribution))
		return fail("RegisterDistro/ERROR_ALREADY_EXISTS");
	wchar_t *directory = stub_wide(stub.arguments[2]), *file = stub_wide(stub.arguments[3]);
	HANDLE archive = !wcscmp(file, L"-")
		? GetStdHandle(STD_INPUT_HANDLE)
		: CreateFileW(file, GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);
	if (archive == INVALID_HANDLE_VALUE)
		return fail("RegisterDistro/ERROR_FILE_NOT_FOUND");
	GetFullPathNameW(directory, MAX_PATH, base, NULL);
	swprintf(disk, MAX_PATH, L"%ls\\ext4.vhdx", base);
	if (!CreateDirectoryW(base, NULL) && GetLastError() != ERROR_ALREADY_EXISTS)
		return fail("RegisterDistro/ERROR_PATH_NOT_FOUND");
	if (!lxss_add(stub.arguments[1], base, &distribution))
		return fail("RegisterDistro/E_FAIL");
	int unpacked = run_outside(&distribution, UNPACK, archive);
	if (unpacked != 0) {
		lxss_remove(&distribution);
		return fail(unpacked == NOT_LINUX ? "RegisterDistro/WSL_E_NOT_A_LINUX_DISTRO"
						  : "RegisterDistro/WSL_E_IMPORT_FAILED");
	}
	CloseHandle(CreateFileW(disk, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL));
	lxss_set_state(&distribution, LXSS_INSTALLED);
	return done();
}

static void end_all_in(const struct lxss_distribution *distribution)
{
	relay_run(&(struct relay_command){ .base = distribution->base });
}

static int terminate(bool unregister)
{
	struct lxss_distribution distribution;

	if (stub.argument_count < 2)
		return refuse_usage();
	if (!lxss_find(stub.arguments[1], &distribution))
		return fail("WSL_E_DISTRO_NOT_FOUND");
	end_all_in(&distribution);
	if (unregister) {
		run_outside(&distribution, REMOVE_SYSTEM, NULL);
		lxss_remove(&distribution);
	}
	return done();
}

static int shut_down(void)
{
	struct lxss_distribution found[32];
	size_t count = lxss_list(found, 32);

	for (size_t i = 0; i < count; i++)
		end_all_in(&found[i]);
	return 0;
}

static int update(void)
{
	wchar_t path[MAX_PATH];

	state_path(L"updated", path);
	CloseHandle(CreateFileW(path, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL));
	return done();
}

/* -d NAME [--user USER] [--cd DIRECTORY] --exec PROGRAM ... */
static int execute(void)
{
	struct lxss_distribution distribution;
	struct relay_command command = { .input = GetStdHandle(STD_INPUT_HANDLE),
		.deaf = told_to("ignore-kill") != NULL };
	int i = 2;

	for (; i + 1 < stub.argument_count; i += 2) {
		const char *name = stub.arguments[i], *value = stub.arguments[i + 1];

		if (!strcmp(name, "--user") || !strcmp(name, "-u"))
			command.user = value;
		else if (!strcmp(name, "--cd"))
			command.directory = value;
		else
			break;
	}
	if (i + 1 >= stub.argument_count ||
		(strcmp(stub.arguments[i], "--exec") != 0 && strcmp(stub.arguments[i], "-e") != 0))
		return refuse_usage();
	if (!lxss_find(stub.arguments[1], &distribution) || distribution.state == LXSS_INSTALLING)
		return fail("WSL_E_DISTRO_NOT_FOUND");
	command.base = distribution.base;
	command.name = distribution.name;
	command.arguments = &stub.arguments[i + 1];
	return relay_run(&command);
}

static int answer(void)
{
	const char *verb = stub.argument_count > 0 ? stub.arguments[0] : "";

	if (!strcmp(verb, "--version") || !strcmp(verb, "-v"))
		return show_version();
	if (!strcmp(verb, "--status"))
		return show_status();
	if (!strcmp(verb, "--list") || !strcmp(verb, "-l"))
		return list();
	if (!strcmp(verb, "--import"))
		return import();
	if (!strcmp(verb, "--unregister") || !strcmp(verb, "--terminate") || !strcmp(verb, "-t"))
		return terminate(!strcmp(verb, "--unregister"));
	if (!strcmp(verb, "--shutdown"))
		return shut_down();
	if (!strcmp(verb, "--update") ||
		(!strcmp(verb, "--install") && has_word("--no-distribution")))
		return update();
	if (!strcmp(verb, "-d") || !strcmp(verb, "--distribution"))
		return execute();
	return refuse_usage();
}

int wmain(int argc, wchar_t **argv)
{
	const char *value;

	for (int i = 1; i < argc && stub.argument_count < MAX_WORDS; i++)
		stub.arguments[stub.argument_count++] = stub_narrow(argv[i]);
	read_rules();
	stub.language = told_to("german") ? GERMAN : told_to("chinese") ? CHINESE : ENGLISH;
	log_call();
	if (told_to("hang"))
		Sleep(INFINITE);
	if ((value = told_to("slow")))
		Sleep((DWORD)atoi(value));
	if ((value = told_to("fail")))
		return fail(value);
	int code = answer();
	if (told_to("flood"))
		for (int i = 0; i < FLOOD_CALLS; i++)
			say(STD_OUTPUT_HANDLE, "%-2000s\n", "more than anybody wants to know");
	return (value = told_to("exit")) ? (int)strtol(value, NULL, 0) : code;
}
