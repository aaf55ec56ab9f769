#include "core/options.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum type { TYPE_TEXT, TYPE_SWITCH, TYPE_NUMBER, TYPE_CHOICE, TYPE_LIST, TYPE_LISTEN, TYPE_SIZE };

struct row {
	struct option_info info;
	enum type type;
	size_t offset;
	uint32_t min, max;
	const char *choices; /* space separated, in the order of the enum */
	const char *initial;
	bool secret;
};

#define AT(field) offsetof(struct options, field)

static const struct row table[] = {
	{ { "listen", "server", "ADDRESS:PORT", "where to listen; port 0 takes any free one" },
		TYPE_LISTEN, AT(listen_address), .initial = "127.0.0.1:7878" },
	{ { "allow-remote", "server", NULL,
		  "let --listen name an address that other machines reach" },
		TYPE_SWITCH, AT(allow_remote), .initial = "no" },
	{ { "allow-host", "server", "NAME",
		  "a further name by which the page may be opened (Host header); again for more" },
		TYPE_LIST, AT(allow_hosts), .initial = "" },
	{ { "allow-origin", "server", "ORIGIN",
		  "a further origin that may connect, e.g. https://desk.example; again for more" },
		TYPE_LIST, AT(allow_origins), .initial = "" },
	{ { "token", "server", "TOKEN",
		  "the secret that opens the desktop (default: a new one each start)" },
		TYPE_TEXT, AT(token), .initial = "", .secret = true },
	{ { "view-token", "server", "TOKEN",
		  "a second secret, which lets people watch but not touch" },
		TYPE_TEXT, AT(view_token), .initial = "", .secret = true },
	{ { "max-viewers", "server", "N", "how many may be connected at once" }, TYPE_NUMBER,
		AT(max_viewers), 1, 256, .initial = "16" },
	{ { "session", "session", "KIND",
		  "auto, gnome, mutter (bare compositor) or attach (the desktop of this environment)" },
		TYPE_CHOICE, AT(session), .choices = "auto gnome mutter attach",
		.initial = "auto" },
	{ { "system-bus", "session", "KIND",
		  "auto, private (an empty one) or host: the D-Bus system bus that the session sees" },
		TYPE_CHOICE, AT(system_bus), .choices = "auto private host", .initial = "auto" },
	{ { "app", "session", "COMMAND", "start this in the session; again for more" }, TYPE_LIST,
		AT(apps), .initial = "" },
	{ { "size", "stream", "WxH", "the desktop's size until a viewer asks for its own" },
		TYPE_SIZE, AT(width_px), 200, 8192, .initial = "1280x720" },
	{ { "fps", "stream", "N", "at most this many pictures a second" }, TYPE_NUMBER, AT(fps), 1,
		240, .initial = "60" },
	{ { "bitrate", "stream", "KBIT",
		  "at most this many kbit/s; a slow link gets less by itself" },
		TYPE_NUMBER, AT(bitrate_kbit), 100, 200000, .initial = "12000" },
	{ { "encoder", "stream", "NAME", "auto, or one that `helix-agent encoders` shows" },
		TYPE_TEXT, AT(encoder), .initial = "auto" },
	{ { "gpu", "stream", "NAME",
		  "a part of the GPU's name, or a render node; `helix-agent adapters` lists them" },
		TYPE_TEXT, AT(gpu), .initial = "" },
	{ { "log-level", "log", "LEVEL", "error, warn, info, debug or trace" }, TYPE_CHOICE,
		AT(log_level), .choices = "error warn info debug trace", .initial = "info" },
	{ { "leash", NULL, NULL, "leave when standard input ends" }, TYPE_SWITCH, AT(leash),
		.initial = "no" },
	{ { "leash-timeout", NULL, "SECONDS",
		  "with --leash: leave when nothing comes on standard input for so long; 0 = never; a z "
		  "before a silence excuses it" },
		TYPE_NUMBER, AT(leash_timeout_s), 0, 3600, .initial = "0" },
	{ { "json", NULL, NULL, "of doctor, encoders and adapters: for programs" }, TYPE_SWITCH,
		AT(json), .initial = "no" },
	{ { "human", NULL, NULL, "print the link for a person instead of one line of JSON" },
		TYPE_SWITCH, AT(human), .initial = "no" },
};

