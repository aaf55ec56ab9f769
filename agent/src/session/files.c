#include "session/files.h"

#include "sys/cleanup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SYSTEM_PORTALS "/usr/share/xdg-desktop-portal/portals"

static const char *const directories[] = {
	"services",
	"portals",
	"data",
	"data/gnome-shell",
	"data/gnome-shell/modes",
};

/* A %s is the runtime directory. */
static const struct {
	const char *name;
	const char *text;
} files[] = {
	/* Our services come first: the first directory that has a name wins. The large limits are
	 * those of the stock session.conf; a session bus trusts its user. */
	{ "session-bus.conf",
		"<busconfig>\n"
		"<type>session</type>\n"
		"<keep_umask/>\n"
		"<listen>unix:path=%s/bus</listen>\n"
		"<auth>EXTERNAL</auth>\n"
		"<servicedir>%s/services</servicedir>\n"
		"<standard_session_servicedirs/>\n"
		"<policy context=\"default\">\n"
		"<allow send_destination=\"*\" eavesdrop=\"true\"/>\n"
		"<allow eavesdrop=\"true\"/>\n"
		"<allow own=\"*\"/>\n"
		"</policy>\n"
		"<limit name=\"max_incoming_bytes\">1000000000</limit>\n"
		"<limit name=\"max_outgoing_bytes\">1000000000</limit>\n"
		"<limit name=\"max_message_size\">1000000000</limit>\n"
		"<limit name=\"service_start_timeout\">120000</limit>\n"
		"<limit name=\"max_completed_connections\">100000</limit>\n"
		"<limit name=\"max_connections_per_user\">100000</limit>\n"
		"<limit name=\"max_names_per_connection\">50000</limit>\n"
		"<limit name=\"max_match_rules_per_connection\">50000</limit>\n"
		"<limit name=\"max_replies_per_connection\">50000</limit>\n"
		"</busconfig>\n" },
	/* Empty, for gnome-shell, which dies without any. */
	{ "system-bus.conf",
		"<busconfig>\n"
		"<type>system</type>\n"
		"<listen>unix:path=%s/system-bus</listen>\n"
		"<auth>EXTERNAL</auth>\n"
		"<policy context=\"default\">\n"
		"<allow user=\"*\"/>\n"
		"<allow send_destination=\"*\" eavesdrop=\"true\"/>\n"
		"<allow eavesdrop=\"true\"/>\n"
		"<allow own=\"*\"/>\n"
		"</policy>\n"
		"</busconfig>\n" },

	/* We start these two ourselves, with an environment that the bus does not have. */
	{ "services/org.freedesktop.portal.Desktop.service",
		"[D-BUS Service]\n"
		"Name=org.freedesktop.portal.Desktop\n"
		"Exec=/bin/false\n" },
	{ "services/org.freedesktop.impl.portal.desktop.helix.service",
		"[D-BUS Service]\n"
		"Name=org.freedesktop.impl.portal.desktop.helix\n"
		"Exec=/bin/false\n" },

	{ "portals/helix.portal",
		"[portal]\n"
		"DBusName=org.freedesktop.impl.portal.desktop.helix\n"
		"Interfaces=org.freedesktop.impl.portal.ScreenCast;"
		"org.freedesktop.impl.portal.RemoteDesktop;\n"
		"UseIn=helix\n" },
	/* xdg-desktop-portal from 1.17 on; it looks for this beside the .portal files, and nowhere
	 * else, when XDG_DESKTOP_PORTAL_DIR is set. Older ones go by UseIn. */
	{ "portals/portals.conf",
		"[preferred]\n"
		"default=gnome;gtk;*\n"
		"org.freedesktop.impl.portal.ScreenCast=helix\n"
		"org.freedesktop.impl.portal.RemoteDesktop=helix\n" },

	{ "data/gnome-shell/modes/helix.json",
		"{ \"parentMode\": \"user\", \"showWelcomeDialog\": false }\n" },
};

static int path_in(const char *directory, const char *name, char path[PATH_MAX])
{
	int size = snprintf(path, PATH_MAX, "%s/%s", directory, name);

	return size < 0 || size >= PATH_MAX ? -ENAMETOOLONG : 0;
}

/* `text` with every %s replaced. */
static int write_text(const char *path, const char *text, const char *runtime_dir)
{
	FILE *file = fopen(path, "we");
	if (!file)
		return -errno;

	for (const char *at; (at = strstr(text, "%s")); text = at + 2) {
		fwrite(text, 1, (size_t)(at - text), file);
		fputs(runtime_dir, file);
	}
	fputs(text, file);
	int r = ferror(file) ? -EIO : 0;
	return fclose(file) < 0 ? -errno : r;
}

/* The file chooser and the rest go on working: XDG_DESKTOP_PORTAL_DIR hides the machine's own. */
static int link_system_portals(const char *portals)
{
	char from[PATH_MAX], to[PATH_MAX];
	DIR *directory = opendir(SYSTEM_PORTALS);

	if (!directory)
		return errno == ENOENT ? 0 : -errno;
	for (const struct dirent *entry; (entry = readdir(directory));) {
		const char *suffix = strrchr(entry->d_name, '.');

		if (!suffix || strcmp(suffix, ".portal") != 0 ||
			path_in(SYSTEM_PORTALS, entry->d_name, from) < 0 ||
			path_in(portals, entry->d_name, to) < 0)
			continue;
		/* EEXIST: a helix.portal is installed; ours fits this session. */
		if (symlink(from, to) < 0 && errno != EEXIST) {
			int r = -errno;
			closedir(directory);
			return r;
		}
	}
	closedir(directory);
	return 0;
}

int files_write(const char *runtime_dir)
{
	char path[PATH_MAX];

	for (size_t i = 0; i < sizeof directories / sizeof *directories; i++) {
		int r = path_in(runtime_dir, directories[i], path);
		if (r < 0)
			return r;
		if (mkdir(path, 0700) < 0 && errno != EEXIST)
			return -errno;
	}
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		int r = path_in(runtime_dir, files[i].name, path);
		if (r < 0)
			return r;
		r = write_text(path, files[i].text, runtime_dir);
		if (r < 0)
			return r;
	}

	int r = path_in(runtime_dir, "portals", path);
	return r < 0 ? r : link_system_portals(path);
}
