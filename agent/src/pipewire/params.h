/* The parameters that the capture stream negotiates. Only for pipewire/. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pw_stream;
struct spa_pod;

/* The picture format we ask for: any of the four-byte pixel orders; frames when something changes,
 * at most max_fps; this very size, so that a virtual monitor takes it, or, for a monitor that has
 * a size of its own, `any_size`. Built in `buffer`. */
const struct spa_pod *params_format(uint8_t *buffer, size_t size, uint32_t width_px,
	uint32_t height_px, bool any_size, uint32_t max_fps);

/* Buffers in memfds, and the metadata we read: header, damage, cursor. */
void params_offer_buffers(struct pw_stream *stream);
