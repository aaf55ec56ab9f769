#include "doctor/pci.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

static unsigned read_id(const char *node, const char *file)
{
	const char *name = strrchr(node, '/');
	char path[PATH_MAX];
	unsigned id = 0;

	snprintf(path, sizeof path, "/sys/class/drm/%s/device/%s", name ? name + 1 : node, file);
	FILE *opened = fopen(path, "re");
	if (!opened)
		return 0;
	if (fscanf(opened, "0x%x", &id) != 1)
		id = 0;
	fclose(opened);
	return id;
}

/* "8086  Intel Corporation", and below it, after one tab, its devices. */
static void look_up(FILE *list, unsigned vendor, unsigned device, char *buffer, size_t size)
{
	char line[512], vendor_name[128] = "";
	unsigned id;
	int at;

	while (fgets(line, sizeof line, list)) {
		line[strcspn(line, "\n")] = '\0';
		if (*line == '#' || !*line || !strncmp(line, "\t\t", 2))
			continue;
		if (*line != '\t') {
			if (*vendor_name)
				return;
			if (sscanf(line, "%4x %n", &id, &at) == 1 && id == vendor)
				snprintf(vendor_name, sizeof vendor_name, "%s", line + at);
		} else if (*vendor_name && sscanf(line, "\t%4x %n", &id, &at) == 1 &&
			id == device) {
			snprintf(buffer, size, "%s %s", vendor_name, line + at);
			return;
		}
	}
}

void pci_name(const char *node, char *buffer, size_t size)
{
	static const char *const lists[] = {
		"/usr/share/misc/pci.ids",
		"/usr/share/hwdata/pci.ids",
	};
	unsigned vendor = read_id(node, "vendor"), device = read_id(node, "device");

	*buffer = '\0';
	if (!vendor)
		return;
	snprintf(buffer, size, "%04x:%04x", vendor, device);
	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
		FILE *list = fopen(lists[i], "re");

		if (!list)
			continue;
		look_up(list, vendor, device, buffer, size);
		fclose(list);
		return;
	}
}
