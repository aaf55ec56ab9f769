#include "probe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "win/process.h"

#define OUTPUT_SIZE (11u << 20)
#define MUCH        (1u << 20) /* for a pipe */

/* Of the last run(), with a NUL. */
static char *output;
static struct plat_outcome outcome;

static int run_for(const char *const *words, uint32_t timeout_ms)
{
	if (!output)
		output = calloc(1, OUTPUT_SIZE);
	if (!output)
		abort();
	outcome = (struct plat_outcome){ .exit_code = 1234 };
	int r = plat_wsl(&(struct plat_command){ .arguments = words,
				 .timeout_ms = timeout_ms,
				 .output = (uint8_t *)output,
				 .output_size = OUTPUT_SIZE - 1 },
		&outcome);
	output[outcome.output_size] = 0;
	return r;
}

static int run(const char *const *words)
{
	return run_for(words, 20000);
}

TEST(wsl, gets_its_arguments_as_they_are)
{
	CHECK_NUMBER(run(WORDS("echo", "plain", "two words", "", "a \"quoted\" \\", "c:\\dir\\",
			     "Zo\xc3\xab \xe4\xb8\xad \xf0\x9f\x90\xa7", "%PATH% $HOME ^&|<>")),
		PLAT_OK);
	CHECK_TEXT(output,
		"plain\ntwo words\n\na \"quoted\" \\\nc:\\dir\\\n"
		"Zo\xc3\xab \xe4\xb8\xad \xf0\x9f\x90\xa7\n%PATH% $HOME ^&|<>\n");
}

TEST(wsl, tells_its_exit_code_and_both_outputs)
{
	CHECK_NUMBER(run(WORDS("exit", "0")), PLAT_OK);
	CHECK_NUMBER(outcome.exit_code, 0);
	CHECK_NUMBER(run(WORDS("exit", "4294967295")), PLAT_OK);
	CHECK_NUMBER(outcome.exit_code, UINT32_MAX);
	CHECK_NUMBER(run(WORDS("both")), PLAT_OK);
	CHECK_TEXT(output, "out\nerr\n");
	CHECK_NUMBER(run(WORDS("variable", "WSL_UTF8")), PLAT_OK);
	CHECK_TEXT(output, "1\n");
	CHECK_NUMBER(run(WORDS("variable", "SystemRoot")), PLAT_OK);
	CHECK(!_stricmp(output, "C:\\windows\n"));
	CHECK(!getenv("WSL_UTF8"));
	CHECK_NUMBER(run(WORDS("copy")), PLAT_OK); /* its input is NUL */
	CHECK_NUMBER(outcome.output_size, 0);
}

TEST(wsl, reads_and_writes_files)
{
	char text[64];
	size_t size;

	CHECK_NUMBER(plat_write_file(probe_path("in \xc3\xab"), "through a file", 14), PLAT_OK);
	CHECK_NUMBER(plat_wsl(&(struct plat_command){ .arguments = WORDS("copy"),
				      .input_path = probe_path("in \xc3\xab"),
				      .output_path = probe_path("out \xc3\xab"),
				      .timeout_ms = 10000 },
			     &outcome),
		PLAT_OK);
	CHECK_NUMBER(plat_read_file(probe_path("out \xc3\xab"), text, sizeof text, &size), PLAT_OK);
	CHECK_TEXT(text, "through a file");
	CHECK_NUMBER(plat_wsl(&(struct plat_command){ .arguments = WORDS("both"),
				      .output_path = probe_path("out"),
				      .timeout_ms = 10000,
				      .output = (uint8_t *)text,
				      .output_size = sizeof text },
			     &outcome),
		PLAT_OK);
	CHECK(outcome.output_size == 4 && !memcmp(text, "err\n", 4));
	CHECK_NUMBER(plat_remove(probe_path("out")), PLAT_OK); /* nobody holds it */
	CHECK_NUMBER(plat_wsl(&(struct plat_command){ .arguments = WORDS("copy"),
				      .input_path = probe_path("none"),
				      .timeout_ms = 10000 },
			     &outcome),
		PLAT_MISSING);
}

