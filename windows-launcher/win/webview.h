/* WebView2 without its loader or SDK: the desktop inside our window.
 *
 * Threads: the window's, an STA with a message loop. Ownership: one webview in a window. */
#pragma once

#include "win/win.h"

struct webview;

enum webview_key { WEBVIEW_KEY_UP, WEBVIEW_KEY_DOWN, WEBVIEW_KEY_REPEATS };

struct webview_events {
	/* It stands and shows the page; or it failed, and why as an HRESULT. Once, not from within
	 * webview_new(). Also when nothing came of it in 30 s: HRESULT_FROM_WIN32(ERROR_TIMEOUT).
	 */
	void (*opened)(void *owner, HRESULT result);
	/* The page went into or out of full screen. */
	void (*full_screen)(void *owner, bool is_full);
	/* The page closed itself, or its process is gone for good. */
	void (*lost)(void *owner, HRESULT reason);
	/* The person wants a link opened elsewhere. https or http only. */
	void (*link)(void *owner, const wchar_t *url);
	/* Alt+F4, F11 and the like that belong to the window: true = it was ours. The browser waits
	 * for the answer: what has to be done is done later. */
	bool (*accelerator)(void *owner, UINT key, enum webview_key state);
};

struct webview_options {
	HWND window;
	const wchar_t *user_data; /* a directory of ours below %LOCALAPPDATA% */
	const wchar_t *url;       /* where it goes first; may end in "#token=..." */
	const wchar_t *origin;    /* "http://127.0.0.1:7878": it never goes elsewhere */
	const wchar_t *arguments; /* for the browser; "" = none */
	uint32_t timeout_ms;      /* 0 = 30 s */
};

/* The version of the installed runtime, such as "130.0.2849.80"; false when there is none. */
bool webview_version(wchar_t *version, size_t size);

/* S_OK: `opened` follows. A failure: nothing follows, *ret_webview is untouched. */
HRESULT webview_new(const struct webview_options *options, const struct webview_events *events,
	void *owner, struct webview **ret_webview);
/* Close the page and let everything go; no event follows. Accepts NULL. */
void webview_free(struct webview *webview);

void webview_resize(struct webview *webview, const RECT *bounds);
void webview_focus(struct webview *webview);
void webview_moved(struct webview *webview);
void webview_show(struct webview *webview, bool is_visible);
/* A string for the page's window.chrome.webview message event. */
void webview_post(struct webview *webview, const wchar_t *json);
