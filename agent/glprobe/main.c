/* helix-glprobe: what draws in the environment of a compositor, and how fast does a picture go up
 *to it and come back?
 *
 * A process of its own, because drivers crash and hang. It takes its environment as it is:
 * GALLIUM_DRIVER and the like are for whoever starts it to choose. What it finds out is one JSON
 * object of at most 4 KiB, on one line:
 *
 *	{"ok":true, "renderer":"llvmpipe (LLVM 15.0.6, 256 bits)", "vendor":"Mesa",
 *	 "version":"OpenGL ES 3.2 Mesa 22.3.6", "mesa":"22.3.6", "is_software":true,
 *	 "width":1920, "height":1080, "rounds":15,
 *	 "upload_ms":3.921, "draw_ms":2.06, "readback_ms":1.402, "problem":""}
 *
 * The figures are medians. "upload_ms": a whole picture handed over by glTexSubImage2D until it is
 * drawn; "draw_ms": drawing alone; "readback_ms": the whole picture by glReadPixels, as mutter does
 * for a screen cast. Rounds end when another one would take them beyond two seconds. "mesa" is ""
 * when another one's driver draws. "is_software" stands for Windows' WARP too.
 *
 * When "ok" is false "problem" is a sentence for people without its full stop, and what is not
 *known is missing or 0. What comes back must be what went up, or else it is a failure:
 *
 *	{"ok":false, "problem":"EGL does not start with GALLIUM_DRIVER=d3d12 (EGL_NOT_INITIALIZED)"}
 *
 * Exit code: 0 when a report was written, whatever it says; 1 when it could not be; 2 for a mistake
 * in the arguments. */
#include "canvas.h"
#include "core/picture.h"
#include "core/utf8.h"
#include "core/verdict.h"
#include "sys/cleanup.h"
#include "sys/clock.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MIN_DIMENSION 16
#define MAX_ROUNDS    15
#define BUDGET_US     (2 * USEC_PER_SEC)
#define TOLERANCE     1 /* of a channel's 256 steps */

struct arguments {
	uint32_t width_px, height_px;
	int fd;
};

enum figure { UPLOAD, DRAW, READBACK, FIGURE_COUNT };

struct findings {
	struct canvas canvas;
	char problem[256];
	size_t rounds;
	uint64_t took_us[FIGURE_COUNT][MAX_ROUNDS];
};

static const char usage[] =
	"Usage: helix-glprobe [--size WxH] [--fd N] | --help | --version\n"
	"\n"
	"The part of Helix that tries what draws the desktop, and how fast a picture goes up to it and\n"
	"comes back. helix-agent starts it; by hand, GALLIUM_DRIVER=d3d12 and the like say what to try.\n"
	"\n"
	"  --size WxH  of the picture (default 1920x1080)\n"
	"  --fd N      where the report goes, as JSON (default 1)\n"
	"  --help      this text\n"
	"  --version   the version\n";

static int parse_number(const char *text, long min, long max, long *ret_number)
{
	char *end;

	errno = 0;
	long number = strtol(text, &end, 10);
	if (errno || *text < '0' || *text > '9' || *end || number < min || number > max)
		return -EINVAL;
	*ret_number = number;
	return 0;
}

static int parse_size(const char *text, struct arguments *args)
{
	const char *x = strchr(text, 'x');
	char digits[8];
	long width, height;

	if (!x || (size_t)(x - text) >= sizeof digits)
		return -EINVAL;
	snprintf(digits, sizeof digits, "%.*s", (int)(x - text), text);
	if (parse_number(digits, MIN_DIMENSION, PICTURE_MAX_DIMENSION, &width) < 0 ||
		parse_number(x + 1, MIN_DIMENSION, PICTURE_MAX_DIMENSION, &height) < 0)
		return -EINVAL;
	args->width_px = (uint32_t)width;
	args->height_px = (uint32_t)height;
	return 0;
}

static int parse_fd(const char *text, int *ret_fd)
{
	long fd;

	int r = parse_number(text, 0, INT_MAX, &fd);
	if (r == 0)
		*ret_fd = (int)fd;
	return r;
}

/* 0: go on; 1: all is said; -EINVAL: a mistake, told on stderr. */
static int parse_arguments(int argc, char **argv, struct arguments *args)
{
	static const struct option options[] = {
		{ "size", required_argument, NULL, 's' },
		{ "fd", required_argument, NULL, 'f' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'v' },
		{ 0 },
	};
	int option, row = 0;

	while ((option = getopt_long(argc, argv, "", options, &row)) != -1) {
		switch (option) {
		case 'h': fputs(usage, stdout); return 1;
		case 'v': puts("helix-glprobe " HELIX_VERSION); return 1;
		case 's':
			if (parse_size(optarg, args) == 0)
				continue;
			break;
		case 'f':
			if (parse_fd(optarg, &args->fd) == 0)
				continue;
			break;
		default: return -EINVAL;
		}
		fprintf(stderr, "helix-glprobe: --%s does not take '%s'\n", options[row].name,
			optarg);
		return -EINVAL;
	}
	if (optind < argc) {
		fprintf(stderr, "helix-glprobe: what is '%s'? See --help.\n", argv[optind]);
		return -EINVAL;
	}
	return 0;
}

/* A picture that no other round has, and in which no pixel is like its neighbours. */
static void fill(uint8_t *pixels, size_t size, size_t round)
{
	uint32_t state = (uint32_t)round * 2654435761u + 1;

	for (size_t i = 0; i < size; i += 4) {
		state = state * 1664525u + 1013904223u;
		uint32_t pixel = state ^ state >> 16;
		memcpy(pixels + i, &pixel, 4);
	}
}

