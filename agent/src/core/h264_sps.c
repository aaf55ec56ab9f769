#include "core/h264.h"
#include "core/h264_bits.h"

#include <errno.h>

#define EXTENDED_SAR             255  /* Table E-1 */
#define UNSPECIFIED_VIDEO_FORMAT 5    /* Table E-2 */
#define MAX_SIZE_MBS             1055 /* sqrt(8 * MaxFS) of level 6.2 (A.3.1 f) */
#define MAX_RBSP                 (H264_MAX_PARAMETER_SET + 64)

/* Where in the RBSP the parts lie that a rewrite replaces: bit positions. */
struct layout {
	size_t vui_flag; /* vui_parameters_present_flag */
	bool has_vui;
	size_t vui;                /* its first bit */
	size_t signal, signal_end; /* video_signal_type_present_flag and what it guards */
	uint32_t video_format;
	size_t restriction, restriction_end; /* bitstream_restriction_flag and what it guards */
	size_t limits, limits_end; /* in there: motion_vectors.. to log2_max_mv_length_vertical */
};

/* The two lists of profiles in 7.3.2.1.1, less those of SVC, MVC and 3D (Annexes F to I). */
static bool is_profile_we_follow(uint8_t profile_idc)
{
	switch (profile_idc) {
	case 44:
	case 66:
	case 77:
	case 88:
	case 100:
	case 110:
	case 122:
	case 244: return true;
	default: return false;
	}
}

static bool has_chroma_format(uint8_t profile_idc)
{
	return profile_idc != 66 && profile_idc != 77 && profile_idc != 88;
}

/* scaling_list() (7.3.2.1.1.1) */
static void skip_scaling_list(struct bit_reader *r, unsigned size)
{
	int32_t last = 8, next = 8;

	for (unsigned i = 0; i < size && !r->broken; i++) {
		if (next) {
			int32_t delta = bits_read_se(r);

			if (delta < -128 || delta > 127) {
				r->broken = true;
				return;
			}
			next = (last + delta + 256) % 256;
		}
		last = next ? next : last;
	}
}

struct chroma {
	uint32_t format_idc;
	bool is_separate;
};

static void read_chroma(struct bit_reader *r, struct chroma *ret)
{
	ret->format_idc = bits_read_ue(r);
	if (ret->format_idc > 3)
		r->broken = true;
	if (ret->format_idc == 3)
		ret->is_separate = bits_read_flag(r);
	if (bits_read_ue(r) > 6) /* bit_depth_luma_minus8 */
		r->broken = true;
	if (bits_read_ue(r) > 6) /* bit_depth_chroma_minus8 */
		r->broken = true;
	bits_read_flag(r);      /* qpprime_y_zero_transform_bypass_flag */
	if (!bits_read_flag(r)) /* seq_scaling_matrix_present_flag */
		return;
	for (unsigned i = 0; i < (ret->format_idc == 3 ? 12 : 8) && !r->broken; i++)
		if (bits_read_flag(r))
			skip_scaling_list(r, i < 6 ? 16 : 64);
}

static void skip_picture_order(struct bit_reader *r)
{
	uint32_t type = bits_read_ue(r);

	if (type > 2)
		r->broken = true;
	if (type == 0 && bits_read_ue(r) > 12) /* log2_max_pic_order_cnt_lsb_minus4 */
		r->broken = true;
	if (type != 1)
		return;
	bits_read_flag(r); /* delta_pic_order_always_zero_flag */
	bits_read_se(r);   /* offset_for_non_ref_pic */
	bits_read_se(r);   /* offset_for_top_to_bottom_field */
	uint32_t count = bits_read_ue(r);
	if (count > 255)
		r->broken = true;
	for (uint32_t i = 0; i < count && !r->broken; i++)
		bits_read_se(r); /* offset_for_ref_frame[i] */
}

