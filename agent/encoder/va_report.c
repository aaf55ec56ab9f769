#include "va_report.h"

#include "core/utf8.h"
#include "report.h"
#include "sys/cleanup.h"
#include "sys/log.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <va/va.h>
#include <va/va_drm.h>
#include <va/va_str.h>

#define MAX_DRIVER_ENTRIES 4096

/* What libva says beside its status codes, which tell little. */
struct hearing {
	struct va_report *report;
	char error[160]; /* its last complaint */
	char path[160];  /* the last driver that it tried */
};

static const char *after(const char *text, const char *prefix)
{
	size_t size = strlen(prefix);

	return strncmp(text, prefix, size) == 0 ? text + size : NULL;
}

static void on_error(void *context, const char *message)
{
	struct hearing *hearing = context;

	utf8_copy_clean(hearing->error, sizeof hearing->error, message);
	log_debug("va: %s", hearing->error);
}

static void on_info(void *context, const char *message)
{
	struct hearing *hearing = context;
	const char *version = after(message, "VA-API version ");
	const char *path = after(message, "Trying to open ");

	if (version)
		utf8_copy_clean(hearing->report->libva, sizeof hearing->report->libva, version);
	if (path)
		utf8_copy_clean(hearing->path, sizeof hearing->path, path);
	log_debug("va: %s", message);
}

void va_report_device(const char *element, char *buffer, size_t size)
{
	static const char first[] = "renderD128";
	const char *device = getenv("GST_VAAPI_DRM_DEVICE");
	const char *node = element ? after(element, "va") : NULL;
	int length = (int)strcspn(node ? node : "", "h"); /* varenderD129h264enc */

	if (device && *device)
		snprintf(buffer, size, "%s", device);
	else if (node && after(node, "renderD"))
		snprintf(buffer, size, "/dev/dri/%.*s", length, node);
	else
		snprintf(buffer, size, "/dev/dri/%s", first);
}

static void add_entrypoints(VADisplay display, VAProfile profile, struct va_profile *entry)
{
	int max = vaMaxNumEntrypoints(display), count = 0;

	if (max < 1 || max > MAX_DRIVER_ENTRIES)
		return;
	autofree VAEntrypoint *list = calloc((size_t)max, sizeof *list);
	if (!list || vaQueryConfigEntrypoints(display, profile, list, &count) != VA_STATUS_SUCCESS)
		return;
	for (int i = 0; i < count && i < max; i++) {
		const char *name = vaEntrypointStr(list[i]);
		const char *bare = after(name, "VAEntrypoint");

		if (entry->entrypoint_count < VA_REPORT_MAX_ENTRYPOINTS)
			entry->entrypoints[entry->entrypoint_count++] = bare ? bare : name;
	}
}

static void add_profiles(VADisplay display, struct va_report *report)
{
	int max = vaMaxNumProfiles(display), count = 0;

	if (max < 1 || max > MAX_DRIVER_ENTRIES)
		return;
	autofree VAProfile *list = calloc((size_t)max, sizeof *list);
	if (!list || vaQueryConfigProfiles(display, list, &count) != VA_STATUS_SUCCESS)
		return;
	for (int i = 0; i < count && i < max; i++) {
		if (report->profile_count == VA_REPORT_MAX_PROFILES)
			break;
		struct va_profile *entry = &report->profiles[report->profile_count++];
		const char *name = vaProfileStr(list[i]);
		const char *bare = after(name, "VAProfile");

		*entry = (struct va_profile){ .name = bare ? bare : name };
		add_entrypoints(display, list[i], entry);
	}
}

/* libva's status alone often says "unknown libva error". */
static void explain(struct va_report *report, const struct hearing *hearing, VAStatus status)
{
	char text[640];

	if (!hearing->error[0] && hearing->path[0])
		snprintf(text, sizeof text, "libva has no driver for %s: there is no %s",
			report->device, hearing->path);
	else
		snprintf(text, sizeof text, "libva cannot start the driver for %s: %s%s%s%s",
			report->device, vaErrorStr(status), hearing->error[0] ? " (" : "",
			hearing->error, hearing->error[0] ? ")" : "");
	utf8_copy_clean(report->problem, sizeof report->problem, text);
}

