/* Who may come in: Host, Origin and token, in this order, before any upgrade.
 *
 * Any web page can open ws://127.0.0.1, and a name of its own can be made to point there (DNS
 * rebinding); so loopback alone protects nothing. The Host must be one of ours, the Origin (which a
 * page cannot forge) must be the page that we served or one that was allowed, and the token must be
 * right.
 *
 * Threads: any; no shared state. Ownership: the guard borrows its strings. */
#pragma once

#include "sp.h"

#include <stdbool.h>
#include <stddef.h>

#define GUARD_MAX_TOKEN          128
#define GUARD_MIN_TOKEN          16
#define GUARD_SUBPROTOCOL_PREFIX "bearer."

struct guard {
	const char *listen_address;
	const char *const *allow_hosts;   /* NULL-terminated; names without port */
	const char *const *allow_origins; /* NULL-terminated */
	const char *token;                /* for SP_ROLE_CONTROL */
	const char *view_token;           /* for SP_ROLE_VIEW; "" = nobody */
};

/* Whether a Host header names us: loopback names, the address we listen on, or an allowed name. The
 * port does not matter: it may have been forwarded. False for NULL. */
bool guard_host_allowed(const struct guard *guard, const char *host);

/* Whether the Origin is that of our own page (http or https, same host and port as `host`) or an
 * allowed one. NULL, an absent header, is fine: then it is no browser, and the token decides. */
bool guard_origin_allowed(const struct guard *guard, const char *origin, const char *host);

/* The role that this token opens; 0 for none. Takes the same time for every wrong token of a
 * length. NULL is wrong. */
int guard_role(const struct guard *guard, const char *token);

/* Find "bearer.TOKEN" in a Sec-WebSocket-Protocol header, and copy the token. False when there is
 * none, or when SP_SUBPROTOCOL is not offered beside it. */
bool guard_subprotocol_token(const char *header, char ret_token[GUARD_MAX_TOKEN + 1]);

/* The token of an "Authorization: Bearer TOKEN" header, inside `header`; NULL when it is none. */
const char *guard_bearer_token(const char *header);

/* Whether an address can only be reached from this machine. */
bool guard_is_loopback(const char *address);

/* Whether a token is long enough and needs no escaping: letters, digits, - and _. */
bool guard_token_is_valid(const char *token);
