#include "net/page.h"
#include "net/private.h"
#include "sys/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_HEADERS 4096
#define CHUNK       (64u << 10)

/* What a connection still has to send; lives in libwebsockets' per-session memory. */
struct reply {
	uint8_t *owned; /* freed at the end; NULL when the body is static */
	const uint8_t *body;
	size_t size, sent;
};

/* Scripts, styles and sockets of our own only, and nobody may frame us. */
static const char content_security_policy[] =
	"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
	"media-src 'self' blob:; connect-src 'self' ws: wss:; worker-src 'self'; base-uri 'none'; "
	"form-action 'none'; frame-ancestors 'self'";

static const struct {
	const char *name, *value;
} security_headers[] = {
	{ "content-security-policy:", content_security_policy },
	{ "cross-origin-opener-policy:", "same-origin" },
	{ "cross-origin-embedder-policy:", "require-corp" },
	{ "cross-origin-resource-policy:", "same-origin" },
	{ "x-content-type-options:", "nosniff" },
	{ "referrer-policy:", "no-referrer" },
	{ "permissions-policy:",
		"camera=(), geolocation=(), microphone=(), payment=(), usb=(), "
		"fullscreen=(self), clipboard-read=(self), clipboard-write=(self)" },
};

static int add(struct lws *wsi, const char *name, const char *value, uint8_t **at, uint8_t *end)
{
	return lws_add_http_header_by_name(wsi, (const unsigned char *)name,
		(const unsigned char *)value, (int)strlen(value), at, end);
}

/* Write the head, and leave the body for the writable callback. */
static int respond(struct lws *wsi, struct reply *reply, unsigned status, const char *type,
	const char *etag, const uint8_t *body, size_t size, uint8_t *owned)
{
	uint8_t buffer[LWS_PRE + MAX_HEADERS];
	uint8_t *start = buffer + LWS_PRE, *at = start, *end = buffer + sizeof buffer - 1;
	bool head = lws_hdr_total_length(wsi, WSI_TOKEN_HEAD_URI) > 0;

	if (lws_add_http_common_headers(wsi, status, type, size, &at, end))
		goto fail;
	for (size_t i = 0; i < sizeof security_headers / sizeof *security_headers; i++)
		if (add(wsi, security_headers[i].name, security_headers[i].value, &at, end))
			goto fail;
	if (add(wsi, "cache-control:", etag ? "no-cache" : "no-store", &at, end) ||
		(etag && add(wsi, "etag:", etag, &at, end)))
		goto fail;
	if (add(wsi, "helix-instance:", server_of(wsi)->instance, &at, end))
		goto fail;
	if (status == 401 && add(wsi, "www-authenticate:", "Bearer", &at, end))
		goto fail;
	if (lws_finalize_write_http_header(wsi, start, &at, end))
		goto fail;
	if (head || size == 0) {
		free(owned);
		return lws_http_transaction_completed(wsi) ? -1 : 0;
	}
	*reply = (struct reply){ .owned = owned, .body = body, .size = size };
	lws_callback_on_writable(wsi);
	return 0;
fail:
	free(owned);
	return -1;
}

static int respond_text(struct lws *wsi, struct reply *reply, unsigned status, const char *text)
{
	return respond(wsi, reply, status, "text/plain; charset=utf-8", NULL, (const uint8_t *)text,
		strlen(text), NULL);
}

static int write_body(struct lws *wsi, struct reply *reply)
{
	uint8_t buffer[LWS_PRE + CHUNK];
	size_t size = reply->size - reply->sent;

	if (!reply->body)
		return 0;
	if (size > CHUNK)
		size = CHUNK;
	/* libwebsockets writes in front of what it is given, which static data does not allow. */
	memcpy(buffer + LWS_PRE, reply->body + reply->sent, size);
	reply->sent += size;
	bool last = reply->sent == reply->size;
	if (lws_write(wsi, buffer + LWS_PRE, size, last ? LWS_WRITE_HTTP_FINAL : LWS_WRITE_HTTP) <
		(int)size)
		return -1;
	if (!last) {
		lws_callback_on_writable(wsi);
		return 0;
	}
	free(reply->owned);
	*reply = (struct reply){ 0 };
	return lws_http_transaction_completed(wsi) ? -1 : 0;
}

