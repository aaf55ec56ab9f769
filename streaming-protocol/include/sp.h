/* The Helix streaming protocol, version 1: bytes in, structs out, and back.
 *
 * One WebSocket binary message carries one protocol message. PROTOCOL.md draws every byte; this
 * header is its C twin and js/sp.js its JavaScript twin. All integers are little-endian.
 *
 * Needs nothing but the C standard library, and does the same on Linux and Windows. Nothing here
 * allocates, logs, or keeps state.
 *
 * Threads: any; there is no shared state.
 * Ownership: a parsed struct points into the bytes it was parsed from and lives as long as they do.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SP_VERSION     1
#define SP_SUBPROTOCOL "helix.v1"

/* Limits that both sides enforce. A message or a text over its limit is SP_ERROR_TOO_LARGE. */
#define SP_HEADER_SIZE       4
#define SP_VIDEO_HEADER_SIZE 32
/* Of every message but VIDEO and CURSOR_SHAPE. */
#define SP_MAX_CLIENT_MESSAGE 8192
#define SP_MAX_ACCESS_UNIT    (16u << 20)
#define SP_MAX_NAME           64
#define SP_MAX_CODEC          32
#define SP_MAX_TEXT           1024
#define SP_MAX_DIMENSION      16384
#define SP_MAX_CURSOR         256
/* No writer here makes a larger message, other than VIDEO and CURSOR_SHAPE. */
#define SP_MAX_SMALL                2048
#define SP_CURSOR_SHAPE_HEADER_SIZE 16
#define SP_MAX_CURSOR_SHAPE         (SP_CURSOR_SHAPE_HEADER_SIZE + SP_MAX_CURSOR * SP_MAX_CURSOR * 4)
/* Times on the wire are microseconds that a JavaScript Number holds exactly: 285 years of them. */
#define SP_MAX_TIME_US ((UINT64_C(1) << 53) - 1)
/* 120 = one device pixel per CSS pixel, as in wp_fractional_scale_v1. */
#define SP_SCALE_ONE 120
#define SP_MIN_SCALE 60
#define SP_MAX_SCALE 960
/* POINTER coordinates and relative motion are pixels times this. */
#define SP_POINTER_UNIT 256
/* One notch of a wheel, as in REL_WHEEL_HI_RES. */
#define SP_SCROLL_NOTCH 120
/* The WebSocket closes with this code after a BYE, and says as much to who missed the BYE. */
#define SP_CLOSE_CODE(reason) (4000 + (reason))

enum sp_error {
	SP_OK = 0,
	SP_ERROR_TRUNCATED = -1, /* the message ends before its last field */
	SP_ERROR_TYPE = -2,      /* not the type that this parser reads */
	SP_ERROR_VALUE = -3,     /* a field holds a value that version 1 does not allow */
	SP_ERROR_TOO_LARGE = -4, /* longer than the limit for its type */
	SP_ERROR_NO_SPACE = -5,  /* the caller's buffer is too small to write into */
	SP_ERROR_ENCODING = -6,  /* text is not valid UTF-8, or has a NUL in it */
};

/* Written out and never reused. 0x30-0x3f are reserved for audio, 0x40-0x4f for the clipboard and
 * files, 0x50-0x5f for touch, pen and gamepads, so that they fit later without a new version. */
enum sp_type {
	SP_TYPE_HELLO = 0x01,
	SP_TYPE_WELCOME = 0x02,
	SP_TYPE_STREAM = 0x03,
	SP_TYPE_VIDEO = 0x04,
	SP_TYPE_ACK = 0x05,
	SP_TYPE_KEYFRAME = 0x06,
	SP_TYPE_CURSOR_SHAPE = 0x07,
	SP_TYPE_CURSOR_POSITION = 0x08,
	SP_TYPE_KEY = 0x10,
	SP_TYPE_TEXT = 0x11,
	SP_TYPE_POINTER = 0x12,
	SP_TYPE_POINTER_RELATIVE = 0x13,
	SP_TYPE_BUTTON = 0x14,
	SP_TYPE_SCROLL = 0x15,
	SP_TYPE_RELEASE_ALL = 0x16,
	SP_TYPE_PING = 0x20,
	SP_TYPE_PONG = 0x21,
	SP_TYPE_PAUSE = 0x22,
	SP_TYPE_RESUME = 0x23,
	SP_TYPE_RESIZE = 0x24,
	SP_TYPE_NOTICE = 0x25,
	SP_TYPE_BYE = 0x26,
};

enum sp_codec { SP_CODEC_H264 = 1 };
/* HELLO.codecs is a mask of SP_CODEC_BIT(codec). */
#define SP_CODEC_BIT(codec) (1u << (codec))

