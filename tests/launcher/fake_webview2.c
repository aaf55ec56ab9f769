/* A fake EmbeddedBrowserWebView.dll: WebView2 as our half sees it, without a browser.
 *
 * Built from webview2-slots.txt and never from webview_abi.h, so that a wrong slot of ours calls
 * what it should not: that is logged as UNEXPECTED. Like the real one it answers later, from
 * messages, wants an STA, and gives up its references after it has called. It keeps ours beyond
 * Close, until SAY_END or the next start, so that an event can find a webview that is gone.
 *
 * HELIX_FAKE_WV2 says what happens (see fake_webview2_plays.h), HELIX_FAKE_LOG is the file
 * for what was called, HELIX_FAKE_URL_FILE one for the address, where something real may open it.
 */
#include "fake_webview2.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define WINDOW_CLASS L"HelixFakeWebView2"

struct fake fake;

void say(const char *format, ...)
{
	wchar_t path[MAX_PATH];
	if (!GetEnvironmentVariableW(L"HELIX_FAKE_LOG", path, MAX_PATH))
		return;
	FILE *file = _wfopen(path, L"ab");
	if (!file)
		return;
	va_list values;
	va_start(values, format);
	vfprintf(file, format, values);
	va_end(values);
	fputc('\n', file);
	fclose(file);
}

bool mode_is(const char *name)
{
	return strcmp(fake.mode, name) == 0;
}

/* What is handed to us. */

void hold(IUnknown *object, const struct table_interface *type)
{
	void *other = object;
	if (object->lpVtbl->QueryInterface(object, &type_ICoreWebView2.iid, &other) !=
			E_NOINTERFACE ||
		other)
		say("BUG %s answers to an interface that it is not", type->name);
	if (FAILED(object->lpVtbl->QueryInterface(object, &type->iid, &other)))
		say("BUG %s does not know its own IID", type->name);
	if (other != object || fake.held_count == MAX_HELD) {
		say("BUG %s cannot be held", type->name);
		return;
	}
	fake.held[fake.held_count++] = (struct held){ object, type };
}

/* By now our side should have let go of them, too. */
static void release_held(void)
{
	for (int i = 0; i < fake.held_count; i++) {
		IUnknown *object = fake.held[i].object;
		ULONG left = object->lpVtbl->Release(object);
		say("%s %s left=%lu", left ? "BUG" : "released", fake.held[i].type->name, left);
	}
	fake.held_count = 0;
}

static void say_references(void)
{
	const struct object *objects[] = { &newer_environment, &environment, &controller, &view,
		&settings, &arguments };
	LONG sum = 0;
	for (size_t i = 0; i < sizeof(objects) / sizeof(*objects); i++)
		sum += objects[i]->references;
	say("%s references environment=%ld controller=%ld view=%ld settings=%ld arguments=%ld",
		sum ? "BUG" : "balanced", newer_environment.references + environment.references,
		controller.references, view.references, settings.references, arguments.references);
}

static void **invoke_slot(IUnknown *handler)
{
	return *(void ***)handler + SLOT_ICoreWebView2NavigationStartingEventHandler_Invoke;
}

static void complete(IUnknown *handler, HRESULT result, struct object *object)
{
	HRESULT(STDMETHODCALLTYPE * invoke)(IUnknown *, HRESULT, void *) = *invoke_slot(handler);
	if (object)
		object->references++;
	invoke(handler, result, object);
	if (object)
		((IUnknown *)object)->lpVtbl->Release((IUnknown *)object);
}

static const char *short_name(const struct table_interface *type)
{
	return type->name + strlen("ICoreWebView2");
}

static void raise(const struct step *step)
{
	for (int i = 0; i < fake.held_count; i++) {
		if (fake.held[i].type != step->event)
			continue;
		IUnknown *handler = fake.held[i].object;
		HRESULT(STDMETHODCALLTYPE * invoke)
		(IUnknown *, void *, void *) = *invoke_slot(handler);
		arguments.references = 1;
		invoke(handler, &view, &arguments);
		if (arguments.references != 1)
			say("BUG the arguments of %s are kept", step->event->name);
		arguments.references = 0;
		return;
	}
	say("BUG nobody listens to %s", step->event->name);
}

static void play(const struct step *step)
{
	char url[MAX_URL] = "";
	if (step->url)
		snprintf(url, sizeof(url), "%s%s", *step->url == '~' ? fake.origin : "",
			step->url + (*step->url == '~'));
	MultiByteToWideChar(CP_UTF8, 0, url, -1, event.url, MAX_URL);
	prepare_arguments(step->event);
	event.value = step->value;
	event.key = step->key;
	event.is_repeated = step->is_repeated;
	event.answer = -1;
	if (step->event == &type_ICoreWebView2NavigationStartingEventHandler)
		event.navigation = ++fake.navigations;
	else
		event.navigation = (UINT64)step->key;
	if (step->event == &type_ICoreWebView2ContainsFullScreenElementChangedEventHandler)
		fake.is_full = step->value;
	raise(step);
	say("event %s url=%s value=%d key=%d answer=%d", short_name(step->event), url, step->value,
		step->key, event.answer);
}

