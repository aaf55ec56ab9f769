#include "encoders.h"

#include "sys/log.h"

#include <fnmatch.h>
#include <gst/gst.h>
#include <gst/video/video.h>
#include <stdio.h>
#include <string.h>

#define MAX_THREADS 4
/* What bounds a single picture: as much as the bitrate carries in this time. */
#define BUFFER_MSEC      120
#define BUFFER_MSEC_TEXT "120"

/* No profile is asked for anywhere: what drivers offer differs, and the agent reads the SPS.
 *
 * A keyframe-period of 0 would be one IDR each second, and Mesa's D3D12 writes an invalid SPS for
 * more than 32768. So one IDR comes unasked every nine minutes at 60 pictures a second. */
static const struct encoder_property vaapi_properties[] = {
	{ "rate-control", "cbr" },
	{ "keyframe-period", "32768" },
	{ "max-bframes", "0" },
	{ "refs", "1" },
	{ "cpb-length", BUFFER_MSEC_TEXT },
	{ "quality-level", "7" },
	{ "num-slices", "1" },
	{ "cabac", "true" },
	{ "dct8x8", "false" },
	{ "aud", "false" },
	{ NULL, NULL },
};

static const struct encoder_property va_properties[] = {
	{ "rate-control", "cbr" },
	{ "key-int-max", "1024" },
	{ "b-frames", "0" },
	{ "ref-frames", "1" },
	{ "target-usage", "7" },
	{ "num-slices", "1" },
	{ "cabac", "true" },
	{ "dct8x8", "false" },
	{ "cc-insert", "false" },
	{ "aud", "false" },
	{ NULL, NULL },
};

/* Its presets got other names in GStreamer 1.26, with which `tune` came. The VBV is left to it,
 * because it would have to follow the bitrate, and a new size begins a new session. */
static const struct encoder_property nv_properties[] = {
	{ "preset", "low-latency-hq" },
	{ "preset", "p3" },
	{ "tune", "ultra-low-latency" },
	{ "zerolatency", "true" },
	{ "rc-mode", "cbr" },
	{ "gop-size", "-1" },
	{ "bframes", "0" },
	{ "rc-lookahead", "0" },
	{ "aud", "false" },
	{ NULL, NULL },
};

/* Presets, medians of five runs with one page of text at 8000 kbit/s on two shared cores (1280x720,
 * 1920x1080; the milliseconds swing by half): ultrafast 2.3 and 4.7 ms a scrolled picture,
 * superfast 3.6 and 5.7, veryfast 4.2 and 8.6. Ultrafast takes 1.6 and 1.9 times the bits of
 * superfast. Right after a change of the whole page veryfast is 9 and 2 dB better than superfast,
 * but takes 11 and 22 ms instead of 7 and 16: too near to a frame's time to leave room for anything
 * else.
 *
 * Constant quality below a ceiling (pass=qual with the VBV that the bitrate makes), not constant
 * bitrate: that would pay for time in which nothing happened, and polish a still picture for ever.
 * A buffer of 120 ms is what bounds a single changed picture: 45 to 60 kB at 8000 kbit/s, 75 kB for
 * an IDR. A key frame is made when it is asked for, and never else. */
static const struct encoder_property x264_properties[] = {
	{ "speed-preset", "superfast" },
	{ "tune", "zerolatency" },
	{ "sliced-threads", "true" },
	{ "pass", "qual" },
	{ "quantizer", "20" },
	{ "vbv-buf-capacity", BUFFER_MSEC_TEXT },
	{ "key-int-max", "1073741824" }, /* X264_KEYINT_MAX_INFINITE */
	{ "bframes", "0" },
	{ "byte-stream", "true" },
	{ "aud", "false" },
	{ "option-string", "scenecut=0" },
	{ NULL, NULL },
};

/* Its bitrate mode holds the mean over a second, but lets a single picture cost what it wants and
 * starves those that follow: no IDR is coarser than a quantizer of 37, which is 80 kB for a page of
 * 640x360 and 270 kB at 1280x720. The floor of qp-min keeps a changed page of 1280x720 below 200
 * kB. Its mode for screen content takes four times as long. */
static const struct encoder_property openh264_properties[] = {
	{ "complexity", "low" },
	{ "rate-control", "bitrate" },
	{ "qp-min", "22" },
	{ "gop-size", "0" },
	{ "enable-frame-skip", "false" },
	{ "scene-change-detection", "false" },
	{ "slice-mode", "n-slices" },
	{ NULL, NULL },
};

