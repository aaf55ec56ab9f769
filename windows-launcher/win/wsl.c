#include "win/process.h"

#include <stdlib.h>
#include <string.h>

#include "win/system.h"

#define CHUNK         (64u << 10)
#define DRAIN_MS      50 /* of silence */
#define DRAIN_MOST_MS 1000

/* An inheritable handle, or NULL and why. */
static int open_file(const char *path, bool is_output, HANDLE *ret_handle)
{
	SECURITY_ATTRIBUTES inheritable = { .nLength = sizeof inheritable, .bInheritHandle = TRUE };
	wchar_t *wide = win_path(path);

	if (!wide)
		return PLAT_FAILED;
	HANDLE handle = CreateFileW(wide, is_output ? GENERIC_WRITE : GENERIC_READ, FILE_SHARE_READ,
		&inheritable, is_output ? CREATE_ALWAYS : OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL,
		NULL);
	free(wide);
	if (handle == INVALID_HANDLE_VALUE)
		return win_failed(
			is_output ? "wsl: cannot write its output" : "wsl: cannot read its input",
			GetLastError());
	*ret_handle = handle;
	return PLAT_OK;
}

struct reading {
	const struct plat_command *command;
	uint64_t deadline_ms;
	size_t kept;
	uint8_t chunk[CHUNK];
};

static uint32_t time_left(const struct reading *reading)
{
	uint64_t now = plat_now_ms();

	return now < reading->deadline_ms ? (uint32_t)(reading->deadline_ms - now) : 0;
}

/* Read until the pipe ends, `also` is set, it is silent for `silence_ms`, or time is over. */
static int read_all(struct reading *reading, HANDLE pipe, uint32_t silence_ms, HANDLE also)
{
	for (;;) {
		uint32_t left = time_left(reading);
		if (!left)
			return PLAT_TIMEOUT;
		int count = process_read(pipe, reading->chunk, sizeof reading->chunk,
			left < silence_ms ? left : silence_ms, also);
		if (count < 0)
			return count;
		const struct plat_command *command = reading->command;
		size_t room = command->output ? command->output_size - reading->kept : 0;
		size_t fits = (size_t)count < room ? (size_t)count : room;
		if (fits)
			memcpy(command->output + reading->kept, reading->chunk, fits);
		reading->kept += fits;
	}
}

/* The program's end counts, not the pipe's: something that it left behind may hold that open for
 * ever. What was written before the end is in the pipe by then. */
static int follow(struct reading *reading, const struct process *process, uint32_t *ret_exit_code)
{
	HANDLE pipe = process->output ? process->output : process->error;
	int r = read_all(reading, pipe, INFINITE, process->process);

	/* Even when that has more and more to say. */
	if (r == PLAT_CANCELLED && !win_is_cancelled()) {
		uint64_t end_ms = plat_now_ms() + DRAIN_MOST_MS;
		if (end_ms < reading->deadline_ms)
			reading->deadline_ms = end_ms;
		read_all(reading, pipe, DRAIN_MS, NULL);
	}
	if (win_is_cancelled())
		return PLAT_CANCELLED;
	return process_wait(process, time_left(reading), ret_exit_code);
}

static int run(const struct plat_command *command, HANDLE input, HANDLE output,
	struct plat_outcome *ret_outcome)
{
	wchar_t program[MAX_PATH];
	struct process process;
	uint32_t exit_code;

	if (!win_system_program(L"wsl.exe", program, MAX_PATH))
		return PLAT_MISSING;
	struct reading *reading = malloc(sizeof *reading);
	if (!reading)
		return PLAT_FAILED;
	reading->command = command;
	reading->kept = 0;
	reading->deadline_ms = plat_now_ms() + command->timeout_ms;
	int r = process_start(&(struct process_options){ .program = program,
				      .arguments = command->arguments,
				      .input = input,
				      .output = output,
				      .pipe_output = !output,
				      .pipe_error = output != NULL,
				      .error_is_output = !output },
		&process);
	if (r == PLAT_OK) {
		r = follow(reading, &process, &exit_code);
		process_close(&process);
	}
	if (r == PLAT_OK)
		*ret_outcome = (struct plat_outcome){ .exit_code = exit_code,
			.output_size = reading->kept };
	free(reading);
	return r;
}

/* What it wrote is on the disk only now; a copy of somebody's files that is not there yet is none.
 */
static int flush(HANDLE output)
{
	if (GetFileType(output) != FILE_TYPE_DISK || FlushFileBuffers(output))
		return PLAT_OK;
	int r = win_failed("wsl: cannot write its output", GetLastError());
	return r == PLAT_FULL ? PLAT_FULL : PLAT_FAILED;
}

int plat_wsl(const struct plat_command *command, struct plat_outcome *ret_outcome)
{
	HANDLE input = NULL, output = NULL;
	int r = PLAT_OK;

	if (win_is_cancelled())
		return PLAT_CANCELLED;
	if (command->input_path)
		r = open_file(command->input_path, false, &input);
	if (r == PLAT_OK && command->output_path)
		r = open_file(command->output_path, true, &output);
	if (r == PLAT_OK)
		r = run(command, input, output, ret_outcome);
	if (r == PLAT_OK && output)
		r = flush(output);
	if (input)
		CloseHandle(input);
	if (output)
		CloseHandle(output);
	return r;
}
