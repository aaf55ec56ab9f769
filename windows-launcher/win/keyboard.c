#include "win/keyboard.h"

#include "win/placement.h"
#include "win/settings.h"
#include "win/view.h"
#include "win/window.h"

static struct {
	HHOOK hook;
	HWND window;
	bool is_down[256]; /* swallowed, so ours to let go */
} keyboard;

/* Every key of every program waits for this. Windows drops hooks that take long. */
static LRESULT CALLBACK on_key(int code, WPARAM message, LPARAM data)
{
	const KBDLLHOOKSTRUCT *key = (const KBDLLHOOKSTRUCT *)data;
	bool is_down = message == WM_KEYDOWN || message == WM_SYSKEYDOWN, is_ours;

	if (code != HC_ACTION || key->vkCode > 255 || GetForegroundWindow() != keyboard.window)
		return CallNextHookEx(NULL, code, message, data);
	is_ours = key->vkCode == VK_LWIN || key->vkCode == VK_RWIN ||
		(key->vkCode == VK_TAB && (key->flags & LLKHF_ALTDOWN));
	/* A release belongs to whoever got the press. */
	if (is_down ? !is_ours : !keyboard.is_down[key->vkCode])
		return CallNextHookEx(NULL, code, message, data);
	keyboard.is_down[key->vkCode] = is_down;
	PostMessageW(keyboard.window, WINDOW_KEY, key->vkCode, is_down);
	return 1;
}

void keyboard_update(HWND window)
{
	bool is_wanted = placement_is_full_screen() && view_is_page() &&
		GetForegroundWindow() == window && settings_is(L"keyboard", L"windows");

	if (!is_wanted) {
		keyboard_release();
	} else if (!keyboard.hook) {
		keyboard.window = window;
		keyboard.hook =
			SetWindowsHookExW(WH_KEYBOARD_LL, on_key, GetModuleHandleW(NULL), 0);
	}
}

void keyboard_release(void)
{
	if (!keyboard.hook)
		return;
	UnhookWindowsHookEx(keyboard.hook);
	keyboard.hook = NULL;
	for (UINT key = 0; key < 256; key++) {
		if (keyboard.is_down[key])
			view_key(key, false);
		keyboard.is_down[key] = false;
	}
}