/* One edge pair of frame_cropping: what remains of `size` (7-18 to 7-21). */
static uint32_t crop(struct bit_reader *r, uint32_t size, uint32_t unit)
{
	uint64_t cut = ((uint64_t)bits_read_ue(r) + bits_read_ue(r)) * unit;

	if (cut >= size) {
		r->broken = true;
		return 0;
	}
	return size - (uint32_t)cut;
}

static void read_size(struct bit_reader *r, const struct chroma *chroma, struct h264_sps *sps)
{
	uint32_t width_mbs = bits_read_ue(r);
	uint32_t height_units = bits_read_ue(r);
	bool is_frame_only = bits_read_flag(r); /* frame_mbs_only_flag */

	if (width_mbs >= MAX_SIZE_MBS || height_units >= MAX_SIZE_MBS)
		r->broken = true;
	if (r->broken)
		return;
	if (!is_frame_only)
		bits_read_flag(r); /* mb_adaptive_frame_field_flag */
	bits_read_flag(r);         /* direct_8x8_inference_flag */
	sps->width_px = (width_mbs + 1) * 16;
	sps->height_px = (height_units + 1) * 16 * (is_frame_only ? 1 : 2);
	if (!bits_read_flag(r)) /* frame_cropping_flag */
		return;

	/* ChromaArrayType (7.4.2.1.1) decides the unit: Table 6-1. */
	uint32_t array_type = chroma->is_separate ? 0 : chroma->format_idc;
	uint32_t unit_x = array_type == 1 || array_type == 2 ? 2 : 1;
	uint32_t unit_y = (array_type == 1 ? 2 : 1) * (is_frame_only ? 1 : 2);
	sps->width_px = crop(r, sps->width_px, unit_x);
	sps->height_px = crop(r, sps->height_px, unit_y);
}

/* hrd_parameters() (E.1.2) */
static void skip_hrd(struct bit_reader *r)
{
	uint32_t count = bits_read_ue(r) + 1; /* cpb_cnt_minus1 */

	if (count > 32)
		r->broken = true;
	bits_read(r, 8); /* bit_rate_scale, cpb_size_scale */
	for (uint32_t i = 0; i < count && !r->broken; i++) {
		bits_read_ue(r);   /* bit_rate_value_minus1 */
		bits_read_ue(r);   /* cpb_size_value_minus1 */
		bits_read_flag(r); /* cbr_flag */
	}
	bits_read(r, 20); /* three lengths and time_offset_length */
}

static void read_signal_type(struct bit_reader *r, struct layout *at, struct h264_sps *sps)
{
	at->signal = r->position;
	at->video_format = UNSPECIFIED_VIDEO_FORMAT;
	if (bits_read_flag(r)) { /* video_signal_type_present_flag */
		at->video_format = bits_read(r, 3);
		sps->colour.full_range = bits_read_flag(r);
		sps->has_colour = bits_read_flag(r); /* colour_description_present_flag */
		if (sps->has_colour) {
			sps->colour.primaries = (uint8_t)bits_read(r, 8);
			sps->colour.transfer = (uint8_t)bits_read(r, 8);
			sps->colour.matrix = (uint8_t)bits_read(r, 8);
		}
	}
	at->signal_end = r->position;
}

static void read_restriction(struct bit_reader *r, struct layout *at, struct h264_sps *sps)
{
	at->restriction = r->position;
	sps->has_bitstream_restriction = bits_read_flag(r);
	if (sps->has_bitstream_restriction) {
		at->limits = r->position;
		bits_read_flag(r); /* motion_vectors_over_pic_boundaries_flag */
		bits_read_ue(r);   /* max_bytes_per_pic_denom */
		bits_read_ue(r);   /* max_bits_per_mb_denom */
		bits_read_ue(r);   /* log2_max_mv_length_horizontal */
		bits_read_ue(r);   /* log2_max_mv_length_vertical */
		at->limits_end = r->position;
		sps->max_num_reorder_frames = bits_read_ue(r);
		sps->max_dec_frame_buffering = bits_read_ue(r);
	}
	at->restriction_end = r->position;
}