TEST(wsl, is_ended_when_its_time_is_over)
{
	uint64_t start_ms = plat_now_ms();

	CHECK_NUMBER(run_for(WORDS("hang"), 500), PLAT_TIMEOUT);
	CHECK_NUMBER(run_for(WORDS("flood"), 500), PLAT_TIMEOUT);
	CHECK(plat_now_ms() - start_ms < 4000);
}

TEST(wsl, is_not_waited_for_when_only_its_orphan_holds_the_pipe)
{
	uint64_t start_ms = plat_now_ms();

	CHECK_NUMBER(run(WORDS("orphan", "hang")), PLAT_OK);
	CHECK_NUMBER(outcome.exit_code, 3);
	CHECK(strstr(output, "parent\n"));
	CHECK_NUMBER(run(WORDS("orphan", "flood")), PLAT_OK);
	CHECK_NUMBER(outcome.exit_code, 3);
	CHECK(plat_now_ms() - start_ms < 5000);
}

TEST(wsl, gives_ten_megabytes_in_order)
{
	unsigned wrong = 0;
	char line[16];

	CHECK_NUMBER(run(WORDS("numbers", "1310720")), PLAT_OK);
	CHECK_NUMBER(outcome.output_size, 10u << 20);
	for (unsigned i = 0; i < 1310720; i++) {
		snprintf(line, sizeof line, "%07u\n", i);
		wrong += memcmp(line, output + 8 * (size_t)i, 8) != 0;
	}
	CHECK_NUMBER(wrong, 0);
}

TEST(wsl, drops_what_does_not_fit)
{
	char small[8];

	CHECK_NUMBER(plat_wsl(&(struct plat_command){ .arguments = WORDS("numbers", "100000"),
				      .timeout_ms = 10000,
				      .output = (uint8_t *)small,
				      .output_size = sizeof small },
			     &outcome),
		PLAT_OK);
	CHECK_NUMBER(outcome.output_size, 8);
	CHECK(!memcmp(small, "0000000\n", 8));
}

TEST(wsl, ends_soon_after_a_cancel)
{
	probe_cancel_in(300);
	CHECK_NUMBER(run(WORDS("hang")), PLAT_CANCELLED);
	CHECK(probe_cancelled() < 100);
	probe_cancel_in(300);
	CHECK_NUMBER(run(WORDS("flood")), PLAT_CANCELLED);
	CHECK(probe_cancelled() < 100);
	plat_cancel();
	CHECK_NUMBER(run(WORDS("exit", "0")), PLAT_CANCELLED);
	CHECK_NUMBER(plat_agent_start(WORDS("agent")), PLAT_CANCELLED);
	ResetEvent(win_cancelled());
}

static DWORD handles(void)
{
	DWORD count = 0;

	GetProcessHandleCount(GetCurrentProcess(), &count);
	return count;
}

TEST(wsl, leaves_no_handle_behind)
{
	char text[64];

	CHECK_NUMBER(run(WORDS("exit", "0")), PLAT_OK);
	DWORD before = handles();
	for (int i = 0; i < 10; i++) {
		CHECK_NUMBER(run(WORDS("both")), PLAT_OK);
		CHECK_NUMBER(run_for(WORDS("hang"), 50), PLAT_TIMEOUT);
		CHECK_NUMBER(plat_agent_start(WORDS("agent")), PLAT_OK);
		CHECK_NUMBER(plat_agent_line(text, sizeof text, 5000), PLAT_OK);
		CHECK_NUMBER(plat_agent_stop(5000), 7);
	}
	CHECK_NUMBER(handles(), before);
}

TEST(process, inherits_three_handles_and_no_more)
{
	SECURITY_ATTRIBUTES inheritable = { .nLength = sizeof inheritable, .bInheritHandle = TRUE };
	HANDLE event = CreateEventW(&inheritable, TRUE, FALSE, NULL);
	char number[32];

	snprintf(number, sizeof number, "%llu", (unsigned long long)(ULONG_PTR)event);
	CHECK_NUMBER(run(WORDS("handle", number)), PLAT_OK);
	CHECK_NUMBER(WaitForSingleObject(event, 0), WAIT_TIMEOUT);
	CloseHandle(event);
}

