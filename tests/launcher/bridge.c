/* wsl-bridge: the Linux half of the stub's wsl.exe. Runs one real Linux program the way WSL does.
 *
 * Started by wine with a socket as stdin (bridge.h has what is said on it). As in real WSL
 * - the program's environment is that of a Linux session, not that of Windows;
 * - when wsl.exe dies, the program lives on: its stdin ends and nobody reads what it writes;
 * - wsl.exe leaves when the program does, whatever that left behind.
 * A distribution that is a whole system runs its own programs (bridge_system.h). One that is not,
 * as most tests' are, runs those of this machine; but /home and /root are its own: a mount
 * namespace shows its folders there, so that a backup of /home can be restored. Both take root.
 *
 *   HELIX_STUB_PATH   PATH of the session
 *   HELIX_STUB_ENV    more of its variables, NAME=VALUE, one in a line
 *   HELIX_STUB_TREE   a folder that stays visible, should it be below /home or /root */
#include "bridge.h"

#include "bridge_system.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define DEFAULT_USER "helix"
#define PATIENCE_S   2

struct running {
	int socket;
	pid_t pid;
	int input, output, error; /* our ends of its pipes */
	bool deaf;
};

static bool read_all(int fd, void *data, size_t size)
{
	for (char *at = data; size > 0;) {
		ssize_t count = read(fd, at, size);

		if (count < 0 && errno == EINTR)
			continue;
		if (count <= 0)
			return false;
		at += count;
		size -= (size_t)count;
	}
	return true;
}

static bool write_all(int fd, const void *data, size_t size)
{
	for (const char *at = data; size > 0;) {
		ssize_t count = write(fd, at, size);

		if (count < 0 && errno == EINTR)
			continue;
		if (count <= 0)
			return false;
		at += count;
		size -= (size_t)count;
	}
	return true;
}

/* `data` has BRIDGE_MAX_DATA bytes, and one for a NUL behind what came. */
static bool read_frame(int socket, char *ret_type, char *data, size_t *ret_size)
{
	unsigned char header[BRIDGE_HEADER];

	if (!read_all(socket, header, sizeof header))
		return false;
	size_t size = header[1] | header[2] << 8 | header[3] << 16 | (size_t)header[4] << 24;
	if (size > BRIDGE_MAX_DATA || !read_all(socket, data, size))
		return false;
	data[size] = '\0';
	*ret_type = (char)header[0];
	*ret_size = size;
	return true;
}

/* `frame` has room for the header in front of its `size` bytes: one packet, one wakeup. */
static bool write_frame(int socket, char type, unsigned char *frame, size_t size)
{
	frame[0] = (unsigned char)type;
	for (int i = 0; i < 4; i++)
		frame[1 + i] = (unsigned char)(size >> 8 * i);
	return write_all(socket, frame, BRIDGE_HEADER + size);
}

/* The last word. What wsl.exe still sends is read, as long as it does: a socket that is closed with
 * something unread in it takes back what it sent. One that was killed may leave its end open for
 * ever, with wine. */
static void send_exit(int socket, int code)
{
	unsigned char frame[BRIDGE_HEADER + 1] = { [BRIDGE_HEADER] = (unsigned char)code };
	struct timeval patience = { .tv_sec = PATIENCE_S };
	char ignored[4096];

	write_frame(socket, BRIDGE_EXIT, frame, 1);
	shutdown(socket, SHUT_WR);
	setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	while (read(socket, ignored, sizeof ignored) > 0)
		;
}

static void send_error(int socket, const char *what, const char *about)
{
	unsigned char frame[BRIDGE_HEADER + 512];
	int size = snprintf((char *)frame + BRIDGE_HEADER, 512, "wsl-bridge: %s %s: %s\n", what,
		about, strerror(errno));

	write_frame(socket, BRIDGE_ERROR, frame, size < 512 ? (size_t)size : 511);
}

/* Until RUN or TERMINATE, which it returns; 0 when the other side does not keep to the order. */
static char read_request(int socket, struct request *ret_request)
{
	static char data[BRIDGE_MAX_DATA + 1];
	struct request *request = ret_request;
	size_t size;
	char type;

	while (read_frame(socket, &type, data, &size)) {
		switch (type) {
		case BRIDGE_BASE: request->base = strdup(data); break;
		case BRIDGE_NAME: request->name = strdup(data); break;
		case BRIDGE_USER: request->user = strdup(data); break;
		case BRIDGE_DIRECTORY: request->directory = strdup(data); break;
		case BRIDGE_DEAF: request->deaf = true; break;
		case BRIDGE_OUTSIDE: request->outside = true; break;
		case BRIDGE_ARGUMENT:
			if (request->argument_count == MAX_ARGUMENTS)
				return 0;
			request->arguments[request->argument_count++] = strdup(data);
			break;
		case BRIDGE_RUN:
			return request->base && request->name && request->argument_count > 0 ? type
											     : 0;
		case BRIDGE_TERMINATE: return request->base ? type : 0;
		default: return 0;
		}
	}
	return 0;
}

