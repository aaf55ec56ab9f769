#include "encoder/remote.h"

#include "core/link.h"
#include "sys/cleanup.h"
#include "sys/clock.h"
#include "sys/log.h"
#include "sys/process.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#define MAX_KNOWN_BUFFERS 64
#define READ_SIZE         4096
/* Starting GStreamer may scan every plugin of the machine when the registry is cold. */
#define START_DEADLINE_US (20 * USEC_PER_SEC)
#define BACKOFF_MAX_US    (10 * USEC_PER_SEC)
/* A process that ran this long was not broken from the start. */
#define FORGIVE_AFTER_US (30 * USEC_PER_SEC)

enum await { AWAIT_NOTHING, AWAIT_READY, AWAIT_PACKET };

struct remote {
	struct encoder base;
	struct sd_event *event;
	struct processes *processes;
	char *program;
	const char *const *environment;
	uint64_t hang_us;

	struct process *process;
	int socket;
	sd_event_source *io, *watchdog, *restart;
	uint64_t started_us, restarts;
	unsigned failures; /* in a row */

	struct encoder_config config;
	char name[LINK_MAX_NAME + 1];
	bool configured;
	uint32_t generation;
	enum await await;
	uint32_t sequence, job_buffer;
	uint32_t known[MAX_KNOWN_BUFFERS];
	size_t known_count;

	/* One incoming message: first into `head`, the body of a PACKET straight into its packet.
	 */
	uint8_t head[LINK_MAX_SMALL];
	size_t head_size;
	struct packet *packet;
	struct link_packet packet_info;
	size_t packet_filled;
};

static int start(struct remote *r);
static void fail(struct remote *r, const char *text);

static struct remote *remote(struct encoder *encoder)
{
	return (struct remote *)encoder;
}

static void arm(struct remote *r, enum await await, uint64_t timeout_us)
{
	r->await = await;
	if (await == AWAIT_NOTHING) {
		sd_event_source_set_enabled(r->watchdog, SD_EVENT_OFF);
		return;
	}
	sd_event_source_set_time(r->watchdog, clock_now_us() + timeout_us);
	sd_event_source_set_enabled(r->watchdog, SD_EVENT_ONESHOT);
}

/* Never waits: at most one job is under way, so a full socket means that nobody reads it. */
static int send_bytes(struct remote *r, const uint8_t *bytes, size_t size, int fd)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { 0 };
	struct iovec part = { .iov_base = (void *)bytes, .iov_len = size };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };

	if (fd >= 0) {
		message.msg_control = control.bytes;
		message.msg_controllen = sizeof control.bytes;
		struct cmsghdr *header = CMSG_FIRSTHDR(&message);
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(header), &fd, sizeof fd);
	}
	ssize_t sent = sendmsg(r->socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (sent < 0)
		return -errno;
	return (size_t)sent == size ? 0 : -EAGAIN;
}

static void post(struct remote *r, const struct link_message *message, int fd)
{
	uint8_t buffer[LINK_MAX_SMALL];

	if (r->socket < 0)
		return;
	ssize_t size = link_write(buffer, sizeof buffer, message);
	int result = size < 0 ? (int)size : send_bytes(r, buffer, (size_t)size, fd);
	if (result < 0) {
		/* Perhaps half of it went, and nothing behind it would be understood. */
		log_debug(
			"encoder: message %d was not taken: %s", message->type, strerror(-result));
		process_kill(r->process, SIGKILL);
	}
}

static void send_configure(struct remote *r)
{
	struct link_message message = {
		.type = LINK_CONFIGURE,
		.configure = {
			.generation = ++r->generation,
			.format = r->config.format,
			.max_fps = r->config.max_fps,
			.bitrate_kbit = r->config.bitrate_kbit,
		},
	};

	snprintf(message.configure.encoder, sizeof message.configure.encoder, "%s", r->name);
	post(r, &message, -1);
	arm(r, AWAIT_READY, START_DEADLINE_US);
}

static void configure(struct encoder *encoder, const struct encoder_config *config)
{
	struct remote *r = remote(encoder);

	r->config = *config;
	snprintf(r->name, sizeof r->name, "%s", config->name);
	r->config.name = r->name;
	r->configured = true;
	if (r->socket >= 0)
		send_configure(r);
}

