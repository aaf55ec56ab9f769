/* What VA offers on a device. libva is asked itself, because GStreamer's plugins ask it at their
 * registration and keep the answer to themselves: "no such element" is all that one would hear.
 *
 * Threads: main thread only. Ownership: plain values; names are libva's constants. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define VA_REPORT_MAX_PROFILES    48
#define VA_REPORT_MAX_ENTRYPOINTS 8

struct va_profile {
	const char *name; /* "H264High" */
	size_t entrypoint_count;
	const char *entrypoints[VA_REPORT_MAX_ENTRYPOINTS]; /* "EncSlice", "VLD" */
};

struct va_report {
	bool works;
	char device[128];
	char libva[16];    /* the version of the VA-API that it speaks: "1.17.0" */
	char driver[160];  /* as it calls itself */
	char problem[256]; /* a sentence; "" when it works */
	size_t profile_count;
	struct va_profile profiles[VA_REPORT_MAX_PROFILES];
};

/* The device that an element of GStreamer will use, as far as it is known beforehand:
 * $GST_VAAPI_DRM_DEVICE, else the node in the element's name ("varenderD129h264enc"), else the
 * first render node. `element` may be NULL. */
void va_report_device(const char *element, char *buffer, size_t size);

/* Start the driver of this device, ask, and end it. */
void va_report_make(const char *device, struct va_report *ret_report);

bool va_report_encodes_h264(const struct va_report *report);

/* "H.264, HEVC": the codecs that it decodes, or encodes; "nothing". */
void va_report_codecs(const struct va_report *report, bool encoding, char *buffer, size_t size);

/* The whole report as JSON:
 *
 *	{"ok":true, "libva":"1.17.0", "driver":"Mesa ...", "device":"/dev/dri/renderD128",
 *	 "profiles":[{"profile":"H264High","entrypoints":["VLD","EncSlice"]}, ...], "problem":""}
 *
 * Less than 8 KiB. 0 or a negative errno. */
int va_report_print(const struct va_report *report, int fd);
