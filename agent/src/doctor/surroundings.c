#include "doctor/surroundings.h"

#include "sys/cleanup.h"

#include <arpa/inet.h>
#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static bool is_in_path(const char *program)
{
	const char *path = getenv("PATH");
	char candidate[PATH_MAX];

	while (path && *path) {
		size_t length = strcspn(path, ":");

		snprintf(candidate, sizeof candidate, "%.*s/%s", (int)length, path, program);
		if (!access(candidate, X_OK))
			return true;
		path += length + (path[length] == ':');
	}
	return false;
}

static bool has_portal(void)
{
	/* It is nobody's command, so it is in no PATH. */
	return !access("/usr/libexec/xdg-desktop-portal", X_OK) ||
		!access("/usr/lib/xdg-desktop-portal", X_OK) ||
		!access("/usr/local/libexec/xdg-desktop-portal", X_OK);
}

static bool exists(const char *pattern)
{
	glob_t found;

	bool is_there = !glob(pattern, GLOB_NOSORT, NULL, &found);
	globfree(&found);
	return is_there;
}

static bool has_d3d12_va(const struct machine *machine)
{
	static const char name[] = "d3d12_drv_video.so";
	char list[sizeof machine->va_drivers_path], path[PATH_MAX], *rest = list;

	if (!*machine->va_drivers_path)
		return exists("/usr/lib/*-linux-gnu/dri/d3d12_drv_video.so") ||
			!access("/usr/lib64/dri/d3d12_drv_video.so", R_OK) ||
			!access("/usr/lib/dri/d3d12_drv_video.so", R_OK);
	memcpy(list, machine->va_drivers_path, sizeof list);
	for (char *directory; (directory = strsep(&rest, ":"));) {
		snprintf(path, sizeof path, "%s/%s", directory, name);
		if (!access(path, R_OK))
			return true;
	}
	return false;
}

static enum port_state try_port(const char *address, uint16_t port)
{
	struct addrinfo hints = {
		.ai_flags = AI_PASSIVE | AI_NUMERICSERV,
		.ai_socktype = SOCK_STREAM,
	};
	struct addrinfo *found;
	char service[8];
	int one = 1;

	snprintf(service, sizeof service, "%u", port);
	if (getaddrinfo(address, service, &hints, &found) != 0)
		return PORT_NO_ADDRESS;
	autoclose int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int error = fd < 0 ? errno : 0;
	/* As the server does: what has just closed does not count as taken. */
	if (!error)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (!error && (bind(fd, found->ai_addr, found->ai_addrlen) < 0 || listen(fd, 1) < 0))
		error = errno;
	freeaddrinfo(found);
	if (!error)
		return PORT_FREE;
	if (error == EADDRINUSE)
		return PORT_TAKEN;
	return error == EACCES || error == EPERM ? PORT_FORBIDDEN : PORT_NO_ADDRESS;
}

void surroundings_read(const struct doctor_options *options, const struct machine *machine,
	struct surroundings *ret_surroundings)
{
	struct surroundings s = {
		.has = {
			[NEEDS_DBUS_DAEMON] = is_in_path("dbus-daemon"),
			[NEEDS_PIPEWIRE] = is_in_path("pipewire"),
			[NEEDS_WIREPLUMBER] = is_in_path("wireplumber"),
			[NEEDS_GNOME_SHELL] = is_in_path("gnome-shell"),
			[NEEDS_MUTTER] = is_in_path("mutter"),
			[NEEDS_PORTAL] = has_portal(),
			[NEEDS_HELIX_PORTAL] = options->portal_program,
			[NEEDS_HELIX_ENCODER] = options->encoder_program,
			[NEEDS_HELIX_GLPROBE] = options->gl_program,
		},
		.has_d3d12_va = has_d3d12_va(machine),
		.port = try_port(options->listen_address, options->listen_port),
		.port_number = options->listen_port,
	};

	snprintf(s.address, sizeof s.address, "%s", options->listen_address);
	if (s.port == PORT_TAKEN)
		port_owner_find(
			options->listen_port, s.port_owner, sizeof s.port_owner, &s.port_owner_pid);
	*ret_surroundings = s;
}
