#include "win/process.h"

#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "core/command.h"
#include "win/system.h"

#define LINE_UNITS_MAX 32767 /* CreateProcessW's */
#define LINE_BYTES_MAX (3 * LINE_UNITS_MAX + 1)
#define END_WAIT_MS    50

static const wchar_t utf8_output[] = L"WSL_UTF8=1";

/* The child's standard handles. What `owned` has is closed once the child has its copies. */
struct ends {
	HANDLE input, output, error;
	HANDLE owned[3];
	size_t owned_count;
};

static int open_null(struct ends *ends, DWORD access, HANDLE *ret_handle)
{
	SECURITY_ATTRIBUTES inheritable = { .nLength = sizeof inheritable, .bInheritHandle = TRUE };
	HANDLE handle = CreateFileW(L"NUL", access, FILE_SHARE_READ | FILE_SHARE_WRITE,
		&inheritable, OPEN_EXISTING, 0, NULL);

	if (handle == INVALID_HANDLE_VALUE)
		return win_failed("process: cannot open NUL", GetLastError());
	ends->owned[ends->owned_count++] = handle;
	*ret_handle = handle;
	return PLAT_OK;
}

static int open_pipe(struct ends *ends, bool is_childs_input, HANDLE *ret_ours, HANDLE *ret_theirs)
{
	int r = pipe_new(is_childs_input, ret_ours, ret_theirs);

	if (r == PLAT_OK)
		ends->owned[ends->owned_count++] = *ret_theirs;
	return r;
}

static int open_ends(
	struct ends *ends, const struct process_options *options, struct process *process)
{
	int r = PLAT_OK;

	if (options->input)
		ends->input = options->input;
	else if (options->pipe_input)
		r = open_pipe(ends, true, &process->input, &ends->input);
	else
		r = open_null(ends, GENERIC_READ, &ends->input);
	if (r < 0)
		return r;

	if (options->output)
		ends->output = options->output;
	else if (options->pipe_output)
		r = open_pipe(ends, false, &process->output, &ends->output);
	else
		r = open_null(ends, GENERIC_WRITE, &ends->output);
	if (r < 0)
		return r;

	if (options->error_is_output)
		ends->error = ends->output;
	else if (options->pipe_error)
		r = open_pipe(ends, false, &process->error, &ends->error);
	else
		r = open_null(ends, GENERIC_WRITE, &ends->error);
	return r;
}

static void close_ends(struct ends *ends)
{
	while (ends->owned_count)
		CloseHandle(ends->owned[--ends->owned_count]);
}

/* Program and arguments as one line; to be freed. */
static wchar_t *command_line(const struct process_options *options)
{
	char *line = calloc(1, LINE_BYTES_MAX);
	char *program = win_narrow(options->program);
	wchar_t *wide = NULL;

	bool fits = line && program && command_append(line, LINE_BYTES_MAX, program);
	for (const char *const *argument = options->arguments; fits && argument && *argument;
		argument++)
		fits = command_append(line, LINE_BYTES_MAX, *argument);
	if (fits)
		wide = win_wide(line);
	if (wide && wcslen(wide) >= LINE_UNITS_MAX) {
		free(wide);
		wide = NULL;
	}
	free(program);
	free(line);
	return wide;
}

static bool is_utf8_output(const wchar_t *variable)
{
	return !_wcsnicmp(variable, utf8_output, wcscspn(utf8_output, L"=") + 1);
}

/* Ours with WSL_UTF8=1; to be freed. Not in our own environment: what else we start, a browser say,
 * would get it too. */
static wchar_t *environment(void)
{
	wchar_t *ours = GetEnvironmentStringsW();
	size_t units = sizeof utf8_output / sizeof *utf8_output + 1;

	if (!ours)
		return NULL;
	for (const wchar_t *at = ours; *at; at += wcslen(at) + 1)
		units += wcslen(at) + 1;
	wchar_t *theirs = malloc(units * sizeof *theirs);
	wchar_t *end = theirs;
	for (const wchar_t *at = ours; theirs && *at; at += wcslen(at) + 1) {
		if (is_utf8_output(at))
			continue;
		wcscpy(end, at);
		end += wcslen(end) + 1;
	}
	if (theirs) {
		wcscpy(end, utf8_output);
		end[sizeof utf8_output / sizeof *utf8_output] = 0;
	}
	FreeEnvironmentStringsW(ours);
	return theirs;
}

/* It ends the program, and leaves out what that starts itself: wsl.exe hands on to another one of a
 * package, and Windows wants all of a package in one job of its own, which it cannot have below two
 * of ours. wsl.exe holds its successor by a job as well; and whatever that holds has its stdin from
 * us. */
static HANDLE kill_on_close_job(void)
{
	HANDLE job = CreateJobObjectW(NULL, NULL);
	JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits = {
		.BasicLimitInformation.LimitFlags =
			JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE | JOB_OBJECT_LIMIT_SILENT_BREAKAWAY_OK,
	};

	if (job &&
		!SetInformationJobObject(
			job, JobObjectExtendedLimitInformation, &limits, sizeof limits)) {
		CloseHandle(job);
		return NULL;
	}
	return job;
}

