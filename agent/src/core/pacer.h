/* When to encode: the heart of the way of a picture.
 *
 * Captured pictures overwrite each other here (newest wins, their damage adds up) until the encoder
 * is free and a viewer has credit; then exactly one goes on. When the desktop has come to rest, the
 * last picture is encoded a few times more, so that it gets sharp, and then nothing happens at all.
 *
 * The pacer knows no buffers: `again` tells its owner to encode the last picture once more.
 *
 * Threads: main loop only. Pure: time comes from the caller, in microseconds. */
#pragma once

#include "core/picture.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PACER_NEVER UINT64_MAX

struct pacer {
	struct picture_damage damage; /* of the waiting picture against the last encoded one */
	bool waiting;                 /* a picture is there that was not encoded */
	bool has_picture;             /* something was encoded since the last reset */
	bool busy;                    /* an ENCODE is outstanding */
	bool key_wanted;
	bool refining;        /* the outstanding or last job was a refinement */
	uint64_t captured_us; /* of the oldest picture that is merged into the waiting one */
	uint64_t encoded_us;
	unsigned refinements_left;
	size_t small_packet_bytes; /* a refinement this small changes nothing more */
};

struct pacer_job {
	bool key;
	bool again;      /* the last picture once more */
	bool refinement; /* ... and only to sharpen it */
	struct picture_damage damage;
};

enum pacer_verdict {
	PACER_WAIT,   /* for an event, or for pacer_deadline_us() */
	PACER_ENCODE, /* do the job; the pacer counts itself busy until pacer_packet or pacer_reset
		       */
};

void pacer_init(struct pacer *pacer);

/* A new picture size: what small means, and everything is damage. */
void pacer_set_format(struct pacer *pacer, const struct picture_format *format);

/* A picture was captured. It replaces the one that waits. */
void pacer_captured(struct pacer *pacer, const struct picture_damage *damage, uint64_t now_us);

/* A viewer needs an IDR: with the next picture, or of the last one. */
void pacer_want_key(struct pacer *pacer);

/* What to do now. `credit`: some viewer may be sent a frame. */
enum pacer_verdict pacer_next(
	struct pacer *pacer, bool credit, uint64_t now_us, struct pacer_job *ret_job);

/* The encoder has answered the job. */
void pacer_packet(struct pacer *pacer, size_t bytes, uint64_t now_us);

/* The encoder is gone or new: nothing is outstanding, and the next picture is whole and a key. A
 * picture must be captured, or be still held by the owner, for which `has_picture` says so. */
void pacer_reset(struct pacer *pacer, bool has_picture);

/* When pacer_next should be asked again though nothing happened; PACER_NEVER when not. */
uint64_t pacer_deadline_us(const struct pacer *pacer);
