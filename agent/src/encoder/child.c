#include "encoder/child.h"

#include "encoder/remote.h"
#include "sys/cleanup.h"
#include "sys/log.h"
#include "sys/process.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-event.h>
#include <unistd.h>

static int on_readable(sd_event_source *source, int fd, uint32_t events, void *owner)
{
	struct child *child = owner;

	(void)source, (void)fd, (void)events;
	child->events->readable(child->owner);
	return 0;
}

static void on_exit_status(void *owner, struct process *process, int status)
{
	struct child *child = owner;

	child->events->ended(child->owner, status, process_last_words(process));
}

static int spawn(struct child *child, int theirs)
{
	const struct encoder_remote_options *options = child->options;
	const char *argv[] = { options->program, "--fd", "3", "--log-level",
		log_level_to_string(log_level()), NULL, NULL };
	char registry[4096];

	if (child->running.route == ROUTE_VAAPI_WITHOUT_DRM)
		argv[5] = "--va-without-drm";
	options->registry(options->registry_owner, &child->running, registry, sizeof registry);
	char **environment = candidate_environment(&child->running, options->environment, registry);
	if (!environment)
		return -ENOMEM;
	int r = process_start(child->processes,
		&(struct process_options){
			.name = "helix-encoder",
			.argv = argv,
			.environment = (const char *const *)environment,
			.fds = { theirs },
			.n_fds = 1,
		},
		on_exit_status, child, &child->process);
	environment_free(environment);
	return r;
}

int child_start(struct child *child, const struct candidate *candidate)
{
	autoclose int theirs = -1;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	child->socket = pair[0];
	theirs = pair[1];
	child->running = *candidate;

	int r = spawn(child, theirs);
	if (r >= 0)
		r = sd_event_add_io(
			child->event, &child->io, child->socket, EPOLLIN, on_readable, child);
	if (r < 0) {
		child_stop(child);
		return r;
	}
	child->starts++;
	return 0;
}

void child_stop(struct child *child)
{
	child_unlink(child);
	if (child->socket >= 0)
		close(child->socket);
	child->socket = -1;
	process_free(child->process);
	child->process = NULL;
	link_reader_done(&child->reader);
}

bool child_is_linked(const struct child *child)
{
	return child->io;
}

void child_unlink(struct child *child)
{
	child->io = sd_event_source_disable_unref(child->io);
}

static int send_bytes(struct child *child, const uint8_t *bytes, size_t size, int fd)
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
	ssize_t sent = sendmsg(child->socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (sent < 0)
		return -errno;
	return (size_t)sent == size ? 0 : -EAGAIN;
}

void child_post(struct child *child, const struct link_message *message, int fd)
{
	uint8_t buffer[LINK_MAX_SMALL];

	if (child->socket < 0)
		return;
	ssize_t size = link_write(buffer, sizeof buffer, message);
	int r = size < 0 ? (int)size : send_bytes(child, buffer, (size_t)size, fd);
	if (r < 0) {
		/* Perhaps half of it went, and nothing behind it would be understood. */
		log_debug("encoder: message %d was not taken: %s", message->type, strerror(-r));
		process_kill(child->process, SIGKILL);
	}
}

int child_next(struct child *child, struct link_message *ret_message, struct packet **ret_packet)
{
	return link_reader_next(&child->reader, child->socket, ret_message, ret_packet);
}

int child_pid(const struct child *child)
{
	return child->process ? (int)process_pid(child->process) : 0;
}
