/* What our side can call: only the members that it is known to need. The others are logged. */
#define WEBVIEW2_SLOTS_HERE
#include "fake_webview2.h"

#include <stdio.h>
#include <string.h>
#include <wchar.h>

struct object newer_environment, environment, controller, view, settings, arguments;
struct event event;

static void check_call(const char *what)
{
	if (GetCurrentThreadId() != fake.thread)
		say("BUG %s from another thread", what);
	if (fake.is_closed)
		say("BUG %s after Close", what);
}

/* The members that every object has. */

static HRESULT STDMETHODCALLTYPE query(struct object *object, REFIID iid, void **ret_object)
{
	*ret_object = NULL;
	struct object *found = NULL;
	if (object == &newer_environment && IsEqualIID(iid, &environment.type->iid))
		found = &environment;
	else if (IsEqualIID(iid, &IID_IUnknown) ||
		(object != &newer_environment && IsEqualIID(iid, &object->type->iid)) ||
		(object->older && IsEqualIID(iid, &object->older->iid)))
		found = object;
	if (!found)
		return E_NOINTERFACE;
	found->references++;
	*ret_object = found;
	return S_OK;
}

static ULONG STDMETHODCALLTYPE add_reference(struct object *object)
{
	return (ULONG)++object->references;
}

static ULONG STDMETHODCALLTYPE release(struct object *object)
{
	if (object->references <= 0)
		say("BUG %s released too often", object->type->name);
	return (ULONG)--object->references;
}

static HRESULT unexpected(struct object *object, int slot)
{
	bool is_known = slot < object->type->count;
	say("UNEXPECTED %s.%s slot %d", object->type->name,
		is_known ? object->type->members[slot] : "(beyond its end)", slot);
	return E_NOTIMPL;
}

/* clang-format off */
/* A function for each slot, numbered in octal: only so can the fake know which one was called. */
#define EIGHT(X, n) X(n##0) X(n##1) X(n##2) X(n##3) X(n##4) X(n##5) X(n##6) X(n##7)
#define ALL(X)                                                                                     \
	EIGHT(X, 0) EIGHT(X, 01) EIGHT(X, 02) EIGHT(X, 03)                                         \
	EIGHT(X, 04) EIGHT(X, 05) EIGHT(X, 06) EIGHT(X, 07)
#define UNEXPECTED(n)                                                                              \
	static HRESULT STDMETHODCALLTYPE unexpected_##n(struct object *object)                     \
	{                                                                                          \
		return unexpected(object, n);                                                      \
	}
#define POINTER(n) (void *)unexpected_##n,
ALL(UNEXPECTED)
static void *const unexpected_slots[] = { ALL(POINTER) };
/* clang-format on */

static void prepare(struct object *object, const struct table_interface *type)
{
	memcpy(object->slots, unexpected_slots, sizeof(object->slots));
	object->vtable = object->slots;
	object->type = type;
	object->slots[0] = (void *)query;
	object->slots[1] = (void *)add_reference;
	object->slots[2] = (void *)release;
}

/* For the events that say nothing: none of its members may be called. */
static const struct table_interface no_arguments = { .name = "no arguments" };

/* What an event says. */

static HRESULT STDMETHODCALLTYPE get_uri(struct object *object, wchar_t **ret_uri)
{
	(void)object;
	size_t bytes = (wcslen(event.url) + 1) * sizeof(*event.url);
	*ret_uri = CoTaskMemAlloc(bytes);
	memcpy(*ret_uri, event.url, bytes);
	return S_OK;
}

static HRESULT STDMETHODCALLTYPE get_value(struct object *object, int *ret_value)
{
	(void)object;
	*ret_value = event.value;
	return S_OK;
}

static HRESULT STDMETHODCALLTYPE get_key(struct object *object, UINT *ret_key)
{
	(void)object;
	*ret_key = (UINT)event.key;
	return S_OK;
}

static HRESULT STDMETHODCALLTYPE get_key_data(struct object *object, int *ret_data)
{
	(void)object;
	*ret_data = event.is_repeated ? KF_REPEAT << 16 : 0;
	return S_OK;
}

