/* Command lines as CommandLineToArgvW and the C runtime read them back.
 *
 * Threads: any; no state. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Append one argument to the text in `line`, quoted where needed, after a space unless `line` is
 * empty. False when it does not fit: then `line` is as it was. */
bool command_append(char *line, size_t size, const char *argument);
