/* What the fake browser does once the page stands, one play for each mode of HELIX_FAKE_WV2. The
 * modes without a play of their own do no more than open:
 *
 *   ok            everything goes well
 *   no_settings3  with a runtime that has no newer settings
 *   sync_fail, old_version   the library refuses at once: E_FAIL, ERROR_PRODUCT_VERSION
 *   env_fail, ctl_fail       an error comes instead of the environment, of the controller
 *   never         nothing comes at all
 *   late_callback the controller comes when it is told to by SAY_GO */
#pragma once

#define EVENT(name) .event = &type_ICoreWebView2##name##EventHandler
/* Every page begins so. */
#define OPENED                                                                                     \
 { EVENT(NavigationStarting), .url = "~/" },                                                       \
 {                                                                                                 \
  EVENT(NavigationCompleted), .value = 1, .key = 1                                                 \
 }

static const struct step ok[] = { OPENED, { 0 } };

/* The address is right, but nobody is there. */
static const struct step load_fail[] = {
	{ EVENT(NavigationStarting), .url = "~/" },
	{ EVENT(NavigationCompleted), .value = 0, .key = 1 },
	{ 0 },
};

/* The page wants to go elsewhere before it is there itself; the key is the navigation's number. */
static const struct step early_away[] = {
	{ EVENT(NavigationStarting), .url = "~/" },
	{ EVENT(NavigationStarting), .url = "https://example.com/" },
	{ EVENT(NavigationCompleted), .value = 0, .key = 2 },
	{ EVENT(NavigationCompleted), .value = 1, .key = 1 },
	{ 0 },
};

static const struct step navigate_away[] = {
	OPENED,
	{ EVENT(NavigationStarting), .url = "~/help?a#b" },
	{ EVENT(NavigationStarting), .url = "~" },
	{ EVENT(NavigationStarting), .url = "https://example.com/page" },
	{ EVENT(NavigationStarting), .url = "~.evil/" },
	{ EVENT(NavigationStarting), .url = "~@evil.example/" },
	{ EVENT(NavigationStarting), .url = "~\\@evil.example/" },
	{ EVENT(NavigationStarting), .url = "~8/" },
	{ EVENT(NavigationStarting), .url = "http://127.0.0.1/" },
	{ EVENT(NavigationStarting), .url = "https://127.0.0.1:7878/" },
	{ EVENT(NavigationStarting), .url = "HTTP://127.0.0.1:7878/" },
	{ EVENT(NavigationStarting), .url = "http://user@127.0.0.1:7878/" },
	{ EVENT(NavigationStarting), .url = "http://127.0.0.1:73414/" },
	{ EVENT(NavigationStarting), .url = "file:///C:/Windows/win.ini" },
	{ EVENT(NavigationStarting), .url = "javascript:alert(1)" },
	{ EVENT(NavigationStarting), .url = "ms-settings:privacy" },
	{ EVENT(NavigationStarting), .url = "https://example.com/\" --evil" },
	{ EVENT(NavigationStarting), .url = "" },
	{ 0 },
};

static const struct step new_window[] = {
	OPENED,
	{ EVENT(NewWindowRequested), .url = "https://example.com/new" },
	{ EVENT(NewWindowRequested), .url = "~/other" },
	{ EVENT(NewWindowRequested), .url = "file:///C:/Windows/system32/calc.exe" },
	{ 0 },
};

static const struct step permission_clipboard[] = {
	OPENED,
	{ EVENT(PermissionRequested), .url = "~/",
		.value = COREWEBVIEW2_PERMISSION_KIND_CLIPBOARD_READ },
	{ EVENT(PermissionRequested), .url = "~/",
		.value = COREWEBVIEW2_PERMISSION_KIND_UNKNOWN_PERMISSION },
	{ 0 },
};

static const struct step permission_camera[] = {
	OPENED,
	{ EVENT(PermissionRequested), .url = "~/", .value = COREWEBVIEW2_PERMISSION_KIND_CAMERA },
	{ EVENT(PermissionRequested), .url = "~/",
		.value = COREWEBVIEW2_PERMISSION_KIND_MICROPHONE },
	{ 0 },
};

static const struct step permission_foreign[] = {
	OPENED,
	{ EVENT(PermissionRequested), .url = "~.evil/",
		.value = COREWEBVIEW2_PERMISSION_KIND_CLIPBOARD_READ },
	{ EVENT(PermissionRequested), .url = "https://example.com/",
		.value = COREWEBVIEW2_PERMISSION_KIND_UNKNOWN_PERMISSION },
	{ 0 },
};

