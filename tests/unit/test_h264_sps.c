#include "core/h264.h"
#include "core/h264_bits.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static const struct h264_colour screen = { 1, 13, 6, false };

/* An SPS written field by field, as the standard has it: with one of these before and one after, we
 * need not believe the code under test about anything but what it was asked to change. */
struct spec {
	uint8_t profile, constraints;
	uint32_t chroma_format, poc_type, ref_frames, width_mbs, height_units;
	bool separate_planes, scaling_lists, interlaced, crop;
	bool vui, aspect, extended_aspect, overscan, signal, colour_in_signal, chroma_loc, timing;
	bool nal_hrd, vcl_hrd, pic_struct, restriction;
	uint32_t video_format, reorder, buffering, mv_length;
	uint8_t primaries, transfer, matrix;
	bool full_range;
};

struct built {
	uint8_t bytes[H264_MAX_PARAMETER_SET];
	struct h264_nal nal;
};

static void put_se(struct bit_writer *w, int32_t value)
{
	bits_write_ue(w, value > 0 ? (uint32_t)value * 2 - 1 : (uint32_t)-value * 2);
}

static void put_scaling_lists(struct bit_writer *w, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		bits_write(w, i % 3 != 1, 1); /* seq_scaling_list_present_flag */
		if (i % 3 == 0)
			put_se(w, -8); /* the default list: next scale 0 at once */
		if (i % 3 == 2) {
			for (unsigned j = 0; j < (i < 6 ? 16 : 64); j++)
				put_se(w, j % 2 ? 3 : -2);
		}
	}
}

static void put_hrd(struct bit_writer *w)
{
	bits_write_ue(w, 1); /* two schedules */
	bits_write(w, 0x34, 8);
	for (uint32_t i = 0; i < 2; i++) {
		bits_write_ue(w, 31249 + i);
		bits_write_ue(w, 0);
		bits_write(w, i, 1);
	}
	bits_write(w, 0xbdef8, 20);
}

static void put_poc(struct bit_writer *w, uint32_t type)
{
	bits_write_ue(w, type);
	if (type == 0)
		bits_write_ue(w, 12);
	if (type != 1)
		return;
	bits_write(w, 1, 1);
	put_se(w, -5);
	put_se(w, 70000);
	bits_write_ue(w, 3);
	for (int i = -1; i < 2; i++)
		put_se(w, i * 1000);
}

static void put_vui(struct bit_writer *w, const struct spec *s)
{
	bits_write(w, s->aspect, 1);
	if (s->aspect)
		bits_write(w, s->extended_aspect ? 255 : 1, 8);
	if (s->aspect && s->extended_aspect)
		bits_write(w, 0x00010003, 32);
	bits_write(w, s->overscan, 1);
	if (s->overscan)
		bits_write(w, 1, 1);
	bits_write(w, s->signal, 1);
	if (s->signal) {
		bits_write(w, s->video_format, 3);
		bits_write(w, s->full_range, 1);
		bits_write(w, s->colour_in_signal, 1);
	}
	if (s->signal && s->colour_in_signal)
		bits_write(w, (uint32_t)s->primaries << 16 | (uint32_t)s->transfer << 8 | s->matrix,
			24);
	bits_write(w, s->chroma_loc, 1);
	if (s->chroma_loc) {
		bits_write_ue(w, 2);
		bits_write_ue(w, 5);
	}
	bits_write(w, s->timing, 1);
	if (s->timing) {
		bits_write(w, 1, 32); /* zeroes that call for emulation prevention */
		bits_write(w, 120, 32);
		bits_write(w, 1, 1);
	}
	bits_write(w, s->nal_hrd, 1);
	if (s->nal_hrd)
		put_hrd(w);
	bits_write(w, s->vcl_hrd, 1);
	if (s->vcl_hrd)
		put_hrd(w);
	if (s->nal_hrd || s->vcl_hrd)
		bits_write(w, 1, 1);
	bits_write(w, s->pic_struct, 1);
	bits_write(w, s->restriction, 1);
	if (!s->restriction)
		return;
	bits_write(w, 1, 1);
	bits_write_ue(w, 2);
	bits_write_ue(w, 1);
	bits_write_ue(w, s->mv_length);
	bits_write_ue(w, s->mv_length);
	bits_write_ue(w, s->reorder);
	bits_write_ue(w, s->buffering);
}

