/* helix-encoder: pictures in, H.264 out, in a process that may die. */
#include "core/link.h"
#include "encoders.h"
#include "probe.h"
#include "service.h"
#include "sys/log.h"
#include "va_report.h"
#include "va_without_drm.h"

#include <errno.h>
#include <getopt.h>
#include <gst/gst.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_FD           3
#define MIN_DIMENSION        16
#define MMAP_THRESHOLD_BYTES (128 << 10)

struct arguments {
	int fd; /* -1: not said */
	bool list, va, va_without_drm;
	struct probe_request probe; /* without an element: no probe */
};

static const char usage[] =
	"Usage: helix-encoder [--fd N] [--va-without-drm] [--log-level LEVEL]\n"
	"       helix-encoder --probe ELEMENT [--size WxH] [--fps N] [--bitrate KBIT] ...\n"
	"       helix-encoder --va | --list | --help | --version\n"
	"\n"
	"The part of Helix that encodes pictures. helix-agent starts it; by hand it is of use to see\n"
	"what an encoder does.\n"
	"\n"
	"  --fd N             the socket that leads to the agent (default 3), or where the report of\n"
	"                     --probe or --va goes (default 1)\n"
	"  --va-without-drm   let VA run on D3D12 where the kernel has no DRM\n"
	"  --log-level LEVEL  error, warn, info (default), debug or trace\n"
	"  --probe ELEMENT    encode some pictures, look at them, and report as JSON\n"
	"  --size WxH         of these pictures (default 1280x720)\n"
	"  --fps N            the pictures per second that the encoder is told (default 60)\n"
	"  --bitrate KBIT     and the bitrate in kbit/s (default 8000)\n"
	"  --va               report as JSON what VA offers on $GST_VAAPI_DRM_DEVICE, or else on the\n"
	"                     first render node\n"
	"  --list             the encoders that it knows, and whether they are installed\n"
	"  --help             this text\n"
	"  --version          the version\n";

static int parse_number(const char *text, long min, long max, uint32_t *ret_number)
{
	char *end;

	errno = 0;
	long value = strtol(text, &end, 10);
	if (errno || end == text || *end || value < min || value > max)
		return -EINVAL;
	*ret_number = (uint32_t)value;
	return 0;
}

static int parse_fd(const char *text, int *ret_fd)
{
	uint32_t fd;

	int r = parse_number(text, 0, INT32_MAX, &fd);
	if (r == 0)
		*ret_fd = (int)fd;
	return r;
}

static int parse_size(const char *text, struct probe_request *request)
{
	const char *x = strchr(text, 'x');
	char width[8];

	if (!x || (size_t)(x - text) >= sizeof width)
		return -EINVAL;
	snprintf(width, sizeof width, "%.*s", (int)(x - text), text);
	int r = parse_number(width, MIN_DIMENSION, PICTURE_MAX_DIMENSION, &request->width_px);
	if (r < 0)
		return r;
	return parse_number(x + 1, MIN_DIMENSION, PICTURE_MAX_DIMENSION, &request->height_px);
}

static int parse_log_level(const char *text)
{
	enum log_level level;

	int r = log_level_from_string(text, &level);
	if (r == 0)
		log_set_level(level);
	return r;
}

static const struct option options[] = {
	{ "fd", required_argument, NULL, 'f' },
	{ "log-level", required_argument, NULL, 'l' },
	{ "probe", required_argument, NULL, 'p' },
	{ "size", required_argument, NULL, 's' },
	{ "fps", required_argument, NULL, 'r' },
	{ "bitrate", required_argument, NULL, 'b' },
	{ "va", no_argument, NULL, 'V' },
	{ "va-without-drm", no_argument, NULL, 'd' },
	{ "list", no_argument, NULL, 'L' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'v' },
	{ 0 },
};

