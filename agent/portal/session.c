#include "session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>

#include "backend.h"
#include "sys/log.h"

#define INTERFACE "org.freedesktop.impl.portal.Session"

/* The frontend refuses absolute positions outside the size that Start told, takes none for 0x0, and
 * cannot be told of a new size later (check_position() in its remote-desktop.c). A virtual monitor
 * has no size yet and is resized at will, so its bounds are set where no monitor ends; mutter
 * clips. */
#define VIRTUAL_EXTENT_PX 16384

static void end(struct session *session, enum response response)
{
	bool was_started = session->state == SESSION_STARTED;

	session->state = SESSION_ENDED;
	request_answer(&session->start, response);
	if (!was_started)
		return;

	/* The frontend forgets the session with this signal; it will not call Close. */
	sd_bus_emit_signal(session->backend->bus, session->path, INTERFACE, "Closed", "");
	backend_drop(session->backend, session);
}

static int append_streams(
	struct session *session, sd_bus_message *reply, const struct mutter_stream *stream)
{
	const int32_t extent = VIRTUAL_EXTENT_PX;
	const char *types = "a(ua{sv})";

	if (!stream)
		return sd_bus_message_append(reply, "{sv}", "streams", types, 0);
	if (session->sources & SOURCE_VIRTUAL)
		return sd_bus_message_append(reply, "{sv}", "streams", types, 1, stream->node_id, 2,
			"source_type", "u", (uint32_t)SOURCE_VIRTUAL, "size", "(ii)", extent,
			extent);
	if (!stream->has_area)
		return sd_bus_message_append(reply, "{sv}", "streams", types, 1, stream->node_id, 1,
			"source_type", "u", (uint32_t)SOURCE_MONITOR);
	return sd_bus_message_append(reply, "{sv}", "streams", types, 1, stream->node_id, 3,
		"source_type", "u", (uint32_t)SOURCE_MONITOR, "size", "(ii)", stream->size_px[0],
		stream->size_px[1], "position", "(ii)", stream->position[0], stream->position[1]);
}

static int append_results(
	struct session *session, sd_bus_message *reply, const struct mutter_stream *stream)
{
	int r = sd_bus_message_open_container(reply, SD_BUS_TYPE_ARRAY, "{sv}");
	if (r < 0)
		return r;

	if (session->remote) {
		r = sd_bus_message_append(reply, "{sv}", "devices", "u", session->devices);
		if (r < 0)
			return r;
	}
	/* There is nothing to restore: we never ask. */
	r = sd_bus_message_append(reply, "{sv}", "persist_mode", "u", (uint32_t)0);
	if (r < 0)
		return r;

	r = append_streams(session, reply, stream);
	if (r < 0)
		return r;
	return sd_bus_message_close_container(reply);
}

static void on_started(void *owner, const struct mutter_stream *stream)
{
	struct session *session = owner;
	sd_bus_message *reply = NULL;

	int r = request_reply_new(&session->start, &reply);
	if (r >= 0)
		r = append_results(session, reply, stream);
	if (r < 0) {
		log_error("portal: %s: cannot build the answer to Start: %s", session->path,
			strerror(-r));
		sd_bus_message_unref(reply);
		end(session, RESPONSE_OTHER);
		return;
	}

	session->state = SESSION_STARTED;
	session->node_id = stream ? stream->node_id : 0;
	r = request_send(&session->start, reply);
	if (r < 0)
		log_warn("portal: %s: cannot answer Start: %s", session->path, strerror(-r));
	log_info("portal: %s started: node %u, %s, devices %u", session->path, session->node_id,
		!stream                                     ? "no picture"
			: session->sources & SOURCE_VIRTUAL ? "virtual monitor"
							    : "monitor",
		session->devices);
}

static void on_failed(void *owner, const char *text)
{
	struct session *session = owner;

	log_error("portal: %s did not start: %s", session->path, text);
	end(session, RESPONSE_OTHER);
}

