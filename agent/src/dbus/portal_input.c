#include "dbus/portal_private.h"
#include "sys/log.h"

#include <errno.h>
#include <string.h>
#include <systemd/sd-bus.h>

/* xdg-desktop-portal answers each call in a thread of its own, so two calls under way may overtake
 * each other (seen with 1.16: a release before its press). Hence one at a time; what comes
 * meanwhile waits, and motion is merged. An answer takes some 200 us. */
#define ANSWER_DEADLINE_US 2000000

enum { AXIS_VERTICAL = 0, AXIS_HORIZONTAL = 1 };

static const char *const methods[] = {
	[PORTAL_KEY] = "NotifyKeyboardKeycode",
	[PORTAL_KEYSYM] = "NotifyKeyboardKeysym",
	[PORTAL_BUTTON] = "NotifyPointerButton",
	[PORTAL_MOVE_TO] = "NotifyPointerMotionAbsolute",
	[PORTAL_MOVE_BY] = "NotifyPointerMotion",
	[PORTAL_SCROLL] = "NotifyPointerAxis",
	[PORTAL_SCROLL_STOP] = "NotifyPointerAxis",
	[PORTAL_SCROLL_NOTCHES] = "NotifyPointerAxisDiscrete",
};

static int append_input(const struct portal *p, sd_bus_message *m, const struct portal_input *input)
{
	switch (input->kind) {
	case PORTAL_KEY:
	case PORTAL_KEYSYM:
	case PORTAL_BUTTON:
		return sd_bus_message_append(m, "iu", (int32_t)input->code, (uint32_t)input->down);
	case PORTAL_MOVE_TO: return sd_bus_message_append(m, "udd", p->node, input->x, input->y);
	case PORTAL_MOVE_BY:
	case PORTAL_SCROLL:
	case PORTAL_SCROLL_STOP: return sd_bus_message_append(m, "dd", input->x, input->y);
	case PORTAL_SCROLL_NOTCHES:
		return sd_bus_message_append(m, "ui", input->axis, input->notches);
	}
	return -EINVAL;
}

static int raise_barrier(struct portal *p, bool of_mutter);

static int on_barrier(sd_bus_message *reply, void *owner, sd_bus_error *error)
{
	struct portal *p = owner;
	bool was_mutters = p->barrier_is_mutters;

	(void)reply, (void)error;
	p->barrier = sd_bus_slot_unref(p->barrier);
	if (!was_mutters && raise_barrier(p, true) >= 0)
		return 0;
	if (p->gate == GATE_OPENING) {
		p->gate = GATE_OPEN;
		portal_pump_input(p);
	} else if (p->gate == GATE_CLOSING) {
		p->gate = GATE_CLOSED;
		p->events->held(p->owner);
	}
	return 0;
}

/* xdg-desktop-portal answers when it has handed a call on to helix-portal, and that one tells
 * mutter without waiting for an answer. So ask helix-portal for anything, which answers in order,
 * and then mutter: its main loop answers when it has handled what came before, by the bus or from
 * PipeWire. Where another portal or compositor is at work the names are not there, and that is an
 * answer too. */
static int raise_barrier(struct portal *p, bool of_mutter)
{
	sd_bus_message *m = NULL;
	int r;

	if (of_mutter)
		r = sd_bus_message_new_method_call(p->bus, &m, "org.gnome.Mutter.RemoteDesktop",
			"/org/gnome/Mutter/RemoteDesktop", "org.freedesktop.DBus.Properties",
			"Get");
	else
		r = sd_bus_message_new_method_call(p->bus, &m,
			"org.freedesktop.impl.portal.desktop.helix", "/",
			"org.freedesktop.DBus.Peer", "Ping");
	if (r >= 0)
		r = sd_bus_message_set_auto_start(m, false);
	if (r >= 0 && of_mutter)
		r = sd_bus_message_append(
			m, "ss", "org.gnome.Mutter.RemoteDesktop", "SupportedDeviceTypes");
	if (r >= 0)
		r = sd_bus_call_async(p->bus, &p->barrier, m, on_barrier, p, ANSWER_DEADLINE_US);
	sd_bus_message_unref(m);
	if (r < 0)
		log_debug("portal: no barrier: %s", strerror(-r));
	p->barrier_is_mutters = of_mutter;
	return r;
}

static int on_answer(sd_bus_message *reply, void *owner, sd_bus_error *error)
{
	struct portal *p = owner;
	const sd_bus_error *failure = sd_bus_message_get_error(reply);

	(void)error;
	if (failure)
		log_debug("portal: input was refused: %s",
			failure->message ? failure->message : failure->name);
	p->outstanding = sd_bus_slot_unref(p->outstanding);
	if (p->gate == GATE_CLOSING && !p->barrier && raise_barrier(p, false) < 0) {
		p->gate = GATE_CLOSED;
		p->events->held(p->owner);
	}
	portal_pump_input(p);
	return 0;
}

