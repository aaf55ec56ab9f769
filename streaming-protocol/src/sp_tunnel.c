#include "sp_tunnel.h"

#include <assert.h>
#include <limits.h>
#include <string.h>

/* Credit is given back in quarters of a window, so that small talk costs no frames of its own. */
#define CREDIT_STEP (SP_TUNNEL_WINDOW / 4)

static const uint8_t greeting[SP_TUNNEL_GREETING_SIZE] = { 'h', 'e', 'l', 'i', 'x', '-', 't', 'u',
	'n', 'n', 'e', 'l', SP_TUNNEL_VERSION, 0, 0, 0 };
#define GREETING_NAME_SIZE 12

static void put_u32(uint8_t *bytes, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		bytes[i] = (uint8_t)(value >> (8 * i));
}

static uint32_t get_u32(const uint8_t *bytes)
{
	return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
		(uint32_t)bytes[3] << 24;
}

static void put_header(
	uint8_t *bytes, enum sp_tunnel_frame type, const struct sp_tunnel_channel *c, uint32_t size)
{
	put_u32(bytes, type);
	put_u32(bytes + 4, c->id);
	put_u32(bytes + 8, size);
}

static struct sp_tunnel_channel *used(struct sp_tunnel *t, unsigned slot)
{
	assert(slot < SP_TUNNEL_CHANNELS && t->channels[slot].is_used);
	return &t->channels[slot];
}

/* -1 when there is none. */
static int find(const struct sp_tunnel *t, uint32_t id)
{
	for (int i = 0; i < SP_TUNNEL_CHANNELS; i++) {
		if (t->channels[i].is_used && t->channels[i].id == id)
			return i;
	}
	return -1;
}

/* The lowest free slot, so that little of the memory is ever touched; -1 when there is none. */
static int occupy(struct sp_tunnel *t, uint32_t id)
{
	for (int i = 0; i < SP_TUNNEL_CHANNELS; i++) {
		if (t->channels[i].is_used)
			continue;
		t->channels[i] = (struct sp_tunnel_channel){
			.is_used = true,
			.id = id,
			.credit = SP_TUNNEL_WINDOW,
		};
		return i;
	}
	return -1;
}

static void release(struct sp_tunnel_channel *c)
{
	*c = (struct sp_tunnel_channel){ 0 };
}

/* Both ends were sent, and everything was taken and credited on both sides. The opener gets here
 * only after the other side can be sure to, so there is a slot for the channel that it opens next.
 */
static void release_if_over(struct sp_tunnel_channel *c)
{
	if (c->end_sent && c->credit == SP_TUNNEL_WINDOW && c->end_taken && c->taken == 0)
		release(c);
}

void sp_tunnel_init(struct sp_tunnel *t, enum sp_tunnel_role role, uint8_t *memory)
{
	*t = (struct sp_tunnel){ .role = role, .memory = memory, .body_slot = -1 };
	memcpy(t->output, greeting, sizeof greeting);
	t->output_end = sizeof greeting;
}

bool sp_tunnel_is_greeted(const struct sp_tunnel *t)
{
	return t->greeted == SP_TUNNEL_GREETING_SIZE && t->error == SP_TUNNEL_OK;
}

bool sp_tunnel_has_free(const struct sp_tunnel *t)
{
	for (int i = 0; i < SP_TUNNEL_CHANNELS; i++) {
		if (!t->channels[i].is_used)
			return true;
	}
	return false;
}

int sp_tunnel_open(struct sp_tunnel *t)
{
	assert(t->role == SP_TUNNEL_OPENER);
	/* Ids are never used twice, so a frame of a channel that is gone is told from the next. */
	if (t->last_id > UINT32_MAX - SP_TUNNEL_CHANNELS)
		return SP_TUNNEL_ERROR_FULL;

	int slot = occupy(t, 0);
	return slot < 0 ? (int)SP_TUNNEL_ERROR_FULL : slot;
}

static bool put_frame(struct sp_tunnel *t, enum sp_tunnel_frame type,
	const struct sp_tunnel_channel *c, uint32_t size)
{
	if (SP_TUNNEL_OUTPUT - t->output_end < SP_TUNNEL_HEADER_SIZE)
		return false;
	put_header(t->output + t->output_end, type, c, size);
	t->output_end += SP_TUNNEL_HEADER_SIZE;
	return true;
}

