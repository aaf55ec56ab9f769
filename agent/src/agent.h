/* The whole program, by value: what helix-agent consists of, and the only place where two adapters
 * meet.
 *
 *	agent.c		starts, wires, restarts, stops
 *	stream.c	the way of a picture: capture -> pacer -> encoder -> viewers
 *	choice.c	which encoder, what draws the session, and what follows when one fails
 *	viewers.c	what each viewer has been sent, may be sent, and does
 *	cursor.c	the pointer's shapes and place
 *	leash.c		leaves with whoever holds standard input
 *	status.c	/readyz, /api/status, /metrics, /api/screenshot
 *
 * Threads: main loop only. */
#pragma once

#include "core/candidates.h"
#include "core/flow.h"
#include "core/h264.h"
#include "core/held.h"
#include "core/histogram.h"
#include "core/ladder.h"
#include "core/machine.h"
#include "core/options.h"
#include "core/pacer.h"
#include "core/silence.h"
#include "core/verdict.h"
#include "doctor/probe.h"
#include "net/server.h"
#include "net/viewer.h"
#include "pipewire/capture.h"
#include "port/encoder.h"

#include <stdbool.h>
#include <stdint.h>

#define CURSOR_SHAPES 32

struct agent;
struct sd_event;
struct sd_event_source;

/* The legs of a picture's way that the agent can see. */
enum leg {
	LEG_QUEUE,   /* captured until the encoder took it */
	LEG_CONVERT, /* RGB to NV12 */
	LEG_ENCODE,  /* NV12 to access unit */
	LEG_RETURN,  /* access unit complete until it is here */
	LEG_SEND,    /* here until it is in the socket */
	LEG_OURS,    /* captured until in the socket, without convert and encode */
	LEG_NETWORK, /* in the socket until the viewer's ACK came back */
	LEG_COUNT,
};

struct stream {
	struct pacer pacer;
	struct picture_format format; /* 0x0 before the first one */
	struct capture_picture held;  /* the newest picture; .buffer 0 = none */
	uint32_t busy_buffer;         /* the encoder reads it; 0 = none */
	bool encoder_ready, want_configure;
	char encoder_name[64], encoder_title[64], encoder_description[200];
	char message_encoder[SP_MAX_NAME + 1]; /* the description as STREAM has it */
	unsigned unusable;                     /* access units in a row */

	struct h264_parameter_sets sets;
	uint16_t config;          /* of the last STREAM; 0 = none yet */
	bool new_config;          /* the next key frame needs a STREAM */
	struct sp_stream message; /* the last STREAM; its texts point into this struct */
	char codec_string[H264_CODEC_STRING_SIZE];

	struct pacer_job job; /* the outstanding one */
	uint64_t job_captured_us, last_pts_us, last_key_us, bitrate_set_us;
	uint32_t bitrate_kbit;
	struct sd_event_source *timer;   /* pacer_deadline_us, and keys that must wait */
	struct sd_event_source *rebuild; /* of the encoder */

	uint64_t frames, keys, refinements, bytes;
	struct histogram legs[LEG_COUNT];
};

/* What was found out about this machine, and what was chosen by it. */
struct choice {
	struct machine machine;
	struct candidates candidates;
	struct probe_results results;
	bool is_remembered; /* the results came from the cache */
	bool was_probed;    /* ... or need no probe, or one was begun */

	struct ladder ladder;
	size_t steps[LADDER_MAX];      /* the candidate of each step */
	size_t serving;                /* the candidate that the encoder was configured for */
	uint64_t faults;               /* of encoders, since the start */
	struct sd_event_source *climb; /* a step that was left is due for a proof */

	struct process *warming; /* makes the fallback's GStreamer registry */
	struct probe *probe;
	size_t proving; /* the step under proof */
	void (*on_gl)(struct agent *agent);
	char cache_dir[512];
};

struct cursor {
	struct {
		uint32_t id; /* 0 = free */
		uint16_t width_px, height_px;
		int16_t hotspot_x_px, hotspot_y_px;
		uint8_t *rgba;
	} shapes[CURSOR_SHAPES];
	size_t next;                        /* the one to be replaced next */
	struct sp_cursor_position position; /* id 0 = hidden */
	bool was_told;                      /* the compositor told a shape, or that there is none */
	uint32_t shape_id;                  /* the current shape, also off the screen; 0 = none */
};

/* The agent's side of a viewer; viewer_data() of it. */
struct seat {
	struct viewer *viewer;
	struct flow flow;
	struct held held;
	bool paused;
	bool synced; /* it has every picture since a key frame */
	bool ever_acked;
	bool had_picture;
	uint64_t joined_us, active_us; /* last input */
	uint32_t shapes_sent;          /* bit = place in cursor.shapes */
	int32_t scroll_x, scroll_y;    /* 120ths of a notch that are left over */
	uint64_t frames, bytes;
};

struct leash {
	struct sd_event_source *input, *timer;
	struct silence silence;
};

