/* What comes from the agent: messages, and the file descriptors that travel beside them.
 *
 * Threads: main thread only. Ownership: descriptors are the inbox's until taken. */
#pragma once

#include "core/link.h"

#include <stddef.h>
#include <stdint.h>

#define INBOX_MAX_FDS 16

struct inbox {
	int fd;
	uint8_t bytes[4 * LINK_MAX_SMALL];
	size_t begin, end;
	int fds[INBOX_MAX_FDS]; /* oldest first */
	size_t fd_count;
};

/* `fd` stays the caller's. */
void inbox_init(struct inbox *inbox, int fd);
void inbox_done(struct inbox *inbox);

/* Read what is there, once. 1 when something came, 0 when the agent has closed the link;
 * -EAGAIN when nothing is there, -EMSGSIZE for more descriptors than anybody needs. */
int inbox_receive(struct inbox *inbox);

/* 1 and the next message, 0 when none is complete; -EBADMSG or -EMSGSIZE when the bytes are not of
 * this language or come from the wrong side. */
int inbox_next(struct inbox *inbox, struct link_message *ret_message);

/* The oldest descriptor, now the caller's; -ENOENT when there is none. */
int inbox_take_fd(struct inbox *inbox);
