#include "decode.h"

#include <errno.h>
#include <gst/app/gstappsink.h>
#include <gst/app/gstappsrc.h>
#include <gst/video/video.h>
#include <stdbool.h>
#include <stdio.h>

#define PICTURE_DEADLINE (2 * GST_SECOND)

struct chain {
	GstElement *bin, *source, *sink;
};

static bool has_element(const char *name)
{
	GstElementFactory *factory = gst_element_factory_find(name);

	if (factory)
		gst_object_unref(factory);
	return factory;
}

const char *decode_find(void)
{
	static const char *const decoders[] = { "avdec_h264", "openh264dec" };

	for (size_t i = 0; i < sizeof decoders / sizeof *decoders; i++)
		if (has_element(decoders[i]))
			return decoders[i];
	return NULL;
}

/* The bin owns each element as soon as it is added, whatever follows. */
static int build(struct chain *c, const char *decoder)
{
	GstElement *chain[] = {
		gst_element_factory_make("appsrc", NULL),
		gst_element_factory_make("h264parse", NULL),
		gst_element_factory_make(decoder, NULL),
		gst_element_factory_make("appsink", NULL),
	};
	bool is_complete = true;

	c->bin = gst_pipeline_new(NULL);
	c->source = chain[0];
	c->sink = chain[3];
	for (int i = 0; i < 4; i++) {
		if (chain[i])
			gst_bin_add(GST_BIN(c->bin), chain[i]);
		else
			is_complete = false;
	}
	if (!is_complete)
		return -ENOENT;
	GstCaps *caps =
		gst_caps_from_string("video/x-h264, stream-format=byte-stream, alignment=au");
	g_object_set(
		c->source, "caps", caps, "format", GST_FORMAT_TIME, "max-bytes", (guint64)0, NULL);
	gst_caps_unref(caps);
	caps = gst_caps_from_string("video/x-raw, format={ I420, YV12, NV12 }");
	g_object_set(c->sink, "caps", caps, "sync", FALSE, "max-buffers", 2, NULL);
	gst_caps_unref(caps);
	return gst_element_link_many(chain[0], chain[1], chain[2], chain[3], NULL) ? 0 : -EIO;
}

/* All of them, which is no more than a second or two of a stream; the picture's number is its time
 * in milliseconds. */
static int push_all(struct chain *c, const struct decode_unit *units, size_t count)
{
	GstAppSrc *source = GST_APP_SRC(c->source);

	for (size_t i = 0; i < count; i++) {
		GstBuffer *buffer = gst_buffer_new_memdup(units[i].bytes, units[i].size);

		GST_BUFFER_PTS(buffer) = GST_BUFFER_DTS(buffer) = i * GST_MSECOND;
		if (gst_app_src_push_buffer(source, buffer) != GST_FLOW_OK)
			return -EIO;
	}
	return gst_app_src_end_of_stream(source) == GST_FLOW_OK ? 0 : -EIO;
}

static int hand_over(GstSample *sample, decode_picture_fn *on_picture, void *owner)
{
	GstBuffer *buffer = gst_sample_get_buffer(sample);
	GstVideoInfo info;
	GstVideoFrame frame;

	if (!gst_video_info_from_caps(&info, gst_sample_get_caps(sample)) ||
		!gst_video_frame_map(&frame, &info, buffer, GST_MAP_READ))
		return -EIO;
	struct decode_picture picture = {
		.number = (size_t)(GST_BUFFER_PTS(buffer) / GST_MSECOND),
		.luma = GST_VIDEO_FRAME_PLANE_DATA(&frame, 0),
		.stride_bytes = (uint32_t)GST_VIDEO_FRAME_PLANE_STRIDE(&frame, 0),
		.width_px = (uint32_t)GST_VIDEO_FRAME_WIDTH(&frame),
		.height_px = (uint32_t)GST_VIDEO_FRAME_HEIGHT(&frame),
	};
	on_picture(owner, &picture);
	gst_video_frame_unmap(&frame);
	return 0;
}

/* What the bus says, where it says anything. */
static void explain(struct chain *c, const char *otherwise, struct decode_text *ret_why)
{
	GstBus *bus = gst_element_get_bus(c->bin);
	GstMessage *message = gst_bus_pop_filtered(bus, GST_MESSAGE_ERROR);
	GError *error = NULL;

	if (message)
		gst_message_parse_error(message, &error, NULL);
	snprintf(ret_why->text, sizeof ret_why->text, "%s", error ? error->message : otherwise);
	g_clear_error(&error);
	if (message)
		gst_message_unref(message);
	gst_object_unref(bus);
}

static int pull_all(struct chain *c, decode_picture_fn *on_picture, void *owner)
{
	GstAppSink *sink = GST_APP_SINK(c->sink);
	GstSample *sample;
	int count = 0;

	while ((sample = gst_app_sink_try_pull_sample(sink, PICTURE_DEADLINE))) {
		int r = hand_over(sample, on_picture, owner);

		gst_sample_unref(sample);
		if (r < 0)
			return r;
		count++;
	}
	return gst_app_sink_is_eos(sink) ? count : -ETIMEDOUT;
}

int decode_stream(const char *decoder, const struct decode_unit *units, size_t count,
	decode_picture_fn *on_picture, void *owner, struct decode_text *ret_why)
{
	struct chain c = { 0 };

	int r = build(&c, decoder);
	if (r == 0 && gst_element_set_state(c.bin, GST_STATE_PLAYING) == GST_STATE_CHANGE_FAILURE)
		r = -EIO;
	if (r == 0)
		r = push_all(&c, units, count);
	if (r == 0)
		r = pull_all(&c, on_picture, owner);
	if (r < 0 || (size_t)r < count)
		explain(&c, "it gave no reason", ret_why);
	gst_element_set_state(c.bin, GST_STATE_NULL);
	gst_object_unref(c.bin);
	return r;
}
