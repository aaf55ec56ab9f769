#include "session/environment.h"
#include "sys/cleanup.h"

#include <criterion/criterion.h>
#include <string.h>

static const struct environment_facts facts = {
	.runtime_dir = "/run/h",
	.session_bus = "unix:path=/run/h/bus",
	.system_bus = "unix:path=/run/h/system-bus",
	.portals_dir = "/run/h/portals",
	.data_dirs = "/run/h/data:/usr/share",
	.display = ":7",
	.xauthority = "/run/h/cookie",
	.software_gl = "1",
};

/* A desktop from which somebody started us. */
static const char *const outside[] = {
	"HOME=/home/ada",
	"XDG_RUNTIME_DIR=/run/user/1000",
	"DISPLAY=:0",
	"XAUTHORITY=/home/ada/.Xauthority",
	"WAYLAND_DISPLAY=wayland-0",
	"XDG_CURRENT_DESKTOP=KDE",
	"XDG_SESSION_ID=2",
	"PIPEWIRE_REMOTE=elsewhere",
	"NOTIFY_SOCKET=/run/notify",
	"DBUS_SYSTEM_BUS_ADDRESS=unix:path=/run/other",
	"NO_AT_BRIDGE=0",
	"DISPLAYS=not the same name",
	NULL,
};

static const char *get(const char *const *environment, const char *name)
{
	const char *found = NULL;
	size_t length = strlen(name);

	for (; *environment; environment++)
		if (!strncmp(*environment, name, length) && (*environment)[length] == '=') {
			cr_assert_null(found, "%s is there twice", name);
			found = *environment + length + 1;
		}
	return found;
}

#define expect(id, name, value)                                                                    \
 do {                                                                                              \
  autofree const char **environment = environment_of(SERVICE_##id, &facts, outside);               \
  cr_expect_str_eq(get(environment, name), value);                                                 \
 } while (0)
#define expect_none(id, name)                                                                      \
 do {                                                                                              \
  autofree const char **environment = environment_of(SERVICE_##id, &facts, outside);               \
  cr_expect_null(get(environment, name));                                                          \
 } while (0)

Test(session_environment, what_no_rule_names_stays)
{
	expect(COMPOSITOR, "HOME", "/home/ada");
	expect(COMPOSITOR, "DISPLAYS", "not the same name");
}

Test(session_environment, every_process_lives_in_the_sessions_runtime_dir)
{
	for (unsigned id = 0; id <= SERVICE_APPS; id++) {
		autofree const char **environment =
			environment_of((enum service_id)id, &facts, outside);

		cr_expect_str_eq(get(environment, "XDG_RUNTIME_DIR"), "/run/h");
		cr_expect_str_eq(
			get(environment, "DBUS_SESSION_BUS_ADDRESS"), "unix:path=/run/h/bus");
		cr_expect_null(get(environment, "XDG_SESSION_ID"));
		cr_expect_null(get(environment, "PIPEWIRE_REMOTE"));
		cr_expect_null(get(environment, "NOTIFY_SOCKET"));
	}
}

Test(session_environment, the_compositor_sees_no_other_display)
{
	expect_none(COMPOSITOR, "WAYLAND_DISPLAY");
	expect_none(COMPOSITOR, "DISPLAY");
	expect_none(COMPOSITOR, "XAUTHORITY");
}

Test(session_environment, what_the_bus_activates_finds_the_compositor)
{
	expect(SESSION_BUS, "WAYLAND_DISPLAY", SESSION_WAYLAND_DISPLAY);
	expect(SESSION_BUS, "XDG_CURRENT_DESKTOP", "GNOME");
	expect_none(SESSION_BUS, "DISPLAY");
}

Test(session_environment, programs_get_the_sessions_x_display)
{
	expect(APPS, "DISPLAY", ":7");
	expect(APPS, "XAUTHORITY", "/run/h/cookie");
}

Test(session_environment, without_xwayland_programs_get_no_x_display)
{
	struct environment_facts without = facts;
	without.display = without.xauthority = NULL;

	autofree const char **environment = environment_of(SERVICE_APPS, &without, outside);

	cr_expect_null(get(environment, "DISPLAY"));
	cr_expect_null(get(environment, "XAUTHORITY"));
}

Test(session_environment, only_the_portal_calls_the_desktop_helix)
{
	expect(PORTAL, "XDG_CURRENT_DESKTOP", "helix:GNOME");
	expect(PORTAL, "XDG_DESKTOP_PORTAL_DIR", "/run/h/portals");
	expect(APPS, "XDG_CURRENT_DESKTOP", "GNOME");
	expect_none(APPS, "XDG_DESKTOP_PORTAL_DIR");
}

Test(session_environment, a_private_system_bus_replaces_the_inherited_one)
{
	expect(COMPOSITOR, "DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/run/h/system-bus");
}

Test(session_environment, the_machines_system_bus_is_left_as_inherited)
{
	struct environment_facts host = facts;
	host.system_bus = NULL;

	autofree const char **environment = environment_of(SERVICE_COMPOSITOR, &host, outside);

	cr_expect_str_eq(get(environment, "DBUS_SYSTEM_BUS_ADDRESS"), "unix:path=/run/other");
}

Test(session_environment, a_choice_that_we_do_not_make_is_left_to_the_user)
{
	expect(APPS, "NO_AT_BRIDGE", "0");
	expect(APPS, "LIBGL_ALWAYS_SOFTWARE", "1");
}

Test(session_environment, what_draws_the_session_is_set_only_where_it_is_known)
{
	struct environment_facts known = facts;
	known.gallium_driver = "d3d12";
	known.gl_adapter = "nvidia";
	static const char *const users[] = { "GALLIUM_DRIVER=zink", NULL };

	autofree const char **told = environment_of(SERVICE_COMPOSITOR, &known, users);
	autofree const char **left = environment_of(SERVICE_COMPOSITOR, &facts, users);

	cr_expect_str_eq(get(told, "GALLIUM_DRIVER"), "d3d12");
	cr_expect_str_eq(get(told, "MESA_D3D12_DEFAULT_ADAPTER_NAME"), "nvidia");
	cr_expect_str_eq(get(left, "GALLIUM_DRIVER"), "zink");
	cr_expect_null(get(left, "MESA_D3D12_DEFAULT_ADAPTER_NAME"));
}

Test(session_environment, an_empty_environment_is_enough)
{
	static const char *const empty[] = { NULL };

	autofree const char **environment = environment_of(SERVICE_APPS, &facts, empty);

	cr_expect_str_eq(get(environment, "WAYLAND_DISPLAY"), SESSION_WAYLAND_DISPLAY);
	cr_expect_null(get(environment, "HOME"));
}
