#include "probe.h"

#include "core/h264.h"
#include "core/utf8.h"
#include "decode.h"
#include "encoders.h"
#include "quality.h"
#include "report.h"
#include "sys/log.h"
#include "trial.h"
#include "va_report.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <gst/gst.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where an element comes from; the first prefix that fits. */
struct plugin {
	const char *prefix, *name, *file, *package;
};

static const struct plugin plugins[] = {
	{ "vaapi", "vaapi", "libgstvaapi.so", "gstreamer1.0-vaapi" },
	{ "va", "va", "libgstva.so", "gstreamer1.0-plugins-bad" },
	{ "nv", "nvcodec", "libgstnvcodec.so", "gstreamer1.0-plugins-bad" },
	{ "x264", "x264", "libgstx264.so", "gstreamer1.0-plugins-ugly" },
	{ "openh264", "openh264", "libgstopenh264.so", "gstreamer1.0-plugins-bad" },
};

struct probe {
	const struct probe_request *request;
	const struct encoder *encoder;
	const struct plugin *plugin;
	struct va_report va;
	struct trial trial;
	struct quality quality;

	const char *code, *package; /* "" while all is well */
	char problem[256];
};

/* False, for the step to return. */
__attribute__((format(printf, 3, 4))) static bool fail(
	struct probe *p, const char *code, const char *format, ...)
{
	char text[800];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	utf8_copy_clean(p->problem, sizeof p->problem, text);
	p->code = code;
	return false;
}

static bool choose(struct probe *p)
{
	const char *element = p->request->element;

	p->encoder = strcmp(element, "auto") != 0 ? encoder_choose(element, 0) : NULL;
	for (size_t i = 0; i < sizeof plugins / sizeof *plugins && !p->plugin; i++)
		if (strncmp(element, plugins[i].prefix, strlen(plugins[i].prefix)) == 0)
			p->plugin = &plugins[i];
	if (!p->encoder || !p->plugin)
		return fail(p, "no-element", "Helix knows no encoder %s", element);
	return true;
}

/* A plugin whose loading crashed or failed stays in the registry under its file's name. */
static bool find_plugin(struct probe *p)
{
	GstPlugin *plugin = gst_registry_find_plugin(gst_registry_get(), p->plugin->name);
	GstPlugin *broken = gst_registry_lookup(gst_registry_get(), p->plugin->file);
	bool is_broken = broken && GST_OBJECT_FLAG_IS_SET(broken, GST_PLUGIN_FLAG_BLACKLISTED);
	bool is_there = plugin;

	g_clear_object(&plugin);
	g_clear_object(&broken);
	if (is_broken)
		return fail(p, "no-element",
			"GStreamer's plugin %s is installed, but crashes or cannot be loaded",
			p->plugin->name);
	if (is_there)
		return true;
	p->package = p->plugin->package;
	return fail(p, "no-plugin", "GStreamer's plugin %s is not installed", p->plugin->name);
}

static bool uses_va(const struct probe *p)
{
	return strncmp(p->plugin->name, "va", 2) == 0;
}

static bool check_va(struct probe *p)
{
	char device[256], codecs[128];

	if (!uses_va(p))
		return true;
	va_report_device(p->request->element, device, sizeof device);
	va_report_make(device, &p->va);
	if (!p->va.works)
		return fail(p, "no-va", "%s", p->va.problem);
	if (va_report_encodes_h264(&p->va))
		return true;
	va_report_codecs(&p->va, false, codecs, sizeof codecs);
	return fail(p, "no-encoder", "the driver %s encodes no H.264 (it decodes %s)", p->va.driver,
		codecs);
}

static bool find_element(struct probe *p)
{
	if (encoder_is_installed(p->encoder))
		return true;
	if (uses_va(p))
		return fail(p, "no-element",
			"GStreamer's plugin %s offers no %s, though the driver %s encodes H.264",
			p->plugin->name, p->request->element, p->va.driver);
	return fail(p, "no-element",
		"GStreamer's plugin %s offers no %s: its driver or device is missing or refuses",
		p->plugin->name, p->request->element);
}

/* Most failures of an encoder come as one of the source, with the place in GStreamer's code, and
 * all that they say is in three words at the end. */
static const char *shorten(struct pipeline_text *why)
{
	char *reason = strstr(why->text, "streaming stopped, reason ");
	size_t size = reason ? strlen(reason) : 0;

	if (!reason)
		return why->text;
	if (reason[size - 1] == ')')
		reason[size - 1] = 0; /* of the one that is open before */
	return reason;
}

static bool encode(struct probe *p)
{
	struct pipeline_text why = { 0 };

	int r = trial_run(&p->trial, p->encoder, p->request, &why);
	if (r == 0)
		return true;
	if (r != -ETIMEDOUT)
		return fail(
			p, "refused", "%s does not encode: %s", p->request->element, shorten(&why));
	if (p->trial.pictures == 0)
		return fail(p, "lost", "%s", why.text);
	return fail(p, "lost", "%s loses pictures: nothing came out for number %zu within a second",
		p->request->element, p->trial.pictures);
}

