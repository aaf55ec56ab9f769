#include "encoders.h"

#include "sys/log.h"

#include <gst/gst.h>
#include <stdio.h>
#include <string.h>

#define MAX_THREADS 4

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
	{ "vbv-buf-capacity", "120" },
	{ "key-int-max", "1073741824" }, /* X264_KEYINT_MAX_INFINITE */
	{ "bframes", "0" },
	{ "byte-stream", "true" },
	{ "aud", "false" },
	{ "option-string", "scenecut=0" },
	{ NULL, NULL },
};

/* Its bitrate mode holds the mean, but lets a single picture cost what it wants; the floor of
 * qp-min is all that keeps a changed page of 1280x720 from being 200 kB. With a qp-min of 0, or for
 * screen content, it does not hold the bitrate at all: 8000 and 17000 kbit/s of noise for 1000
 * asked. */
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
		.element = "x264enc",
		.title = "x264 (software)",
		.layout = STAGING_NV12,
		.properties = x264_properties,
		.threads_property = "threads",
		.bitrate_property = "bitrate",
		.bitrate_unit = 1000,
	},
	{
		.element = "openh264enc",
		.title = "OpenH264 (software)",
		.layout = STAGING_I420,
		.properties = openh264_properties,
		.threads_property = "multi-thread",
		.slices_property = "num-slices",
		.bitrate_property = "bitrate",
		.bitrate_unit = 1,
	},
};

const struct encoder *encoder_choose(const char *name, size_t index)
{
	for (size_t i = 0; i < sizeof encoders / sizeof *encoders; i++) {
		if (strcmp(name, "auto") != 0 && strcmp(name, encoders[i].element) != 0)
			continue;
		if (index-- == 0)
			return &encoders[i];
	}
	return NULL;
}

bool encoder_is_installed(const struct encoder *encoder)
{
	GstElementFactory *factory = gst_element_factory_find(encoder->element);

	if (factory)
		gst_object_unref(factory);
	return factory;
}

static void set_property(GstElement *element, const char *name, const char *value)
{
	if (g_object_class_find_property(G_OBJECT_GET_CLASS(element), name))
		gst_util_set_object_arg(G_OBJECT(element), name, value);
	else
		log_debug("encoders: %s has no property %s", GST_ELEMENT_NAME(element), name);
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

void encoder_set_bitrate(const struct encoder *encoder, GstElement *element, uint32_t kbit)
{
	uint64_t value = (uint64_t)kbit * 1000 / encoder->bitrate_unit;

	g_object_set(element, encoder->bitrate_property, (guint)value, NULL);
}
