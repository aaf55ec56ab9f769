#include "agent.h"
#include "encoder/remote.h"
#include "session/session.h"
#include "sys/cleanup.h"
#include "sys/clock.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static void add_service(
	void *owner, const char *name, int pid, const char *state, uint64_t restarts)
{
	cJSON *service = cJSON_CreateObject();

	cJSON_AddStringToObject(service, "name", name);
	cJSON_AddNumberToObject(service, "pid", pid);
	cJSON_AddStringToObject(service, "state", state);
	cJSON_AddNumberToObject(service, "restarts", (double)restarts);
	cJSON_AddItemToArray(owner, service);
}

static void add_session(struct agent *a, cJSON *status)
{
	static const char *const kinds[] = { "auto", "gnome", "mutter", "attach" };
	cJSON *session = cJSON_AddObjectToObject(status, "session");

	if (!a->session)
		return;
	cJSON_AddStringToObject(session, "kind", kinds[session_kind(a->session)]);
	cJSON_AddBoolToObject(session, "ready", a->session_ready && a->capture);
	cJSON_AddNumberToObject(session, "restarts", (double)session_restarts(a->session));
	session_each_service(a->session, add_service, cJSON_AddArrayToObject(session, "services"));
}

static void add_stream(struct agent *a, cJSON *status)
{
	const struct stream *s = &a->stream;
	cJSON *stream = cJSON_AddObjectToObject(status, "stream");

	cJSON_AddNumberToObject(stream, "width", s->format.width_px);
	cJSON_AddNumberToObject(stream, "height", s->format.height_px);
	cJSON_AddNumberToObject(stream, "config", s->config);
	cJSON_AddStringToObject(stream, "codec", s->codec_string);
	cJSON_AddNumberToObject(stream, "bitrate_kbit", s->bitrate_kbit);
	cJSON_AddNumberToObject(stream, "frames", (double)s->frames);
	cJSON_AddNumberToObject(stream, "key_frames", (double)s->keys);
	cJSON_AddNumberToObject(stream, "refinements", (double)s->refinements);
	cJSON_AddNumberToObject(stream, "bytes", (double)s->bytes);
	if (a->capture) {
		cJSON_AddNumberToObject(stream, "captured", (double)capture_arrived(a->capture));
		cJSON_AddNumberToObject(stream, "replaced", (double)capture_replaced(a->capture));
	}
	cJSON *legs = cJSON_AddObjectToObject(stream, "legs_us");
	for (enum leg i = 0; i < LEG_COUNT; i++) {
		cJSON *leg = cJSON_AddObjectToObject(legs, stream_leg_name(i));

		cJSON_AddNumberToObject(leg, "count", (double)s->legs[i].count);
		cJSON_AddNumberToObject(
			leg, "p50", (double)histogram_quantile_us(&s->legs[i], 0.5));
		cJSON_AddNumberToObject(
			leg, "p99", (double)histogram_quantile_us(&s->legs[i], 0.99));
	}
}

static void add_ladder(const struct choice *c, cJSON *encoder)
{
	cJSON *ladder = cJSON_AddArrayToObject(encoder, "ladder");

	for (size_t i = 0; i < c->ladder.count; i++) {
		const struct verdict *v = &c->results.verdicts[c->steps[i]];
		cJSON *step = cJSON_CreateObject();

		cJSON_AddItemToArray(ladder, step);
		cJSON_AddStringToObject(step, "name", c->candidates.items[c->steps[i]].name);
		cJSON_AddBoolToObject(step, "out", c->ladder.steps[i].is_out);
		if (v->state == VERDICT_WORKS)
			cJSON_AddNumberToObject(step, "p50_us", v->p50_us);
	}
}