static void build(const struct spec *s, struct built *ret)
{
	uint8_t rbsp[H264_MAX_PARAMETER_SET] = { 0 };
	struct bit_writer w = { .bytes = rbsp, .bit_capacity = sizeof rbsp * 8 };

	bits_write(&w, (uint32_t)s->profile << 16 | (uint32_t)s->constraints << 8 | 31, 24);
	bits_write_ue(&w, 0);
	if (s->profile >= 100 || s->profile == 44) {
		bits_write_ue(&w, s->chroma_format);
		if (s->chroma_format == 3)
			bits_write(&w, s->separate_planes, 1);
		bits_write_ue(&w, 0);
		bits_write_ue(&w, 0);
		bits_write(&w, 0, 1);
		bits_write(&w, s->scaling_lists, 1);
		if (s->scaling_lists)
			put_scaling_lists(&w, s->chroma_format == 3 ? 12 : 8);
	}
	bits_write_ue(&w, 4);
	put_poc(&w, s->poc_type);
	bits_write_ue(&w, s->ref_frames);
	bits_write(&w, 0, 1);
	bits_write_ue(&w, s->width_mbs - 1);
	bits_write_ue(&w, s->height_units - 1);
	bits_write(&w, !s->interlaced, 1);
	if (s->interlaced)
		bits_write(&w, 1, 1);
	bits_write(&w, 1, 1);
	bits_write(&w, s->crop, 1);
	for (uint32_t i = 0; s->crop && i < 4; i++)
		bits_write_ue(&w, i);
	bits_write(&w, s->vui, 1);
	if (s->vui)
		put_vui(&w, s);
	bits_write_trailing(&w);
	cr_assert_not(w.full);

	ret->bytes[0] = 0x67;
	int size = bits_escape(rbsp, w.position / 8, ret->bytes + 1, sizeof ret->bytes - 1);
	cr_assert_gt(size, 0);
	ret->nal = (struct h264_nal){ ret->bytes, (size_t)size + 1, H264_NAL_SPS };
}

/* What a normalised SPS must say, told by the standard and not by the code. */
static struct spec normalised(const struct spec *from)
{
	struct spec s = *from;

	if (!s.vui)
		s.aspect = s.overscan = s.signal = s.chroma_loc = s.timing = s.nal_hrd = s.vcl_hrd =
			s.pic_struct = s.restriction = false;
	s.video_format = s.signal ? s.video_format : 5;
	s.mv_length = s.restriction ? s.mv_length : 15;
	s.vui = s.signal = s.colour_in_signal = s.restriction = true;
	s.primaries = screen.primaries;
	s.transfer = screen.transfer;
	s.matrix = screen.matrix;
	s.full_range = screen.full_range;
	s.reorder = 0;
	s.buffering = s.ref_frames ? s.ref_frames : 1;
	return s;
}

static struct spec plain(void)
{
	return (struct spec){ .profile = 66, .ref_frames = 1, .width_mbs = 40, .height_units = 30 };
}

static struct spec rich(void)
{
	return (struct spec){
		.profile = 100,
		.chroma_format = 1,
		.ref_frames = 4,
		.width_mbs = 80,
		.height_units = 45,
		.vui = true,
		.aspect = true,
		.extended_aspect = true,
		.overscan = true,
		.signal = true,
		.colour_in_signal = true,
		.chroma_loc = true,
		.timing = true,
		.nal_hrd = true,
		.vcl_hrd = true,
		.pic_struct = true,
		.restriction = true,
		.video_format = 2,
		.reorder = 3,
		.buffering = 4,
		.mv_length = 9,
		.primaries = 9,
		.transfer = 16,
		.matrix = 9,
		.full_range = true,
	};
}

static void expect_normalised(const struct spec *spec, unsigned number)
{
	uint8_t bytes[H264_MAX_PARAMETER_SET];
	struct spec target = normalised(spec);
	struct built before, after;

	build(spec, &before);
	build(&target, &after);
	int size = h264_normalise_sps(&before.nal, &screen, bytes, sizeof bytes);
	cr_assert_eq(size, (int)after.nal.size, "%u: %d, not %zu", number, size, after.nal.size);
	cr_expect_arr_eq(bytes, after.bytes, after.nal.size, "%u", number);
}

Test(h264_sps, an_sps_without_vui_gets_one_and_keeps_the_rest)
{
	struct spec spec = plain();

	expect_normalised(&spec, 0);
}