/* Unique for a distribution in a test, and inherited by all that runs in it. */
static void interop_of(const struct request *request, char *text, size_t size)
{
	snprintf(text, size, "WSL_INTEROP=%s/interop", request->base);
}

static bool has_variable(const char *pid, const char *variable)
{
	static char environment[262144];
	char path[64];

	snprintf(path, sizeof path, "/proc/%.20s/environ", pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	ssize_t size = read(fd, environment, sizeof environment - 1);
	close(fd);
	if (size <= 0)
		return false;
	environment[size] = '\0';
	for (char *at = environment; at < environment + size; at += strlen(at) + 1)
		if (!strcmp(at, variable))
			return true;
	return false;
}

/* As when a virtual machine stops: nobody is asked. Again until there is nobody left, because what
 * is being killed may be starting others. */
static void terminate(const struct request *request)
{
	char variable[4096];
	int killed;

	interop_of(request, variable, sizeof variable);
	do {
		DIR *processes = opendir("/proc");
		const struct dirent *entry;

		killed = 0;
		while (processes && (entry = readdir(processes)))
			if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' &&
				has_variable(entry->d_name, variable))
				killed += kill((pid_t)atoi(entry->d_name), SIGKILL) == 0;
		if (processes)
			closedir(processes);
	} while (killed > 0);
}

static void make_directories(const char *path)
{
	char copy[4096];

	snprintf(copy, sizeof copy, "%s/", path);
	for (char *at = copy + 1; (at = strchr(at, '/')); *at++ = '/') {
		*at = '\0';
		mkdir(copy, 0755);
	}
}

