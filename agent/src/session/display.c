#include "session/display.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define COOKIE_PREFIX   ".mutter-Xwaylandauth."

#define SOCKET_DIR_MODE 01777

bool display_prepare(const char *socket_dir)
{
	struct stat st;

	if (!mkdir(socket_dir, SOCKET_DIR_MODE))
		chmod(socket_dir, SOCKET_DIR_MODE); /* past the umask */
	if (lstat(socket_dir, &st) < 0 || !S_ISDIR(st.st_mode))
		return false;
	if ((st.st_mode & SOCKET_DIR_MODE) != SOCKET_DIR_MODE && st.st_uid == geteuid()) {
		if (chmod(socket_dir, SOCKET_DIR_MODE) < 0 || lstat(socket_dir, &st) < 0)
			return false;
	}
	return (st.st_uid == 0 || st.st_uid == geteuid()) &&
		(st.st_mode & SOCKET_DIR_MODE) == SOCKET_DIR_MODE &&
		!access(socket_dir, W_OK | X_OK);
}

static bool holds_lock(const char *path, pid_t compositor)
{
	FILE *file = fopen(path, "re");
	int pid = 0;

	if (!file)
		return false;
	bool is_ours = fscanf(file, "%d", &pid) == 1 && pid == compositor;
	fclose(file);
	return is_ours;
}

/* mutter holds two displays: the first for everybody, the second for a gnome-session that we do not
 * run. */
static void find_name(struct display *display, const char *lock_dir, pid_t compositor)
{
	DIR *directory = opendir(lock_dir);
	char path[PATH_MAX];
	int number, length, lowest = INT_MAX;

	if (!directory)
		return;
	for (const struct dirent *entry; (entry = readdir(directory));) {
		length = 0;
		if (sscanf(entry->d_name, ".X%d-lock%n", &number, &length) != 1 || !length ||
			entry->d_name[length])
			continue;
		snprintf(path, sizeof path, "%s/%s", lock_dir, entry->d_name);
		if (number < lowest && holds_lock(path, compositor))
			lowest = number;
	}
	closedir(directory);
	if (lowest != INT_MAX)
		snprintf(display->name, sizeof display->name, ":%d", lowest);
}

/* A compositor that was killed leaves its file behind, so the newest counts. */
static void find_cookie(struct display *display, const char *runtime_dir)
{
	DIR *directory = opendir(runtime_dir);
	struct timespec newest = { 0 };

	if (!directory)
		return;
	for (const struct dirent *entry; (entry = readdir(directory));) {
		struct stat st;

		if (strncmp(entry->d_name, COOKIE_PREFIX, strlen(COOKIE_PREFIX)) != 0 ||
			fstatat(dirfd(directory), entry->d_name, &st, 0) < 0 ||
			st.st_mtim.tv_sec < newest.tv_sec ||
			(st.st_mtim.tv_sec == newest.tv_sec && st.st_mtim.tv_nsec < newest.tv_nsec))
			continue;
		newest = st.st_mtim;
		snprintf(display->xauthority, sizeof display->xauthority, "%s/%.60s", runtime_dir,
			entry->d_name);
	}
	closedir(directory);
}

void display_find(
	struct display *display, const char *lock_dir, const char *runtime_dir, pid_t compositor)
{
	*display = (struct display){ 0 };
	find_name(display, lock_dir, compositor);
	if (display->name[0])
		find_cookie(display, runtime_dir);
}