struct agent {
	const struct options *options;
	const char *runtime_dir;
	char token[GUARD_MAX_TOKEN + 1];
	char instance[33]; /* of this start: see server_options */
	uint64_t started_us, session_id, first_picture_us;
	struct sd_event *event;
	struct processes *processes;
	struct session *session;
	struct portal *portal;
	struct capture *capture;
	struct encoder *encoder;
	struct server *server;

	struct choice choice;
	struct stream stream;
	struct cursor cursor;
	struct leash leash;
	uint32_t wanted_width_px, wanted_height_px; /* of the desktop, as the last viewer asked */
	struct sd_event_source *resize_timer;
	unsigned resize_tries_left;

	bool session_ready;
	unsigned cast_failures;             /* in a row */
	struct sd_event_source *cast_timer; /* the next attempt at a portal session */
	enum sp_notice notice;              /* what viewers were told last */
	char notice_text[256];
	enum sp_severity notice_severity;
	char portal_path[512], encoder_path[512], glprobe_path[512];
	char state_file[512];
};

/* Run until SIGTERM, SIGINT, or the end of the leash. The exit code. */
int agent_run(const struct options *options, const char *runtime_dir);

/* Tell all viewers, and those who come later, how the desktop is. READY clears. */
void agent_notice(
	struct agent *agent, enum sp_notice notice, enum sp_severity severity, const char *text);

/* A viewer wants the desktop to have this size. Applied soon, once for many. */
void agent_resize(struct agent *agent, uint32_t width_px, uint32_t height_px);

/* stream.c */
extern const struct encoder_events stream_encoder_events;
extern const struct capture_events agent_capture_events;
int stream_init(struct agent *agent);
void stream_done(struct agent *agent);
void stream_on_format(void *owner, const struct picture_format *format);
void stream_on_picture(void *owner, const struct capture_picture *picture);
void stream_on_buffer_gone(void *owner, uint32_t buffer);
/* Something changed: encode the next picture if one waits and may go. */
void stream_pump(struct agent *agent);
/* Configure the encoder anew, for the candidate that is chosen by then. */
void stream_rebuild(struct agent *agent, uint64_t delay_us);
/* More is known of the encoder: tell the viewers at the next key frame. */
void stream_describe(struct agent *agent);
const char *stream_leg_name(enum leg leg);

/* choice.c */
int choice_init(struct agent *agent);
void choice_done(struct agent *agent);
const struct candidate *choice_candidate(const struct agent *agent);
const struct verdict *choice_verdict(const struct agent *agent);
/* The encoder's title, its driver and adapter: "VAAPI, D3D12 (NVIDIA GeForce RTX 5070)". */
void choice_describe(const struct agent *agent, const char *title, char *buffer, size_t size);
/* The path of the GStreamer registry for a candidate; `owner` is the agent. */
void choice_registry(void *owner, const struct candidate *candidate, char *path, size_t size);
/* True: what draws best is being found out, and `on_gl` will be called within some seconds. */
bool choice_awaits_gl(struct agent *agent, void (*on_gl)(struct agent *agent));
/* GALLIUM_DRIVER for the session; NULL: none. */
const char *choice_gallium_driver(const struct agent *agent);
/* The desktop is there: what is not known yet may be tried now. */
void choice_on_picture(struct agent *agent);
/* The encoder failed: tells the viewers and sees to it that it goes on. */
void choice_fault(struct agent *agent, enum ladder_fault fault, const char *text);
void choice_good(struct agent *agent, uint64_t now_us);
/* The encoder was configured for the chosen candidate. */
void choice_serves(struct agent *agent);

/* viewers.c */
extern const struct server_events viewers_server_events;
struct seat *viewers_primary(struct agent *agent, uint64_t now_us);
/* Give each viewer that may have it the packet. */
void viewers_distribute(struct agent *agent, struct packet *packet, bool key, uint64_t now_us);
/* Whether a key frame is due for somebody; *ret_retry_us: when to ask again if it must wait. */
bool viewers_need_key(struct agent *agent, uint64_t now_us, uint64_t *ret_retry_us);
bool viewers_have_credit(struct agent *agent, uint64_t now_us);
void viewers_broadcast(struct agent *agent, const uint8_t *bytes, size_t size);
void viewers_send_stream(struct agent *agent, struct viewer *viewer);
/* Let go of what they hold: the devices are gone or new. */
void viewers_forget_held(struct agent *agent);

/* cursor.c */
void cursor_on_change(void *owner, const struct capture_cursor *cursor);
/* Bring a new viewer up to date. */
void cursor_greet(struct agent *agent, struct seat *seat);
/* The compositor is gone, and what it told of the pointer. */
void cursor_forget(struct cursor *cursor);
void cursor_done(struct cursor *cursor);

/* leash.c */
int leash_init(struct agent *agent);
void leash_done(struct agent *agent);

/* status.c */
void status_answer(void *owner, const char *path, struct server_answer *answer);