static int start(const char *role, struct process *process)
{
	wchar_t program[MAX_PATH];

	win_system_program(L"wsl.exe", program, MAX_PATH);
	return process_start(&(struct process_options){ .program = program,
				     .arguments = WORDS(role),
				     .pipe_input = true,
				     .pipe_output = true,
				     .error_is_output = true },
		process);
}

TEST(process, pipes_can_be_waited_for_and_left)
{
	struct process process = { 0 };
	HANDLE also = CreateEventW(NULL, TRUE, TRUE, NULL);
	char text[8] = "";
	uint32_t exit_code = 1;

	if (!CHECK(start("copy", &process) == PLAT_OK))
		return;
	CHECK_NUMBER(process_read(process.output, text, sizeof text, 50, NULL), PLAT_TIMEOUT);
	CHECK_NUMBER(process_read(process.output, text, sizeof text, 5000, also), PLAT_CANCELLED);
	CHECK_NUMBER(process_write(process.input, "ping", 4, 1000, NULL), PLAT_OK);
	CHECK_NUMBER(process_wait(&process, 10, &exit_code), PLAT_TIMEOUT);
	CloseHandle(process.input);
	process.input = NULL;
	CHECK_NUMBER(process_read(process.output, text, sizeof text, 5000, NULL), 4);
	CHECK(!memcmp(text, "ping", 4));
	CHECK_NUMBER(process_read(process.output, text, sizeof text, 5000, NULL), PLAT_ENDED);
	CHECK_NUMBER(process_wait(&process, 5000, &exit_code), PLAT_OK);
	CHECK_NUMBER(exit_code, 0);
	process_close(&process);
	process_close(&process);
	CloseHandle(also);
}

TEST(process, that_does_not_read_does_not_hold_us_up)
{
	struct process process = { 0 };
	uint64_t start_ms = plat_now_ms();
	char *much = calloc(1, MUCH);

	if (!CHECK(start("hang", &process) == PLAT_OK))
		return;
	CHECK_NUMBER(process_write(process.input, much, MUCH, 300, NULL), PLAT_TIMEOUT);
	probe_cancel_in(100);
	CHECK_NUMBER(process_write(process.input, much, MUCH, 5000, NULL), PLAT_CANCELLED);
	CHECK(probe_cancelled() < 100);
	process_close(&process);
	free(much);
	CHECK(plat_now_ms() - start_ms < 3000);
}

TEST(process, that_does_not_exist_is_missing)
{
	struct process process = { 0 };

	CHECK_NUMBER(process_start(
			     &(struct process_options){ .program = L"C:\\no\\such.exe" }, &process),
		PLAT_MISSING);
	CHECK(!process.process && !process.job);
}

TEST(agent, speaks_in_lines_and_leaves_when_its_input_ends)
{
	char line[64];

	probe_log_open();
	CHECK_NUMBER(plat_agent_start(WORDS("agent")), PLAT_OK);
	CHECK_NUMBER(plat_wait(5000), PLAT_EVENT_LINE);
	CHECK_NUMBER(plat_agent_line(line, sizeof line, 5000), PLAT_OK);
	CHECK_TEXT(line, "boot noise");
	CHECK_NUMBER(plat_agent_line(line, sizeof line, 5000), PLAT_OK);
	CHECK_TEXT(line, "{\"ready\":true}");
	CHECK_NUMBER(plat_agent_line(line, sizeof line, 10), PLAT_TIMEOUT);
	CHECK_NUMBER(plat_wait(10), PLAT_EVENT_TIMEOUT);
	CHECK_NUMBER(plat_wait(8000), PLAT_EVENT_LINE);
	CHECK_NUMBER(plat_agent_line(line, 7, 5000), PLAT_OK);
	CHECK_TEXT(line, "beat 1");
	probe_cancel_in(100);
	CHECK_NUMBER(plat_agent_line(line, sizeof line, 4000), PLAT_CANCELLED);
	/* An end in order, even so. */
	CHECK_NUMBER(plat_agent_stop(5000), 7);
	CHECK(probe_cancelled() < 1000);
	CHECK_NUMBER(plat_agent_stop(5000), UINT32_MAX);
	CHECK_NUMBER(plat_agent_line(line, sizeof line, 1000), PLAT_ENDED);
	CHECK_NUMBER(plat_wait(10), PLAT_EVENT_TIMEOUT);
	char *tail = win_log_tail(2000);
	CHECK(tail && strstr(tail, "agent: link is http://x/") && !strstr(tail, "verysecret"));
	CHECK(tail && strstr(tail, "agent: last words"));
	free(tail);
	win_log_close();
}

