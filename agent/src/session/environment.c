#include "session/environment.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ALL        (~0U)
#define ONLY(id)   SERVICE_BIT(SERVICE_##id)
#define BUT(id)    (~SERVICE_BIT(SERVICE_##id))
#define FACT(name) offsetof(struct environment_facts, name)
#define NO_FACT    SIZE_MAX

/* The first rule that fits a variable and a process decides. A rule with neither value nor fact
 * drops the variable; so does one whose fact is NULL, unless what was inherited may stay. */
struct rule {
	const char *name;
	unsigned services;
	const char *value;
	size_t fact;
	bool keep; /* without a fact the inherited value stays */
};

static const struct rule rules[] = {
	/* All sockets of this session are there, and nobody else's. */
	{ "XDG_RUNTIME_DIR", ALL, NULL, FACT(runtime_dir), false },
	{ "DBUS_SESSION_BUS_ADDRESS", ALL, NULL, FACT(session_bus), false },
	{ "DBUS_SYSTEM_BUS_ADDRESS", ALL, NULL, FACT(system_bus), true },
	/* Secrets of the agent; and its settings are not those of an agent that somebody starts
	 * inside. */
	{ "HELIX_TOKEN", ALL, NULL, NO_FACT, false },
	{ "HELIX_VIEW_TOKEN", ALL, NULL, NO_FACT, false },
	{ "HELIX_LISTEN", ALL, NULL, NO_FACT, false },
	{ "HELIX_CONFIG", ALL, NULL, NO_FACT, false },
	/* Set when a bus started us; clients believe it more than the address. */
	{ "DBUS_STARTER_ADDRESS", ALL, NULL, NO_FACT, false },
	{ "DBUS_STARTER_BUS_TYPE", ALL, NULL, NO_FACT, false },

	/* The compositor must not find another display to be a window on; it tells its own
	 * children itself. The name is known beforehand, so that what the bus activates has it. */
	{ "WAYLAND_DISPLAY", BUT(COMPOSITOR), SESSION_WAYLAND_DISPLAY, NO_FACT, false },
	{ "WAYLAND_DISPLAY", ONLY(COMPOSITOR), NULL, NO_FACT, false },
	{ "WAYLAND_SOCKET", ALL, NULL, NO_FACT, false },
	/* Never the display from which we were started: programs would open there. */
	{ "DISPLAY", ONLY(APPS), NULL, FACT(display), false },
	{ "DISPLAY", ALL, NULL, NO_FACT, false },
	{ "XAUTHORITY", ONLY(APPS), NULL, FACT(xauthority), false },
	{ "XAUTHORITY", ALL, NULL, NO_FACT, false },

	/* xdg-desktop-portal prefers backends whose UseIn names the first of these. */
	{ "XDG_CURRENT_DESKTOP", ONLY(PORTAL), "helix:GNOME", NO_FACT, false },
	{ "XDG_CURRENT_DESKTOP", ALL, "GNOME", NO_FACT, false },
	{ "XDG_SESSION_DESKTOP", ALL, "gnome", NO_FACT, false },
	{ "DESKTOP_SESSION", ALL, "gnome", NO_FACT, false },
	/* xdg-desktop-portal-gnome 48 serves nothing but settings without it. */
	{ "XDG_SESSION_TYPE", ALL, "wayland", NO_FACT, false },
	/* They belong to the login from which we were started: gnome-shell would follow its locks.
	 */
	{ "XDG_SESSION_ID", ALL, NULL, NO_FACT, false },
	{ "XDG_SESSION_CLASS", ALL, NULL, NO_FACT, false },
	{ "XDG_SEAT", ALL, NULL, NO_FACT, false },
	{ "XDG_VTNR", ALL, NULL, NO_FACT, false },
	{ "SESSION_MANAGER", ALL, NULL, NO_FACT, false },
	{ "GNOME_SETUP_DISPLAY", ALL, NULL, NO_FACT, false },
	{ "GNOME_SHELL_SESSION_MODE", ALL, NULL, NO_FACT, false },
	{ "XDG_ACTIVATION_TOKEN", ALL, NULL, NO_FACT, false },
	{ "DESKTOP_STARTUP_ID", ALL, NULL, NO_FACT, false },

	/* gnome-shell looks there for the session mode "helix" (files.c). */
	{ "XDG_DATA_DIRS", ONLY(COMPOSITOR), NULL, FACT(data_dirs), true },
	{ "XDG_DESKTOP_PORTAL_DIR", ONLY(PORTAL), NULL, FACT(portals_dir), false },
	{ "XDG_DESKTOP_PORTAL_DIR", ALL, NULL, NO_FACT, false },

	/* They would lead to another PipeWire. */
	{ "PIPEWIRE_REMOTE", ALL, NULL, NO_FACT, false },
	{ "PIPEWIRE_CORE", ALL, NULL, NO_FACT, false },
	{ "PIPEWIRE_RUNTIME_DIR", ALL, NULL, NO_FACT, false },

	/* Mesa from 24.3 on never picks d3d12 by itself, and has no way back once it was told to:
	 * so this is set only where a probe has shown which one is better. */
	{ "GALLIUM_DRIVER", ALL, NULL, FACT(gallium_driver), true },
	{ "MESA_D3D12_DEFAULT_ADAPTER_NAME", ALL, NULL, FACT(gl_adapter), true },
	/* Without a GPU Mesa tries hardware drivers first and complains. */
	{ "LIBGL_ALWAYS_SOFTWARE", ALL, NULL, FACT(software_gl), true },
	/* Spares every GTK 3 program a warning; where the accessibility bus exists it stays usable.
	 */
	{ "NO_AT_BRIDGE", ALL, NULL, FACT(without_a11y), true },

	/* A service manager's words for the agent, not for its children. */
	{ "NOTIFY_SOCKET", ALL, NULL, NO_FACT, false },
	{ "WATCHDOG_PID", ALL, NULL, NO_FACT, false },
	{ "WATCHDOG_USEC", ALL, NULL, NO_FACT, false },
	{ "LISTEN_PID", ALL, NULL, NO_FACT, false },
	{ "LISTEN_FDS", ALL, NULL, NO_FACT, false },
	{ "LISTEN_FDNAMES", ALL, NULL, NO_FACT, false },
	{ "INVOCATION_ID", ALL, NULL, NO_FACT, false },
	{ "JOURNAL_STREAM", ALL, NULL, NO_FACT, false },
};