Test(h264_sps, every_part_of_a_vui_is_kept_but_colour_and_restriction)
{
	/* Each of the 4096 ways to leave parts out: what is there must not move what follows. */
	for (unsigned bits = 0; bits < 4096; bits++) {
		struct spec spec = rich();

		spec.aspect = bits & 1;
		spec.extended_aspect = bits & 2;
		spec.overscan = bits & 4;
		spec.signal = bits & 8;
		spec.colour_in_signal = bits & 16;
		spec.chroma_loc = bits & 32;
		spec.timing = bits & 64;
		spec.nal_hrd = bits & 128;
		spec.vcl_hrd = bits & 256;
		spec.pic_struct = bits & 512;
		spec.restriction = bits & 1024;
		spec.crop = bits & 2048;
		expect_normalised(&spec, bits);
	}
}

Test(h264_sps, all_profiles_chroma_formats_orders_and_scaling_lists_are_followed)
{
	static const uint8_t profiles[] = { 44, 66, 77, 88, 100, 110, 122, 244 };

	for (unsigned i = 0; i < sizeof profiles; i++)
		for (unsigned bits = 0; bits < 96; bits++) {
			struct spec spec = rich();

			spec.profile = profiles[i];
			spec.chroma_format = bits & 3;
			spec.separate_planes = bits & 4;
			spec.scaling_lists = bits & 8;
			spec.interlaced = bits & 16;
			spec.poc_type = bits / 32;
			expect_normalised(&spec, i * 100 + bits);
		}
}

Test(h264_sps, the_picture_buffer_is_as_long_as_the_references_but_never_empty)
{
	for (uint32_t frames = 0; frames <= 16; frames++) {
		struct spec spec = plain();
		uint8_t bytes[H264_MAX_PARAMETER_SET];
		struct h264_sps info;
		struct built sps;

		spec.ref_frames = frames;
		build(&spec, &sps);
		int size = h264_normalise_sps(&sps.nal, &screen, bytes, sizeof bytes);
		struct h264_nal nal = { bytes, (size_t)size, H264_NAL_SPS };
		cr_assert_eq(h264_parse_sps(&nal, &info), 0);
		cr_expect_eq(info.max_dec_frame_buffering, frames ? frames : 1);
		cr_expect_eq(info.max_num_reorder_frames, 0);
	}
}

Test(h264_sps, parsing_tells_what_the_fields_say)
{
	struct spec spec = rich();
	struct h264_sps info;
	struct built sps;

	spec.constraints = 0x40;
	spec.crop = true;
	build(&spec, &sps);

	cr_assert_eq(h264_parse_sps(&sps.nal, &info), 0);
	cr_expect_eq(info.profile_idc, 100);
	cr_expect_eq(info.constraints, 0x40);
	cr_expect_eq(info.level_idc, 31);
	cr_expect_eq(info.width_px, 1280 - 2 * (0 + 1));
	cr_expect_eq(info.height_px, 720 - 2 * (2 + 3));
	cr_expect_eq(info.max_num_ref_frames, 4);
	cr_expect(info.has_bitstream_restriction);
	cr_expect_eq(info.max_num_reorder_frames, 3);
	cr_expect_eq(info.max_dec_frame_buffering, 4);
	cr_expect(info.has_colour);
	cr_expect_eq(info.colour.transfer, 16);
	cr_expect(info.colour.full_range);
}

Test(h264_sps, cropping_counts_in_units_of_the_chroma_format_and_of_fields)
{
	static const struct {
		uint32_t chroma_format;
		bool separate, interlaced;
		uint32_t x, y; /* Table 6-1, and 7-19 to 7-22 */
	} units[] = {
		{ 0, false, false, 1, 1 },
		{ 1, false, false, 2, 2 },
		{ 2, false, false, 2, 1 },
		{ 3, false, false, 1, 1 },
		{ 3, true, false, 1, 1 },
		{ 1, false, true, 2, 4 },
		{ 2, false, true, 2, 2 },
	};

	for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
		struct spec spec = rich();
		struct h264_sps info;
		struct built sps;

		spec.profile = 244;
		spec.crop = true;
		spec.chroma_format = units[i].chroma_format;
		spec.separate_planes = units[i].separate;
		spec.interlaced = units[i].interlaced;
		build(&spec, &sps);
		cr_assert_eq(h264_parse_sps(&sps.nal, &info), 0);
		cr_expect_eq(info.width_px, 1280 - units[i].x, "%zu", i);
		cr_expect_eq(
			info.height_px, (spec.interlaced ? 1440 : 720) - units[i].y * 5, "%zu", i);
	}
}

