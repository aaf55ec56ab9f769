#include "fake_platform.h"

#include "fake_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AGENT_PORT  40123
#define TUNNEL_PORT 50456
#define TOKEN       "abcdefghijklmnop0123456789"
#define INSTANCE    "0123456789abcdef0123456789abcdef"
#define READY_AFTER 100
#define NOISE       5    /* lines before it is ready */
#define USED_FOR    5000 /* then the person has had enough */

/* Only our own files are locked, when they are. */
static bool is_locked(const char *path)
{
	bool is_now = fake.are_files_locked || fake.calls == fake.deny_at ||
		(fake.deny_from && fake.calls >= fake.deny_from);

	return is_now && strncmp(path, FAKE_DATA, strlen(FAKE_DATA)) == 0;
}

int plat_read_file(const char *path, char *buffer, size_t size, size_t *ret_size)
{
	const struct fake_file *file = fake_find(path);
	size_t count;

	fake_call(false);
	if (is_locked(path))
		return PLAT_DENIED;
	if (!file)
		return PLAT_MISSING;
	count = file->size < size - 1 ? file->size : size - 1;
	memcpy(buffer, file->bytes, count);
	buffer[count] = '\0';
	*ret_size = count;
	return PLAT_OK;
}

int plat_read_tail(const char *path, uint8_t *buffer, size_t size)
{
	const struct fake_file *file = fake_find(path);

	fake_call(false);
	if (is_locked(path))
		return PLAT_DENIED;
	if (!file || file->size < size)
		return file ? PLAT_FAILED : PLAT_MISSING;
	memcpy(buffer, file->bytes + file->size - size, size);
	return PLAT_OK;
}

int plat_write_file(const char *path, const char *text, size_t size)
{
	fake_call(false);
	if (is_locked(path))
		return PLAT_DENIED;
	if (fake.is_disk_full)
		return PLAT_FULL;
	fake_write(path, text, size);
	return PLAT_OK;
}

int plat_file_size(const char *path, uint64_t *ret_size)
{
	const struct fake_file *file = fake_find(path);

	fake_call(false);
	if (is_locked(path))
		return PLAT_DENIED;
	if (!file)
		return PLAT_MISSING;
	*ret_size = file->size;
	return PLAT_OK;
}

int plat_disk_free(const char *directory, uint64_t *ret_size)
{
	(void)directory;
	fake_call(false);
	*ret_size = fake.disk_free;
	return PLAT_OK;
}

int plat_make_directory(const char *path)
{
	fake_call(false);
	return is_locked(path) ? PLAT_DENIED : PLAT_OK;
}

int plat_rename(const char *from, const char *to)
{
	const struct fake_file *file = fake_find(from);
	struct fake_file copy;

	fake_call(false);
	if (is_locked(from) || is_locked(to) ||
		(fake.is_folder_held && strcmp(from, FAKE_DATA "\\system") == 0))
		return PLAT_DENIED;
	if (!file)
		return PLAT_MISSING;
	copy = *file;
	fake_remove(from);
	fake_write(to, copy.bytes, copy.size);
	return PLAT_OK;
}

int plat_remove(const char *path)
{
	fake_call(false);
	if (is_locked(path))
		return PLAT_DENIED;
	fake_remove(path);
	return PLAT_OK;
}

int plat_agent_start(const char *const *arguments)
{
	(void)arguments;
	if (!fake_call(true))
		return PLAT_CANCELLED;
	if (fake.wsl == FAKE_WSL_ABSENT)
		return PLAT_MISSING;
	if (fake.starts < sizeof fake.starts_at_ms / sizeof *fake.starts_at_ms)
		fake.starts_at_ms[fake.starts] = fake.now_ms;
	fake.starts++;
	fake.is_running = true;
	fake.started_ms = fake.now_ms;
	fake.lines = 0;
	fake.exit_code = fake.agent == FAKE_AGENT_ABSENT ? 127 : 139;
	return PLAT_OK;
}

/* A desktop starts, and shows the person what is in /home; there they go on working. */
static void show_home(void)
{
	if (strcmp(fake.home, fake.truth) != 0)
		fake.is_home_lost = true;
}

static void work(void)
{
	size_t length = strlen(fake.home);

	if (length + 1 < sizeof fake.home)
		memcpy(fake.home + length, "+", 2);
	memcpy(fake.truth, fake.home, sizeof fake.truth);
}