static void ask(VADisplay display, struct va_report *report)
{
	struct hearing hearing = { .report = report };
	int major = 0, minor = 0;

	/* Without these it writes to stderr. */
	vaSetErrorCallback(display, on_error, &hearing);
	vaSetInfoCallback(display, on_info, &hearing);
	VAStatus status = vaInitialize(display, &major, &minor);
	if (status != VA_STATUS_SUCCESS) {
		explain(report, &hearing, status);
	} else {
		const char *vendor = vaQueryVendorString(display);

		if (!report->libva[0])
			snprintf(report->libva, sizeof report->libva, "%d.%d", major, minor);
		utf8_copy_clean(report->driver, sizeof report->driver, vendor ? vendor : "");
		add_profiles(display, report);
		report->works = true;
	}
	vaTerminate(display);
}

void va_report_make(const char *device, struct va_report *ret_report)
{
	*ret_report = (struct va_report){ 0 };
	utf8_copy_clean(ret_report->device, sizeof ret_report->device, device);
	autoclose int fd = open(device, O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		snprintf(ret_report->problem, sizeof ret_report->problem, "%s cannot be opened: %s",
			ret_report->device, strerror(errno));
		return;
	}

	VADisplay display = vaGetDisplayDRM(fd);
	if (display)
		ask(display, ret_report);
	else
		snprintf(ret_report->problem, sizeof ret_report->problem,
			"%s is no device that libva can use", ret_report->device);
}

static bool has_entrypoint(const struct va_profile *profile, const char *name)
{
	for (size_t i = 0; i < profile->entrypoint_count; i++)
		if (strcmp(profile->entrypoints[i], name) == 0)
			return true;
	return false;
}

static bool encodes(const struct va_profile *profile)
{
	return has_entrypoint(profile, "EncSlice") || has_entrypoint(profile, "EncSliceLP");
}

bool va_report_encodes_h264(const struct va_report *report)
{
	for (size_t i = 0; i < report->profile_count; i++)
		if (after(report->profiles[i].name, "H264") && encodes(&report->profiles[i]))
			return true;
	return false;
}

void va_report_codecs(const struct va_report *report, bool encoding, char *buffer, size_t size)
{
	static const struct {
		const char *prefix, *codec;
	} codecs[] = { { "H264", "H.264" }, { "HEVC", "HEVC" }, { "AV1", "AV1" }, { "VP8", "VP8" },
		{ "VP9", "VP9" }, { "MPEG2", "MPEG-2" }, { "MPEG4", "MPEG-4" }, { "VC1", "VC-1" },
		{ "JPEG", "JPEG" } };
	size_t filled = 0;

	snprintf(buffer, size, "nothing");
	for (size_t c = 0; c < sizeof codecs / sizeof *codecs; c++) {
		bool has = false;

		for (size_t i = 0; i < report->profile_count; i++)
			if (after(report->profiles[i].name, codecs[c].prefix))
				has |= encoding ? encodes(&report->profiles[i])
						: has_entrypoint(&report->profiles[i], "VLD");
		if (has && filled < size)
			filled += (size_t)snprintf(buffer + filled, size - filled, "%s%s",
				filled ? ", " : "", codecs[c].codec);
	}
}

int va_report_print(const struct va_report *report, int fd)
{
	cJSON *object = cJSON_CreateObject();

	cJSON_AddBoolToObject(object, "ok", report->works);
	cJSON_AddStringToObject(object, "libva", report->libva);
	cJSON_AddStringToObject(object, "driver", report->driver);
	cJSON_AddStringToObject(object, "device", report->device);
	cJSON *profiles = cJSON_AddArrayToObject(object, "profiles");
	for (size_t i = 0; i < report->profile_count; i++) {
		const struct va_profile *profile = &report->profiles[i];
		cJSON *entry = cJSON_CreateObject();

		cJSON_AddStringToObject(entry, "profile", profile->name);
		cJSON_AddItemToObject(entry, "entrypoints",
			cJSON_CreateStringArray((const char *const *)profile->entrypoints,
				(int)profile->entrypoint_count));
		cJSON_AddItemToArray(profiles, entry);
	}
	cJSON_AddStringToObject(object, "problem", report->problem);
	int r = report_write(object, fd);
	cJSON_Delete(object);
	return r;
}
