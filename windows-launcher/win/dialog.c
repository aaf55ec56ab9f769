#include "win/dialog.h"

#include "win/data.h"
#include "win/splash.h"
#include "win/window.h"

#include <commctrl.h>
#include <shellapi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

enum { MAX_BUTTONS = 8, FIRST_BUTTON = 100, TEXT_SIZE = 4096 };

/* One question on its way from the worker to the window and back. */
static struct {
	SRWLOCK lock;
	const struct plat_question *question; /* waits; NULL when the window has read it */
	unsigned number;                      /* an answer to an earlier one is nobody's */
	HANDLE is_answered;
	int answer;
} request = { .lock = SRWLOCK_INIT };

/* What is open now. */
static struct {
	HWND window, owner;
	bool is_open, is_dismissed;
} dialog;

/* A question in Windows' characters. The asker's own may be gone while it is open. */
struct wording {
	bool is_error;
	wchar_t *title, *instruction, *content, *details, *show, *hide, *footer;
	TASKDIALOG_BUTTON buttons[MAX_BUTTONS];
	UINT button_count;
};

typedef HRESULT(WINAPI *task_dialog)(const TASKDIALOGCONFIG *, int *, int *, BOOL *);

static wchar_t *footer_text(void)
{
	char text[256] = "<a>", *at = text + 3;
	const char *words = string_text(STRING_SHOW_LOG);
	size_t length = strlen(words);

	if (length > sizeof(text) - 8)
		return NULL;
	memcpy(at, words, length);
	memcpy(at + length, "</a>", 5);
	return win_wide(text);
}

static void wording_free(struct wording *words)
{
	free(words->title);
	free(words->instruction);
	free(words->content);
	free(words->details);
	free(words->show);
	free(words->hide);
	free(words->footer);
	for (UINT i = 0; i < words->button_count; i++)
		free((wchar_t *)words->buttons[i].pszButtonText);
}

static void wording_make(struct wording *words, const struct plat_question *question)
{
	*words = (struct wording){
		.is_error = question->is_error,
		.title = win_wide(question->title),
		.instruction = win_wide(question->instruction),
		.content = win_wide(question->content),
		.details = question->details[0] ? win_wide(question->details) : NULL,
		.show = win_wide(string_text(STRING_SHOW_DETAILS)),
		.hide = win_wide(string_text(STRING_HIDE_DETAILS)),
		.footer = question->is_error ? footer_text() : NULL,
	};
	for (UINT i = 0; i < MAX_BUTTONS && question->buttons[i]; i++) {
		words->buttons[i].nButtonID = FIRST_BUTTON + (int)i;
		words->buttons[i].pszButtonText = win_wide(question->buttons[i]);
		words->button_count = i + 1;
	}
}

static HRESULT CALLBACK on_task_dialog(
	HWND window, UINT notification, WPARAM wide, LPARAM wider, LONG_PTR data)
{
	wchar_t path[DATA_PATH_SIZE];

	(void)wide;
	(void)wider;
	(void)data;
	switch (notification) {
	case TDN_CREATED:
		dialog.window = window;
		if (dialog.is_dismissed)
			PostMessageW(window, TDM_CLICK_BUTTON, IDCANCEL, 0);
		break;
	case TDN_DESTROYED: dialog.window = NULL; break;
	case TDN_HYPERLINK_CLICKED:
		if (data_path(L"helix.log", path))
			ShellExecuteW(window, L"open", path, NULL, NULL, SW_SHOWNORMAL);
		break;
	}
	return S_OK;
}

/* False where Windows has no task dialogs. */
static bool ask_by_task_dialog(task_dialog show, const struct wording *words, int *answer)
{
	bool has_choice = words->button_count > 1;
	TASKDIALOGCONFIG config = {
		.cbSize = sizeof(config),
		.hwndParent = dialog.owner,
		.hInstance = GetModuleHandleW(NULL),
		.dwFlags = TDF_ALLOW_DIALOG_CANCELLATION | TDF_SIZE_TO_CONTENT |
			(has_choice ? TDF_USE_COMMAND_LINKS : 0) |
			(dialog.owner ? TDF_POSITION_RELATIVE_TO_WINDOW : 0) |
			(words->footer ? TDF_ENABLE_HYPERLINKS : 0) |
			(words->is_error ? 0 : TDF_USE_HICON_MAIN),
		.pszWindowTitle = words->title,
		.pszMainInstruction = words->instruction,
		.pszContent = words->content,
		.cButtons = words->button_count,
		.pButtons = words->buttons,
		.nDefaultButton = FIRST_BUTTON,
		.pszExpandedInformation = words->details,
		.pszExpandedControlText = words->hide,
		.pszCollapsedControlText = words->show,
		.pszFooter = words->footer,
		.pfCallback = on_task_dialog,
	};
	int pressed = 0;

	if (words->is_error)
		config.pszMainIcon = TD_WARNING_ICON; /* it stopped, but nothing is lost */
	else
		config.hMainIcon = splash_icon(GetSystemMetrics(SM_CXICON));
	if (FAILED(show(&config, &pressed, NULL, NULL)))
		return false;
	*answer = pressed >= FIRST_BUTTON ? pressed - FIRST_BUTTON : -1;
	return true;
}