static uint64_t agent_age(void)
{
	return fake.now_ms - fake.started_ms;
}

static bool has_ended(void)
{
	bool is_at_once = fake.agent == FAKE_AGENT_ABSENT || fake.vm_error || !fake.is_registered;

	return is_at_once || (fake.starts <= fake.crashes && agent_age() >= fake.crash_after_ms);
}

/* How many lines it has written by now, all in all. */
static unsigned lines_by_now(void)
{
	if (fake.agent == FAKE_AGENT_NOISY)
		return fake.lines + 1;
	if (fake.agent == FAKE_AGENT_SILENT || agent_age() < READY_AFTER)
		return 0;
	return NOISE + 2;
}

static bool has_line(void)
{
	return fake.is_running && (lines_by_now() > fake.lines || has_ended());
}

int plat_agent_line(char *line, size_t size, uint32_t timeout_ms)
{
	static const char *const noise[NOISE] = { "", "{\"event\":\"ready\"}",
		"\xff\xfe\x01 garbage", "{\"event\":\"ready\",\"port\":0,\"token\":\"" TOKEN "\"}",
		"level=debug token=" TOKEN };

	if (!fake_call(true))
		return PLAT_CANCELLED;
	if (!has_line()) {
		fake.now_ms += timeout_ms;
		return PLAT_TIMEOUT;
	}
	if (lines_by_now() <= fake.lines)
		return PLAT_ENDED;
	if (fake.agent == FAKE_AGENT_NOISY) {
		fake.now_ms += 50;
		memset(line, 'n', size - 1);
		line[size - 1] = '\0';
	} else if (fake.lines < NOISE) {
		snprintf(line, size, "%s", noise[fake.lines]);
	} else if (fake.lines == NOISE) {
		show_home();
		snprintf(line, size,
			"{\"event\":\"ready\",\"url\":\"http://127.0.0.1:%d/#token=%s\",\"port\":%d,"
			"\"token\":\"%s\",\"pid\":12,%s\"version\":\"0.%u.0\"}",
			AGENT_PORT, TOKEN, AGENT_PORT, TOKEN,
			fake.is_agent_old ? "" : "\"instance\":\"" INSTANCE "\",",
			fake.system_version);
	} else {
		snprintf(line, size, "session: all is well");
	}
	fake.lines++;
	return PLAT_OK;
}

uint32_t plat_agent_stop(uint32_t grace_ms)
{
	bool was_running = fake.is_running;

	fake_call(false);
	if (!was_running)
		return UINT32_MAX;
	if (!has_ended())
		fake.now_ms += grace_ms / 10;
	fake.is_running = false;
	return has_ended() ? fake.exit_code : 0;
}

static void look_for_token(const char *text)
{
	if (strstr(text, TOKEN))
		fake.was_token_shown = true;
}

int plat_health(uint16_t port, const char *instance, uint32_t timeout_ms)
{
	bool is_up = fake.is_running && !has_ended() && fake.lines > NOISE;
	bool is_tunnel = port == TUNNEL_PORT && fake.has_tunnel && !fake.is_tunnel_broken;
	bool is_direct = port == AGENT_PORT && !fake.is_localhost_broken;

	if (!fake_call(true))
		return PLAT_CANCELLED;
	fake.healths++;
	look_for_token(instance);
	if (is_up && (is_tunnel || is_direct) &&
		strcmp(instance, fake.is_agent_old ? "" : INSTANCE) == 0)
		return PLAT_OK;
	if (port == AGENT_PORT && fake.localhost_result != PLAT_TIMEOUT)
		return fake.localhost_result;
	fake.now_ms += timeout_ms;
	return PLAT_TIMEOUT;
}

int plat_tunnel_start(const char *const *arguments, uint16_t *ret_port)
{
	bool is_right = arguments[6] && strtol(arguments[6], NULL, 10) == AGENT_PORT;

	if (!fake_call(true))
		return PLAT_CANCELLED;
	if (!is_right)
		return PLAT_FAILED;
	fake.has_tunnel = true;
	*ret_port = TUNNEL_PORT;
	return PLAT_OK;
}

void plat_tunnel_stop(void)
{
	fake_call(false);
	fake.has_tunnel = false;
}

void plat_show(const struct plat_status *status)
{
	look_for_token(status->text);
	look_for_token(status->detail);
	snprintf(fake.status, sizeof fake.status, "%s", status->text);
}

