/* What the launcher asks of Windows: everything that core/ cannot do itself.
 *
 * Linked, not a table: win/ implements it for Helix.exe, tests/launcher/fake_platform.c for the
 * tests of every failure. Text is UTF-8, paths are Windows' own with backslashes, times are
 * milliseconds.
 *
 * Threads: core/launch.c calls all of this from one worker thread, and blocks in it. Whatever can
 * take longer than a moment ends with PLAT_CANCELLED within 100 ms of plat_cancel() being called,
 * from any thread; afterwards every such call ends at once, but for agent_stop and plat_show. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum plat_result {
	PLAT_OK = 0,
	PLAT_CANCELLED = -1,
	PLAT_TIMEOUT = -2,
	PLAT_MISSING = -3, /* no such program, file, host or key */
	PLAT_DENIED = -4,  /* rights, or a person who said no to elevation */
	PLAT_FULL = -5,    /* no room on the disk */
	PLAT_NETWORK = -6, /* no connection, it broke off, or TLS does not trust it */
	PLAT_REFUSED = -7, /* an HTTP status that is no success: ret_status has it */
	PLAT_TOO_LARGE = -8,
	PLAT_ENDED = -9,   /* end of file; the program has left */
	PLAT_FAILED = -10, /* anything else; the log has Windows' words */
};

/* wsl.exe, from the system directory, without a window, with WSL_UTF8=1. */
struct plat_command {
	const char *const *arguments; /* without the program, ended by NULL; quoted by the callee */
	const char *input_path;       /* NULL = nothing to read */
	const char *output_path;      /* NULL = stdout goes into `output` with stderr; a file is
					 flushed to the disk before PLAT_OK */
	uint32_t timeout_ms;          /* then it is ended: PLAT_TIMEOUT */
	uint8_t *output;              /* may be NULL */
	size_t output_size;           /* what is beyond is read and dropped */
};

struct plat_outcome {
	uint32_t exit_code;
	size_t output_size; /* as it came: see text_from_console() */
};

/* PLAT_OK when it ran to its end, whatever it said; PLAT_MISSING without a wsl.exe. */
int plat_wsl(const struct plat_command *command, struct plat_outcome *ret_outcome);

/* Whether the registry (HKCU, ...\Lxss) knows the distribution, installed or running: 1, 0, or
 * negative when there is nothing to read. */
int plat_is_registered(const char *distribution);

/* Whether the registry says that the disk of a distribution, of any name and in any state, is in
 * this folder or below it: 1, 0, or negative when that cannot be told, also for one of which it
 * does not say where it is. */
int plat_has_distribution(const char *folder);

/* `wsl --install --no-distribution` with the rights of an administrator, for which Windows asks.
 * PLAT_OK with what it left with; PLAT_DENIED when the person said no. */
int plat_install_wsl(uint32_t *ret_exit_code);

/* `done` of `total` bytes; total 0 = not known. Called a few times a second at most. */
typedef void (*plat_progress)(void *owner, uint64_t done, uint64_t total);

/* GET `url` into a file, going on where the file ends if there is one (Range), from its start where
 * the server does not do that. Never writes more than `limit` bytes in all: PLAT_TOO_LARGE. HTTPS
 * with certificates checked; http only to this very machine, else PLAT_REFUSED with status 0.
 * Redirects are followed, but not from https to http. When the connection breaks off or stays
 * silent for 30 s: PLAT_NETWORK, and what came stays. As a whole it takes `timeout_ms`, however
 * little comes at a time: then PLAT_TIMEOUT; 0 = as long as something comes. */
int plat_download(const char *url, const char *path, uint64_t limit, uint32_t timeout_ms,
	plat_progress progress, void *owner, uint32_t *ret_status);

/* Lower-case hexadecimal, 65 bytes with the NUL. */
int plat_sha256(const char *path, char hex[65], plat_progress progress, void *owner);

