/* Three helpers for ownership, and no more: `autofree`, `autoclose`, and steal.
 *
 *	autoclose int fd = open(...);
 *	...
 *	c->fd = steal_fd(&fd); */
#pragma once

#include <stdlib.h>
#include <unistd.h>

static inline void cleanup_free(void *pointer)
{
	free(*(void **)pointer);
}

static inline void cleanup_close(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline int steal_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

static inline void *steal_pointer(void *pointer)
{
	void *taken = *(void **)pointer;

	*(void **)pointer = NULL;
	return taken;
}

#define autofree       __attribute__((cleanup(cleanup_free)))
#define autoclose      __attribute__((cleanup(cleanup_close)))
#define steal(pointer) ((__typeof__(pointer))steal_pointer(&(pointer)))
