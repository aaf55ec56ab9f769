/* The picture and its feedback: STREAM, VIDEO, ACK, KEYFRAME. */
#include "sp_bytes.h"

static enum sp_error check_stream(const struct sp_stream *m)
{
	if (m->config == 0 || m->codec != SP_CODEC_H264)
		return SP_ERROR_VALUE;
	if (!sp_is_dimension(m->width_px) || !sp_is_dimension(m->height_px))
		return SP_ERROR_VALUE;
	if (m->full_range > 1)
		return SP_ERROR_VALUE;

	enum sp_error error = sp_check_text(m->codec_string, SP_MAX_CODEC);
	return error != SP_OK ? error : sp_check_text(m->encoder, SP_MAX_NAME);
}

enum sp_error sp_parse_stream(const uint8_t *bytes, size_t size, struct sp_stream *ret_message)
{
	struct sp_reader r = sp_read_begin(bytes, size, SP_TYPE_STREAM, SP_MAX_CLIENT_MESSAGE);
	struct sp_stream m = { 0 };

	m.config = sp_read_u16(&r);
	m.codec = (enum sp_codec)sp_read_u16(&r);
	m.width_px = sp_read_u16(&r);
	m.height_px = sp_read_u16(&r);
	m.max_fps = sp_read_u16(&r);
	m.primaries = sp_read_u8(&r);
	m.transfer = sp_read_u8(&r);
	m.matrix = sp_read_u8(&r);
	m.full_range = sp_read_u8(&r);
	m.codec_string = sp_read_text(&r);
	m.encoder = sp_read_text(&r);

	enum sp_error error = sp_read_end(&r, check_stream(&m));
	if (error == SP_OK)
		*ret_message = m;
	return error;
}

int sp_write_stream(uint8_t *buffer, size_t capacity, const struct sp_stream *message)
{
	struct sp_writer w = sp_write_begin(buffer, capacity, SP_TYPE_STREAM, 0);

	sp_put_u16(&w, message->config);
	sp_put_u16(&w, (uint16_t)message->codec);
	sp_put_u16(&w, message->width_px);
	sp_put_u16(&w, message->height_px);
	sp_put_u16(&w, message->max_fps);
	sp_put_u8(&w, message->primaries);
	sp_put_u8(&w, message->transfer);
	sp_put_u8(&w, message->matrix);
	sp_put_u8(&w, message->full_range);
	sp_put_text(&w, message->codec_string);
	sp_put_text(&w, message->encoder);
	return sp_write_end(&w, check_stream(message));
}

static const uint8_t video_flags = SP_VIDEO_KEY | SP_VIDEO_REFINE;

static enum sp_error check_video(const struct sp_video *m)
{
	if (m->unit_size > SP_MAX_ACCESS_UNIT)
		return SP_ERROR_TOO_LARGE;
	if (m->unit_size == 0 || m->config == 0)
		return SP_ERROR_VALUE;
	if ((m->flags & ~video_flags) != 0 || !sp_is_time(m->capture_us))
		return SP_ERROR_VALUE;
	return SP_OK;
}

enum sp_error sp_parse_video(const uint8_t *bytes, size_t size, struct sp_video *ret_message)
{
	struct sp_reader r = sp_read_begin(
		bytes, size, SP_TYPE_VIDEO, SP_VIDEO_HEADER_SIZE + SP_MAX_ACCESS_UNIT);
	struct sp_video m = { 0 };

	m.config = sp_read_u16(&r);
	sp_read_reserved(&r, 2);
	m.frame = sp_read_u32(&r);
	sp_read_reserved(&r, 4);
	m.capture_us = sp_read_u64(&r);
	m.queue_us = sp_read_u32(&r);
	m.encode_us = sp_read_u32(&r);
	if (r.error != SP_OK)
		return r.error;

	m.flags = bytes[1] & video_flags;
	m.unit_size = size - SP_VIDEO_HEADER_SIZE;
	m.unit = sp_read_bytes(&r, m.unit_size);

	enum sp_error error = sp_read_end(&r, check_video(&m));
	if (error == SP_OK)
		*ret_message = m;
	return error;
}

int sp_write_video_header(uint8_t *buffer, size_t capacity, const struct sp_video *message)
{
	struct sp_writer w = sp_write_begin(buffer, capacity, SP_TYPE_VIDEO, message->flags);

	sp_put_u16(&w, message->config);
	sp_put_reserved(&w, 2);
	sp_put_u32(&w, message->frame);
	sp_put_reserved(&w, 4);
	sp_put_u64(&w, message->capture_us);
	sp_put_u32(&w, message->queue_us);
	sp_put_u32(&w, message->encode_us);
	return sp_write_end(&w, check_video(message));
}

static enum sp_error check_ack(const struct sp_ack *m)
{
	if (!sp_is_time(m->received_us) || !sp_is_time(m->decoded_us) ||
		!sp_is_time(m->presented_us))
		return SP_ERROR_VALUE;
	return SP_OK;
}

enum sp_error sp_parse_ack(const uint8_t *bytes, size_t size, struct sp_ack *ret_message)
{
	struct sp_reader r = sp_read_begin(bytes, size, SP_TYPE_ACK, SP_MAX_CLIENT_MESSAGE);
	struct sp_ack m = { 0 };

	m.frame = sp_read_u32(&r);
	m.queue = sp_read_u16(&r);
	sp_read_reserved(&r, 6);
	m.received_us = sp_read_u64(&r);
	m.decoded_us = sp_read_u64(&r);
	m.presented_us = sp_read_u64(&r);

	enum sp_error error = sp_read_end(&r, check_ack(&m));
	if (error == SP_OK)
		*ret_message = m;
	return error;
}

int sp_write_ack(uint8_t *buffer, size_t capacity, const struct sp_ack *message)
{
	struct sp_writer w = sp_write_begin(buffer, capacity, SP_TYPE_ACK, 0);

	sp_put_u32(&w, message->frame);
	sp_put_u16(&w, message->queue);
	sp_put_reserved(&w, 6);
	sp_put_u64(&w, message->received_us);
	sp_put_u64(&w, message->decoded_us);
	sp_put_u64(&w, message->presented_us);
	return sp_write_end(&w, check_ack(message));
}

static enum sp_error check_keyframe(const struct sp_keyframe *m)
{
	if (m->reason < SP_KEYFRAME_JOIN || m->reason > SP_KEYFRAME_VISIBLE)
		return SP_ERROR_VALUE;
	return SP_OK;
}

enum sp_error sp_parse_keyframe(const uint8_t *bytes, size_t size, struct sp_keyframe *ret_message)
{
	struct sp_reader r = sp_read_begin(bytes, size, SP_TYPE_KEYFRAME, SP_MAX_CLIENT_MESSAGE);
	struct sp_keyframe m = { 0 };

	m.reason = (enum sp_keyframe_reason)sp_read_u16(&r);
	sp_read_reserved(&r, 2);

	enum sp_error error = sp_read_end(&r, check_keyframe(&m));
	if (error == SP_OK)
		*ret_message = m;
	return error;
}

int sp_write_keyframe(uint8_t *buffer, size_t capacity, const struct sp_keyframe *message)
{
	struct sp_writer w = sp_write_begin(buffer, capacity, SP_TYPE_KEYFRAME, 0);

	sp_put_u16(&w, (uint16_t)message->reason);
	sp_put_reserved(&w, 2);
	return sp_write_end(&w, check_keyframe(message));
}
