#include "lib/va_child.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FIXTURES "build/va-software"

/* Of the test itself, never of what it tests. */
static void must(bool is_so, const char *what)
{
	if (is_so)
		return;
	perror(what);
	abort();
}

const char *va_way_element(enum va_way way)
{
	return way == VA_FAKE_NODE ? "vah264enc" : "vaapih264enc";
}

void va_child_start(struct va_child *va, enum va_way way, const char *headers)
{
	char registry[64], faults[64], log[64], written[64];
	const char *variables[] = {
		"DISPLAY",
		"WAYLAND_DISPLAY",
		"GST_VAAPI_ALL_DRIVERS",
		"LIBVA_DRIVERS_PATH=" FIXTURES,
		"LIBVA_DRIVER_NAME=softva",
		registry,
		faults,
		log,
		written,
		way == VA_FAKE_NODE ? "LD_PRELOAD=" FIXTURES "/fake_node.so"
				    : "GST_VAAPI_DRM_DEVICE=/dev/null",
		NULL,
	};

	must(access(FIXTURES "/softva_drv_video.so", R_OK) == 0, FIXTURES "/softva_drv_video.so");
	must(access(FIXTURES "/fake_node.so", R_OK) == 0, FIXTURES "/fake_node.so");
	strcpy(va->directory, "/tmp/helix-vachild-XXXXXX");
	must(mkdtemp(va->directory), va->directory);
	snprintf(registry, sizeof registry, "GST_REGISTRY=%s/registry", va->directory);
	snprintf(faults, sizeof faults, "SOFTVA_FAULTS=%s/faults", va->directory);
	snprintf(log, sizeof log, "SOFTVA_LOG=%s/log", va->directory);
	snprintf(written, sizeof written, "SOFTVA_HEADERS=%s", headers);
	encoder_child_start_in(
		&va->child, variables, way == VA_WITHOUT_DRM ? "--va-without-drm" : NULL);
}

static void take_away(const struct va_child *va, const char *name)
{
	char path[64];

	snprintf(path, sizeof path, "%s/%s", va->directory, name);
	unlink(path);
}

int va_child_stop(struct va_child *va)
{
	int status = encoder_child_stop(&va->child);

	take_away(va, "registry");
	take_away(va, "faults");
	take_away(va, "log");
	must(rmdir(va->directory) == 0, va->directory);
	return status;
}

/* By rename(), so that the driver never reads half of it. */
void va_child_break(const struct va_child *va, const char *faults)
{
	char path[64], next[64];

	snprintf(path, sizeof path, "%s/faults", va->directory);
	snprintf(next, sizeof next, "%s/next", va->directory);
	FILE *file = fopen(next, "w");
	must(file, next);
	must(fprintf(file, "%s\n", faults ? faults : "") > 0 && fclose(file) == 0, next);
	must(rename(next, path) == 0, path);
}
