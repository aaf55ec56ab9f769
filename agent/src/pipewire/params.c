#include "pipewire/params.h"

#include "core/picture.h"

#include <pipewire/pipewire.h>
#include <spa/buffer/meta.h>
#include <spa/param/video/format-utils.h>

#define CURSOR_META_SIZE(w, h)                                                                     \
 (int)(sizeof(struct spa_meta_cursor) + sizeof(struct spa_meta_bitmap) + (w) * (h)*4)

const struct spa_pod *params_format(uint8_t *buffer, size_t size, uint32_t width_px,
	uint32_t height_px, bool any_size, uint32_t max_fps)
{
	struct spa_pod_builder builder = SPA_POD_BUILDER_INIT(buffer, (uint32_t)size);
	struct spa_rectangle wanted = SPA_RECTANGLE(width_px, height_px);
	struct spa_rectangle least = any_size ? SPA_RECTANGLE(1, 1) : wanted;
	struct spa_rectangle most = wanted;

	if (any_size)
		most = SPA_RECTANGLE(PICTURE_MAX_DIMENSION, PICTURE_MAX_DIMENSION);
	return spa_pod_builder_add_object(&builder, SPA_TYPE_OBJECT_Format, SPA_PARAM_EnumFormat,
		SPA_FORMAT_mediaType, SPA_POD_Id(SPA_MEDIA_TYPE_video), SPA_FORMAT_mediaSubtype,
		SPA_POD_Id(SPA_MEDIA_SUBTYPE_raw), SPA_FORMAT_VIDEO_format,
		SPA_POD_CHOICE_ENUM_Id(5, SPA_VIDEO_FORMAT_BGRx, SPA_VIDEO_FORMAT_BGRx,
			SPA_VIDEO_FORMAT_BGRA, SPA_VIDEO_FORMAT_RGBx, SPA_VIDEO_FORMAT_RGBA),
		SPA_FORMAT_VIDEO_size, SPA_POD_CHOICE_RANGE_Rectangle(&wanted, &least, &most),
		SPA_FORMAT_VIDEO_framerate, SPA_POD_Fraction(&SPA_FRACTION(0, 1)),
		SPA_FORMAT_VIDEO_maxFramerate,
		SPA_POD_CHOICE_RANGE_Fraction(
			&SPA_FRACTION(max_fps, 1), &SPA_FRACTION(1, 1), &SPA_FRACTION(max_fps, 1)));
}

void params_offer_buffers(struct pw_stream *stream)
{
	uint8_t buffer[2048];
	struct spa_pod_builder builder = SPA_POD_BUILDER_INIT(buffer, sizeof buffer);
	const struct spa_pod *params[4];

	/* One is being encoded, one is the newest, and mutter (up to 48 at least) drops a picture
	 * for good when no buffer is free, even the last one: so as many as it gives, which last it
	 * 200 ms while we do not get to run. */
	params[0] = spa_pod_builder_add_object(&builder, SPA_TYPE_OBJECT_ParamBuffers,
		SPA_PARAM_Buffers, SPA_PARAM_BUFFERS_buffers, SPA_POD_CHOICE_RANGE_Int(16, 4, 16),
		SPA_PARAM_BUFFERS_dataType, SPA_POD_CHOICE_FLAGS_Int(1 << SPA_DATA_MemFd));
	params[1] = spa_pod_builder_add_object(&builder, SPA_TYPE_OBJECT_ParamMeta, SPA_PARAM_Meta,
		SPA_PARAM_META_type, SPA_POD_Id(SPA_META_Header), SPA_PARAM_META_size,
		SPA_POD_Int(sizeof(struct spa_meta_header)));
	params[2] = spa_pod_builder_add_object(&builder, SPA_TYPE_OBJECT_ParamMeta, SPA_PARAM_Meta,
		SPA_PARAM_META_type, SPA_POD_Id(SPA_META_VideoDamage), SPA_PARAM_META_size,
		SPA_POD_CHOICE_RANGE_Int(sizeof(struct spa_meta_region) * PICTURE_MAX_RECTS,
			sizeof(struct spa_meta_region),
			sizeof(struct spa_meta_region) * PICTURE_MAX_RECTS));
	params[3] = spa_pod_builder_add_object(&builder, SPA_TYPE_OBJECT_ParamMeta, SPA_PARAM_Meta,
		SPA_PARAM_META_type, SPA_POD_Id(SPA_META_Cursor), SPA_PARAM_META_size,
		SPA_POD_CHOICE_RANGE_Int(CURSOR_META_SIZE(256, 256), CURSOR_META_SIZE(1, 1),
			CURSOR_META_SIZE(1024, 1024)));
	pw_stream_update_params(stream, params, 4);
}
