/* The encoders we know: one description each, best first.
 *
 * Threads: main thread only. Ownership: descriptions are static. */
#pragma once

#include "staging.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct _GstElement;

struct encoder_settings {
	uint32_t width_px, height_px, max_fps, bitrate_kbit;
};

struct encoder_property {
	const char *name, *value;
};

struct encoder {
	const char *element; /* GStreamer's name, and ours */
	const char *title;   /* for people */
	enum staging_layout layout;

	/* For the least delay; ends with a name of NULL. Those that the element of this GStreamer
	 * does not have are left out. */
	const struct encoder_property *properties;
	const char *threads_property;
	const char *slices_property; /* NULL where the threads decide */

	const char *bitrate_property;
	uint32_t bitrate_unit; /* of the property, in bit/s */
};

/* The encoder at `index` of those that `name` stands for ("auto": all); NULL behind the last. */
const struct encoder *encoder_choose(const char *name, size_t index);

/* Whether this GStreamer has it. gst_init() must have been called. */
bool encoder_is_installed(const struct encoder *encoder);

/* The element, set up and without a parent; NULL when there is none. */
struct _GstElement *encoder_make(
	const struct encoder *encoder, const struct encoder_settings *settings);

/* From the next picture on, without a key frame; but OpenH264 makes one at the first change. */
void encoder_set_bitrate(const struct encoder *encoder, struct _GstElement *element, uint32_t kbit);
