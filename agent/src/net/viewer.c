#include "net/viewer.h"

#include "net/private.h"
#include "sys/clock.h"
#include "sys/log.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

_Static_assert(PACKET_SOCKET_HEADROOM >= LWS_PRE, "libwebsockets writes its header there");

/* RFC 6455 leaves 4000-4999 to applications. */
#define CLOSE_CODE_BASE 4000

static void drop_queues(struct viewer *v)
{
	while (v->first) {
		struct small *next = v->first->next;

		free(v->first);
		v->first = next;
	}
	v->last = NULL;
	v->small_bytes = 0;
	for (size_t i = 0; i < v->packet_count; i++)
		packet_unref(v->packets[i]);
	v->packet_count = 0;
}

static void queue_small(struct viewer *v, const uint8_t *bytes, size_t size)
{
	struct small *small = malloc(sizeof *small + LWS_PRE + size);

	if (!small)
		return;
	*small = (struct small){ .size = size };
	memcpy(small->bytes + LWS_PRE, bytes, size);
	if (v->last)
		v->last->next = small;
	else
		v->first = small;
	v->last = small;
	v->small_bytes += size;
	lws_callback_on_writable(v->wsi);
}

void viewer_send(struct viewer *v, const uint8_t *bytes, size_t size)
{
	if (v->closing)
		return;
	if (v->small_bytes + size > MAX_SMALL_WAITING) {
		log_info("viewer %u: does not read, closing it", v->id);
		viewer_close(v, SP_BYE_TIMEOUT, "the viewer did not read");
		return;
	}
	queue_small(v, bytes, size);
}

uint32_t viewer_send_packet(struct viewer *v, struct packet *packet)
{
	if (!v->closing && v->packet_count < MAX_PACKETS_WAITING) {
		v->packets[v->packet_count++] = packet_ref(packet);
		lws_callback_on_writable(v->wsi);
	}
	return v->queued_frame++;
}

size_t viewer_waiting(const struct viewer *v)
{
	return v->closing ? MAX_PACKETS_WAITING : v->packet_count;
}

void viewer_close(struct viewer *v, enum sp_bye reason, const char *text)
{
	uint8_t message[SP_MAX_SMALL];

	if (v->closing)
		return;
	/* What it did not read so far it need not read any more, but for the BYE. */
	drop_queues(v);
	v->closing = true;
	v->bye = reason;
	int size = sp_write_bye(message, sizeof message,
		&(struct sp_bye_message){ .reason = reason, .text = { text, strlen(text) } });
	if (size > 0)
		queue_small(v, message, (size_t)size);
	lws_set_timeout(v->wsi, PENDING_TIMEOUT_CLOSE_SEND, 2);
}

enum sp_role viewer_role(const struct viewer *v)
{
	return v->role;
}

uint32_t viewer_id(const struct viewer *v)
{
	return v->id;
}

uint64_t viewer_rtt_us(const struct viewer *v)
{
	return v->rtt_us;
}

void *viewer_data(struct viewer *v)
{
	return v->data;
}

static void send_ping(struct viewer *v, uint64_t now_us)
{
	uint8_t message[SP_MAX_SMALL];
	int size = sp_write_ping(message, sizeof message,
		&(struct sp_ping){ .id = ++v->ping_id, .time_us = now_us });

	v->pinged_us = now_us;
	viewer_send(v, message, (size_t)size);
}

void viewer_tick(struct viewer *v, uint64_t now_us)
{
	if (v->closing)
		return;
	if (now_us - v->heard_us > DEAD_AFTER_US) {
		log_info("viewer %u: silent for 30 s, closing it", v->id);
		viewer_close(v, SP_BYE_TIMEOUT, "no sign of life");
	} else if (now_us - v->pinged_us >= PING_EVERY_US) {
		send_ping(v, now_us);
	}
}

static void link_in(struct viewer *v)
{
	struct server *s = v->server;

	v->previous = s->last_viewer;
	if (s->last_viewer)
		s->last_viewer->next = v;
	else
		s->viewers = v;
	s->last_viewer = v;
}

static void link_out(struct viewer *v)
{
	struct server *s = v->server;

	if (v->previous)
		v->previous->next = v->next;
	else
		s->viewers = v->next;
	if (v->next)
		v->next->previous = v->previous;
	else
		s->last_viewer = v->previous;
}