/* Write what one channel owes, as far as there is room. */
static void settle_channel(struct sp_tunnel *t, struct sp_tunnel_channel *c)
{
	if (c->id == 0) {
		if (c->owes_reset) {
			release(c);
			return;
		}
		c->id = t->last_id + 1;
		if (!put_frame(t, SP_TUNNEL_OPEN, c, 0)) {
			c->id = 0;
			return;
		}
		t->last_id++;
	}
	if (c->owes_reset) {
		if (put_frame(t, SP_TUNNEL_RESET, c, 0))
			release(c);
		return;
	}
	if (c->taken >= CREDIT_STEP || (c->taken > 0 && c->end_taken)) {
		if (!put_frame(t, SP_TUNNEL_CREDIT, c, c->taken))
			return;
		c->taken = 0;
	}
	if (c->owes_end && c->credit > 0 && put_frame(t, SP_TUNNEL_END, c, 0)) {
		c->owes_end = false;
		c->end_sent = true;
		c->credit--;
	}
	release_if_over(c);
}

/* Before any data, so that no socket can keep a channel from ending or from being credited. */
static void settle(struct sp_tunnel *t)
{
	if (t->output_at > 0 &&
		SP_TUNNEL_OUTPUT - t->output_end < SP_TUNNEL_HEADER_SIZE + SP_TUNNEL_MAX_DATA) {
		memmove(t->output, t->output + t->output_at, t->output_end - t->output_at);
		t->output_end -= t->output_at;
		t->output_at = 0;
	}
	for (int i = 0; i < SP_TUNNEL_CHANNELS; i++) {
		if (t->channels[i].is_used)
			settle_channel(t, &t->channels[i]);
	}
}

size_t sp_tunnel_output(struct sp_tunnel *t, const uint8_t **ret_bytes)
{
	if (t->error == SP_TUNNEL_OK)
		settle(t);
	*ret_bytes = t->output + t->output_at;
	return t->output_end - t->output_at;
}

void sp_tunnel_written(struct sp_tunnel *t, size_t size)
{
	assert(size <= t->output_end - t->output_at);
	t->output_at += size;
	if (t->output_at == t->output_end)
		t->output_at = t->output_end = 0;
}

bool sp_tunnel_may_send(const struct sp_tunnel *t, unsigned slot)
{
	assert(slot < SP_TUNNEL_CHANNELS);
	const struct sp_tunnel_channel *c = &t->channels[slot];
	size_t waiting = t->output_end - t->output_at;

	return c->is_used && !c->owes_reset && !c->owes_end && !c->end_sent && c->credit > 0 &&
		t->error == SP_TUNNEL_OK &&
		SP_TUNNEL_OUTPUT - waiting >= SP_TUNNEL_HEADER_SIZE + SP_TUNNEL_MAX_DATA;
}

size_t sp_tunnel_send_begin(struct sp_tunnel *t, unsigned slot, uint8_t **ret_space)
{
	struct sp_tunnel_channel *c = used(t, slot);

	if (!sp_tunnel_may_send(t, slot))
		return 0;
	settle(t);
	/* What was owed took the room, or even that of the channel's OPEN. */
	if (c->id == 0 ||
		SP_TUNNEL_OUTPUT - t->output_end < SP_TUNNEL_HEADER_SIZE + SP_TUNNEL_MAX_DATA)
		return 0;
	*ret_space = t->output + t->output_end + SP_TUNNEL_HEADER_SIZE;
	return c->credit < SP_TUNNEL_MAX_DATA ? c->credit : SP_TUNNEL_MAX_DATA;
}

void sp_tunnel_send_end(struct sp_tunnel *t, unsigned slot, size_t size)
{
	struct sp_tunnel_channel *c = used(t, slot);

	assert(size <= c->credit && size <= SP_TUNNEL_MAX_DATA);
	if (size == 0)
		return;
	put_frame(t, SP_TUNNEL_DATA, c, (uint32_t)size);
	t->output_end += size;
	c->credit -= (uint32_t)size;
}

void sp_tunnel_end(struct sp_tunnel *t, unsigned slot)
{
	struct sp_tunnel_channel *c = used(t, slot);

	c->owes_end = !c->end_sent;
}

void sp_tunnel_reset(struct sp_tunnel *t, unsigned slot)
{
	struct sp_tunnel_channel *c = used(t, slot);

	c->owes_reset = true;
	c->ring_size = 0;
	/* The rest of a frame must not reach the slot's next channel. */
	if (t->body_slot == (int)slot)
		t->body_slot = -1;
}