/* For a Windows that lacks even that: its first two buttons. Yes and No, because closing a box with
 * Cancel in it is Cancel, and must not choose what may be the second button. */
static int ask_by_message_box(const struct wording *words)
{
	wchar_t text[TEXT_SIZE];
	bool has_choice = words->button_count > 1;
	UINT style = has_choice ? MB_YESNO : MB_OK;
	int pressed;

	if (has_choice)
		swprintf(text, TEXT_SIZE, L"%ls\n\n%ls\n\nYes \u2192 %ls\nNo \u2192 %ls",
			words->instruction, words->content, words->buttons[0].pszButtonText,
			words->buttons[1].pszButtonText);
	else
		swprintf(text, TEXT_SIZE, L"%ls\n\n%ls", words->instruction, words->content);
	pressed = MessageBoxW(dialog.owner, text, words->title,
		style | (words->is_error ? MB_ICONWARNING : MB_ICONINFORMATION));
	if (pressed == IDNO)
		return 1;
	return pressed == IDYES || pressed == IDOK ? 0 : -1;
}

/* Frees `words`. */
static int ask(HWND owner, struct wording *words)
{
	/* Its name only leads anywhere with the manifest's version 6. */
	HMODULE controls = GetModuleHandleW(L"comctl32.dll");
	task_dialog show = controls
		? (task_dialog)(void *)GetProcAddress(controls, "TaskDialogIndirect")
		: NULL;
	int answer = -1;

	dialog.is_open = true;
	dialog.is_dismissed = false;
	dialog.owner = owner;
	if (!show || !ask_by_task_dialog(show, words, &answer))
		answer = ask_by_message_box(words);
	wording_free(words);
	dialog.is_open = false;
	/* The worker may have asked while another dialog was open. */
	if (owner && request.question)
		PostMessageW(owner, WINDOW_ASK, 0, 0);
	return dialog.is_dismissed ? -1 : answer;
}

int dialog_ask(HWND owner, const struct plat_question *question)
{
	struct wording words;

	if (dialog.is_open)
		return -1;
	wording_make(&words, question);
	return ask(owner, &words);
}

void dialog_answer(HWND owner)
{
	struct wording words;
	unsigned number = 0;
	bool is_there;
	int answer;

	if (dialog.is_open)
		return;
	AcquireSRWLockExclusive(&request.lock);
	is_there = request.question != NULL;
	if (is_there) {
		wording_make(&words, request.question);
		number = request.number;
		request.question = NULL;
	}
	ReleaseSRWLockExclusive(&request.lock);
	if (!is_there)
		return;

	window_show();
	answer = ask(owner, &words);
	AcquireSRWLockExclusive(&request.lock);
	if (number == request.number) {
		request.answer = answer;
		SetEvent(request.is_answered);
	}
	ReleaseSRWLockExclusive(&request.lock);
}

int plat_ask(const struct plat_question *question)
{
	HANDLE handles[2];
	int answer = -1;

	if (!request.is_answered)
		request.is_answered = CreateEventW(NULL, FALSE, FALSE, NULL);
	if (!request.is_answered || !window_handle())
		return -1;
	AcquireSRWLockExclusive(&request.lock);
	request.question = question;
	request.number++;
	ResetEvent(request.is_answered);
	ReleaseSRWLockExclusive(&request.lock);
	PostMessageW(window_handle(), WINDOW_ASK, 0, 0);

	handles[0] = win_cancelled();
	handles[1] = request.is_answered;
	if (WaitForMultipleObjects(2, handles, FALSE, INFINITE) == WAIT_OBJECT_0 + 1)
		answer = request.answer;
	AcquireSRWLockExclusive(&request.lock);
	request.question = NULL;
	request.number++;
	ReleaseSRWLockExclusive(&request.lock);
	if (WaitForSingleObject(win_cancelled(), 0) == WAIT_OBJECT_0) {
		PostMessageW(window_handle(), WINDOW_DISMISS, 0, 0);
		return -1;
	}
	return answer;
}

void dialog_dismiss(void)
{
	HWND popup;

	if (!dialog.is_open)
		return;
	dialog.is_dismissed = true;
	if (dialog.window) {
		SendMessageW(dialog.window, TDM_CLICK_BUTTON, IDCANCEL, 0);
		return;
	}
	popup = dialog.owner ? GetLastActivePopup(dialog.owner) : NULL;
	if (popup && popup != dialog.owner)
		PostMessageW(
			popup, WM_COMMAND, IDNO, 0); /* what it answers is not asked any more */
}

void dialog_tell(
	HWND owner, bool is_error, enum string instruction, enum string content, const char *detail)
{
	const char *buttons[] = { string_text(STRING_CLOSE), NULL };
	char text[TEXT_SIZE] = "";
	struct plat_question question = {
		.title = string_text(STRING_NAME),
		.instruction = string_text(instruction),
		.content = text,
		.details = "",
		.is_error = is_error,
		.buttons = buttons,
	};

	if (content != STRING_COUNT)
		string_fill(text, sizeof(text), string_text(content), detail, NULL);
	dialog_ask(owner, &question);
}
