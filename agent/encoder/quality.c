#include "quality.h"

#include "decode.h"
#include "sys/log.h"
#include "trial.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where bits are few, text becomes a blur, whose PSNR is no better than that of another text. The
 * means of blocks tell the two apart: 25 dB and more against 19 dB for a picture that is 64 pixels
 * off, 12 for one that stands still and 7 for green. */
#define BLOCK_PX      8
#define WORST_PSNR_DB 20.0
#define BEST_PSNR_DB  99.0

/* As the agent describes its stream: BT.709's primaries, sRGB's curve, BT.601's matrix. */
static const struct h264_colour colour = { .primaries = 1, .transfer = 13, .matrix = 6 };

struct comparison {
	const struct trial *trial;
	uint16_t *given[PROBE_PICTURES]; /* blocks of those that are kept */
	size_t blocks;                   /* in a picture */
	size_t count, strangers;         /* of another size, or of a number that nobody sent */
	double error, block_error;
};

static const char *profile_name(const struct h264_sps *sps)
{
	bool is_constrained = sps->constraints & 0x40; /* constraint_set1_flag */

	switch (sps->profile_idc) {
	case 66: return is_constrained ? "constrained-baseline" : "baseline";
	case 77: return "main";
	case 88: return "extended";
	case 100: return "high";
	case 110: return "high-10";
	case 122: return "high-4:2:2";
	case 244: return "high-4:4:4";
	default: return "unknown";
	}
}

/* Before the agent's repair promises that nothing is reordered. */
static int promised_reordering(const uint8_t *unit, size_t size)
{
	struct h264_nal nal;
	struct h264_sps sps;
	size_t position = 0;

	while (h264_next_nal(unit, size, &position, &nal))
		if (nal.type == H264_NAL_SPS && h264_parse_sps(&nal, &sps) == 0 &&
			sps.has_bitstream_restriction)
			return (int)sps.max_num_reorder_frames;
	return -1;
}

static const char *refusal(int error)
{
	switch (error) {
	case -EBADMSG: return "its syntax is broken";
	case -ENOTSUP: return "its parameter sets are of a kind that Helix does not know";
	case -ENODATA: return "its SPS or PPS is missing";
	default: return strerror(-error);
	}
}

/* The repair of every access unit; where each of them is afterwards. */
static enum quality_sentence parse(struct trial *t, struct quality *q,
	struct decode_unit units[PROBE_PICTURES], struct quality_text *ret_why)
{
	struct h264_parameter_sets sets = { .colour = colour };

	for (size_t i = 0; i < t->unit_count; i++) {
		uint8_t *unit = t->units[i].memory + H264_HEADROOM;
		size_t size = t->units[i].size;
		bool is_key, has_changed;

		if (i == 0)
			q->reordering = promised_reordering(unit, size);
		int r = h264_prepare_unit(&sets, &unit, &size, &is_key, &has_changed);
		if (r < 0 || (i == 0 && !is_key)) {
			snprintf(ret_why->text, sizeof ret_why->text,
				"access unit %zu of the stream cannot be sent: %s", i + 1,
				r < 0 ? refusal(r) : "it is not the key frame that was asked for");
			return QUALITY_UNDECODABLE;
		}
		units[i] = (struct decode_unit){ .bytes = unit, .size = size };
	}
	q->profile = profile_name(&sets.info);
	h264_codec_string(&sets.info, q->codec);
	if (sets.info.width_px == t->staging.width_px &&
		sets.info.height_px == t->staging.height_px)
		return QUALITY_GOOD;
	snprintf(ret_why->text, sizeof ret_why->text, "the stream is of %ux%u pixels, not %ux%u",
		sets.info.width_px, sets.info.height_px, t->staging.width_px, t->staging.height_px);
	return QUALITY_WRONG_PICTURE;
}

/* The sums of its blocks; NULL when out of memory, or for less than a block. */
static uint16_t *shrink(const struct staging *s, const uint8_t *luma, uint32_t stride_bytes)
{
	uint32_t columns = s->width_px / BLOCK_PX, rows = s->height_px / BLOCK_PX;
	uint16_t *sums = columns && rows ? calloc((size_t)columns * rows, sizeof *sums) : NULL;

	for (uint32_t y = 0; sums && y < rows * BLOCK_PX; y++)
		for (uint32_t x = 0; x < columns * BLOCK_PX; x++)
			sums[y / BLOCK_PX * columns + x / BLOCK_PX] +=
				luma[(size_t)y * stride_bytes + x];
	return sums;
}

static double block_error(const struct comparison *c, const uint16_t *a, const uint16_t *b)
{
	double error = 0;

	for (size_t i = 0; i < c->blocks; i++) {
		double difference = (double)(a[i] - b[i]) / (BLOCK_PX * BLOCK_PX);

		error += difference * difference;
	}
	return error;
}

