/* What a person can do about an encoder that does not work, by the reason that the probe found.
 *
 * Threads: any; no shared state. Pure. */
#pragma once

#include "core/candidates.h"
#include "core/machine.h"

#include <stddef.h>

/* What failed, besides the codes of helix-encoder's report (agent/encoder/probe.h). */
#define ADVICE_HANG  "hang"
#define ADVICE_CRASH "crash"

/* Beginnings of commands, without a full stop: "apt install gstreamer1.0-vaapi"; "" when nothing is
 * known. `package` (Debian's name of what is missing) and `gstreamer` (its version) may be "".
 * Truncates. */
void advice_for(const struct machine *machine, const struct candidate *candidate, const char *code,
	const char *package, const char *gstreamer, char *buffer, size_t size);

/* The same for a node in /dev/dri that this user may not open. */
void advice_for_node(const struct machine *machine, const char *node, char *buffer, size_t size);

/* The oldest Windows drivers with encoding, of the vendors (enum machine_vendor) of this machine:
 * "NVIDIA 526.47 or newer". Truncates. */
void advice_windows_drivers(unsigned vendors, char *buffer, size_t size);
