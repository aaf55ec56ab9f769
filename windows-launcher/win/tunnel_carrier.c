#include "win/tunnel_carrier.h"

#include <stdlib.h>
#include <string.h>

#include "core/text.h"
#include "sp_tunnel.h"
#include "win/tunnel_lane.h"

#define GREETING_MS 30000
#define LOG_LINE    200
#define LOOPBACK    127

struct connection {
	SOCKET socket;             /* INVALID_SOCKET = none */
	bool may_read, may_write;  /* until Windows says that it would have to wait */
	bool has_ended, was_ended; /* it has no more to say; it was told that nothing follows */
};

struct carrier {
	SOCKET listener;
	struct carrier_counts *counts;
	const struct carrier_events *events;
	void *owner;

	HANDLE arrival;  /* somebody waits at the listener */
	HANDLE network;  /* something happened to a socket, whichever */
	bool may_accept; /* we were told, and have not done so yet */
	uint8_t *memory;
	struct sp_tunnel tunnel;
	struct connection connections[SP_TUNNEL_CHANNELS];
	struct lane in, out, error;
};

struct carrier *carrier_new(SOCKET listener, struct carrier_counts *counts,
	const struct carrier_events *events, void *owner)
{
	struct carrier *c = calloc(1, sizeof *c);

	if (!c)
		return NULL;
	c->listener = listener;
	c->counts = counts;
	c->events = events;
	c->owner = owner;
	c->memory = calloc(1, SP_TUNNEL_MEMORY);
	c->arrival = CreateEventW(NULL, TRUE, FALSE, NULL);
	c->network = CreateEventW(NULL, TRUE, FALSE, NULL);
	bool has_lanes = lane_init(&c->in) && lane_init(&c->out) && lane_init(&c->error);
	for (int i = 0; i < SP_TUNNEL_CHANNELS; i++)
		c->connections[i].socket = INVALID_SOCKET;
	if (!c->memory || !c->arrival || !c->network || !has_lanes ||
		WSAEventSelect(listener, c->arrival, FD_ACCEPT) != 0) {
		carrier_free(c);
		return NULL;
	}
	return c;
}

void carrier_free(struct carrier *c)
{
	if (!c)
		return;
	lane_done(&c->error);
	lane_done(&c->out);
	lane_done(&c->in);
	if (c->network)
		CloseHandle(c->network);
	if (c->arrival)
		CloseHandle(c->arrival);
	free(c->memory);
	free(c);
}

static void drop(struct carrier *c, unsigned slot)
{
	if (c->connections[slot].socket == INVALID_SOCKET)
		return;
	closesocket(c->connections[slot].socket);
	c->connections[slot] = (struct connection){ .socket = INVALID_SOCKET };
	InterlockedDecrement(&c->counts->connections);
}

/* So that the browser hears of a failure, and does not take it for the end of an answer. */
static void drop_abruptly(struct carrier *c, unsigned slot)
{
	struct linger at_once = { .l_onoff = 1 };

	if (c->connections[slot].socket != INVALID_SOCKET)
		setsockopt(c->connections[slot].socket, SOL_SOCKET, SO_LINGER,
			(const char *)&at_once, sizeof at_once);
	drop(c, slot);
}

static void break_off(struct carrier *c, unsigned slot)
{
	sp_tunnel_reset(&c->tunnel, slot);
	drop_abruptly(c, slot);
}

static void drop_if_done(struct carrier *c, unsigned slot)
{
	if (c->connections[slot].has_ended && c->connections[slot].was_ended)
		drop(c, slot);
}

static bool may_accept_now(const struct carrier *c)
{
	return c->may_accept && sp_tunnel_is_greeted(&c->tunnel) && sp_tunnel_has_free(&c->tunnel);
}

static void adopt(struct carrier *c, SOCKET socket)
{
	BOOL on = TRUE;
	int slot = sp_tunnel_open(&c->tunnel);

	if (slot < 0 || WSAEventSelect(socket, c->network, FD_READ | FD_WRITE | FD_CLOSE) != 0) {
		if (slot >= 0)
			sp_tunnel_reset(&c->tunnel, (unsigned)slot);
		closesocket(socket);
		return;
	}
	setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, (const char *)&on, sizeof on);
	c->connections[slot] =
		(struct connection){ .socket = socket, .may_read = true, .may_write = true };
	InterlockedIncrement(&c->counts->connections);
}

/* Who finds no channel waits in the listener's queue. Once for each time that we are told, never to
 * see whether somebody is there: after an accept() that finds nobody wine says no more that
 * somebody came, while one that succeeds makes Windows and wine tell of the next. */
