#include "win/webview_com.h"

#include <stdlib.h>
#include <wchar.h>

#include "win/webview_abi.h"

/* The runtime refuses when it is older than this. We looked ourselves: webview_runtime.c. */
#define TARGET_VERSION L"100.0.0.0"

struct webview_handler {
	const struct handler_vtable *vtable; /* first: this is the COM object */
	struct webview_handler_kind kind;
	struct webview *webview;
	LONG references;
};

struct handler_vtable {
	HRESULT(STDMETHODCALLTYPE *QueryInterface)(struct webview_handler *, REFIID, void **);
	ULONG(STDMETHODCALLTYPE *AddRef)(struct webview_handler *);
	ULONG(STDMETHODCALLTYPE *Release)(struct webview_handler *);
	union {
		HRESULT(STDMETHODCALLTYPE *completed)
		(struct webview_handler *, HRESULT, IUnknown *);
		HRESULT(STDMETHODCALLTYPE *event)
		(struct webview_handler *, IUnknown *, IUnknown *);
	} Invoke;
};

_Static_assert(
	offsetof(struct handler_vtable, Invoke) == ICoreWebView2Handler_Invoke * sizeof(void *),
	"a handler's slot");

static ULONG STDMETHODCALLTYPE handler_add_reference(struct webview_handler *handler)
{
	return (ULONG)InterlockedIncrement(&handler->references);
}

static ULONG STDMETHODCALLTYPE handler_release(struct webview_handler *handler)
{
	LONG references = InterlockedDecrement(&handler->references);
	if (references == 0)
		free(handler);
	return (ULONG)references;
}

static HRESULT STDMETHODCALLTYPE handler_query(
	struct webview_handler *handler, REFIID iid, void **ret_object)
{
	if (!ret_object)
		return E_POINTER;
	*ret_object = NULL;
	if (!IsEqualIID(iid, &IID_IUnknown) && !IsEqualIID(iid, handler->kind.iid))
		return E_NOINTERFACE;
	handler_add_reference(handler);
	*ret_object = handler;
	return S_OK;
}

/* The webview may be freed from within: the handler has to outlive that. */
static HRESULT STDMETHODCALLTYPE handler_completed(
	struct webview_handler *handler, HRESULT result, IUnknown *object)
{
	handler_add_reference(handler);
	handler->kind.completed(handler->webview, result, object);
	handler_release(handler);
	return S_OK;
}

static HRESULT STDMETHODCALLTYPE handler_event(
	struct webview_handler *handler, IUnknown *sender, IUnknown *arguments)
{
	(void)sender;
	handler_add_reference(handler);
	if (handler->webview)
		handler->kind.event(handler->webview, arguments);
	handler_release(handler);
	return S_OK;
}

static const struct handler_vtable completed_vtable = {
	.QueryInterface = handler_query,
	.AddRef = handler_add_reference,
	.Release = handler_release,
	.Invoke.completed = handler_completed,
};

static const struct handler_vtable event_vtable = {
	.QueryInterface = handler_query,
	.AddRef = handler_add_reference,
	.Release = handler_release,
	.Invoke.event = handler_event,
};

struct webview_handler *webview_handler_new(
	const struct webview_handler_kind *kind, struct webview *webview)
{
	struct webview_handler *handler = calloc(1, sizeof(*handler));
	if (!handler)
		return NULL;
	*handler = (struct webview_handler){
		.vtable = kind->completed ? &completed_vtable : &event_vtable,
		.kind = *kind,
		.webview = webview,
		.references = 1,
	};
	return handler;
}

IUnknown *webview_handler_object(struct webview_handler *handler)
{
	return (IUnknown *)handler;
}

void webview_handler_forget(struct webview_handler *handler)
{
	if (!handler)
		return;
	handler->webview = NULL;
	handler_release(handler);
}

struct environment_options {
	const struct options_vtable *vtable; /* first: this is the COM object */
	LONG references;
	wchar_t arguments[];
};

struct options_vtable {
	HRESULT(STDMETHODCALLTYPE *QueryInterface)(struct environment_options *, REFIID, void **);
	ULONG(STDMETHODCALLTYPE *AddRef)(struct environment_options *);
	ULONG(STDMETHODCALLTYPE *Release)(struct environment_options *);
	HRESULT(STDMETHODCALLTYPE *get_arguments)(struct environment_options *, wchar_t **);
	HRESULT(STDMETHODCALLTYPE *put_arguments)(struct environment_options *, const wchar_t *);
	HRESULT(STDMETHODCALLTYPE *get_language)(struct environment_options *, wchar_t **);
	HRESULT(STDMETHODCALLTYPE *put_language)(struct environment_options *, const wchar_t *);
	HRESULT(STDMETHODCALLTYPE *get_version)(struct environment_options *, wchar_t **);
	HRESULT(STDMETHODCALLTYPE *put_version)(struct environment_options *, const wchar_t *);
	HRESULT(STDMETHODCALLTYPE *get_sign_on)(struct environment_options *, BOOL *);
	HRESULT(STDMETHODCALLTYPE *put_sign_on)(struct environment_options *, BOOL);
};

