/* H.264 byte streams (Rec. ITU-T H.264, Annex B), as far as an agent must know them: where the NAL
 * units are, what an SPS says, and how to make it say that pictures are never reordered.
 *
 * Threads: any; no shared state. Never allocates. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define H264_MAX_PARAMETER_SET 512
#define H264_CODEC_STRING_SIZE 12 /* "avc1.42C01F" and a NUL */

enum h264_nal_type {
	H264_NAL_SLICE = 1,
	H264_NAL_IDR = 5,
	H264_NAL_SEI = 6,
	H264_NAL_SPS = 7,
	H264_NAL_PPS = 8,
	H264_NAL_AUD = 9,
};

/* One NAL unit: from its header byte to its last byte, without start code or trailing zeroes. */
struct h264_nal {
	const uint8_t *bytes;
	size_t size;
	enum h264_nal_type type; /* any value of 0..31 */
};

/* Rec. ITU-T H.273 code points, to be written into the VUI. */
struct h264_colour {
	uint8_t primaries, transfer, matrix;
	bool full_range;
};

/* What we want to know of an SPS. */
struct h264_sps {
	uint8_t profile_idc, constraints, level_idc;
	uint32_t width_px, height_px; /* after cropping */
	uint32_t max_num_ref_frames;
	bool has_bitstream_restriction;
	uint32_t max_num_reorder_frames; /* only with has_bitstream_restriction */
	uint32_t max_dec_frame_buffering;
	bool has_colour;
	struct h264_colour colour;
};

/* The next NAL unit of an Annex-B stream at or behind *position, which moves behind it. False at
 * the end. Start *position at 0. */
bool h264_next_nal(const uint8_t *stream, size_t size, size_t *position, struct h264_nal *ret_nal);

/* -EBADMSG when the NAL is no SPS or breaks the syntax; -ENOTSUP for syntax that no encoder of ours
 * writes and that we do not follow (e.g. a profile with separate colour planes is fine, SVC is
 * not). */
int h264_parse_sps(const struct h264_nal *sps, struct h264_sps *ret_sps);

/* Rewrite an SPS so that it carries VUI bitstream_restriction with max_num_reorder_frames 0 and
 * max_dec_frame_buffering = max(1, max_num_ref_frames), and the given colour description. All else
 * is kept bit for bit. Writes a NAL unit without start code; returns its size, -ENOSPC when
 * `capacity` is too small, or the errors of h264_parse_sps. */
int h264_normalise_sps(const struct h264_nal *sps, const struct h264_colour *colour,
	uint8_t *buffer, size_t capacity);

/* "avc1.PPCCLL" of RFC 6381 from the three bytes behind the SPS header. */
void h264_codec_string(const struct h264_sps *sps, char ret_string[H264_CODEC_STRING_SIZE]);

/* The last SPS and PPS seen in a stream, normalised, so that every IDR can carry them. */
struct h264_parameter_sets {
	struct h264_colour colour;
	uint8_t sps[H264_MAX_PARAMETER_SET];
	size_t sps_size;
	uint8_t pps[H264_MAX_PARAMETER_SET];
	size_t pps_size;
	struct h264_sps info; /* of sps; valid when sps_size > 0 */
};

/* Room that h264_prepare_unit needs in front of the access unit. */
#define H264_HEADROOM (2 * (H264_MAX_PARAMETER_SET + 4))

/* Make an encoder's access unit fit for a viewer: remember and normalise SPS and PPS found in it,
 * and see to it that an IDR begins with SPS then PPS, each once. AUD and SEI units, which only
 * cost, are dropped. Works in place: [*unit - H264_HEADROOM, *unit + *size) belongs to the caller
 * and may be written; *unit and *size move to the result.
 *
 * *ret_key tells whether the unit is an IDR. *ret_changed tells whether the SPS or PPS differ from
 * those before (a new STREAM message is due). -EBADMSG when there is no slice in it or the
 * SPS is broken, -ENOTSUP for parameter sets that we do not follow or that are too big, -ENODATA
 * for an IDR when no SPS and PPS were ever seen. On failure the bytes of the unit are undefined. */
int h264_prepare_unit(struct h264_parameter_sets *sets, uint8_t **unit, size_t *size, bool *ret_key,
	bool *ret_changed);
