#include "win/process.h"

#include <stdlib.h>
#include <string.h>

#include "win/system.h"

#define LINES_KEPT_MAX  256
#define LINE_BYTES_MAX  4096
#define CHUNK           4096
#define BEAT_MS         5000
#define DRAIN_MS        50
#define LAST_WORDS_MS   500
#define THREADS         3
#define LOG_BURST_LINES 200
#define LOG_PER_SECOND  20

/* Three threads, each with one pipe: none can hold up another, whatever the agent does or omits.
 * They outlive a cancel, since an agent that is asked to leave still has things to say. */
struct leash {
	struct process process;
	HANDLE stop_beat, stop_readers, has_line; /* manual reset */
	HANDLE threads[THREADS];
	SRWLOCK lock; /* of all below */
	char *lines[LINES_KEPT_MAX];
	size_t first, count, dropped;
	bool is_ended, is_end_told;
};

static struct leash *current;
/* Set from the suspension to the resumption. Manual reset; made with the first leash, never closed.
 */
static HANDLE volatile suspended;

/* Collects bytes into lines. */
struct line {
	char text[LINE_BYTES_MAX + 1];
	size_t length;
};

/* True with a whole line in line->text at each end of line. */
static bool line_add(struct line *line, char byte)
{
	if (byte == '\n') {
		while (line->length && line->text[line->length - 1] == '\r')
			line->length--;
		line->text[line->length] = 0;
		line->length = 0;
		return true;
	}
	/* NUL: an old wsl.exe complains in UTF-16, which is legible without every second byte. */
	if (byte && line->length < LINE_BYTES_MAX)
		line->text[line->length++] = byte;
	return false;
}

/* The oldest goes when nobody fetches them: the agent must never wait for us. */
static void keep_line(void *owner, const char *text)
{
	struct leash *leash = owner;
	char *copy = _strdup(text);

	if (!copy)
		return;
	AcquireSRWLockExclusive(&leash->lock);
	if (leash->count == LINES_KEPT_MAX) {
		free(leash->lines[leash->first]);
		leash->first = (leash->first + 1) % LINES_KEPT_MAX;
		leash->count--;
		leash->dropped++;
	}
	leash->lines[(leash->first + leash->count++) % LINES_KEPT_MAX] = copy;
	SetEvent(leash->has_line);
	win_post_event(PLAT_EVENT_LINE);
	ReleaseSRWLockExclusive(&leash->lock);
}

/* Until the pipe ends, or the program has: what it left behind may hold the pipe for ever. */
static void read_lines(
	struct leash *leash, HANDLE pipe, void (*take)(void *owner, const char *text), void *owner)
{
	const HANDLE stops[] = { leash->stop_readers, leash->process.process };
	struct line line = { .length = 0 };
	char chunk[CHUNK];
	bool is_over = false;

	for (;;) {
		int count = pipe_read(pipe, chunk, sizeof chunk, is_over ? DRAIN_MS : INFINITE,
			stops, is_over ? 1 : 2);
		if (count == PLAT_CANCELLED && !is_over) {
			is_over = true;
			continue;
		}
		if (count < 0)
			break;
		for (int i = 0; i < count; i++)
			if (line_add(&line, chunk[i]))
				take(owner, line.text);
	}
	if (line.length && line_add(&line, '\n'))
		take(owner, line.text);
}

static DWORD WINAPI read_output(void *argument)
{
	struct leash *leash = argument;

	read_lines(leash, leash->process.output, keep_line, leash);
	AcquireSRWLockExclusive(&leash->lock);
	leash->is_ended = true;
	SetEvent(leash->has_line);
	win_post_event(PLAT_EVENT_LINE);
	ReleaseSRWLockExclusive(&leash->lock);
	return 0;
}

/* How many lines more the log takes; a bucket that fills with time. */
struct allowance {
	uint64_t filled_ms;
	uint32_t left;
	size_t left_out;
};