static void add_encoder(struct agent *a, cJSON *status)
{
	const struct stream *s = &a->stream;
	const struct verdict *v = choice_verdict(a);
	char driver[32], adapter[64];
	cJSON *encoder = cJSON_AddObjectToObject(status, "encoder");

	verdict_driver(v->driver, driver, sizeof driver);
	verdict_adapter(v->driver, adapter, sizeof adapter);
	cJSON_AddStringToObject(encoder, "name", choice_candidate(a)->name);
	cJSON_AddStringToObject(encoder, "element", s->encoder_name);
	cJSON_AddStringToObject(encoder, "description", s->encoder_description);
	cJSON_AddStringToObject(encoder, "driver", driver);
	cJSON_AddStringToObject(encoder, "adapter", adapter);
	cJSON_AddBoolToObject(encoder, "hardware", choice_candidate(a)->is_hardware);
	cJSON_AddBoolToObject(encoder, "ready", s->encoder_ready);
	cJSON_AddNumberToObject(encoder, "pid", encoder_remote_pid(a->encoder));
	cJSON_AddNumberToObject(encoder, "restarts", (double)encoder_remote_restarts(a->encoder));
	cJSON_AddNumberToObject(encoder, "faults", (double)a->choice.faults);
	cJSON_AddBoolToObject(encoder, "probing", a->choice.probe != NULL);
	add_ladder(&a->choice, encoder);
}

static void add_viewers(struct agent *a, cJSON *status)
{
	cJSON *viewers = cJSON_AddArrayToObject(status, "viewers");
	struct seat *primary = viewers_primary(a, clock_now_us());

	for (struct viewer *v = server_first_viewer(a->server); v; v = server_next_viewer(v)) {
		const struct seat *seat = viewer_data(v);
		cJSON *viewer = cJSON_CreateObject();

		cJSON_AddItemToArray(viewers, viewer);
		cJSON_AddNumberToObject(viewer, "id", viewer_id(v));
		cJSON_AddStringToObject(
			viewer, "role", viewer_role(v) == SP_ROLE_CONTROL ? "control" : "view");
		cJSON_AddBoolToObject(viewer, "primary", seat == primary);
		cJSON_AddBoolToObject(viewer, "paused", seat->paused);
		cJSON_AddBoolToObject(viewer, "synced", seat->synced);
		cJSON_AddNumberToObject(viewer, "frames", (double)seat->frames);
		cJSON_AddNumberToObject(viewer, "bytes", (double)seat->bytes);
		cJSON_AddNumberToObject(viewer, "in_flight", (double)seat->flow.count);
		cJSON_AddNumberToObject(viewer, "rtt_us", (double)seat->flow.rtt_us);
		cJSON_AddNumberToObject(viewer, "rtt_min_us", (double)seat->flow.rtt_min_us);
		cJSON_AddNumberToObject(viewer, "queue_us", (double)seat->flow.queue_us);
		cJSON_AddNumberToObject(viewer, "path_kbit", flow_rate_kbit(&seat->flow));
		cJSON_AddNumberToObject(viewer, "target_kbit", flow_target_kbit(&seat->flow));
		cJSON_AddNumberToObject(viewer, "ping_us", (double)viewer_rtt_us(v));
	}
	struct server_refusals refused = server_refusals(a->server);
	cJSON *refusals = cJSON_AddObjectToObject(status, "refused");
	cJSON_AddNumberToObject(refusals, "host", (double)refused.host);
	cJSON_AddNumberToObject(refusals, "origin", (double)refused.origin);
	cJSON_AddNumberToObject(refusals, "token", (double)refused.token);
	cJSON_AddNumberToObject(refusals, "full", (double)refused.full);
}

static void answer_status(struct agent *a, struct server_answer *answer)
{
	cJSON *status = cJSON_CreateObject();
	uint64_t now_us = clock_now_us();

	cJSON_AddStringToObject(status, "version", HELIX_VERSION);
	cJSON_AddNumberToObject(status, "uptime_ms", (double)(now_us - a->started_us) / 1000);
	cJSON_AddNumberToObject(status, "first_picture_ms",
		a->first_picture_us ? (double)(a->first_picture_us - a->started_us) / 1000 : -1);
	cJSON_AddNumberToObject(status, "notice", a->notice);
	cJSON_AddStringToObject(status, "notice_text", a->notice_text);
	add_session(a, status);
	add_stream(a, status);
	add_encoder(a, status);
	add_viewers(a, status);
	char *text = cJSON_PrintUnformatted(status);
	cJSON_Delete(status);
	if (!text) {
		answer->status = 500;
		return;
	}
	*answer = (struct server_answer){
		.status = 200,
		.content_type = "application/json",
		.body = (uint8_t *)text,
		.size = strlen(text),
	};
}