#include "fake_webview2_plays.h"

static void take_step(void)
{
	if (fake.is_closed)
		return;
	if (!fake.step->event) {
		say("played %s", fake.mode);
		return;
	}
	play(fake.step++);
	PostMessageW(fake.window, SAY_STEP, fake.run, 0);
}

static LRESULT CALLBACK on_message(HWND window, UINT message, WPARAM run, LPARAM unused)
{
	bool is_late = message >= SAY_ENVIRONMENT && message <= SAY_STEP && run != fake.run;
	if (is_late)
		return 0;
	switch (message) {
	case SAY_ENVIRONMENT:
		if (mode_is("env_fail"))
			complete(fake.environment_handler, E_ACCESSDENIED, NULL);
		else if (!mode_is("never"))
			complete(fake.environment_handler, S_OK, &newer_environment);
		return 0;
	case SAY_CONTROLLER:
	case SAY_GO:
		if (mode_is("ctl_fail"))
			complete(fake.controller_handler, HRESULT_FROM_WIN32(ERROR_INVALID_STATE),
				NULL);
		else
			complete(fake.controller_handler, S_OK, &controller);
		return 0;
	case SAY_STEP: take_step(); return 0;
	case SAY_END:
		release_held();
		say_references();
		say("end");
		return 0;
	default: return DefWindowProcW(window, message, run, unused);
	}
}

/* What the runtime asks of the options. */
static void read_options(IUnknown *options)
{
	hold(options, &type_ICoreWebView2EnvironmentOptions);
	void **slots = *(void ***)options;
	HRESULT(STDMETHODCALLTYPE * get_text)(IUnknown *, wchar_t **);
	static const int texts[] = {
		SLOT_ICoreWebView2EnvironmentOptions_get_AdditionalBrowserArguments,
		SLOT_ICoreWebView2EnvironmentOptions_get_Language,
		SLOT_ICoreWebView2EnvironmentOptions_get_TargetCompatibleBrowserVersion,
	};
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		wchar_t *text = NULL;
		get_text = slots[texts[i]];
		HRESULT result = get_text(options, &text);
		say("option %s=%ls result=%08lx",
			type_ICoreWebView2EnvironmentOptions.members[texts[i]], text ? text : L"",
			result);
		CoTaskMemFree(text);
	}
	HRESULT(STDMETHODCALLTYPE * get_sign_on)
	(IUnknown *, BOOL *) = slots
		[SLOT_ICoreWebView2EnvironmentOptions_get_AllowSingleSignOnUsingOSPrimaryAccount];
	BOOL is_on = TRUE;
	if (FAILED(get_sign_on(options, &is_on)) || is_on)
		say("BUG single sign-on");
}

__declspec(dllexport) HRESULT STDMETHODCALLTYPE
	CreateWebViewEnvironmentWithOptionsInternal(bool check_running, int type,
		const wchar_t *user_data, IUnknown *options, IUnknown *handler);

__declspec(dllexport) HRESULT STDMETHODCALLTYPE
	CreateWebViewEnvironmentWithOptionsInternal(bool check_running, int type,
		const wchar_t *user_data, IUnknown *options, IUnknown *handler)
{
	if (!GetEnvironmentVariableA("HELIX_FAKE_WV2", fake.mode, sizeof(fake.mode)))
		strcpy(fake.mode, "ok");
	release_held();
	fake.run++;
	fake.thread = GetCurrentThreadId();
	fake.is_closed = fake.is_full = false;
	fake.step = find_play();
	fake.navigations = 0;
	prepare_objects();
	char directory[MAX_URL] = "";
	WideCharToMultiByte(CP_UTF8, 0, user_data, -1, directory, sizeof(directory), NULL, NULL);
	say("create mode=%s check=%d type=%d user_data=%s", fake.mode, check_running, type,
		directory);

	APTTYPE apartment;
	APTTYPEQUALIFIER qualifier;
	if (FAILED(CoGetApartmentType(&apartment, &qualifier)) ||
		(apartment != APTTYPE_STA && apartment != APTTYPE_MAINSTA)) {
		say("BUG the caller is no STA");
		return RPC_E_CHANGED_MODE;
	}
	if (!fake.window) {
		WNDCLASSW class = { .lpfnWndProc = on_message, .lpszClassName = WINDOW_CLASS };
		RegisterClassW(&class);
		fake.window = CreateWindowExW(
			0, WINDOW_CLASS, L"", 0, 0, 0, 0, 0, HWND_MESSAGE, NULL, NULL, NULL);
	}
	read_options(options);
	hold(handler, &type_ICoreWebView2CreateCoreWebView2EnvironmentCompletedHandler);
	fake.environment_handler = handler;
	if (mode_is("sync_fail"))
		return E_FAIL;
	if (mode_is("old_version"))
		return HRESULT_FROM_WIN32(ERROR_PRODUCT_VERSION);
	PostMessageW(fake.window, SAY_ENVIRONMENT, fake.run, 0);
	return S_OK;
}
