#include "core/link.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

static_assert(sizeof(ssize_t) > sizeof(uint32_t), "sizes of messages fit");

/* Both cursors keep going after a mistake and are asked once at the end. */
struct reader {
	const uint8_t *at;
	size_t left;
	bool broken;
};

struct writer {
	uint8_t *at;
	size_t left;
	bool full;
};

static void get(struct reader *r, void *value, size_t size)
{
	if (size > r->left) {
		r->broken = true;
		memset(value, 0, size);
		return;
	}
	memcpy(value, r->at, size);
	r->at += size;
	r->left -= size;
}

static uint8_t get_u8(struct reader *r)
{
	uint8_t value;

	get(r, &value, sizeof value);
	return value;
}

static uint16_t get_u16(struct reader *r)
{
	uint16_t value;

	get(r, &value, sizeof value);
	return value;
}

static uint32_t get_u32(struct reader *r)
{
	uint32_t value;

	get(r, &value, sizeof value);
	return value;
}

static uint64_t get_u64(struct reader *r)
{
	uint64_t value;

	get(r, &value, sizeof value);
	return value;
}

static bool get_bool(struct reader *r)
{
	uint8_t value = get_u8(r);

	if (value > 1)
		r->broken = true;
	return value;
}

/* `text` has room for `max_length` characters and a NUL, and is all zeroes. */
static void get_text(struct reader *r, char *text, size_t length, size_t max_length)
{
	if (length > max_length || length > r->left || memchr(r->at, 0, length)) {
		r->broken = true;
		return;
	}
	get(r, text, length);
}

static void put(struct writer *w, const void *value, size_t size)
{
	if (size > w->left) {
		w->full = true;
		return;
	}
	memcpy(w->at, value, size);
	w->at += size;
	w->left -= size;
}

static void put_u8(struct writer *w, uint8_t value)
{
	put(w, &value, sizeof value);
}

static void put_u16(struct writer *w, uint16_t value)
{
	put(w, &value, sizeof value);
}

static void put_u32(struct writer *w, uint32_t value)
{
	put(w, &value, sizeof value);
}

static void put_u64(struct writer *w, uint64_t value)
{
	put(w, &value, sizeof value);
}

static void put_text(struct writer *w, const char *text, size_t max_length)
{
	put(w, text, strnlen(text, max_length));
}

static void put_counted_text(struct writer *w, const char *text, size_t max_length)
{
	put_u8(w, (uint8_t)strnlen(text, max_length));
	put_text(w, text, max_length);
}

static bool is_type(uint16_t type)
{
	return (type >= LINK_CONFIGURE && type <= LINK_BITRATE) ||
		(type >= LINK_READY && type <= LINK_HELLO);
}

static bool is_bitrate(uint32_t kbit)
{
	return kbit >= 1 && kbit <= LINK_MAX_BITRATE_KBIT;
}

ssize_t link_message_size(const uint8_t *bytes, size_t size)
{
	struct reader r = { .at = bytes, .left = size };

	if (size < LINK_HEADER_SIZE)
		return 0;

	uint32_t message_size = get_u32(&r);
	uint16_t type = get_u16(&r);
	uint16_t flags = get_u16(&r);
	bool has_flags = type == LINK_ENCODE || type == LINK_PACKET;
	size_t smallest = type == LINK_PACKET ? LINK_PACKET_HEADER_SIZE + 1 : LINK_HEADER_SIZE;
	size_t largest =
		type == LINK_PACKET ? LINK_PACKET_HEADER_SIZE + LINK_MAX_PACKET : LINK_MAX_SMALL;

	if (!is_type(type) || (flags & ~(has_flags ? LINK_KEY : 0)) || message_size < smallest)
		return -EBADMSG;
	if (message_size > largest)
		return -EMSGSIZE;
	return (ssize_t)message_size;
}

