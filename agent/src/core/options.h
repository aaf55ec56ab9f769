/* The agent's settings: one table that drives the command line, the environment, the configuration
 * file and the help text.
 *
 *	--bitrate 8000		on the command line
 *	HELIX_BITRATE=8000	in the environment
 *	[stream] bitrate=8000	in the file
 *
 * The command line wins over the environment, and that over the file.
 *
 * Threads: before the loop runs. Ownership: the struct owns its strings. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define OPTIONS_MAX_LIST   16
#define OPTIONS_ERROR_SIZE 256

struct option_list {
	size_t count;
	char *items[OPTIONS_MAX_LIST + 1]; /* NULL-terminated */
};

/* Where a value came from; a weaker source does not overwrite a stronger one. */
enum option_source {
	OPTION_DEFAULT,
	OPTION_FILE,
	OPTION_USER_FILE,
	OPTION_ENVIRONMENT,
	OPTION_COMMAND_LINE
};

struct options {
	char *listen_address;
	uint16_t listen_port;
	bool allow_remote;
	struct option_list allow_hosts;
	struct option_list allow_origins;
	char *token, *view_token; /* "" = make one up; "" = nobody */
	uint32_t max_viewers;

	uint32_t session;    /* enum session_kind */
	uint32_t system_bus; /* enum session_system_bus */
	struct option_list apps;

	uint32_t width_px, height_px;
	uint32_t fps;
	uint32_t bitrate_kbit;
	char *encoder, *gpu;

	uint32_t log_level; /* enum log_level */
	bool leash;
	uint32_t leash_timeout_s; /* 0 = none */
	bool human, json;

	enum option_source sources[32]; /* by the option's place in the table */
};

/* One row, for listing. */
struct option_info {
	const char *name;        /* "bitrate": also HELIX_BITRATE and the key in the file */
	const char *section;     /* of the file; NULL = not allowed there */
	const char *placeholder; /* "KBIT"; NULL for a switch */
	const char *help;
};

/* All defaults. 0 or -ENOMEM. */
int options_init(struct options *options);
void options_done(struct options *options);

/* Set one option by its name. -ENOENT: there is none (of that section, where section is not NULL).
 * -EINVAL: the value is not allowed. In both cases `error` says what would be. A list grows with
 * each call, but a stronger source starts it anew. NULL as value: a switch without one. */
int options_set(struct options *options, enum option_source source, const char *section,
	const char *name, const char *value, char error[OPTIONS_ERROR_SIZE]);

/* Apply argv[1..] ("--name value", "--name=value", "--switch", "--no-switch"). 0, or -EINVAL with
 * the sentence in `error`. */
int options_parse_arguments(
	struct options *options, int argc, const char *const *argv, char error[OPTIONS_ERROR_SIZE]);

/* Apply every HELIX_* variable; unknown ones are errors. HELIX_CONFIG is the caller's. */
int options_parse_environment(
	struct options *options, const char *const *environment, char error[OPTIONS_ERROR_SIZE]);

/* Call `each` with the rows in order. */
void options_each(void (*each)(void *owner, const struct option_info *info), void *owner);

/* Print the effective settings in the format of the file, with where each came from as a comment.
 * Tokens are not printed. */
void options_print(const struct options *options, FILE *out);

/* Print the help text of all options. */
void options_print_help(FILE *out);
