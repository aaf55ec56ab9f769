#include "agent.h"
#include "core/utf8.h"
#include "dbus/portal.h"
#include "session/session.h"
#include "sys/clock.h"
#include "sys/log.h"

#include <string.h>

/* A viewer that owes us an ACK for this long does not set the pace any more. */
#define STALLED_US (1 * USEC_PER_SEC)
/* How often a viewer that fell behind may cost the others a key frame. */
#define RESYNC_EVERY_US (3 * USEC_PER_SEC)
/* One key frame serves all who come within this. */
#define JOIN_EVERY_US (100 * USEC_PER_MSEC)
/* How often the viewer that sets the pace gets one when it asks. */
#define REQUEST_EVERY_US (250 * USEC_PER_MSEC)
#define MIN_KBIT         300

static struct seat *seat_of(struct viewer *viewer)
{
	return viewer_data(viewer);
}

static bool is_stalled(const struct seat *seat, uint64_t now_us)
{
	return flow_oldest_us(&seat->flow, now_us) > STALLED_US;
}

/* The better one sets the pace: who has proved to receive, who may act, who acted last. */
static bool is_better(const struct seat *a, const struct seat *b)
{
	if (a->ever_acked != b->ever_acked)
		return a->ever_acked;
	if (viewer_role(a->viewer) != viewer_role(b->viewer))
		return viewer_role(a->viewer) == SP_ROLE_CONTROL;
	return a->active_us > b->active_us;
}

struct seat *viewers_primary(struct agent *a, uint64_t now_us)
{
	struct seat *best = NULL;

	for (struct viewer *v = server_first_viewer(a->server); v; v = server_next_viewer(v)) {
		struct seat *seat = seat_of(v);

		if (seat->paused || is_stalled(seat, now_us))
			continue;
		if (!best || is_better(seat, best))
			best = seat;
	}
	return best;
}

static bool has_credit(const struct seat *seat)
{
	return !seat->paused && viewer_waiting(seat->viewer) == 0 && flow_may_send(&seat->flow);
}

bool viewers_have_credit(struct agent *a, uint64_t now_us)
{
	struct seat *primary = viewers_primary(a, now_us);

	return primary && has_credit(primary);
}

bool viewers_need_key(struct agent *a, uint64_t now_us, uint64_t *ret_retry_us)
{
	struct seat *primary = viewers_primary(a, now_us);
	uint64_t since_us = now_us - a->stream.last_key_us;
	uint64_t wait_us = UINT64_MAX;

	for (struct viewer *v = server_first_viewer(a->server); v; v = server_next_viewer(v)) {
		struct seat *seat = seat_of(v);

		if (seat->synced || !has_credit(seat))
			continue;
		uint64_t every_us = !seat->had_picture ? JOIN_EVERY_US
			: seat == primary              ? REQUEST_EVERY_US
						       : RESYNC_EVERY_US;
		if (since_us >= every_us)
			return true;
		if (every_us - since_us < wait_us)
			wait_us = every_us - since_us;
	}
	if (wait_us != UINT64_MAX)
		*ret_retry_us = now_us + wait_us;
	return false;
}

void viewers_distribute(struct agent *a, struct packet *packet, bool key, uint64_t now_us)
{
	for (struct viewer *v = server_first_viewer(a->server); v; v = server_next_viewer(v)) {
		struct seat *seat = seat_of(v);

		if (!has_credit(seat)) {
			seat->synced = false;
			continue;
		}
		if (!seat->synced && !key)
			continue;
		seat->synced = seat->had_picture = true;
		uint32_t frame = viewer_send_packet(v, packet);
		flow_sent(&seat->flow, frame, packet->unit_size + SP_VIDEO_HEADER_SIZE, now_us);
		seat->frames++;
		seat->bytes += packet->unit_size;
	}
}

void viewers_broadcast(struct agent *a, const uint8_t *bytes, size_t size)
{
	for (struct viewer *v = server_first_viewer(a->server), *next; v; v = next) {
		next = server_next_viewer(v);
		viewer_send(v, bytes, size);
	}
}

void viewers_send_stream(struct agent *a, struct viewer *viewer)
{
	uint8_t message[SP_MAX_SMALL];

	if (!a->stream.config)
		return;
	int size = sp_write_stream(message, sizeof message, &a->stream.message);
	if (size > 0)
		viewer_send(viewer, message, (size_t)size);
	else
		log_error("viewer %u: there is no STREAM message (%d), it sees nothing",
			viewer_id(viewer), size);
}

void viewers_forget_held(struct agent *a)
{
	for (struct viewer *v = server_first_viewer(a->server); v; v = server_next_viewer(v))
		seat_of(v)->held = (struct held){ 0 };
}

static void release_all(struct agent *a, struct seat *seat)
{
	uint32_t code;

	while (held_take(&seat->held, &code)) {
		/* linux/input-event-codes.h: BTN_MISC 0x100 .. BTN_GEAR_UP 0x151 are buttons. */
		if (code >= 0x100 && code < 0x160)
			portal_button(a->portal, code, false);
		else
			portal_key(a->portal, code, false);
	}
}

