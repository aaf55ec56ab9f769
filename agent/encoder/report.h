/* The JSON that helix-encoder prints about itself and about drivers. What drivers and libraries say
 * is foreign text: cut to a length, and made printable UTF-8.
 *
 * Threads: any; no shared state. */
#pragma once

#include <stddef.h>

struct cJSON;

/* Copy foreign text: always ended, cut between characters, blanks for control characters and
 * question marks for what is not UTF-8; no blanks at the end. `size` is not 0. */
void report_clean(char *buffer, size_t size, const char *text);

/* One line of JSON. 0 or a negative errno. */
int report_write(const struct cJSON *report, int fd);