/* Negative: PLAT_MISSING or another. A whole small file; at most size - 1 bytes, then a NUL. */
int plat_read_file(const char *path, char *buffer, size_t size, size_t *ret_size);
/* The last `size` bytes of a file. PLAT_OK when `buffer` has them all; PLAT_MISSING without a file,
 * PLAT_DENIED or PLAT_FAILED otherwise, also when the file is shorter. */
int plat_read_tail(const char *path, uint8_t *buffer, size_t size);
int plat_write_file(const char *path, const char *text, size_t size); /* as a whole or not at all */
int plat_file_size(const char *path, uint64_t *ret_size);
int plat_disk_free(const char *directory, uint64_t *ret_size);
int plat_make_directory(const char *path); /* and those above it; PLAT_OK if it is there */
/* A file replaces one that is there. A directory does not: then nothing is changed. */
int plat_rename(const char *from, const char *to);
int plat_remove(const char *path); /* a file; PLAT_OK when there is none */

/* The leash: one wsl.exe in a kill-on-close job, with our end of its stdin held open and a newline
 * written to it every 5 s. At most one at a time. */
int plat_agent_start(const char *const *arguments);
/* One line of its stdout without the end of line; longer ones are cut. stderr goes to the log.
 * PLAT_ENDED when stdout has ended. */
int plat_agent_line(char *line, size_t size, uint32_t timeout_ms);
/* Close its stdin, give it `grace_ms` to leave, end it otherwise. Its exit code, or UINT32_MAX.
 * Nothing when there is none. */
uint32_t plat_agent_stop(uint32_t grace_ms);

/* Whether http://127.0.0.1:`port`/healthz is answered with 200 and this instance (core/ready.h):
 * PLAT_OK, PLAT_NETWORK, PLAT_TIMEOUT or PLAT_REFUSED (somebody else's port). Asked without a
 * token, as nobody knows yet who listens there. `instance` "": any answer of 200 will do. */
int plat_health(uint16_t port, const char *instance, uint32_t timeout_ms);

/* Listen on 127.0.0.1 and carry each connection through `wsl.exe ... helix-agent tunnel` to the
 * agent's port. Replaces an earlier tunnel. */
int plat_tunnel_start(const char *const *arguments, uint16_t *ret_port);
void plat_tunnel_stop(void);

/* What the window says while the desktop is not there. */
struct plat_status {
	const char *text;     /* one line */
	int progress_percent; /* 0 to 100, -1 = goes on for a time nobody knows, -2 = none */
	const char *detail;   /* "312 of 430 MB", or "" */
};
void plat_show(const struct plat_status *status); /* any thread; returns at once */

struct plat_question {
	const char *title, *instruction, *content;
	const char *details; /* "" = none; for "show details" */
	bool is_error;
	const char *const *buttons; /* ended by NULL; the first is the default */
};
/* The button's index; -1 = closed, or cancelled. */
int plat_ask(const struct plat_question *question);

/* Show the desktop: WebView2, else Edge --app, else the default browser. The token goes in memory
 * only, never on a command line that other programs can read. PLAT_OK when something opened it;
 * `ret_how` is one word for the log. */
int plat_open_view(uint16_t port, const char *token, const char **ret_how);
/* The window goes back to the splash; what was opened in a browser stays. */
void plat_close_view(void);

/* What happened, whichever is first. */
enum plat_event {
	PLAT_EVENT_TIMEOUT,
	PLAT_EVENT_QUIT,    /* and whenever cancelled */
	PLAT_EVENT_RESTART, /* the person wants a new session */
	PLAT_EVENT_OPEN,    /* show the view again */
	PLAT_EVENT_LINE,    /* plat_agent_line() has one, or its end */
	PLAT_EVENT_WOKE, /* Windows slept, or the network changed: look whether it is still there */
};
enum plat_event plat_wait(uint32_t timeout_ms);
void plat_cancel(void); /* any thread */

uint64_t plat_now_ms(void); /* since some start; goes on during sleep or not */

/* One line in the log, redacted. printf's format. */
#if defined(__GNUC__)
__attribute__((format(printf, 1, 2)))
#endif
void plat_log(const char *format, ...);
