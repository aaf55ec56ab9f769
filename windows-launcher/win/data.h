/* The data directory: made, marked as ours, and removed again by --uninstall.
 *
 * A directory that was empty or not there gets a marker file. One that held something else already
 * (--data of somebody's documents) does not, and is never removed as a whole.
 *
 * Threads: the first, before there are others; data_path() any. */
#pragma once

#include "win/win.h"

enum { DATA_PATH_SIZE = 1024 };

/* Tell win_set_data_directory() what `option` of --data says; NULL = %LOCALAPPDATA%\Helix, or
 * Helix-NAME for a `system` of another name, since each has its own. False when there can be no
 * such path. */
bool data_name(const char *option, const char *system);
/* Make it, unless it is there. False when Windows does not let us. */
bool data_make(void);

/* A path in it; false when it is too long. */
bool data_path(const wchar_t *name, wchar_t path[DATA_PATH_SIZE]);

enum data_removed { DATA_REMOVED, DATA_NOT_OURS, DATA_SHARED, DATA_LEFT };
/* With all that is in it, for which it takes up to 10 s. Links are removed, what they lead to is
 * not. Nothing is when a distribution but `system` has its disk in it: DATA_SHARED. */
enum data_removed data_remove(const char *system);
