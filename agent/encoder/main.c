/* helix-encoder: pictures in, H.264 out, in a process that may die. */
#include "encoders.h"
#include "service.h"
#include "sys/log.h"

#include <errno.h>
#include <getopt.h>
#include <gst/gst.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_FD           3
#define MMAP_THRESHOLD_BYTES (128 << 10)

struct arguments {
	int fd;
	bool list;
};

static const char usage[] =
	"Usage: helix-encoder [--fd N] [--log-level LEVEL]\n"
	"       helix-encoder --list | --help | --version\n"
	"\n"
	"The part of Helix that encodes pictures. helix-agent starts it; by hand it is of little use.\n"
	"\n"
	"  --fd N             the socket that leads to the agent (default 3)\n"
	"  --log-level LEVEL  error, warn, info (default), debug or trace\n"
	"  --list             the encoders that it knows, and whether they are installed\n"
	"  --help             this text\n"
	"  --version          the version\n";

static int parse_fd(const char *text, int *ret_fd)
{
	char *end;

	errno = 0;
	long value = strtol(text, &end, 10);
	if (errno || end == text || *end || value < 0 || value > INT32_MAX)
		return -EINVAL;
	*ret_fd = (int)value;
	return 0;
}

/* 0: go on; 1: all is said; -EINVAL: a mistake, told on stderr. */
static int parse_arguments(int argc, char **argv, struct arguments *args)
{
	static const struct option options[] = {
		{ "fd", required_argument, NULL, 'f' },
		{ "log-level", required_argument, NULL, 'l' },
		{ "list", no_argument, NULL, 'L' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'v' },
		{ 0 },
	};
	enum log_level level;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'f':
			if (parse_fd(optarg, &args->fd) == 0)
				break;
			fprintf(stderr, "helix-encoder: --fd takes a number, not '%s'\n", optarg);
			return -EINVAL;
		case 'l':
			if (log_level_from_string(optarg, &level) == 0) {
				log_set_level(level);
				break;
			}
			fprintf(stderr, "helix-encoder: there is no log level '%s'\n", optarg);
			return -EINVAL;
		case 'L': args->list = true; break;
		case 'h': fputs(usage, stdout); return 1;
		case 'v': puts("helix-encoder " HELIX_VERSION); return 1;
		default: return -EINVAL;
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

	for (size_t i = 0; (encoder = encoder_choose("auto", i)); i++)
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

int main(int argc, char **argv)
{
	struct arguments args = { .fd = DEFAULT_FD };

	int r = parse_arguments(argc, argv, &args);
	if (r)
		return r < 0 ? 2 : 0;

	/* glibc raises this after the first freed picture, and then each rebuild leaves holes: 129
	 * MB after 500 of them, against 52. */
	mallopt(M_MMAP_THRESHOLD, MMAP_THRESHOLD_BYTES);

	GError *error = NULL;
	if (!gst_init_check(NULL, NULL, &error)) {
		log_error("main: GStreamer does not start: %s",
			error ? error->message : "no reason given");
		g_clear_error(&error);
		return 1;
	}
	if (args.list)
		list_encoders();
	else
		r = serve(args.fd);
	gst_deinit();
	return r < 0 ? 1 : 0;
}
