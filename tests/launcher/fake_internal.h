/* Between the parts of the fake PC: fake_pc.c is what a test sees, fake_platform.c the seam,
 * fake_wsl.c the seam's wsl.exe, fake_server.c its downloads.
 *
 * Threads: one. */
#pragma once

#include "fake_platform.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* At the beginning of each call of the seam; here a run is cancelled or cut short. False when the
 * call must end with PLAT_CANCELLED: only of those that can take long. */
bool fake_call(bool can_be_cancelled);
/* Whether this call is cut short in its middle: do the half of it, then fake_call_end(). */
bool fake_is_midway(void);
/* At the end of calls that can be cut in their middle. False likewise. */
bool fake_call_end(void);

/* As plat_sha256() tells it. */
void fake_hash(const uint8_t *bytes, size_t size, char hex[65]);
/* What the server has, when it is right. */
void fake_server_image(uint8_t bytes[FAKE_IMAGE_SIZE]);
