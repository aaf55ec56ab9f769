/* helix-encoder --probe ELEMENT: does it really encode, how fast, and are the pictures right?
 *
 * Encodes PROBE_PICTURES pictures of a moving desktop (scene.h; they are converted like any other
 * picture) through the pipeline that serves the agent, one after another, at the wanted size. The
 * access units are parsed, decoded by GStreamer (avdec_h264, else openh264dec, else not at all) and
 * compared with what went in. The bitrate is the wanted one, but 20 bits for 1000 pixels at least:
 * with less, no encoder's picture is the one that went in. One JSON object of at most 4 KiB goes to
 * `fd`:
 *
 *	{"ok":true, "element":"vaapih264enc", "title":"VAAPI", "code":"", "problem":"",
 *	 "gstreamer":"1.22.0", "device":"/dev/dri/renderD128", "libva":"1.17.0",
 *	 "driver":"Mesa Gallium driver 25.0.7 for D3D12 (...)", "mesa":"25.0.7",
 *	 "profiles":{"decodes":"H.264, HEVC","encodes":"H.264"}, "width":1280, "height":720,
 *	 "pictures":60, "units":60, "decoded":60, "decoder":"avdec_h264", "psnr_db":41.2,
 *	 "first_us":5100, "p50_us":2100, "p95_us":3000, "max_us":5100, "fps":310.5, "kbit":7400,
 *	 "profile":"high", "codec":"avc1.64001f", "reordering":0}
 *
 * The times are from the converted picture handed over until its access unit is there; "fps" is
 * what they would give, and "kbit" the bitrate at the wanted rate of pictures. "device" to
 * "profiles" are there only where the element uses VA, as far as that came; "reordering" only where
 * the encoder's SPS says it. When "ok" is false, "code" and "problem" (a sentence for people,
 * without a full stop) say why, and figures may be missing:
 *
 *	no-plugin	GStreamer's plugin is not installed; "package" names Debian's
 *	no-element	the plugin is there but offers no encoder: driver or device refused
 *	no-va		libva cannot open the device, or its driver does not start
 *	no-encoder	VA works, but offers no H.264 encoding
 *	refused		building the pipeline, or a picture, ended in an error
 *	lost		fewer access units than pictures
 *	undecodable	what came out is not H.264 that a decoder takes
 *	wrong-picture	the decoded pictures are not those that were encoded (PSNR of the means of
 *			their 8x8 blocks below 20 dB)
 *
 * Threads: main thread only. */
#pragma once

#include <stdint.h>

#define PROBE_PICTURES 60

struct probe_request {
	const char *element;
	uint32_t width_px, height_px, max_fps, bitrate_kbit;
	int fd; /* where the report goes; stays the caller's */
};

/* 0 when a report was written, whatever it says; a negative errno when it could not be. A driver
 * may crash or hang the process: whoever started it knows then. */
int probe_run(const struct probe_request *request);