static bool is_known(const struct remote *r, uint32_t buffer)
{
	for (size_t i = 0; i < r->known_count; i++)
		if (r->known[i] == buffer)
			return true;
	return false;
}

static void forget_buffer(struct encoder *encoder, uint32_t buffer)
{
	struct remote *r = remote(encoder);

	for (size_t i = 0; i < r->known_count; i++)
		if (r->known[i] == buffer) {
			r->known[i] = r->known[--r->known_count];
			post(r,
				&(struct link_message){ .type = LINK_BUFFER_REMOVE,
					.buffer_remove = { .id = buffer } },
				-1);
			return;
		}
}

static void introduce(struct remote *r, const struct encoder_picture *picture)
{
	if (is_known(r, picture->buffer))
		return;
	if (r->known_count == MAX_KNOWN_BUFFERS)
		forget_buffer(&r->base, r->known[0]);
	r->known[r->known_count++] = picture->buffer;
	post(r, &(struct link_message){ .type = LINK_BUFFER_ADD,
		.buffer_add = {
			.id = picture->buffer,
			.stride_bytes = picture->stride_bytes,
			.offset_bytes = picture->offset_bytes,
			.size_bytes = picture->size_bytes,
		} }, picture->fd);
}

static void encode(struct encoder *encoder, const struct encoder_job *job)
{
	struct remote *r = remote(encoder);

	if (job->picture)
		introduce(r, job->picture);
	r->job_buffer = job->picture ? job->picture->buffer : 0;
	post(r, &(struct link_message){ .type = LINK_ENCODE,
		.encode = {
			.key = job->key,
			.sequence = ++r->sequence,
			.buffer = r->job_buffer,
			.pts_us = job->pts_us,
			.damage = job->damage,
		} }, -1);
	arm(r, AWAIT_PACKET, r->hang_us);
}

static void set_bitrate(struct encoder *encoder, uint32_t kbit)
{
	struct remote *r = remote(encoder);

	r->config.bitrate_kbit = kbit;
	post(r, &(struct link_message){ .type = LINK_BITRATE, .bitrate = { .kbit = kbit } }, -1);
}

static void stop(struct remote *r)
{
	r->io = sd_event_source_disable_unref(r->io);
	if (r->socket >= 0)
		close(r->socket);
	r->socket = -1;
	process_free(r->process);
	r->process = NULL;
	r->packet = packet_unref(r->packet);
	r->head_size = r->known_count = 0;
	arm(r, AWAIT_NOTHING, 0);
}

static int on_restart(sd_event_source *source, uint64_t now_us, void *owner)
{
	struct remote *r = owner;

	(void)source, (void)now_us;
	int result = start(r);
	if (result < 0) {
		log_error("encoder: cannot start %s: %s", r->program, strerror(-result));
		fail(r, "helix-encoder cannot be started");
	} else if (r->configured) {
		send_configure(r);
	}
	return 0;
}

/* It is gone, or soon will be: tell, and try again; at once the first time, then ever more slowly.
 */
static void fail(struct remote *r, const char *text)
{
	uint64_t now_us = clock_now_us();
	uint64_t delay_us = 0;

	if (now_us - r->started_us > FORGIVE_AFTER_US)
		r->failures = 0;
	if (r->failures > 1)
		delay_us = 250000ull << (r->failures < 8 ? r->failures - 2 : 6);
	if (delay_us > BACKOFF_MAX_US)
		delay_us = BACKOFF_MAX_US;
	r->failures++;
	r->restarts++;
	stop(r);
	r->job_buffer = 0;
	sd_event_source_set_time(r->restart, now_us + delay_us);
	sd_event_source_set_enabled(r->restart, SD_EVENT_ONESHOT);
	r->base.events->failed(r->base.owner, false, text);
}

static int on_watchdog(sd_event_source *source, uint64_t now_us, void *owner)
{
	struct remote *r = owner;

	(void)source, (void)now_us;
	log_warn("encoder: pid %d gave no answer for %llu ms, killing it", process_pid(r->process),
		(unsigned long long)((r->await == AWAIT_READY ? START_DEADLINE_US : r->hang_us) /
			1000));
	fail(r, "the encoder hung");
	return 0;
}

