/* --leash: standard input is held by whoever started us, and we do not outlive that. */
#include "agent.h"

#include "sys/clock.h"
#include "sys/log.h"

#include <errno.h>
#include <systemd/sd-event.h>
#include <unistd.h>

/* Whoever holds it may be held up with its machine: until it says something else. */
#define LEASH_SLEEPS 'z'

static int leave(struct agent *a, const char *why)
{
	log_info("agent: %s, leaving", why);
	sd_event_source_set_enabled(a->leash.input, SD_EVENT_OFF);
	return sd_event_exit(a->event, 0);
}

static int on_input(sd_event_source *source, int fd, uint32_t events, void *owner)
{
	char words[256];
	struct agent *a = owner;

	(void)source, (void)events;
	ssize_t got = read(fd, words, sizeof words);
	if (got > 0)
		silence_heard(&a->leash.silence);
	if (got > 0 && words[got - 1] == LEASH_SLEEPS) {
		log_info("agent: whoever holds the leash goes to sleep");
		silence_excuse(&a->leash.silence);
	}
	if (got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR)))
		return 0;
	return leave(a, "standard input ended");
}

static uint64_t tick_us(const struct agent *a)
{
	return a->options->leash_timeout_s * USEC_PER_SEC / SILENCE_TICKS;
}

static int on_tick(sd_event_source *source, uint64_t planned_us, void *owner)
{
	struct agent *a = owner;

	(void)planned_us;
	if (silence_tick(&a->leash.silence))
		return leave(a, "whoever holds the leash fell silent");
	/* From now on, not from when it was planned: a clock that jumped makes one tick. */
	sd_event_source_set_time(source, clock_now_us() + tick_us(a));
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

int leash_init(struct agent *a)
{
	int r = sd_event_add_io(a->event, &a->leash.input, STDIN_FILENO, EPOLLIN, on_input, a);

	/* A file or /dev/null cannot be waited for, and has no end to wait for either. */
	if (r == -EPERM) {
		log_warn("agent: --leash needs a pipe or terminal as standard input, ignored");
		return 0;
	}
	if (r < 0 || a->options->leash_timeout_s == 0)
		return r;
	r = sd_event_add_time(a->event, &a->leash.timer, CLOCK_MONOTONIC,
		clock_now_us() + tick_us(a), 1000, on_tick, a);
	/* What was said before the tick is heard before it. */
	return r < 0 ? r : sd_event_source_set_priority(a->leash.timer, SD_EVENT_PRIORITY_IDLE);
}

void leash_done(struct agent *a)
{
	sd_event_source_disable_unref(a->leash.timer);
	sd_event_source_disable_unref(a->leash.input);
}
