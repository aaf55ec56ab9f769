#include "config_file.h"

#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <string.h>

struct reader {
	struct options *options;
	enum option_source source;
	char *error;
};

static int on_setting(void *owner, const char *section, const char *name, const char *value)
{
	struct reader *reader = owner;

	return options_set(reader->options, reader->source, section, name, value, reader->error) >=
		0;
}

int config_file_apply(struct options *options, enum option_source source, const char *path,
	char error[OPTIONS_ERROR_SIZE])
{
	char sentence[OPTIONS_ERROR_SIZE] = "";
	struct reader reader = { options, source, sentence };
	FILE *file = fopen(path, "re");

	if (!file)
		return -errno;
	int line = ini_parse_file(file, on_setting, &reader);
	fclose(file);
	if (line == 0)
		return 0;
	snprintf(error, OPTIONS_ERROR_SIZE, "%.100s:%d: %.130s", path, line,
		*sentence ? sentence : "expected [section] or name=value");
	return -EINVAL;
}
