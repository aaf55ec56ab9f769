/* VA for D3D12 on a kernel without DRM: how and why is told in va_without_drm.c.
 *
 * Threads: main thread only, before gst_init(). */
#pragma once

/* From now on libva takes /dev/null for a render node. */
void va_without_drm_enable(void);