TEST(agent, that_does_not_leave_is_ended)
{
	char line[64];
	uint64_t start_ms;

	CHECK_NUMBER(plat_agent_start(WORDS("stubborn")), PLAT_OK);
	start_ms = plat_now_ms();
	CHECK_NUMBER(plat_agent_stop(700), UINT32_MAX);
	CHECK(plat_now_ms() - start_ms >= 690 && plat_now_ms() - start_ms < 2500);
	CHECK_NUMBER(plat_agent_start(WORDS("exit", "3")), PLAT_OK);
	CHECK_NUMBER(plat_agent_line(line, sizeof line, 5000), PLAT_ENDED);
	CHECK_NUMBER(plat_agent_line(line, sizeof line, 5000), PLAT_ENDED);
	CHECK_NUMBER(plat_agent_stop(1000), 3);
}

TEST(agent, that_ended_is_gone_even_when_its_orphan_holds_the_pipes)
{
	char line[64];
	uint64_t start_ms = plat_now_ms();
	int r = PLAT_OK;

	CHECK_NUMBER(plat_agent_start(WORDS("orphan", "hang")), PLAT_OK);
	while (r == PLAT_OK)
		r = plat_agent_line(line, sizeof line, 10000);
	CHECK_NUMBER(r, PLAT_ENDED);
	CHECK_NUMBER(plat_agent_stop(1000), 3);
	CHECK(plat_now_ms() - start_ms < 5000);
}

TEST(agent, that_says_too_much_loses_the_oldest_of_it)
{
	static char line[8192];
	unsigned count = 0;
	int r;

	probe_log_open();
	CHECK_NUMBER(plat_agent_start(WORDS("lines")), PLAT_OK);
	CHECK_NUMBER(plat_agent_line(line, sizeof line, 5000), PLAT_OK);
	CHECK(strlen(line) == 4096 || !strncmp(line, "line ", 5));
	/* It leaves by itself: whoever is not read must not block it. */
	for (int i = 0; i < 100 && plat_wait(100) != PLAT_EVENT_TIMEOUT; i++)
		;
	while ((r = plat_agent_line(line, sizeof line, 5000)) == PLAT_OK) {
		CHECK_NUMBER(plat_wait(20000), PLAT_EVENT_LINE);
		count++;
	}
	CHECK_NUMBER(r, PLAT_ENDED);
	CHECK(count <= 1001);
	CHECK_TEXT(line, "line 999");
	CHECK_NUMBER(plat_agent_stop(5000), 0);
	char *tail = win_log_tail(20000);
	CHECK(tail && strstr(tail, "complaint 3\n") && !strstr(tail, "complaint 2500\n"));
	CHECK(tail && strstr(tail, "lines left out"));
	free(tail);
	win_log_close();
}

/* system.test.mjs kills us meanwhile, and sees the child's connection end. */
TEST(hold, lives_until_it_is_killed)
{
	const char *port = getenv("HELIX_PROBE_PORT");
	char line[64];

	if (!CHECK(port))
		return;
	CHECK_NUMBER(plat_agent_start(WORDS("connect", port)), PLAT_OK);
	CHECK_NUMBER(plat_agent_line(line, sizeof line, 10000), PLAT_OK);
	CHECK_TEXT(line, "connected");
	plat_wait(60000);
	plat_wait(60000);
}
