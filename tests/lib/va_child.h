/* helix-encoder on the software VA driver (tests/fixtures/va-software), in both ways that VA
 * elements take to a device on a machine without one.
 *
 * Threads: one. Ownership: the test's, in its own memory. A driver that is not built ends the test
 * by abort(). */
#pragma once

#include "lib/encoder_child.h"

enum va_way {
	VA_WITHOUT_DRM, /* vaapih264enc on /dev/null, as agent/encoder/va_without_drm.c has it */
	VA_FAKE_NODE,   /* vah264enc on a render node that is faked */
	VA_WAYS,
	VA_UNTOLD = VA_WAYS, /* no way: VA_WITHOUT_DRM, but the encoder is not told */
};

struct va_child {
	struct encoder_child child;
	char directory[32]; /* for the registry, the faults and the driver's log */
};

/* The element that goes this way. */
const char *va_way_element(enum va_way way);

/* Starts the encoder; `headers` is how often the driver writes SPS and PPS (SOFTVA_HEADERS). */
void va_child_start(struct va_child *va, enum va_way way, const char *headers);

/* As encoder_child_stop(); takes the directory away. */
int va_child_stop(struct va_child *va);

/* From the next call on the driver fails like this (tests/fixtures/va-software/fault_text.h);
 * NULL: it works. */
void va_child_break(const struct va_child *va, const char *faults);
