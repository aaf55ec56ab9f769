/* The HTTP and WebSocket server: the page, /healthz, /readyz, /api/..., /metrics and
 * /stream.
 *
 * It also waits: libwebsockets' poll is the one place where the agent sleeps, and sd-event's loop
 * is adopted by it as one descriptor.
 *
 * Threads: main loop only. */
#pragma once

#include "core/guard.h"
#include "core/packet.h"
#include "sp.h"

#include <stddef.h>
#include <stdint.h>

struct sd_event;
struct server;
struct viewer;

struct server_options {
	const char *address;
	uint16_t port; /* 0 = any */
	struct guard guard;
	uint32_t max_viewers;
	size_t viewer_data_size;
	/* Random, of this start, and no secret: every HTTP answer has it in the header
	 * Helix-Instance, so that who knows it from the ready line can tell us, by /healthz, from
	 * another program on our port before it shows a token. Must outlive the server. */
	const char *instance;
};

/* What an HTTP request gets. */
struct server_answer {
	int status; /* 200, 404, 503 */
	const char *content_type;
	uint8_t *body; /* malloc'd; the server frees it */
	size_t size;
};

struct server_events {
	/* A viewer said HELLO. `welcome` is to be filled in but for version and role. */
	void (*hello)(void *owner, struct viewer *viewer, const struct sp_hello *hello,
		struct sp_welcome *welcome);
	/* Its WELCOME is on the way: what the agent sends now comes behind it. */
	void (*joined)(void *owner, struct viewer *viewer);
	/* A message of a known type that clients may send, behind HELLO. PING and PONG are not
	 * told. */
	void (*message)(void *owner, struct viewer *viewer, enum sp_type type, const uint8_t *bytes,
		size_t size);
	/* A packet went to the socket. */
	void (*sent)(
		void *owner, struct viewer *viewer, const struct packet *packet, uint64_t now_us);
	/* It is gone; the last call for it. Only for viewers that said HELLO. */
	void (*left)(void *owner, struct viewer *viewer);
	/* An authorised GET below /api/ or of /metrics, or anybody's of /readyz. */
	void (*answer)(void *owner, const char *path, struct server_answer *answer);
};

/* Listens when it returns. -EADDRINUSE, -EADDRNOTAVAIL, -EACCES, or another errno. */
int server_new(struct sd_event *event, const struct server_options *options,
	const struct server_events *events, void *owner, struct server **ret_server);

/* Tell all viewers BYE, give them a moment to hear it, close. */
void server_free(struct server *server);

/* The port it listens on. */
uint16_t server_port(const struct server *server);

/* Run both loops until sd_event_exit(); its exit code. */
int server_run(struct server *server);

/* Viewers that said HELLO, in the order in which they came. NULL ends, and is
 * what there is without a server. */
struct viewer *server_first_viewer(const struct server *server);
struct viewer *server_next_viewer(const struct viewer *viewer);

/* Connections that were refused before the upgrade, by reason: for metrics. */
struct server_refusals {
	uint64_t host, origin, token, full, other;
};
struct server_refusals server_refusals(const struct server *server);
