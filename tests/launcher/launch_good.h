/* What the tests of launch_run() share. */
#pragma once

#include "core/options.h"

/* As a double click gives them, and a server to ask. */
struct options plain(void);

/* The PC came up, the person worked, and everything is as it should be afterwards. `exit_code` is
 * fake_run()'s. */
void check_good(int exit_code);
