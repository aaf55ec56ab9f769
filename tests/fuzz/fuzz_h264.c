/* The input is an Annex-B stream. What we make of an SPS must be an SPS, say what we promise, and
 * not change when it is made again; what we make of an access unit must stay in its memory. */
#include "core/h264.h"

#include <stdlib.h>
#include <string.h>

#define MAX_INPUT 65536

static const struct h264_colour colour = { 1, 13, 6, false };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool is_so)
{
	if (!is_so)
		abort();
}

static void try_sps(const struct h264_nal *nal)
{
	uint8_t once[H264_MAX_PARAMETER_SET + 128], twice[H264_MAX_PARAMETER_SET + 128];
	char codec[H264_CODEC_STRING_SIZE];
	struct h264_sps before, after;

	bool is_sps = h264_parse_sps(nal, &before) == 0;
	int size = h264_normalise_sps(nal, &colour, once, sizeof once);
	must(is_sps == (size > 0));
	if (!is_sps || size > H264_MAX_PARAMETER_SET)
		return;

	struct h264_nal made = { .bytes = once, .size = (size_t)size, .type = H264_NAL_SPS };
	must(h264_parse_sps(&made, &after) == 0);
	must(after.has_bitstream_restriction && after.max_num_reorder_frames == 0);
	must(after.max_dec_frame_buffering >= 1);
	must(after.width_px == before.width_px && after.height_px == before.height_px);
	must(after.has_colour && after.colour.transfer == colour.transfer);
	must(h264_normalise_sps(&made, &colour, twice, sizeof twice) == size);
	must(!memcmp(once, twice, (size_t)size));
	must(h264_normalise_sps(nal, &colour, twice, (size_t)size - 1) < 0);
	h264_codec_string(&after, codec);
	must(strlen(codec) == 11);
}

static void try_unit(const uint8_t *data, size_t size)
{
	static struct h264_parameter_sets sets;
	uint8_t *memory = malloc(H264_HEADROOM + size), *unit = memory + H264_HEADROOM;
	bool key, changed;
	struct h264_nal nal;
	size_t position = 0;

	must(memory);
	sets.colour = colour;
	memcpy(unit, data, size);
	if (h264_prepare_unit(&sets, &unit, &size, &key, &changed) == 0) {
		must(unit >= memory && size > 0);
		must(h264_next_nal(unit, size, &position, &nal));
		must(!key || nal.type == H264_NAL_SPS);
		must(!key ||
			(h264_next_nal(unit, size, &position, &nal) && nal.type == H264_NAL_PPS));
	}
	free(memory);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct h264_nal nal;
	size_t position = 0;

	if (size > MAX_INPUT)
		return 0;
	while (h264_next_nal(data, size, &position, &nal)) {
		must(nal.size > 0 && nal.bytes > data && nal.bytes + nal.size <= data + size);
		try_sps(&nal);
	}
	try_unit(data, size);
	return 0;
}
