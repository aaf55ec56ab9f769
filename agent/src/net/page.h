/* The files of the page, which travel inside the program. agent/viewer/pack.sh writes the table
 * when the program is built.
 *
 * Threads: any; constant. Ownership: static. */
#pragma once

#include <stddef.h>

struct page_file {
	const char *path;         /* as in the request: "/index.html", "/player/mse.js" */
	const char *content_type; /* with its charset */
	const unsigned char *bytes;
	size_t size;
	const char *etag; /* with its quotes; changes with the bytes */
};

extern const struct page_file page_files[];
extern const size_t page_file_count;
