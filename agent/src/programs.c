#include "programs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

extern char **environ;

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

/* The user's cache, or the session's directory where there is none to write to. */
static void registry_path(const char *runtime_dir, char *path, size_t size)
{
	const char *cache = getenv("XDG_CACHE_HOME");
	const char *home = getenv("HOME");
	char dir[4096];

	if (cache && *cache == '/')
		snprintf(dir, sizeof dir, "%s", cache);
	else
		snprintf(dir, sizeof dir, "%s/.cache", home && *home ? home : "/nonexistent");
	mkdir(dir, 0700);
	snprintf(path, size, "%s/helix", dir);
	mkdir(path, 0700);
	if (access(path, W_OK) == 0)
		snprintf(path, size, "%s/helix/gstreamer-registry.bin", dir);
	else
		snprintf(path, size, "%s/gstreamer-registry.bin", runtime_dir);
}

static int is_ours(const char *variable)
{
	static const char *const dropped[] = {
		"DISPLAY=", "WAYLAND_DISPLAY=", "GST_REGISTRY=", "HELIX_TOKEN=", "HELIX_VIEW_TOKEN="
	};

	for (size_t i = 0; i < sizeof dropped / sizeof *dropped; i++)
		if (!strncmp(variable, dropped[i], strlen(dropped[i])))
			return 0;
	return 1;
}

int programs_encoder_environment(const char *runtime_dir, char ***ret_environment)
{
	char path[4200], variable[4300];
	size_t count = 0, kept = 0;

	while (environ[count])
		count++;
	char **copy = calloc(count + 2, sizeof *copy);
	if (!copy)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		if (is_ours(environ[i]) && !(copy[kept++] = strdup(environ[i])))
			goto fail;
	registry_path(runtime_dir, path, sizeof path);
	snprintf(variable, sizeof variable, "GST_REGISTRY=%s", path);
	if (!(copy[kept] = strdup(variable)))
		goto fail;
	*ret_environment = copy;
	return 0;
fail:
	programs_free_environment(copy);
	return -ENOMEM;
}

void programs_free_environment(char **environment)
{
	for (char **at = environment; at && *at; at++)
		free(*at);
	free(environment);
}
