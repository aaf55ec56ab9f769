/* Shared by the parts of the probe: the system half of win/, exercised under wine by
 * system.test.mjs. It starts probe_child.c, which is wsl.exe there.
 *
 * Threads: the tests' own. */
#pragma once

#include "check.h"
#include "win/win.h"

/* In the directory of this run. Overwritten by the fourth call after it. */
const char *probe_path(const char *name);
/* A log there; win_log_close(). */
void probe_log_open(void);

/* Cancel everything in `delay_ms`. probe_cancelled() takes that back, and says how many
 * milliseconds after it that was. */
void probe_cancel_in(uint32_t delay_ms);
unsigned probe_cancelled(void);

/* A NULL-terminated list of words. */
#define WORDS(...) ((const char *const[]){ __VA_ARGS__, NULL })
