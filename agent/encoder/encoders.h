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

	/* A driver does the work. It may lose a picture without a word, and it is not worth a long
	 * wait, because something else can encode. */
	bool is_hardware;

	/* For the least delay; ends with a name of NULL. Those that the element of this GStreamer
	 * does not have, and values that it does not know, are left out. A name may come twice: the
	 * last value that is known counts. */
	const struct encoder_property *properties;
	const char *threads_property;
	const char *slices_property; /* NULL where the threads decide */

	const char *bitrate_property;
	uint32_t bitrate_unit;            /* of the property, in bit/s */
	const char *max_bitrate_property; /* in the same unit; NULL where none has to follow */
	const char *buffer_property; /* VBV in kbit; NULL where it is a time or is left alone */

	/* Each new bitrate begins with an IDR. */
	bool bitrate_makes_key;
	/* Of GStreamer, major << 16 | minor << 8 | micro: before it a forced key unit makes no IDR,
	 * but to set the bitrate does, even to what it is. 0: the event always worked. */
	uint32_t key_event_since;
};

/* The encoder at `index` of those that `name` stands for; NULL behind the last. "auto": those that
 * need no hardware, because which hardware to use is the agent's decision. An element of a further
 * GPU ("varenderD129h264enc") is the same encoder under its own name; such a description is valid
 * until the next one is asked for. */
const struct encoder *encoder_choose(const char *name, size_t index);

/* The whole table, best first; NULL behind the last. */
const struct encoder *encoder_known(size_t index);

/* Whether this GStreamer has it. gst_init() must have been called. */
bool encoder_is_installed(const struct encoder *encoder);

/* Of GStreamer: major << 16 | minor << 8 | micro. */
uint32_t encoder_gstreamer_version(void);

/* The element, set up and without a parent; NULL when there is none. */
struct _GstElement *encoder_make(
	const struct encoder *encoder, const struct encoder_settings *settings);

/* From the next picture on. */
void encoder_set_bitrate(const struct encoder *encoder, struct _GstElement *element, uint32_t kbit);

/* Make the next picture an IDR. Nothing may be under way in the element. `count` differs from one
 * call to the next; `kbit` is the bitrate as it was set last. */
void encoder_force_key(
	const struct encoder *encoder, struct _GstElement *element, unsigned count, uint32_t kbit);