#define ROWS (sizeof table / sizeof *table)
_Static_assert(ROWS <= 32, "struct options keeps 32 sources");

static void *field(struct options *options, const struct row *row)
{
	return (char *)options + row->offset;
}

static int set_text(char **text, const char *value)
{
	char *copy = strdup(value);

	if (!copy)
		return -ENOMEM;
	free(*text);
	*text = copy;
	return 0;
}

static int parse_number(const char *value, uint32_t min, uint32_t max, uint32_t *ret_number)
{
	char *end = NULL;

	if (!isdigit((unsigned char)*value))
		return -EINVAL;
	errno = 0;
	unsigned long number = strtoul(value, &end, 10);
	if (*end || errno || number < min || number > max)
		return -EINVAL;
	*ret_number = (uint32_t)number;
	return 0;
}

static int set_switch(bool *value, const char *text)
{
	static const char *const yes[] = { "yes", "true", "on", "1" };
	static const char *const no[] = { "no", "false", "off", "0" };

	for (size_t i = 0; i < 4; i++) {
		if (!text || !strcmp(text, yes[i])) {
			*value = true;
			return 0;
		}
		if (!strcmp(text, no[i])) {
			*value = false;
			return 0;
		}
	}
	return -EINVAL;
}

static int set_choice(uint32_t *value, const char *choices, const char *text)
{
	size_t size = strlen(text);
	uint32_t place = 0;

	for (const char *at = choices; *at; place++) {
		size_t length = strcspn(at, " ");

		if (length == size && !memcmp(at, text, size)) {
			*value = place;
			return 0;
		}
		at += length + (at[length] == ' ');
	}
	return -EINVAL;
}

static const char *choice_name(const struct row *row, uint32_t value, int *ret_size)
{
	const char *at = row->choices;

	while (value--)
		at += strcspn(at, " ") + 1;
	*ret_size = (int)strcspn(at, " ");
	return at;
}

/* "127.0.0.1:7878", "[::1]:7878", "localhost:0". */
static int set_listen(struct options *options, const char *value)
{
	const char *colon = strrchr(value, ':');
	uint32_t port;

	if (!colon || colon == value || parse_number(colon + 1, 0, 65535, &port) < 0)
		return -EINVAL;

	const char *start = value;
	size_t size = (size_t)(colon - value);
	if (*value == '[') {
		if (size < 3 || value[size - 1] != ']')
			return -EINVAL;
		start++;
		size -= 2;
	} else if (memchr(value, ':', size)) {
		return -EINVAL;
	}

	char *address = strndup(start, size);
	if (!address)
		return -ENOMEM;
	free(options->listen_address);
	options->listen_address = address;
	options->listen_port = (uint16_t)port;
	return 0;
}

static int set_size(struct options *options, const struct row *row, const char *value)
{
	char width[8];
	const char *x = strchr(value, 'x');
	uint32_t width_px, height_px;

	if (!x || (size_t)(x - value) >= sizeof width)
		return -EINVAL;
	memcpy(width, value, (size_t)(x - value));
	width[x - value] = '\0';
	if (parse_number(width, row->min, row->max, &width_px) < 0 ||
		parse_number(x + 1, row->min, row->max, &height_px) < 0)
		return -EINVAL;
	options->width_px = width_px;
	options->height_px = height_px;
	return 0;
}

static void list_clear(struct option_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i]);
	*list = (struct option_list){ 0 };
}

static int list_add(struct option_list *list, const char *value)
{
	if (list->count == OPTIONS_MAX_LIST)
		return -E2BIG;
	if (!(list->items[list->count] = strdup(value)))
		return -ENOMEM;
	list->count++;
	return 0;
}

static int set_value(struct options *options, const struct row *row, const char *value)
{
	switch (row->type) {
	case TYPE_TEXT: return set_text(field(options, row), value);
	case TYPE_SWITCH: return set_switch(field(options, row), value);
	case TYPE_NUMBER: return parse_number(value, row->min, row->max, field(options, row));
	case TYPE_CHOICE: return set_choice(field(options, row), row->choices, value);
	case TYPE_LIST: return *value ? list_add(field(options, row), value) : 0;
	case TYPE_LISTEN: return set_listen(options, value);
	case TYPE_SIZE: return set_size(options, row, value);
	}
	return -EINVAL;
}