static void log_line(void *owner, const char *text)
{
	struct allowance *allowance = owner;
	uint64_t now = plat_now_ms();
	uint64_t more = (now - allowance->filled_ms) * LOG_PER_SECOND / 1000;

	if (more) {
		uint64_t left = allowance->left + more;
		allowance->left = left < LOG_BURST_LINES ? (uint32_t)left : LOG_BURST_LINES;
		allowance->filled_ms = now;
	}
	/* Once empty, it waits for a second's worth: a burst now and then, not every hundredth
	 * line. */
	if (!allowance->left || (allowance->left_out && allowance->left < LOG_PER_SECOND)) {
		allowance->left_out++;
		return;
	}
	if (allowance->left_out)
		plat_log("agent: %llu lines left out", (unsigned long long)allowance->left_out);
	allowance->left_out = 0;
	allowance->left--;
	plat_log("agent: %s", text);
}

static DWORD WINAPI read_errors(void *argument)
{
	struct leash *leash = argument;
	struct allowance allowance = { .filled_ms = plat_now_ms(), .left = LOG_BURST_LINES };

	read_lines(leash, leash->process.error, log_line, &allowance);
	if (allowance.left_out)
		plat_log("agent: %llu lines left out", (unsigned long long)allowance.left_out);
	return 0;
}

/* A beat that does not fit into the pipe is left out: who does not read does not miss it. Before
 * Windows sleeps the agent is told (helix-agent --leash-timeout): Windows may hold up all of us,
 * and not WSL. */
static DWORD WINAPI beat(void *argument)
{
	struct leash *leash = argument;
	const HANDLE handles[] = { leash->stop_beat, suspended };
	bool sleeps = false;

	/* Told once at once, then by each beat: a while may pass before all stands still. */
	while (WaitForMultipleObjects(sleeps ? 1 : 2, handles, FALSE, BEAT_MS) != WAIT_OBJECT_0) {
		sleeps = WaitForSingleObject(suspended, 0) == WAIT_OBJECT_0;
		const char *word = sleeps ? "z" : "\n";

		if (pipe_write(leash->process.input, word, 1, BEAT_MS, &leash->stop_beat, 1) ==
			PLAT_ENDED)
			break;
	}
	return 0;
}

static void join(HANDLE *thread, uint32_t timeout_ms)
{
	if (*thread && WaitForSingleObject(*thread, timeout_ms) == WAIT_OBJECT_0) {
		CloseHandle(*thread);
		*thread = NULL;
	}
}

static void close_event(HANDLE event)
{
	if (event)
		CloseHandle(event);
}

/* End what is still there; the threads have read what was written before. */
static void leash_free(struct leash *leash)
{
	SetEvent(leash->stop_beat);
	join(&leash->threads[0], INFINITE);
	if (leash->process.job)
		TerminateJobObject(leash->process.job, UINT32_MAX);
	join(&leash->threads[1], LAST_WORDS_MS);
	join(&leash->threads[2], LAST_WORDS_MS);
	SetEvent(leash->stop_readers);
	join(&leash->threads[1], INFINITE);
	join(&leash->threads[2], INFINITE);
	process_close(&leash->process);
	for (size_t i = 0; i < leash->count; i++)
		free(leash->lines[(leash->first + i) % LINES_KEPT_MAX]);
	if (leash->dropped)
		plat_log("agent: %llu lines of its output were dropped",
			(unsigned long long)leash->dropped);
	close_event(leash->stop_beat);
	close_event(leash->stop_readers);
	close_event(leash->has_line);
	free(leash);
}

static int leash_start(struct leash *leash, const char *const *arguments)
{
	static LPTHREAD_START_ROUTINE const bodies[THREADS] = { beat, read_output, read_errors };
	wchar_t program[MAX_PATH];

	if (!win_system_program(L"wsl.exe", program, MAX_PATH))
		return PLAT_MISSING;
	if (!suspended)
		InterlockedExchangePointer(&suspended, CreateEventW(NULL, TRUE, FALSE, NULL));
	leash->stop_beat = CreateEventW(NULL, TRUE, FALSE, NULL);
	leash->stop_readers = CreateEventW(NULL, TRUE, FALSE, NULL);
	leash->has_line = CreateEventW(NULL, TRUE, FALSE, NULL);
	if (!suspended || !leash->stop_beat || !leash->stop_readers || !leash->has_line)
		return win_failed("agent: no event", GetLastError());
	int r = process_start(&(struct process_options){ .program = program,
				      .arguments = arguments,
				      .pipe_input = true,
				      .pipe_output = true,
				      .pipe_error = true },
		&leash->process);
	for (size_t i = 0; r == PLAT_OK && i < THREADS; i++) {
		leash->threads[i] = CreateThread(NULL, 0, bodies[i], leash, 0, NULL);
		if (!leash->threads[i])
			r = win_failed("agent: no thread", GetLastError());
	}
	return r;
}

