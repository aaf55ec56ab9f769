#include "core/utf8.h"
#include "doctor/surroundings.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TCP_LISTEN 10

/* The inode of the socket that listens there; 0 = none. */
static unsigned long find_socket(const char *table, uint16_t port)
{
	FILE *file = fopen(table, "re");
	unsigned long found = 0;
	char line[512];

	if (!file)
		return 0;
	while (!found && fgets(line, sizeof line, file)) {
		unsigned local_port, state;
		unsigned long inode;

		if (sscanf(line,
			    "%*d: %*[0-9A-Fa-f]:%x %*[0-9A-Fa-f]:%*x %x %*s %*s %*s %*s %*s %lu",
			    &local_port, &state, &inode) == 3 &&
			local_port == port && state == TCP_LISTEN)
			found = inode;
	}
	fclose(file);
	return found;
}

static bool has_socket(const char *pid, const char *link)
{
	char path[PATH_MAX], target[64];
	bool found = false;

	snprintf(path, sizeof path, "/proc/%s/fd", pid);
	DIR *directory = opendir(path);
	if (!directory)
		return false;
	for (struct dirent *entry; !found && (entry = readdir(directory));) {
		ssize_t length =
			readlinkat(dirfd(directory), entry->d_name, target, sizeof target - 1);
		if (length <= 0)
			continue;
		target[length] = '\0';
		found = !strcmp(target, link);
	}
	closedir(directory);
	return found;
}

static void read_name(const char *pid, char *name, size_t size)
{
	char path[PATH_MAX];

	snprintf(path, sizeof path, "/proc/%s/comm", pid);
	FILE *file = fopen(path, "re");
	if (!file || !fgets(name, (int)size, file))
		*name = '\0';
	if (file)
		fclose(file);
	utf8_copy_clean(name, size, name);
}

bool port_owner_find(uint16_t port, char *name, size_t size, int *ret_pid)
{
	unsigned long inode = find_socket("/proc/net/tcp", port);
	char link[64];
	bool found = false;

	if (!inode)
		inode = find_socket("/proc/net/tcp6", port);
	DIR *processes = inode ? opendir("/proc") : NULL;
	if (!processes)
		return false;
	snprintf(link, sizeof link, "socket:[%lu]", inode);
	for (struct dirent *entry; !found && (entry = readdir(processes));) {
		if (*entry->d_name < '0' || *entry->d_name > '9' ||
			!has_socket(entry->d_name, link))
			continue;
		read_name(entry->d_name, name, size);
		*ret_pid = atoi(entry->d_name);
		found = *name;
	}
	closedir(processes);
	return found;
}