static void parse_configure(struct reader *r, struct link_configure *c)
{
	c->generation = get_u32(r);
	c->format.pixel = (enum pixel_format)get_u32(r);
	c->format.width_px = get_u32(r);
	c->format.height_px = get_u32(r);
	c->max_fps = get_u32(r);
	c->bitrate_kbit = get_u32(r);
	get_text(r, c->encoder, r->left, LINK_MAX_NAME);
	if (!picture_format_is_valid(&c->format) || c->max_fps < 1 || c->max_fps > LINK_MAX_FPS ||
		!is_bitrate(c->bitrate_kbit) || !c->encoder[0])
		r->broken = true;
}

static void parse_buffer_add(struct reader *r, struct link_buffer_add *b)
{
	b->id = get_u32(r);
	b->stride_bytes = get_u32(r);
	b->offset_bytes = get_u64(r);
	b->size_bytes = get_u64(r);
	if (!b->id || !b->stride_bytes || !b->size_bytes ||
		b->offset_bytes > UINT64_MAX - b->size_bytes)
		r->broken = true;
}

static void parse_encode(struct reader *r, struct link_encode *e)
{
	e->sequence = get_u32(r);
	e->buffer = get_u32(r);
	e->pts_us = get_u64(r);

	uint32_t everything = get_u32(r);
	uint32_t count = get_u32(r);
	if (everything > 1 || count > PICTURE_MAX_RECTS || (everything && count)) {
		r->broken = true;
		return;
	}
	e->damage.everything = everything;
	e->damage.count = count;
	for (uint32_t i = 0; i < count; i++)
		e->damage.rects[i] = (struct picture_rect){
			.x = get_u32(r),
			.y = get_u32(r),
			.width = get_u32(r),
			.height = get_u32(r),
		};
}

static void parse_packet(struct reader *r, struct link_packet *p, size_t message_size)
{
	p->sequence = get_u32(r);
	p->size_bytes = get_u32(r);
	p->started_us = get_u64(r);
	p->converted_us = get_u64(r);
	p->encoded_us = get_u64(r);
	if (get_u64(r) != 0 || p->size_bytes != message_size - LINK_PACKET_HEADER_SIZE)
		r->broken = true;
	r->left = 0; /* the access unit is the caller's */
}

static void parse_ready(struct reader *r, struct link_ready *ready)
{
	ready->generation = get_u32(r);
	get_text(r, ready->encoder, get_u8(r), LINK_MAX_NAME);
	get_text(r, ready->description, get_u8(r), LINK_MAX_NAME);
	if (!ready->encoder[0])
		r->broken = true;
}

static void parse_body(struct reader *r, struct link_message *m, size_t message_size)
{
	switch (m->type) {
	case LINK_CONFIGURE: parse_configure(r, &m->configure); return;
	case LINK_BUFFER_ADD: parse_buffer_add(r, &m->buffer_add); return;
	case LINK_BUFFER_REMOVE:
		m->buffer_remove.id = get_u32(r);
		if (!m->buffer_remove.id)
			r->broken = true;
		return;
	case LINK_ENCODE: parse_encode(r, &m->encode); return;
	case LINK_BITRATE:
		m->bitrate.kbit = get_u32(r);
		if (!is_bitrate(m->bitrate.kbit))
			r->broken = true;
		return;
	case LINK_READY: parse_ready(r, &m->ready); return;
	case LINK_RELEASED:
		m->released.sequence = get_u32(r);
		m->released.buffer = get_u32(r);
		return;
	case LINK_PACKET: parse_packet(r, &m->packet, message_size); return;
	case LINK_FAILED:
		m->failed.lost = get_bool(r);
		m->failed.generation = get_u32(r);
		get_text(r, m->failed.text, r->left, LINK_MAX_TEXT);
		return;
	case LINK_HELLO: m->hello.gstreamer = get_u32(r); return;
	}
}

int link_parse(const uint8_t *bytes, size_t size, struct link_message *ret_message)
{
	ssize_t message_size = link_message_size(bytes, size);
	struct reader r = { .at = bytes, .left = size };

	if (message_size < 0)
		return (int)message_size;
	get_u32(&r);

	struct link_message m = { .type = (enum link_type)get_u16(&r) };
	uint16_t flags = get_u16(&r);
	bool is_packet = m.type == LINK_PACKET;
	if (is_packet ? size < LINK_PACKET_HEADER_SIZE : size != (size_t)message_size)
		return -EBADMSG;
	parse_body(&r, &m, (size_t)message_size);
	if (r.broken || r.left)
		return -EBADMSG;
	if (is_packet)
		m.packet.key = flags & LINK_KEY;
	if (m.type == LINK_ENCODE)
		m.encode.key = flags & LINK_KEY;
	*ret_message = m;
	return 0;
}