size_t sp_tunnel_peek(const struct sp_tunnel *t, unsigned slot, const uint8_t **ret_bytes)
{
	assert(slot < SP_TUNNEL_CHANNELS);
	const struct sp_tunnel_channel *c = &t->channels[slot];
	uint32_t straight = SP_TUNNEL_WINDOW - c->ring_at;

	*ret_bytes = t->memory + (size_t)slot * SP_TUNNEL_WINDOW + c->ring_at;
	return c->ring_size < straight ? c->ring_size : straight;
}

void sp_tunnel_take(struct sp_tunnel *t, unsigned slot, size_t size)
{
	struct sp_tunnel_channel *c = used(t, slot);

	assert(size <= c->ring_size);
	c->ring_size -= (uint32_t)size;
	c->taken += (uint32_t)size;
	/* From the start again when empty: the first pages stay in the cache. */
	c->ring_at = c->ring_size ? (uint32_t)(c->ring_at + size) % SP_TUNNEL_WINDOW : 0;
}

bool sp_tunnel_at_end(const struct sp_tunnel *t, unsigned slot)
{
	assert(slot < SP_TUNNEL_CHANNELS);
	const struct sp_tunnel_channel *c = &t->channels[slot];

	return c->is_used && !c->owes_reset && c->end_received && !c->end_taken &&
		c->ring_size == 0;
}

void sp_tunnel_take_end(struct sp_tunnel *t, unsigned slot)
{
	struct sp_tunnel_channel *c = used(t, slot);

	assert(sp_tunnel_at_end(t, slot));
	c->end_taken = true;
	c->taken++;
}

static int fail(struct sp_tunnel *t, enum sp_tunnel_error error)
{
	t->error = error;
	return (int)error;
}

static int receive_greeting(
	struct sp_tunnel *t, const uint8_t *bytes, size_t size, struct sp_tunnel_event *ret_event)
{
	size_t used_bytes = 0;

	while (used_bytes < size && t->greeted < SP_TUNNEL_GREETING_SIZE) {
		if (bytes[used_bytes] != greeting[t->greeted])
			return fail(t,
				t->greeted < GREETING_NAME_SIZE ? SP_TUNNEL_ERROR_GREETING
								: SP_TUNNEL_ERROR_VERSION);
		used_bytes++;
		t->greeted++;
	}
	if (t->greeted == SP_TUNNEL_GREETING_SIZE)
		ret_event->type = SP_TUNNEL_EVENT_GREETED;
	return (int)used_bytes;
}

static int on_open(struct sp_tunnel *t, uint32_t id, struct sp_tunnel_event *ret_event)
{
	if (t->role != SP_TUNNEL_ACCEPTER || t->last_id == UINT32_MAX || id != t->last_id + 1)
		return fail(t, SP_TUNNEL_ERROR_CHANNEL);

	int slot = occupy(t, id);
	if (slot < 0)
		return fail(t, SP_TUNNEL_ERROR_CHANNEL);
	t->last_id = id;
	*ret_event = (struct sp_tunnel_event){ SP_TUNNEL_EVENT_OPENED, (unsigned)slot };
	return 0;
}

/* Whether `size` more bytes, or an END for one, fit what was granted. */
static enum sp_tunnel_error check_granted(const struct sp_tunnel_channel *c, uint32_t size)
{
	if (c->end_received)
		return SP_TUNNEL_ERROR_CHANNEL;
	return c->ring_size + c->taken + size > SP_TUNNEL_WINDOW ? SP_TUNNEL_ERROR_WINDOW
								 : SP_TUNNEL_OK;
}

static enum sp_tunnel_event_type on_frame(
	struct sp_tunnel *t, struct sp_tunnel_channel *c, enum sp_tunnel_frame type, uint32_t size)
{
	switch (type) {
	case SP_TUNNEL_OPEN: break;
	case SP_TUNNEL_DATA: t->error = check_granted(c, size); break;
	case SP_TUNNEL_END:
		t->error = check_granted(c, 1);
		c->end_received = true;
		return SP_TUNNEL_EVENT_READABLE;
	case SP_TUNNEL_RESET: release(c); return SP_TUNNEL_EVENT_RESET;
	case SP_TUNNEL_CREDIT:
		if (size > SP_TUNNEL_WINDOW - c->credit) {
			t->error = SP_TUNNEL_ERROR_WINDOW;
			break;
		}
		c->credit += size;
		release_if_over(c);
		return SP_TUNNEL_EVENT_WRITABLE;
	}
	return SP_TUNNEL_EVENT_NONE;
}

