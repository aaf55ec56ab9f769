#include "core/options.h"

#include "core/text.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define MAX_NAME 64

enum kind { KIND_TEXT, KIND_SWITCH, KIND_ACTION };

struct row {
	const char *name;
	enum kind kind;
	size_t offset; /* of a text or a switch in struct options */
	enum options_action action;
	const char *needs; /* a text's value, as an error says it */
};

#define FIELD(field) offsetof(struct options, field)

static const struct row table[] = {
	{ "--image", KIND_TEXT, FIELD(image), ACTION_OPEN, "a file" },
	{ "--manifest", KIND_TEXT, FIELD(manifest), ACTION_OPEN, "a URL or a file" },
	{ "--data", KIND_TEXT, FIELD(data), ACTION_OPEN, "a directory" },
	{ "--name", KIND_TEXT, FIELD(name), ACTION_OPEN, "a name" },
	{ "--yes", KIND_SWITCH, FIELD(yes), ACTION_OPEN, NULL },
	{ "--browser", KIND_SWITCH, FIELD(browser), ACTION_OPEN, NULL },
	{ "--tunnel", KIND_SWITCH, FIELD(tunnel), ACTION_OPEN, NULL },
	{ "--update", KIND_SWITCH, FIELD(update), ACTION_OPEN, NULL },
	{ "--diagnose", KIND_ACTION, 0, ACTION_DIAGNOSE, NULL },
	{ "--uninstall", KIND_ACTION, 0, ACTION_UNINSTALL, NULL },
	{ "--version", KIND_ACTION, 0, ACTION_VERSION, NULL },
	{ "--help", KIND_ACTION, 0, ACTION_HELP, NULL },
	{ "-h", KIND_ACTION, 0, ACTION_HELP, NULL },
};

struct parser {
	struct options options;
	const char *const *argv;
	int argc, at;
	char *error;
	size_t error_size;
};

/* `before`, `length` bytes of the argument as far as one line can show them, `after`. */
static bool refuse(struct parser *p, const char *before, const char *argument, size_t length,
	const char *after)
{
	char shown[81];

	text_from_console((const uint8_t *)argument, length, shown, sizeof shown);
	for (char *c = shown; *c; c++) {
		if (*c == '\n' || *c == '\t')
			*c = ' ';
	}
	snprintf(p->error, p->error_size, "%s%s%s", before, shown, after);
	return false;
}

static bool set_action(struct parser *p, const struct row *row)
{
	enum options_action *action = &p->options.action;

	if (*action != ACTION_OPEN && *action != row->action && *action != ACTION_HELP &&
		row->action != ACTION_HELP)
		return refuse(p, "", row->name, strlen(row->name),
			" does not go together with what was asked for before it.");
	if (*action != ACTION_HELP)
		*action = row->action;
	return true;
}

static bool set_text(struct parser *p, const struct row *row, const char *value)
{
	if (!value && p->at + 1 < p->argc && strncmp(p->argv[p->at + 1], "--", 2) != 0)
		value = p->argv[++p->at];
	if (!value || !*value) {
		snprintf(p->error, p->error_size, "%s needs %s.", row->name, row->needs);
		return false;
	}
	memcpy((char *)&p->options + row->offset, &value, sizeof value);
	return true;
}

/* `value` is what stands behind "=", or NULL. */
static bool set(struct parser *p, const struct row *row, const char *value)
{
	if (value && row->kind != KIND_TEXT)
		return refuse(p, "", row->name, strlen(row->name), " takes no value.");
	switch (row->kind) {
	case KIND_TEXT: return set_text(p, row, value);
	case KIND_SWITCH:
		memcpy((char *)&p->options + row->offset, &(bool){ true }, sizeof(bool));
		return true;
	case KIND_ACTION: return set_action(p, row);
	}
	return false;
}

static bool has_ending(const char *path, const char *ending)
{
	size_t length = strlen(path), size = strlen(ending);

	if (length <= size)
		return false;
	for (const char *c = path + length - size; *c; c++, ending++) {
		if (*c != *ending && !(*c >= 'A' && *c <= 'Z' && *c + ('a' - 'A') == *ending))
			return false;
	}
	return true;
}

/* A file that was dropped on Helix.exe, or opened with it. */
static bool set_dropped(struct parser *p, const char *path)
{
	if (!has_ending(path, ".wsl") && !has_ending(path, ".tar.gz"))
		return refuse(p, "\"", path, strlen(path),
			"\" is no image: those end in .wsl or .tar.gz.");
	if (p->options.image)
		return refuse(p, "\"", path, strlen(path), "\" is one image too many.");
	p->options.image = path;
	return true;
}

static bool parse_argument(struct parser *p, const char *argument)
{
	size_t length = strcspn(argument, "=");
	const char *value = argument[length] ? argument + length + 1 : NULL;

	if (*argument != '-')
		return set_dropped(p, argument);
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		if (strlen(table[i].name) == length && !memcmp(table[i].name, argument, length))
			return set(p, &table[i], value);
	}
	return refuse(p, "There is no option ", argument, length, "; --help says which there are.");
}

/* wsl.exe takes what begins with "-" for an option of its own, and a directory is called like it.
 */
static bool check_name(struct parser *p)
{
	static const char allowed[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
	const char *name = p->options.name;
	size_t length = strlen(name);

	if (length > 0 && length <= MAX_NAME && strspn(name, allowed) == length && *name != '-' &&
		*name != '.')
		return true;
	return refuse(p, "\"", name, length,
		"\" is no name: 1 to 64 letters, digits, \".\", \"_\" and \"-\", with a letter, "
		"digit or \"_\" first.");
}

bool options_parse(struct options *ret_options, int argc, const char *const *argv, char *error,
	size_t error_size)
{
	struct parser p = {
		.options = { .action = ACTION_OPEN, .name = "Helix" },
		.argv = argv,
		.argc = argc,
		.error = error,
		.error_size = error_size,
	};

	for (p.at = 1; p.at < argc; p.at++) {
		if (!parse_argument(&p, argv[p.at]))
			return false;
	}
	if (!check_name(&p))
		return false;
	*ret_options = p.options;
	return true;
}
