#include "win/diagnose.h"

#include "core/text.h"
#include "win/tunnel.h"
#include "win/webview.h"
#include "win/win.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

enum {
	QUICK_MS = 15000,
	DOCTOR_MS = 60000,
	OUTPUT_SIZE = 65536,
	LOG_SIZE = 32768,
	LOG_LINES = 100
};

struct report {
	char *text;
	size_t length, size;
};

/* What does not fit into memory is left out. */
static void append(struct report *report, const char *text, size_t length)
{
	if (report->size - report->length <= length) {
		size_t size = (report->length + length + 1) * 2;
		char *larger = realloc(report->text, size);

		if (!larger)
			return;
		report->text = larger;
		report->size = size;
	}
	memcpy(report->text + report->length, text, length);
	report->length += length;
	report->text[report->length] = '\0';
}

static void say(struct report *report, const char *text)
{
	append(report, text, strlen(text));
}

__attribute__((format(printf, 2, 3))) static void sayf(
	struct report *report, const char *format, ...)
{
	char line[2048];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	say(report, line);
}

static void say_wide(struct report *report, const char *name, const wchar_t *wide)
{
	char *text = win_narrow(wide);

	sayf(report, "%s: %s\n", name, text ? text : "?");
	free(text);
}

/* GetVersionEx says what the manifest allows it to; this says what it is. */
static void say_windows(struct report *report)
{
	typedef LONG(WINAPI * get_version)(OSVERSIONINFOW *);
	OSVERSIONINFOW version = { .dwOSVersionInfoSize = sizeof(version) };
	get_version get = (get_version)(void *)GetProcAddress(
		GetModuleHandleW(L"ntdll.dll"), "RtlGetVersion");
	SYSTEM_INFO system;
	MEMORYSTATUSEX memory = { .dwLength = sizeof(memory) };

	if (get)
		get(&version);
	GetNativeSystemInfo(&system);
	GlobalMemoryStatusEx(&memory);
	sayf(report, "Windows: %lu.%lu.%lu, %s, %lu processors, %llu MB of memory\n",
		version.dwMajorVersion, version.dwMinorVersion, version.dwBuildNumber,
		system.wProcessorArchitecture == PROCESSOR_ARCHITECTURE_ARM64 ? "arm64" : "x64",
		system.dwNumberOfProcessors, (unsigned long long)(memory.ullTotalPhys >> 20));
}

static void say_directory(struct report *report)
{
	char *directory = win_narrow(win_data_directory());
	uint64_t available;

	if (directory && plat_disk_free(directory, &available) == PLAT_OK)
		sayf(report, "Data: %s, %llu MB free\n", directory,
			(unsigned long long)(available >> 20));
	else
		sayf(report, "Data: %s, not there\n", directory ? directory : "?");
	free(directory);
}

static void say_facts(struct report *report, const char *distribution)
{
	wchar_t version[64];
	char tunnel[128] = "off";
	int is_registered = plat_is_registered(distribution);

	sayf(report, "Helix: %s\n", HELIX_VERSION);
	say_windows(report);
	if (webview_version(version, sizeof(version) / sizeof(version[0])))
		say_wide(report, "WebView2", version);
	else
		say(report, "WebView2: none\n");
	say_directory(report);
	sayf(report, "Distribution %s: %s\n", distribution,
		is_registered > 0            ? "registered"
			: is_registered == 0 ? "not registered"
					     : "nothing is registered");
	tunnel_describe(tunnel, sizeof(tunnel));
	sayf(report, "Tunnel: %s\n", tunnel);
}

static const char *in_words(int result)
{
	switch (result) {
	case PLAT_TIMEOUT: return "no answer, ended";
	case PLAT_MISSING: return "no wsl.exe";
	case PLAT_CANCELLED: return "cancelled";
	default: return "could not be run";
	}
}

static void say_output(struct report *report, const uint8_t *output, size_t count)
{
	size_t size = count * 3 + 1; /* a UTF-16 unit is 3 bytes of UTF-8 at most */
	char *text = malloc(size);

	if (!text)
		return;
	text_from_console(output, count, text, size);
	say(report, text);
	if (report->length > 0 && report->text[report->length - 1] != '\n')
		say(report, "\n");
	free(text);
}

static void say_command(struct report *report, uint32_t timeout_ms, const char *const *arguments)
{
	uint8_t *output = malloc(OUTPUT_SIZE);
	struct plat_command command = {
		.arguments = arguments,
		.timeout_ms = timeout_ms,
		.output = output,
		.output_size = output ? OUTPUT_SIZE : 0,
	};
	struct plat_outcome outcome = { 0 };
	int result = plat_wsl(&command, &outcome);

	say(report, "\n--- wsl");
	for (const char *const *argument = arguments; *argument; argument++)
		sayf(report, " %s", *argument);
	if (result == PLAT_OK)
		sayf(report, " (%ld)\n", (long)(int32_t)outcome.exit_code);
	else
		sayf(report, " (%s)\n", in_words(result));
	if (output && (result == PLAT_OK || result == PLAT_TIMEOUT))
		say_output(report, output, outcome.output_size);
	free(output);
}

static void say_log(struct report *report)
{
	char *log = win_log_tail(LOG_SIZE);
	size_t length = log ? strlen(log) : 0;
	int lines = 0;

	say(report, "\n--- helix.log\n");
	while (length > 0 && (lines < LOG_LINES || log[length - 1] != '\n'))
		lines += log[--length] == '\n';
	if (log)
		say(report, log + length);
	free(log);
}

/* The user's name is nobody's business; where his folder is, neither. */
static void hide_user(struct report *report)
{
	static const char instead[] = "%USERPROFILE%";
	struct report hidden = { 0 };
	wchar_t wide[MAX_PATH] = L"";
	DWORD wide_length = GetEnvironmentVariableW(L"USERPROFILE", wide, MAX_PATH);
	char *profile = wide_length > 3 && wide_length < MAX_PATH ? win_narrow(wide) : NULL;
	const char *at = report->text, *next;

	if (profile && at) {
		for (; (next = strstr(at, profile)); at = next + strlen(profile)) {
			append(&hidden, at, (size_t)(next - at));
			append(&hidden, instead, sizeof(instead) - 1);
		}
		say(&hidden, at);
		free(report->text);
		*report = hidden;
	}
	free(profile);
}

char *diagnose_collect(const char *distribution)
{
	struct report report = { 0 };

	say_facts(&report, distribution);
	say_command(&report, QUICK_MS, (const char *const[]){ "--version", NULL });
	say_command(&report, QUICK_MS, (const char *const[]){ "--status", NULL });
	say_command(&report, QUICK_MS, (const char *const[]){ "--list", "--verbose", NULL });
	say_log(&report);
	if (plat_is_registered(distribution) > 0)
		say_command(&report, DOCTOR_MS,
			(const char *const[]){
				"-d", distribution, "--exec", "helix-agent", "doctor", NULL });
	hide_user(&report);
	if (report.text)
		text_redact(report.text);
	return report.text;
}