enum sp_role { SP_ROLE_VIEW = 1, SP_ROLE_CONTROL = 2 };

/* HELLO.wishes */
enum { SP_WISH_AUDIO = 1 << 0 };
/* WELCOME.features: what the agent can do in this session. */
enum {
	SP_FEATURE_INPUT = 1 << 0,
	SP_FEATURE_RESIZE = 1 << 1,
	SP_FEATURE_CURSOR = 1 << 2,
};
/* Flags in the header of VIDEO. Here as in SCROLL, parsers drop bits that version 1 does not know
 * and writers refuse them. Masks in fields (codecs, wishes, features) pass through as they are. */
enum {
	SP_VIDEO_KEY = 1 << 0,    /* an IDR with SPS and PPS in front: a decoder may start here */
	SP_VIDEO_REFINE = 1 << 1, /* the same picture again, sharper; nothing moved */
};
/* Flags in the header of SCROLL. */
enum {
	SP_SCROLL_FINGER = 1 << 0, /* smooth motion of a touchpad, not the notches of a wheel */
	SP_SCROLL_STOP = 1 << 1,   /* the fingers left the touchpad */
};

enum sp_keyframe_reason {
	SP_KEYFRAME_JOIN = 1,
	SP_KEYFRAME_DECODER_ERROR = 2,
	SP_KEYFRAME_GAP = 3,
	SP_KEYFRAME_OVERLOAD = 4,
	SP_KEYFRAME_VISIBLE = 5,
};

enum sp_severity { SP_SEVERITY_INFO = 1, SP_SEVERITY_WARN = 2, SP_SEVERITY_ERROR = 3 };

/* NOTICE.code is stable; the text beside it may change. The page has its own words for each. */
enum sp_notice {
	SP_NOTICE_READY = 1,                  /* all is well again; clears what was shown */
	SP_NOTICE_SESSION_STARTING = 2,       /* the desktop is coming up */
	SP_NOTICE_SESSION_RESTARTING = 3,     /* a part of the desktop ended and is started anew */
	SP_NOTICE_SESSION_FAILED = 4,         /* it keeps failing; the text says what to do */
	SP_NOTICE_ENCODER_RESTARTING = 5,     /* the encoder crashed or hung */
	SP_NOTICE_ENCODER_FAILED = 6,         /* no encoder works; the text says what to do */
	SP_NOTICE_ENCODER_FALLBACK = 7,       /* another encoder took over */
	SP_NOTICE_WAITING_FOR_PERMISSION = 8, /* attach: somebody must answer the portal's dialog */
	SP_NOTICE_INPUT_UNAVAILABLE = 9,      /* keyboard and mouse do not reach the desktop */
};

enum sp_bye {
	SP_BYE_NORMAL = 1,
	SP_BYE_SHUTDOWN = 2, /* the agent ends */
	SP_BYE_VERSION = 3,  /* no common version */
	SP_BYE_PROTOCOL = 4, /* the peer broke a rule of PROTOCOL.md */
	SP_BYE_FULL = 5,     /* too many viewers */
	SP_BYE_NO_CODEC = 6, /* no common codec */
	SP_BYE_TIMEOUT = 7,  /* no HELLO, or no sign of life */
	SP_BYE_RATE = 8,     /* too many messages */
	SP_BYE_REPLACED = 9, /* the same person opened the desktop elsewhere */
};

/* Text on the wire: UTF-8, not NUL-terminated, no NUL inside. */
struct sp_text {
	const char *bytes;
	size_t size;
};

/* Client: the first message after the upgrade. */
struct sp_hello {
	uint16_t version; /* the highest that the client speaks */
	uint16_t wishes;
	uint32_t codecs;
	/* The viewport in device pixels; 0x0 = leave the size alone. */
	uint16_t width_px, height_px;
	uint16_t scale_120;    /* 60..960; 0 = unknown */
	uint16_t max_fps;      /* the display's refresh rate; 0 = unknown */
	struct sp_text client; /* at most SP_MAX_NAME bytes */
};

/* Agent: the answer to HELLO. */
struct sp_welcome {
	uint16_t version; /* the one both will speak */
	enum sp_role role;
	uint32_t features;
	uint64_t session;     /* changes when the agent was started anew */
	uint64_t clock_us;    /* the agent's CLOCK_MONOTONIC now */
	struct sp_text agent; /* at most SP_MAX_NAME bytes */
};