/* Show `base`'s own folder at `place`, with the tree that is being tested still in its place. */
static bool cover(const char *base, const char *place)
{
	const char *tree = getenv("HELIX_STUB_TREE");
	char path[4096];
	bool hides_tree =
		tree && !strncmp(tree, place, strlen(place)) && tree[strlen(place)] == '/';
	int kept = hides_tree ? open(tree, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;

	snprintf(path, sizeof path, "%s%s", base, place);
	make_directories(path);
	bool covered = mount(path, place, NULL, MS_BIND, NULL) == 0;
	if (covered && kept >= 0) {
		make_directories(tree);
		snprintf(path, sizeof path, "/proc/self/fd/%d", kept);
		covered = mount(path, tree, NULL, MS_BIND | MS_REC, NULL) == 0;
	}
	if (kept >= 0)
		close(kept);
	return covered;
}

static bool enter_distribution(const struct request *request)
{
	if (request->outside)
		return true;
	if (system_is_there(request))
		return system_enter(request);
	return unshare(CLONE_NEWNS) == 0 &&
		mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
		cover(request->base, "/home") && cover(request->base, "/root");
}

static void set_environment(const struct request *request)
{
	const char *path = getenv("HELIX_STUB_PATH"), *more = getenv("HELIX_STUB_ENV");
	char *kept_path = strdup(path ? path : DEFAULT_PATH), *kept = strdup(more ? more : "");
	const char *user = request->user ? request->user : DEFAULT_USER;
	char home[256], interop[4096];

	clearenv();
	snprintf(home, sizeof home, strcmp(user, "root") ? "/home/%s" : "/%s", user);
	make_directories(home);
	interop_of(request, interop, sizeof interop);
	setenv("PATH", kept_path, true);
	setenv("HOME", home, true);
	setenv("USER", user, true);
	setenv("LOGNAME", user, true);
	setenv("SHELL", "/bin/bash", true);
	setenv("LANG", "C.UTF-8", true);
	setenv("TERM", "xterm-256color", true);
	setenv("WSL_DISTRO_NAME", request->name, true);
	putenv(strdup(interop));
	for (char *line = strtok(kept, "\r\n"); line; line = strtok(NULL, "\r\n"))
		putenv(line);
	free(kept_path);
}

static void become_program(struct request *request, const int pipes[3][2])
{
	const char *directory = request->directory ? request->directory : "~";
	bool is_system = !request->outside && system_is_there(request);

	setsid();
	dup2(pipes[0][0], STDIN_FILENO);
	dup2(pipes[1][1], STDOUT_FILENO);
	dup2(pipes[2][1], STDERR_FILENO);
	signal(SIGPIPE, SIG_DFL);
	if (is_system) {
		system_run(request);
		_exit(BRIDGE_CANNOT_RUN);
	}
	set_environment(request);
	if (chdir(strcmp(directory, "~") ? directory : getenv("HOME")) < 0)
		fprintf(stderr, "wsl: cannot go to %s: %s\n", directory, strerror(errno));
	execvp(request->arguments[0], request->arguments);
	fprintf(stderr, "<3>WSL ERROR: CreateProcessCommon: execvpe %s failed %d\n",
		request->arguments[0], errno);
	_exit(BRIDGE_CANNOT_RUN);
}

static bool start(int socket, struct request *request, struct running *ret_running)
{
	int pipes[3][2];

	for (int i = 0; i < 3; i++)
		if (pipe2(pipes[i], O_CLOEXEC) < 0)
			return false;
	pid_t pid = fork();
	if (pid < 0)
		return false;
	if (pid == 0)
		become_program(request, pipes);
	system_leave();
	close(pipes[0][0]);
	close(pipes[1][1]);
	close(pipes[2][1]);
	*ret_running = (struct running){ .socket = socket,
		.pid = pid,
		.input = pipes[0][1],
		.output = pipes[1][0],
		.error = pipes[2][0],
		.deaf = request->deaf };
	return true;
}

/* A thread, so that a program that does not read its stdin does not stop its own output. */
static void *feed(void *owner)
{
	struct running *running = owner;
	static char data[BRIDGE_MAX_DATA + 1];
	bool open = true;
	size_t size;
	char type;

	while (read_frame(running->socket, &type, data, &size)) {
		if (!open || (type != BRIDGE_INPUT && type != BRIDGE_INPUT_END))
			continue;
		if (type == BRIDGE_INPUT && write_all(running->input, data, size))
			continue;
		close(running->input);
		open = false;
	}
	if (open && !running->deaf)
		close(running->input);
	return NULL;
}

/* One piece of what it wrote. False at its end, and when nobody listens any more. */
static bool pass_on(int from, int socket, char type)
{
	static unsigned char frame[BRIDGE_HEADER + BRIDGE_MAX_DATA];
	ssize_t count = read(from, frame + BRIDGE_HEADER, BRIDGE_MAX_DATA);

	if (count < 0 && errno == EINTR)
		return true;
	return count > 0 && write_frame(socket, type, frame, (size_t)count);
}

/* Until the program has ended and what it wrote is passed on; or until wsl.exe is gone. */
static void relay(const struct running *running)
{
	struct pollfd watched[] = {
		{ .fd = running->output, .events = POLLIN },
		{ .fd = running->error, .events = POLLIN },
		{ .fd = running->socket, .events = POLLRDHUP },
		{ .fd = pidfd_open(running->pid, 0), .events = POLLIN },
	};

	for (;;) {
		if (poll(watched, 4, -1) < 0 && errno != EINTR)
			break;
		if (watched[2].revents)
			break;
		if (watched[0].revents && !pass_on(running->output, running->socket, BRIDGE_OUTPUT))
			watched[0].fd = -1;
		if (watched[1].revents && !pass_on(running->error, running->socket, BRIDGE_ERROR))
			watched[1].fd = -1;
		/* What it left behind may hold its pipes for ever: only what is there now counts.
		 */
		if (watched[3].revents && poll(watched, 2, 0) <= 0)
			break;
	}
	close(running->output);
	close(running->error);
}

int main(int argument_count, char **arguments)
{
	if (argument_count == 2 && !strcmp(arguments[0], SYSTEM_INIT))
		return system_init(arguments[1]);

	struct request request = { 0 };
	struct running running;
	pthread_t feeder;
	int status, socket = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 10), one = 1;

	/* Wine's sockets do not block, and of wine's other files none is ours. */
	fcntl(socket, F_SETFL, fcntl(socket, F_GETFL) & ~O_NONBLOCK);
	setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	close_range(3, (unsigned)socket - 1, 0);
	close_range((unsigned)socket + 1, ~0U, 0);
	signal(SIGPIPE, SIG_IGN);
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (int fd = 0; fd < 3; fd++)
		dup2(null, fd);

	char what = read_request(socket, &request);
	if (what == BRIDGE_TERMINATE) {
		system_end(&request);
		terminate(&request);
		send_exit(socket, 0);
		return 0;
	}
	if (what != BRIDGE_RUN) {
		send_exit(socket, BRIDGE_OUT_OF_STEP);
		return 1;
	}
	if (!enter_distribution(&request)) {
		send_error(socket, "cannot enter (are we root?)", request.base);
		send_exit(socket, BRIDGE_NO_SANDBOX);
		return 1;
	}
	if (!start(socket, &request, &running) ||
		pthread_create(&feeder, NULL, feed, &running) != 0) {
		send_error(socket, "cannot start", request.arguments[0]);
		send_exit(socket, BRIDGE_CANNOT_RUN);
		return 1;
	}
	relay(&running);
	if (waitpid(running.pid, &status, 0) < 0)
		return 1;
	send_exit(socket, WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
	return 0;
}
