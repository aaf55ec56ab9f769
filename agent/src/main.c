/* helix-agent: a Linux desktop for a browser. This file reads the command line. */
#include "agent.h"
#include "config_file.h"
#include "core/candidates.h"
#include "core/guard.h"
#include "doctor/doctor.h"
#include "programs.h"
#include "screenshot.h"
#include "state.h"
#include "sys/keeper.h"
#include "sys/log.h"
#include "sys/xdg.h"
#include "tunnel.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXIT_USAGE    2
#define SYSTEM_CONFIG "/etc/helix.conf"
#define USER_CONFIG   "/helix.conf"

extern char **environ;

static void print_help(FILE *out)
{
	fputs("helix-agent " HELIX_VERSION " - a Linux desktop for a browser\n"
	      "\n"
	      "  helix-agent [run] [OPTION...]     start a desktop and serve it\n"
	      "  helix-agent screenshot FILE       save a running desktop's picture as PNG\n"
	      "  helix-agent doctor [OPTION...]    what works on this machine, and what to do about the rest\n"
	      "  helix-agent encoders [OPTION...]  try the encoders, the best first\n"
	      "  helix-agent adapters [OPTION...]  the GPUs that --gpu can name\n"
	      "  helix-agent config [OPTION...]    print the effective settings\n"
	      "  helix-agent tunnel --port N       connections to 127.0.0.1:N through stdin and stdout, for Helix.exe\n"
	      "  helix-agent --help | --version\n"
	      "\n",
		out);
	options_print_help(out);
	fputs("\n"
	      "Each option can also stand in the environment (--log-level as HELIX_LOG_LEVEL) and in\n"
	      "~/.config/helix.conf and /etc/helix.conf, or in the file that HELIX_CONFIG names instead;\n"
	      "`helix-agent config` prints that format. The command line wins over the environment, that\n"
	      "over your file, and that over the one in /etc.\n",
		out);
}

/* A file that need not be there, unless it was named. */
static int read_config_file(struct options *options, enum option_source source, const char *path,
	bool was_named, char error[OPTIONS_ERROR_SIZE])
{
	int r = config_file_apply(options, source, path, error);

	if (r == -EINVAL || r == 0)
		return r;
	if (!was_named && (r == -ENOENT || r == -ENOTDIR))
		return 0;
	snprintf(error, OPTIONS_ERROR_SIZE, "%.120s: %s", path, strerror(-r));
	return -EINVAL;
}

static int read_config_files(struct options *options, char error[OPTIONS_ERROR_SIZE])
{
	const char *named = getenv("HELIX_CONFIG");
	char directory[PATH_MAX], path[PATH_MAX + sizeof USER_CONFIG];

	if (named && *named)
		return read_config_file(options, OPTION_FILE, named, true, error);
	int r = read_config_file(options, OPTION_FILE, SYSTEM_CONFIG, false, error);
	if (r >= 0 && xdg_directory("XDG_CONFIG_HOME", ".config", directory, sizeof directory)) {
		snprintf(path, sizeof path, "%s" USER_CONFIG, directory);
		r = read_config_file(options, OPTION_USER_FILE, path, false, error);
	}
	return r;
}

static int check(const struct options *options, char error[OPTIONS_ERROR_SIZE])
{
	const char *const tokens[] = { options->token, options->view_token };

	for (size_t i = 0; i < 2; i++)
		if (*tokens[i] && !guard_token_is_valid(tokens[i])) {
			snprintf(error, OPTIONS_ERROR_SIZE,
				"%s: expected %d to %d letters, digits, - or _",
				i ? "view-token" : "token", GUARD_MIN_TOKEN, GUARD_MAX_TOKEN);
			return -EINVAL;
		}
	if (*options->token && !strcmp(options->token, options->view_token)) {
		snprintf(error, OPTIONS_ERROR_SIZE, "token and view-token must differ");
		return -EINVAL;
	}
	if (options->leash_timeout_s && !options->leash) {
		snprintf(error, OPTIONS_ERROR_SIZE, "leash-timeout is of use only with --leash");
		return -EINVAL;
	}
	if (!candidates_knows(options->encoder)) {
		snprintf(error, OPTIONS_ERROR_SIZE,
			"encoder=%.60s: there is no such encoder; auto lets Helix choose, and "
			"`helix-agent encoders` lists them",
			options->encoder);
		return -EINVAL;
	}
	if (!guard_is_loopback(options->listen_address) && !options->allow_remote) {
		snprintf(error, OPTIONS_ERROR_SIZE,
			"listen=%.60s: other machines could reach this, and the connection is not encrypted; "
			"say --allow-remote if that is meant, or keep 127.0.0.1 and use an SSH tunnel",
			options->listen_address);
		return -EINVAL;
	}
	return 0;
}