static void accept_one(struct carrier *c)
{
	struct sockaddr_in peer = { 0 };
	int size = sizeof peer;

	if (!may_accept_now(c))
		return;
	c->may_accept = false;
	SOCKET socket = accept(c->listener, (struct sockaddr *)&peer, &size);
	if (socket == INVALID_SOCKET)
		win_failed("tunnel: nobody to accept", (DWORD)WSAGetLastError());
	else if (peer.sin_family != AF_INET || peer.sin_addr.S_un.S_un_b.s_b1 != LOOPBACK)
		closesocket(socket);
	else
		adopt(c, socket);
}

/* From the channel into the socket, as far as it goes. */
static void write_socket(struct carrier *c, unsigned slot)
{
	struct connection *k = &c->connections[slot];
	const uint8_t *bytes;
	size_t size;

	while (k->may_write && (size = sp_tunnel_peek(&c->tunnel, slot, &bytes)) > 0) {
		int sent = send(k->socket, (const char *)bytes, (int)size, 0);

		if (sent > 0) {
			sp_tunnel_take(&c->tunnel, slot, (size_t)sent);
			InterlockedAdd64(&c->counts->in, sent);
		} else if (WSAGetLastError() == WSAEWOULDBLOCK) {
			k->may_write = false;
		} else {
			break_off(c, slot);
			return;
		}
	}
	if (sp_tunnel_at_end(&c->tunnel, slot)) {
		shutdown(k->socket, SD_SEND);
		sp_tunnel_take_end(&c->tunnel, slot);
		k->was_ended = true;
		drop_if_done(c, slot);
	}
}

/* One frame at most, so that each socket has its turn. */
static void read_socket(struct carrier *c, unsigned slot)
{
	struct connection *k = &c->connections[slot];
	uint8_t *space;
	size_t room;

	if (!k->may_read || (room = sp_tunnel_send_begin(&c->tunnel, slot, &space)) == 0)
		return;

	int got = recv(k->socket, (char *)space, (int)room, 0);
	sp_tunnel_send_end(&c->tunnel, slot, got > 0 ? (size_t)got : 0);
	if (got > 0) {
		InterlockedAdd64(&c->counts->out, got);
	} else if (got == 0) {
		k->may_read = false;
		k->has_ended = true;
		sp_tunnel_end(&c->tunnel, slot);
		drop_if_done(c, slot);
	} else if (WSAGetLastError() == WSAEWOULDBLOCK) {
		k->may_read = false;
	} else {
		break_off(c, slot);
	}
}

/* Write what waits for the pipe, as long as that takes no waiting. */
static int write_pipe(struct carrier *c)
{
	const uint8_t *bytes;
	size_t size;
	int r = PLAT_OK;

	while (r >= 0 && !c->out.is_busy && (size = sp_tunnel_output(&c->tunnel, &bytes)) > 0) {
		size = size < LANE_SIZE ? size : LANE_SIZE;
		memcpy(c->out.bytes, bytes, size);
		sp_tunnel_written(&c->tunnel, size);
		r = lane_write(&c->out, size) ? lane_finish(&c->out) : PLAT_ENDED;
	}
	return r < 0 ? r : PLAT_OK;
}

/* Whether carry() would find more to do, though nothing happened since. To be asked last: what went
 * into the pipe made room, and may have made a channel free. */
static bool has_more(const struct carrier *c)
{
	for (unsigned i = 0; i < SP_TUNNEL_CHANNELS; i++)
		if (c->connections[i].may_read && sp_tunnel_may_send(&c->tunnel, i))
			return true;
	return may_accept_now(c);
}

/* Everything that can be done without waiting, once around. */
static int carry(struct carrier *c)
{
	accept_one(c);
	for (unsigned i = 0; i < SP_TUNNEL_CHANNELS; i++) {
		if (c->connections[i].socket != INVALID_SOCKET)
			write_socket(c, i);
		if (c->connections[i].socket != INVALID_SOCKET)
			read_socket(c, i);
	}
	return write_pipe(c);
}

static void on_network(struct carrier *c)
{
	/* First: what happens from here on sets it again. Which socket it was is not asked: to try
	 * those that are idle costs less, and there is no end of one that could be overheard. */
	ResetEvent(c->network);
	for (int i = 0; i < SP_TUNNEL_CHANNELS; i++) {
		struct connection *k = &c->connections[i];

		k->may_read = k->socket != INVALID_SOCKET && !k->has_ended;
		k->may_write = k->socket != INVALID_SOCKET;
	}
}

