#include "net/server.h"

#include "net/private.h"
#include "sys/clock.h"
#include "sys/log.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#define TICK_US     (2 * USEC_PER_SEC)
#define FAREWELL_US (300 * USEC_PER_MSEC)
/* Above any frame: else each frame is sent in pieces and copied for it. */
#define TX_PACKET_SIZE (4u << 20)

/* The first answers HTTP; its memory holds a reply. Those upgraded hold a pointer. */
static const struct lws_protocols protocols[] = {
	{ .name = "http", .callback = http_callback, .per_session_data_size = 64 },
	{ .name = SP_SUBPROTOCOL,
		.callback = viewer_callback,
		.per_session_data_size = 64,
		.rx_buffer_size = SP_MAX_CLIENT_MESSAGE,
		.tx_packet_size = TX_PACKET_SIZE },
	{ .name = NULL },
};

struct server *server_of(struct lws *wsi)
{
	return lws_context_user(lws_get_context(wsi));
}

const char *server_header(struct lws *wsi, enum lws_token_indexes token, char *buffer, size_t size)
{
	int length = lws_hdr_total_length(wsi, token);

	if (length <= 0 || (size_t)length >= size ||
		lws_hdr_copy(wsi, buffer, (int)size, token) <= 0)
		return NULL;
	return buffer;
}

static void on_lws_log(int level, const char *line)
{
	size_t size = strlen(line);

	while (size && line[size - 1] == '\n')
		size--;
	if (level & LLL_ERR)
		log_warn("net: %.*s", (int)size, line);
	else
		log_debug("net: %.*s", (int)size, line);
}

static int on_tick(sd_event_source *source, uint64_t planned_us, void *owner)
{
	struct server *s = owner;
	uint64_t now_us = clock_now_us();

	(void)planned_us;
	for (struct viewer *v = s->viewers, *next; v; v = next) {
		next = v->next;
		viewer_tick(v, now_us);
	}
	sd_event_source_set_time(source, now_us + TICK_US);
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

/* libwebsockets only says that it could not listen; ask the kernel why, for the user. */
static int try_address(const char *address, uint16_t port)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE };
	struct addrinfo *found;
	char service[8];
	int on = 1;

	snprintf(service, sizeof service, "%u", port);
	if (getaddrinfo(address, service, &hints, &found) != 0)
		return -EADDRNOTAVAIL;
	int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int r = fd < 0 ? -errno : 0;
	if (r == 0) {
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
		if (bind(fd, found->ai_addr, found->ai_addrlen) < 0 || listen(fd, 1) < 0)
			r = -errno;
		close(fd);
	}
	freeaddrinfo(found);
	return r;
}

static int adopt_events(struct server *s)
{
	lws_sock_file_fd_type fd = { 0 };

	fd.filefd =
		(lws_filefd_type)(long long)fcntl(sd_event_get_fd(s->event), F_DUPFD_CLOEXEC, 3);
	if (fd.filefd < 0)
		return -errno;
	if (!lws_adopt_descriptor_vhost(
		    s->vhost, LWS_ADOPT_RAW_FILE_DESC, fd, protocols[0].name, NULL))
		return -EIO;
	return 0;
}

static int listen_on(struct server *s, const struct server_options *options)
{
	struct lws_context_creation_info info = {
		.port = options->port,
		.iface = options->address,
		.protocols = protocols,
		.vhost_name = "helix",
		.options = LWS_SERVER_OPTION_EXPLICIT_VHOSTS |
			LWS_SERVER_OPTION_DISABLE_OS_CA_CERTS |
			LWS_SERVER_OPTION_FAIL_UPON_UNABLE_TO_BIND,
		.gid = (gid_t)-1,
		.uid = (uid_t)-1,
		.user = s,
		.timeout_secs = 10,
		.keepalive_timeout = 15,
		.max_http_header_data = 8192,
		.max_http_header_pool = 64,
		.pt_serv_buf_size = 16384,
		.server_string = "helix-agent",
	};

	int r = try_address(options->address, options->port);
	if (r < 0)
		return r;
	lws_set_log_level(LLL_ERR | LLL_WARN, on_lws_log);
	s->context = lws_create_context(&info);
	if (!s->context)
		return -ENOMEM;
	s->vhost = lws_create_vhost(s->context, &info);
	if (!s->vhost)
		return -EADDRNOTAVAIL;
	s->port = (uint16_t)lws_get_vhost_listen_port(s->vhost);
	return adopt_events(s);
}

int server_new(struct sd_event *event, const struct server_options *options,
	const struct server_events *events, void *owner, struct server **ret_server)
{
	struct server *s = calloc(1, sizeof *s);

	if (!s)
		return -ENOMEM;
	s->event = event;
	s->events = events;
	s->owner = owner;
	s->guard = options->guard;
	s->max_viewers = options->max_viewers;
	s->viewer_data_size = options->viewer_data_size;
	s->instance = options->instance;
	int r = sd_event_add_time(
		event, &s->tick, CLOCK_MONOTONIC, clock_now_us() + TICK_US, 100000, on_tick, s);
	if (r >= 0)
		r = listen_on(s, options);
	if (r < 0) {
		server_free(s);
		return r;
	}
	*ret_server = s;
	return 0;
}

/* lws_service() would wait for events that need not come: lws_cancel_service() bounds each wait. */
static void say_bye(struct server *s)
{
	uint64_t end_us = clock_now_us() + FAREWELL_US;

	for (struct viewer *v = s->viewers; v; v = v->next)
		viewer_close(v, SP_BYE_SHUTDOWN, "the desktop was shut down");
	while (s->viewers && clock_now_us() < end_us) {
		lws_cancel_service(s->context);
		lws_service(s->context, 0);
	}
}

void server_free(struct server *s)
{
	if (!s)
		return;
	if (s->context) {
		say_bye(s);
		lws_context_destroy(s->context);
	}
	sd_event_source_disable_unref(s->tick);
	free(s);
}

uint16_t server_port(const struct server *s)
{
	return s->port;
}

int server_run(struct server *s)
{
	int code = 0;

	for (;;) {
		/* Its descriptor stays ready while sources are pending, but timers that were armed
		 * since need a pass of their own: always drain before the wait. */
		while (sd_event_get_state(s->event) != SD_EVENT_FINISHED &&
			sd_event_run(s->event, 0) > 0)
			;
		if (sd_event_get_state(s->event) == SD_EVENT_FINISHED)
			break;
		if (lws_service(s->context, 0) < 0)
			return -EIO;
	}
	sd_event_get_exit_code(s->event, &code);
	return code;
}

struct viewer *server_first_viewer(const struct server *s)
{
	return s ? s->viewers : NULL;
}

struct viewer *server_next_viewer(const struct viewer *v)
{
	return v->next;
}

struct server_refusals server_refusals(const struct server *s)
{
	return s->refusals;
}