/* vui_parameters() (E.1.1) */
static void read_vui(struct bit_reader *r, struct layout *at, struct h264_sps *sps)
{
	at->vui = r->position;
	if (bits_read_flag(r) && bits_read(r, 8) == EXTENDED_SAR) /* aspect_ratio_idc */
		bits_read(r, 32);                                 /* sar_width, sar_height */
	if (bits_read_flag(r))                                    /* overscan_info_present_flag */
		bits_read_flag(r);                                /* overscan_appropriate_flag */
	read_signal_type(r, at, sps);
	if (bits_read_flag(r)) { /* chroma_loc_info_present_flag */
		bits_read_ue(r);
		bits_read_ue(r);
	}
	if (bits_read_flag(r)) { /* timing_info_present_flag */
		bits_read(r, 32);
		bits_read(r, 32);
		bits_read_flag(r); /* fixed_frame_rate_flag */
	}

	bool has_nal_hrd = bits_read_flag(r);
	if (has_nal_hrd)
		skip_hrd(r);
	bool has_vcl_hrd = bits_read_flag(r);
	if (has_vcl_hrd)
		skip_hrd(r);
	if (has_nal_hrd || has_vcl_hrd)
		bits_read_flag(r); /* low_delay_hrd_flag */
	bits_read_flag(r);         /* pic_struct_present_flag */
	read_restriction(r, at, sps);
}

/* rbsp_trailing_bits(): where it is missing, we have misread something before it. */
static bool is_at_trailing_bits(struct bit_reader *r)
{
	if (!bits_read_flag(r) || r->broken)
		return false;
	while (r->position < r->bit_count)
		if (bits_read_flag(r))
			return false;
	return true;
}

/* seq_parameter_set_data() (7.3.2.1.1). `r` is at its first bit and ends where the VUI does. */
static int read_sps(struct bit_reader *r, struct layout *at, struct h264_sps *sps)
{
	struct chroma chroma = { .format_idc = 1 };

	sps->profile_idc = (uint8_t)bits_read(r, 8);
	sps->constraints = (uint8_t)bits_read(r, 8);
	sps->level_idc = (uint8_t)bits_read(r, 8);
	if (r->broken)
		return -EBADMSG;
	if (!is_profile_we_follow(sps->profile_idc))
		return -ENOTSUP;
	if (bits_read_ue(r) > 31) /* seq_parameter_set_id */
		r->broken = true;
	if (has_chroma_format(sps->profile_idc))
		read_chroma(r, &chroma);
	if (bits_read_ue(r) > 12) /* log2_max_frame_num_minus4 */
		r->broken = true;
	skip_picture_order(r);
	sps->max_num_ref_frames = bits_read_ue(r);
	if (sps->max_num_ref_frames > 16) /* MaxDpbFrames is at most 16 (A.3.1 h) */
		r->broken = true;
	bits_read_flag(r); /* gaps_in_frame_num_value_allowed_flag */
	read_size(r, &chroma, sps);
	at->vui_flag = r->position;
	at->has_vui = bits_read_flag(r);
	if (at->has_vui)
		read_vui(r, at, sps);

	struct bit_reader end = *r;
	return r->broken || !is_at_trailing_bits(&end) ? -EBADMSG : 0;
}

/* Unescapes the NAL unit into `rbsp`, reads it, and leaves `ret_reader` on it. */
static int open_sps(const struct h264_nal *nal, uint8_t rbsp[H264_MAX_PARAMETER_SET],
	struct bit_reader *ret_reader, struct layout *ret_layout, struct h264_sps *ret_sps)
{
	if (nal->size < 2 || (nal->bytes[0] & 0x9f) != H264_NAL_SPS)
		return -EBADMSG;

	int size = bits_unescape(nal->bytes + 1, nal->size - 1, rbsp, H264_MAX_PARAMETER_SET);
	if (size < 0)
		return -ENOTSUP;

