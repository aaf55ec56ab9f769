/* What webview.c, which opens and closes, and webview_page.c, which listens to the page, share.
 *
 * Nothing of the page's doing reaches the owner from within WebView2's own calls, but accelerator
 * keys, which need an answer: the rest is noted and told from our message loop, where the owner may
 * do whatever it likes, webview_free() included.
 *
 * Threads: the window's. */
#pragma once

#include "win/webview.h"
#include "win/webview_abi.h"
#include "win/webview_com.h"

enum {
	WEBVIEW_MAX_LINKS = 8, /* waiting to be told; a page that wants more loses them */
	WEBVIEW_RELOADS = 3,   /* in a minute; then the page is given up */
	WEBVIEW_MAX_HANDLERS = 10,
};

enum webview_state {
	WEBVIEW_OPENING,
	WEBVIEW_OPEN,
	WEBVIEW_OVER, /* failed, or lost */
};

/* What there is to tell or to do, in this order. */
enum webview_pending {
	WEBVIEW_PENDING_OPENED = 1,
	WEBVIEW_PENDING_RELOAD = 2,
	WEBVIEW_PENDING_FULL_SCREEN = 4,
	WEBVIEW_PENDING_LINK = 8,
	WEBVIEW_PENDING_LOST = 16,
};

struct webview {
	HWND window;   /* the owner's */
	HWND messages; /* ours: the timer, and what is pending */
	const struct webview_events *events;
	void *owner;
	wchar_t *url, *origin;

	enum webview_state state;
	unsigned pending;
	UINT64 navigation; /* the latest that was let through */
	HRESULT result;    /* for `opened`, then for `lost` */
	bool is_full_screen;
	wchar_t *links[WEBVIEW_MAX_LINKS];
	size_t link_count;
	uint64_t reloaded_ms[WEBVIEW_RELOADS];
	size_t next_reload;

	RECT bounds;
	bool is_visible;
	struct ICoreWebView2Environment *environment;
	struct ICoreWebView2Controller *controller;
	struct ICoreWebView2 *view;
	struct webview_handler *handlers[WEBVIEW_MAX_HANDLERS];
	size_t handler_count;
};

/* A handler that is forgotten with the webview; NULL without memory. */
IUnknown *webview_listener(struct webview *webview, const struct webview_handler_kind *kind);

/* Release it and forget it. Accepts a pointer to NULL. */
void webview_release(void *object);

/* Tell the owner later that it stands, or why not; only the first time. */
void webview_finish(struct webview *webview, HRESULT result);
void webview_later(struct webview *webview, enum webview_pending what);

/* Settings and events, once there is a page. */
HRESULT webview_page_prepare(struct webview *webview);
