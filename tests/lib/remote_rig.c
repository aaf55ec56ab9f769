#include "lib/remote_rig.h"

#include "sys/clock.h"
#include "sys/process.h"

#include <dirent.h>
#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#define HANG_US     (500 * USEC_PER_MSEC)
#define DEADLINE_US (10 * USEC_PER_SEC)

const struct candidate rig_x264 = {
	.route = ROUTE_X264,
	.name = "x264enc",
	.element = "x264enc",
};

const struct candidate rig_openh264 = {
	.route = ROUTE_OPENH264,
	.name = "openh264enc",
	.element = "openh264enc",
};

const struct candidate rig_without_drm = {
	.route = ROUTE_VAAPI_WITHOUT_DRM,
	.name = "vaapih264enc-without-drm",
	.element = "vaapih264enc",
	.is_hardware = true,
	.node = "/dev/null",
	.va_driver = "d3d12",
	.gallium_driver = "d3d12",
};

/* Of the test itself, never of what it tests. */
static void must(bool is_so, const char *what)
{
	if (is_so)
		return;
	perror(what);
	abort();
}

size_t count_fds(int pid)
{
	char path[64];
	size_t count = 0;

	snprintf(path, sizeof path, "/proc/%d/fd", pid);
	DIR *directory = opendir(path);
	must(directory, path);
	while (readdir(directory))
		count++;
	closedir(directory);
	return count;
}

size_t memory_bytes(int pid)
{
	char path[64];
	size_t all, resident;

	snprintf(path, sizeof path, "/proc/%d/statm", pid);
	FILE *file = fopen(path, "re");
	must(file && fscanf(file, "%zu %zu", &all, &resident) == 2, path);
	fclose(file);
	return resident * (size_t)getpagesize();
}

size_t heap_bytes(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}

static void on_ready(void *owner, const char *name, const char *description)
{
	struct remote_rig *rig = owner;

	(void)description;
	must(!rig->is_in_call, "ready from inside a call");
	snprintf(rig->name, sizeof rig->name, "%s", name);
	rig->readies++;
}

static void on_released(void *owner, uint32_t buffer)
{
	struct remote_rig *rig = owner;

	must(!rig->is_in_call, "released from inside a call");
	rig->released = buffer;
	rig->releases++;
}

static void on_packet(
	void *owner, struct packet *packet, bool key, const struct encoder_timing *timing)
{
	struct remote_rig *rig = owner;

	(void)timing;
	must(!rig->is_in_call, "packet from inside a call");
	rig->packets++;
	rig->keys += key;
	packet_unref(packet);
}

static void on_failed(void *owner, enum ladder_fault fault, const char *text)
{
	struct remote_rig *rig = owner;

	must(!rig->is_in_call, "failed from inside a call");
	rig->fault = fault;
	snprintf(rig->text, sizeof rig->text, "%s", text);
	rig->told_us = clock_now_us();
	rig->faults++;
}

static const struct encoder_events events = {
	.ready = on_ready,
	.released = on_released,
	.packet = on_packet,
	.failed = on_failed,
};

static void registry(void *owner, const struct candidate *candidate, char *path, size_t size)
{
	const struct remote_rig *rig = owner;

	snprintf(path, size, "%s/registry-%s", rig->directory, candidate->name);
}

void remote_rig_init(struct remote_rig *rig)
{
	const char *program = getenv("HELIX_ENCODER");

	*rig = (struct remote_rig){ .directory = "/tmp/helix-remote-XXXXXX" };
	rig->fds_before = count_fds(getpid());
	must(mkdtemp(rig->directory), "mkdtemp");
	snprintf(
		rig->program, sizeof rig->program, "%s", program ? program : "build/helix-encoder");
	must(sd_event_new(&rig->event) >= 0, "sd_event_new");
	must(processes_new(rig->event, &rig->processes) >= 0, "processes_new");
	/* GLib drops its first table of quarks on purpose when it outgrows it; with
	 * AddressSanitizer that alone would be exit code 1. */
	setenv("ASAN_OPTIONS", "detect_leaks=0", 0);
}

void remote_rig_script(struct remote_rig *rig, const char *lines)
{
	snprintf(rig->program, sizeof rig->program, "%s/fake", rig->directory);
	FILE *file = fopen(rig->program, "we");
	must(file, rig->program);
	fprintf(file, "#!/bin/sh\ncd %s\n%s", rig->directory, lines);
	fclose(file);
	must(chmod(rig->program, 0700) == 0, rig->program);
}