static int respond_page(struct lws *wsi, struct reply *reply, const char *path)
{
	char known[128];

	if (!strcmp(path, "/"))
		path = "/index.html";
	for (size_t i = 0; i < page_file_count; i++) {
		const struct page_file *file = &page_files[i];

		if (strcmp(file->path, path) != 0)
			continue;
		const char *etag =
			server_header(wsi, WSI_TOKEN_HTTP_IF_NONE_MATCH, known, sizeof known);
		if (etag && !strcmp(etag, file->etag))
			return respond(
				wsi, reply, 304, file->content_type, file->etag, NULL, 0, NULL);
		return respond(wsi, reply, 200, file->content_type, file->etag, file->bytes,
			file->size, NULL);
	}
	return respond_text(wsi, reply, 404, "There is nothing here.\n");
}

static int respond_answer(struct lws *wsi, struct reply *reply, const char *path)
{
	struct server *s = server_of(wsi);
	struct server_answer answer = { .status = 404, .content_type = "text/plain" };

	s->events->answer(s->owner, path, &answer);
	if (!answer.body)
		return respond_text(
			wsi, reply, (unsigned)answer.status, "There is nothing here.\n");
	return respond(wsi, reply, (unsigned)answer.status, answer.content_type, NULL, answer.body,
		answer.size, answer.body);
}

static int respond_api(struct lws *wsi, struct reply *reply, const char *path)
{
	struct server *s = server_of(wsi);
	char header[GUARD_MAX_TOKEN + 16];

	const char *token = guard_bearer_token(
		server_header(wsi, WSI_TOKEN_HTTP_AUTHORIZATION, header, sizeof header));
	if (!guard_role(&s->guard, token)) {
		s->refusals.token++;
		return respond_text(wsi, reply, 401,
			"This needs the header \"Authorization: Bearer TOKEN\".\n");
	}
	return respond_answer(wsi, reply, path);
}

static int on_request(struct lws *wsi, struct reply *reply, const char *path)
{
	struct server *s = server_of(wsi);
	char host[256];

	if (!guard_host_allowed(&s->guard, server_header(wsi, WSI_TOKEN_HOST, host, sizeof host))) {
		s->refusals.host++;
		return respond_text(wsi, reply, 403,
			"This name is not one of this desktop's. If it should be, start helix-agent with "
			"--allow-host NAME.\n");
	}
	if (!lws_hdr_total_length(wsi, WSI_TOKEN_GET_URI) &&
		!lws_hdr_total_length(wsi, WSI_TOKEN_HEAD_URI))
		return respond_text(wsi, reply, 405, "GET only.\n");
	if (!strcmp(path, "/healthz"))
		return respond_text(wsi, reply, 200, "ok\n");
	if (!strcmp(path, "/readyz"))
		return respond_answer(wsi, reply, path);
	if (!strcmp(path, "/metrics") || !strncmp(path, "/api/", 5))
		return respond_api(wsi, reply, path);
	if (!strcmp(path, "/stream"))
		return respond_text(wsi, reply, 426, "This is a WebSocket.\n");
	return respond_page(wsi, reply, path);
}

/* The whole answer at once: an upgrade that is refused has no session memory to wait in. */
static int refuse(struct lws *wsi, unsigned status, const char *text)
{
	uint8_t buffer[LWS_PRE + MAX_HEADERS];
	uint8_t *start = buffer + LWS_PRE, *at = start, *end = buffer + sizeof buffer - 1;
	size_t size = strlen(text);

	if (lws_add_http_common_headers(wsi, status, "text/plain; charset=utf-8", size, &at, end) ||
		add(wsi, "connection:", "close", &at, end) ||
		lws_finalize_write_http_header(wsi, start, &at, end))
		return -1;
	memcpy(start, text, size);
	lws_write(wsi, start, size, LWS_WRITE_HTTP_FINAL);
	return 1;
}

