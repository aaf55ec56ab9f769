/* The COM objects that we hand to WebView2: what is told of its answers and events, and the
 * options.
 *
 * Threads: the window's; only their counts may change in another. Ownership: each lives as long as
 * anybody counts on it, which can be longer than the webview: it then knows that there is none. */
#pragma once

#include "win/win.h"

#include <objbase.h>

struct webview;

struct webview_handler_kind {
	const IID *iid;
	/* One of the two. The answer to a question; without a webview when that is gone by now. The
	 * object still belongs to WebView2. */
	void (*completed)(struct webview *webview, HRESULT result, IUnknown *object);
	/* An event. Not called without a webview. */
	void (*event)(struct webview *webview, IUnknown *arguments);
};

struct webview_handler;

/* With one reference, the caller's; NULL without memory. `kind` is copied. */
struct webview_handler *webview_handler_new(
	const struct webview_handler_kind *kind, struct webview *webview);
IUnknown *webview_handler_object(struct webview_handler *handler);
/* There is no webview any more: give up the reference. Accepts NULL. */
void webview_handler_forget(struct webview_handler *handler);

/* An ICoreWebView2EnvironmentOptions with one reference; NULL without memory. */
IUnknown *webview_environment_options_new(const wchar_t *arguments);