#define OPTION_AT(member, slot)                                                                    \
 _Static_assert(offsetof(struct options_vtable, member) ==                                         \
		 ICoreWebView2EnvironmentOptions_##slot * sizeof(void *),                          \
	 "an option's slot")
OPTION_AT(get_arguments, get_AdditionalBrowserArguments);
OPTION_AT(put_arguments, put_AdditionalBrowserArguments);
OPTION_AT(get_language, get_Language);
OPTION_AT(put_language, put_Language);
OPTION_AT(get_version, get_TargetCompatibleBrowserVersion);
OPTION_AT(put_version, put_TargetCompatibleBrowserVersion);
OPTION_AT(get_sign_on, get_AllowSingleSignOnUsingOSPrimaryAccount);
OPTION_AT(put_sign_on, put_AllowSingleSignOnUsingOSPrimaryAccount);
#undef OPTION_AT

static ULONG STDMETHODCALLTYPE options_add_reference(struct environment_options *options)
{
	return (ULONG)InterlockedIncrement(&options->references);
}

static ULONG STDMETHODCALLTYPE options_release(struct environment_options *options)
{
	LONG references = InterlockedDecrement(&options->references);
	if (references == 0)
		free(options);
	return (ULONG)references;
}

/* Newer options are interfaces of their own, none of which we have. */
static HRESULT STDMETHODCALLTYPE options_query(
	struct environment_options *options, REFIID iid, void **ret_object)
{
	if (!ret_object)
		return E_POINTER;
	*ret_object = NULL;
	if (!IsEqualIID(iid, &IID_IUnknown) &&
		!IsEqualIID(iid, &IID_ICoreWebView2EnvironmentOptions))
		return E_NOINTERFACE;
	options_add_reference(options);
	*ret_object = options;
	return S_OK;
}

/* A copy for the runtime to free; NULL means not set. */
static HRESULT give_text(const wchar_t *text, wchar_t **ret_text)
{
	if (!ret_text)
		return E_POINTER;
	*ret_text = NULL;
	if (text[0] == L'\0')
		return S_OK;
	size_t bytes = (wcslen(text) + 1) * sizeof(*text);
	wchar_t *copy = CoTaskMemAlloc(bytes);
	if (!copy)
		return E_OUTOFMEMORY;
	memcpy(copy, text, bytes);
	*ret_text = copy;
	return S_OK;
}

static HRESULT STDMETHODCALLTYPE get_arguments(
	struct environment_options *options, wchar_t **ret_text)
{
	return give_text(options->arguments, ret_text);
}

static HRESULT STDMETHODCALLTYPE get_language(
	struct environment_options *options, wchar_t **ret_text)
{
	(void)options;
	return give_text(L"", ret_text);
}

static HRESULT STDMETHODCALLTYPE get_version(
	struct environment_options *options, wchar_t **ret_text)
{
	(void)options;
	return give_text(TARGET_VERSION, ret_text);
}

static HRESULT STDMETHODCALLTYPE get_sign_on(struct environment_options *options, BOOL *ret_is_on)
{
	(void)options;
	if (!ret_is_on)
		return E_POINTER;
	*ret_is_on = FALSE;
	return S_OK;
}

static HRESULT STDMETHODCALLTYPE refuse_text(
	struct environment_options *options, const wchar_t *text)
{
	(void)options;
	(void)text;
	return E_NOTIMPL;
}

static HRESULT STDMETHODCALLTYPE refuse_bool(struct environment_options *options, BOOL is_on)
{
	(void)options;
	(void)is_on;
	return E_NOTIMPL;
}

static const struct options_vtable options_vtable = {
	.QueryInterface = options_query,
	.AddRef = options_add_reference,
	.Release = options_release,
	.get_arguments = get_arguments,
	.put_arguments = refuse_text,
	.get_language = get_language,
	.put_language = refuse_text,
	.get_version = get_version,
	.put_version = refuse_text,
	.get_sign_on = get_sign_on,
	.put_sign_on = refuse_bool,
};

IUnknown *webview_environment_options_new(const wchar_t *arguments)
{
	size_t length = wcslen(arguments) + 1;
	struct environment_options *options =
		calloc(1, sizeof(*options) + length * sizeof(*arguments));
	if (!options)
		return NULL;
	options->vtable = &options_vtable;
	options->references = 1;
	memcpy(options->arguments, arguments, length * sizeof(*arguments));
	return (IUnknown *)options;
}
