#include "core/advice.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum kind { KIND_SOFTWARE, KIND_WINDOWS, KIND_NATIVE };

static const char *const default_packages[ROUTE_COUNT] = {
	[ROUTE_VAAPI] = "gstreamer1.0-vaapi",
	[ROUTE_VAAPI_WITHOUT_DRM] = "gstreamer1.0-vaapi",
	[ROUTE_VA] = "gstreamer1.0-plugins-bad",
	[ROUTE_NVENC] = "gstreamer1.0-plugins-bad",
	[ROUTE_X264] = "gstreamer1.0-plugins-ugly",
	[ROUTE_OPENH264] = "gstreamer1.0-plugins-bad",
};

/* VA drivers by the kernel's driver. Intel's free one cannot encode on most generations. */
static const struct {
	const char *kernel_driver, *package;
} va_drivers[] = {
	{ "i915", "intel-media-va-driver-non-free" },
	{ "xe", "intel-media-va-driver-non-free" },
	{ "amdgpu", "mesa-va-drivers" },
	{ "radeon", "mesa-va-drivers" },
	{ "nouveau", "mesa-va-drivers" },
};

static enum kind kind_of(const struct machine *machine, const struct candidate *candidate)
{
	if (!candidate->is_hardware)
		return KIND_SOFTWARE;
	return machine->is_wsl || machine->has_dxg ? KIND_WINDOWS : KIND_NATIVE;
}

static bool is_vaapi(const struct candidate *candidate)
{
	return candidate->route == ROUTE_VAAPI || candidate->route == ROUTE_VAAPI_WITHOUT_DRM;
}

static const char *va_driver_package(
	const struct machine *machine, const struct candidate *candidate)
{
	for (size_t i = 0; i < machine->node_count; i++) {
		if (strcmp(machine->nodes[i].path, candidate->node) != 0)
			continue;
		for (size_t k = 0; k < sizeof va_drivers / sizeof *va_drivers; k++)
			if (!strcmp(va_drivers[k].kernel_driver, machine->nodes[i].driver))
				return va_drivers[k].package;
	}
	return NULL;
}

void advice_windows_drivers(unsigned vendors, char *buffer, size_t size)
{
	static const struct {
		unsigned vendor;
		const char *text;
	} drivers[] = {
		{ MACHINE_AMD, "AMD Adrenalin 23.3.1" },
		{ MACHINE_INTEL, "Intel 31.0.101.4032" },
		{ MACHINE_NVIDIA, "NVIDIA 526.47" },
	};
	size_t used = 0;

	*buffer = '\0';
	for (size_t i = 0; i < 3; i++)
		if ((!vendors || vendors & drivers[i].vendor) && used < size)
			used += (size_t)snprintf(buffer + used, size - used, "%s%s",
				used ? ", " : "", drivers[i].text);
	if (used < size)
		snprintf(buffer + used, size - used, " or newer");
}

static void no_plugin(const struct candidate *candidate, const char *package, const char *gstreamer,
	char *buffer, size_t size)
{
	int major = 0, minor = 0;

	if (is_vaapi(candidate) && sscanf(gstreamer, "%d.%d", &major, &minor) == 2 &&
		(major > 1 || minor >= 27)) {
		snprintf(buffer, size,
			"apt install gstreamer1.0-vaapi, if there is one; GStreamer %d.%d comes without, "
			"Debian 13 and Ubuntu 24.04 still have it",
			major, minor);
		return;
	}
	if (!*package)
		package = default_packages[candidate->route];
	snprintf(buffer, size, "apt install %s", package);
}

static void no_driver(
	const struct machine *machine, const struct candidate *candidate, char *buffer, size_t size)
{
	const char *package = va_driver_package(machine, candidate);
	char drivers[96];

	if (kind_of(machine, candidate) == KIND_WINDOWS) {
		advice_windows_drivers(machine->vendors, drivers, sizeof drivers);
		snprintf(buffer, size,
			machine->has_libd3d12
				? "update the Windows graphics driver (%s), then run `wsl --update`"
				: "run `wsl --update` in Windows; the graphics driver must be %s",
			drivers);
	} else if (candidate->route == ROUTE_VAAPI_WITHOUT_DRM) {
		snprintf(buffer, size, "this way is for WSL2 with a GPU: there is no /dev/dxg");
	} else if (candidate->route == ROUTE_NVENC) {
		snprintf(buffer, size, "install NVIDIA's own driver, with libnvidia-encode");
	} else if (package) {
		snprintf(buffer, size, "apt install %s", package);
	} else {
		snprintf(buffer, size, "install the VA driver of this GPU; `vainfo` must list it");
	}
}

static void no_encoder(
	const struct machine *machine, const struct candidate *candidate, char *buffer, size_t size)
{
	const char *package = va_driver_package(machine, candidate);
	char drivers[96];

	if (kind_of(machine, candidate) == KIND_WINDOWS) {
		if (machine->vendors == MACHINE_INTEL || strcasestr(candidate->adapter, "intel")) {
			snprintf(buffer, size,
				"Intel graphics before the 11th generation cannot encode through D3D12; "
				"newer ones need driver 31.0.101.4032 or newer");
			return;
		}
		advice_windows_drivers(machine->vendors, drivers, sizeof drivers);
		snprintf(buffer, size, "update the Windows graphics driver (%s)", drivers);
	} else if (package) {
		snprintf(buffer, size,
			"apt install %s; if it is there, this GPU cannot encode H.264", package);
	} else {
		snprintf(buffer, size, "this GPU or its VA driver cannot encode H.264");
	}
}

void advice_for(const struct machine *machine, const struct candidate *candidate, const char *code,
	const char *package, const char *gstreamer, char *buffer, size_t size)
{
	*buffer = '\0';
	if (!strcmp(code, "no-plugin")) {
		no_plugin(candidate, package, gstreamer, buffer, size);
		return;
	}
	if (!strcmp(code, "no-va") || !strcmp(code, "no-element")) {
		no_driver(machine, candidate, buffer, size);
		return;
	}
	if (!strcmp(code, "no-encoder")) {
		no_encoder(machine, candidate, buffer, size);
		return;
	}
	switch (kind_of(machine, candidate)) {
	case KIND_SOFTWARE:
		snprintf(
			buffer, size, "update or reinstall %s", default_packages[candidate->route]);
		break;
	case KIND_WINDOWS:
		snprintf(buffer, size,
			"update the Windows graphics driver; Helix uses another encoder meanwhile");
		break;
	case KIND_NATIVE:
		snprintf(buffer, size,
			"update the GPU's driver; Helix uses another encoder meanwhile");
		break;
	}
}

void advice_for_node(const struct machine *machine, const char *node, char *buffer, size_t size)
{
	snprintf(buffer, size,
		machine->is_container
			? "start the container with --group-add $(stat -c %%g %s)"
			: "add the user to the group that owns it: sudo usermod -aG $(stat -c %%g %s) "
			  "$USER, then log in again",
		node);
}
