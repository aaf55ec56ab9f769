#include "encoder/remote.h"

#include "core/link.h"
#include "encoder/child.h"
#include "sys/clock.h"
#include "sys/log.h"
#include "sys/process.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-event.h>

#define MAX_KNOWN_BUFFERS     64
#define MAX_MESSAGES_PER_TURN 64
/* With a cold registry all plugins are scanned; drivers may hang in that, so nobody waits long. */
#define START_US               (20 * USEC_PER_SEC)
#define START_HARDWARE_US      (5 * USEC_PER_SEC / 2)
#define READY_US               (2 * USEC_PER_SEC)
#define READY_AFTER_FAILURE_US (1 * USEC_PER_SEC) /* its driver broke, perhaps */
#define END_US                 (1 * USEC_PER_SEC) /* it closed the link, or was killed */
#define MAX_FAILURES           3                  /* in a row, of one process */

enum await { AWAIT_NOTHING, AWAIT_HELLO, AWAIT_READY, AWAIT_PACKET, AWAIT_END };

struct remote {
	struct encoder base;
	struct encoder_remote_options options;
	char *program;

	struct child child;
	sd_event_source *watchdog, *start_failed;
	int start_error;
	uint64_t awaited_us;
	uint32_t generation, answered; /* CONFIGUREs of this process: sent last, answered last */
	unsigned failures;             /* in a row */
	char failed[sizeof((struct candidate *)0)->name]; /* who did last; "" = nobody */

	struct encoder_config config;
	struct candidate wanted; /* the config's */
	bool is_spoiled;         /* a driver broke in this process; it still serves software */
	bool is_told;            /* of a fault: nothing more before the next configure() */
	enum await await;
	uint32_t sequence, job_buffer;
	uint32_t known[MAX_KNOWN_BUFFERS];
	size_t known_count;
};

static struct remote *remote(struct encoder *encoder)
{
	return (struct remote *)encoder;
}

static void arm(struct remote *r, enum await await, uint64_t timeout_us)
{
	r->await = await;
	r->awaited_us = timeout_us;
	if (await == AWAIT_NOTHING) {
		sd_event_source_set_enabled(r->watchdog, SD_EVENT_OFF);
		return;
	}
	sd_event_source_set_time(r->watchdog, clock_now_us() + timeout_us);
	sd_event_source_set_enabled(r->watchdog, SD_EVENT_ONESHOT);
}

static void await_ready(struct remote *r)
{
	arm(r, AWAIT_READY, *r->failed ? READY_AFTER_FAILURE_US : READY_US);
}

static void send_configure(struct remote *r)
{
	struct link_message message = {
		.type = LINK_CONFIGURE,
		.configure = {
			.generation = ++r->generation,
			.format = r->config.format,
			.max_fps = r->config.max_fps,
			.bitrate_kbit = r->config.bitrate_kbit,
		},
	};

	snprintf(message.configure.encoder, sizeof message.configure.encoder, "%s",
		r->wanted.element);
	child_post(&r->child, &message, -1);
	if (r->await != AWAIT_HELLO && r->await != AWAIT_READY) /* a deadline that runs goes on */
		await_ready(r);
}

static bool is_configuring(const struct remote *r)
{
	return r->answered != r->generation;
}

static bool is_known(const struct remote *r, uint32_t buffer)
{
	for (size_t i = 0; i < r->known_count; i++)
		if (r->known[i] == buffer)
			return true;
	return false;
}

static void forget_buffer(struct encoder *encoder, uint32_t buffer)
{
	struct remote *r = remote(encoder);

	for (size_t i = 0; i < r->known_count; i++)
		if (r->known[i] == buffer) {
			r->known[i] = r->known[--r->known_count];
			child_post(&r->child,
				&(struct link_message){ .type = LINK_BUFFER_REMOVE,
					.buffer_remove = { .id = buffer } },
				-1);
			return;
		}
}

static void introduce(struct remote *r, const struct encoder_picture *picture)
{
	if (is_known(r, picture->buffer))
		return;
	if (r->known_count == MAX_KNOWN_BUFFERS)
		forget_buffer(&r->base, r->known[0]);
	r->known[r->known_count++] = picture->buffer;
	child_post(&r->child, &(struct link_message){ .type = LINK_BUFFER_ADD,
		.buffer_add = {
			.id = picture->buffer,
			.stride_bytes = picture->stride_bytes,
			.offset_bytes = picture->offset_bytes,
			.size_bytes = picture->size_bytes,
		} }, picture->fd);
}