static void on_hello(struct viewer *v, const uint8_t *bytes, size_t size)
{
	uint8_t message[SP_MAX_SMALL];
	struct sp_welcome welcome = { .version = SP_VERSION, .role = v->role };
	struct sp_hello hello;

	enum sp_error error = sp_parse_hello(bytes, size, &hello);
	if (error) {
		log_info("viewer %u: HELLO: %s", v->id, sp_error_string(error));
		viewer_close(v, SP_BYE_PROTOCOL, "the first message must be a valid HELLO");
		return;
	}
	if (!(hello.codecs & SP_CODEC_BIT(SP_CODEC_H264))) {
		viewer_close(v, SP_BYE_NO_CODEC, "this agent sends H.264 only");
		return;
	}
	v->greeted = true;
	lws_set_timeout(v->wsi, NO_PENDING_TIMEOUT, 0);
	link_in(v);
	/* WELCOME stands in front of whatever the owner queues for the new viewer. */
	v->server->events->hello(v->server->owner, v, &hello, &welcome);
	int written = sp_write_welcome(message, sizeof message, &welcome);
	if (written > 0)
		viewer_send(v, message, (size_t)written);
	v->server->events->joined(v->server->owner, v);
	send_ping(v, clock_now_us());
}

static void on_ping(struct viewer *v, const uint8_t *bytes, size_t size)
{
	uint8_t message[SP_MAX_SMALL];
	struct sp_ping ping;

	if (sp_parse_ping(bytes, size, &ping) != SP_OK)
		return;
	int written = sp_write_pong(message, sizeof message,
		&(struct sp_pong){
			.id = ping.id, .time_us = ping.time_us, .clock_us = clock_now_us() });
	viewer_send(v, message, (size_t)written);
}

static void on_pong(struct viewer *v, const uint8_t *bytes, size_t size)
{
	struct sp_pong pong;

	if (sp_parse_pong(bytes, size, &pong) == SP_OK && pong.id == v->ping_id &&
		pong.time_us == v->pinged_us)
		v->rtt_us = clock_now_us() - v->pinged_us;
}

static bool client_may_send(int type)
{
	switch (type) {
	case SP_TYPE_ACK:
	case SP_TYPE_KEYFRAME:
	case SP_TYPE_KEY:
	case SP_TYPE_TEXT:
	case SP_TYPE_POINTER:
	case SP_TYPE_POINTER_RELATIVE:
	case SP_TYPE_BUTTON:
	case SP_TYPE_SCROLL:
	case SP_TYPE_RELEASE_ALL:
	case SP_TYPE_PAUSE:
	case SP_TYPE_RESUME:
	case SP_TYPE_RESIZE: return true;
	default: return false;
	}
}

static void on_message(struct viewer *v, const uint8_t *bytes, size_t size)
{
	int type = sp_message_type(bytes, size);

	if (type < 0) {
		viewer_close(v, SP_BYE_PROTOCOL, "a message without a header");
	} else if (!v->greeted) {
		on_hello(v, bytes, size);
	} else if (type == SP_TYPE_PING) {
		on_ping(v, bytes, size);
	} else if (type == SP_TYPE_PONG) {
		on_pong(v, bytes, size);
	} else if (type == SP_TYPE_BYE) {
		viewer_close(v, SP_BYE_NORMAL, "");
	} else if (client_may_send(type)) {
		v->server->events->message(v->server->owner, v, (enum sp_type)type, bytes, size);
	} else if (sp_type_is_known(type)) {
		viewer_close(v, SP_BYE_PROTOCOL, "a message that only the agent may send");
	}
}

static bool within_rate(struct viewer *v, uint64_t now_us)
{
	v->tokens += (double)(now_us - v->tokens_us) * RATE_PER_S / 1e6;
	v->tokens_us = now_us;
	if (v->tokens > RATE_BURST)
		v->tokens = RATE_BURST;
	if (v->tokens < 1)
		return false;
	v->tokens -= 1;
	return true;
}

