/* From the runtime to a page in the window, and back to nothing. */
#include "win/webview.h"

#include <stdlib.h>
#include <wchar.h>

#include "win/webview_parts.h"
#include "win/webview_runtime.h"
#include "win/webview_url.h"

#define WINDOW_CLASS L"HelixWebView"

enum {
	MESSAGE_PENDING = WM_APP,
	TIMER_OPENING = 1,
	OPENING_MS = 30000,
};

/* The page's own ground, so that nothing flashes before it is there. */
static const struct COREWEBVIEW2_COLOR GROUND = { .A = 0xff, .R = 0x0b, .G = 0x0d, .B = 0x11 };

void webview_release(void *object)
{
	IUnknown **unknown = object;
	if (*unknown)
		(*unknown)->lpVtbl->Release(*unknown);
	*unknown = NULL;
}

IUnknown *webview_listener(struct webview *webview, const struct webview_handler_kind *kind)
{
	if (webview->handler_count == WEBVIEW_MAX_HANDLERS)
		return NULL;
	struct webview_handler *handler = webview_handler_new(kind, webview);
	if (!handler)
		return NULL;
	webview->handlers[webview->handler_count++] = handler;
	return webview_handler_object(handler);
}

void webview_later(struct webview *webview, enum webview_pending what)
{
	webview->pending |= what;
	PostMessageW(webview->messages, MESSAGE_PENDING, 0, 0);
}

void webview_finish(struct webview *webview, HRESULT result)
{
	if (webview->state != WEBVIEW_OPENING)
		return;
	KillTimer(webview->messages, TIMER_OPENING);
	webview->state = SUCCEEDED(result) ? WEBVIEW_OPEN : WEBVIEW_OVER;
	webview->result = result;
	webview_later(webview, WEBVIEW_PENDING_OPENED);
}

static bool take_pending(struct webview *webview, enum webview_pending what)
{
	bool is_pending = webview->pending & what;
	webview->pending &= ~(unsigned)what;
	return is_pending;
}

static void tell_link(struct webview *webview)
{
	wchar_t *url = webview->links[0];
	webview->link_count--;
	memmove(webview->links, webview->links + 1, webview->link_count * sizeof(url));
	if (webview->link_count > 0)
		webview->pending |= WEBVIEW_PENDING_LINK;
	webview->events->link(webview->owner, url);
	free(url);
}

/* One thing; afterwards the webview may be gone. */
static void deliver(struct webview *webview)
{
	const struct webview_events *events = webview->events;

	if (take_pending(webview, WEBVIEW_PENDING_OPENED))
		events->opened(webview->owner, webview->result);
	else if (take_pending(webview, WEBVIEW_PENDING_RELOAD))
		webview->view->vtable->Reload(webview->view);
	else if (take_pending(webview, WEBVIEW_PENDING_FULL_SCREEN))
		events->full_screen(webview->owner, webview->is_full_screen);
	else if (take_pending(webview, WEBVIEW_PENDING_LINK))
		tell_link(webview);
	else if (take_pending(webview, WEBVIEW_PENDING_LOST))
		events->lost(webview->owner, webview->result);
}

static struct webview *webview_of(HWND messages)
{
	return (struct webview *)GetWindowLongPtrW(messages, GWLP_USERDATA);
}

static LRESULT CALLBACK on_message(HWND messages, UINT message, WPARAM first, LPARAM second)
{
	struct webview *webview = webview_of(messages);

	if (message == MESSAGE_PENDING) {
		/* webview_free() destroys this window, which then has none any more. */
		while (webview && webview->pending) {
			deliver(webview);
			webview = webview_of(messages);
		}
		return 0;
	}
	if (message == WM_TIMER && first == TIMER_OPENING && webview) {
		webview_finish(webview, HRESULT_FROM_WIN32(ERROR_TIMEOUT));
		return 0;
	}
	return DefWindowProcW(messages, message, first, second);
}

static void apply_bounds(struct webview *webview)
{
	if (webview->controller)
		webview->controller->vtable->put_Bounds(webview->controller, webview->bounds);
}

/* Its page in our window, and on its way to the address. */
static HRESULT open_page(struct webview *webview)
{
	struct ICoreWebView2Controller *controller = webview->controller;
	HRESULT result = controller->vtable->get_CoreWebView2(controller, &webview->view);
	if (FAILED(result))
		return result;

	struct ICoreWebView2Controller2 *newer = NULL;
	IUnknown *unknown = (IUnknown *)controller;
	if (SUCCEEDED(unknown->lpVtbl->QueryInterface(
		    unknown, &IID_ICoreWebView2Controller2, (void **)&newer)))
		newer->vtable->put_DefaultBackgroundColor(newer, GROUND);
	webview_release(&newer);

	result = webview_page_prepare(webview);
	if (FAILED(result))
		return result;
	apply_bounds(webview);
	controller->vtable->put_IsVisible(controller, webview->is_visible);
	return webview->view->vtable->Navigate(webview->view, webview->url);
}

static void on_controller(struct webview *webview, HRESULT result, IUnknown *object)
{
	struct ICoreWebView2Controller *controller = (void *)object;

	/* Too late: nobody else would ever close it. */
	if (!webview || webview->state != WEBVIEW_OPENING) {
		if (controller)
			controller->vtable->Close(controller);
		return;
	}
	if (SUCCEEDED(result) && !controller)
		result = E_UNEXPECTED;
	if (SUCCEEDED(result)) {
		/* The runtime gives up its own reference after this call. */
		object->lpVtbl->AddRef(object);
		webview->controller = controller;
		result = open_page(webview);
	}
	if (FAILED(result))
		webview_finish(webview, result);
}