static void write_encode(struct writer *w, const struct link_encode *e)
{
	uint32_t count = e->damage.everything ? 0 : e->damage.count;

	assert(count <= PICTURE_MAX_RECTS);
	put_u32(w, e->sequence);
	put_u32(w, e->buffer);
	put_u64(w, e->pts_us);
	put_u32(w, e->damage.everything);
	put_u32(w, count);
	for (uint32_t i = 0; i < count; i++) {
		put_u32(w, e->damage.rects[i].x);
		put_u32(w, e->damage.rects[i].y);
		put_u32(w, e->damage.rects[i].width);
		put_u32(w, e->damage.rects[i].height);
	}
}

static void write_body(struct writer *w, const struct link_message *m)
{
	switch (m->type) {
	case LINK_CONFIGURE:
		put_u32(w, m->configure.generation);
		put_u32(w, (uint32_t)m->configure.format.pixel);
		put_u32(w, m->configure.format.width_px);
		put_u32(w, m->configure.format.height_px);
		put_u32(w, m->configure.max_fps);
		put_u32(w, m->configure.bitrate_kbit);
		put_text(w, m->configure.encoder, LINK_MAX_NAME);
		return;
	case LINK_BUFFER_ADD:
		put_u32(w, m->buffer_add.id);
		put_u32(w, m->buffer_add.stride_bytes);
		put_u64(w, m->buffer_add.offset_bytes);
		put_u64(w, m->buffer_add.size_bytes);
		return;
	case LINK_BUFFER_REMOVE: put_u32(w, m->buffer_remove.id); return;
	case LINK_ENCODE: write_encode(w, &m->encode); return;
	case LINK_BITRATE: put_u32(w, m->bitrate.kbit); return;
	case LINK_READY:
		put_u32(w, m->ready.generation);
		put_counted_text(w, m->ready.encoder, LINK_MAX_NAME);
		put_counted_text(w, m->ready.description, LINK_MAX_NAME);
		return;
	case LINK_RELEASED:
		put_u32(w, m->released.sequence);
		put_u32(w, m->released.buffer);
		return;
	case LINK_PACKET:
		put_u32(w, m->packet.sequence);
		put_u32(w, m->packet.size_bytes);
		put_u64(w, m->packet.started_us);
		put_u64(w, m->packet.converted_us);
		put_u64(w, m->packet.encoded_us);
		put_u64(w, 0); /* keeps the access unit on a multiple of 16 */
		return;
	case LINK_FAILED:
		put_u8(w, m->failed.lost);
		put_u32(w, m->failed.generation);
		put_text(w, m->failed.text, LINK_MAX_TEXT);
		return;
	case LINK_HELLO: put_u32(w, m->hello.gstreamer); return;
	}
}

ssize_t link_write(uint8_t *buffer, size_t capacity, const struct link_message *message)
{
	struct writer w = { .at = buffer, .left = capacity };
	bool is_key = (message->type == LINK_ENCODE && message->encode.key) ||
		(message->type == LINK_PACKET && message->packet.key);

	put_u32(&w, 0);
	put_u16(&w, (uint16_t)message->type);
	put_u16(&w, is_key ? LINK_KEY : 0);
	write_body(&w, message);
	if (w.full)
		return -ENOBUFS;

	size_t written = capacity - w.left;
	uint32_t message_size = (uint32_t)written;
	if (message->type == LINK_PACKET) {
		assert(message->packet.size_bytes >= 1 &&
			message->packet.size_bytes <= LINK_MAX_PACKET);
		message_size += message->packet.size_bytes;
	}
	memcpy(buffer, &message_size, sizeof message_size);
	return (ssize_t)written;
}