/* Agent: precedes the first VIDEO of every new configuration. */
struct sp_stream {
	uint16_t config; /* counts up; wraps past 65535 to 1; never 0 */
	enum sp_codec codec;
	uint16_t width_px, height_px;
	uint16_t max_fps;
	/* Rec. ITU-T H.273 code points, and full_range 0 or 1. */
	uint8_t primaries, transfer, matrix, full_range;
	struct sp_text codec_string; /* RFC 6381, e.g. avc1.42C01F; at most SP_MAX_CODEC bytes */
	struct sp_text encoder;      /* for people; at most SP_MAX_NAME bytes */
};

/* Agent: one access unit. `frame` counts without gaps from 0 for each connection, so that a gap
 * means a defect. The times are the agent's clock: the picture reached the agent at capture_us,
 * waited queue_us for the encoder, and took encode_us to become the access unit. */
struct sp_video {
	uint8_t flags;
	uint16_t config;
	uint32_t frame;
	uint64_t capture_us;
	uint32_t queue_us;
	uint32_t encode_us;
	const uint8_t *unit; /* Annex B */
	size_t unit_size;
};

/* Client: sent when a frame was received, and again when it was presented. Times are the agent's
 * clock as the client knows it from PONG; 0 = not yet. They are for statistics only: credit is
 * computed from when the ACK arrives. */
struct sp_ack {
	uint32_t frame;
	uint16_t queue; /* frames waiting in the client's decoder */
	uint64_t received_us, decoded_us, presented_us;
};

struct sp_keyframe {
	enum sp_keyframe_reason reason;
};

/* Agent: premultiplied RGBA, rows without padding. Sent once per shape, before its first use. */
struct sp_cursor_shape {
	uint32_t id;                  /* never 0 */
	uint16_t width_px, height_px; /* 1..SP_MAX_CURSOR */
	int16_t hotspot_x_px, hotspot_y_px;
	const uint8_t *rgba; /* width_px * height_px * 4 bytes */
};

/* Agent: where the compositor has the pointer, in stream pixels. */
struct sp_cursor_position {
	uint32_t id; /* 0 = hidden */
	int32_t x_px, y_px;
};

struct sp_key {
	uint16_t code; /* linux/input-event-codes.h, 1..767 */
	bool down;
};

/* Committed text of an input method or a virtual keyboard; at most SP_MAX_TEXT bytes. */
struct sp_text_input {
	struct sp_text text;
};

/* Absolute position in pixels * SP_POINTER_UNIT of the picture with that config. */
struct sp_pointer {
	uint16_t config; /* never 0 */
	uint32_t x, y;   /* 0..SP_MAX_DIMENSION * SP_POINTER_UNIT */
};

struct sp_pointer_relative {
	int32_t dx, dy; /* pixels * SP_POINTER_UNIT */
};

struct sp_button {
	uint16_t code; /* BTN_LEFT 0x110 .. BTN_TASK 0x117 */
	bool down;
};

struct sp_scroll {
	uint8_t flags;
	int32_t dx, dy; /* 120ths of a notch; positive is right and down */
};

struct sp_ping {
	uint32_t id;
	uint64_t time_us; /* the sender's clock; comes back unchanged */
};

struct sp_pong {
	uint32_t id;
	uint64_t time_us;  /* from the PING */
	uint64_t clock_us; /* the answerer's clock */
};

struct sp_resize {
	uint16_t width_px, height_px; /* 1..SP_MAX_DIMENSION */
	uint16_t scale_120;
};

struct sp_notice_message {
	enum sp_notice code; /* a code this version does not know is not an error */
	enum sp_severity severity;
	struct sp_text text; /* at most SP_MAX_TEXT bytes */
};

struct sp_bye_message {
	enum sp_bye reason;  /* a reason this version does not know is not an error */
	struct sp_text text; /* at most SP_MAX_TEXT bytes */
};

/* The type of a message, known or not, 0..255; or SP_ERROR_TRUNCATED. */
int sp_message_type(const uint8_t *bytes, size_t size);

/* Whether version 1 defines the type. Unknown types are skipped by whoever receives them. */
bool sp_type_is_known(int type);

/* For logs: "HELLO", or "unknown". Never NULL. */
const char *sp_type_name(int type);
const char *sp_error_string(enum sp_error error);

/* Parsers: SP_OK and a filled struct, or an error and *ret_message untouched. Bytes behind the last
 * field are ignored, so that a later minor revision may append fields. */
