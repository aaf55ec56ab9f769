/* The configuration file, in the format of wsl.conf:
 *
 *	[stream]
 *	bitrate=8000
 *
 * Threads: before the loop runs. */
#pragma once

#include "core/options.h"

#include <stdbool.h>

/* Apply a file, as OPTION_FILE or OPTION_USER_FILE. -ENOENT when it is not there; -EINVAL, with a
 * sentence that names file and line, for what it should not hold. */
int config_file_apply(struct options *options, enum option_source source, const char *path,
	char error[OPTIONS_ERROR_SIZE]);
