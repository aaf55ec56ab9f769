/* The installed WebView2 runtime: where it is, and how to start it without Microsoft's loader.
 *
 * Threads: webview_runtime_start() the window's, an STA. Ownership: nothing is kept. */
#pragma once

#include "win/win.h"

#include <objbase.h>

struct webview_runtime {
	wchar_t version[64];   /* "130.0.2849.80" */
	wchar_t library[1024]; /* an absolute path */
};

/* The one for the whole machine, else the user's own. When there is only one that is too old for
 * us: ERROR_OLD_WIN_VERSION as an HRESULT, and *ret_runtime is that. */
HRESULT webview_runtime_find(struct webview_runtime *ret_runtime);

/* Ask for an environment; `handler` is told of it later. The runtime stays loaded for good. */
HRESULT webview_runtime_start(const struct webview_runtime *runtime, const wchar_t *user_data,
	IUnknown *options, IUnknown *handler);