#define N_RULES (sizeof rules / sizeof *rules)

static const struct rule *rule_for(const char *name, size_t length, unsigned service)
{
	for (size_t i = 0; i < N_RULES; i++)
		if (rules[i].services & service && !strncmp(rules[i].name, name, length) &&
			!rules[i].name[length])
			return &rules[i];
	return NULL;
}

static const char *value_of(const struct rule *rule, const struct environment_facts *facts)
{
	if (rule->fact == NO_FACT)
		return rule->value;
	return *(const char *const *)((const char *)facts + rule->fact);
}

static bool survives(const char *entry, unsigned service, const struct environment_facts *facts)
{
	const struct rule *rule = rule_for(entry, strcspn(entry, "="), service);

	return !rule || (rule->keep && !value_of(rule, facts));
}

/* What a rule adds: only the first that fits its name speaks. */
static const char *addition(
	const struct rule *rule, unsigned service, const struct environment_facts *facts)
{
	if (rule_for(rule->name, strlen(rule->name), service) != rule)
		return NULL;
	return value_of(rule, facts);
}

const char **environment_of(
	enum service_id id, const struct environment_facts *facts, const char *const *inherited)
{
	unsigned service = SERVICE_BIT(id);
	size_t count = N_RULES + 1, bytes = 0;

	for (const char *const *entry = inherited; *entry; entry++)
		count++;
	for (size_t i = 0; i < N_RULES; i++) {
		const char *value = addition(&rules[i], service, facts);
		bytes += value ? strlen(rules[i].name) + strlen(value) + 2 : 0;
	}

	const char **environment = malloc(count * sizeof *environment + bytes);
	if (!environment)
		return NULL;
	char *text = (char *)(environment + count);
	size_t n = 0;
	for (const char *const *entry = inherited; *entry; entry++)
		if (survives(*entry, service, facts))
			environment[n++] = *entry;
	for (size_t i = 0; i < N_RULES; i++) {
		const char *value = addition(&rules[i], service, facts);

		if (!value)
			continue;
		environment[n++] = text;
		text += sprintf(text, "%s=%s", rules[i].name, value) + 1;
	}
	environment[n] = NULL;
	return environment;
}