enum sp_error sp_parse_hello(const uint8_t *bytes, size_t size, struct sp_hello *ret_message);
enum sp_error sp_parse_welcome(const uint8_t *bytes, size_t size, struct sp_welcome *ret_message);
enum sp_error sp_parse_stream(const uint8_t *bytes, size_t size, struct sp_stream *ret_message);
enum sp_error sp_parse_video(const uint8_t *bytes, size_t size, struct sp_video *ret_message);
enum sp_error sp_parse_ack(const uint8_t *bytes, size_t size, struct sp_ack *ret_message);
enum sp_error sp_parse_keyframe(const uint8_t *bytes, size_t size, struct sp_keyframe *ret_message);
enum sp_error sp_parse_cursor_shape(
	const uint8_t *bytes, size_t size, struct sp_cursor_shape *ret_message);
enum sp_error sp_parse_cursor_position(
	const uint8_t *bytes, size_t size, struct sp_cursor_position *ret_message);
enum sp_error sp_parse_key(const uint8_t *bytes, size_t size, struct sp_key *ret_message);
enum sp_error sp_parse_text(const uint8_t *bytes, size_t size, struct sp_text_input *ret_message);
enum sp_error sp_parse_pointer(const uint8_t *bytes, size_t size, struct sp_pointer *ret_message);
enum sp_error sp_parse_pointer_relative(
	const uint8_t *bytes, size_t size, struct sp_pointer_relative *ret_message);
enum sp_error sp_parse_button(const uint8_t *bytes, size_t size, struct sp_button *ret_message);
enum sp_error sp_parse_scroll(const uint8_t *bytes, size_t size, struct sp_scroll *ret_message);
enum sp_error sp_parse_ping(const uint8_t *bytes, size_t size, struct sp_ping *ret_message);
enum sp_error sp_parse_pong(const uint8_t *bytes, size_t size, struct sp_pong *ret_message);
enum sp_error sp_parse_resize(const uint8_t *bytes, size_t size, struct sp_resize *ret_message);
enum sp_error sp_parse_notice(
	const uint8_t *bytes, size_t size, struct sp_notice_message *ret_message);
enum sp_error sp_parse_bye(const uint8_t *bytes, size_t size, struct sp_bye_message *ret_message);

/* Writers: the message's size in bytes, or a negative sp_error. They refuse what the parsers
 * refuse. SP_MAX_SMALL bytes are enough for every message but VIDEO and CURSOR_SHAPE. */
int sp_write_hello(uint8_t *buffer, size_t capacity, const struct sp_hello *message);
int sp_write_welcome(uint8_t *buffer, size_t capacity, const struct sp_welcome *message);
int sp_write_stream(uint8_t *buffer, size_t capacity, const struct sp_stream *message);
int sp_write_ack(uint8_t *buffer, size_t capacity, const struct sp_ack *message);
int sp_write_keyframe(uint8_t *buffer, size_t capacity, const struct sp_keyframe *message);
int sp_write_cursor_position(
	uint8_t *buffer, size_t capacity, const struct sp_cursor_position *message);
int sp_write_key(uint8_t *buffer, size_t capacity, const struct sp_key *message);
int sp_write_text(uint8_t *buffer, size_t capacity, const struct sp_text_input *message);
int sp_write_pointer(uint8_t *buffer, size_t capacity, const struct sp_pointer *message);
int sp_write_pointer_relative(
	uint8_t *buffer, size_t capacity, const struct sp_pointer_relative *message);
int sp_write_button(uint8_t *buffer, size_t capacity, const struct sp_button *message);
int sp_write_scroll(uint8_t *buffer, size_t capacity, const struct sp_scroll *message);
int sp_write_ping(uint8_t *buffer, size_t capacity, const struct sp_ping *message);
int sp_write_pong(uint8_t *buffer, size_t capacity, const struct sp_pong *message);
int sp_write_resize(uint8_t *buffer, size_t capacity, const struct sp_resize *message);
int sp_write_notice(uint8_t *buffer, size_t capacity, const struct sp_notice_message *message);
int sp_write_bye(uint8_t *buffer, size_t capacity, const struct sp_bye_message *message);

/* A message without fields: RELEASE_ALL, PAUSE or RESUME. */
int sp_write_empty(uint8_t *buffer, size_t capacity, enum sp_type type);

/* Only the first SP_VIDEO_HEADER_SIZE bytes: the access unit already stands behind them, so a frame
 * is never copied for its header. message->unit is not looked at, but unit_size is checked. */
int sp_write_video_header(uint8_t *buffer, size_t capacity, const struct sp_video *message);

/* Only the first SP_CURSOR_SHAPE_HEADER_SIZE bytes, likewise; message->rgba is not looked at. */
int sp_write_cursor_shape_header(
	uint8_t *buffer, size_t capacity, const struct sp_cursor_shape *message);
