#include "session/command.h"

#include "session/environment.h"
#include "sys/log.h"

#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* WirePlumber 0.4 has this; 0.5 has a profile instead. */
#define WIREPLUMBER_POLICY_CONF "/usr/share/wireplumber/policy.conf"

bool command_exists(const char *program)
{
	const char *path = getenv("PATH");
	char candidate[PATH_MAX];

	if (strchr(program, '/'))
		return !access(program, X_OK);
	while (path && *path) {
		size_t length = strcspn(path, ":");

		snprintf(candidate, sizeof candidate, "%.*s/%s", (int)length, path, program);
		if (!access(candidate, X_OK))
			return true;
		path += length + (path[length] == ':');
	}
	return false;
}

static const char *find_portal(void)
{
	static const char *const places[] = {
		"/usr/libexec/xdg-desktop-portal",
		"/usr/lib/xdg-desktop-portal",
		"/usr/local/libexec/xdg-desktop-portal",
	};

	for (size_t i = 0; i < sizeof places / sizeof *places; i++)
		if (!access(places[i], X_OK))
			return places[i];
	return NULL;
}

static void add(struct command *command, const char *argument)
{
	size_t n = 0;

	while (command->argv[n])
		n++;
	command->argv[n] = argument;
	command->argv[n + 1] = NULL;
}

static void add_bus(struct command *command, const char *runtime_dir, const char *config)
{
	snprintf(command->config, sizeof command->config, "--config-file=%s/%s", runtime_dir,
		config);
	add(command, "dbus-daemon");
	add(command, command->config);
	add(command, "--print-address=3");
	add(command, "--nofork");
	add(command, "--nopidfile");
}

static void add_compositor(struct command *command, const struct command_facts *facts)
{
	add(command, facts->kind == SESSION_GNOME ? "gnome-shell" : "mutter");
	add(command, "--headless");
	add(command, "--wayland");
	add(command, "--wayland-display=" SESSION_WAYLAND_DISPLAY);
	/* mutter aborts, or tries display numbers for ever, when it cannot have a socket. */
	if (!facts->has_x11)
		add(command, "--no-x11");
	if (facts->kind == SESSION_GNOME)
		add(command, "--mode=helix");
}

/* Policy only: it links streams, and leaves the sound cards, Bluetooth and cameras of the machine
 * to the WirePlumber whose they are. */
static void add_wireplumber(struct command *command)
{
	add(command, "wireplumber");
	if (!access(WIREPLUMBER_POLICY_CONF, R_OK)) {
		add(command, "--config-file");
		add(command, "policy.conf");
	} else {
		add(command, "--profile=policy");
	}
}

static const char *missing(enum service_id id, enum session_kind kind)
{
	switch (id) {
	case SERVICE_SYSTEM_BUS:
	case SERVICE_SESSION_BUS:
		return "dbus-daemon is not installed: apt-get install dbus-daemon";
	case SERVICE_PIPEWIRE: return "pipewire is not installed: apt-get install pipewire";
	case SERVICE_WIREPLUMBER:
		return "wireplumber is not installed: apt-get install wireplumber";
	case SERVICE_COMPOSITOR:
		return kind == SESSION_GNOME
			? "gnome-shell is not installed: apt-get install gnome-shell"
			: "mutter is not installed: apt-get install mutter (or gnome-shell)";
	case SERVICE_HELIX_PORTAL:
		return "helix-portal is missing: it belongs beside helix-agent or in libexec/helix";
	case SERVICE_PORTAL:
		return "xdg-desktop-portal is not installed: apt-get install xdg-desktop-portal";
	case SERVICE_APPS: break;
	}
	return "/bin/sh is missing";
}

int command_make(struct command *command, enum service_id id, const struct command_facts *facts,
	const char **ret_text)
{
	const char *portal;

	*command = (struct command){ 0 };
	switch (id) {
	case SERVICE_SYSTEM_BUS: add_bus(command, facts->runtime_dir, "system-bus.conf"); break;
	case SERVICE_SESSION_BUS: add_bus(command, facts->runtime_dir, "session-bus.conf"); break;
	case SERVICE_PIPEWIRE: add(command, "pipewire"); break;
	case SERVICE_WIREPLUMBER: add_wireplumber(command); break;
	case SERVICE_COMPOSITOR: add_compositor(command, facts); break;
	case SERVICE_HELIX_PORTAL:
		if (facts->helix_portal) {
			add(command, facts->helix_portal);
			add(command, "--log-level");
			add(command, log_level_to_string(log_level()));
		}
		break;
	case SERVICE_PORTAL:
		portal = find_portal();
		if (portal)
			add(command, portal);
		break;
	case SERVICE_APPS: add(command, "/bin/sh"); break;
	}
	if (command->argv[0] && command_exists(command->argv[0]))
		return 0;
	*ret_text = missing(id, facts->kind);
	return -ENOENT;
}