/* Written by the encoders themselves (x264 164, OpenH264 2.3.1). */
static const struct {
	const char *hex;
	uint32_t width_px, height_px;
	const char *codec;
} real[] = {
	{ "6764001facb402802dd80880000003008000001e478c1950", 1280, 720, "avc1.64001F" },
	{ "67640028acd940780227e5c044000003000400000300f03c60c658", 1920, 1080, "avc1.640028" },
	{ "6764001eacd940a02ff970110000030001000003003c602000f424001e84e2c300f8b16cb0", 640, 360,
		"avc1.64001E" },
	{ "67f4000b919b28589d8088000003000800000301e078a14cb0", 176, 144, "avc1.F4000B" },
	{ "677a000dbcd9415087888fc07940404050000003001000000303c0f1429960", 322, 242,
		"avc1.7A000D" },
	{ "6764001facd940b424d80880000003008000001e0f8b16cb", 720, 576, "avc1.64001F" },
	{ "6742c02a8c8d402b030f3700f08846a0", 1366, 768, "avc1.42C02A" },
	{ "6742c02a8c8d403c0113f2c03c2211a8", 1920, 1080, "avc1.42C02A" },
};

static void from_hex(const char *hex, struct built *ret)
{
	size_t size = strlen(hex) / 2;

	for (size_t i = 0; i < size; i++) {
		unsigned byte;

		cr_assert_eq(sscanf(hex + 2 * i, "%2x", &byte), 1);
		ret->bytes[i] = (uint8_t)byte;
	}
	ret->nal = (struct h264_nal){ ret->bytes, size, H264_NAL_SPS };
}

Test(h264_sps, the_sps_of_real_encoders_are_understood_before_and_after)
{
	for (size_t i = 0; i < sizeof real / sizeof *real; i++) {
		char codec[H264_CODEC_STRING_SIZE];
		uint8_t bytes[H264_MAX_PARAMETER_SET];
		struct h264_sps info;
		struct built sps;

		from_hex(real[i].hex, &sps);
		cr_assert_eq(h264_parse_sps(&sps.nal, &info), 0, "%zu", i);
		cr_expect_eq(info.width_px, real[i].width_px);
		cr_expect_eq(info.height_px, real[i].height_px);
		h264_codec_string(&info, codec);
		cr_expect_str_eq(codec, real[i].codec);

		int size = h264_normalise_sps(&sps.nal, &screen, bytes, sizeof bytes);
		cr_assert_gt(size, 0);
		struct h264_nal after = { bytes, (size_t)size, H264_NAL_SPS };
		cr_assert_eq(h264_parse_sps(&after, &info), 0);
		cr_expect_eq(info.width_px, real[i].width_px);
		cr_expect_eq(info.height_px, real[i].height_px);
		cr_expect(info.has_colour && info.colour.matrix == 6);
	}
}

Test(h264_sps, an_sps_cut_anywhere_is_broken)
{
	struct spec spec = rich();
	struct h264_sps info;
	struct built sps;

	build(&spec, &sps);
	for (size_t size = 0; size < sps.nal.size; size++) {
		sps.nal.size = size;
		cr_assert_eq(h264_parse_sps(&sps.nal, &info), -EBADMSG, "%zu", size);
		build(&spec, &sps);
	}
}

Test(h264_sps, scalable_and_stereo_profiles_are_not_followed)
{
	static const uint8_t profiles[] = { 83, 86, 118, 128, 138, 139, 134, 135, 0 };
	struct h264_sps info;
	struct built sps;

	for (size_t i = 0; i < sizeof profiles; i++) {
		struct spec spec = plain();

		build(&spec, &sps);
		sps.bytes[1] = profiles[i];
		cr_expect_eq(h264_parse_sps(&sps.nal, &info), -ENOTSUP);
	}
}

Test(h264_sps, another_nal_type_is_no_sps)
{
	struct spec spec = plain();
	struct h264_sps info;
	struct built sps;

	build(&spec, &sps);
	sps.bytes[0] = 0x68;

	cr_expect_eq(h264_parse_sps(&sps.nal, &info), -EBADMSG);
}

Test(h264_sps, a_normalised_sps_that_does_not_fit_is_refused)
{
	uint8_t bytes[H264_MAX_PARAMETER_SET];
	struct spec spec = rich();
	struct built sps;

	build(&spec, &sps);
	int size = h264_normalise_sps(&sps.nal, &screen, bytes, sizeof bytes);
	for (int capacity = 0; capacity < size; capacity++)
		cr_assert_eq(
			h264_normalise_sps(&sps.nal, &screen, bytes, (size_t)capacity), -ENOSPC);
}
