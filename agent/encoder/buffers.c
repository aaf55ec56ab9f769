#include "buffers.h"

#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define BYTES_PER_PIXEL 4

/* A signal handler has no other way to know. */
static const struct buffers *guarded;

static bool is_ours(const void *address)
{
	uintptr_t at = (uintptr_t)address;

	for (int i = 0; i < BUFFERS_MAX; i++) {
		const struct buffer *b = &guarded->slots[i];
		uintptr_t begin = (uintptr_t)b->mapping;

		if (b->id && at >= begin && at - begin < b->mapping_size)
			return true;
	}
	return false;
}

static void on_sigbus(int signal_number, siginfo_t *info, void *context)
{
	static const char line[] = "helix-encoder: a picture's shared memory was cut short while "
				   "it was read; leaving\n";

	(void)signal_number;
	(void)context;
	if (!is_ours(info->si_addr)) {
		signal(SIGBUS, SIG_DFL); /* the instruction runs again, and then it ends us */
		return;
	}
	ssize_t written = write(STDERR_FILENO, line, sizeof line - 1);
	(void)written; /* nobody is left to be told */
	_exit(1);
}

void buffers_guard(const struct buffers *buffers)
{
	struct sigaction action = { .sa_sigaction = on_sigbus, .sa_flags = SA_SIGINFO };

	guarded = buffers;
	sigaction(SIGBUS, &action, NULL);
}

/* The slot with this number, 0 being that of a free one; -1 when there is none. */
static int find(const struct buffers *buffers, uint32_t id)
{
	for (int i = 0; i < BUFFERS_MAX; i++)
		if (buffers->slots[i].id == id)
			return i;
	return -1;
}

const struct buffer *buffers_find(const struct buffers *buffers, uint32_t id)
{
	int i = id ? find(buffers, id) : -1;

	return i < 0 ? NULL : &buffers->slots[i];
}

int buffers_add(struct buffers *buffers, const struct link_buffer_add *add, int fd)
{
	if (find(buffers, add->id) >= 0)
		return -EEXIST;
	int slot = find(buffers, 0);
	if (slot < 0)
		return -ENOSPC;

	struct stat file;
	if (fstat(fd, &file) < 0)
		return -errno;
	uint64_t end =
		add->offset_bytes + add->size_bytes; /* link_parse() saw to it that it fits */
	if (file.st_size < 0 || (uint64_t)file.st_size < end)
		return -ERANGE;

	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	uint64_t start = add->offset_bytes / page * page;
	void *mapping = mmap(NULL, end - start, PROT_READ, MAP_SHARED, fd, (off_t)start);
	if (mapping == MAP_FAILED)
		return -errno;
	buffers->slots[slot] = (struct buffer){
		.id = add->id,
		.mapping = mapping,
		.mapping_size = end - start,
		.pixels = (uint8_t *)mapping + (add->offset_bytes - start),
		.size_bytes = add->size_bytes,
		.stride_bytes = add->stride_bytes,
	};
	return 0;
}

static void unmap(struct buffer *slot)
{
	munmap(slot->mapping, slot->mapping_size);
	*slot = (struct buffer){ 0 };
}

int buffers_remove(struct buffers *buffers, uint32_t id)
{
	int slot = id ? find(buffers, id) : -1;

	if (slot < 0)
		return -ENOENT;
	unmap(&buffers->slots[slot]);
	return 0;
}

void buffers_done(struct buffers *buffers)
{
	for (int i = 0; i < BUFFERS_MAX; i++)
		if (buffers->slots[i].id)
			unmap(&buffers->slots[i]);
}

bool buffer_holds(const struct buffer *buffer, const struct picture_format *format)
{
	uint64_t row = (uint64_t)format->width_px * BYTES_PER_PIXEL;
	uint64_t rows_before_last = (uint64_t)buffer->stride_bytes * (format->height_px - 1);

	/* libyuv counts strides in int. */
	return buffer->stride_bytes >= row && buffer->stride_bytes <= INT32_MAX &&
		rows_before_last + row <= buffer->size_bytes;
}