void remote_rig_start(struct remote_rig *rig, const struct candidate *candidate, uint64_t start_us)
{
	const struct encoder_remote_options options = {
		.program = rig->program,
		.candidate = candidate,
		.environment = (const char *const *)environ,
		.registry = registry,
		.registry_owner = rig,
		.hang_us = HANG_US,
		.start_us = start_us,
	};

	rig->is_in_call = true;
	int r = encoder_remote_new(
		rig->event, rig->processes, &options, &events, rig, &rig->encoder);
	rig->is_in_call = false;
	errno = -r;
	must(r == 0, rig->program);
}

static bool has_children(void)
{
	siginfo_t info;

	return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 || errno != ECHILD;
}

static void remove_directory(const char *path)
{
	DIR *directory = opendir(path);

	must(directory, path);
	for (struct dirent *entry; (entry = readdir(directory));)
		unlinkat(dirfd(directory), entry->d_name, 0);
	closedir(directory);
	must(rmdir(path) == 0, path);
}

void remote_rig_done(struct remote_rig *rig)
{
	rig->is_in_call = true;
	rig->encoder->ops->free(rig->encoder);
	rig->is_in_call = false;
	must(REMOTE_RIG_UNTIL(rig, !has_children()), "a child is left");
	processes_free(rig->processes, 0);
	sd_event_unref(rig->event);
	must(count_fds(getpid()) == rig->fds_before, "a descriptor is left");
	remove_directory(rig->directory);
}

void remote_rig_configure(struct remote_rig *rig, const struct candidate *candidate,
	const struct picture_format *format)
{
	const struct encoder_config config = {
		.format = *format,
		.max_fps = 60,
		.bitrate_kbit = 4000,
		.candidate = candidate,
	};

	rig->is_in_call = true;
	rig->encoder->ops->configure(rig->encoder, &config);
	rig->is_in_call = false;
}

void remote_rig_encode(struct remote_rig *rig, const struct test_picture *picture, bool key)
{
	struct encoder_picture memory;
	struct encoder_job job = {
		.key = key,
		.pts_us = rig->pts_us += USEC_PER_SEC / 60,
	};

	if (picture) {
		memory = (struct encoder_picture){
			.buffer = picture->id,
			.fd = picture->fd,
			.size_bytes = picture->size_bytes,
			.stride_bytes = picture->stride_bytes,
		};
		job.picture = &memory;
		job.damage.everything = true;
	}
	rig->is_in_call = true;
	rig->encoder->ops->encode(rig->encoder, &job);
	rig->is_in_call = false;
}

bool remote_rig_run(struct remote_rig *rig, uint64_t deadline_us)
{
	uint64_t now_us = clock_now_us();

	if (now_us >= deadline_us)
		return false;
	must(sd_event_run(rig->event, deadline_us - now_us) >= 0, "sd_event_run");
	return true;
}

void remote_rig_await_end(int pid)
{
	int process = (int)syscall(SYS_pidfd_open, pid, 0);
	struct pollfd ended = { .fd = process, .events = POLLIN };

	must(process >= 0, "pidfd_open");
	must(poll(&ended, 1, DEADLINE_US / USEC_PER_MSEC) == 1, "it does not end");
	close(process);
}

__attribute__((format(printf, 1, 2))) static char *script_line(const char *format, ...)
{
	static char lines[16][4096];
	static size_t next;
	char *line = lines[next++ % 16];
	va_list args;

	va_start(args, format);
	must(vsnprintf(line, sizeof lines[0], format, args) < (int)sizeof lines[0], "a line");
	va_end(args);
	return line;
}

const char *script_send(const struct link_message *message)
{
	uint8_t bytes[LINK_MAX_SMALL];
	char octal[4 * LINK_MAX_SMALL + 1], *at = octal;
	ssize_t size = link_write(bytes, sizeof bytes, message);

	must(size > 0 && size < 900, "link_write");
	for (ssize_t i = 0; i < size; i++)
		at += sprintf(at, "\\%03o", bytes[i]);
	return script_line("printf '%s' >&3\n", octal);
}

const char *script_hello(void)
{
	return script_send(&(struct link_message){ .type = LINK_HELLO });
}

const char *script_ready(uint32_t generation)
{
	return script_send(&(struct link_message){ .type = LINK_READY,
		.ready = { .generation = generation, .encoder = "fake", .description = "Fake" } });
}

const char *script_failed(uint32_t generation, bool lost)
{
	return script_send(&(struct link_message){ .type = LINK_FAILED,
		.failed = { .generation = generation, .lost = lost, .text = "it broke" } });
}

const char *script_take_configure(const struct candidate *candidate)
{
	struct link_message message = { .type = LINK_CONFIGURE };
	uint8_t bytes[LINK_MAX_SMALL];

	snprintf(message.configure.encoder, sizeof message.configure.encoder, "%s",
		candidate->element);
	return script_line(
		"head -c %zd <&3 >/dev/null\n", link_write(bytes, sizeof bytes, &message));
}

const char *script_hang(void)
{
	return "kill -STOP $$\n";
}
