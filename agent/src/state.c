#include "state.h"

#include "core/guard.h"
#include "sys/cleanup.h"
#include "sys/log.h"
#include "sys/xdg.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Where the user's own runtime directory is: also from inside a session of ours, whose private one
 * is in it (keeper.h). */
static const char *runtime_dir(char *dir, size_t size)
{
	const char *inherited = getenv("XDG_RUNTIME_DIR");
	struct stat info;

	snprintf(dir, size, "%s", inherited ? inherited : "");
	char *name = strrchr(dir, '/');
	if (name && !strncmp(name, "/helix-", 7))
		*name = '\0';
	/* /tmp is not ours alone. */
	if (stat(dir, &info) == 0 && S_ISDIR(info.st_mode) && info.st_uid == geteuid() &&
		!(info.st_mode & 022))
		return dir;
	return NULL;
}

int state_directory(char *path, size_t size)
{
	struct stat info;

	if (runtime_dir(path, size))
		return 0;
	snprintf(path, size, "/tmp/helix-agent-%u", (unsigned)geteuid());
	mkdir(path, 0700);
	if (lstat(path, &info) < 0)
		return -errno;
	/* /tmp is everybody's: somebody else may have been there first. */
	if (!S_ISDIR(info.st_mode) || info.st_uid != geteuid() || info.st_mode & 077)
		return -EPERM;
	return 0;
}

static int agent_file(char *path, size_t size)
{
	char directory[PATH_MAX - 32];

	int r = state_directory(directory, sizeof directory);
	if (r < 0)
		return r;
	snprintf(path, size, "%s/helix-agent.json", directory);
	return 0;
}

static int write_private(const char *path, const char *text)
{
	char temporary[PATH_MAX];

	snprintf(temporary, sizeof temporary, "%s.%d", path, (int)getpid());
	autoclose int fd =
		open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	ssize_t size = (ssize_t)strlen(text);
	if (write(fd, text, (size_t)size) != size || rename(temporary, path) < 0) {
		int error = errno ? errno : EIO;

		unlink(temporary);
		return -error;
	}
	return 0;
}

static char *read_file(const char *path, char *buffer, size_t size)
{
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return NULL;
	ssize_t got = read(fd, buffer, size - 1);
	if (got < 0)
		return NULL;
	buffer[got] = '\0';
	return buffer;
}

static char *ready_line(const struct options *options, const struct state_ready *state)
{
	const char *host = options->listen_address;
	char url[512];

	/* What a browser on this machine can open. */
	if (!strcmp(host, "0.0.0.0") || !strcmp(host, "::"))
		host = "127.0.0.1";
	snprintf(url, sizeof url,
		strchr(host, ':') ? "http://[%s]:%u/#token=%s" : "http://%s:%u/#token=%s", host,
		state->port, state->token);

	cJSON *ready = cJSON_CreateObject();
	cJSON_AddStringToObject(ready, "event", "ready");
	cJSON_AddStringToObject(ready, "url", url);
	cJSON_AddNumberToObject(ready, "port", state->port);
	cJSON_AddStringToObject(ready, "token", state->token);
	cJSON_AddStringToObject(ready, "instance", state->instance);
	cJSON_AddNumberToObject(ready, "pid", getpid());
	cJSON_AddStringToObject(ready, "version", HELIX_VERSION);
	char *line = cJSON_PrintUnformatted(ready);
	if (line && options->human)
		printf("\n  Your desktop is ready. Open this link:\n\n    %s\n\n"
		       "  Ctrl+C here ends it.\n\n",
			url);
	else if (line)
		printf("%s\n", line);
	cJSON_Delete(ready);
	fflush(stdout);
	return line;
}

int state_announce(
	const struct options *options, const struct state_ready *ready, char *path, size_t size)
{
	char *line = ready_line(options, ready);

	if (!line)
		return -ENOMEM;
	int r = agent_file(path, size);
	if (r >= 0)
		r = write_private(path, line);
	if (r < 0) {
		log_warn("agent: cannot write %s (%s): `helix-agent screenshot` will not find us",
			path, strerror(-r));
		*path = '\0';
	}
	free(line);
	return 0;
}

static cJSON *read_agent_file(const char *path)
{
	char text[4096];

	return read_file(path, text, sizeof text) ? cJSON_Parse(text) : NULL;
}

void state_forget_agent(const char *path)
{
	cJSON *ready = *path ? read_agent_file(path) : NULL;
	const cJSON *pid = cJSON_GetObjectItem(ready, "pid");

	/* Another agent may have replaced it. */
	if (cJSON_IsNumber(pid) && pid->valueint == (int)getpid())
		unlink(path);
	cJSON_Delete(ready);
}

int state_find_agent(uint16_t *ret_port, char *token, size_t size)
{
	char path[PATH_MAX];
	int r = agent_file(path, sizeof path);

	if (r < 0)
		return r;
	cJSON *ready = read_agent_file(path);
	const cJSON *port = cJSON_GetObjectItem(ready, "port");
	const cJSON *pid = cJSON_GetObjectItem(ready, "pid");
	const char *text = cJSON_GetStringValue(cJSON_GetObjectItem(ready, "token"));
	r = -ENOENT;
	if (cJSON_IsNumber(port) && port->valueint > 0 && port->valueint < 65536 && text &&
		guard_token_is_valid(text) && cJSON_IsNumber(pid) && kill(pid->valueint, 0) == 0) {
		*ret_port = (uint16_t)port->valueint;
		snprintf(token, size, "%s", text);
		r = 0;
	}
	cJSON_Delete(ready);
	return r;
}

static void restore_path(char *path, size_t size)
{
	char dir[PATH_MAX - 32];

	if (!xdg_directory("XDG_STATE_HOME", ".local/state", dir, sizeof dir))
		snprintf(dir, sizeof dir, "/nonexistent");
	snprintf(path, size, "%s/helix", dir);
	mkdir(dir, 0700);
	mkdir(path, 0700);
	snprintf(path, size, "%s/helix/restore-token", dir);
}

void state_read_restore_token(char *token, size_t size)
{
	char path[PATH_MAX];

	restore_path(path, sizeof path);
	if (!read_file(path, token, size))
		*token = '\0';
}

void state_keep_restore_token(const char *token)
{
	char path[PATH_MAX];

	if (!*token)
		return;
	restore_path(path, sizeof path);
	int r = write_private(path, token);
	if (r < 0)
		log_warn(
			"agent: cannot keep the portal's restore token in %s (%s): it will ask again",
			path, strerror(-r));
}