static void on_exit_status(void *owner, struct process *process, int status)
{
	struct remote *r = owner;
	char text[128], how[64];

	process_status_string(status, how, sizeof how);
	log_warn("encoder: pid %d ended: %s; %s", process_pid(process), how,
		process_last_words(process));
	snprintf(text, sizeof text, "the encoder ended: %s", how);
	fail(r, text);
}

static void dispatch(struct remote *r, const struct link_message *message)
{
	switch (message->type) {
	case LINK_READY:
		if (message->ready.generation != r->generation)
			break;
		arm(r, AWAIT_NOTHING, 0);
		r->base.events->ready(
			r->base.owner, message->ready.encoder, message->ready.description);
		break;
	case LINK_RELEASED:
		if (message->released.buffer && message->released.buffer == r->job_buffer) {
			r->job_buffer = 0;
			r->base.events->released(r->base.owner, message->released.buffer);
		}
		break;
	case LINK_FAILED:
		if (message->failed.generation != r->generation)
			break;
		log_warn("encoder: %s", message->failed.text);
		arm(r, AWAIT_NOTHING, 0);
		r->job_buffer = 0;
		if (++r->failures > 3) {
			r->base.events->failed(r->base.owner, true, message->failed.text);
			break;
		}
		r->base.events->failed(r->base.owner, false, message->failed.text);
		send_configure(r);
		break;
	case LINK_PACKET: /* taken apart by on_readable */
	case LINK_CONFIGURE:
	case LINK_BUFFER_ADD:
	case LINK_BUFFER_REMOVE:
	case LINK_ENCODE:
	case LINK_BITRATE:
	case LINK_HELLO: log_debug("encoder: unexpected message %d, skipped", message->type); break;
	}
}

static void finish_packet(struct remote *r)
{
	struct packet *packet = r->packet;
	struct encoder_timing timing = {
		.started_us = r->packet_info.started_us,
		.converted_us = r->packet_info.converted_us,
		.encoded_us = r->packet_info.encoded_us,
	};
	bool expected = r->await == AWAIT_PACKET && r->packet_info.sequence == r->sequence;

	r->packet = NULL;
	r->head_size = 0;
	if (!expected) {
		packet_unref(packet);
		return;
	}
	arm(r, AWAIT_NOTHING, 0);
	r->failures = 0;
	packet->encoded_us = clock_now_us();
	r->base.events->packet(r->base.owner, packet, r->packet_info.key, &timing);
}

/* How many bytes to read next, and where to: never beyond the current message. */
static ssize_t next_part(struct remote *r, uint8_t **ret_at)
{
	if (r->packet) {
		*ret_at = r->packet->unit + r->packet_filled;
		return (ssize_t)(r->packet->unit_size - r->packet_filled);
	}
	*ret_at = r->head + r->head_size;
	if (r->head_size < LINK_HEADER_SIZE)
		return (ssize_t)(LINK_HEADER_SIZE - r->head_size);

	ssize_t size = link_message_size(r->head, r->head_size);
	if (size < 0)
		return size;
	uint16_t type;
	memcpy(&type, r->head + 4, sizeof type);
	if (type == LINK_PACKET)
		size = LINK_PACKET_HEADER_SIZE;
	if ((size_t)size > sizeof r->head || (size_t)size < r->head_size)
		return -EBADMSG;
	return size - (ssize_t)r->head_size;
}

/* The bytes asked for by next_part are there. */
static int take_part(struct remote *r, size_t size)
{
	struct link_message message;

	if (r->packet) {
		r->packet_filled += size;
		if (r->packet_filled == r->packet->unit_size)
			finish_packet(r);
		return 0;
	}
	r->head_size += size;
	uint8_t *at;
	ssize_t missing = next_part(r, &at);
	if (missing != 0)
		return missing < 0 ? (int)missing : 0;

	int result = link_parse(r->head, r->head_size, &message);
	if (result < 0)
		return result;
	if (message.type == LINK_PACKET) {
		r->packet_info = message.packet;
		r->packet_filled = 0;
		r->packet = packet_new(message.packet.size_bytes);
		return r->packet ? 0 : -ENOMEM;
	}
	r->head_size = 0;
	dispatch(r, &message);
	return 0;
}

