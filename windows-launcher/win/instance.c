#include "win/instance.h"

#include <stdio.h>
#include <stdlib.h>
#include <wchar.h>

/* Longer than window_run() gives the worker. */
enum { PATIENCE_MS = 15000, RETRY_MS = 250, ANSWER_MS = 2000 };

static struct {
	wchar_t class_name[128], mutex_name[128];
	HANDLE mutex;
} instance;

void instance_set_name(const char *name)
{
	wchar_t *wide = win_wide(name);

	swprintf(instance.class_name, 128, L"Helix.Window.%.80ls", wide ? wide : L"");
	free(wide);
	/* A backslash would make a namespace of what stands before it. */
	for (wchar_t *at = instance.class_name; *at; at++)
		if (*at == L'\\')
			*at = L'/';
	swprintf(instance.mutex_name, 128, L"Local\\%ls", instance.class_name);
}

const wchar_t *instance_class(void)
{
	return instance.class_name;
}

UINT instance_show_message(void)
{
	return RegisterWindowMessageW(L"Helix.Show");
}

UINT instance_quit_message(void)
{
	return RegisterWindowMessageW(L"Helix.Quit");
}

static bool tell_other(UINT message)
{
	HWND other = FindWindowW(instance.class_name, NULL);
	DWORD_PTR answer = 0;
	DWORD process = 0;

	if (!other)
		return false;
	/* Otherwise Windows only lets its button in the task bar blink. */
	GetWindowThreadProcessId(other, &process);
	AllowSetForegroundWindow(process);
	return SendMessageTimeoutW(other, message, 0, 0, SMTO_ABORTIFHUNG, ANSWER_MS, &answer) &&
		answer == 1;
}

/* The other one may have no window yet, or none any more: ask again until the mutex is free. */
static enum instance_claim claim(UINT message, bool is_answer_enough)
{
	ULONGLONG deadline = GetTickCount64() + PATIENCE_MS;
	DWORD waited = 0;

	if (!instance.mutex)
		instance.mutex = CreateMutexW(NULL, FALSE, instance.mutex_name);
	if (!instance.mutex) {
		win_failed("instance: no mutex", GetLastError());
		return INSTANCE_HANGS;
	}
	for (;;) {
		DWORD result = WaitForSingleObject(instance.mutex, waited);

		if (result == WAIT_OBJECT_0 || result == WAIT_ABANDONED)
			return INSTANCE_OURS;
		if (result != WAIT_TIMEOUT || GetTickCount64() > deadline)
			return INSTANCE_HANGS;
		if (tell_other(message) && is_answer_enough)
			return INSTANCE_ASKED;
		waited = RETRY_MS;
	}
}

enum instance_claim instance_claim(void)
{
	return claim(instance_show_message(), true);
}

enum instance_claim instance_replace(void)
{
	return claim(instance_quit_message(), false);
}