static void encode(struct encoder *encoder, const struct encoder_job *job)
{
	struct remote *r = remote(encoder);

	if (job->picture)
		introduce(r, job->picture);
	r->job_buffer = job->picture ? job->picture->buffer : 0;
	child_post(&r->child, &(struct link_message){ .type = LINK_ENCODE,
		.encode = {
			.key = job->key,
			.sequence = ++r->sequence,
			.buffer = r->job_buffer,
			.pts_us = job->pts_us,
			.damage = job->damage,
		} }, -1);
	arm(r, AWAIT_PACKET, r->options.hang_us);
}

static void set_bitrate(struct encoder *encoder, uint32_t kbit)
{
	struct remote *r = remote(encoder);

	r->config.bitrate_kbit = kbit;
	child_post(&r->child,
		&(struct link_message){ .type = LINK_BITRATE, .bitrate = { .kbit = kbit } }, -1);
}

static void stop(struct remote *r)
{
	child_stop(&r->child);
	r->generation = r->answered = r->failures = 0;
	r->is_spoiled = false;
	*r->failed = '\0';
	r->known_count = r->job_buffer = 0;
	arm(r, AWAIT_NOTHING, 0);
}

static void tell_failed(struct remote *r, enum ladder_fault fault, const char *text)
{
	if (r->is_told)
		return;
	r->is_told = true;
	r->base.events->failed(r->base.owner, fault, text);
}

static int start(struct remote *r, const struct candidate *candidate)
{
	uint64_t start_us = candidate->is_hardware ? START_HARDWARE_US : START_US;
	int result = child_start(&r->child, candidate);

	if (r->options.start_us)
		start_us = r->options.start_us;
	if (result == 0)
		arm(r, AWAIT_HELLO, start_us);
	return result;
}

/* Have the wanted candidate built in the process, which is replaced first if it cannot do that. */
static void begin(struct remote *r)
{
	int result = 0;

	if (!child_is_linked(&r->child) || r->failures >= MAX_FAILURES ||
		(r->is_spoiled && r->wanted.is_hardware) ||
		!candidate_fits(&r->child.running, &r->wanted)) {
		stop(r);
		result = start(r, &r->wanted);
	}
	if (result == 0) {
		send_configure(r);
		return;
	}
	r->start_error = result;
	sd_event_source_set_time(r->start_failed, 0);
	sd_event_source_set_enabled(r->start_failed, SD_EVENT_ONESHOT);
}

/* Events never come from inside a call. */
static int on_start_failed(sd_event_source *source, uint64_t now_us, void *owner)
{
	struct remote *r = owner;
	char text[128];

	(void)source, (void)now_us;
	log_error("encoder: cannot start %s: %s", r->program, strerror(-r->start_error));
	snprintf(text, sizeof text, "helix-encoder cannot be started: %s",
		strerror(-r->start_error));
	tell_failed(r, LADDER_DIED, text);
	return 0;
}

static void configure(struct encoder *encoder, const struct encoder_config *config)
{
	struct remote *r = remote(encoder);

	r->wanted = *config->candidate;
	r->config = *config;
	r->config.candidate = &r->wanted;
	r->is_told = false;
	sd_event_source_set_enabled(r->start_failed, SD_EVENT_OFF);
	begin(r);
}

/* The process is of no more use. */
static void lose(struct remote *r, enum ladder_fault fault, const char *text)
{
	bool is_anothers_fault =
		is_configuring(r) && *r->failed && strcmp(r->failed, r->wanted.name) != 0;

	if (is_anothers_fault)
		log_info("encoder: %s is to blame for that, starting anew for %s", r->failed,
			r->wanted.name);
	stop(r);
	if (is_anothers_fault)
		begin(r);
	else
		tell_failed(r, fault, text);
}

