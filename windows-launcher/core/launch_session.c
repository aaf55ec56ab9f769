#include "core/launch_internal.h"

#include <stdio.h>
#include <string.h>

#define READY_MS       120000
#define REACH_MS       10000
#define REACH_PAUSE_MS 250
#define CHECKS         3
#define CHECK_PAUSE_MS 3000
#define HEALTH_MS      2000
#define IDLE_MS        (10 * 60 * 1000) /* nothing to do but to wait for something to happen */
#define LEAVE_MS       5000
#define PROBE_MS       60000
#define LINES_AT_ONCE  64
#define ASK_AFTER_MS   (2 * 60 * 1000) /* in vain; and again after as long */

/* What an exit code of wsl.exe means beyond those of Linux' programs. */
#define EXIT_NO_SUCH_PROGRAM 127

/* Not an event yet: go on waiting. */
#define NOTHING EVENT_COUNT

static bool has_time(uint64_t deadline_ms, uint32_t *ret_left_ms)
{
	uint64_t now_ms = plat_now_ms();

	*ret_left_ms = now_ms < deadline_ms ? (uint32_t)(deadline_ms - now_ms) : 0;
	return now_ms < deadline_ms;
}

enum machine_event launch_start_agent(struct launch *l)
{
	const char *const arguments[] = { "-d", l->name, "--exec", "helix-agent", "run", "--leash",
		"--leash-timeout", "30", "--listen", "127.0.0.1:0", NULL };
	int r = plat_agent_start(arguments);

	l->is_ready = l->was_reached = l->is_tunnelled = false;
	l->cut_since_ms = 0;
	if (r != PLAT_OK)
		return launch_fail_by_wsl(l, r, FAULT_WSL_BROKEN, NULL, NULL);
	l->has_agent = true;
	return EVENT_DONE;
}

/* Why an agent left that had not even been ready. wsl.exe's own words went past us, perhaps; so it
 * is asked for something that harms nobody. */
static enum machine_event explain(struct launch *l)
{
	const char *const arguments[] = { "-d", l->name, "--exec", "helix-agent", "--version",
		NULL };
	int r = launch_wsl(
		l, &(struct plat_command){ .arguments = arguments, .timeout_ms = PROBE_MS });
	enum fault fault;

	if (r != PLAT_OK)
		return launch_fail_by_wsl(l, r, FAULT_WSL_BROKEN, NULL, NULL);
	if (l->outcome.exit_code == EXIT_NO_SUCH_PROGRAM)
		return launch_fail(l, FAULT_NOT_OURS, l->name, NULL);
	fault = l->outcome.exit_code == 0
		? FAULT_AGENT_CRASHED
		: launch_wsl_fault(l, wsl_find_error(l->text), FAULT_AGENT_CRASHED);
	/* These pass, or may; the others do not by trying again. */
	l->why_not_ready = fault;
	if (fault == FAULT_AGENT_CRASHED || fault == FAULT_VM_CRASHED)
		return launch_report(l, EVENT_CRASHED, fault, NULL, NULL);
	return launch_fail_by_wsl(l, r, fault, NULL, NULL);
}

static enum machine_event agent_left(struct launch *l)
{
	uint32_t exit_code = plat_agent_stop(LEAVE_MS);

	l->has_agent = false;
	plat_log("agent: left with %lu", (unsigned long)exit_code);
	if (!l->is_ready && l->why_not_ready == FAULT_NONE)
		return explain(l);
	return launch_report(
		l, EVENT_CRASHED, l->is_ready ? FAULT_AGENT_CRASHED : l->why_not_ready, NULL, NULL);
}

/* What the agent wrote goes to the log, and its ready line to l->ready. */
static enum machine_event drain(struct launch *l)
{
	char line[2048];

	for (int i = 0; i < LINES_AT_ONCE; i++) {
		int r = plat_agent_line(line, sizeof line, 0);

		if (r == PLAT_CANCELLED)
			return EVENT_QUIT;
		if (r == PLAT_TIMEOUT)
			return NOTHING;
		if (r != PLAT_OK)
			return agent_left(l);
		if (!l->is_ready && ready_parse(line, &l->ready)) {
			l->is_ready = true;
			l->why_not_ready = FAULT_NONE;
			return NOTHING;
		}
		plat_log("agent: %s", line);
		launch_note(l, line);
	}
	return NOTHING;
}

