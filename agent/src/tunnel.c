#include "tunnel.h"

#include "sp_tunnel.h"
#include "sys/log.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define EXIT_USAGE 2
#define READ_SIZE  (64u << 10)
#define MAX_PORT   65535

enum { POLL_INPUT, POLL_OUTPUT, POLL_SOCKETS };

struct connection {
	int fd; /* -1 = none */
	bool is_connecting;
	bool may_read, may_write; /* until the kernel says that it would have to wait */
	bool has_ended;           /* it has no more to say */
};

struct carrier {
	uint16_t port;
	bool has_warned; /* that nobody listens there */
	struct sp_tunnel tunnel;
	struct connection connections[SP_TUNNEL_CHANNELS];
	uint8_t buffer[READ_SIZE];
};

static void drop(struct connection *c)
{
	if (c->fd >= 0)
		close(c->fd);
	*c = (struct connection){ .fd = -1 };
}

/* So that the other end hears of a failure, and does not take it for the end. */
static void drop_abruptly(struct connection *c)
{
	struct linger at_once = { .l_onoff = 1 };

	if (c->fd >= 0)
		setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
	drop(c);
}

static void break_off(struct carrier *t, unsigned slot)
{
	sp_tunnel_reset(&t->tunnel, slot);
	drop_abruptly(&t->connections[slot]);
}

static void drop_if_done(struct carrier *t, unsigned slot)
{
	struct connection *c = &t->connections[slot];

	if (c->has_ended && t->tunnel.channels[slot].end_taken)
		drop(c);
}

static void refuse(struct carrier *t, unsigned slot, int error)
{
	/* Once is enough: a page tries again for as long as it is open. */
	if (!t->has_warned)
		log_warn("tunnel: cannot reach 127.0.0.1:%u: %s", t->port, strerror(error));
	t->has_warned = true;
	break_off(t, slot);
}

static void on_connected(struct carrier *t, unsigned slot)
{
	struct connection *c = &t->connections[slot];

	c->is_connecting = false;
	c->may_read = c->may_write = true;
	t->has_warned = false;
}