static void print_metric(
	FILE *out, const char *name, const char *type, const char *help, double value)
{
	fprintf(out, "# HELP helix_%s %s\n# TYPE helix_%s %s\nhelix_%s %.17g\n", name, help, name,
		type, name, value);
}

static void print_legs(FILE *out, const struct stream *s)
{
	fputs("# HELP helix_leg_seconds Where a picture's time goes, leg by leg.\n"
	      "# TYPE helix_leg_seconds histogram\n",
		out);
	for (enum leg i = 0; i < LEG_COUNT; i++) {
		const struct histogram *h = &s->legs[i];
		const char *name = stream_leg_name(i);
		uint64_t below = 0;

		for (size_t k = 0; k < HISTOGRAM_BUCKETS; k++) {
			below += h->counts[k];
			fprintf(out, "helix_leg_seconds_bucket{leg=\"%s\",le=\"%g\"} %" PRIu64 "\n",
				name, (double)histogram_bounds_us[k] / 1e6, below);
		}
		fprintf(out,
			"helix_leg_seconds_bucket{leg=\"%s\",le=\"+Inf\"} %" PRIu64
			"\nhelix_leg_seconds_sum{leg=\"%s\"} %g\nhelix_leg_seconds_count{leg=\"%s\"} "
			"%" PRIu64 "\n",
			name, h->count, name, (double)h->sum_us / 1e6, name, h->count);
	}
}

static void print_viewers(FILE *out, struct agent *a)
{
	unsigned viewers = 0, in_flight = 0, waiting = 0;

	for (struct viewer *v = server_first_viewer(a->server); v; v = server_next_viewer(v)) {
		const struct seat *seat = viewer_data(v);

		viewers++;
		in_flight += (unsigned)seat->flow.count;
		waiting += (unsigned)viewer_waiting(v);
	}
	print_metric(out, "viewers", "gauge", "Viewers connected.", viewers);
	print_metric(
		out, "frames_in_flight", "gauge", "Frames sent and not acknowledged.", in_flight);
	print_metric(out, "frames_queued", "gauge", "Frames that wait for a socket.", waiting);
}

static void answer_metrics(struct agent *a, struct server_answer *answer)
{
	const struct stream *s = &a->stream;
	struct server_refusals refused = server_refusals(a->server);
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (!out) {
		answer->status = 500;
		return;
	}
	print_metric(out, "frames_total", "counter", "Pictures encoded.", (double)s->frames);
	print_metric(
		out, "key_frames_total", "counter", "IDR pictures among them.", (double)s->keys);
	print_metric(out, "refinements_total", "counter",
		"Pictures that only sharpened the last one.", (double)s->refinements);
	print_metric(out, "bytes_total", "counter", "Bytes of access units.", (double)s->bytes);
	print_metric(out, "bitrate_kbit", "gauge", "What the encoder is told to spend.",
		s->bitrate_kbit);
	if (a->capture) {
		print_metric(out, "captured_total", "counter", "Pictures from the compositor.",
			(double)capture_arrived(a->capture));
		print_metric(out, "replaced_total", "counter",
			"Pictures that a newer one replaced before they were looked at.",
			(double)capture_replaced(a->capture));
	}
	print_metric(out, "encoder_restarts_total", "counter",
		"Times the encoder was started anew.", (double)encoder_remote_restarts(a->encoder));
	print_metric(out, "encoder_faults_total", "counter",
		"Times an encoder failed, whatever came of it.", (double)a->choice.faults);
	print_metric(out, "session_restarts_total", "counter",
		"Times a part of the session was started anew.",
		a->session ? (double)session_restarts(a->session) : 0);
	print_metric(out, "refused_total", "counter", "Connections refused before the upgrade.",
		(double)(refused.host + refused.origin + refused.token + refused.full +
			refused.other));
	print_viewers(out, a);
	print_legs(out, s);
	if (fclose(out) != 0 || !text) {
		free(text);
		answer->status = 500;
		return;
	}
	*answer = (struct server_answer){
		.status = 200,
		.content_type = "text/plain; version=0.0.4",
		.body = (uint8_t *)text,
		.size = size,
	};
}