static HRESULT STDMETHODCALLTYPE get_navigation(struct object *object, UINT64 *ret_navigation)
{
	(void)object;
	*ret_navigation = event.navigation;
	return S_OK;
}

static HRESULT STDMETHODCALLTYPE put_answer(struct object *object, int answer)
{
	(void)object;
	event.answer = answer;
	return S_OK;
}

#define ARGUMENT(name, member, function)                                                           \
 if (type == &type_ICoreWebView2##name##EventHandler) {                                            \
  arguments.type = &type_ICoreWebView2##name##EventArgs;                                           \
  arguments.slots[SLOT_ICoreWebView2##name##EventArgs_##member] = (void *)function;                \
 }

void prepare_arguments(const struct table_interface *type)
{
	prepare(&arguments, &no_arguments);
	ARGUMENT(NavigationStarting, get_Uri, get_uri)
	ARGUMENT(NavigationStarting, put_Cancel, put_answer)
	ARGUMENT(NavigationStarting, get_NavigationId, get_navigation)
	ARGUMENT(NavigationCompleted, get_IsSuccess, get_value)
	ARGUMENT(NavigationCompleted, get_NavigationId, get_navigation)
	ARGUMENT(NewWindowRequested, get_Uri, get_uri)
	ARGUMENT(NewWindowRequested, put_Handled, put_answer)
	ARGUMENT(PermissionRequested, get_Uri, get_uri)
	ARGUMENT(PermissionRequested, get_PermissionKind, get_value)
	ARGUMENT(PermissionRequested, put_State, put_answer)
	ARGUMENT(ProcessFailed, get_ProcessFailedKind, get_value)
	ARGUMENT(AcceleratorKeyPressed, get_KeyEventKind, get_value)
	ARGUMENT(AcceleratorKeyPressed, get_VirtualKey, get_key)
	ARGUMENT(AcceleratorKeyPressed, get_KeyEventLParam, get_key_data)
	ARGUMENT(AcceleratorKeyPressed, put_Handled, put_answer)
}

/* The members of each interface that may be called. */

static HRESULT STDMETHODCALLTYPE create_controller(
	struct object *object, HWND parent, IUnknown *handler)
{
	(void)object;
	check_call("CreateCoreWebView2Controller");
	say("CreateCoreWebView2Controller parent=%d", IsWindow(parent));
	hold(handler, &type_ICoreWebView2CreateCoreWebView2ControllerCompletedHandler);
	fake.controller_handler = handler;
	fake.child = CreateWindowExW(0, L"STATIC", L"", WS_CHILD | SS_CENTER | SS_CENTERIMAGE, 0, 0,
		10, 10, parent, NULL, NULL, NULL);
	if (!mode_is("late_callback"))
		PostMessageW(fake.window, SAY_CONTROLLER, fake.run, 0);
	return S_OK;
}

static HRESULT STDMETHODCALLTYPE put_bounds(struct object *object, RECT bounds)
{
	(void)object;
	check_call("put_Bounds");
	say("put_Bounds %ld %ld %ld %ld", bounds.left, bounds.top, bounds.right, bounds.bottom);
	MoveWindow(fake.child, bounds.left, bounds.top, bounds.right - bounds.left,
		bounds.bottom - bounds.top, TRUE);
	return S_OK;
}

static HRESULT STDMETHODCALLTYPE put_visible(struct object *object, BOOL is_visible)
{
	(void)object;
	check_call("put_IsVisible");
	say("put_IsVisible %d", is_visible);
	ShowWindow(fake.child, is_visible ? SW_SHOW : SW_HIDE);
	return S_OK;
}

static HRESULT STDMETHODCALLTYPE move_focus(struct object *object, int reason)
{
	(void)object;
	check_call("MoveFocus");
	say("MoveFocus %d", reason);
	return S_OK;
}

static HRESULT STDMETHODCALLTYPE notify_moved(struct object *object)
{
	(void)object;
	check_call("NotifyParentWindowPositionChanged");
	say("NotifyParentWindowPositionChanged");
	return S_OK;
}

static HRESULT STDMETHODCALLTYPE close_controller(struct object *object)
{
	(void)object;
	check_call("Close");
	say("Close");
	fake.is_closed = true;
	DestroyWindow(fake.child);
	return S_OK;
}

static HRESULT give(struct object *object, struct object **ret_object)
{
	object->references++;
	*ret_object = object;
	return S_OK;
}

static HRESULT STDMETHODCALLTYPE get_view(struct object *object, struct object **ret_view)
{
	(void)object;
	check_call("get_CoreWebView2");
	return give(&view, ret_view);
}

static HRESULT STDMETHODCALLTYPE put_ground(struct object *object, struct color color)
{
	(void)object;
	say("put_DefaultBackgroundColor %02x %02x%02x%02x", color.A, color.R, color.G, color.B);
	return S_OK;
}

static HRESULT STDMETHODCALLTYPE get_settings(struct object *object, struct object **ret_settings)
{
	(void)object;
	check_call("get_Settings");
	return give(&settings, ret_settings);
}

static void write_url(const char *url)
{
	wchar_t path[MAX_PATH];
	if (!GetEnvironmentVariableW(L"HELIX_FAKE_URL_FILE", path, MAX_PATH))
		return;
	FILE *file = _wfopen(path, L"wb");
	if (!file)
		return;
	fprintf(file, "%s\n", url);
	fclose(file);
}

/* The log gets the address without its fragment, where the token is. */
static HRESULT STDMETHODCALLTYPE navigate(struct object *object, const wchar_t *url)
{
	(void)object;
	check_call("Navigate");
	char text[MAX_URL] = "";
	WideCharToMultiByte(CP_UTF8, 0, url, -1, text, sizeof(text), NULL, NULL);
	write_url(text);
	text[strcspn(text, "#")] = '\0';
	say("Navigate %s", text);
	SetWindowTextA(fake.child, text);
	const char *host = strstr(text, "://");
	size_t length = host ? (size_t)(host - text) + 3 + strcspn(host + 3, "/") : 0;
	snprintf(fake.origin, sizeof(fake.origin), "%.*s", (int)length, text);
	PostMessageW(fake.window, SAY_STEP, fake.run, 0);
	return S_OK;
}

static HRESULT STDMETHODCALLTYPE reload(struct object *object)
{
	(void)object;
	check_call("Reload");
	say("Reload");
	return S_OK;
}

static HRESULT STDMETHODCALLTYPE post_json(struct object *object, const wchar_t *json)
{
	(void)object;
	check_call("PostWebMessageAsJson");
	say("PostWebMessageAsJson %ls", json);
	return S_OK;
}

static HRESULT STDMETHODCALLTYPE get_full_screen(struct object *object, BOOL *ret_is_full)
{
	(void)object;
	*ret_is_full = fake.is_full;
	return S_OK;
}

#define ADD(name)                                                                                  \
 static HRESULT STDMETHODCALLTYPE add_##name(                                                      \
	 struct object *object, IUnknown *handler, INT64 *ret_token)                               \
 {                                                                                                 \
  (void)object;                                                                                    \
  check_call("add_" #name);                                                                        \
  hold(handler, &type_ICoreWebView2##name##EventHandler);                                          \
  *ret_token = fake.held_count;                                                                    \
  return S_OK;                                                                                     \
 }
ADD(NavigationStarting)
ADD(NavigationCompleted)
ADD(NewWindowRequested)
ADD(PermissionRequested)
ADD(ProcessFailed)
ADD(ContainsFullScreenElementChanged)
ADD(WindowCloseRequested)
ADD(AcceleratorKeyPressed)

static HRESULT STDMETHODCALLTYPE put_status_bar(struct object *object, BOOL is_on)
{
	(void)object;
	say("put_IsStatusBarEnabled %d", is_on);
	return S_OK;
}

static HRESULT STDMETHODCALLTYPE put_tools(struct object *object, BOOL is_on)
{
	(void)object;
	say("put_AreDevToolsEnabled %d", is_on);
	return S_OK;
}

static HRESULT STDMETHODCALLTYPE put_menus(struct object *object, BOOL is_on)
{
	(void)object;
	say("put_AreDefaultContextMenusEnabled %d", is_on);
	return S_OK;
}

static HRESULT STDMETHODCALLTYPE put_zoom(struct object *object, BOOL is_on)
{
	(void)object;
	say("put_IsZoomControlEnabled %d", is_on);
	return S_OK;
}

static HRESULT STDMETHODCALLTYPE put_keys(struct object *object, BOOL is_on)
{
	(void)object;
	say("put_AreBrowserAcceleratorKeysEnabled %d", is_on);
	return S_OK;
}

#define MEMBER(object, owner, member, function)                                                    \
 (object).slots[SLOT_##owner##_##member] = (void *)function
#define LISTENER(object, owner, name) MEMBER(object, owner, add_##name, add_##name)

void prepare_objects(void)
{
	prepare(&newer_environment, &type_ICoreWebView2Environment);
	prepare(&environment, &type_ICoreWebView2Environment);
	MEMBER(environment, ICoreWebView2Environment, CreateCoreWebView2Controller,
		create_controller);

	prepare(&controller, &type_ICoreWebView2Controller2);
	controller.older = &type_ICoreWebView2Controller;
	MEMBER(controller, ICoreWebView2Controller, put_IsVisible, put_visible);
	MEMBER(controller, ICoreWebView2Controller, put_Bounds, put_bounds);
	MEMBER(controller, ICoreWebView2Controller, MoveFocus, move_focus);
	MEMBER(controller, ICoreWebView2Controller, NotifyParentWindowPositionChanged,
		notify_moved);
	MEMBER(controller, ICoreWebView2Controller, Close, close_controller);
	MEMBER(controller, ICoreWebView2Controller, get_CoreWebView2, get_view);
	MEMBER(controller, ICoreWebView2Controller2, put_DefaultBackgroundColor, put_ground);
	LISTENER(controller, ICoreWebView2Controller, AcceleratorKeyPressed);

	prepare(&view, &type_ICoreWebView2);
	MEMBER(view, ICoreWebView2, get_Settings, get_settings);
	MEMBER(view, ICoreWebView2, Navigate, navigate);
	MEMBER(view, ICoreWebView2, Reload, reload);
	MEMBER(view, ICoreWebView2, PostWebMessageAsJson, post_json);
	MEMBER(view, ICoreWebView2, get_ContainsFullScreenElement, get_full_screen);
	LISTENER(view, ICoreWebView2, NavigationStarting);
	LISTENER(view, ICoreWebView2, NavigationCompleted);
	LISTENER(view, ICoreWebView2, NewWindowRequested);
	LISTENER(view, ICoreWebView2, PermissionRequested);
	LISTENER(view, ICoreWebView2, ProcessFailed);
	LISTENER(view, ICoreWebView2, ContainsFullScreenElementChanged);
	LISTENER(view, ICoreWebView2, WindowCloseRequested);

	bool is_new = !mode_is("no_settings3");
	prepare(&settings, is_new ? &type_ICoreWebView2Settings3 : &type_ICoreWebView2Settings);
	settings.older = &type_ICoreWebView2Settings;
	MEMBER(settings, ICoreWebView2Settings, put_IsStatusBarEnabled, put_status_bar);
	MEMBER(settings, ICoreWebView2Settings, put_AreDevToolsEnabled, put_tools);
	MEMBER(settings, ICoreWebView2Settings, put_AreDefaultContextMenusEnabled, put_menus);
	MEMBER(settings, ICoreWebView2Settings, put_IsZoomControlEnabled, put_zoom);
	if (is_new)
		MEMBER(settings, ICoreWebView2Settings3, put_AreBrowserAcceleratorKeysEnabled,
			put_keys);
}