static int send_input(struct portal *p, const struct portal_input *input)
{
	sd_bus_message *m = NULL;
	int r = sd_bus_message_new_method_call(
		p->bus, &m, PORTAL_NAME, PORTAL_PATH, PORTAL_REMOTE_DESKTOP, methods[input->kind]);

	if (r >= 0)
		r = sd_bus_message_append(m, "o", p->session);
	if (r >= 0 && input->kind == PORTAL_SCROLL_STOP)
		r = sd_bus_message_append(m, "a{sv}", 1, "finish", "b", true);
	else if (r >= 0)
		r = sd_bus_message_append(m, "a{sv}", 0);
	if (r >= 0)
		r = append_input(p, m, input);
	if (r >= 0)
		r = sd_bus_call_async(p->bus, &p->outstanding, m, on_answer, p, ANSWER_DEADLINE_US);
	sd_bus_message_unref(m);
	return r;
}

static bool is_next_allowed(const struct portal *p)
{
	if (p->lost || p->outstanding || p->waiting_count == 0 || !(p->warm || p->warm_up_left > 0))
		return false;
	return p->gate == GATE_OPEN || p->waiting[p->first_waiting].kind != PORTAL_MOVE_TO;
}

static void take_next(struct portal *p)
{
	struct portal_input input = p->waiting[p->first_waiting];

	p->first_waiting = (p->first_waiting + 1) % PORTAL_MAX_WAITING;
	p->waiting_count--;
	if (p->warm_up_left)
		p->warm_up_left--;
	int r = send_input(p, &input);
	if (r < 0)
		log_debug("portal: input was not sent: %s", strerror(-r));
}

void portal_pump_input(struct portal *p)
{
	while (is_next_allowed(p))
		take_next(p);
}

/* Motion upon motion that still waits becomes one. */
static bool merge(struct portal_input *last, const struct portal_input *input)
{
	if (last->kind != input->kind)
		return false;
	if (input->kind == PORTAL_MOVE_TO) {
		*last = *input;
		return true;
	}
	if (input->kind == PORTAL_MOVE_BY || input->kind == PORTAL_SCROLL) {
		last->x += input->x;
		last->y += input->y;
		return true;
	}
	return false;
}

/* When the desktop does not keep up, releases still go in: a lost one would be a stuck key. */
static bool has_room(const struct portal *p, const struct portal_input *input)
{
	bool release = input->kind <= PORTAL_BUTTON && !input->down;

	return p->waiting_count < (release ? PORTAL_MAX_WAITING : PORTAL_MAX_WAITING / 2);
}

static void act(struct portal *p, struct portal_input input)
{
	if (!p || p->lost || !portal_has_input(p))
		return;
	size_t last = (p->first_waiting + p->waiting_count - 1) % PORTAL_MAX_WAITING;
	if (p->waiting_count > 0 && merge(&p->waiting[last], &input))
		return;
	if (!has_room(p, &input))
		return;
	p->waiting[(last + 1) % PORTAL_MAX_WAITING] = input;
	p->waiting_count++;
	portal_pump_input(p);
}

bool portal_hold_positions(struct portal *p)
{
	if (!p || p->lost || !portal_has_input(p))
		return false;
	p->gate = GATE_CLOSING;
	p->barrier = sd_bus_slot_unref(p->barrier);
	/* Otherwise its answer does. */
	if (!p->outstanding && raise_barrier(p, false) < 0) {
		p->gate = GATE_CLOSED;
		return false;
	}
	return true;
}

void portal_release_positions(struct portal *p)
{
	if (!p || p->lost || p->gate == GATE_OPEN)
		return;
	p->gate = GATE_OPENING;
	p->barrier = sd_bus_slot_unref(p->barrier);
	if (raise_barrier(p, true) < 0) {
		p->gate = GATE_OPEN;
		portal_pump_input(p);
	}
}

bool portal_has_input(const struct portal *p)
{
	return p && p->has_input && p->node;
}

void portal_key(struct portal *p, uint32_t code, bool down)
{
	act(p, (struct portal_input){ .kind = PORTAL_KEY, .code = code, .down = down });
}

void portal_keysym(struct portal *p, uint32_t keysym, bool down)
{
	act(p, (struct portal_input){ .kind = PORTAL_KEYSYM, .code = keysym, .down = down });
}

void portal_button(struct portal *p, uint32_t code, bool down)
{
	act(p, (struct portal_input){ .kind = PORTAL_BUTTON, .code = code, .down = down });
}

void portal_move_to(struct portal *p, double x_px, double y_px)
{
	act(p, (struct portal_input){ .kind = PORTAL_MOVE_TO, .x = x_px, .y = y_px });
}

void portal_move_by(struct portal *p, double dx_px, double dy_px)
{
	act(p, (struct portal_input){ .kind = PORTAL_MOVE_BY, .x = dx_px, .y = dy_px });
}

void portal_scroll(struct portal *p, double dx, double dy, bool stop)
{
	act(p,
		(struct portal_input){
			.kind = stop ? PORTAL_SCROLL_STOP : PORTAL_SCROLL, .x = dx, .y = dy });
}

void portal_scroll_notches(struct portal *p, int32_t x_notches, int32_t y_notches)
{
	if (y_notches)
		act(p,
			(struct portal_input){ .kind = PORTAL_SCROLL_NOTCHES,
				.axis = AXIS_VERTICAL,
				.notches = y_notches });
	if (x_notches)
		act(p,
			(struct portal_input){ .kind = PORTAL_SCROLL_NOTCHES,
				.axis = AXIS_HORIZONTAL,
				.notches = x_notches });
}