static const struct step render_crash[] = {
	OPENED,
	{ EVENT(ProcessFailed), .value = COREWEBVIEW2_PROCESS_FAILED_KIND_RENDER_PROCESS_EXITED },
	{ EVENT(ProcessFailed),
		.value = COREWEBVIEW2_PROCESS_FAILED_KIND_RENDER_PROCESS_UNRESPONSIVE },
	{ EVENT(ProcessFailed), .value = COREWEBVIEW2_PROCESS_FAILED_KIND_GPU_PROCESS_EXITED },
	{ EVENT(ProcessFailed), .value = COREWEBVIEW2_PROCESS_FAILED_KIND_RENDER_PROCESS_EXITED },
	{ EVENT(ProcessFailed), .value = COREWEBVIEW2_PROCESS_FAILED_KIND_RENDER_PROCESS_EXITED },
	{ EVENT(ProcessFailed), .value = COREWEBVIEW2_PROCESS_FAILED_KIND_RENDER_PROCESS_EXITED },
	{ 0 },
};

static const struct step browser_crash[] = {
	OPENED,
	{ EVENT(ProcessFailed), .value = COREWEBVIEW2_PROCESS_FAILED_KIND_BROWSER_PROCESS_EXITED },
	{ EVENT(ProcessFailed), .value = COREWEBVIEW2_PROCESS_FAILED_KIND_RENDER_PROCESS_EXITED },
	{ 0 },
};

static const struct step early_crash[] = {
	{ EVENT(NavigationStarting), .url = "~/" },
	{ EVENT(ProcessFailed), .value = COREWEBVIEW2_PROCESS_FAILED_KIND_BROWSER_PROCESS_EXITED },
	{ EVENT(NavigationCompleted), .value = 0, .key = 1 },
	{ 0 },
};

static const struct step full_screen[] = {
	OPENED,
	{ EVENT(ContainsFullScreenElementChanged), .value = 1 },
	{ EVENT(ContainsFullScreenElementChanged), .value = 0 },
	{ 0 },
};

static const struct step close_requested[] = {
	OPENED,
	{ EVENT(WindowCloseRequested) },
	{ EVENT(WindowCloseRequested) },
	{ 0 },
};

static const struct step accelerator[] = {
	OPENED,
	{ EVENT(AcceleratorKeyPressed), .key = VK_F11,
		.value = COREWEBVIEW2_KEY_EVENT_KIND_KEY_DOWN },
	{ EVENT(AcceleratorKeyPressed), .key = VK_F11, .is_repeated = true,
		.value = COREWEBVIEW2_KEY_EVENT_KIND_KEY_DOWN },
	{ EVENT(AcceleratorKeyPressed), .key = VK_F11,
		.value = COREWEBVIEW2_KEY_EVENT_KIND_KEY_UP },
	{ EVENT(AcceleratorKeyPressed), .key = VK_F4,
		.value = COREWEBVIEW2_KEY_EVENT_KIND_SYSTEM_KEY_DOWN },
	{ EVENT(AcceleratorKeyPressed), .key = VK_F4,
		.value = COREWEBVIEW2_KEY_EVENT_KIND_SYSTEM_KEY_UP },
	{ EVENT(AcceleratorKeyPressed), .key = VK_F5,
		.value = COREWEBVIEW2_KEY_EVENT_KIND_KEY_DOWN },
	{ 0 },
};
#undef EVENT
#undef OPENED

#define PLAY(name)                                                                                 \
 {                                                                                                 \
#  name, name                                                                                      \
 }
static const struct {
	const char *mode;
	const struct step *steps;
} plays[] = {
	PLAY(load_fail),
	PLAY(early_away),
	PLAY(navigate_away),
	PLAY(new_window),
	PLAY(permission_clipboard),
	PLAY(permission_camera),
	PLAY(permission_foreign),
	PLAY(render_crash),
	PLAY(browser_crash),
	PLAY(early_crash),
	PLAY(full_screen),
	PLAY(close_requested),
	PLAY(accelerator),
};
#undef PLAY

static const struct step *find_play(void)
{
	for (size_t i = 0; i < sizeof(plays) / sizeof(*plays); i++)
		if (strcmp(plays[i].mode, fake.mode) == 0)
			return plays[i].steps;
	return ok;
}