static bool judge(struct probe *p)
{
	struct quality_text why = { 0 };

	switch (quality_check(&p->trial, &p->quality, &why)) {
	case QUALITY_GOOD: return true;
	case QUALITY_UNDECODABLE: return fail(p, "undecodable", "%s", why.text);
	case QUALITY_WRONG_PICTURE: return fail(p, "wrong-picture", "%s", why.text);
	}
	return false;
}

static int compare_times(const void *a, const void *b)
{
	const uint32_t *left = a, *right = b;

	return (*left > *right) - (*left < *right);
}

static void add_times(cJSON *report, const struct trial *t)
{
	uint32_t sorted[PROBE_PICTURES] = { 0 };
	double total_us = 0, bytes = 0;
	size_t count = t->unit_count, half = count / 2, most = count * 95 / 100;

	for (size_t i = 0; i < count; i++) {
		sorted[i] = t->units[i].took_us;
		total_us += sorted[i];
		bytes += (double)t->units[i].size;
	}
	qsort(sorted, count, sizeof *sorted, compare_times);
	cJSON_AddNumberToObject(report, "first_us", t->units[0].took_us);
	cJSON_AddNumberToObject(report, "p50_us", sorted[half]);
	cJSON_AddNumberToObject(report, "p95_us", sorted[most]);
	cJSON_AddNumberToObject(report, "max_us", sorted[count - 1]);
	if (total_us > 0)
		cJSON_AddNumberToObject(report, "fps", round((double)count * 1e7 / total_us) / 10);
	cJSON_AddNumberToObject(
		report, "kbit", round(bytes * 8 / 1000 * t->max_fps / (double)count));
}

static void add_driver(cJSON *report, const struct va_report *va)
{
	static const char gallium[] = "Mesa Gallium driver ";
	char mesa[32] = "";

	if (strncmp(va->driver, gallium, sizeof gallium - 1) == 0)
		snprintf(mesa, sizeof mesa, "%.*s",
			(int)strcspn(va->driver + sizeof gallium - 1, " "),
			va->driver + sizeof gallium - 1);
	cJSON_AddStringToObject(report, "device", va->device);
	cJSON_AddStringToObject(report, "libva", va->libva);
	cJSON_AddStringToObject(report, "driver", va->driver);
	if (mesa[0])
		cJSON_AddStringToObject(report, "mesa", mesa);
	if (!va->works)
		return;

	cJSON *profiles = cJSON_AddObjectToObject(report, "profiles");
	char codecs[128];
	va_report_codecs(va, false, codecs, sizeof codecs);
	cJSON_AddStringToObject(profiles, "decodes", codecs);
	va_report_codecs(va, true, codecs, sizeof codecs);
	cJSON_AddStringToObject(profiles, "encodes", codecs);
}

static void add_quality(cJSON *report, const struct quality *quality)
{
	cJSON_AddNumberToObject(report, "decoded", quality->decoded);
	cJSON_AddStringToObject(report, "decoder", quality->decoder);
	if (quality->compared)
		cJSON_AddNumberToObject(report, "psnr_db", round(quality->psnr_db * 10) / 10);
	if (!quality->codec[0])
		return;
	cJSON_AddStringToObject(report, "profile", quality->profile);
	cJSON_AddStringToObject(report, "codec", quality->codec);
	if (quality->reordering >= 0)
		cJSON_AddNumberToObject(report, "reordering", quality->reordering);
}

static int print(const struct probe *p)
{
	cJSON *report = cJSON_CreateObject();
	guint major, minor, micro, nano;
	char text[64];

	utf8_copy_clean(text, sizeof text, p->request->element);
	cJSON_AddBoolToObject(report, "ok", !p->code[0]);
	cJSON_AddStringToObject(report, "element", text);
	cJSON_AddStringToObject(report, "title", p->encoder ? p->encoder->title : "");
	cJSON_AddStringToObject(report, "code", p->code);
	cJSON_AddStringToObject(report, "problem", p->problem);
	if (p->package[0])
		cJSON_AddStringToObject(report, "package", p->package);
	gst_version(&major, &minor, &micro, &nano);
	snprintf(text, sizeof text, "%u.%u.%u", major, minor, micro);
	cJSON_AddStringToObject(report, "gstreamer", text);
	if (p->va.device[0])
		add_driver(report, &p->va);
	cJSON_AddNumberToObject(report, "width", p->request->width_px);
	cJSON_AddNumberToObject(report, "height", p->request->height_px);
	cJSON_AddNumberToObject(report, "pictures", (double)p->trial.pictures);
	cJSON_AddNumberToObject(report, "units", (double)p->trial.unit_count);
	if (p->trial.unit_count)
		add_times(report, &p->trial);
	add_quality(report, &p->quality);
	int r = report_write(report, p->request->fd);
	cJSON_Delete(report);
	return r;
}

int probe_run(const struct probe_request *request)
{
	struct probe p = {
		.request = request,
		.code = "",
		.package = "",
		.trial.arrived = -1,
		.quality = { .decoder = "", .reordering = -1 },
	};

	bool works = choose(&p) && find_plugin(&p) && check_va(&p) && find_element(&p) &&
		encode(&p) && judge(&p);
	if (!works)
		log_debug("probe: %s: %s", p.code, p.problem);
	/* To let go of an encoder that works is part of the trial: the stream does it at each new
	 * size. One that does not might hang in there, and what it did must be told. */
	if (works)
		trial_done(&p.trial);
	return print(&p);
}
