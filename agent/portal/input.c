#include "input.h"

#include <errno.h>
#include <linux/input-event-codes.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "backend.h"
#include "session.h"
#include "sys/log.h"
#include "vardict.h"

/* mutter makes one event for each step, in a loop. */
#define MAX_AXIS_STEPS 100

/* mutter's NotifyPointerAxis flags. Without a source it is a finger. */
#define AXIS_FINISH 1u

/* Read the session handle and the options, which all Notify* start with; check that the session may
 * use the device. */
static int open_call(struct backend *backend, sd_bus_message *call, enum device_type device,
	struct vardict_field *options, size_t n_options, sd_bus_error *error,
	struct session **ret_session)
{
	const char *path;

	int r = sd_bus_message_read(call, "o", &path);
	if (r < 0)
		return r;

	r = vardict_read(call, options, n_options);
	if (r < 0)
		return r;

	struct session *session = backend_find(backend, path);
	if (!session || !session->remote) {
		sd_bus_error_setf(error, SD_BUS_ERROR_FAILED, "No such session: %s", path);
		return -ENOENT;
	}
	if (session->state != SESSION_STARTED) {
		sd_bus_error_setf(error, SD_BUS_ERROR_FAILED, "Session is not started: %s", path);
		return -ENOTCONN;
	}
	if (!(session->devices & device)) {
		sd_bus_error_setf(error, SD_BUS_ERROR_ACCESS_DENIED,
			"Device %u was not selected: %s", (unsigned)device, path);
		return -EACCES;
	}
	*ret_session = session;
	return 0;
}

/* `r` is what mutter_send() said. */
static int close_call(sd_bus_message *call, int r)
{
	const char *member = sd_bus_message_get_member(call);

	log_trace("portal: %s", member);
	if (r < 0) {
		log_warn("portal: %s is lost: %s", member, strerror(-r));
		return r;
	}
	return sd_bus_reply_method_return(call, "");
}

static int reject(sd_bus_error *error, const char *what)
{
	return sd_bus_error_setf(error, SD_BUS_ERROR_INVALID_ARGS, "Invalid %s", what);
}

int input_on_motion(sd_bus_message *call, void *backend, sd_bus_error *error)
{
	struct session *session;
	double dx, dy;

	int r = open_call(backend, call, DEVICE_POINTER, NULL, 0, error, &session);
	if (r < 0)
		return r;

	r = sd_bus_message_read(call, "dd", &dx, &dy);
	if (r < 0)
		return r;
	if (!isfinite(dx) || !isfinite(dy))
		return reject(error, "motion");

	r = mutter_send(session->mutter, "NotifyPointerMotionRelative", "dd", dx, dy);
	return close_call(call, r);
}

int input_on_motion_absolute(sd_bus_message *call, void *backend, sd_bus_error *error)
{
	struct session *session;
	uint32_t node_id;
	double x, y;

	int r = open_call(backend, call, DEVICE_POINTER, NULL, 0, error, &session);
	if (r < 0)
		return r;

	r = sd_bus_message_read(call, "udd", &node_id, &x, &y);
	if (r < 0)
		return r;
	const char *stream = mutter_stream_path(session->mutter);
	if (!stream || node_id != session->node_id)
		return reject(error, "stream");
	if (!isfinite(x) || !isfinite(y))
		return reject(error, "position");

	r = mutter_send(session->mutter, "NotifyPointerMotionAbsolute", "sdd", stream, x, y);
	return close_call(call, r);
}

int input_on_button(sd_bus_message *call, void *backend, sd_bus_error *error)
{
	struct session *session;
	int32_t button;
	uint32_t state;

	int r = open_call(backend, call, DEVICE_POINTER, NULL, 0, error, &session);
	if (r < 0)
		return r;

	r = sd_bus_message_read(call, "iu", &button, &state);
	if (r < 0)
		return r;
	if (button < BTN_MISC || button > KEY_MAX)
		return reject(error, "button");

	r = mutter_send(session->mutter, "NotifyPointerButton", "ib", button, state != 0);
	return close_call(call, r);
}

int input_on_axis(sd_bus_message *call, void *backend, sd_bus_error *error)
{
	struct session *session;
	int finish = 0;
	struct vardict_field options[] = { { .key = "finish", .type = "b", .value = &finish } };
	double dx, dy;

	int r = open_call(backend, call, DEVICE_POINTER, options, 1, error, &session);
	if (r < 0)
		return r;

	r = sd_bus_message_read(call, "dd", &dx, &dy);
	if (r < 0)
		return r;
	if (!isfinite(dx) || !isfinite(dy))
		return reject(error, "axis");

	r = mutter_send(
		session->mutter, "NotifyPointerAxis", "ddu", dx, dy, finish ? AXIS_FINISH : 0);
	return close_call(call, r);
}

int input_on_axis_discrete(sd_bus_message *call, void *backend, sd_bus_error *error)
{
	struct session *session;
	uint32_t axis; /* 0 vertical, 1 horizontal, with the portal and with mutter */
	int32_t steps;

	int r = open_call(backend, call, DEVICE_POINTER, NULL, 0, error, &session);
	if (r < 0)
		return r;

	r = sd_bus_message_read(call, "ui", &axis, &steps);
	if (r < 0)
		return r;
	if (axis > 1 || steps == 0 || steps < -MAX_AXIS_STEPS || steps > MAX_AXIS_STEPS)
		return reject(error, "axis or steps");

	r = mutter_send(session->mutter, "NotifyPointerAxisDiscrete", "ui", axis, steps);
	return close_call(call, r);
}

int input_on_keycode(sd_bus_message *call, void *backend, sd_bus_error *error)
{
	struct session *session;
	int32_t keycode;
	uint32_t state;

	int r = open_call(backend, call, DEVICE_KEYBOARD, NULL, 0, error, &session);
	if (r < 0)
		return r;

	r = sd_bus_message_read(call, "iu", &keycode, &state);
	if (r < 0)
		return r;
	if (keycode < 0 || keycode > KEY_MAX)
		return reject(error, "keycode");

	r = mutter_send(
		session->mutter, "NotifyKeyboardKeycode", "ub", (uint32_t)keycode, state != 0);
	return close_call(call, r);
}

int input_on_keysym(sd_bus_message *call, void *backend, sd_bus_error *error)
{
	struct session *session;
	int32_t keysym;
	uint32_t state;

	int r = open_call(backend, call, DEVICE_KEYBOARD, NULL, 0, error, &session);
	if (r < 0)
		return r;

	r = sd_bus_message_read(call, "iu", &keysym, &state);
	if (r < 0)
		return r;
	if (keysym <= 0)
		return reject(error, "keysym");

	r = mutter_send(
		session->mutter, "NotifyKeyboardKeysym", "ub", (uint32_t)keysym, state != 0);
	return close_call(call, r);
}