static int on_watchdog(sd_event_source *source, uint64_t now_us, void *owner)
{
	static const char *const texts[] = {
		[AWAIT_HELLO] = "the encoder did not start in time",
		[AWAIT_READY] = "the encoder hung while it was set up",
		[AWAIT_PACKET] = "the encoder hung",
		[AWAIT_END] = "the encoder closed its link",
	};
	struct remote *r = owner;
	enum await await = r->await;

	(void)source, (void)now_us;
	log_warn("encoder: pid %d: %s (%llu ms), killing it", child_pid(&r->child), texts[await],
		(unsigned long long)(r->awaited_us / USEC_PER_MSEC));
	lose(r, await == AWAIT_END ? LADDER_DIED : LADDER_HUNG, texts[await]);
	return 0;
}

static int take_hello(struct remote *r)
{
	if (is_configuring(r))
		await_ready(r);
	else
		arm(r, AWAIT_NOTHING, 0);
	return 0;
}

static int take_ready(struct remote *r, const struct link_ready *ready)
{
	if (ready->generation <= r->answered || ready->generation > r->generation)
		return -EBADMSG;
	r->answered = ready->generation;
	if (*r->failed && strcmp(r->failed, r->wanted.name) != 0)
		r->is_spoiled = true;
	*r->failed = '\0';
	if (is_configuring(r)) {
		await_ready(r); /* it begins with the next one only now */
		return 0;
	}
	arm(r, AWAIT_NOTHING, 0);
	r->base.events->ready(r->base.owner, ready->encoder, ready->description);
	return 0;
}

static int take_failed(struct remote *r, const struct link_failed *failed)
{
	bool is_answer = failed->generation > r->answered;

	if (!failed->generation || failed->generation > r->generation)
		return -EBADMSG;
	if (is_answer)
		r->answered = failed->generation;
	if (is_answer && is_configuring(r))
		await_ready(r);
	if (is_configuring(r) || r->is_told)
		return 0; /* of what is not wanted any more */

	log_warn("encoder: %s %s: %s", r->wanted.name, failed->lost ? "lost a picture" : "failed",
		failed->text);
	arm(r, AWAIT_NOTHING, 0);
	r->job_buffer = 0;
	r->failures++;
	snprintf(r->failed, sizeof r->failed, "%s", r->wanted.name);
	/* Perhaps it was a buffer that could not be used: begin with those anew, too. */
	while (r->known_count)
		forget_buffer(&r->base, r->known[0]);
	tell_failed(r, failed->lost ? LADDER_LOST : LADDER_REFUSED, failed->text);
	return 0;
}

static int take_released(struct remote *r, const struct link_released *released)
{
	if (r->await != AWAIT_PACKET || released->sequence != r->sequence ||
		released->buffer != r->job_buffer)
		return 0;
	r->job_buffer = 0;
	if (released->buffer)
		r->base.events->released(r->base.owner, released->buffer);
	return 0;
}

/* One that comes with or behind the FAILED of its job is not wanted any more. */
static int take_packet(struct remote *r, const struct link_packet *info, struct packet *packet)
{
	struct encoder_timing timing = {
		.started_us = info->started_us,
		.converted_us = info->converted_us,
		.encoded_us = info->encoded_us,
	};
	bool is_expected = r->await == AWAIT_PACKET && info->sequence == r->sequence;

	if (!is_expected || r->job_buffer) {
		packet_unref(packet);
		return is_expected ? -EBADMSG : 0; /* it never said RELEASED */
	}
	arm(r, AWAIT_NOTHING, 0);
	r->failures = 0;
	packet->encoded_us = clock_now_us();
	r->base.events->packet(r->base.owner, packet, info->key, &timing);
	return 0;
}

/* -EBADMSG for what breaks the link's rules; then there was no event. */
static int dispatch(struct remote *r, const struct link_message *message, struct packet *packet)
{
	if ((message->type == LINK_HELLO) != (r->await == AWAIT_HELLO)) {
		packet_unref(packet);
		return -EBADMSG;
	}
	switch (message->type) {
	case LINK_HELLO: return take_hello(r);
	case LINK_READY: return take_ready(r, &message->ready);
	case LINK_RELEASED: return take_released(r, &message->released);
	case LINK_PACKET: return take_packet(r, &message->packet, packet);
	case LINK_FAILED: return take_failed(r, &message->failed);
	case LINK_CONFIGURE:
	case LINK_BUFFER_ADD:
	case LINK_BUFFER_REMOVE:
	case LINK_ENCODE:
	case LINK_BITRATE: break;
	}
	return -EBADMSG;
}