/* Wait once. NOTHING when nothing came of it. */
static enum machine_event wait_once(struct launch *l, uint32_t timeout_ms)
{
	switch (plat_wait(timeout_ms)) {
	case PLAT_EVENT_TIMEOUT: return NOTHING;
	case PLAT_EVENT_QUIT: return EVENT_QUIT;
	case PLAT_EVENT_RESTART: return EVENT_RESTART;
	case PLAT_EVENT_OPEN: return EVENT_OPEN;
	case PLAT_EVENT_WOKE: return EVENT_WOKE;
	case PLAT_EVENT_LINE: return l->has_agent ? drain(l) : NOTHING;
	}
	return NOTHING;
}

/* Wait for as long; NOTHING, or what cannot wait as long: quit, restart, crash. */
static enum machine_event pause_for(struct launch *l, uint32_t duration_ms)
{
	uint64_t deadline_ms = plat_now_ms() + duration_ms;
	uint32_t left_ms;

	while (has_time(deadline_ms, &left_ms)) {
		enum machine_event event = wait_once(l, left_ms);

		if (event != NOTHING && event != EVENT_OPEN && event != EVENT_WOKE)
			return event;
	}
	return NOTHING;
}

enum machine_event launch_wait_ready(struct launch *l)
{
	uint64_t deadline_ms = plat_now_ms() + READY_MS;
	uint32_t left_ms;

	while (has_time(deadline_ms, &left_ms)) {
		enum machine_event event = wait_once(l, left_ms);

		if (event != NOTHING && event != EVENT_OPEN && event != EVENT_WOKE)
			return event;
		if (l->is_ready)
			return EVENT_DONE;
	}
	return launch_fail(l, FAULT_NOT_READY, NULL, NULL);
}

static enum string why_not(int result)
{
	return result == PLAT_TIMEOUT    ? STRING_NO_ANSWER
		: result == PLAT_REFUSED ? STRING_FOREIGN_ANSWER
					 : STRING_NO_CONNECTION;
}

/* NOTHING when `port` does not answer for REACH_MS, with *ret_why. */
static enum machine_event reach_port(struct launch *l, uint16_t port, enum string *ret_why)
{
	uint64_t deadline_ms = plat_now_ms() + REACH_MS;
	uint32_t left_ms;

	*ret_why = STRING_NO_CONNECTION;
	while (has_time(deadline_ms, &left_ms)) {
		int r = plat_health(
			port, l->ready.instance, left_ms < HEALTH_MS ? left_ms : HEALTH_MS);
		enum machine_event event;

		if (r == PLAT_OK) {
			l->port = port;
			l->was_reached = true;
			l->cut_since_ms = 0;
			return EVENT_DONE;
		}
		if (r == PLAT_CANCELLED)
			return EVENT_QUIT;
		*ret_why = why_not(r);
		event = pause_for(l, REACH_PAUSE_MS);
		if (event != NOTHING)
			return event;
	}
	return NOTHING;
}

enum machine_event launch_reach(struct launch *l)
{
	enum machine_event event;

	l->why_not_localhost = STRING_NOT_TRIED;
	if (l->options->options->tunnel)
		return EVENT_UNREACHABLE;
	event = reach_port(l, l->ready.port, &l->why_not_localhost);
	return event == NOTHING ? EVENT_UNREACHABLE : event;
}

/* A desktop that runs, with unsaved work in it perhaps, and was reached before. After sleep Windows
 * can take minutes to open a way to it again, and to start a wsl.exe: so it is never ended for
 * that, unless the person says so. */
static enum machine_event wait_for_way(struct launch *l, enum string why_no_tunnel)
{
	char content[1024];
	const char *const buttons[] = { string_text(STRING_KEEP_WAITING),
		string_text(STRING_RESTART), NULL };