static void on_event(struct carrier *c, const struct sp_tunnel_event *event)
{
	switch (event->type) {
	case SP_TUNNEL_EVENT_GREETED: c->events->greeted(c->owner); break;
	case SP_TUNNEL_EVENT_RESET: drop_abruptly(c, event->slot); break;
	case SP_TUNNEL_EVENT_NONE:
	case SP_TUNNEL_EVENT_OPENED:   /* not by the agent: it is an error before it is an event */
	case SP_TUNNEL_EVENT_READABLE: /* carry() looks */
	case SP_TUNNEL_EVENT_WRITABLE: break;
	}
}

static void log_text(const char *what, const uint8_t *bytes, size_t size)
{
	char text[LOG_LINE];

	text_from_console(bytes, size, text, sizeof text);
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
		plat_log("tunnel: %s%s", what, line);
}

static int receive(struct carrier *c, size_t size)
{
	struct sp_tunnel_event event;

	for (size_t at = 0; at < size;) {
		int used = sp_tunnel_receive(&c->tunnel, c->in.bytes + at, size - at, &event);
		if (used < 0) {
			plat_log("tunnel: %s", sp_tunnel_error_string((enum sp_tunnel_error)used));
			if (used == SP_TUNNEL_ERROR_GREETING)
				log_text("it said: ", c->in.bytes, size);
			return PLAT_FAILED;
		}
		at += (size_t)used;
		on_event(c, &event);
	}
	return PLAT_OK;
}

/* What the pipes did. */
static int on_lanes(struct carrier *c)
{
	int said = lane_finish(&c->error);
	if (said > 0)
		log_text("", c->error.bytes, (size_t)said);
	if (said > 0)
		lane_read(&c->error);

	int r = lane_finish(&c->in);
	if (r > 0) {
		r = receive(c, (size_t)r);
		if (r == PLAT_OK && !lane_read(&c->in))
			r = PLAT_ENDED;
	}
	if (r < 0)
		return r;
	r = lane_finish(&c->out);
	return r < 0 ? r : PLAT_OK;
}

static int wait_for_news(struct carrier *c, HANDLE stop, uint32_t timeout_ms)
{
	HANDLE handles[7] = { stop, win_cancelled(), c->network, c->arrival };
	DWORD count = 4;
	struct lane *lanes[] = { &c->in, &c->out, &c->error };

	for (size_t i = 0; i < 3; i++)
		if (lanes[i]->is_busy)
			handles[count++] = lanes[i]->overlapped.hEvent;
	switch (WaitForMultipleObjects(count, handles, FALSE, timeout_ms)) {
	case WAIT_OBJECT_0:
	case WAIT_OBJECT_0 + 1: return PLAT_CANCELLED;
	case WAIT_OBJECT_0 + 2: on_network(c); return PLAT_OK;
	case WAIT_OBJECT_0 + 3:
		ResetEvent(c->arrival);
		c->may_accept = true;
		return PLAT_OK;
	case WAIT_FAILED: return win_failed("tunnel: cannot wait", GetLastError());
	default: return PLAT_OK; /* on_lanes() looks */
	}
}

static int run(struct carrier *c, HANDLE stop)
{
	uint64_t deadline_ms = plat_now_ms() + GREETING_MS;

	if (!lane_read(&c->in))
		return PLAT_ENDED;
	lane_read(&c->error);
	for (;;) {
		uint32_t timeout_ms = INFINITE;
		int r = carry(c);

		if (!sp_tunnel_is_greeted(&c->tunnel)) {
			uint64_t now_ms = plat_now_ms();
			if (r == PLAT_OK && now_ms >= deadline_ms)
				r = PLAT_TIMEOUT;
			timeout_ms = now_ms < deadline_ms ? (uint32_t)(deadline_ms - now_ms) : 0;
		}
		if (r == PLAT_OK)
			r = wait_for_news(c, stop, has_more(c) ? 0 : timeout_ms);
		if (r == PLAT_OK)
			r = on_lanes(c);
		if (r != PLAT_OK)
			return r;
	}
}

int carrier_run(struct carrier *c, const struct process *process, HANDLE stop)
{
	c->in.pipe = process->output;
	c->out.pipe = process->input;
	c->error.pipe = process->error;
	sp_tunnel_init(&c->tunnel, SP_TUNNEL_OPENER, c->memory);

	int r = run(c, stop);

	lane_stop(&c->error);
	lane_stop(&c->out);
	lane_stop(&c->in);
	for (unsigned i = 0; i < SP_TUNNEL_CHANNELS; i++)
		drop_abruptly(c, i);
	return r;
}
