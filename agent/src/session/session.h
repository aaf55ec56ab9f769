/* The desktop session: private buses, PipeWire, WirePlumber, the compositor, helix-portal,
 * xdg-desktop-portal and the user's programs. Starts them in order, each with its environment,
 * watches them, and starts them anew with back-off.
 *
 *	service		needs			is up when
 *	system bus	-			it printed its address
 *	session bus	-			it printed its address, and we watch it
 *	pipewire	session bus		its socket is there
 *	wireplumber	pipewire		it runs
 *	compositor	both buses		org.gnome.Mutter.ScreenCast has an owner
 *	helix-portal	session bus		its name (plan.c) has an owner
 *	portal		see below		org.freedesktop.portal.Desktop has an owner
 *	apps		compositor		-
 *
 * The portal needs helix-portal, the compositor and PipeWire.
 * What needs a service that ended is ended and started again with it. Nobody probes a bus name by
 * calling it: a call would activate the wrong program (facts of headless GNOME); NameOwnerChanged
 * is watched instead.
 *
 * The session logs what only a developer wants; telling people is the owner's, who gets the
 * sentences.
 *
 * Threads: main loop only. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct processes;
struct sd_event;
struct session;

enum session_kind {
	SESSION_AUTO, /* GNOME where gnome-shell is installed, else mutter */
	SESSION_GNOME,
	SESSION_MUTTER,
	SESSION_ATTACH, /* start nothing: use the session bus of our environment */
};

enum session_system_bus {
	SESSION_SYSTEM_BUS_AUTO,    /* the machine's where it answers, else private and empty */
	SESSION_SYSTEM_BUS_PRIVATE, /* gnome-shell dies without any */
	SESSION_SYSTEM_BUS_HOST,
};

struct session_options {
	enum session_kind kind;
	enum session_system_bus system_bus;
	const char *runtime_dir; /* private, exists, 0700; becomes XDG_RUNTIME_DIR of the session */
	const char *helix_portal; /* path of the program */
	/* What draws the session, where that was found out: "d3d12" (and on which adapter) or
	 * "llvmpipe". NULL: Mesa decides. Not copied. */
	const char *gallium_driver, *gl_adapter;
	const char *const *apps; /* command lines for /bin/sh -c; NULL-terminated, or NULL */
};

/* None of these may call session_free(). */
struct session_events {
	/* Everything is up: a portal session can be made on session_bus_address(). Called again
	 * after each loss. */
	void (*ready)(void *owner);
	/* A service ended and what was built on the portal is void until `ready`. `text` is for
	 * people: "the compositor was killed by SIGKILL". Once for each `ready`. */
	void (*lost)(void *owner, const char *service, const char *text);
	/* A service failed too often in a row; trying goes on, slowly. `text` says what it said
	 * last, or what to do. May have several lines. */
	void (*failed)(void *owner, const char *service, const char *text);
};

/* Starts at once; events come later, from the loop. The options are copied. -ENOENT and *ret_text
 * (static) when a program that it needs, or a bus to attach to, is not there. */
int session_new(struct sd_event *event, struct processes *processes,
	const struct session_options *options, const struct session_events *events, void *owner,
	struct session **ret_session, const char **ret_text);

/* Tells its services to end, in reverse order, without waiting; processes_free() does the rest. */
void session_free(struct session *session);

/* Starts the user's programs, and leaves GNOME's overview for them. To be called when a picture has
 * come: only then there is a monitor, without which some programs end at once. Once for each
 * compositor; further calls do nothing. A program that ends is not started again. */
void session_start_apps(struct session *session);

/* The kind after AUTO was resolved. */
enum session_kind session_kind(const struct session *session);

/* The D-Bus address of the session bus. It is known, but nobody answers there before `ready`. */
const char *session_bus_address(const struct session *session);

/* How often services were started anew, in all: for metrics. */
uint64_t session_restarts(const struct session *session);

/* For status: calls `each` with a service's name, pid (0 when it does not run), state ("up",
 * "starting", "down") and restarts. */
void session_each_service(const struct session *session,
	void (*each)(void *owner, const char *name, int pid, const char *state, uint64_t restarts),
	void *owner);