static void on_closed(void *owner)
{
	struct session *session = owner;

	log_warn("portal: mutter closed %s, telling the frontend", session->path);
	end(session, RESPONSE_OTHER);
}

static const struct mutter_events events = {
	.started = on_started,
	.failed = on_failed,
	.closed = on_closed,
};

static void on_cancelled(void *owner)
{
	struct session *session = owner;

	log_info("portal: %s: the client cancelled Start", session->path);
	end(session, RESPONSE_CANCELLED);
	mutter_free(session->mutter);
	session->mutter = NULL;
}

static int on_close(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	struct session *session = userdata;
	(void)error;

	log_info("portal: the frontend closed %s", session->path);
	request_answer(&session->start, RESPONSE_CANCELLED);
	backend_drop(session->backend, session);
	return sd_bus_reply_method_return(message, "");
}

static int get_version(sd_bus *bus, const char *path, const char *interface, const char *property,
	sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	(void)bus, (void)path, (void)interface, (void)property, (void)userdata, (void)error;
	return sd_bus_message_append(reply, "u", (uint32_t)1);
}

static const sd_bus_vtable vtable[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_METHOD("Close", "", "", on_close, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_SIGNAL("Closed", "", 0),
	SD_BUS_PROPERTY("version", "u", get_version, 0, SD_BUS_VTABLE_PROPERTY_CONST),
	SD_BUS_VTABLE_END,
};

int session_new(struct backend *backend, struct sd_bus_message *call, const char *path, bool remote,
	struct session **ret_session)
{
	struct session *session = calloc(1, sizeof *session);
	if (!session)
		return -ENOMEM;
	session->backend = backend;
	session->remote = remote;
	session->cursor_mode = CURSOR_HIDDEN;

	int r = -ENOMEM;
	session->path = strdup(path);
	session->frontend = strdup(sd_bus_message_get_sender(call));
	if (!session->path || !session->frontend)
		goto fail;

	r = sd_bus_add_object_vtable(
		backend->bus, &session->object, path, INTERFACE, vtable, session);
	if (r < 0)
		goto fail;

	*ret_session = session;
	return 0;
fail:
	session_free(session);
	return r;
}

static uint32_t mutter_cursor_mode(enum cursor_mode mode)
{
	switch (mode) {
	case CURSOR_HIDDEN: return 0;
	case CURSOR_EMBEDDED: return 1;
	case CURSOR_METADATA: return 2;
	}
	return 0;
}

int session_start(struct session *session, struct sd_bus_message *call, const char *handle)
{
	struct mutter_options options = {
		.input = session->remote,
		.keyboard = session->devices & DEVICE_KEYBOARD,
		.pointer = session->devices & DEVICE_POINTER,
		.picture = session->sources,
		.virtual_monitor = session->sources & SOURCE_VIRTUAL,
		.cursor_mode = mutter_cursor_mode(session->cursor_mode),
	};

	if (session->state != SESSION_SELECTING || (!options.input && !options.picture))
		return -EPROTO;

	int r = request_init(&session->start, call, handle, on_cancelled, session);
	if (r < 0)
		return r;

	r = mutter_new(session->backend->bus, &options, &events, session, &session->mutter);
	if (r < 0) {
		request_done(&session->start);
		return r;
	}
	session->state = SESSION_STARTING;
	return 0;
}

void session_compositor_vanished(struct session *session)
{
	if (!session->mutter || session->state == SESSION_ENDED)
		return;

	log_warn("portal: the compositor died, closing %s", session->path);
	mutter_vanished(session->mutter);
	end(session, RESPONSE_OTHER);
}

void session_free(struct session *session)
{
	if (!session)
		return;

	request_done(&session->start);
	mutter_free(session->mutter);
	sd_bus_slot_unref(session->object);
	free(session->frontend);
	free(session->path);
	free(session);
}
