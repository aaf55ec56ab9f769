/* Settings from the environment and the command line: lines of NAME=VALUE or --name=value. */
#include "core/options.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *words[34] = { "helix-agent" };
	char error[OPTIONS_ERROR_SIZE] = "";
	struct options options;
	int count = 1;

	char *text = strndup((const char *)data, size);
	assert(options_init(&options) == 0);
	for (char *word = strtok(text, "\n"); word && count < 33; word = strtok(NULL, "\n"))
		words[count++] = word;
	if (options_parse_environment(&options, words + 1, error) < 0)
		assert(*error && memchr(error, 0, sizeof error));
	if (options_parse_arguments(&options, count, words, error) < 0)
		assert(*error && memchr(error, 0, sizeof error));
	assert(options.fps >= 1 && options.fps <= 240);
	assert(options.width_px >= 64 && options.height_px <= 8192);
	options_done(&options);
	free(text);
	return 0;
}