static bool is_same(const uint8_t *a, const uint8_t *b, size_t size)
{
	if (!memcmp(a, b, size))
		return true;
	for (size_t i = 0; i < size; i++)
		if (abs(a[i] - b[i]) > TOLERANCE)
			return false;
	return true;
}

static int run_round(struct findings *f, uint8_t *up, uint8_t *back, size_t size)
{
	uint64_t at_us[FIGURE_COUNT + 1];

	fill(up, size, f->rounds);
	at_us[UPLOAD] = clock_now_us();
	canvas_upload(&f->canvas, up);
	at_us[DRAW] = clock_now_us();
	canvas_draw(&f->canvas);
	at_us[READBACK] = clock_now_us();
	canvas_read(&f->canvas, back);
	at_us[FIGURE_COUNT] = clock_now_us();

	int r = canvas_check(f->problem);
	if (r < 0)
		return r;
	if (!is_same(up, back, size)) {
		snprintf(f->problem, sizeof f->problem, "the picture that came back is wrong");
		return -EIO;
	}
	for (size_t i = 0; i < FIGURE_COUNT; i++)
		f->took_us[i][f->rounds] = at_us[i + 1] - at_us[i];
	f->rounds++;
	return 0;
}

static int run_rounds(struct findings *f)
{
	size_t size = (size_t)f->canvas.width_px * f->canvas.height_px * 4;
	autofree uint8_t *pictures = calloc(2, size);
	uint64_t begin_us = clock_now_us(), now_us = begin_us, last_us;

	if (!pictures) {
		snprintf(f->problem, sizeof f->problem, "there is no memory for two pictures");
		return -ENOMEM;
	}
	do {
		int r = run_round(f, pictures, pictures + size, size);
		if (r < 0)
			return r;
		last_us = clock_now_us() - now_us;
		now_us += last_us;
	} while (f->rounds < MAX_ROUNDS && now_us + last_us < begin_us + BUDGET_US);
	return 0;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* The first round is left out where there are others: it compiles shaders and makes room. */
static double median_ms(const struct findings *f, enum figure figure)
{
	uint64_t sorted[MAX_ROUNDS];
	size_t from = f->rounds > 1 ? 1 : 0, count = f->rounds - from;

	memcpy(sorted, f->took_us[figure] + from, count * sizeof *sorted);
	qsort(sorted, count, sizeof *sorted, compare);
	size_t middle = count / 2;
	return count ? (double)sorted[middle] / 1e3 : 0;
}

/* Foreign text, up to `size` bytes of it. */
static void add_text(cJSON *report, const char *name, const char *text, size_t size)
{
	char clean[256];

	utf8_copy_clean(clean, size < sizeof clean ? size + 1 : sizeof clean, text);
	cJSON_AddStringToObject(report, name, clean);
}

/* "22.3.6" of "OpenGL ES 3.2 Mesa 22.3.6 (git-...)". */
static void add_mesa(cJSON *report, const char *version)
{
	const char *mesa = strstr(version, "Mesa ");

	mesa = mesa ? mesa + 5 : "";
	size_t length = strcspn(mesa, " ");
	add_text(report, "mesa", mesa, length < 40 ? length : 40);
}

static cJSON *make_report(const struct findings *f, bool ok)
{
	const struct canvas *canvas = &f->canvas;
	cJSON *report = cJSON_CreateObject();

	cJSON_AddBoolToObject(report, "ok", ok);
	if (canvas->renderer && canvas->vendor && canvas->version) {
		add_text(report, "renderer", canvas->renderer, 150);
		add_text(report, "vendor", canvas->vendor, 60);
		add_text(report, "version", canvas->version, 120);
		add_mesa(report, canvas->version);
		cJSON_AddBoolToObject(report, "is_software", gl_is_software(canvas->renderer));
	}
	if (f->rounds) {
		cJSON_AddNumberToObject(report, "width", canvas->width_px);
		cJSON_AddNumberToObject(report, "height", canvas->height_px);
		cJSON_AddNumberToObject(report, "rounds", (double)f->rounds);
		cJSON_AddNumberToObject(report, "upload_ms", median_ms(f, UPLOAD));
		cJSON_AddNumberToObject(report, "draw_ms", median_ms(f, DRAW));
		cJSON_AddNumberToObject(report, "readback_ms", median_ms(f, READBACK));
	}
	add_text(report, "problem", ok ? "" : f->problem, sizeof f->problem);
	return report;
}

static int write_report(const struct findings *f, bool ok, int fd)
{
	cJSON *report = make_report(f, ok);
	autofree char *text = cJSON_PrintUnformatted(report);
	cJSON_Delete(report);
	if (!text)
		return -ENOMEM;

	size_t size = strlen(text);
	text[size++] = '\n'; /* the NUL's place */
	for (size_t sent = 0; sent < size;) {
		ssize_t n = write(fd, text + sent, size - sent);

		if (n < 0 && errno != EINTR)
			return -errno;
		sent += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

int main(int argc, char **argv)
{
	static struct findings findings;
	struct arguments args = { .width_px = 1920, .height_px = 1080, .fd = STDOUT_FILENO };

	int r = parse_arguments(argc, argv, &args);
	if (r)
		return r < 0 ? 2 : 0;

	/* Drivers print to stdout what they like. */
	int fd = dup(args.fd);
	dup2(STDERR_FILENO, STDOUT_FILENO);
	r = canvas_init(&findings.canvas, args.width_px, args.height_px, findings.problem);
	if (r == 0)
		r = run_rounds(&findings);
	r = write_report(&findings, r == 0, fd);
	if (r < 0)
		fprintf(stderr, "helix-glprobe: there is no report: %s\n", strerror(-r));
	/* A driver may crash or hang on the way out. */
	_exit(r < 0 ? 1 : 0);
}
