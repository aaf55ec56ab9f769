#include "lib/encoder_child.h"

#include "sys/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define DEADLINE_US (10 * USEC_PER_SEC)
#define CHILD_FD    3

/* Of the test itself, never of what it tests. */
static void must(bool is_so, const char *what)
{
	if (is_so)
		return;
	perror(what);
	abort();
}

static void become_encoder(int fd, int log_fd, const char *const *variables, const char *argument)
{
	const char *program = getenv("HELIX_ENCODER");
	char number[] = { '0' + CHILD_FD, 0 };

	if (!program)
		program = "build/helix-encoder";
	/* GLib drops its first table of quarks on purpose when it outgrows it; with
	 * AddressSanitizer that alone would be exit code 1. */
	setenv("ASAN_OPTIONS", "detect_leaks=0", 0);
	/* putenv() keeps the text, and takes away what has no "=". */
	for (; variables && *variables; variables++)
		putenv((char *)*variables);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(log_fd, STDERR_FILENO);
	if (fd == CHILD_FD)
		fcntl(fd, F_SETFD, 0);
	else
		dup2(fd, CHILD_FD);
	execl(program, program, "--fd", number, "--log-level", "debug", argument, (char *)NULL);
	perror(program);
	_exit(127);
}

void encoder_child_start(struct encoder_child *child)
{
	encoder_child_start_in(child, NULL, NULL);
}

void encoder_child_start_in(
	struct encoder_child *child, const char *const *variables, const char *argument)
{
	struct link_message hello = { 0 };
	int pair[2];

	*child = (struct encoder_child){ .log = tmpfile() };
	must(child->log, "tmpfile");
	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0, "socketpair");
	child->pid = fork();
	must(child->pid >= 0, "fork");
	if (child->pid == 0)
		become_encoder(pair[1], fileno(child->log), variables, argument);
	close(pair[1]);
	child->fd = pair[0];
	if (encoder_child_receive(child, &hello) == 0 && hello.type == LINK_HELLO)
		child->gstreamer = hello.hello.gstreamer;
}

int encoder_child_wait(struct encoder_child *child)
{
	int process = (int)syscall(SYS_pidfd_open, child->pid, 0), status = 0;
	struct pollfd ended = { .fd = process, .events = POLLIN };

	must(process >= 0, "pidfd_open");
	bool is_late = poll(&ended, 1, DEADLINE_US / USEC_PER_MSEC) == 0;
	if (is_late)
		kill(child->pid, SIGKILL);
	must(waitpid(child->pid, &status, 0) == child->pid, "waitpid");
	close(process);
	return is_late ? -ETIMEDOUT : status;
}

int encoder_child_stop(struct encoder_child *child)
{
	close(child->fd);
	int status = encoder_child_wait(child);
	fclose(child->log);
	free(child->bytes);
	return status;
}

char *encoder_child_log(struct encoder_child *child)
{
	long size = lseek(fileno(child->log), 0, SEEK_END);
	char *text = calloc(1, (size_t)size + 1);

	must(text && pread(fileno(child->log), text, (size_t)size, 0) == size, "log");
	return text;
}

void encoder_child_send(struct encoder_child *child, const struct link_message *message, int fd)
{
	uint8_t bytes[LINK_MAX_SMALL];
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	ssize_t size = link_write(bytes, sizeof bytes, message);
	struct iovec part = { .iov_base = bytes, .iov_len = (size_t)size };
	struct msghdr header = { .msg_iov = &part, .msg_iovlen = 1 };

	if (fd >= 0) {
		header.msg_control = control.bytes;
		header.msg_controllen = sizeof control.bytes;
		control.header = (struct cmsghdr){
			.cmsg_len = CMSG_LEN(sizeof fd),
			.cmsg_level = SOL_SOCKET,
			.cmsg_type = SCM_RIGHTS,
		};
		memcpy(CMSG_DATA(&control.header), &fd, sizeof fd);
	}
	/* A child that has gone is found by the receive that follows. */
	sendmsg(child->fd, &header, MSG_NOSIGNAL);
}

static int receive_bytes(struct encoder_child *child, size_t size, uint64_t deadline_us)
{
	child->bytes = realloc(child->bytes, size);
	must(child->bytes, "realloc");
	while (child->size < size) {
		uint64_t now_us = clock_now_us();
		struct pollfd readable = { .fd = child->fd, .events = POLLIN };

		if (now_us >= deadline_us)
			return -ETIMEDOUT;
		if (poll(&readable, 1, (int)((deadline_us - now_us) / USEC_PER_MSEC) + 1) <= 0)
			continue;
		ssize_t got = read(child->fd, child->bytes + child->size, size - child->size);
		if (got <= 0)
			return -EPIPE;
		child->size += (size_t)got;
	}
	return 0;
}

int encoder_child_receive(struct encoder_child *child, struct link_message *ret_message)
{
	uint64_t deadline_us = clock_now_us() + DEADLINE_US;

	child->size = 0;
	int r = receive_bytes(child, LINK_HEADER_SIZE, deadline_us);
	if (r < 0)
		return r;
	ssize_t size = link_message_size(child->bytes, child->size);
	if (size < 0)
		return (int)size;
	r = receive_bytes(child, (size_t)size, deadline_us);
	return r < 0 ? r : link_parse(child->bytes, child->size, ret_message);
}

bool encoder_child_is_silent(struct encoder_child *child, unsigned msec)
{
	struct pollfd readable = { .fd = child->fd, .events = POLLIN };

	return poll(&readable, 1, (int)msec) == 0;
}

