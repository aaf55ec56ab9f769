#include "win/tunnel.h"

#include <winsock2.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "win/process.h"
#include "win/system.h"
#include "win/tunnel_carrier.h"

#define FIRST_GREETING_MS 30000
#define FIRST_ATTEMPTS    3
#define PATIENCE_MS       250
#define PATIENCE_MAX_MS   10000
#define FORGIVEN_MS       30000
#define GRACE_MS          500
#define BACKLOG           64

struct tunnel {
	HANDLE thread;
	HANDLE stop;    /* manual reset */
	HANDLE settled; /* it is known whether it works: `result` */
	int result;
	unsigned failures; /* in a row */
	char **arguments;
	SOCKET listener;
	uint16_t port;
	struct carrier *carrier;
	struct carrier_counts counts;
	uint64_t greeted_ms; /* 0 = not yet, of this process */
};

/* The lock is for who describes; start and stop come from one thread. */
static SRWLOCK lock = SRWLOCK_INIT;
static struct tunnel *current;

static void free_arguments(char **arguments)
{
	for (size_t i = 0; arguments && arguments[i]; i++)
		free(arguments[i]);
	free(arguments);
}

static char **copy_arguments(const char *const *arguments)
{
	size_t count = 0;

	while (arguments[count])
		count++;
	char **copy = calloc(count + 1, sizeof *copy);
	for (size_t i = 0; copy && i < count; i++) {
		copy[i] = _strdup(arguments[i]);
		if (!copy[i]) {
			free_arguments(copy);
			return NULL;
		}
	}
	return copy;
}

/* The agent's own port, if its command line names it; else 0. */
static uint16_t wanted_port(const char *const *arguments)
{
	for (size_t i = 0; arguments[i] && arguments[i + 1]; i++) {
		unsigned long port =
			strcmp(arguments[i], "--port") ? 0 : strtoul(arguments[i + 1], NULL, 10);

		if (port > 0 && port <= UINT16_MAX)
			return (uint16_t)port;
	}
	return 0;
}

static bool bind_to(SOCKET listener, uint16_t port)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};

	return bind(listener, (struct sockaddr *)&address, sizeof address) == 0;
}

/* On the agent's port if it is free here, since the browser keeps things by it; else on any. */
static int start_listening(struct tunnel *t, uint16_t port)
{
	struct sockaddr_in address;
	int size = sizeof address;
	BOOL on = TRUE;

	/* Not inherited: a browser that we start must not keep the port. */
	t->listener = WSASocketW(AF_INET, SOCK_STREAM, IPPROTO_TCP, NULL, 0,
		WSA_FLAG_OVERLAPPED | WSA_FLAG_NO_HANDLE_INHERIT);
	if (t->listener == INVALID_SOCKET)
		return win_failed("tunnel: no socket", (DWORD)WSAGetLastError());
	setsockopt(t->listener, SOL_SOCKET, SO_EXCLUSIVEADDRUSE, (const char *)&on, sizeof on);
	if ((!port || !bind_to(t->listener, port)) && !bind_to(t->listener, 0))
		return win_failed("tunnel: no port", (DWORD)WSAGetLastError());
	if (listen(t->listener, BACKLOG) != 0 ||
		getsockname(t->listener, (struct sockaddr *)&address, &size) != 0)
		return win_failed("tunnel: cannot listen", (DWORD)WSAGetLastError());
	t->port = ntohs(address.sin_port);
	return PLAT_OK;
}

static void settle(struct tunnel *t, int result)
{
	if (WaitForSingleObject(t->settled, 0) == WAIT_OBJECT_0)
		return;
	t->result = result;
	SetEvent(t->settled);
}

/* Just after sleep, say, wsl.exe may fail once: that alone is no reason to give up. */
static void on_failure(struct tunnel *t, int result)
{
	if (++t->failures >= FIRST_ATTEMPTS || result == PLAT_MISSING || result == PLAT_CANCELLED)
		settle(t, result == PLAT_ENDED ? PLAT_FAILED : result);
}

static void on_greeted(void *owner)
{
	struct tunnel *t = owner;

	t->greeted_ms = plat_now_ms();
	t->failures = 0;
	plat_log("tunnel: 127.0.0.1:%u leads to the agent through wsl.exe", t->port);
	settle(t, PLAT_OK);
}

static const struct carrier_events carrier_events = { .greeted = on_greeted };

/* The agent's end leaves when its stdin ends, so that comes first: wsl.exe takes a moment to say so
 * there, and would not at all if it were ended. */
static void end_process(struct process *process)
{
	uint32_t exit_code;

	if (process->input)
		CloseHandle(process->input);
	process->input = NULL;
	if (process_wait(process, GRACE_MS, &exit_code) == PLAT_OK && exit_code != 0)
		plat_log("tunnel: wsl.exe left with %u", (unsigned)exit_code);
	process_close(process);
}