static bool is_frame(uint32_t type, uint32_t size)
{
	switch (type) {
	case SP_TUNNEL_OPEN:
	case SP_TUNNEL_END:
	case SP_TUNNEL_RESET: return size == 0;
	case SP_TUNNEL_DATA: return size >= 1 && size <= SP_TUNNEL_MAX_DATA;
	case SP_TUNNEL_CREDIT: return size >= 1 && size <= SP_TUNNEL_WINDOW;
	default: return false; /* this is a number from the wire, and no enum yet */
	}
}

/* A whole header is here. */
static int receive_header(struct sp_tunnel *t, struct sp_tunnel_event *ret_event)
{
	uint32_t type = get_u32(t->header);
	uint32_t id = get_u32(t->header + 4);
	uint32_t size = get_u32(t->header + 8);

	t->header_size = 0;
	if (!is_frame(type, size))
		return fail(t, SP_TUNNEL_ERROR_FRAME);
	if (type == SP_TUNNEL_OPEN)
		return on_open(t, id, ret_event);
	if (id == 0 || id > t->last_id)
		return fail(t, SP_TUNNEL_ERROR_CHANNEL);

	t->body_slot = find(t, id);
	t->body_left = type == SP_TUNNEL_DATA ? size : 0;
	/* It was sent before the other side could know that the channel is gone. */
	if (t->body_slot < 0)
		return 0;

	struct sp_tunnel_channel *c = &t->channels[t->body_slot];
	if (c->owes_reset) {
		t->body_slot = -1;
		if (type == SP_TUNNEL_RESET)
			release(c);
		return 0;
	}
	ret_event->slot = (unsigned)t->body_slot;
	ret_event->type = on_frame(t, c, (enum sp_tunnel_frame)type, size);
	return (int)t->error;
}

/* The part of a DATA frame that is here. */
static int receive_body(
	struct sp_tunnel *t, const uint8_t *bytes, size_t size, struct sp_tunnel_event *ret_event)
{
	uint32_t part = size < t->body_left ? (uint32_t)size : t->body_left;

	t->body_left -= part;
	if (t->body_slot < 0)
		return (int)part;

	struct sp_tunnel_channel *c = &t->channels[t->body_slot];
	uint8_t *ring = t->memory + (size_t)t->body_slot * SP_TUNNEL_WINDOW;
	uint32_t end = (c->ring_at + c->ring_size) % SP_TUNNEL_WINDOW;
	uint32_t first = part < SP_TUNNEL_WINDOW - end ? part : SP_TUNNEL_WINDOW - end;

	memcpy(ring + end, bytes, first);
	memcpy(ring, bytes + first, part - first);
	c->ring_size += part;
	*ret_event = (struct sp_tunnel_event){ SP_TUNNEL_EVENT_READABLE, (unsigned)t->body_slot };
	return (int)part;
}

int sp_tunnel_receive(
	struct sp_tunnel *t, const uint8_t *bytes, size_t size, struct sp_tunnel_event *ret_event)
{
	size_t at = 0;

	*ret_event = (struct sp_tunnel_event){ SP_TUNNEL_EVENT_NONE, 0 };
	if (t->error != SP_TUNNEL_OK)
		return (int)t->error;
	if (size > INT_MAX)
		size = INT_MAX;
	while (at < size && ret_event->type == SP_TUNNEL_EVENT_NONE) {
		int r;

		if (t->greeted < SP_TUNNEL_GREETING_SIZE) {
			r = receive_greeting(t, bytes + at, size - at, ret_event);
		} else if (t->body_left > 0) {
			r = receive_body(t, bytes + at, size - at, ret_event);
		} else {
			t->header[t->header_size++] = bytes[at];
			at++;
			r = t->header_size == SP_TUNNEL_HEADER_SIZE ? receive_header(t, ret_event)
								    : 0;
		}
		if (r < 0)
			return r;
		at += (size_t)r;
	}
	return (int)at;
}

const char *sp_tunnel_error_string(enum sp_tunnel_error error)
{
	switch (error) {
	case SP_TUNNEL_OK: return "no error";
	case SP_TUNNEL_ERROR_GREETING: return "this is not Helix's tunnel, but something else";
	case SP_TUNNEL_ERROR_VERSION: return "the other end of the tunnel is of another version";
	case SP_TUNNEL_ERROR_FRAME: return "the tunnel brought bytes that are no frame";
	case SP_TUNNEL_ERROR_CHANNEL: return "the tunnel brought a frame out of turn";
	case SP_TUNNEL_ERROR_WINDOW: return "the tunnel brought more than was asked for";
	case SP_TUNNEL_ERROR_FULL: return "the tunnel has no channel left";
	}
	return "unknown error";
}
