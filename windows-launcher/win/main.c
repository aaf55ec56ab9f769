/* Helix.exe: what the command line asks for. The window has this thread, the session another. */
#include "core/launch.h"
#include "core/options.h"
#include "core/strings.h"
#include "core/text.h"
#include "win/browser.h"
#include "win/console.h"
#include "win/data.h"
#include "win/diagnose.h"
#include "win/dialog.h"
#include "win/instance.h"
#include "win/network.h"
#include "win/report.h"
#include "win/uninstall.h"
#include "win/view.h"
#include "win/win.h"
#include "win/window.h"

#include <commctrl.h>
#include <objbase.h>
#include <shellapi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <windows.h>

enum { EXIT_GAVE_UP = 1, EXIT_BAD_OPTION = 2 };

/* A program that lies in a folder of downloads must not take DLLs from there. */
static void harden(void)
{
	SetDefaultDllDirectories(LOAD_LIBRARY_SEARCH_SYSTEM32);
	HeapSetInformation(NULL, HeapEnableTerminationOnCorruption, NULL, 0);
}

/* The arguments in UTF-8, for the process' whole life. NULL without memory. */
static char **read_arguments(int *ret_count)
{
	int count = 0;
	wchar_t **wide = CommandLineToArgvW(GetCommandLineW(), &count);
	char **arguments = wide ? calloc((size_t)count + 1, sizeof(*arguments)) : NULL;

	for (int i = 0; arguments && i < count; i++) {
		arguments[i] = win_narrow(wide[i]);
		if (!arguments[i])
			return NULL;
	}
	LocalFree(wide);
	*ret_count = count;
	return arguments;
}

/* In the terminal, or in a dialog without one. */
static void say(const char *text, bool is_error)
{
	const char *buttons[] = { string_text(STRING_CLOSE), NULL };

	if (console_write(text, is_error))
		return;
	dialog_ask(NULL,
		&(struct plat_question){
			.title = string_text(STRING_NAME),
			.instruction = "",
			.content = text,
			.details = "",
			.buttons = buttons,
		});
}

static int refuse(const char *error)
{
	char text[512];

	string_fill(text, sizeof(text), "Helix.exe: %s\n", error, NULL);
	say(text, true);
	return EXIT_BAD_OPTION;
}

/* Where Helix.exe is; "" when Windows does not say. To be freed. */
static char *own_directory(void)
{
	wchar_t path[DATA_PATH_SIZE];
	DWORD length = GetModuleFileNameW(NULL, path, DATA_PATH_SIZE);
	wchar_t *last = length > 0 && length < DATA_PATH_SIZE ? wcsrchr(path, L'\\') : NULL;

	if (last)
		*last = L'\0';
	return win_narrow(last ? path : L"");
}

static DWORD WINAPI work(void *options)
{
	return (DWORD)launch_run(options);
}

static int run_session(const struct launch_options *launch, int show)
{
	wchar_t title[128] = L"Helix";
	DWORD exit_code = EXIT_GAVE_UP;
	HANDLE worker;

	if (strcmp(launch->options->name, "Helix") != 0) {
		wchar_t *name = win_wide(launch->options->name);

		swprintf(title, 128, L"Helix - %.100ls", name ? name : L"");
		free(name);
	}
	if (!window_open(&(struct window_options){ instance_class(), title, show }))
		return EXIT_GAVE_UP;
	worker = CreateThread(NULL, 0, work, (void *)launch, 0, NULL);
	if (!worker) {
		win_failed("main: no thread", GetLastError());
		return EXIT_GAVE_UP;
	}
	network_watch();
	window_run(worker);
	network_leave();
	if (WaitForSingleObject(worker, 0) == WAIT_OBJECT_0)
		GetExitCodeThread(worker, &exit_code);
	CloseHandle(worker);
	return (int)exit_code;
}

static int open_desktop(const struct options *options, int show)
{
	char *exe_directory = own_directory(), *data_directory;
	struct launch_options launch = { .options = options, .version = HELIX_VERSION };
	int exit_code;

	switch (instance_claim()) {
	case INSTANCE_ASKED: return 0;
	case INSTANCE_HANGS:
		dialog_tell(NULL, true, STRING_OTHER_HANGS, STRING_OTHER_HANGS_WHY, NULL);
		return EXIT_GAVE_UP;
	case INSTANCE_OURS: break;
	}
	data_directory = win_narrow(win_data_directory());
	if (!data_make()) {
		dialog_tell(NULL, true, STRING_NO_DATA, STRING_NO_DATA_WHY, data_directory);
		return EXIT_GAVE_UP;
	}
	win_log_open();
	plat_log("main: Helix %s starts", HELIX_VERSION);
	browser_clean();
	if (options->browser)
		view_prefer_browser();
	launch.exe_directory = exe_directory ? exe_directory : "";
	launch.data_directory = data_directory ? data_directory : "";
	exit_code = run_session(&launch, show);
	plat_log("main: exit code %d", exit_code);
	win_log_close();
	/* Not by way of exit(): a worker that hangs would be in the way of what that tidies up. */
	ExitProcess((UINT)exit_code);
}

static int diagnose(const struct options *options)
{
	HANDLE output = GetStdHandle(STD_OUTPUT_HANDLE);
	DWORD type = output ? GetFileType(output) : FILE_TYPE_UNKNOWN;
	bool has_terminal = AttachConsole(ATTACH_PARENT_PROCESS);
	char *text;

	report_set_name(options->name);
	if (type != FILE_TYPE_DISK && type != FILE_TYPE_PIPE && !has_terminal) {
		report_open();
		report_run();
		return 0;
	}
	text = diagnose_collect(options->name);
	if (!text)
		return EXIT_GAVE_UP;
	console_write(text, false);
	free(text);
	return 0;
}

static int obey(const struct options *options, int show)
{
	instance_set_name(options->name);
	report_set_name(options->name);
	switch (options->action) {
	case ACTION_OPEN: return open_desktop(options, show);
	case ACTION_DIAGNOSE: return diagnose(options);
	case ACTION_UNINSTALL: return uninstall(options);
	case ACTION_HELP: say(string_text(STRING_USAGE), false); return 0;
	case ACTION_VERSION: say("Helix " HELIX_VERSION "\n", false); return 0;
	}
	return EXIT_BAD_OPTION;
}

int WINAPI wWinMain(HINSTANCE instance, HINSTANCE before, wchar_t *command_line, int show)
{
	struct options options;
	INITCOMMONCONTROLSEX controls = { sizeof(controls), ICC_STANDARD_CLASSES | ICC_LINK_CLASS };
	char error[256], **arguments;
	int count;

	(void)instance;
	(void)before;
	(void)command_line;
	harden();
	InitCommonControlsEx(&controls); /* and by that the manifest's comctl32 is loaded */
	arguments = read_arguments(&count);
	if (!arguments)
		return EXIT_GAVE_UP;
	if (!options_parse(&options, count, (const char *const *)arguments, error, sizeof(error)))
		return refuse(error);
	if (FAILED(CoInitializeEx(NULL, COINIT_APARTMENTTHREADED | COINIT_DISABLE_OLE1DDE)))
		return EXIT_GAVE_UP;
	if (!data_name(options.data, options.name))
		return refuse("There can be no such directory as --data says.");
	return obey(&options, show);
}