/* One wsl.exe, from its start to its end. */
static int run_once(struct tunnel *t)
{
	wchar_t program[MAX_PATH];
	struct process process = { 0 };

	if (!win_system_program(L"wsl.exe", program, MAX_PATH))
		return PLAT_MISSING;
	int r = process_start(&(struct process_options){ .program = program,
				      .arguments = (const char *const *)t->arguments,
				      .pipe_input = true,
				      .pipe_output = true,
				      .pipe_error = true },
		&process);
	if (r < 0)
		return r;
	t->greeted_ms = 0;
	r = carrier_run(t->carrier, &process, t->stop);
	end_process(&process);
	return r;
}

static DWORD WINAPI keep_running(void *owner)
{
	struct tunnel *t = owner;
	const HANDLE stops[] = { t->stop, win_cancelled() };
	uint32_t patience_ms = PATIENCE_MS;

	for (;;) {
		int r = run_once(t);

		on_failure(t, r);
		if (r == PLAT_CANCELLED)
			return 0;
		if (t->greeted_ms && plat_now_ms() - t->greeted_ms >= FORGIVEN_MS)
			patience_ms = PATIENCE_MS;
		plat_log("tunnel: it broke off (%d), again in %u ms", r, (unsigned)patience_ms);
		if (WaitForMultipleObjects(2, stops, FALSE, patience_ms) != WAIT_TIMEOUT)
			return 0;
		patience_ms *= 2;
		if (patience_ms > PATIENCE_MAX_MS)
			patience_ms = PATIENCE_MAX_MS;
	}
}

static void tunnel_free(struct tunnel *t)
{
	if (t->thread) {
		SetEvent(t->stop);
		WaitForSingleObject(t->thread, INFINITE);
		CloseHandle(t->thread);
	}
	carrier_free(t->carrier);
	if (t->listener != INVALID_SOCKET)
		closesocket(t->listener);
	free_arguments(t->arguments);
	if (t->settled)
		CloseHandle(t->settled);
	if (t->stop)
		CloseHandle(t->stop);
	WSACleanup();
	free(t);
}

/* Its thread runs when this is PLAT_OK; in any case tunnel_free() is the caller's. */
static int launch(struct tunnel *t, const char *const *arguments)
{
	t->stop = CreateEventW(NULL, TRUE, FALSE, NULL);
	t->settled = CreateEventW(NULL, TRUE, FALSE, NULL);
	t->arguments = copy_arguments(arguments);
	if (!t->stop || !t->settled || !t->arguments)
		return PLAT_FAILED;
	int r = start_listening(t, wanted_port(arguments));
	if (r < 0)
		return r;
	t->carrier = carrier_new(t->listener, &t->counts, &carrier_events, t);
	if (!t->carrier)
		return win_failed("tunnel: no memory", GetLastError());
	t->thread = CreateThread(NULL, 0, keep_running, t, 0, NULL);
	return t->thread ? PLAT_OK : win_failed("tunnel: no thread", GetLastError());
}

static int await_greeting(struct tunnel *t)
{
	const HANDLE handles[] = { t->settled, win_cancelled() };

	switch (WaitForMultipleObjects(2, handles, FALSE, FIRST_GREETING_MS)) {
	case WAIT_OBJECT_0: return t->result;
	case WAIT_TIMEOUT: return PLAT_TIMEOUT;
	default: return PLAT_CANCELLED;
	}
}

static void set_current(struct tunnel *t)
{
	AcquireSRWLockExclusive(&lock);
	current = t;
	ReleaseSRWLockExclusive(&lock);
}

int plat_tunnel_start(const char *const *arguments, uint16_t *ret_port)
{
	WSADATA data;

	plat_tunnel_stop();
	int error = WSAStartup(MAKEWORD(2, 2), &data);
	if (error)
		return win_failed("tunnel: no network at all", (DWORD)error);
	struct tunnel *t = calloc(1, sizeof *t);
	if (!t) {
		WSACleanup();
		return PLAT_FAILED;
	}
	t->listener = INVALID_SOCKET;
	int r = launch(t, arguments);
	if (r == PLAT_OK)
		r = await_greeting(t);
	if (r != PLAT_OK) {
		tunnel_free(t);
		return r;
	}
	set_current(t);
	*ret_port = t->port;
	return PLAT_OK;
}

void plat_tunnel_stop(void)
{
	struct tunnel *t = current;

	if (!t)
		return;
	set_current(NULL);
	tunnel_free(t);
}

void tunnel_describe(char *text, size_t size)
{
	AcquireSRWLockShared(&lock);
	if (current)
		snprintf(text, size, "127.0.0.1:%u, %ld connections, %lld bytes out, %lld in",
			current->port, (long)current->counts.connections,
			(long long)InterlockedAdd64(&current->counts.out, 0),
			(long long)InterlockedAdd64(&current->counts.in, 0));
	else
		snprintf(text, size, "off");
	ReleaseSRWLockShared(&lock);
}