static int apply(int option, struct arguments *args)
{
	struct probe_request *probe = &args->probe;

	switch (option) {
	case 'f': return parse_fd(optarg, &args->fd);
	case 'l': return parse_log_level(optarg);
	case 'p': probe->element = optarg; return 0;
	case 's': return parse_size(optarg, probe);
	case 'r': return parse_number(optarg, 1, LINK_MAX_FPS, &probe->max_fps);
	case 'b': return parse_number(optarg, 1, LINK_MAX_BITRATE_KBIT, &probe->bitrate_kbit);
	case 'V': args->va = true; return 0;
	case 'd': args->va_without_drm = true; return 0;
	case 'L': args->list = true; return 0;
	default: return -EINVAL;
	}
}

/* 0: go on; 1: all is said; -EINVAL: a mistake, told on stderr. */
static int parse_arguments(int argc, char **argv, struct arguments *args)
{
	int option, row = 0;

	while ((option = getopt_long(argc, argv, "", options, &row)) != -1) {
		switch (option) {
		case '?': return -EINVAL;
		case 'h': fputs(usage, stdout); return 1;
		case 'v': puts("helix-encoder " HELIX_VERSION); return 1;
		default:
			if (apply(option, args) == 0)
				break;
			fprintf(stderr, "helix-encoder: --%s does not take '%s'\n",
				options[row].name, optarg);
			return -EINVAL;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "helix-encoder: what is '%s'? See --help.\n", argv[optind]);
		return -EINVAL;
	}
	return 0;
}

static void list_encoders(void)
{
	const struct encoder *encoder;

	for (size_t i = 0; (encoder = encoder_known(i)); i++)
		printf("%-16s %-14s %s\n", encoder->element,
			encoder_is_installed(encoder) ? "installed" : "not-installed",
			encoder->title);
}

static int serve(int fd)
{
	struct service service;

	service_init(&service, fd);
	int r = service_run(&service);
	service_done(&service);
	if (r < 0)
		log_error("main: the link to the agent is broken: %s", strerror(-r));
	return r;
}

static int start_gstreamer(void)
{
	GError *error = NULL;

	if (gst_init_check(NULL, NULL, &error))
		return 0;
	log_error("main: GStreamer does not start: %s", error ? error->message : "no reason given");
	g_clear_error(&error);
	return -EIO;
}

static int report_va(int fd)
{
	struct va_report report;
	char device[256];

	va_report_device(NULL, device, sizeof device);
	va_report_make(device, &report);
	return va_report_print(&report, fd);
}

/* The rest of the process, which ends here: a driver that has failed may crash or hang on the way
 * out, but what was found out about it is told by then. */
static _Noreturn void report(struct arguments *args)
{
	/* Libraries and drivers print to stdout what they like. */
	int fd = args->fd >= 0 ? args->fd : dup(STDOUT_FILENO), r = fd < 0 ? -errno : 0;

	dup2(STDERR_FILENO, STDOUT_FILENO);
	args->probe.fd = fd;
	if (r == 0 && args->va)
		r = report_va(fd);
	else if (r == 0 && (r = start_gstreamer()) == 0)
		r = probe_run(&args->probe);
	if (r < 0)
		log_error("main: there is no report: %s", strerror(-r));
	_exit(r < 0 ? 1 : 0);
}

int main(int argc, char **argv)
{
	struct arguments args = {
		.fd = -1,
		.probe = { NULL, 1280, 720, 60, 8000, -1 },
	};

	int r = parse_arguments(argc, argv, &args);
	if (r)
		return r < 0 ? 2 : 0;

	/* glibc raises this after the first freed picture, and then each rebuild leaves holes: 129
	 * MB after 500 of them, against 52. */
	mallopt(M_MMAP_THRESHOLD, MMAP_THRESHOLD_BYTES);

	if (args.va_without_drm)
		va_without_drm_enable();
	if (args.va || args.probe.element)
		report(&args);
	if (start_gstreamer() < 0)
		return 1;
	if (args.list)
		list_encoders();
	else
		r = serve(args.fd >= 0 ? args.fd : DEFAULT_FD);
	gst_deinit();
	return r < 0 ? 1 : 0;
}
