#include "programs.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int programs_find(const char *name, char *path, size_t size)
{
	char own[4096];
	ssize_t length = readlink("/proc/self/exe", own, sizeof own - 1);

	if (length < 0)
		return -errno;
	own[length] = '\0';
	*strrchr(own, '/') = '\0';
	if ((size_t)snprintf(path, size, "%s/%s", own, name) < size && access(path, X_OK) == 0)
		return 0;
	if ((size_t)snprintf(path, size, "%s/../libexec/helix/%s", own, name) < size &&
		access(path, X_OK) == 0)
		return 0;
	return -ENOENT;
}
