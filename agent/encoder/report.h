/* The JSON that helix-encoder prints about itself and about drivers.
 *
 * Threads: any; no shared state. */
#pragma once

struct cJSON;

/* One line of JSON. 0 or a negative errno. */
int report_write(const struct cJSON *report, int fd);