void win_agent_suspend(bool is_suspended)
{
	HANDLE event = InterlockedCompareExchangePointer(&suspended, NULL, NULL);

	if (event && is_suspended)
		SetEvent(event);
	else if (event)
		ResetEvent(event);
}

int plat_agent_start(const char *const *arguments)
{
	if (win_is_cancelled())
		return PLAT_CANCELLED;
	plat_agent_stop(0);
	struct leash *leash = calloc(1, sizeof *leash);
	if (!leash)
		return PLAT_FAILED;
	InitializeSRWLock(&leash->lock);
	int r = leash_start(leash, arguments);
	if (r < 0)
		leash_free(leash);
	else
		current = leash;
	return r;
}

/* What there is: PLAT_OK, PLAT_ENDED or PLAT_TIMEOUT. */
static int take_line(struct leash *leash, char *line, size_t size)
{
	int r = PLAT_TIMEOUT;

	AcquireSRWLockExclusive(&leash->lock);
	if (leash->count) {
		char *text = leash->lines[leash->first];
		size_t length = strlen(text);
		if (length >= size)
			length = size - 1;
		memcpy(line, text, length);
		line[length] = 0;
		free(text);
		leash->first = (leash->first + 1) % LINES_KEPT_MAX;
		leash->count--;
		r = PLAT_OK;
	} else if (leash->is_ended) {
		leash->is_end_told = true;
		r = PLAT_ENDED;
	}
	/* plat_wait() shall say LINE while there is one, and no longer. */
	if (leash->count || (leash->is_ended && !leash->is_end_told)) {
		win_post_event(PLAT_EVENT_LINE);
	} else {
		win_take_back_event(PLAT_EVENT_LINE);
		if (!leash->is_ended)
			ResetEvent(leash->has_line);
	}
	ReleaseSRWLockExclusive(&leash->lock);
	return r;
}

int plat_agent_line(char *line, size_t size, uint32_t timeout_ms)
{
	struct leash *leash = current;
	uint64_t deadline_ms = plat_now_ms() + timeout_ms;

	if (!leash)
		return PLAT_ENDED;
	for (;;) {
		uint64_t now = plat_now_ms();
		if (win_is_cancelled())
			return PLAT_CANCELLED;
		int r = take_line(leash, line, size);
		if (r != PLAT_TIMEOUT || now >= deadline_ms)
			return r;
		const HANDLE handles[] = { win_cancelled(), leash->has_line };
		WaitForMultipleObjects(2, handles, FALSE, (DWORD)(deadline_ms - now));
	}
}

uint32_t plat_agent_stop(uint32_t grace_ms)
{
	struct leash *leash = current;
	DWORD exit_code = UINT32_MAX;

	if (!leash)
		return UINT32_MAX;
	current = NULL;
	/* The beat uses the pipe, so it goes first. Then the end of its input tells it to leave. */
	SetEvent(leash->stop_beat);
	join(&leash->threads[0], INFINITE);
	CloseHandle(leash->process.input);
	leash->process.input = NULL;
	if (WaitForSingleObject(leash->process.process, grace_ms) == WAIT_OBJECT_0)
		GetExitCodeProcess(leash->process.process, &exit_code);
	else
		plat_log("agent: has not left within %u ms, and is ended", (unsigned)grace_ms);
	leash_free(leash);
	win_take_back_event(PLAT_EVENT_LINE);
	return exit_code;
}
