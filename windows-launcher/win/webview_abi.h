/* The part of WebView2's binary interface that we use, declared by hand: there is no SDK in our
 * build. Types, members and constants have Microsoft's names, so that they can be looked up.
 *
 * Every number here is compared with tests/launcher/webview2-slots.txt, which was read from the
 * SDK's own header. A new member needs its number in the enum and its type in the interface.
 *
 * Threads: the window's, for every call. Ownership: COM's rules; strings that come back are freed
 * with CoTaskMemFree(). */
#pragma once

#include <windows.h>

#include <objbase.h>

/* Where a member stands in its interface's table. 0 to 2 are IUnknown's, everywhere. */
enum webview_slot {
	ICoreWebView2Environment_CreateCoreWebView2Controller = 3,

	ICoreWebView2EnvironmentOptions_get_AdditionalBrowserArguments = 3,
	ICoreWebView2EnvironmentOptions_put_AdditionalBrowserArguments = 4,
	ICoreWebView2EnvironmentOptions_get_Language = 5,
	ICoreWebView2EnvironmentOptions_put_Language = 6,
	ICoreWebView2EnvironmentOptions_get_TargetCompatibleBrowserVersion = 7,
	ICoreWebView2EnvironmentOptions_put_TargetCompatibleBrowserVersion = 8,
	ICoreWebView2EnvironmentOptions_get_AllowSingleSignOnUsingOSPrimaryAccount = 9,
	ICoreWebView2EnvironmentOptions_put_AllowSingleSignOnUsingOSPrimaryAccount = 10,

	ICoreWebView2Controller_put_IsVisible = 4,
	ICoreWebView2Controller_put_Bounds = 6,
	ICoreWebView2Controller_MoveFocus = 12,
	ICoreWebView2Controller_add_AcceleratorKeyPressed = 19,
	ICoreWebView2Controller_NotifyParentWindowPositionChanged = 23,
	ICoreWebView2Controller_Close = 24,
	ICoreWebView2Controller_get_CoreWebView2 = 25,
	ICoreWebView2Controller2_put_DefaultBackgroundColor = 27,

	ICoreWebView2_get_Settings = 3,
	ICoreWebView2_Navigate = 5,
	ICoreWebView2_add_NavigationStarting = 7,
	ICoreWebView2_add_NavigationCompleted = 15,
	ICoreWebView2_add_PermissionRequested = 23,
	ICoreWebView2_add_ProcessFailed = 25,
	ICoreWebView2_Reload = 31,
	ICoreWebView2_PostWebMessageAsJson = 32,
	ICoreWebView2_add_NewWindowRequested = 44,
	ICoreWebView2_add_ContainsFullScreenElementChanged = 52,
	ICoreWebView2_get_ContainsFullScreenElement = 54,
	ICoreWebView2_add_WindowCloseRequested = 59,

	ICoreWebView2Settings_put_IsStatusBarEnabled = 10,
	ICoreWebView2Settings_put_AreDevToolsEnabled = 12,
	ICoreWebView2Settings_put_AreDefaultContextMenusEnabled = 14,
	ICoreWebView2Settings_put_IsZoomControlEnabled = 18,
	ICoreWebView2Settings3_put_AreBrowserAcceleratorKeysEnabled = 24,

	ICoreWebView2NavigationStartingEventArgs_get_Uri = 3,
	ICoreWebView2NavigationStartingEventArgs_put_Cancel = 8,
	ICoreWebView2NavigationStartingEventArgs_get_NavigationId = 9,
	ICoreWebView2NavigationCompletedEventArgs_get_IsSuccess = 3,
	ICoreWebView2NavigationCompletedEventArgs_get_NavigationId = 5,
	ICoreWebView2NewWindowRequestedEventArgs_get_Uri = 3,
	ICoreWebView2NewWindowRequestedEventArgs_put_Handled = 6,
	ICoreWebView2PermissionRequestedEventArgs_get_Uri = 3,
	ICoreWebView2PermissionRequestedEventArgs_get_PermissionKind = 4,
	ICoreWebView2PermissionRequestedEventArgs_put_State = 7,
	ICoreWebView2ProcessFailedEventArgs_get_ProcessFailedKind = 3,
	ICoreWebView2AcceleratorKeyPressedEventArgs_get_KeyEventKind = 3,
	ICoreWebView2AcceleratorKeyPressedEventArgs_get_VirtualKey = 4,
	ICoreWebView2AcceleratorKeyPressedEventArgs_get_KeyEventLParam = 5,
	ICoreWebView2AcceleratorKeyPressedEventArgs_put_Handled = 8,

	/* In every handler; it is all that they have. */
	ICoreWebView2Handler_Invoke = 3,
};