static int on_readable(sd_event_source *source, int fd, uint32_t events, void *owner)
{
	struct remote *r = owner;

	(void)source, (void)events;
	while (r->socket == fd) {
		uint8_t *at;
		ssize_t wanted = next_part(r, &at);
		ssize_t got = wanted < 0 ? wanted : recv(fd, at, (size_t)wanted, MSG_DONTWAIT);

		if (wanted >= 0 && got < 0 && (errno == EAGAIN || errno == EINTR))
			return 0;
		if (got > 0 && take_part(r, (size_t)got) == 0)
			continue;
		if (r->socket != fd)
			return 0;
		/* End of file: the exit status follows and says more. Garbage: kill it for the
		 * same. */
		r->io = sd_event_source_disable_unref(r->io);
		if (got != 0) {
			log_warn("encoder: pid %d broke the link's rules, killing it",
				process_pid(r->process));
			process_kill(r->process, SIGKILL);
		}
		return 0;
	}
	return 0;
}

static int start(struct remote *r)
{
	autoclose int theirs = -1;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	r->socket = pair[0];
	theirs = pair[1];

	const char *const argv[] = { r->program, "--fd", "3", "--log-level",
		log_level_to_string(log_level()), NULL };
	int result = process_start(r->processes,
		&(struct process_options){
			.name = "helix-encoder",
			.argv = argv,
			.environment = r->environment,
			.fds = { theirs },
			.n_fds = 1,
		},
		on_exit_status, r, &r->process);
	if (result >= 0)
		result = sd_event_add_io(r->event, &r->io, r->socket, EPOLLIN, on_readable, r);
	if (result < 0) {
		stop(r);
		return result;
	}
	r->started_us = clock_now_us();
	return 0;
}

static void free_remote(struct encoder *encoder)
{
	struct remote *r = remote(encoder);

	stop(r);
	r->watchdog = sd_event_source_disable_unref(r->watchdog);
	r->restart = sd_event_source_disable_unref(r->restart);
	free(r->program);
	free(r);
}

static const struct encoder_ops ops = {
	.configure = configure,
	.encode = encode,
	.forget_buffer = forget_buffer,
	.set_bitrate = set_bitrate,
	.free = free_remote,
};

int encoder_remote_new(struct sd_event *event, struct processes *processes,
	const struct encoder_remote_options *options, const struct encoder_events *events,
	void *owner, struct encoder **ret_encoder)
{
	struct remote *r = malloc(sizeof *r);

	if (!r)
		return -ENOMEM;
	*r = (struct remote){
		.base = { .ops = &ops, .events = events, .owner = owner },
		.event = event,
		.processes = processes,
		.program = strdup(options->program),
		.environment = options->environment,
		.hang_us = options->hang_us,
		.socket = -1,
	};
	int result = r->program ? 0 : -ENOMEM;
	if (result == 0)
		result = sd_event_add_time(
			event, &r->watchdog, CLOCK_MONOTONIC, 0, 1000, on_watchdog, r);
	if (result >= 0)
		result = sd_event_source_set_enabled(r->watchdog, SD_EVENT_OFF);
	if (result >= 0)
		result = sd_event_add_time(
			event, &r->restart, CLOCK_MONOTONIC, 0, 1000, on_restart, r);
	if (result >= 0)
		result = sd_event_source_set_enabled(r->restart, SD_EVENT_OFF);
	if (result >= 0)
		result = start(r);
	if (result < 0) {
		free_remote(&r->base);
		return result;
	}
	*ret_encoder = &r->base;
	return 0;
}

uint64_t encoder_remote_restarts(const struct encoder *encoder)
{
	return ((const struct remote *)encoder)->restarts;
}

int encoder_remote_pid(const struct encoder *encoder)
{
	const struct remote *r = (const struct remote *)encoder;

	return r->process ? (int)process_pid(r->process) : 0;
}