/* The handles to inherit, each once as Windows demands. */
static size_t inherited(const struct ends *ends, HANDLE handles[3])
{
	const HANDLE all[3] = { ends->input, ends->output, ends->error };
	size_t count = 0;

	for (size_t i = 0; i < 3; i++) {
		size_t known = 0;
		while (known < count && handles[known] != all[i])
			known++;
		if (known == count)
			handles[count++] = all[i];
	}
	return count;
}

/* The job is an attribute, not assigned afterwards: there is no moment in which we could die and
 * leave a child behind. Windows 10 has that everywhere, inside other jobs too. */
static BOOL create(const wchar_t *program, wchar_t *line, wchar_t *variables,
	const struct ends *ends, HANDLE *job, PROCESS_INFORMATION *ret_started)
{
	HANDLE handles[3];
	size_t handles_size = inherited(ends, handles) * sizeof *handles;
	STARTUPINFOEXW startup = { .StartupInfo = { .cb = sizeof startup,
					   .dwFlags = STARTF_USESTDHANDLES,
					   .hStdInput = ends->input,
					   .hStdOutput = ends->output,
					   .hStdError = ends->error } };
	SIZE_T size = 0;

	InitializeProcThreadAttributeList(NULL, 2, 0, &size);
	LPPROC_THREAD_ATTRIBUTE_LIST list = malloc(size);
	if (!list || !InitializeProcThreadAttributeList(list, 2, 0, &size)) {
		free(list);
		SetLastError(ERROR_NOT_ENOUGH_MEMORY);
		return FALSE;
	}
	startup.lpAttributeList = list;
	BOOL ok = UpdateProcThreadAttribute(list, 0, PROC_THREAD_ATTRIBUTE_HANDLE_LIST, handles,
			  handles_size, NULL, NULL) &&
		UpdateProcThreadAttribute(
			list, 0, PROC_THREAD_ATTRIBUTE_JOB_LIST, job, sizeof *job, NULL, NULL) &&
		CreateProcessW(program, line, NULL, NULL, TRUE,
			CREATE_NO_WINDOW | CREATE_UNICODE_ENVIRONMENT |
				EXTENDED_STARTUPINFO_PRESENT,
			variables, NULL, &startup.StartupInfo, ret_started);
	DWORD error = GetLastError();
	DeleteProcThreadAttributeList(list);
	free(list);
	SetLastError(error);
	return ok;
}

int process_start(const struct process_options *options, struct process *ret_process)
{
	struct process process = { .job = kill_on_close_job() };
	struct ends ends = { .owned_count = 0 };
	PROCESS_INFORMATION started;
	wchar_t *line = command_line(options), *variables = environment();
	int r = PLAT_FAILED;

	/* Children inherit it: a DLL that is missing gives an exit code, not a box on the screen.
	 */
	SetErrorMode(GetErrorMode() | SEM_FAILCRITICALERRORS);
	if (!process.job || !line || !variables)
		plat_log("process: no job, no memory, or too many arguments");
	else
		r = open_ends(&ends, options, &process);
	if (r == PLAT_OK &&
		!create(options->program, line, variables, &ends, &process.job, &started))
		r = win_failed("process: cannot start", GetLastError());
	close_ends(&ends);
	free(line);
	free(variables);
	if (r < 0) {
		process_close(&process);
		return r;
	}
	CloseHandle(started.hThread);
	process.process = started.hProcess;
	*ret_process = process;
	return PLAT_OK;
}

int process_read(HANDLE pipe, void *buffer, size_t size, uint32_t timeout_ms, HANDLE also)
{
	const HANDLE stops[] = { win_cancelled(), also };

	return pipe_read(pipe, buffer, size, timeout_ms, stops, 2);
}

int process_write(HANDLE pipe, const void *bytes, size_t size, uint32_t timeout_ms, HANDLE also)
{
	const HANDLE stops[] = { win_cancelled(), also };

	return pipe_write(pipe, bytes, size, timeout_ms, stops, 2);
}

int process_wait(const struct process *process, uint32_t timeout_ms, uint32_t *ret_exit_code)
{
	const HANDLE handles[] = { process->process, win_cancelled() };
	DWORD exit_code = UINT32_MAX;

	switch (WaitForMultipleObjects(2, handles, FALSE, timeout_ms)) {
	case WAIT_OBJECT_0:
		GetExitCodeProcess(process->process, &exit_code);
		*ret_exit_code = exit_code;
		return PLAT_OK;
	case WAIT_OBJECT_0 + 1: return PLAT_CANCELLED;
	case WAIT_TIMEOUT: return PLAT_TIMEOUT;
	default: return win_failed("process: cannot wait", GetLastError());
	}
}

static void close_handle(HANDLE *handle)
{
	if (*handle)
		CloseHandle(*handle);
	*handle = NULL;
}

void process_close(struct process *process)
{
	if (process->job)
		TerminateJobObject(process->job, UINT32_MAX);
	close_handle(&process->job);
	/* The end comes soon but not at once; files that it had open should be free when we return.
	 */
	if (process->process)
		WaitForSingleObject(process->process, END_WAIT_MS);
	close_handle(&process->input);
	close_handle(&process->output);
	close_handle(&process->error);
	close_handle(&process->process);
}
