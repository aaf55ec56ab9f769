/* agent/src/encoder/remote.h on a loop of its own, with a helix-encoder that is real or a shell
 * script.
 *
 * Threads: one. Ownership: the rig is the test's, in its own memory. Every wait has a deadline, and
 * what goes wrong with the machinery itself ends the test by abort(). */
#pragma once

#include "encoder/remote.h"
#include "lib/encoder_child.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct remote_rig {
	struct sd_event *event;
	struct processes *processes;
	struct encoder *encoder;
	char directory[32]; /* for the registry, the script and what it writes */
	char program[64];
	size_t fds_before;
	uint64_t pts_us;

	/* What was told. */
	bool is_in_call; /* nothing may be told now */
	unsigned readies, releases, packets, keys, faults;
	char name[64];           /* of the last `ready` */
	uint32_t released;       /* the last one */
	enum ladder_fault fault; /* the last one */
	char text[256];          /* of it */
	uint64_t told_us;        /* when that was */
};

extern const struct candidate rig_x264, rig_openh264, rig_without_drm;

/* The directory, and no encoder yet. */
void remote_rig_init(struct remote_rig *rig);

/* The program is from now on a shell script of these lines. The link is descriptor 3. */
void remote_rig_script(struct remote_rig *rig, const char *lines);

/* Start it: the script, or without one $HELIX_ENCODER or build/helix-encoder. `start_us`: as in
 * encoder_remote_options. */
void remote_rig_start(struct remote_rig *rig, const struct candidate *candidate, uint64_t start_us);

/* Free the encoder, wait until no child is left and check that no descriptor is. */
void remote_rig_done(struct remote_rig *rig);

void remote_rig_configure(struct remote_rig *rig, const struct candidate *candidate,
	const struct picture_format *format);
void remote_rig_encode(struct remote_rig *rig, const struct test_picture *picture, bool key);

/* Let the loop run once. False when `deadline_us` has passed. */
bool remote_rig_run(struct remote_rig *rig, uint64_t deadline_us);

/* Let the loop run until something is so; false when it is not after ten seconds. */
#define REMOTE_RIG_UNTIL(rig, condition) \
 ({ \
uint64_t until_us_ = clock_now_us() + 10 * USEC_PER_SEC; \
while (!(condition) && remote_rig_run((rig), until_us_)) \
; \
(condition); \
 })

/* Wait until a child has ended, without the loop. */
void remote_rig_await_end(int pid);

/* Of a process: open descriptors, and memory in use. */
size_t count_fds(int pid);
size_t memory_bytes(int pid);
/* What this process has from malloc. */
size_t heap_bytes(void);

/* A line of a script that sends this message; from a ring of buffers. */
const char *script_send(const struct link_message *message);
const char *script_hello(void);
const char *script_ready(uint32_t generation);
const char *script_failed(uint32_t generation, bool lost);
/* A line that waits for a CONFIGURE for this candidate and takes it. */
const char *script_take_configure(const struct candidate *candidate);
/* A line that does nothing any more. */
const char *script_hang(void);