static const struct encoder encoders[] = {
	{
		.element = "vaapih264enc",
		.title = "VAAPI",
		.layout = STAGING_NV12,
		.is_hardware = true,
		.properties = vaapi_properties,
		.bitrate_property = "bitrate",
		.bitrate_unit = 1000,
		.bitrate_makes_key = true,
	},
	{
		.element = "vah264enc",
		.title = "VA",
		.layout = STAGING_NV12,
		.is_hardware = true,
		.properties = va_properties,
		.bitrate_property = "bitrate",
		.bitrate_unit = 1000,
		.buffer_property = "cpb-size",
		.bitrate_makes_key = true,
		.key_event_since = 1 << 16 | 24 << 8 | 5,
	},
	{
		.element = "nvh264enc",
		.title = "NVENC",
		.layout = STAGING_NV12,
		.is_hardware = true,
		.properties = nv_properties,
		.bitrate_property = "bitrate",
		.bitrate_unit = 1000,
		.bitrate_makes_key = true, /* before 1.26 */
	},
	{
		.element = "x264enc",
		.title = "x264 (software)",
		.layout = STAGING_NV12,
		.properties = x264_properties,
		.threads_property = "threads",
		.bitrate_property = "bitrate",
		.bitrate_unit = 1000,
	},
	{
		/* Left alone its maximum becomes that of the highest level, and the next new
		 * bitrate finds that this needs the highest level: it begins anew, with an IDR of
		 * up to 200 kB. With the maximum near the bitrate the level stays what the size
		 * needs, until the bitrate itself needs more. */
		.element = "openh264enc",
		.title = "OpenH264 (software)",
		.layout = STAGING_I420,
		.properties = openh264_properties,
		.threads_property = "multi-thread",
		.slices_property = "num-slices",
		.bitrate_property = "bitrate",
		.bitrate_unit = 1,
		.max_bitrate_property = "max-bitrate",
	},
};

const struct encoder *encoder_known(size_t index)
{
	return index < sizeof encoders / sizeof *encoders ? &encoders[index] : NULL;
}

/* The plugin names the elements of all GPUs but the first by their nodes. */
static const struct encoder *on_another_gpu(const char *name)
{
	static struct encoder another;
	const struct encoder *encoder;

	if (fnmatch("va?*h264enc", name, 0) != 0)
		return NULL;
	for (size_t i = 0; (encoder = encoder_known(i)); i++)
		if (!strcmp(encoder->element, "vah264enc"))
			another = *encoder;
	another.element = g_intern_string(name);
	return &another;
}

const struct encoder *encoder_choose(const char *name, size_t index)
{
	bool is_auto = !strcmp(name, "auto"), is_known = is_auto;
	const struct encoder *encoder;

	for (size_t i = 0, left = index; (encoder = encoder_known(i)); i++) {
		bool is_named = !strcmp(name, encoder->element);

		is_known = is_known || is_named;
		if ((is_named || (is_auto && !encoder->is_hardware)) && left-- == 0)
			return encoder;
	}
	return is_known || index > 0 ? NULL : on_another_gpu(name);
}

bool encoder_is_installed(const struct encoder *encoder)
{
	GstElementFactory *factory = gst_element_factory_find(encoder->element);

	if (factory)
		gst_object_unref(factory);
	return factory;
}

uint32_t encoder_gstreamer_version(void)
{
	guint major, minor, micro, nano;

	gst_version(&major, &minor, &micro, &nano);
	return major << 16 | minor << 8 | micro;
}

static void set_property(GstElement *element, const char *name, const char *value)
{
	GParamSpec *spec = g_object_class_find_property(G_OBJECT_GET_CLASS(element), name);
	GValue parsed = G_VALUE_INIT;

	if (!spec) {
		log_debug("encoders: %s has no property %s", GST_ELEMENT_NAME(element), name);
		return;
	}
	g_value_init(&parsed, spec->value_type);
	if (gst_value_deserialize(&parsed, value))
		g_object_set_property(G_OBJECT(element), name, &parsed);
	else
		log_debug(
			"encoders: %s of %s cannot be %s", name, GST_ELEMENT_NAME(element), value);
	g_value_unset(&parsed);
}

GstElement *encoder_make(const struct encoder *encoder, const struct encoder_settings *settings)
{
	GstElement *element = gst_element_factory_make(encoder->element, NULL);

	if (!element)
		return NULL;
	for (const struct encoder_property *p = encoder->properties; p->name; p++)
		set_property(element, p->name, p->value);

	char threads[16];
	unsigned cores = g_get_num_processors();
	snprintf(threads, sizeof threads, "%u", cores < MAX_THREADS ? cores : MAX_THREADS);
	if (encoder->threads_property)
		set_property(element, encoder->threads_property, threads);
	if (encoder->slices_property)
		set_property(element, encoder->slices_property, threads);
	encoder_set_bitrate(encoder, element, settings->bitrate_kbit);
	return element;
}

static void set_number(GstElement *element, const char *name, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof text, "%llu", (unsigned long long)value);
	if (name)
		set_property(element, name, text);
}

void encoder_set_bitrate(const struct encoder *encoder, GstElement *element, uint32_t kbit)
{
	uint64_t value = (uint64_t)kbit * 1000 / encoder->bitrate_unit;

	set_number(element, encoder->buffer_property, (uint64_t)kbit * BUFFER_MSEC / 1000);
	set_number(element, encoder->max_bitrate_property, value);
	set_number(element, encoder->bitrate_property, value);
}

/* Going upstream, the event takes effect at once; downstream it would queue in appsrc. */
void encoder_force_key(
	const struct encoder *encoder, GstElement *element, unsigned count, uint32_t kbit)
{
	if (encoder_gstreamer_version() < encoder->key_event_since)
		encoder_set_bitrate(encoder, element, kbit);
	else
		gst_element_send_event(element,
			gst_video_event_new_upstream_force_key_unit(
				GST_CLOCK_TIME_NONE, TRUE, count));
}