int http_confirm_upgrade(struct lws *wsi, const char *protocol)
{
	struct server *s = server_of(wsi);
	char host_buffer[256], origin_buffer[256], offered[512], uri[64];
	char token[GUARD_MAX_TOKEN + 1];

	const char *host = server_header(wsi, WSI_TOKEN_HOST, host_buffer, sizeof host_buffer);
	const char *origin =
		server_header(wsi, WSI_TOKEN_ORIGIN, origin_buffer, sizeof origin_buffer);
	bool has_origin = lws_hdr_total_length(wsi, WSI_TOKEN_ORIGIN) > 0;
	const char *path = server_header(wsi, WSI_TOKEN_GET_URI, uri, sizeof uri);

	if (!guard_host_allowed(&s->guard, host)) {
		s->refusals.host++;
		log_info("net: refused a viewer: its Host is not one of ours (see --allow-host)");
		return refuse(wsi, 403, "host\n");
	}
	/* An Origin too long to be read is a foreign one. */
	if ((has_origin && !origin) || !guard_origin_allowed(&s->guard, origin, host)) {
		s->refusals.origin++;
		log_info("net: refused a viewer: a foreign page opened it (see --allow-origin)");
		return refuse(wsi, 403, "origin\n");
	}
	if (strcmp(protocol, "websocket") != 0 || !path || strcmp(path, "/stream") != 0) {
		s->refusals.other++;
		return refuse(wsi, 404, "not found\n");
	}
	bool has_token = guard_subprotocol_token(
		server_header(wsi, WSI_TOKEN_PROTOCOL, offered, sizeof offered), token);
	int role = has_token ? guard_role(&s->guard, token) : 0;
	if (!role) {
		s->refusals.token++;
		log_info("net: refused a viewer: no token, or a wrong one");
		return refuse(wsi, 401, "token\n");
	}
	if (s->upgraded >= s->max_viewers) {
		s->refusals.full++;
		log_info(
			"net: refused a viewer: %u are connected (see --max-viewers)", s->upgraded);
		return refuse(wsi, 503, "full\n");
	}
	s->upgraded++;
	lws_set_opaque_user_data(wsi, (void *)(uintptr_t)role);
	return 0;
}

int http_callback(
	struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t size)
{
	struct server *s;

	switch ((int)reason) {
	case LWS_CALLBACK_FILTER_NETWORK_CONNECTION:
		s = server_of(wsi);
		return s && s->connections >= MAX_CONNECTIONS ? -1 : 0;
	case LWS_CALLBACK_SERVER_NEW_CLIENT_INSTANTIATED: server_of(wsi)->connections++; return 0;
	case LWS_CALLBACK_WSI_DESTROY:
		s = server_of(wsi);
		if (s && s->connections)
			s->connections--;
		return 0;
	case LWS_CALLBACK_HTTP: return on_request(wsi, user, in);
	case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE: return http_confirm_upgrade(wsi, in);
	case LWS_CALLBACK_HTTP_WRITEABLE: return write_body(wsi, user);
	case LWS_CALLBACK_CLOSED_HTTP:
	case LWS_CALLBACK_HTTP_DROP_PROTOCOL:
		if (user) {
			free(((struct reply *)user)->owned);
			*(struct reply *)user = (struct reply){ 0 };
		}
		return 0;
	case LWS_CALLBACK_RAW_RX_FILE: return 0; /* sd-event's descriptor: server_run pumps it */
	default: return lws_callback_http_dummy(wsi, reason, user, in, size);
	}
}
