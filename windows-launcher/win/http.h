/* HTTP GET, with an end to every wait.
 *
 * Threads: any; one at a time per request. Nothing here logs but what Windows says about a
 * certificate. */
#pragma once

#include "win/win.h"

struct http;

struct http_options {
	const wchar_t *url;     /* http or https */
	const wchar_t *headers; /* each with "\r\n"; "" = none */
	bool is_direct;         /* no proxy, and no login by itself: for this very machine */
	uint32_t timeout_ms;    /* until the headers are there */
};

struct http_reply {
	uint32_t status;
	uint64_t length; /* of the body that follows; UINT64_MAX = not said */
	DWORD error;     /* Windows' word for a failure */
};

struct http_place {
	bool is_secure;      /* https */
	const wchar_t *host; /* in the URL; without a NUL */
	size_t host_length;
	uint16_t port;
};

/* Where `url` leads to; false when it is neither http nor https. */
bool http_place(const wchar_t *url, struct http_place *ret_place);

/* Ask, and wait for the headers; redirects are not followed. PLAT_OK with any status, and then
 * http_free(); or PLAT_CANCELLED, PLAT_TIMEOUT, or another with reply->error. */
int http_get(const struct http_options *options, struct http **ret_http, struct http_reply *reply);

/* A header of the answer, such as L"Content-Range"; false when it has none that fits. */
bool http_header(struct http *http, const wchar_t *name, wchar_t *text, size_t size);

/* The next bytes of the body, valid until the next call: their number, 0 at what the server says is
 * the end; or as above. */
int http_read(struct http *http, uint32_t timeout_ms, const uint8_t **ret_bytes, DWORD *ret_error);

/* Break it off, wherever it is. Accepts NULL. */
void http_free(struct http *http);