static const struct webview_handler_kind controller_completed = {
	.iid = &IID_ICoreWebView2CreateCoreWebView2ControllerCompletedHandler,
	.completed = on_controller,
};

static HRESULT create_controller(struct webview *webview, IUnknown *object)
{
	/* It is a newer interface than ours that comes here: ask for the one that we know. */
	HRESULT result = object->lpVtbl->QueryInterface(
		object, &IID_ICoreWebView2Environment, (void **)&webview->environment);
	if (FAILED(result))
		return result;
	IUnknown *handler = webview_listener(webview, &controller_completed);
	if (!handler)
		return E_OUTOFMEMORY;
	return webview->environment->vtable->CreateCoreWebView2Controller(
		webview->environment, webview->window, handler);
}

static void on_environment(struct webview *webview, HRESULT result, IUnknown *object)
{
	if (!webview || webview->state != WEBVIEW_OPENING)
		return;
	if (SUCCEEDED(result))
		result = object ? create_controller(webview, object) : E_UNEXPECTED;
	if (FAILED(result))
		webview_finish(webview, result);
}

static const struct webview_handler_kind environment_completed = {
	.iid = &IID_ICoreWebView2CreateCoreWebView2EnvironmentCompletedHandler,
	.completed = on_environment,
};

static HRESULT create_messages(struct webview *webview, uint32_t timeout_ms)
{
	WNDCLASSW class = {
		.lpfnWndProc = on_message,
		.hInstance = GetModuleHandleW(NULL),
		.lpszClassName = WINDOW_CLASS,
	};
	if (!RegisterClassW(&class) && GetLastError() != ERROR_CLASS_ALREADY_EXISTS)
		return HRESULT_FROM_WIN32(GetLastError());
	webview->messages = CreateWindowExW(
		0, WINDOW_CLASS, L"", 0, 0, 0, 0, 0, HWND_MESSAGE, NULL, class.hInstance, NULL);
	if (!webview->messages)
		return HRESULT_FROM_WIN32(GetLastError());
	SetWindowLongPtrW(webview->messages, GWLP_USERDATA, (LONG_PTR)webview);
	if (!SetTimer(webview->messages, TIMER_OPENING, timeout_ms ? timeout_ms : OPENING_MS, NULL))
		return HRESULT_FROM_WIN32(GetLastError());
	return S_OK;
}

static HRESULT start(struct webview *webview, const struct webview_options *options,
	const struct webview_runtime *runtime)
{
	HRESULT result = create_messages(webview, options->timeout_ms);
	if (FAILED(result))
		return result;
	IUnknown *handler = webview_listener(webview, &environment_completed);
	IUnknown *arguments = webview_environment_options_new(options->arguments);
	result = handler && arguments
		? webview_runtime_start(runtime, options->user_data, arguments, handler)
		: E_OUTOFMEMORY;
	webview_release(&arguments);
	return result;
}

HRESULT webview_new(const struct webview_options *options, const struct webview_events *events,
	void *owner, struct webview **ret_webview)
{
	if (!webview_url_same_origin(options->url, options->origin))
		return E_INVALIDARG;
	struct webview_runtime runtime;
	HRESULT result = webview_runtime_find(&runtime);
	if (FAILED(result))
		return result;

	struct webview *webview = calloc(1, sizeof(*webview));
	if (!webview)
		return E_OUTOFMEMORY;
	*webview = (struct webview){
		.window = options->window,
		.events = events,
		.owner = owner,
		.url = wcsdup(options->url),
		.origin = wcsdup(options->origin),
		.is_visible = true,
	};
	GetClientRect(webview->window, &webview->bounds);
	result =
		webview->url && webview->origin ? start(webview, options, &runtime) : E_OUTOFMEMORY;
	if (FAILED(result)) {
		webview_free(webview);
		return result;
	}
	*ret_webview = webview;
	return S_OK;
}

void webview_free(struct webview *webview)
{
	if (!webview)
		return;
	/* From here on nothing that WebView2 still says reaches us, nor us the owner. */
	for (size_t i = 0; i < webview->handler_count; i++)
		webview_handler_forget(webview->handlers[i]);
	if (webview->messages)
		DestroyWindow(webview->messages);

	/* Closing may run messages, in which the owner resizes what is no more. */
	struct ICoreWebView2Controller *controller = webview->controller;
	webview->controller = NULL;
	webview_release(&webview->view);
	if (controller)
		controller->vtable->Close(controller);
	webview_release(&controller);
	webview_release(&webview->environment);

	for (size_t i = 0; i < webview->link_count; i++)
		free(webview->links[i]);
	/* It ends with the token. */
	if (webview->url)
		SecureZeroMemory(webview->url, wcslen(webview->url) * sizeof(*webview->url));
	free(webview->url);
	free(webview->origin);
	free(webview);
}

void webview_resize(struct webview *webview, const RECT *bounds)
{
	webview->bounds = *bounds;
	apply_bounds(webview);
}

void webview_focus(struct webview *webview)
{
	if (webview->controller)
		webview->controller->vtable->MoveFocus(
			webview->controller, COREWEBVIEW2_MOVE_FOCUS_REASON_PROGRAMMATIC);
}

void webview_moved(struct webview *webview)
{
	if (webview->controller)
		webview->controller->vtable->NotifyParentWindowPositionChanged(webview->controller);
}

void webview_show(struct webview *webview, bool is_visible)
{
	webview->is_visible = is_visible;
	if (webview->controller)
		webview->controller->vtable->put_IsVisible(webview->controller, is_visible);
}

void webview_post(struct webview *webview, const wchar_t *json)
{
	if (webview->view)
		webview->view->vtable->PostWebMessageAsJson(webview->view, json);
}