static void on_bytes(struct viewer *v, const void *bytes, size_t size)
{
	if (v->closing)
		return;
	if (!lws_frame_is_binary(v->wsi)) {
		viewer_close(v, SP_BYE_PROTOCOL, "text; every message is binary");
		return;
	}
	if (v->rx_size + size > sizeof v->rx) {
		viewer_close(v, SP_BYE_PROTOCOL, "a message that is too long");
		return;
	}
	memcpy(v->rx + v->rx_size, bytes, size);
	v->rx_size += size;
	if (!lws_is_final_fragment(v->wsi) || lws_remaining_packet_payload(v->wsi))
		return;

	size_t whole = v->rx_size;
	v->rx_size = 0;
	v->heard_us = clock_now_us();
	if (within_rate(v, v->heard_us))
		on_message(v, v->rx, whole);
	else
		viewer_close(v, SP_BYE_RATE, "too many messages");
}

static int write_small(struct viewer *v)
{
	struct small *small = v->first;

	v->first = small->next;
	if (!v->first)
		v->last = NULL;
	v->small_bytes -= small->size;
	int written = lws_write(v->wsi, small->bytes + LWS_PRE, small->size, LWS_WRITE_BINARY);
	int result = written < (int)small->size ? -1 : 0;
	free(small);
	return result;
}

static int write_packet(struct viewer *v)
{
	struct packet *packet = v->packets[0];
	size_t size = SP_VIDEO_HEADER_SIZE + packet->unit_size;

	v->packet_count--;
	memmove(v->packets, v->packets + 1, v->packet_count * sizeof *v->packets);
	uint8_t *message = packet_message(packet, v->next_frame++);
	int written = lws_write(v->wsi, message, size, LWS_WRITE_BINARY);
	if (written >= (int)size)
		v->server->events->sent(v->server->owner, v, packet, clock_now_us());
	packet_unref(packet);
	return written < (int)size ? -1 : 0;
}

/* One message each time: libwebsockets says when the socket takes the next. */
static int on_writable(struct viewer *v)
{
	int r = 0;

	if (v->first)
		r = write_small(v);
	else if (v->packet_count)
		r = write_packet(v);
	if (r < 0)
		return r;
	if (v->first || v->packet_count) {
		lws_callback_on_writable(v->wsi);
	} else if (v->closing) {
		lws_close_reason(
			v->wsi, (enum lws_close_status)(CLOSE_CODE_BASE + v->bye), NULL, 0);
		return -1;
	}
	return 0;
}

static void tune_socket(struct lws *wsi)
{
	int fd = (int)lws_get_socket_fd(wsi);
	int on = 1;
	/* Written bytes wait in the kernel only up to here, so that "writable" means "soon sent".
	 */
	int low_water = 32 * 1024;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &low_water, sizeof low_water);
	/* Where the kernel has it; it keeps queues in the path short. */
	setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "bbr", 3);
}

static int on_established(struct server *s, struct lws *wsi, struct viewer **slot)
{
	struct viewer *v = calloc(1, sizeof *v + s->viewer_data_size);

	if (!v)
		return -1;
	uint64_t now_us = clock_now_us();
	v->server = s;
	v->wsi = wsi;
	v->id = ++s->last_viewer_id;
	/* http_confirm_upgrade left the role there: the headers are gone by now. */
	v->role = (enum sp_role)(uintptr_t)lws_get_opaque_user_data(wsi);
	v->tokens = RATE_BURST;
	v->tokens_us = v->heard_us = v->pinged_us = now_us;
	*slot = v;
	tune_socket(wsi);
	lws_set_timeout(wsi, PENDING_TIMEOUT_USER_REASON_BASE, HELLO_DEADLINE_S);
	return 0;
}

static void on_closed(struct viewer *v)
{
	struct server *s = v->server;

	s->upgraded--;
	if (v->greeted) {
		link_out(v);
		s->events->left(s->owner, v);
	}
	drop_queues(v);
	free(v);
}

int viewer_callback(
	struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t size)
{
	struct viewer **slot = user;

	switch ((int)reason) {
	case LWS_CALLBACK_ESTABLISHED: return on_established(server_of(wsi), wsi, slot);
	case LWS_CALLBACK_RECEIVE: on_bytes(*slot, in, size); return 0;
	case LWS_CALLBACK_SERVER_WRITEABLE: return on_writable(*slot);
	case LWS_CALLBACK_CLOSED:
		if (*slot)
			on_closed(*slot);
		*slot = NULL;
		return 0;
	default: return http_callback(wsi, reason, user, in, size);
	}
}
