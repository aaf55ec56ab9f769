/* The agent's picture buffers: memfds, mapped read-only.
 *
 * They are the compositor's, and nothing stops it from cutting one short while we read it. The
 * guard turns the SIGBUS of that into an end with a sentence.
 *
 * Threads: main thread only. Ownership: the table owns its mappings. */
#pragma once

#include "core/link.h"
#include "core/picture.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BUFFERS_MAX 64

struct buffer {
	uint32_t id; /* 0: the slot is free */
	uint8_t *mapping;
	size_t mapping_size;
	const uint8_t *pixels; /* in the mapping */
	uint64_t size_bytes;
	uint32_t stride_bytes;
};

struct buffers {
	struct buffer slots[BUFFERS_MAX];
};

/* From now on a SIGBUS in one of the table's mappings ends the process with a line on stderr and
 * exit code 1. There is one guard in a process. */
void buffers_guard(const struct buffers *buffers);

/* Map a buffer; `fd` stays the caller's. -EEXIST when the number is taken, -ENOSPC when the table
 * is full, -ERANGE when the file is shorter than the picture, or what mmap(2) says. */
int buffers_add(struct buffers *buffers, const struct link_buffer_add *add, int fd);

/* -ENOENT when there is no such buffer. */
int buffers_remove(struct buffers *buffers, uint32_t id);
void buffers_done(struct buffers *buffers);

/* NULL when there is no such buffer. */
const struct buffer *buffers_find(const struct buffers *buffers, uint32_t id);

/* Whether a picture of this format lies within the buffer. */
bool buffer_holds(const struct buffer *buffer, const struct picture_format *format);