static int read_options(struct options *options, int argc, const char *const *argv)
{
	char error[OPTIONS_ERROR_SIZE] = "out of memory";

	int r = options_init(options);
	if (r >= 0)
		r = read_config_files(options, error);
	if (r >= 0)
		r = options_parse_environment(options, (const char *const *)environ, error);
	if (r >= 0)
		r = options_parse_arguments(options, argc, argv, error);
	if (r >= 0)
		r = check(options, error);
	if (r < 0) {
		fprintf(stderr, "helix-agent: %s\n", error);
		return EXIT_USAGE;
	}
	log_set_level((enum log_level)options->log_level);
	return 0;
}

static int run(const struct options *options)
{
	const char *runtime_dir;
	int r = keeper_fork(&runtime_dir);

	if (r < 0) {
		fprintf(stderr, "helix-agent: cannot start: %s\n", strerror(-r));
		return EXIT_FAILURE;
	}
	r = agent_run(options, runtime_dir);
	keeper_done();
	return r;
}

static const char *find(const char *name, char path[PATH_MAX])
{
	return programs_find(name, path, PATH_MAX) == 0 ? path : NULL;
}

static int examine(const struct options *o, int (*doctor)(const struct doctor_options *options))
{
	char encoder[PATH_MAX], gl[PATH_MAX], portal[PATH_MAX], directory[PATH_MAX];
	bool has_directory = state_directory(directory, sizeof directory) >= 0;

	return doctor(&(struct doctor_options){
		.encoder_program = find("helix-encoder", encoder),
		.gl_program = find("helix-glprobe", gl),
		.portal_program = find("helix-portal", portal),
		.cache_fallback = has_directory ? directory : NULL,
		.listen_address = o->listen_address,
		.listen_port = o->listen_port,
		.encoder = o->encoder,
		.gpu = o->gpu,
		.width_px = o->width_px,
		.height_px = o->height_px,
		.fps = o->fps,
		.bitrate_kbit = o->bitrate_kbit,
		.json = o->json,
	});
}

static int examine_all(const struct options *options)
{
	return examine(options, doctor_run);
}

static int examine_encoders(const struct options *options)
{
	return examine(options, doctor_encoders);
}

static int examine_adapters(const struct options *options)
{
	return examine(options, doctor_adapters);
}

static int take_screenshot(int argc, const char *const *argv)
{
	struct options options;

	if (argc < 2 || !strncmp(argv[1], "--", 2)) {
		fputs("helix-agent: screenshot needs a file name; - is standard output\n", stderr);
		return EXIT_USAGE;
	}
	int r = read_options(&options, argc - 1, argv + 1);
	if (r == 0)
		r = screenshot_take(argv[1], options.listen_port, options.token);
	options_done(&options);
	return r;
}

static int print_config(const struct options *options)
{
	options_print(options, stdout);
	return EXIT_SUCCESS;
}

/* Those that take settings, and those that have a command line of their own. */
static const struct command {
	const char *name;
	int (*run)(const struct options *options);
	int (*main)(int argc, const char *const *argv);
} commands[] = {
	{ .name = "run", .run = run },
	{ .name = "config", .run = print_config },
	{ .name = "doctor", .run = examine_all },
	{ .name = "encoders", .run = examine_encoders },
	{ .name = "adapters", .run = examine_adapters },
	{ .name = "screenshot", .main = take_screenshot },
	{ .name = "tunnel", .main = tunnel_main },
};

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}

int main(int argc, char **argv)
{
	const char *const *arguments = (const char *const *)argv;
	const char *name = argc > 1 && argv[1][0] != '-' ? argv[1] : "run";
	struct options options;

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h")) {
			print_help(stdout);
			return EXIT_SUCCESS;
		}
		if (!strcmp(argv[i], "--version")) {
			puts("helix-agent " HELIX_VERSION);
			return EXIT_SUCCESS;
		}
	}
	if (argc > 1 && argv[1][0] != '-') {
		argc--;
		arguments++;
	}
	const struct command *command = find_command(name);
	if (!command) {
		fprintf(stderr, "helix-agent: %s: there is no such command; see --help\n", name);
		return EXIT_USAGE;
	}
	if (command->main)
		return command->main(argc, arguments);
	int r = read_options(&options, argc, arguments);
	if (r == 0)
		r = command->run(&options);
	options_done(&options);
	return r;
}
