#include "net/get.h"

#include "sys/cleanup.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#define MAX_ANSWER (512u << 20)
#define DEADLINE_S 10

static int connect_to(uint16_t port)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	struct timeval deadline = { .tv_sec = DEADLINE_S };
	autoclose int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &deadline, sizeof deadline);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &deadline, sizeof deadline);
	if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0)
		return -errno;
	return steal_fd(&fd);
}

/* All that comes until the other side closes, with a NUL behind it. */
static int read_all(int fd, uint8_t **ret_bytes, size_t *ret_size)
{
	autofree uint8_t *bytes = NULL;
	size_t size = 0, capacity = 0;

	for (;;) {
		if (size + 1 >= capacity) {
			capacity = capacity ? capacity * 2 : 65536;
			if (capacity > MAX_ANSWER)
				return -EFBIG;
			uint8_t *larger = realloc(bytes, capacity);
			if (!larger)
				return -ENOMEM;
			bytes = larger;
		}
		ssize_t got = recv(fd, bytes + size, capacity - size - 1, 0);
		if (got < 0)
			return errno == EAGAIN ? -ETIMEDOUT : -errno;
		if (got == 0)
			break;
		size += (size_t)got;
	}
	bytes[size] = '\0';
	*ret_bytes = steal(bytes);
	*ret_size = size;
	return 0;
}

int get_from_agent(
	uint16_t port, const char *path, const char *token, uint8_t **ret_body, size_t *ret_size)
{
	char request[1024];
	autofree uint8_t *answer = NULL;
	size_t size = 0;
	int status;

	autoclose int fd = connect_to(port);
	if (fd < 0)
		return fd;
	int length = snprintf(request, sizeof request,
		"GET %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nAuthorization: Bearer %s\r\n"
		"Connection: close\r\n\r\n",
		path, port, token);
	if (length >= (int)sizeof request)
		return -EINVAL;
	if (send(fd, request, (size_t)length, MSG_NOSIGNAL) != length)
		return errno == EAGAIN ? -ETIMEDOUT : -errno;
	int r = read_all(fd, &answer, &size);
	if (r < 0 || !answer)
		return r;

	const char *body = strstr((const char *)answer, "\r\n\r\n");
	if (!body || sscanf((const char *)answer, "HTTP/1.%*1d %3d", &status) != 1)
		return -EBADMSG;
	body += 4;
	*ret_size = size - (size_t)(body - (const char *)answer);
	memmove(answer, body, *ret_size + 1);
	*ret_body = steal(answer);
	return status;
}