static void explain(const struct row *row, const char *value, int r, char *error)
{
	if (r == -E2BIG)
		snprintf(error, OPTIONS_ERROR_SIZE, "%s: at most %d of them", row->info.name,
			OPTIONS_MAX_LIST);
	else if (row->type == TYPE_NUMBER)
		snprintf(error, OPTIONS_ERROR_SIZE, "%s=%.60s: expected a number from %u to %u",
			row->info.name, value, row->min, row->max);
	else if (row->type == TYPE_CHOICE)
		snprintf(error, OPTIONS_ERROR_SIZE, "%s=%.60s: expected one of: %s", row->info.name,
			value, row->choices);
	else if (row->type == TYPE_SIZE)
		snprintf(error, OPTIONS_ERROR_SIZE,
			"%s=%.60s: expected e.g. 1920x1080, from %ux%u to %ux%u", row->info.name,
			value, row->min, row->min, row->max, row->max);
	else
		snprintf(error, OPTIONS_ERROR_SIZE, "%s=%.60s: expected %s", row->info.name, value,
			row->info.placeholder ? row->info.placeholder : "yes or no");
}

int options_set(struct options *options, enum option_source source, const char *section,
	const char *name, const char *value, char error[OPTIONS_ERROR_SIZE])
{
	for (size_t i = 0; i < ROWS; i++) {
		const struct row *row = &table[i];

		if (strcmp(row->info.name, name) != 0 ||
			(section &&
				(!row->info.section || strcmp(row->info.section, section) != 0)))
			continue;
		if (options->sources[i] > source)
			return 0;
		if (!value && row->type != TYPE_SWITCH) {
			snprintf(error, OPTIONS_ERROR_SIZE, "%s needs a value: %s", name,
				row->info.placeholder);
			return -EINVAL;
		}
		if (row->type == TYPE_LIST && options->sources[i] < source)
			list_clear(field(options, row));
		int r = set_value(options, row, value);
		if (r < 0) {
			explain(row, value, r, error);
			return r == -ENOMEM ? r : -EINVAL;
		}
		options->sources[i] = source;
		return 0;
	}
	snprintf(error, OPTIONS_ERROR_SIZE, "%s%s%.60s: there is no such setting",
		section ? section : "", section ? "." : "", name);
	return -ENOENT;
}

int options_init(struct options *options)
{
	*options = (struct options){ 0 };
	for (size_t i = 0; i < ROWS; i++) {
		int r = set_value(options, &table[i], table[i].initial);
		if (r < 0) {
			options_done(options);
			return r;
		}
	}
	return 0;
}

void options_done(struct options *options)
{
	for (size_t i = 0; i < ROWS; i++) {
		void *value = field(options, &table[i]);

		if (table[i].type == TYPE_TEXT || table[i].type == TYPE_LISTEN)
			free(*(char **)value);
		else if (table[i].type == TYPE_LIST)
			list_clear(value);
	}
	*options = (struct options){ 0 };
}

static const struct row *find_switch(const char *name)
{
	for (size_t i = 0; i < ROWS; i++)
		if (table[i].type == TYPE_SWITCH && !strcmp(table[i].info.name, name))
			return &table[i];
	return NULL;
}

int options_parse_arguments(
	struct options *options, int argc, const char *const *argv, char error[OPTIONS_ERROR_SIZE])
{
	for (int i = 1; i < argc; i++) {
		if (strncmp(argv[i], "--", 2) != 0 || strlen(argv[i]) > 4096) {
			snprintf(error, OPTIONS_ERROR_SIZE, "%.60s: expected an option; see --help",
				argv[i]);
			return -EINVAL;
		}

		char name[64];
		const char *value = strchr(argv[i], '=');
		size_t size = value ? (size_t)(value - argv[i]) - 2 : strlen(argv[i]) - 2;
		if (size >= sizeof name)
			size = sizeof name - 1;
		memcpy(name, argv[i] + 2, size);
		name[size] = '\0';
		const char *set = name;
		if (value) {
			value++;
		} else if (!strncmp(name, "no-", 3) && find_switch(name + 3)) {
			set = name + 3;
			value = "no";
		} else if (!find_switch(name) && i + 1 < argc) {
			value = argv[++i];
		}
		int r = options_set(options, OPTION_COMMAND_LINE, NULL, set, value, error);
		if (r < 0)
			return -EINVAL;
	}
	return 0;
}