static void begin_connection(struct carrier *t, unsigned slot)
{
	struct connection *c = &t->connections[slot];
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons(t->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int on = 1;

	*c = (struct connection){ .fd = -1, .is_connecting = true };
	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (c->fd < 0) {
		refuse(t, slot, errno);
		return;
	}
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	if (connect(c->fd, (struct sockaddr *)&address, sizeof address) == 0)
		on_connected(t, slot);
	else if (errno != EINPROGRESS)
		refuse(t, slot, errno);
}

static void finish_connection(struct carrier *t, unsigned slot)
{
	int error = 0;
	socklen_t size = sizeof error;

	getsockopt(t->connections[slot].fd, SOL_SOCKET, SO_ERROR, &error, &size);
	if (error)
		refuse(t, slot, error);
	else
		on_connected(t, slot);
}

/* From the channel into the socket, as far as it goes. */
static void write_socket(struct carrier *t, unsigned slot)
{
	struct connection *c = &t->connections[slot];
	const uint8_t *bytes;
	size_t size;

	while (c->may_write && (size = sp_tunnel_peek(&t->tunnel, slot, &bytes)) > 0) {
		ssize_t wrote = send(c->fd, bytes, size, MSG_NOSIGNAL);

		if (wrote > 0) {
			sp_tunnel_take(&t->tunnel, slot, (size_t)wrote);
		} else if (errno == EAGAIN) {
			c->may_write = false;
		} else if (errno != EINTR) {
			break_off(t, slot);
			return;
		}
	}
	if (!c->is_connecting && sp_tunnel_at_end(&t->tunnel, slot)) {
		shutdown(c->fd, SHUT_WR);
		sp_tunnel_take_end(&t->tunnel, slot);
		drop_if_done(t, slot);
	}
}

/* One frame at most, so that each socket has its turn. */
static void read_socket(struct carrier *t, unsigned slot)
{
	struct connection *c = &t->connections[slot];
	uint8_t *space;
	size_t room;

	if (!c->may_read || (room = sp_tunnel_send_begin(&t->tunnel, slot, &space)) == 0)
		return;

	ssize_t got = recv(c->fd, space, room, 0);
	sp_tunnel_send_end(&t->tunnel, slot, got > 0 ? (size_t)got : 0);
	if (got == 0) {
		c->may_read = false;
		c->has_ended = true;
		sp_tunnel_end(&t->tunnel, slot);
		drop_if_done(t, slot);
	} else if (got < 0 && errno == EAGAIN) {
		c->may_read = false;
	} else if (got < 0 && errno != EINTR) {
		break_off(t, slot);
	}
}

static void on_event(struct carrier *t, const struct sp_tunnel_event *event)
{
	switch (event->type) {
	case SP_TUNNEL_EVENT_NONE:
	case SP_TUNNEL_EVENT_GREETED:
	case SP_TUNNEL_EVENT_WRITABLE: break;
	case SP_TUNNEL_EVENT_OPENED: begin_connection(t, event->slot); break;
	case SP_TUNNEL_EVENT_READABLE:
		if (t->connections[event->slot].fd >= 0)
			write_socket(t, event->slot);
		break;
	case SP_TUNNEL_EVENT_RESET: drop_abruptly(&t->connections[event->slot]); break;
	}
}

static int receive(struct carrier *t, size_t size)
{
	struct sp_tunnel_event event;

	for (size_t at = 0; at < size;) {
		int used = sp_tunnel_receive(&t->tunnel, t->buffer + at, size - at, &event);
		if (used < 0) {
			log_error("tunnel: %s", sp_tunnel_error_string((enum sp_tunnel_error)used));
			return -EPROTO;
		}
		at += (size_t)used;
		on_event(t, &event);
	}
	return 0;
}

/* Read what is there. The descriptor may be shared, so it stays as it is: after POLLIN one read
 * does not wait. 0 at the end of the input. */
static int read_input(struct carrier *t)
{
	ssize_t got = read(STDIN_FILENO, t->buffer, sizeof t->buffer);

	if (got < 0)
		return errno == EAGAIN || errno == EINTR ? 1 : -errno;
	if (got == 0)
		return 0;
	int r = receive(t, (size_t)got);
	return r < 0 ? r : 1;
}

/* Write what can be written at once. While a pipe polls as writable it takes PIPE_BUF bytes without
 * making us wait, even where it is not O_NONBLOCK. Whether anything was written. */
static int write_output(struct carrier *t)
{
	const uint8_t *bytes;
	size_t size;
	bool wrote_any = false;

	while ((size = sp_tunnel_output(&t->tunnel, &bytes)) > 0) {
		struct pollfd output = { .fd = STDOUT_FILENO, .events = POLLOUT };

		if (poll(&output, 1, 0) <= 0 || !(output.revents & (POLLOUT | POLLERR)))
			break;
		ssize_t wrote = write(STDOUT_FILENO, bytes, size < PIPE_BUF ? size : PIPE_BUF);
		if (wrote < 0 && (errno == EAGAIN || errno == EINTR))
			break;
		if (wrote < 0)
			return -errno;
		sp_tunnel_written(&t->tunnel, (size_t)wrote);
		wrote_any = true;
	}
	return wrote_any;
}

static short wanted(const struct carrier *t, unsigned slot)
{
	const struct connection *c = &t->connections[slot];
	const uint8_t *bytes;
	short events = 0;

	if (c->is_connecting)
		return POLLOUT;
	if (!c->may_read && !c->has_ended && sp_tunnel_may_send(&t->tunnel, slot))
		events |= POLLIN;
	if (!c->may_write && sp_tunnel_peek(&t->tunnel, slot, &bytes) > 0)
		events |= POLLOUT;
	return events;
}

/* A socket that nothing is wanted of is left out: it would report its end again and again. */
static int wait_for_news(
	struct carrier *t, struct pollfd fds[POLL_SOCKETS + SP_TUNNEL_CHANNELS], int timeout_ms)
{
	const uint8_t *bytes;
	bool has_output = sp_tunnel_output(&t->tunnel, &bytes) > 0;

	fds[POLL_INPUT] = (struct pollfd){ .fd = STDIN_FILENO, .events = POLLIN };
	fds[POLL_OUTPUT] =
		(struct pollfd){ .fd = STDOUT_FILENO, .events = has_output ? POLLOUT : 0 };
	for (unsigned i = 0; i < SP_TUNNEL_CHANNELS; i++) {
		short events = t->connections[i].fd >= 0 ? wanted(t, i) : 0;

		fds[POLL_SOCKETS + i] = (struct pollfd){ .fd = events ? t->connections[i].fd : -1,
			.events = events };
	}
	if (poll(fds, POLL_SOCKETS + SP_TUNNEL_CHANNELS, timeout_ms) < 0)
		return errno == EINTR ? 0 : -errno;
	return 1;
}

static void on_polled(struct carrier *t, const struct pollfd *fds)
{
	for (unsigned i = 0; i < SP_TUNNEL_CHANNELS; i++) {
		struct connection *c = &t->connections[i];
		short events = fds[POLL_SOCKETS + i].revents;

		/* It may be another socket than was polled: then this costs one try. */
		if (!events || c->fd < 0)
			continue;
		if (c->is_connecting) {
			finish_connection(t, i);
			continue;
		}
		c->may_read = !c->has_ended;
		c->may_write = true;
	}
}

/* One round between the sockets and the output. Whether another one would find more to do. */
static int carry(struct carrier *t)
{
	bool has_more = false;

	for (unsigned i = 0; i < SP_TUNNEL_CHANNELS; i++) {
		struct connection *c = &t->connections[i];

		if (c->fd >= 0)
			write_socket(t, i);
		if (c->fd >= 0)
			read_socket(t, i);
		has_more |= c->fd >= 0 && c->may_read;
	}
	int r = write_output(t);
	return r < 0 ? r : r && has_more;
}

/* 0 when the input has ended. */
static int loop(struct carrier *t)
{
	struct pollfd fds[POLL_SOCKETS + SP_TUNNEL_CHANNELS];
	bool has_more = false;

	for (;;) {
		int r = wait_for_news(t, fds, has_more ? 0 : -1);
		if (r == 0)
			continue;
		if (r < 0)
			return r;
		if (fds[POLL_OUTPUT].revents & (POLLERR | POLLHUP | POLLNVAL))
			return -EPIPE;
		on_polled(t, fds);
		if (fds[POLL_INPUT].revents) {
			r = read_input(t);
			if (r <= 0)
				return r;
		}
		r = carry(t);
		if (r < 0)
			return r;
		has_more = r > 0;
	}
}

static int read_port(int argc, const char *const *argv, uint16_t *ret_port)
{
	const char *text = NULL;
	char *end;

	if (argc == 3 && !strcmp(argv[1], "--port"))
		text = argv[2];
	else if (argc == 2 && !strncmp(argv[1], "--port=", 7))
		text = argv[1] + 7;
	if (!text || !isdigit((unsigned char)*text))
		return -EINVAL;

	unsigned long port = strtoul(text, &end, 10);
	if (*end || port < 1 || port > MAX_PORT)
		return -EINVAL;
	*ret_port = (uint16_t)port;
	return 0;
}

static int carry_all(struct carrier *t, uint8_t *memory)
{
	for (int i = 0; i < SP_TUNNEL_CHANNELS; i++)
		t->connections[i].fd = -1;
	sp_tunnel_init(&t->tunnel, SP_TUNNEL_ACCEPTER, memory);
	signal(SIGPIPE, SIG_IGN);

	int r = loop(t);
	for (int i = 0; i < SP_TUNNEL_CHANNELS; i++)
		drop_abruptly(&t->connections[i]);
	if (r == -EPIPE)
		log_info("tunnel: the other end is gone, leaving");
	else if (r < 0 && r != -EPROTO)
		log_error("tunnel: %s", strerror(-r));
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

int tunnel_main(int argc, const char *const *argv)
{
	uint16_t port;
	int r = EXIT_FAILURE;

	if (read_port(argc, argv, &port) < 0) {
		fputs("helix-agent: tunnel needs --port, from 1 to 65535\n", stderr);
		return EXIT_USAGE;
	}
	if (isatty(STDIN_FILENO) || isatty(STDOUT_FILENO)) {
		fputs("helix-agent: tunnel is for Helix.exe, which speaks to it through pipes\n",
			stderr);
		return EXIT_USAGE;
	}
	struct carrier *t = calloc(1, sizeof *t);
	uint8_t *memory = calloc(1, SP_TUNNEL_MEMORY);
	if (t && memory) {
		t->port = port;
		r = carry_all(t, memory);
	} else {
		log_error("tunnel: out of memory");
	}
	free(memory);
	free(t);
	return r;
}