static double pixel_error(
	const struct staging *s, const uint8_t *given, const struct decode_picture *picture)
{
	uint64_t error = 0;

	for (uint32_t y = 0; y < s->height_px; y++) {
		const uint8_t *a = given + (size_t)y * s->strides_bytes[0];
		const uint8_t *b = picture->luma + (size_t)y * picture->stride_bytes;
		uint32_t row = 0;

		for (uint32_t x = 0; x < s->width_px; x++)
			row += (uint32_t)((a[x] - b[x]) * (a[x] - b[x]));
		error += row;
	}
	return (double)error;
}

static void on_picture(void *owner, const struct decode_picture *picture)
{
	struct comparison *c = owner;
	const struct staging *s = &c->trial->staging;

	if (picture->number >= PROBE_PICTURES || picture->width_px != s->width_px ||
		picture->height_px != s->height_px) {
		c->strangers++;
		return;
	}
	const uint16_t *given = c->given[picture->number];
	if (!given)
		return;
	uint16_t *blocks = shrink(s, picture->luma, picture->stride_bytes);
	if (!blocks)
		return;

	c->block_error += block_error(c, given, blocks);
	free(blocks);
	c->error += pixel_error(s, c->trial->luma[picture->number], picture);
	c->count++;
}

static double psnr_db(double error, double count)
{
	double db = error > 0 ? 10 * log10(255.0 * 255.0 * count / error) : BEST_PSNR_DB;

	return db < BEST_PSNR_DB ? db : BEST_PSNR_DB;
}

static enum quality_sentence sum_up(
	const struct comparison *c, struct quality *q, struct quality_text *ret_why)
{
	const struct staging *s = &c->trial->staging;
	double block_psnr_db = psnr_db(c->block_error, (double)(c->blocks * c->count));

	q->compared = c->count;
	q->psnr_db = psnr_db(c->error, (double)s->width_px * s->height_px * (double)c->count);
	log_debug("quality: luma's PSNR is %.1f dB, that of its blocks %.1f dB", q->psnr_db,
		block_psnr_db);
	if (c->strangers || !c->count)
		snprintf(ret_why->text, sizeof ret_why->text,
			"%zu of the decoded pictures are of another size, or were never encoded",
			c->strangers);
	else if (block_psnr_db < WORST_PSNR_DB)
		snprintf(ret_why->text, sizeof ret_why->text,
			"the decoded pictures are not those that were encoded (PSNR %.1f dB)",
			q->psnr_db);
	else
		return QUALITY_GOOD;
	return QUALITY_WRONG_PICTURE;
}

static int prepare(struct comparison *c)
{
	const struct staging *s = &c->trial->staging;

	for (size_t i = 0; i < PROBE_PICTURES; i++) {
		const uint8_t *luma = c->trial->luma[i];

		if (luma && !(c->given[i] = shrink(s, luma, s->strides_bytes[0])))
			return -ENOMEM;
	}
	return 0;
}

static enum quality_sentence compare(struct trial *t, struct quality *q,
	const struct decode_unit *units, struct quality_text *ret_why)
{
	const struct staging *s = &t->staging;
	struct comparison c = {
		.trial = t,
		.blocks = (size_t)(s->width_px / BLOCK_PX) * (s->height_px / BLOCK_PX),
	};
	struct decode_text reason = { 0 };
	enum quality_sentence sentence = QUALITY_UNDECODABLE;

	int r = prepare(&c);
	if (r == 0)
		r = decode_stream(q->decoder, units, t->unit_count, on_picture, &c, &reason);
	q->decoded = r > 0 ? r : 0;
	if (r >= 0 && (size_t)r == t->unit_count)
		sentence = sum_up(&c, q, ret_why);
	else
		snprintf(ret_why->text, sizeof ret_why->text, "%s decodes %d of %zu pictures: %s",
			q->decoder, q->decoded, t->unit_count,
			reason.text[0] ? reason.text : strerror(-r));
	for (size_t i = 0; i < PROBE_PICTURES; i++)
		free(c.given[i]);
	return sentence;
}

enum quality_sentence quality_check(
	struct trial *trial, struct quality *ret_quality, struct quality_text *ret_why)
{
	struct quality *q = ret_quality;
	struct decode_unit units[PROBE_PICTURES];
	const char *decoder = decode_find();

	*q = (struct quality){ .decoder = decoder ? decoder : "", .reordering = -1 };
	enum quality_sentence sentence = parse(trial, q, units, ret_why);
	if (sentence == QUALITY_GOOD && decoder)
		sentence = compare(trial, q, units, ret_why);
	return sentence;
}