	struct bit_reader r = { .bytes = rbsp, .bit_count = (size_t)size * 8 };
	struct layout layout = { 0 };
	struct h264_sps sps = { 0 };
	int e = read_sps(&r, &layout, &sps);
	if (e < 0)
		return e;
	*ret_reader = r;
	*ret_layout = layout;
	*ret_sps = sps;
	return 0;
}

int h264_parse_sps(const struct h264_nal *sps, struct h264_sps *ret_sps)
{
	uint8_t rbsp[H264_MAX_PARAMETER_SET];
	struct bit_reader reader;
	struct layout layout;

	return open_sps(sps, rbsp, &reader, &layout, ret_sps);
}

static void write_signal_type(
	struct bit_writer *w, uint32_t video_format, const struct h264_colour *colour)
{
	bits_write(w, 1, 1); /* video_signal_type_present_flag */
	bits_write(w, video_format, 3);
	bits_write(w, colour->full_range, 1);
	bits_write(w, 1, 1); /* colour_description_present_flag */
	bits_write(w, colour->primaries, 8);
	bits_write(w, colour->transfer, 8);
	bits_write(w, colour->matrix, 8);
}

static void write_restriction(struct bit_writer *w, const struct bit_reader *source,
	const struct layout *at, const struct h264_sps *sps)
{
	bits_write(w, 1, 1); /* bitstream_restriction_flag */
	if (sps->has_bitstream_restriction) {
		bits_copy(w, source, at->limits, at->limits_end);
	} else {
		/* What E.2.1 has a decoder infer when they are absent. The mv lengths were 16 until
		 * the edition of 2016; newer parsers refuse that. */
		bits_write(w, 1, 1);  /* motion_vectors_over_pic_boundaries_flag */
		bits_write_ue(w, 2);  /* max_bytes_per_pic_denom */
		bits_write_ue(w, 1);  /* max_bits_per_mb_denom */
		bits_write_ue(w, 15); /* log2_max_mv_length_horizontal */
		bits_write_ue(w, 15); /* log2_max_mv_length_vertical */
	}
	bits_write_ue(w, 0); /* max_num_reorder_frames */
	bits_write_ue(w, sps->max_num_ref_frames ? sps->max_num_ref_frames : 1);
}

static void write_sps(struct bit_writer *w, const struct bit_reader *source,
	const struct layout *at, const struct h264_sps *sps, const struct h264_colour *colour)
{
	bits_copy(w, source, 0, at->vui_flag);
	bits_write(w, 1, 1); /* vui_parameters_present_flag */
	if (at->has_vui) {
		bits_copy(w, source, at->vui, at->signal);
		write_signal_type(w, at->video_format, colour);
		bits_copy(w, source, at->signal_end, at->restriction);
	} else {
		bits_write(w, 0, 2); /* no aspect_ratio_info, no overscan_info */
		write_signal_type(w, UNSPECIFIED_VIDEO_FORMAT, colour);
		bits_write(w, 0, 5); /* no chroma_loc, timing, NAL HRD, VCL HRD, pic_struct */
	}
	write_restriction(w, source, at, sps);
	bits_write_trailing(w);
}

int h264_normalise_sps(const struct h264_nal *sps, const struct h264_colour *colour,
	uint8_t *buffer, size_t capacity)
{
	uint8_t rbsp[H264_MAX_PARAMETER_SET], rewritten[MAX_RBSP] = { 0 };
	struct bit_reader reader;
	struct layout layout;
	struct h264_sps info;

	int r = open_sps(sps, rbsp, &reader, &layout, &info);
	if (r < 0)
		return r;

	struct bit_writer writer = { .bytes = rewritten, .bit_capacity = sizeof rewritten * 8 };
	write_sps(&writer, &reader, &layout, &info, colour);
	if (writer.full || capacity < 1)
		return -ENOSPC;
	buffer[0] = sps->bytes[0];
	r = bits_escape(rewritten, writer.position / 8, buffer + 1, capacity - 1);
	return r < 0 ? r : r + 1;
}
