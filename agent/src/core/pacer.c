#include "core/pacer.h"

/* At rest for this long before the last picture is sharpened, and between two refinements: long
 * enough that typing is not disturbed, short enough that the eye sees it as one movement. */
#define REFINE_AFTER_US 60000
#define REFINE_EVERY_US 40000
#define REFINEMENTS     10

void pacer_init(struct pacer *pacer)
{
	*pacer = (struct pacer){ .small_packet_bytes = 1000 };
	pacer_reset(pacer, false);
}

void pacer_set_format(struct pacer *pacer, const struct picture_format *format)
{
	/* All macroblocks skipped cost about a tenth of this with any encoder; noise of the rate
	 * control costs more. */
	pacer->small_packet_bytes = 256 + (size_t)format->width_px * format->height_px / 2048;
}

void pacer_captured(struct pacer *pacer, const struct picture_damage *damage, uint64_t now_us)
{
	picture_damage_add(&pacer->damage, damage);
	if (!pacer->waiting)
		pacer->captured_us = now_us;
	pacer->waiting = true;
}

void pacer_want_key(struct pacer *pacer)
{
	pacer->key_wanted = true;
}

static bool may_refine(const struct pacer *pacer)
{
	return pacer->has_picture && !pacer->waiting && pacer->refinements_left > 0;
}

static uint64_t refine_at_us(const struct pacer *pacer)
{
	return pacer->encoded_us + (pacer->refining ? REFINE_EVERY_US : REFINE_AFTER_US);
}

enum pacer_verdict pacer_next(
	struct pacer *pacer, bool credit, uint64_t now_us, struct pacer_job *ret_job)
{
	if (pacer->busy || !credit)
		return PACER_WAIT;

	if (pacer->waiting) {
		*ret_job = (struct pacer_job){ .key = pacer->key_wanted, .damage = pacer->damage };
		pacer->refinements_left = REFINEMENTS;
		pacer->refining = false;
	} else if (pacer->has_picture && pacer->key_wanted) {
		*ret_job = (struct pacer_job){ .key = true, .again = true };
		pacer->refinements_left = REFINEMENTS;
		pacer->refining = false;
	} else if (may_refine(pacer) && now_us >= refine_at_us(pacer)) {
		*ret_job = (struct pacer_job){ .again = true, .refinement = true };
		pacer->refinements_left--;
		pacer->refining = true;
	} else {
		return PACER_WAIT;
	}
	pacer->damage = (struct picture_damage){ 0 };
	pacer->waiting = false;
	pacer->has_picture = true;
	pacer->key_wanted = false;
	pacer->busy = true;
	return PACER_ENCODE;
}

void pacer_packet(struct pacer *pacer, size_t bytes, uint64_t now_us)
{
	pacer->busy = false;
	pacer->encoded_us = now_us;
	if (pacer->refining && bytes <= pacer->small_packet_bytes)
		pacer->refinements_left = 0;
}

void pacer_reset(struct pacer *pacer, bool has_picture)
{
	pacer->busy = false;
	pacer->waiting = has_picture;
	pacer->has_picture = false;
	pacer->key_wanted = true;
	pacer->refining = false;
	pacer->refinements_left = 0;
	pacer->damage = (struct picture_damage){ .everything = true };
}

uint64_t pacer_deadline_us(const struct pacer *pacer)
{
	return !pacer->busy && may_refine(pacer) ? refine_at_us(pacer) : PACER_NEVER;
}
