/* What the page may do, and what is done when it does something else. */
#include <stdlib.h>
#include <wchar.h>

#include "win/webview_parts.h"
#include "win/webview_url.h"

static const uint64_t RELOADS_WITHIN_MS = 60000;

/* Kept until it is told; dropped when it is no link or there are too many. */
static void keep_link(struct webview *webview, const wchar_t *url)
{
	if (webview->state != WEBVIEW_OPEN || webview->link_count == WEBVIEW_MAX_LINKS ||
		!webview_url_is_link(url))
		return;
	wchar_t *copy = wcsdup(url);
	if (!copy)
		return;
	webview->links[webview->link_count++] = copy;
	webview_later(webview, WEBVIEW_PENDING_LINK);
}

static void on_navigation_starting(struct webview *webview, IUnknown *object)
{
	struct ICoreWebView2NavigationStartingEventArgs *arguments = (void *)object;

	wchar_t *url = NULL;
	arguments->vtable->get_Uri(arguments, &url);
	if (url && webview_url_same_origin(url, webview->origin)) {
		arguments->vtable->get_NavigationId(arguments, &webview->navigation);
	} else {
		arguments->vtable->put_Cancel(arguments, TRUE);
		if (url)
			keep_link(webview, url);
	}
	CoTaskMemFree(url);
}

static void on_navigation_completed(struct webview *webview, IUnknown *object)
{
	struct ICoreWebView2NavigationCompletedEventArgs *arguments = (void *)object;

	/* What we refused ends as a failure, too. */
	UINT64 navigation = 0;
	if (FAILED(arguments->vtable->get_NavigationId(arguments, &navigation)) ||
		navigation != webview->navigation)
		return;
	BOOL is_success = FALSE;
	HRESULT result = arguments->vtable->get_IsSuccess(arguments, &is_success);
	if (SUCCEEDED(result) && !is_success)
		result = HRESULT_FROM_WIN32(ERROR_CONNECTION_ABORTED);
	webview_finish(webview, result);
}

static void on_new_window(struct webview *webview, IUnknown *object)
{
	struct ICoreWebView2NewWindowRequestedEventArgs *arguments = (void *)object;

	wchar_t *url = NULL;
	arguments->vtable->put_Handled(arguments, TRUE);
	arguments->vtable->get_Uri(arguments, &url);
	if (url)
		keep_link(webview, url);
	CoTaskMemFree(url);
}

/* The clipboard is the desktop's. The kinds for pointer and keyboard lock have no name here and
 * come as unknown, if they come at all; those, and sound, stay as they would be without us. */
static int permission_for(int kind)
{
	if (kind == COREWEBVIEW2_PERMISSION_KIND_CLIPBOARD_READ)
		return COREWEBVIEW2_PERMISSION_STATE_ALLOW;
	if (kind == COREWEBVIEW2_PERMISSION_KIND_UNKNOWN_PERMISSION ||
		kind == COREWEBVIEW2_PERMISSION_KIND_AUTOPLAY)
		return COREWEBVIEW2_PERMISSION_STATE_DEFAULT;
	return COREWEBVIEW2_PERMISSION_STATE_DENY;
}

static void on_permission(struct webview *webview, IUnknown *object)
{
	struct ICoreWebView2PermissionRequestedEventArgs *arguments = (void *)object;

	wchar_t *url = NULL;
	int kind = 0;
	int state = COREWEBVIEW2_PERMISSION_STATE_DENY;
	arguments->vtable->get_Uri(arguments, &url);
	if (SUCCEEDED(arguments->vtable->get_PermissionKind(arguments, &kind)) && url &&
		webview_url_same_origin(url, webview->origin))
		state = permission_for(kind);
	arguments->vtable->put_State(arguments, state);
	CoTaskMemFree(url);
}

static void lose(struct webview *webview, HRESULT reason)
{
	if (webview->state == WEBVIEW_OPENING)
		webview_finish(webview, FAILED(reason) ? reason : E_ABORT);
	if (webview->state != WEBVIEW_OPEN)
		return;
	webview->state = WEBVIEW_OVER;
	webview->result = reason;
	webview_later(webview, WEBVIEW_PENDING_LOST);
}

static bool may_reload(struct webview *webview)
{
	uint64_t now = GetTickCount64();
	uint64_t *oldest = &webview->reloaded_ms[webview->next_reload];
	if (*oldest && now - *oldest < RELOADS_WITHIN_MS)
		return false;
	*oldest = now;
	webview->next_reload = (webview->next_reload + 1) % WEBVIEW_RELOADS;
	return true;
}

static void on_process_failed(struct webview *webview, IUnknown *object)
{
	struct ICoreWebView2ProcessFailedEventArgs *arguments = (void *)object;

	int kind = -1;
	if (webview->state == WEBVIEW_OVER)
		return;
	arguments->vtable->get_ProcessFailedKind(arguments, &kind);
	plat_log("webview: a process of the browser failed, kind %d", kind);
	switch (kind) {
	case COREWEBVIEW2_PROCESS_FAILED_KIND_BROWSER_PROCESS_EXITED:
		lose(webview, HRESULT_FROM_WIN32(ERROR_PROCESS_ABORTED));
		break;
	case COREWEBVIEW2_PROCESS_FAILED_KIND_RENDER_PROCESS_EXITED:
	case COREWEBVIEW2_PROCESS_FAILED_KIND_RENDER_PROCESS_UNRESPONSIVE:
		if (may_reload(webview))
			webview_later(webview, WEBVIEW_PENDING_RELOAD);
		else
			lose(webview, HRESULT_FROM_WIN32(ERROR_PROCESS_ABORTED));
		break;
	default: /* the others are replaced by the browser itself */ break;
	}
}