static void on_hello(void *owner, struct viewer *viewer, const struct sp_hello *hello,
	struct sp_welcome *welcome)
{
	struct agent *a = owner;
	struct seat *seat = seat_of(viewer);
	static const char name[] = "helix-agent " HELIX_VERSION;

	seat->viewer = viewer;
	seat->joined_us = seat->active_us = clock_now_us();
	flow_init(&seat->flow, MIN_KBIT, a->options->bitrate_kbit);
	log_info("viewer %u: %.*s, %ux%u, %s", viewer_id(viewer), (int)hello->client.size,
		hello->client.bytes, hello->width_px, hello->height_px,
		viewer_role(viewer) == SP_ROLE_CONTROL ? "may control" : "may view");

	bool attached = a->options->session == SESSION_ATTACH;
	welcome->features = (uint32_t)(SP_FEATURE_INPUT | SP_FEATURE_CURSOR |
		(attached ? 0 : SP_FEATURE_RESIZE));
	welcome->session = a->session_id;
	welcome->clock_us = seat->joined_us;
	welcome->agent = (struct sp_text){ name, sizeof name - 1 };
	if (viewer_role(viewer) == SP_ROLE_CONTROL && hello->width_px && hello->height_px)
		agent_resize(a, hello->width_px, hello->height_px);
}

static void on_joined(void *owner, struct viewer *viewer)
{
	struct agent *a = owner;
	uint8_t message[SP_MAX_SMALL];

	if (a->notice != SP_NOTICE_READY) {
		int size = sp_write_notice(message, sizeof message,
			&(struct sp_notice_message){
				.code = a->notice,
				.severity = a->notice_severity,
				.text = { a->notice_text, strlen(a->notice_text) },
			});
		if (size > 0)
			viewer_send(viewer, message, (size_t)size);
	}
	viewers_send_stream(a, viewer);
	cursor_greet(a, seat_of(viewer));
	stream_pump(a);
}

static void on_left(void *owner, struct viewer *viewer)
{
	struct agent *a = owner;
	struct seat *seat = seat_of(viewer);

	log_info("viewer %u: left after %llu s and %llu pictures", viewer_id(viewer),
		(unsigned long long)((clock_now_us() - seat->joined_us) / USEC_PER_SEC),
		(unsigned long long)seat->frames);
	release_all(a, seat);
	stream_pump(a);
}

static void on_sent(
	void *owner, struct viewer *viewer, const struct packet *packet, uint64_t now_us)
{
	struct agent *a = owner;
	struct stream *s = &a->stream;

	(void)viewer;
	if (packet->video.flags & (SP_VIDEO_REFINE | SP_VIDEO_KEY))
		return;
	histogram_add(&s->legs[LEG_SEND], now_us - packet->encoded_us);
	uint64_t all_us = now_us - packet->video.capture_us;
	if (all_us >= packet->video.encode_us)
		histogram_add(&s->legs[LEG_OURS], all_us - packet->video.encode_us);
}

static void on_ack(struct agent *a, struct seat *seat, const struct sp_ack *ack)
{
	uint64_t now_us = clock_now_us();

	if (flow_acked(&seat->flow, ack->frame, now_us) == 0)
		return;
	seat->ever_acked = true;
	histogram_add(&a->stream.legs[LEG_NETWORK], seat->flow.rtt_us);
	stream_pump(a);
}

static void on_keyframe(struct agent *a, struct seat *seat)
{
	/* Not refused when it comes too soon, but served when it is time: viewers_need_key(). */
	seat->synced = false;
	stream_pump(a);
}

static void type_text(struct agent *a, const struct sp_text *text)
{
	size_t at = 0;
	uint32_t code;

	while (utf8_next(text->bytes, text->size, &at, &code)) {
		/* X11 keysyms: Latin-1 as it is, control keys by name, all else by its code point.
		 */
		uint32_t keysym = code == '\n' || code == '\r' ? 0xff0d
			: code == '\t'                         ? 0xff09
			: code < 0x100                         ? code
							       : 0x01000000 | code;

		portal_keysym(a->portal, keysym, true);
		portal_keysym(a->portal, keysym, false);
	}
}

/* Whole notches go as notches, which programs count; what is left over waits for more. */
static int32_t take_notches(int32_t *left, int32_t more)
{
	/* A page cannot ask for more than a person can turn. */
	if (more > 100 * SP_SCROLL_NOTCH || more < -100 * SP_SCROLL_NOTCH)
		return 0;
	*left += more;
	int32_t notches = *left / SP_SCROLL_NOTCH;
	*left -= notches * SP_SCROLL_NOTCH;
	return notches;
}

