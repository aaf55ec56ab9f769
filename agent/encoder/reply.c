#include "reply.h"

#include "core/link.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

void reply_init(struct reply *reply, int fd)
{
	*reply = (struct reply){ .fd = fd, .lock = PTHREAD_MUTEX_INITIALIZER };
}

void reply_done(struct reply *reply)
{
	pthread_mutex_destroy(&reply->lock);
}

/* Drop `size` bytes from the front of two parts. */
static void advance(struct iovec parts[2], size_t size)
{
	for (int i = 0; i < 2; i++) {
		size_t step = size < parts[i].iov_len ? size : parts[i].iov_len;

		parts[i].iov_base = (uint8_t *)parts[i].iov_base + step;
		parts[i].iov_len -= step;
		size -= step;
	}
}

static int send_all(int fd, struct iovec parts[2])
{
	struct msghdr header = { .msg_iov = parts, .msg_iovlen = 2 };

	while (parts[0].iov_len || parts[1].iov_len) {
		ssize_t sent = sendmsg(fd, &header, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (sent >= 0) {
			advance(parts, (size_t)sent);
		} else if (errno == EAGAIN) {
			struct pollfd writable = { .fd = fd, .events = POLLOUT };

			if (poll(&writable, 1, -1) < 0 && errno != EINTR)
				return -errno;
		} else if (errno != EINTR) {
			return errno == ECONNRESET ? -EPIPE : -errno;
		}
	}
	return 0;
}

int reply_send(struct reply *reply, const struct link_message *message, const uint8_t *access_unit)
{
	uint8_t head[LINK_MAX_SMALL];
	ssize_t size = link_write(head, sizeof head, message);

	assert(size > 0);
	struct iovec parts[2] = {
		{ .iov_base = head, .iov_len = (size_t)size },
		{ .iov_base = (uint8_t *)(uintptr_t)access_unit, .iov_len = 0 },
	};
	if (message->type == LINK_PACKET)
		parts[1].iov_len = message->packet.size_bytes;

	pthread_mutex_lock(&reply->lock);
	int r = send_all(reply->fd, parts);
	pthread_mutex_unlock(&reply->lock);
	return r;
}
