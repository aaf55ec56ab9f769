/* A real helix-encoder at the other end of a socket pair, as the agent has it.
 *
 * Threads: one. Ownership: a child and its buffers are the test's, in its own memory. Every wait
 * has a deadline, and what goes wrong with the machinery itself ends the test by abort(). */
#pragma once

#include "core/link.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

struct encoder_child {
	pid_t pid;
	int fd;
	FILE *log;          /* what it wrote to stderr */
	uint32_t gstreamer; /* its version, of HELLO; 0 when no HELLO came */
	uint32_t sequence;
	uint64_t pts_us;
	uint8_t *bytes; /* of the last message received */
	size_t size;
};

/* Starts $HELIX_ENCODER, or build/helix-encoder, and hears its HELLO. */
void encoder_child_start(struct encoder_child *child);

/* The same with these variables ("NAME=value", or "NAME" to be without it; ends with NULL) and one
 * more argument; either may be NULL. */
void encoder_child_start_in(
	struct encoder_child *child, const char *const *variables, const char *argument);

/* Close the link, wait for the end. The wait status. */
int encoder_child_stop(struct encoder_child *child);

/* The wait status; -ETIMEDOUT when it does not end within ten seconds (it is killed then). */
int encoder_child_wait(struct encoder_child *child);

/* What it has written to stderr until now; the caller frees it. */
char *encoder_child_log(struct encoder_child *child);

/* Send a message, with `fd` beside it unless that is -1. */
void encoder_child_send(struct encoder_child *child, const struct link_message *message, int fd);

/* The next message. -ETIMEDOUT after ten seconds, -EPIPE when the link is closed. The access unit
 * of a PACKET is at bytes + LINK_PACKET_HEADER_SIZE. */
int encoder_child_receive(struct encoder_child *child, struct link_message *ret_message);

/* True when the child says nothing for this long. */
bool encoder_child_is_silent(struct encoder_child *child, unsigned msec);

/* CONFIGURE, and the answer to it. */
struct link_message encoder_child_configure(struct encoder_child *child, const char *encoder,
	const struct picture_format *format, uint32_t kbit);

/* A picture in shared memory. */
struct test_picture {
	struct picture_format format;
	uint32_t id, stride_bytes;
	size_t size_bytes;
	int fd;
	uint8_t *pixels;
};

void test_picture_init(
	struct test_picture *picture, const struct picture_format *format, uint32_t id);
void test_picture_done(struct test_picture *picture);
void test_picture_fill(struct test_picture *picture, const struct picture_rect *rect, uint8_t red,
	uint8_t green, uint8_t blue);

/* Noise that differs from one seed to the next. */
void test_picture_noise(struct test_picture *picture, uint32_t seed);
void encoder_child_add(struct encoder_child *child, const struct test_picture *picture);

/* ENCODE, and the RELEASED and the PACKET that answer it. False when something else came, which is
 * in ret_last then. */
bool encoder_child_encode(struct encoder_child *child, const struct link_encode *encode,
	struct link_message *ret_last);

/* The same, of a whole picture, one sixtieth of a second after the one before. */
bool encoder_child_encode_all(
	struct encoder_child *child, uint32_t buffer, bool key, struct link_message *ret_last);

/* A stream kept to be decoded by ffmpeg: the file's number of pictures, 0 when ffmpeg finds a
 * fault, and the last of them as RGB24, which the caller frees. */
struct test_stream {
	char path[64];
	FILE *file;
};

void test_stream_init(struct test_stream *stream);
void test_stream_add(struct test_stream *stream, const struct encoder_child *child);
size_t test_stream_decode(
	struct test_stream *stream, const struct picture_format *format, uint8_t **ret_last);
void test_stream_done(struct test_stream *stream);