struct link_message encoder_child_configure(struct encoder_child *child, const char *encoder,
	const struct picture_format *format, uint32_t kbit)
{
	static uint32_t generation;
	struct link_message m = {
		.type = LINK_CONFIGURE,
		.configure = {
			.generation = ++generation,
			.format = *format,
			.max_fps = 60,
			.bitrate_kbit = kbit,
		},
	};

	snprintf(m.configure.encoder, sizeof m.configure.encoder, "%s", encoder);
	encoder_child_send(child, &m, -1);
	m = (struct link_message){ 0 };
	encoder_child_receive(child, &m);
	return m;
}

void test_picture_init(
	struct test_picture *picture, const struct picture_format *format, uint32_t id)
{
	*picture = (struct test_picture){
		.format = *format,
		.id = id,
		.stride_bytes = format->width_px * 4,
		.size_bytes = (size_t)format->width_px * 4 * format->height_px,
		.fd = memfd_create("picture", MFD_CLOEXEC),
	};
	must(picture->fd >= 0 && ftruncate(picture->fd, (off_t)picture->size_bytes) == 0, "memfd");
	picture->pixels =
		mmap(NULL, picture->size_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, picture->fd, 0);
	must(picture->pixels != MAP_FAILED, "mmap");
}

void test_picture_done(struct test_picture *picture)
{
	munmap(picture->pixels, picture->size_bytes);
	close(picture->fd);
}

void test_picture_fill(struct test_picture *picture, const struct picture_rect *rect, uint8_t red,
	uint8_t green, uint8_t blue)
{
	bool is_bgr = picture->format.pixel == PIXEL_BGRX;

	for (uint32_t y = rect->y; y < rect->y + rect->height; y++)
		for (uint32_t x = rect->x; x < rect->x + rect->width; x++) {
			uint8_t *p =
				picture->pixels + (size_t)y * picture->stride_bytes + (size_t)x * 4;

			p[0] = is_bgr ? blue : red;
			p[1] = green;
			p[2] = is_bgr ? red : blue;
			p[3] = 0xff;
		}
}

void test_picture_noise(struct test_picture *picture, uint32_t seed)
{
	uint32_t state = seed * 2654435761u | 1;

	for (size_t i = 0; i + 4 <= picture->size_bytes; i += 4) {
		state ^= state << 13;
		state ^= state >> 17;
		state ^= state << 5;
		memcpy(picture->pixels + i, &state, 4);
	}
}

void encoder_child_add(struct encoder_child *child, const struct test_picture *picture)
{
	struct link_message m = {
		.type = LINK_BUFFER_ADD,
		.buffer_add = {
			.id = picture->id,
			.stride_bytes = picture->stride_bytes,
			.size_bytes = picture->size_bytes,
		},
	};

	encoder_child_send(child, &m, picture->fd);
}

bool encoder_child_encode(struct encoder_child *child, const struct link_encode *encode,
	struct link_message *ret_last)
{
	struct link_message m = { .type = LINK_ENCODE, .encode = *encode };

	encoder_child_send(child, &m, -1);
	*ret_last = (struct link_message){ 0 };
	if (encoder_child_receive(child, ret_last) < 0 || ret_last->type != LINK_RELEASED ||
		ret_last->released.sequence != encode->sequence ||
		ret_last->released.buffer != encode->buffer)
		return false;
	*ret_last = (struct link_message){ 0 };
	return encoder_child_receive(child, ret_last) == 0 && ret_last->type == LINK_PACKET &&
		ret_last->packet.sequence == encode->sequence;
}

bool encoder_child_encode_all(
	struct encoder_child *child, uint32_t buffer, bool key, struct link_message *ret_last)
{
	child->pts_us += USEC_PER_SEC / 60;
	struct link_encode encode = {
		.key = key,
		.sequence = ++child->sequence,
		.buffer = buffer,
		.pts_us = child->pts_us,
		.damage = { .everything = buffer != 0 },
	};

	return encoder_child_encode(child, &encode, ret_last);
}

void test_stream_init(struct test_stream *stream)
{
	*stream = (struct test_stream){ .path = "/tmp/helix-stream-XXXXXX" };
	int fd = mkstemp(stream->path);

	must(fd >= 0, stream->path);
	stream->file = fdopen(fd, "wb");
	must(stream->file, "fdopen");
}

void test_stream_add(struct test_stream *stream, const struct encoder_child *child)
{
	size_t size = child->size - LINK_PACKET_HEADER_SIZE;

	must(fwrite(child->bytes + LINK_PACKET_HEADER_SIZE, 1, size, stream->file) == size,
		"fwrite");
}

size_t test_stream_decode(
	struct test_stream *stream, const struct picture_format *format, uint8_t **ret_last)
{
	size_t size = (size_t)format->width_px * format->height_px * 3, count = 0;
	uint8_t *picture = malloc(size), *last = calloc(1, size);
	char command[256];

	must(picture && last && fflush(stream->file) == 0, "decode");
	snprintf(command, sizeof command,
		"ffmpeg -nostdin -v error -f h264 -i %s -f rawvideo -pix_fmt rgb24 -vsync passthrough -",
		stream->path);
	FILE *pipe = popen(command, "r");
	must(pipe, "popen");
	while (fread(picture, size, 1, pipe) == 1) {
		memcpy(last, picture, size);
		count++;
	}
	if (pclose(pipe) != 0)
		count = 0;
	free(picture);
	*ret_last = last;
	return count;
}

void test_stream_done(struct test_stream *stream)
{
	fclose(stream->file);
	unlink(stream->path);
}
