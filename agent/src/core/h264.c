#include "core/h264.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define START_CODE_SIZE 3
#define FILLER_DATA     12

/* The offset of the next 00 00 01 at or behind `from`; `size` when there is none (B.1.1). */
static size_t find_start_code(const uint8_t *stream, size_t size, size_t from)
{
	for (size_t i = from; i + START_CODE_SIZE <= size;) {
		if (stream[i + 2] > 1)
			i += 3;
		else if (stream[i] == 0 && stream[i + 1] == 0 && stream[i + 2] == 1)
			return i;
		else
			i++;
	}
	return size;
}

bool h264_next_nal(const uint8_t *stream, size_t size, size_t *position, struct h264_nal *ret_nal)
{
	size_t start = find_start_code(stream, size, *position);

	while (start < size) {
		size_t begin = start + START_CODE_SIZE;
		size_t next = find_start_code(stream, size, begin);
		size_t end = next;

		while (end > begin && stream[end - 1] == 0)
			end--;
		if (end > begin) {
			*ret_nal = (struct h264_nal){
				.bytes = stream + begin,
				.size = end - begin,
				.type = (enum h264_nal_type)(stream[begin] & 0x1f),
			};
			*position = next;
			return true;
		}
		start = next;
	}
	*position = size;
	return false;
}

void h264_codec_string(const struct h264_sps *sps, char ret_string[H264_CODEC_STRING_SIZE])
{
	snprintf(ret_string, H264_CODEC_STRING_SIZE, "avc1.%02X%02X%02X", sps->profile_idc,
		sps->constraints, sps->level_idc);
}

/* What a walk over an access unit collects, before anything of the caller's changes. */
struct walk {
	const struct h264_parameter_sets *known;
	uint8_t *unit;
	uint8_t sps[H264_MAX_PARAMETER_SET], pps[H264_MAX_PARAMETER_SET];
	size_t sps_size, pps_size; /* 0: none in this unit */
	struct h264_sps info;
	uint8_t *begin, *end; /* what is kept, NAL units with start codes */
	bool has_slice, is_key;
	bool is_gap; /* something between `end` and the next NAL unit was dropped */
};

static int take_sps(struct walk *w, const struct h264_nal *nal)
{
	int size = h264_normalise_sps(nal, &w->known->colour, w->sps, sizeof w->sps);
	if (size == -ENOSPC)
		return -ENOTSUP;
	if (size < 0)
		return size;

	struct h264_nal written = { .bytes = w->sps, .size = (size_t)size, .type = H264_NAL_SPS };
	w->sps_size = (size_t)size;
	return h264_parse_sps(&written, &w->info);
}

/* A unit may carry several PPS: they are kept as one, with start codes in between. One that comes
 * twice is kept once (Mesa's drivers send it before and behind the SPS). */
static int take_pps(struct walk *w, const struct h264_nal *nal)
{
	for (size_t start = 0; start < w->pps_size;) {
		size_t end = find_start_code(w->pps, w->pps_size, start);

		if (end - start == nal->size && memcmp(w->pps + start, nal->bytes, nal->size) == 0)
			return 0;
		start = end + START_CODE_SIZE;
	}

	size_t separator = w->pps_size ? START_CODE_SIZE : 0;
	if (nal->size + separator > sizeof w->pps - w->pps_size)
		return -ENOTSUP;
	if (separator)
		memcpy(w->pps + w->pps_size, "\0\0\1", START_CODE_SIZE);
	memcpy(w->pps + w->pps_size + separator, nal->bytes, nal->size);
	w->pps_size += separator + nal->size;
	return 0;
}

/* Keep a NAL unit where it is, unless one was dropped just before it. */
static void keep(struct walk *w, const struct h264_nal *nal)
{
	uint8_t *start = w->unit + (nal->bytes - w->unit) - START_CODE_SIZE;
	size_t size = nal->size + START_CODE_SIZE;

	if (!w->begin) {
		w->begin = start;
		w->end = start + size;
	} else if (!w->is_gap) {
		w->end = start + size;
	} else {
		memmove(w->end, start, size);
		w->end += size;
	}
}

static int walk_unit(struct walk *w, size_t size)
{
	struct h264_nal nal;
	size_t position = 0;

	while (h264_next_nal(w->unit, size, &position, &nal)) {
		int r = 0;

		switch ((int)nal.type) {
		case H264_NAL_SPS: r = take_sps(w, &nal); break;
		case H264_NAL_PPS: r = take_pps(w, &nal); break;
		case H264_NAL_AUD:
		case H264_NAL_SEI:
		case FILLER_DATA: break;
		default:
			if (nal.type >= H264_NAL_SLICE && nal.type <= H264_NAL_IDR)
				w->has_slice = true;
			if (nal.type == H264_NAL_IDR)
				w->is_key = true;
			keep(w, &nal);
			/* `is_gap` lasts: behind a moved NAL unit all others must move too. */
			continue;
		}
		if (r < 0)
			return r;
		w->is_gap = w->begin != NULL;
	}
	return w->has_slice ? 0 : -EBADMSG;
}

/* In front of `at`, with a start code of four bytes, which the first NAL units of an access unit
 * and parameter sets need (B.1.2). */
static uint8_t *prepend(uint8_t *at, const uint8_t *nal, size_t size)
{
	at -= size;
	memcpy(at, nal, size);
	at -= START_CODE_SIZE + 1;
	memcpy(at, "\0\0\0\1", START_CODE_SIZE + 1);
	return at;
}

static bool remember(struct h264_parameter_sets *sets, const struct walk *w)
{
	bool is_changed = false;

	if (w->sps_size &&
		(w->sps_size != sets->sps_size || memcmp(w->sps, sets->sps, w->sps_size) != 0)) {
		memcpy(sets->sps, w->sps, w->sps_size);
		sets->sps_size = w->sps_size;
		sets->info = w->info;
		is_changed = true;
	}
	if (w->pps_size &&
		(w->pps_size != sets->pps_size || memcmp(w->pps, sets->pps, w->pps_size) != 0)) {
		memcpy(sets->pps, w->pps, w->pps_size);
		sets->pps_size = w->pps_size;
		is_changed = true;
	}
	return is_changed;
}

int h264_prepare_unit(struct h264_parameter_sets *sets, uint8_t **unit, size_t *size, bool *ret_key,
	bool *ret_changed)
{
	struct walk w = { .known = sets, .unit = *unit };

	int r = walk_unit(&w, *size);
	if (r < 0)
		return r;
	if (w.is_key && ((!w.sps_size && !sets->sps_size) || (!w.pps_size && !sets->pps_size)))
		return -ENODATA;

	assert(w.begin); /* there is a slice */
	bool is_changed = remember(sets, &w);
	uint8_t *begin = w.begin;
	if (w.is_key || (is_changed && sets->sps_size && sets->pps_size)) {
		begin = prepend(begin, sets->pps, sets->pps_size);
		begin = prepend(begin, sets->sps, sets->sps_size);
	} else {
		*--begin = 0; /* the zero_byte of the first start code */
	}
	*unit = begin;
	*size = (size_t)(w.end - begin);
	*ret_key = w.is_key;
	*ret_changed = is_changed;
	return 0;
}
