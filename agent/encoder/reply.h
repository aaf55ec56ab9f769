/* The way back to the agent.
 *
 * Threads: reply_send() from any thread, the rest from the main thread. */
#pragma once

#include <pthread.h>
#include <stdint.h>

struct link_message;

struct reply {
	int fd;
	pthread_mutex_t lock; /* a message and its access unit stay together */
};

/* `fd` stays the caller's. */
void reply_init(struct reply *reply, int fd);
void reply_done(struct reply *reply);

/* From any thread. Send a message and, behind a PACKET, its access unit. Returns when the kernel
 * has all of it, which may wait for the agent to read; -EPIPE when the agent has gone. */
int reply_send(struct reply *reply, const struct link_message *message, const uint8_t *access_unit);
