/* What the two halves of the fake WebView2 share: fake_webview2.c, which plays the browser, and
 * fake_webview2_objects.c, which is what our side can call.
 *
 * Threads: the one that made the environment. */
#pragma once

#include <windows.h>

#include <objbase.h>
#include <stdbool.h>

#include "webview2_slots.h"

enum {
	MAX_SLOTS = 64,
	MAX_HELD = 64,
	MAX_URL = 1024,
	SAY_ENVIRONMENT = WM_APP,
	SAY_CONTROLLER,
	SAY_STEP,
	/* From webview_host.c: */
	SAY_GO = WM_APP + 10, /* the controller that was held back */
	SAY_END,              /* let go of all, and count */
};

struct object {
	void **vtable;
	LONG references;
	const struct table_interface *type, *older;
	void *slots[MAX_SLOTS];
};

struct color {
	BYTE A, R, G, B;
};

struct held {
	IUnknown *object;
	const struct table_interface *type;
};

/* One thing that the browser does, in a message of its own. */
struct step {
	const struct table_interface *event;
	const char *url; /* "~" stands for the origin that was asked for */
	int value, key;
	bool is_repeated;
};

extern struct fake {
	char mode[32];
	DWORD thread;
	WPARAM run; /* counts the environments; messages that are meant for an earlier one carry it
		     */
	HWND window, child;
	IUnknown *environment_handler, *controller_handler;
	struct held held[MAX_HELD];
	int held_count;
	char origin[MAX_URL];
	const struct step *step;
	UINT64 navigations;
	bool is_closed, is_full;
} fake;

/* The environment comes as a newer interface, of which only QueryInterface is known. */
extern struct object newer_environment, environment, controller, view, settings, arguments;
/* What the event says, and what was answered: -1 = nothing. */
extern struct event {
	wchar_t url[MAX_URL];
	int value, key, answer;
	UINT64 navigation;
	bool is_repeated;
} event;

/* One line in the log. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
bool mode_is(const char *name);

/* Keep a reference to an object of ours, which must know its own IID and no other. */
void hold(IUnknown *object, const struct table_interface *type);

/* All objects as new, with the members that the mode lets them have. */
void prepare_objects(void);
/* What comes with an event: nothing but the members that say it. */
void prepare_arguments(const struct table_interface *event);
