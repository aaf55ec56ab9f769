/* --uninstall: the distribution, and the data directory if it is ours.
 *
 * Threads: the only one. */
#pragma once

#include "core/options.h"

/* The process' exit code: 0 when all is gone; 1 when the system could not be removed; 2 when
 * something of the directory was left; 3 when the person said no. */
int uninstall(const struct options *options);