static void on_scroll(struct agent *a, struct seat *seat, const struct sp_scroll *scroll)
{
	if (scroll->flags & (SP_SCROLL_FINGER | SP_SCROLL_STOP)) {
		portal_scroll(a->portal, scroll->dx * 10.0 / SP_SCROLL_NOTCH,
			scroll->dy * 10.0 / SP_SCROLL_NOTCH, scroll->flags & SP_SCROLL_STOP);
		return;
	}
	int32_t x = take_notches(&seat->scroll_x, scroll->dx);
	int32_t y = take_notches(&seat->scroll_y, scroll->dy);
	portal_scroll_notches(a->portal, x, y);
}

static void on_pointer(struct agent *a, const struct sp_pointer *pointer)
{
	double x = (double)pointer->x / SP_POINTER_UNIT;
	double y = (double)pointer->y / SP_POINTER_UNIT;
	const struct picture_format *format = &a->stream.format;

	/* Aimed at a picture of another size that is no longer shown. */
	if (pointer->config != a->stream.config || !format->width_px)
		return;
	x = x > format->width_px - 1 ? format->width_px - 1 : x;
	y = y > format->height_px - 1 ? format->height_px - 1 : y;
	portal_move_to(a->portal, x, y);
}

/* Only SP_ROLE_CONTROL comes here. Messages that do not parse are a defect of the viewer. */
static bool on_input(
	struct agent *a, struct seat *seat, enum sp_type type, const uint8_t *bytes, size_t size)
{
	union {
		struct sp_key key;
		struct sp_text_input text;
		struct sp_pointer pointer;
		struct sp_pointer_relative relative;
		struct sp_button button;
		struct sp_scroll scroll;
		struct sp_resize resize;
	} m;

	switch ((int)type) {
	case SP_TYPE_KEY:
		if (sp_parse_key(bytes, size, &m.key))
			return false;
		if (held_change(&seat->held, m.key.code, m.key.down))
			portal_key(a->portal, m.key.code, m.key.down);
		return true;
	case SP_TYPE_BUTTON:
		if (sp_parse_button(bytes, size, &m.button))
			return false;
		if (held_change(&seat->held, m.button.code, m.button.down))
			portal_button(a->portal, m.button.code, m.button.down);
		return true;
	case SP_TYPE_POINTER:
		if (sp_parse_pointer(bytes, size, &m.pointer))
			return false;
		on_pointer(a, &m.pointer);
		return true;
	case SP_TYPE_POINTER_RELATIVE:
		if (sp_parse_pointer_relative(bytes, size, &m.relative))
			return false;
		portal_move_by(a->portal, (double)m.relative.dx / SP_POINTER_UNIT,
			(double)m.relative.dy / SP_POINTER_UNIT);
		return true;
	case SP_TYPE_SCROLL:
		if (sp_parse_scroll(bytes, size, &m.scroll))
			return false;
		on_scroll(a, seat, &m.scroll);
		return true;
	case SP_TYPE_TEXT:
		if (sp_parse_text(bytes, size, &m.text))
			return false;
		type_text(a, &m.text.text);
		return true;
	case SP_TYPE_RESIZE:
		if (sp_parse_resize(bytes, size, &m.resize))
			return false;
		agent_resize(a, m.resize.width_px, m.resize.height_px);
		return true;
	default: release_all(a, seat); return true;
	}
}

static bool handle(
	struct agent *a, struct seat *seat, enum sp_type type, const uint8_t *bytes, size_t size)
{
	struct sp_keyframe keyframe;
	struct sp_ack ack;

	switch ((int)type) {
	case SP_TYPE_ACK:
		if (sp_parse_ack(bytes, size, &ack))
			return false;
		on_ack(a, seat, &ack);
		return true;
	case SP_TYPE_KEYFRAME:
		if (sp_parse_keyframe(bytes, size, &keyframe))
			return false;
		on_keyframe(a, seat);
		return true;
	case SP_TYPE_PAUSE:
		seat->paused = true;
		seat->synced = false;
		release_all(a, seat);
		stream_pump(a);
		return true;
	case SP_TYPE_RESUME:
		seat->paused = false;
		stream_pump(a);
		return true;
	default:
		/* Those who may only view are ignored in silence: their page says so itself. */
		if (viewer_role(seat->viewer) != SP_ROLE_CONTROL)
			return true;
		seat->active_us = clock_now_us();
		return on_input(a, seat, type, bytes, size);
	}
}

static void on_message(
	void *owner, struct viewer *viewer, enum sp_type type, const uint8_t *bytes, size_t size)
{
	struct agent *a = owner;
	struct seat *seat = seat_of(viewer);

	if (handle(a, seat, type, bytes, size))
		return;
	log_info("viewer %u: a malformed %s, closing it", viewer_id(viewer), sp_type_name(type));
	viewer_close(viewer, SP_BYE_PROTOCOL, "a malformed message");
}

const struct server_events viewers_server_events = {
	.hello = on_hello,
	.joined = on_joined,
	.message = on_message,
	.sent = on_sent,
	.left = on_left,
	.answer = status_answer,
};