int plat_ask(const struct plat_question *question)
{
	if (!fake_call(true) || !fake_call_end())
		return -1;
	look_for_token(question->content);
	look_for_token(question->details);
	fake.questions++;
	snprintf(fake.instruction, sizeof fake.instruction, "%s", question->instruction);
	snprintf(fake.content, sizeof fake.content, "%s", question->content);
	snprintf(fake.details, sizeof fake.details, "%s", question->details);
	snprintf(fake.first_button, sizeof fake.first_button, "%s", question->buttons[0]);
	fake.now_ms += 1000;
	if (!question->is_error)
		return fake.answer_to_offers;
	if (fake.fault_count < sizeof fake.faults / sizeof *fake.faults)
		snprintf(fake.faults[fake.fault_count++], sizeof *fake.faults, "%s",
			question->instruction);
	if (fake.answer_to_faults == 0 && fake.tries > 0) {
		fake.tries--;
		return 0;
	}
	return 1;
}

int plat_open_view(uint16_t port, const char *token, const char **ret_how)
{
	if (!fake_call(true))
		return PLAT_CANCELLED;
	if (fake.is_view_broken || strcmp(token, TOKEN) != 0 ||
		port != (fake.has_tunnel ? TUNNEL_PORT : AGENT_PORT))
		return PLAT_FAILED;
	fake.is_view_open = true;
	fake.views++;
	if (!fake.has_viewed) {
		fake.has_viewed = true;
		fake.first_view_ms = fake.now_ms;
	}
	work();
	*ret_how = "webview2";
	return PLAT_OK;
}

void plat_close_view(void)
{
	fake_call(false);
	fake.is_view_open = false;
}

/* When the person does the next thing; never before they have seen a desktop. */
static uint64_t next_deed_ms(void)
{
	if (!fake.has_viewed)
		return UINT64_MAX;
	if (fake.deeds_done < fake.deed_count)
		return fake.first_view_ms + fake.deeds[fake.deeds_done].after_ms;
	return fake.first_view_ms + USED_FOR +
		(fake.deed_count ? fake.deeds[fake.deed_count - 1].after_ms : 0);
}

static enum plat_event do_deed(void)
{
	const struct fake_deed *deed = &fake.deeds[fake.deeds_done];

	if (fake.deeds_done >= fake.deed_count)
		return PLAT_EVENT_QUIT;
	fake.deeds_done++;
	if (deed->mends_both)
		fake.is_localhost_broken = fake.is_tunnel_broken = false;
	if (deed->breaks_localhost)
		fake.is_localhost_broken = true;
	if (deed->breaks_tunnel)
		fake.is_tunnel_broken = true;
	return deed->event;
}

/* When the agent has something to say, after now. */
static uint64_t next_line_ms(void)
{
	uint64_t ready = UINT64_MAX, crash = UINT64_MAX;

	if (!fake.is_running)
		return UINT64_MAX;
	if (fake.agent == FAKE_AGENT_GOOD && fake.lines == 0)
		ready = fake.started_ms + READY_AFTER;
	if (fake.starts <= fake.crashes)
		crash = fake.started_ms + fake.crash_after_ms;
	return ready < crash ? ready : crash;
}

enum plat_event plat_wait(uint32_t timeout_ms)
{
	uint64_t end_ms = fake.now_ms + timeout_ms;
	uint64_t deed_ms = next_deed_ms(), line_ms = next_line_ms();

	if (!fake_call(true))
		return PLAT_EVENT_QUIT;
	if (has_line())
		return PLAT_EVENT_LINE;
	if (deed_ms <= fake.now_ms)
		return do_deed();
	if (deed_ms < end_ms && deed_ms <= line_ms) {
		fake.now_ms = deed_ms;
		return do_deed();
	}
	if (line_ms < end_ms) {
		fake.now_ms = line_ms;
		return PLAT_EVENT_LINE;
	}
	fake.now_ms = end_ms;
	return PLAT_EVENT_TIMEOUT;
}

void plat_cancel(void)
{
	fake.is_cancelled = true;
}

uint64_t plat_now_ms(void)
{
	return fake.now_ms;
}

void plat_log(const char *format, ...)
{
	char line[4096];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(line, sizeof line, format, arguments);
	va_end(arguments);
	if (getenv("HELIX_TEST_LOG"))
		fprintf(stderr, "# %8lu %s\n", (unsigned long)fake.now_ms, line);
}