enum webview_value {
	COREWEBVIEW2_PERMISSION_KIND_UNKNOWN_PERMISSION = 0,
	COREWEBVIEW2_PERMISSION_KIND_CLIPBOARD_READ = 6,
	COREWEBVIEW2_PERMISSION_KIND_AUTOPLAY = 9,
	COREWEBVIEW2_PERMISSION_STATE_DEFAULT = 0,
	COREWEBVIEW2_PERMISSION_STATE_ALLOW = 1,
	COREWEBVIEW2_PERMISSION_STATE_DENY = 2,
	COREWEBVIEW2_PROCESS_FAILED_KIND_BROWSER_PROCESS_EXITED = 0,
	COREWEBVIEW2_PROCESS_FAILED_KIND_RENDER_PROCESS_EXITED = 1,
	COREWEBVIEW2_PROCESS_FAILED_KIND_RENDER_PROCESS_UNRESPONSIVE = 2,
	COREWEBVIEW2_KEY_EVENT_KIND_KEY_DOWN = 0,
	COREWEBVIEW2_KEY_EVENT_KIND_SYSTEM_KEY_DOWN = 2,
	COREWEBVIEW2_MOVE_FOCUS_REASON_PROGRAMMATIC = 0,
};

static const IID IID_ICoreWebView2Environment = { 0xb96d755e, 0x0319, 0x4e92,
	{ 0xa2, 0x96, 0x23, 0x43, 0x6f, 0x46, 0xa1, 0xfc } };
static const IID IID_ICoreWebView2EnvironmentOptions = { 0x2fde08a8, 0x1e9a, 0x4766,
	{ 0x8c, 0x05, 0x95, 0xa9, 0xce, 0xb9, 0xd1, 0xc5 } };
static const IID IID_ICoreWebView2Controller2 = { 0xc979903e, 0xd4ca, 0x4228,
	{ 0x92, 0xeb, 0x47, 0xee, 0x3f, 0xa9, 0x6e, 0xab } };
static const IID IID_ICoreWebView2Settings3 = { 0xfdb5ab74, 0xaf33, 0x4854,
	{ 0x84, 0xf0, 0x0a, 0x63, 0x1d, 0xeb, 0x5e, 0xba } };
static const IID IID_ICoreWebView2CreateCoreWebView2EnvironmentCompletedHandler = { 0x4e8a3389,
	0xc9d8, 0x4bd2, { 0xb6, 0xb5, 0x12, 0x4f, 0xee, 0x6c, 0xc1, 0x4d } };
static const IID IID_ICoreWebView2CreateCoreWebView2ControllerCompletedHandler = { 0x6c4819f3,
	0xc9b7, 0x4260, { 0x81, 0x27, 0xc9, 0xf5, 0xbd, 0xe7, 0xf6, 0x8c } };
static const IID IID_ICoreWebView2NavigationStartingEventHandler = { 0x9adbe429, 0xf36d, 0x432b,
	{ 0x9d, 0xdc, 0xf8, 0x88, 0x1f, 0xbd, 0x76, 0xe3 } };
static const IID IID_ICoreWebView2NavigationCompletedEventHandler = { 0xd33a35bf, 0x1c49, 0x4f98,
	{ 0x93, 0xab, 0x00, 0x6e, 0x05, 0x33, 0xfe, 0x1c } };
static const IID IID_ICoreWebView2NewWindowRequestedEventHandler = { 0xd4c185fe, 0xc81c, 0x4989,
	{ 0x97, 0xaf, 0x2d, 0x3f, 0xa7, 0xab, 0x56, 0x51 } };
static const IID IID_ICoreWebView2PermissionRequestedEventHandler = { 0x15e1c6a3, 0xc72a, 0x4df3,
	{ 0x91, 0xd7, 0xd0, 0x97, 0xfb, 0xec, 0x6b, 0xfd } };
static const IID IID_ICoreWebView2ProcessFailedEventHandler = { 0x79e0aea4, 0x990b, 0x42d9,
	{ 0xaa, 0x1d, 0x0f, 0xcc, 0x2e, 0x5b, 0xc7, 0xf1 } };
static const IID IID_ICoreWebView2ContainsFullScreenElementChangedEventHandler = { 0xe45d98b1,
	0xafef, 0x45be, { 0x8b, 0xaf, 0x6c, 0x77, 0x28, 0x86, 0x7f, 0x73 } };
static const IID IID_ICoreWebView2WindowCloseRequestedEventHandler = { 0x5c19e9e0, 0x092f, 0x486b,
	{ 0xaf, 0xfa, 0xca, 0x82, 0x31, 0x91, 0x30, 0x39 } };
static const IID IID_ICoreWebView2AcceleratorKeyPressedEventHandler = { 0xb29c7e28, 0xfa79, 0x41a8,
	{ 0x8e, 0x44, 0x65, 0x81, 0x1c, 0x76, 0xdc, 0xb2 } };

/* clang-format off */
/* One member at its place: what stands before it is not ours to know. An interface is a union of
 * them, which makes the number the only thing that says where a member is. */
