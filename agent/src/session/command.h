/* The command line of each service, and the package to install where its program is missing. */
#pragma once

#include "session/plan.h"
#include "session/session.h"

#include <stdbool.h>

#define COMMAND_MAX_ARGS 8

struct command {
	const char *argv[COMMAND_MAX_ARGS + 1];
	char config[128]; /* backs one of them */
};

/* What the lines depend on. */
struct command_facts {
	enum session_kind kind; /* SESSION_GNOME or SESSION_MUTTER */
	const char *runtime_dir;
	const char *helix_portal; /* path of the program */
	bool has_x11;             /* Xwayland is there and can have its socket */
};

/* True when a program of that name is in PATH, or is that path. */
bool command_exists(const char *program);

/* -ENOENT when the program is not installed, with a sentence for people in ret_text (static). */
int command_make(struct command *command, enum service_id id, const struct command_facts *facts,
	const char **ret_text);
