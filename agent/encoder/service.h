/* What helix-encoder does with the agent's requests.
 *
 * Threads: main thread only; the packets go out from GStreamer's.
 * Ownership: owns the buffers, the staging frame and the pipeline. */
#pragma once

#include "buffers.h"
#include "core/link.h"
#include "inbox.h"
#include "reply.h"
#include "staging.h"

struct pipeline;

struct service {
	struct reply reply;
	struct inbox inbox;
	struct buffers buffers;
	struct link_configure configured; /* the last CONFIGURE */
	struct staging staging;
	bool has_picture; /* in the staging frame */
	struct pipeline *pipeline;
};

/* `fd` is the socket and stays the caller's. The service must not move. */
void service_init(struct service *service, int fd);
void service_done(struct service *service);

/* Serve until the agent closes the link: 0, or the negative errno that ended it. */
int service_run(struct service *service);
