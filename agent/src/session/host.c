#include "session/host.h"

#include "sys/cleanup.h"

#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define SYSTEM_BUS_SOCKET "/run/dbus/system_bus_socket"
#define A11Y_SERVICE      "/usr/share/dbus-1/services/org.a11y.Bus.service"
#define DEFAULT_DATA_DIRS "/usr/local/share:/usr/share"

static bool has_gpu(void)
{
	glob_t nodes;

	if (!access("/dev/dxg", F_OK))
		return true;
	bool found = !glob("/dev/dri/renderD*", GLOB_NOSORT, NULL, &nodes);
	globfree(&nodes);
	return found;
}

int host_init(struct host *host, const char *runtime_dir)
{
	const char *inherited = getenv("XDG_DATA_DIRS");
	const char *home = getenv("HOME");

	*host = (struct host){ .has_gpu = has_gpu(), .has_a11y = !access(A11Y_SERVICE, R_OK) };
	if (home && !access(home, X_OK)) {
		host->home = strdup(home);
		if (!host->home)
			return -ENOMEM;
	}
	if (asprintf(&host->data_dirs, "%s/data:%s", runtime_dir,
		    inherited && *inherited ? inherited : DEFAULT_DATA_DIRS) < 0) {
		host->data_dirs = NULL;
		return -ENOMEM;
	}
	if (asprintf(&host->portals_dir, "%s/portals", runtime_dir) < 0) {
		host->portals_dir = NULL;
		return -ENOMEM;
	}
	if (asprintf(&host->private_system_bus, "unix:path=%s/system-bus", runtime_dir) < 0) {
		host->private_system_bus = NULL;
		return -ENOMEM;
	}
	return 0;
}

void host_done(struct host *host)
{
	free(host->home);
	free(host->data_dirs);
	free(host->portals_dir);
	free(host->private_system_bus);
	*host = (struct host){ 0 };
}

bool host_has_system_bus(void)
{
	static const char prefix[] = "unix:path=";
	const char *address = getenv("DBUS_SYSTEM_BUS_ADDRESS");
	const char *path = SYSTEM_BUS_SOCKET;
	struct sockaddr_un name = { .sun_family = AF_UNIX };

	if (address && !strncmp(address, prefix, sizeof prefix - 1))
		path = address + sizeof prefix - 1;
	size_t length = strcspn(path, ",;");
	if (length >= sizeof name.sun_path)
		return false;
	memcpy(name.sun_path, path, length);

	autoclose int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	return fd >= 0 && !connect(fd, (const struct sockaddr *)&name, sizeof name);
}

int host_session_bus(char **ret_address)
{
	const char *address = getenv("DBUS_SESSION_BUS_ADDRESS");
	const char *directory = getenv("XDG_RUNTIME_DIR");
	char *made;

	if (address && *address) {
		made = strdup(address);
		if (!made)
			return -ENOMEM;
	} else if (!directory || !*directory) {
		return -ENOENT;
	} else if (asprintf(&made, "unix:path=%s/bus", directory) < 0) {
		return -ENOMEM;
	}
	*ret_address = made;
	return 0;
}