#define SLOT(owner, member, ...)                                                                   \
	struct {                                                                                   \
		void *before_##member[owner##_##member];                                           \
		HRESULT(STDMETHODCALLTYPE *member)(struct owner *, ##__VA_ARGS__);                 \
	}
/* Listening is the same for every event: a handler, and a token that we do not need. */
#define EVENT(owner, member) SLOT(owner, member, IUnknown *, INT64 *)
/* clang-format on */

struct COREWEBVIEW2_COLOR {
	BYTE A, R, G, B;
};

struct ICoreWebView2Controller;
struct ICoreWebView2Settings;

struct ICoreWebView2Environment {
	const union {
		SLOT(ICoreWebView2Environment, CreateCoreWebView2Controller, HWND, IUnknown *);
	} * vtable;
};

struct ICoreWebView2 {
	const union {
		SLOT(ICoreWebView2, get_Settings, struct ICoreWebView2Settings **);
		SLOT(ICoreWebView2, Navigate, const wchar_t *);
		EVENT(ICoreWebView2, add_NavigationStarting);
		EVENT(ICoreWebView2, add_NavigationCompleted);
		EVENT(ICoreWebView2, add_PermissionRequested);
		EVENT(ICoreWebView2, add_ProcessFailed);
		SLOT(ICoreWebView2, Reload);
		SLOT(ICoreWebView2, PostWebMessageAsJson, const wchar_t *);
		EVENT(ICoreWebView2, add_NewWindowRequested);
		EVENT(ICoreWebView2, add_ContainsFullScreenElementChanged);
		SLOT(ICoreWebView2, get_ContainsFullScreenElement, BOOL *);
		EVENT(ICoreWebView2, add_WindowCloseRequested);
	} * vtable;
};

struct ICoreWebView2Controller {
	const union {
		SLOT(ICoreWebView2Controller, put_IsVisible, BOOL);
		SLOT(ICoreWebView2Controller, put_Bounds, RECT);
		SLOT(ICoreWebView2Controller, MoveFocus, int);
		EVENT(ICoreWebView2Controller, add_AcceleratorKeyPressed);
		SLOT(ICoreWebView2Controller, NotifyParentWindowPositionChanged);
		SLOT(ICoreWebView2Controller, Close);
		SLOT(ICoreWebView2Controller, get_CoreWebView2, struct ICoreWebView2 **);
	} * vtable;
};

struct ICoreWebView2Controller2 {
	const union {
		SLOT(ICoreWebView2Controller2, put_DefaultBackgroundColor,
			struct COREWEBVIEW2_COLOR);
	} * vtable;
};

struct ICoreWebView2Settings {
	const union {
		SLOT(ICoreWebView2Settings, put_IsStatusBarEnabled, BOOL);
		SLOT(ICoreWebView2Settings, put_AreDevToolsEnabled, BOOL);
		SLOT(ICoreWebView2Settings, put_AreDefaultContextMenusEnabled, BOOL);
		SLOT(ICoreWebView2Settings, put_IsZoomControlEnabled, BOOL);
	} * vtable;
};

struct ICoreWebView2Settings3 {
	const union {
		SLOT(ICoreWebView2Settings3, put_AreBrowserAcceleratorKeysEnabled, BOOL);
	} * vtable;
};

struct ICoreWebView2NavigationStartingEventArgs {
	const union {
		SLOT(ICoreWebView2NavigationStartingEventArgs, get_Uri, wchar_t **);
		SLOT(ICoreWebView2NavigationStartingEventArgs, put_Cancel, BOOL);
		SLOT(ICoreWebView2NavigationStartingEventArgs, get_NavigationId, UINT64 *);
	} * vtable;
};

struct ICoreWebView2NavigationCompletedEventArgs {
	const union {
		SLOT(ICoreWebView2NavigationCompletedEventArgs, get_IsSuccess, BOOL *);
		SLOT(ICoreWebView2NavigationCompletedEventArgs, get_NavigationId, UINT64 *);
	} * vtable;
};

struct ICoreWebView2NewWindowRequestedEventArgs {
	const union {
		SLOT(ICoreWebView2NewWindowRequestedEventArgs, get_Uri, wchar_t **);
		SLOT(ICoreWebView2NewWindowRequestedEventArgs, put_Handled, BOOL);
	} * vtable;
};

struct ICoreWebView2PermissionRequestedEventArgs {
	const union {
		SLOT(ICoreWebView2PermissionRequestedEventArgs, get_Uri, wchar_t **);
		SLOT(ICoreWebView2PermissionRequestedEventArgs, get_PermissionKind, int *);
		SLOT(ICoreWebView2PermissionRequestedEventArgs, put_State, int);
	} * vtable;
};

struct ICoreWebView2ProcessFailedEventArgs {
	const union {
		SLOT(ICoreWebView2ProcessFailedEventArgs, get_ProcessFailedKind, int *);
	} * vtable;
};

struct ICoreWebView2AcceleratorKeyPressedEventArgs {
	const union {
		SLOT(ICoreWebView2AcceleratorKeyPressedEventArgs, get_KeyEventKind, int *);
		SLOT(ICoreWebView2AcceleratorKeyPressedEventArgs, get_VirtualKey, UINT *);
		SLOT(ICoreWebView2AcceleratorKeyPressedEventArgs, get_KeyEventLParam, int *);
		SLOT(ICoreWebView2AcceleratorKeyPressedEventArgs, put_Handled, BOOL);
	} * vtable;
};

#undef EVENT
#undef SLOT
