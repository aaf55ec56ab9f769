/* What server.c, http.c and viewer.c share. Only for net/. */
#pragma once

#include "net/server.h"
#include "net/viewer.h"

#include <libwebsockets.h>
#include <stddef.h>

#define MAX_CONNECTIONS     256
#define HELLO_DEADLINE_S    10
#define PING_EVERY_US       (5 * UINT64_C(1000000))
#define DEAD_AFTER_US       (30 * UINT64_C(1000000))
#define MAX_SMALL_WAITING   (256u << 10)
#define MAX_PACKETS_WAITING 4
/* Messages a second of one viewer: a 1000 Hz mouse, acknowledgements, and room. */
#define RATE_PER_S 3000
#define RATE_BURST 6000

struct server {
	struct sd_event *event;
	const struct server_events *events;
	void *owner;
	struct guard guard;
	uint32_t max_viewers;
	size_t viewer_data_size;
	const char *instance;
	struct lws_context *context;
	struct lws_vhost *vhost;
	struct sd_event_source *tick;
	uint16_t port;
	uint32_t connections, upgraded, last_viewer_id;
	struct viewer *viewers, *last_viewer; /* those that said HELLO */
	struct server_refusals refusals;
};

struct small {
	struct small *next;
	size_t size;
	uint8_t bytes[]; /* LWS_PRE, then the message */
};

struct viewer {
	struct server *server;
	struct lws *wsi;
	struct viewer *previous, *next;
	uint32_t id;
	enum sp_role role;
	bool greeted; /* HELLO was accepted */
	bool closing;
	enum sp_bye bye;

	struct small *first, *last;
	size_t small_bytes;
	struct packet *packets[MAX_PACKETS_WAITING];
	size_t packet_count;
	uint32_t next_frame, queued_frame;

	uint8_t rx[SP_MAX_CLIENT_MESSAGE];
	size_t rx_size;
	double tokens; /* of the rate limit */
	uint64_t tokens_us, heard_us, pinged_us, rtt_us;
	uint32_t ping_id;
	_Alignas(max_align_t) uint8_t data[]; /* the agent's */
};

/* http.c: the callback for plain HTTP, and the check before an upgrade: 0 to go on, > 0 when it was
 * refused with an answer. */
int http_callback(
	struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t size);
int http_confirm_upgrade(struct lws *wsi, const char *protocol);

/* viewer.c: the callback of the helix.v1 protocol. */
int viewer_callback(
	struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t size);
/* Ping it, or give it up. */
void viewer_tick(struct viewer *viewer, uint64_t now_us);

/* server.c */
struct server *server_of(struct lws *wsi);
/* Copy a header; NULL when it is absent or does not fit. */
const char *server_header(struct lws *wsi, enum lws_token_indexes token, char *buffer, size_t size);