static void read_link(void *owner)
{
	struct remote *r = owner;
	uint64_t starts = r->child.starts;
	int result = 1;

	for (int i = 0; i < MAX_MESSAGES_PER_TURN && result > 0; i++) {
		struct packet *packet = NULL;
		struct link_message message;

		result = child_next(&r->child, &message, &packet);
		if (result > 0 && dispatch(r, &message, packet) < 0)
			result = -EBADMSG;
		/* An event may have it stopped or started anew. */
		if (result > 0 && (!child_is_linked(&r->child) || r->child.starts != starts))
			return;
	}
	if (result == -EPIPE) {
		child_unlink(&r->child);
		arm(r, AWAIT_END, END_US);
	} else if (result < 0) {
		log_warn("encoder: pid %d broke the link's rules (%s), killing it",
			child_pid(&r->child), strerror(-result));
		lose(r, LADDER_DIED, "the encoder broke the rules of its link");
	}
}

static void on_ended(void *owner, int status, const char *last_words)
{
	struct remote *r = owner;
	int pid = child_pid(&r->child);
	char text[128], how[64];

	process_status_string(status, how, sizeof how);
	log_warn("encoder: pid %d ended: %s; %s", pid, how, last_words);
	/* Its last message may say better why. */
	if (child_is_linked(&r->child))
		read_link(r);
	if (child_pid(&r->child) != pid)
		return;
	snprintf(text, sizeof text, "the encoder ended: %s", how);
	lose(r, LADDER_DIED, text);
}

static const struct child_events child_events = { .readable = read_link, .ended = on_ended };

static void free_remote(struct encoder *encoder)
{
	struct remote *r = remote(encoder);

	stop(r);
	r->watchdog = sd_event_source_disable_unref(r->watchdog);
	r->start_failed = sd_event_source_disable_unref(r->start_failed);
	free(r->program);
	free(r);
}

static const struct encoder_ops ops = {
	.configure = configure,
	.encode = encode,
	.forget_buffer = forget_buffer,
	.set_bitrate = set_bitrate,
	.free = free_remote,
};

static int add_timer(
	struct remote *r, sd_event_source **ret_source, sd_event_time_handler_t handler)
{
	int result =
		sd_event_add_time(r->child.event, ret_source, CLOCK_MONOTONIC, 0, 1000, handler, r);

	/* After what is in the socket: it may be that we ourselves stood still. */
	if (result >= 0)
		result = sd_event_source_set_priority(*ret_source, SD_EVENT_PRIORITY_NORMAL + 10);
	return result < 0 ? result : sd_event_source_set_enabled(*ret_source, SD_EVENT_OFF);
}

int encoder_remote_new(struct sd_event *event, struct processes *processes,
	const struct encoder_remote_options *options, const struct encoder_events *events,
	void *owner, struct encoder **ret_encoder)
{
	struct remote *r = malloc(sizeof *r);

	if (!r)
		return -ENOMEM;
	*r = (struct remote){
		.base = { .ops = &ops, .events = events, .owner = owner },
		.options = *options,
		.program = strdup(options->program),
		.child = {
			.event = event,
			.processes = processes,
			.options = &r->options,
			.events = &child_events,
			.owner = r,
			.socket = -1,
		},
	};
	r->options.program = r->program;
	int result = r->program ? 0 : -ENOMEM;
	if (result == 0)
		result = add_timer(r, &r->watchdog, on_watchdog);
	if (result >= 0)
		result = add_timer(r, &r->start_failed, on_start_failed);
	if (result >= 0)
		result = start(r, options->candidate);
	if (result < 0) {
		free_remote(&r->base);
		return result;
	}
	*ret_encoder = &r->base;
	return 0;
}

uint64_t encoder_remote_restarts(const struct encoder *encoder)
{
	return ((const struct remote *)encoder)->child.starts - 1;
}

int encoder_remote_pid(const struct encoder *encoder)
{
	return child_pid(&((const struct remote *)encoder)->child);
}