	/* The page was on the port of a tunnel that leads nowhere now. */
	if (l->port != l->ready.port && !l->options->options->tunnel &&
		plat_health(l->ready.port, l->ready.instance, HEALTH_MS) == PLAT_OK) {
		plat_tunnel_stop();
		l->port = l->ready.port;
		l->cut_since_ms = 0;
		return EVENT_DONE;
	}
	if (l->cut_since_ms == 0)
		l->cut_since_ms = plat_now_ms();
	if (plat_now_ms() - l->cut_since_ms < ASK_AFTER_MS)
		return EVENT_UNREACHABLE;
	l->cut_since_ms = 0;
	string_fill(content, sizeof content, string_text(STRING_NO_WAY_WHY),
		string_text(l->why_not_localhost), string_text(why_no_tunnel));
	int answer = plat_ask(&(struct plat_question){
		.title = string_text(STRING_NAME),
		.instruction = string_text(STRING_NO_WAY),
		.content = content,
		.details = l->details,
		.buttons = buttons,
	});
	/* It may have been answered hours later. */
	return answer == 1 && plat_health(l->port, l->ready.instance, HEALTH_MS) != PLAT_OK
		? EVENT_RESTART
		: EVENT_UNREACHABLE;
}

enum machine_event launch_tunnel(struct launch *l)
{
	char port[8];
	const char *const arguments[] = { "-d", l->name, "--exec", "helix-agent", "tunnel",
		"--port", port, NULL };
	bool was_reached = l->was_reached;
	enum string why = STRING_NO_TUNNEL;
	enum machine_event event = NOTHING;
	uint16_t local_port = 0;
	int r;

	snprintf(port, sizeof port, "%u", (unsigned)l->ready.port);
	plat_log("launch: localhost: %s; going through wsl.exe", string_text(l->why_not_localhost));
	r = plat_tunnel_start(arguments, &local_port);
	if (r == PLAT_CANCELLED)
		return EVENT_QUIT;
	if (r == PLAT_OK)
		event = reach_port(l, local_port, &why);
	l->is_tunnelled = event == EVENT_DONE;
	if (event != NOTHING)
		return event;
	if (was_reached)
		return wait_for_way(l, why);
	return launch_fail(
		l, FAULT_UNREACHABLE, string_text(l->why_not_localhost), string_text(why));
}

enum machine_event launch_open_view(struct launch *l)
{
	const char *how = "";
	int r = plat_open_view(l->port, l->ready.token, &how);

	if (r != PLAT_OK)
		return launch_fail_by(l, r, FAULT_NO_VIEW, NULL, NULL);
	plat_log("launch: open, by %s%s", how, l->is_tunnelled ? ", through wsl.exe" : "");
	return EVENT_DONE;
}

enum machine_event launch_running(struct launch *l)
{
	uint64_t look_ms = l->machine.running_since_ms + MACHINE_HEALTHY_MS;

	launch_learn_version(l);
	for (;;) {
		uint32_t left_ms = IDLE_MS;
		enum machine_event event;

		if (!l->has_looked_for_update && !has_time(look_ms, &left_ms)) {
			l->has_looked_for_update = true;
			launch_look_for_update(l);
			left_ms = 0;
		}
		event = wait_once(l, left_ms);
		if (event != NOTHING)
			return event;
	}
}

enum machine_event launch_check(struct launch *l)
{
	for (int i = 0; i < CHECKS; i++) {
		enum machine_event event;
		int r = plat_health(l->port, l->ready.instance, HEALTH_MS);

		if (r == PLAT_OK) {
			l->cut_since_ms = 0;
			return EVENT_DONE;
		}
		if (r == PLAT_CANCELLED)
			return EVENT_QUIT;
		if (l->port == l->ready.port)
			l->why_not_localhost = why_not(r);
		event = pause_for(l, CHECK_PAUSE_MS);
		if (event != NOTHING)
			return event;
	}
	return EVENT_UNREACHABLE;
}

enum machine_event launch_back_off(struct launch *l)
{
	enum machine_event event = pause_for(l, l->machine.delay_ms);

	return event == NOTHING ? EVENT_DONE : event;
}

enum machine_event launch_stop(struct launch *l)
{
	plat_close_view();
	plat_tunnel_stop();
	plat_agent_stop(LEAVE_MS);
	l->has_agent = false;
	return EVENT_DONE;
}
