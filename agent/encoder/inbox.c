#include "inbox.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

void inbox_init(struct inbox *inbox, int fd)
{
	*inbox = (struct inbox){ .fd = fd };
}

void inbox_done(struct inbox *inbox)
{
	while (inbox->fd_count)
		close(inbox->fds[--inbox->fd_count]);
}

static int keep_fds(struct inbox *inbox, struct msghdr *header)
{
	int r = header->msg_flags & MSG_CTRUNC ? -EMSGSIZE : 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t at = CMSG_LEN(0); at + sizeof(int) <= c->cmsg_len; at += sizeof(int)) {
			int fd;

			memcpy(&fd, (uint8_t *)c + at, sizeof fd);
			if (inbox->fd_count < INBOX_MAX_FDS) {
				inbox->fds[inbox->fd_count++] = fd;
			} else {
				close(fd);
				r = -EMSGSIZE;
			}
		}
	}
	return r;
}

int inbox_receive(struct inbox *inbox)
{
	/* There is always room: no message of this direction is longer than LINK_MAX_SMALL. */
	memmove(inbox->bytes, inbox->bytes + inbox->begin, inbox->end - inbox->begin);
	inbox->end -= inbox->begin;
	inbox->begin = 0;

	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(INBOX_MAX_FDS * sizeof(int))];
	} control;
	struct iovec part = {
		.iov_base = inbox->bytes + inbox->end,
		.iov_len = sizeof inbox->bytes - inbox->end,
	};
	struct msghdr header = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof control.bytes,
	};
	ssize_t got = recvmsg(inbox->fd, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	if (got < 0)
		return errno == EINTR ? -EAGAIN : errno == ECONNRESET ? 0 : -errno;

	int r = keep_fds(inbox, &header);
	if (r < 0)
		return r;
	inbox->end += (size_t)got;
	return got > 0;
}

int inbox_next(struct inbox *inbox, struct link_message *ret_message)
{
	const uint8_t *bytes = inbox->bytes + inbox->begin;
	size_t left = inbox->end - inbox->begin;
	ssize_t size = link_message_size(bytes, left);

	if (size < 0)
		return (int)size;
	if (size == 0)
		return 0;
	if (size > LINK_MAX_SMALL)
		return -EMSGSIZE; /* a PACKET is no request */
	if ((size_t)size > left)
		return 0;

	int r = link_parse(bytes, (size_t)size, ret_message);
	if (r < 0)
		return r;
	inbox->begin += (size_t)size;
	return 1;
}

int inbox_take_fd(struct inbox *inbox)
{
	if (!inbox->fd_count)
		return -ENOENT;

	int fd = inbox->fds[0];
	inbox->fd_count--;
	memmove(inbox->fds, inbox->fds + 1, inbox->fd_count * sizeof *inbox->fds);
	return fd;
}
