/* Whether what an encoder made of the trial's pictures is good: H.264 that the viewer's link takes,
 * that a decoder takes, and that shows what went in.
 *
 * Threads: main thread only. */
#pragma once

#include "core/h264.h"

#include <stddef.h>

struct trial;

enum quality_sentence { QUALITY_GOOD, QUALITY_UNDECODABLE, QUALITY_WRONG_PICTURE };

struct quality {
	int decoded;
	const char *decoder;                /* "" where none is installed */
	size_t compared;                    /* so many pictures */
	double psnr_db;                     /* their luma's; 99 at most */
	const char *profile;                /* "high" */
	char codec[H264_CODEC_STRING_SIZE]; /* "" until an SPS was understood */
	int reordering; /* what the encoder's own SPS promises; -1 when nothing */
};

struct quality_text {
	char text[256];
};

/* Works on the trial's access units in place, once. `ret_quality` has what was found out even
 * when the sentence is bad, for which `ret_why` has the reason. */
enum quality_sentence quality_check(
	struct trial *trial, struct quality *ret_quality, struct quality_text *ret_why);
