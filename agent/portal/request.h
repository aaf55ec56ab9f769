/* A call of the frontend whose answer takes a while. Until it is answered it is exported at its
 * handle as org.freedesktop.impl.portal.Request, so that the frontend can cancel it.
 *
 * Threads: main loop only. Ownership: the caller's memory; the call is referenced until answered.
 */
#pragma once

#include <stdbool.h>

struct sd_bus_message;
struct sd_bus_slot;

enum response { RESPONSE_SUCCESS = 0, RESPONSE_CANCELLED = 1, RESPONSE_OTHER = 2 };

struct request {
	struct sd_bus_slot *object;
	struct sd_bus_message *call;
	void (*on_close)(void *owner);
	void *owner;
};

/* Export `call` at `handle`. `on_close` is called when the frontend cancels, and must answer. */
int request_init(struct request *request, struct sd_bus_message *call, const char *handle,
	void (*on_close)(void *owner), void *owner);

bool request_is_pending(const struct request *request);

/* Answer with no results, and be pending no more. Nothing when it is not pending. */
void request_answer(struct request *request, enum response response);

/* Start a successful answer: the caller appends the a{sv} and calls request_send(), or gives the
 * message up. */
int request_reply_new(struct request *request, struct sd_bus_message **ret_reply);

/* Send what request_reply_new() made, and be pending no more. */
int request_send(struct request *request, struct sd_bus_message *reply);

/* Forget the call without an answer. */
void request_done(struct request *request);

/* Answer a call at once, with no results. Returns what an sd-bus handler returns. */
int respond(struct sd_bus_message *call, enum response response);