/* Netpbm's P6: a header anybody can read, and three bytes a pixel. `helix-agent screenshot` makes a
 * PNG of it, so that the loop here does not stand still for a compressor. */
static void answer_screenshot(struct agent *a, struct server_answer *answer)
{
	const struct capture_picture *p = &a->stream.held;
	uint32_t width = p->format.width_px, height = p->format.height_px;
	char header[64];

	answer->status = 503;
	if (!p->buffer)
		return;
	int head = snprintf(header, sizeof header, "P6\n%u %u\n255\n", width, height);
	size_t size = (size_t)head + (size_t)width * height * 3;
	size_t map_size = (size_t)(p->offset_bytes + p->size_bytes);
	uint8_t *map = mmap(NULL, map_size, PROT_READ, MAP_SHARED, p->fd, 0);
	if (map == MAP_FAILED)
		return;
	autofree uint8_t *body = malloc(size);
	if (body) {
		bool bgr = p->format.pixel == PIXEL_BGRX;
		uint8_t *to = body + head;

		memcpy(body, header, (size_t)head);
		for (uint32_t y = 0; y < height; y++) {
			const uint8_t *from = map + p->offset_bytes + (size_t)y * p->stride_bytes;

			for (uint32_t x = 0; x < width; x++, from += 4) {
				*to++ = from[bgr ? 2 : 0];
				*to++ = from[1];
				*to++ = from[bgr ? 0 : 2];
			}
		}
		*answer = (struct server_answer){
			.status = 200,
			.content_type = "image/x-portable-pixmap",
			.body = steal(body),
			.size = size,
		};
	}
	munmap(map, map_size);
}

/* Whether a viewer would see the desktop. */
static bool is_shown(const struct agent *a)
{
	return a->session_ready && a->capture && capture_arrived(a->capture) > 0 &&
		a->notice != SP_NOTICE_ENCODER_FAILED;
}

/* Anybody may ask: words of our own, since a notice may quote what a program wrote. */
static const char *what_is_missing(enum sp_notice notice)
{
	switch (notice) {
	case SP_NOTICE_SESSION_RESTARTING:
		return "a part of the desktop ended and is started anew\n";
	case SP_NOTICE_SESSION_FAILED: return "the desktop keeps failing: the log says why\n";
	case SP_NOTICE_ENCODER_FAILED: return "no encoder works: the log says why\n";
	case SP_NOTICE_WAITING_FOR_PERMISSION:
		return "somebody must allow the screen to be shared, on that screen\n";
	case SP_NOTICE_READY:
	case SP_NOTICE_SESSION_STARTING:
	case SP_NOTICE_ENCODER_RESTARTING:
	case SP_NOTICE_ENCODER_FALLBACK:
	case SP_NOTICE_INPUT_UNAVAILABLE: break;
	}
	return "the desktop is starting\n";
}

static void answer_ready(const struct agent *a, struct server_answer *answer)
{
	bool is_ready = is_shown(a);
	char *text = strdup(is_ready ? "ok\n" : what_is_missing(a->notice));

	*answer = (struct server_answer){
		.status = is_ready && text ? 200 : 503,
		.content_type = "text/plain; charset=utf-8",
		.body = (uint8_t *)text,
		.size = text ? strlen(text) : 0,
	};
}

void status_answer(void *owner, const char *path, struct server_answer *answer)
{
	if (!strcmp(path, "/readyz"))
		answer_ready(owner, answer);
	else if (!strcmp(path, "/api/status"))
		answer_status(owner, answer);
	else if (!strcmp(path, "/api/screenshot"))
		answer_screenshot(owner, answer);
	else if (!strcmp(path, "/metrics"))
		answer_metrics(owner, answer);
}