int options_parse_environment(
	struct options *options, const char *const *environment, char error[OPTIONS_ERROR_SIZE])
{
	static const char prefix[] = "HELIX_";

	for (; *environment; environment++) {
		char name[64];
		size_t size = 0;
		const char *at = *environment + sizeof prefix - 1;

		if (strncmp(*environment, prefix, sizeof prefix - 1) != 0)
			continue;
		for (; *at && *at != '=' && size < sizeof name - 1; at++)
			name[size++] = *at == '_' ? '-' : (char)tolower((unsigned char)*at);
		name[size] = '\0';
		if (*at != '=' || !strcmp(name, "config") || !strncmp(name, "test", 4))
			continue;
		int r = options_set(options, OPTION_ENVIRONMENT, NULL, name, at + 1, error);
		if (r < 0)
			return -EINVAL;
	}
	return 0;
}

void options_each(void (*each)(void *owner, const struct option_info *info), void *owner)
{
	for (size_t i = 0; i < ROWS; i++)
		each(owner, &table[i].info);
}

static void print_value(struct options *options, const struct row *row, FILE *out)
{
	void *value = field(options, row);
	int size;

	switch (row->type) {
	case TYPE_TEXT:
		fputs(!row->secret ? *(char **)value : **(char **)value ? "(set)" : "", out);
		break;
	case TYPE_SWITCH: fputs(*(bool *)value ? "yes" : "no", out); break;
	case TYPE_NUMBER: fprintf(out, "%u", *(uint32_t *)value); break;
	case TYPE_CHOICE: {
		const char *name = choice_name(row, *(uint32_t *)value, &size);
		fprintf(out, "%.*s", size, name);
		break;
	}
	case TYPE_LIST: break;
	case TYPE_LISTEN:
		fprintf(out, strchr(options->listen_address, ':') ? "[%s]:%u" : "%s:%u",
			options->listen_address, options->listen_port);
		break;
	case TYPE_SIZE: fprintf(out, "%ux%u", options->width_px, options->height_px); break;
	}
}

void options_print(const struct options *options, FILE *out)
{
	static const char *const sources[] = { "default", "file", "file of the user", "environment",
		"command line" };
	struct options *mutable = (struct options *)options;
	const char *section = "";

	for (size_t i = 0; i < ROWS; i++) {
		const struct row *row = &table[i];
		const char *source = sources[options->sources[i]];

		if (!row->info.section)
			continue;
		if (strcmp(section, row->info.section) != 0) {
			fprintf(out, "%s[%s]\n", *section ? "\n" : "", row->info.section);
			section = row->info.section;
		}
		if (row->type == TYPE_LIST) {
			const struct option_list *list = field(mutable, row);

			for (size_t k = 0; k < list->count; k++)
				fprintf(out, "%s=%s\n", row->info.name, list->items[k]);
			if (list->count == 0)
				fprintf(out, "# %s=\n", row->info.name);
			continue;
		}
		/* A secret must not be read back as "(set)". */
		fprintf(out, "# %s\n%s%s=", source, row->secret ? "# " : "", row->info.name);
		print_value(mutable, row, out);
		fputc('\n', out);
	}
}

void options_print_help(FILE *out)
{
	for (size_t i = 0; i < ROWS; i++) {
		const struct row *row = &table[i];
		char left[64];

		snprintf(left, sizeof left, "--%s%s%s", row->info.name,
			row->info.placeholder ? " " : "",
			row->info.placeholder ? row->info.placeholder : "");
		fprintf(out, "  %-24s %s", left, row->info.help);
		if (*row->initial && row->type != TYPE_SWITCH)
			fprintf(out, " (%s)", row->initial);
		fputc('\n', out);
	}
}
