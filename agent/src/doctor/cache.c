#include "doctor/cache.h"

#include "core/candidates.h"
#include "doctor/fingerprint.h"
#include "doctor/probe.h"
#include "doctor/report.h"
#include "sys/cleanup.h"
#include "sys/xdg.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define FILE_NAME       "probe.json"
#define REGISTRY_PREFIX "registry-"
#define REGISTRY_SUFFIX ".bin"
#define REGISTRY_KEPT_S (7 * 24 * 60 * 60)

/* A registry names code to load, so a directory where others may write is not for us. */
static bool is_ours(const char *path)
{
	struct stat directory;

	return stat(path, &directory) == 0 && S_ISDIR(directory.st_mode) &&
		directory.st_uid == geteuid() && !(directory.st_mode & (S_IWGRP | S_IWOTH)) &&
		access(path, W_OK | X_OK) == 0;
}

static bool take(const char *path, char *ret_path, size_t size)
{
	size_t length = strlen(path);

	if (length >= size)
		return false;
	memcpy(ret_path, path, length + 1);
	return true;
}

bool probe_cache_dir(const char *fallback, char *path, size_t size)
{
	char base[PATH_MAX - 8], own[PATH_MAX];

	if (xdg_directory("XDG_CACHE_HOME", ".cache", base, sizeof base)) {
		mkdir(base, 0700);
		snprintf(own, sizeof own, "%s/helix", base);
		mkdir(own, 0700);
		if (is_ours(own) && take(own, path, size))
			return true;
	}
	return fallback && take(fallback, path, size);
}

int cache_read(const char *directory, char **ret_text, size_t *ret_size)
{
	char path[PATH_MAX];
	struct stat file;
	size_t used = 0;

	if ((size_t)snprintf(path, sizeof path, "%s/" FILE_NAME, directory) >= sizeof path)
		return -ENOENT;
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &file) < 0 || !S_ISREG(file.st_mode) || file.st_uid != geteuid() ||
		file.st_size > REPORT_MAX_SIZE)
		return -ENOENT;
	autofree char *text = malloc(REPORT_MAX_SIZE + 1);
	if (!text)
		return -ENOMEM;
	for (ssize_t got = 1; got > 0 && used < REPORT_MAX_SIZE; used += (size_t)got) {
		got = read(fd, text + used, REPORT_MAX_SIZE - used);
		if (got < 0)
			return -ENOENT;
	}
	text[used] = '\0';
	*ret_text = steal(text);
	*ret_size = used;
	return 0;
}

static int write_all(int fd, const char *text, size_t size)
{
	while (size) {
		ssize_t written = write(fd, text, size);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return -errno;
		text += written;
		size -= (size_t)written;
	}
	return 0;
}

int cache_write(const char *directory, const char *text, size_t size)
{
	char made[PATH_MAX], path[PATH_MAX];

	if (size > REPORT_MAX_SIZE)
		return -EFBIG;
	if ((size_t)snprintf(made, sizeof made, "%s/" FILE_NAME ".XXXXXX", directory) >=
		sizeof made)
		return -ENAMETOOLONG;
	snprintf(path, sizeof path, "%s/" FILE_NAME, directory);
	autoclose int fd = mkostemp(made, O_CLOEXEC); /* 0600 */
	if (fd < 0)
		return -errno;
	int r = write_all(fd, text, size);
	if (r == 0 && rename(made, path) < 0)
		r = -errno;
	if (r < 0)
		unlink(made);
	return r;
}

/* Another agent, of another size say, has another key, and may be at work. */
static bool is_old(int directory, const char *name)
{
	struct stat file;

	return fstatat(directory, name, &file, AT_SYMLINK_NOFOLLOW) == 0 &&
		file.st_mtime < time(NULL) - REGISTRY_KEPT_S;
}

void cache_tidy(const char *directory, const char *key)
{
	DIR *entries = opendir(directory);
	size_t prefix = strlen(REGISTRY_PREFIX);

	if (!entries)
		return;
	for (struct dirent *entry; (entry = readdir(entries));)
		if (!strncmp(entry->d_name, REGISTRY_PREFIX, prefix) &&
			strncmp(entry->d_name + prefix, key, PROBE_KEY_SIZE - 1) != 0 &&
			is_old(dirfd(entries), entry->d_name))
			unlinkat(dirfd(entries), entry->d_name, 0);
	closedir(entries);
}

void probe_registry(const struct probe_options *options, const char *key,
	const struct candidate *candidate, char *path, size_t size)
{
	char environment[PROBE_KEY_SIZE];

	fingerprint_candidate(candidate, environment);
	snprintf(path, size, "%s/" REGISTRY_PREFIX "%s-%s" REGISTRY_SUFFIX, options->cache_dir, key,
		environment);
}