static void on_full_screen(struct webview *webview, IUnknown *object)
{
	(void)object;
	BOOL is_full = FALSE;
	if (webview->state != WEBVIEW_OPEN ||
		FAILED(webview->view->vtable->get_ContainsFullScreenElement(
			webview->view, &is_full)))
		return;
	webview->is_full_screen = is_full;
	webview_later(webview, WEBVIEW_PENDING_FULL_SCREEN);
}

static void on_close_requested(struct webview *webview, IUnknown *object)
{
	(void)object;
	lose(webview, S_OK);
}

static void on_accelerator(struct webview *webview, IUnknown *object)
{
	struct ICoreWebView2AcceleratorKeyPressedEventArgs *arguments = (void *)object;

	int kind = 0, data = 0;
	UINT key = 0;
	if (webview->state != WEBVIEW_OPEN ||
		FAILED(arguments->vtable->get_KeyEventKind(arguments, &kind)) ||
		FAILED(arguments->vtable->get_VirtualKey(arguments, &key)) ||
		FAILED(arguments->vtable->get_KeyEventLParam(arguments, &data)))
		return;
	bool is_down = kind == COREWEBVIEW2_KEY_EVENT_KIND_KEY_DOWN ||
		kind == COREWEBVIEW2_KEY_EVENT_KIND_SYSTEM_KEY_DOWN;
	enum webview_key state = !is_down    ? WEBVIEW_KEY_UP
		: (data & (KF_REPEAT << 16)) ? WEBVIEW_KEY_REPEATS
					     : WEBVIEW_KEY_DOWN;
	if (webview->events->accelerator(webview->owner, key, state))
		arguments->vtable->put_Handled(arguments, TRUE);
}

static void apply_settings(struct ICoreWebView2Settings *settings)
{
	bool has_tools = GetEnvironmentVariableW(L"HELIX_DEVTOOLS", NULL, 0) > 0;

	settings->vtable->put_IsStatusBarEnabled(settings, FALSE);
	settings->vtable->put_AreDevToolsEnabled(settings, has_tools);
	settings->vtable->put_AreDefaultContextMenusEnabled(settings, FALSE);
	settings->vtable->put_IsZoomControlEnabled(settings, FALSE);

	struct ICoreWebView2Settings3 *newer = NULL;
	IUnknown *unknown = (IUnknown *)settings;
	if (SUCCEEDED(unknown->lpVtbl->QueryInterface(
		    unknown, &IID_ICoreWebView2Settings3, (void **)&newer)))
		newer->vtable->put_AreBrowserAcceleratorKeysEnabled(newer, FALSE);
	else
		plat_log("webview: no ICoreWebView2Settings3, the browser keeps its keys");
	webview_release(&newer);
}

typedef HRESULT(STDMETHODCALLTYPE *add_event)(struct ICoreWebView2 *, IUnknown *, INT64 *);

/* Controller.Close drops them all, so that nobody needs the tokens. */
static HRESULT listen_to_view(struct webview *webview)
{
	struct ICoreWebView2 *view = webview->view;
	const struct {
		add_event add;
		struct webview_handler_kind kind;
	} events[] = {
		{ view->vtable->add_NavigationStarting,
			{ &IID_ICoreWebView2NavigationStartingEventHandler,
				.event = on_navigation_starting } },
		{ view->vtable->add_NavigationCompleted,
			{ &IID_ICoreWebView2NavigationCompletedEventHandler,
				.event = on_navigation_completed } },
		{ view->vtable->add_NewWindowRequested,
			{ &IID_ICoreWebView2NewWindowRequestedEventHandler,
				.event = on_new_window } },
		{ view->vtable->add_PermissionRequested,
			{ &IID_ICoreWebView2PermissionRequestedEventHandler,
				.event = on_permission } },
		{ view->vtable->add_ProcessFailed,
			{ &IID_ICoreWebView2ProcessFailedEventHandler,
				.event = on_process_failed } },
		{ view->vtable->add_ContainsFullScreenElementChanged,
			{ &IID_ICoreWebView2ContainsFullScreenElementChangedEventHandler,
				.event = on_full_screen } },
		{ view->vtable->add_WindowCloseRequested,
			{ &IID_ICoreWebView2WindowCloseRequestedEventHandler,
				.event = on_close_requested } },
	};

	HRESULT result = S_OK;
	for (size_t i = 0; i < sizeof(events) / sizeof(*events) && SUCCEEDED(result); i++) {
		IUnknown *handler = webview_listener(webview, &events[i].kind);
		INT64 token;
		result = handler ? events[i].add(view, handler, &token) : E_OUTOFMEMORY;
	}
	return result;
}

static HRESULT listen_to_keys(struct webview *webview)
{
	const struct webview_handler_kind kind = {
		.iid = &IID_ICoreWebView2AcceleratorKeyPressedEventHandler,
		.event = on_accelerator,
	};

	struct ICoreWebView2Controller *controller = webview->controller;
	IUnknown *handler = webview_listener(webview, &kind);
	INT64 token;
	return handler ? controller->vtable->add_AcceleratorKeyPressed(controller, handler, &token)
		       : E_OUTOFMEMORY;
}

HRESULT webview_page_prepare(struct webview *webview)
{
	struct ICoreWebView2Settings *settings = NULL;
	HRESULT result = webview->view->vtable->get_Settings(webview->view, &settings);
	if (FAILED(result))
		return result;
	apply_settings(settings);
	webview_release(&settings);

	result = listen_to_view(webview);
	return SUCCEEDED(result) ? listen_to_keys(webview) : result;
}
