/* What Helix.exe reads: the output of wsl.exe, the agent's ready line, the manifest, its own
 * command line, and whatever goes to its log. The input is all of these at once. */
#include "core/json.h"
#include "core/manifest.h"
#include "core/options.h"
#include "core/ready.h"
#include "core/text.h"
#include "core/wsl.h"

#include <stdlib.h>
#include <string.h>

#define MAX_INPUT 8192
#define PLAIN     "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool is_so)
{
	if (!is_so)
		abort();
}

static bool consists_of(const char *text, const char *characters)
{
	return text[strspn(text, characters)] == '\0';
}

/* The same in memory of exactly its size, where a sanitiser sees the first byte beyond. */
static char *copy_of(const char *text)
{
	size_t size = strlen(text) + 1;
	char *copy = malloc(size);

	must(copy != NULL);
	memcpy(copy, text, size);
	return copy;
}

static void try_wide(const char *text)
{
	size_t count = strlen(text) + 1;
	uint16_t *wide = calloc(count, sizeof *wide);
	char *again = malloc(count);

	must(wide && again);
	size_t units = text_to_utf16(text, wide, count);
	must(units < count && wide[units] == 0);
	must(text_to_utf16(text, wide, units) == SIZE_MAX);
	must(text_to_utf16(text, wide, units + 1) == units);
	must(text_from_utf16(wide, again, count) == count - 1 && !strcmp(again, text));
	must(text_from_utf16(wide, again, count - 1) == SIZE_MAX);
	free(wide);
	free(again);
}

/* The whole of it, to be freed; and cut to `small` bytes it is the beginning of that. */
static char *try_console(const uint8_t *data, size_t count, size_t small)
{
	/* A byte becomes three at most. */
	size_t size = 3 * count + 1;
	char *text = malloc(size), *cut = malloc(small);

	must(text && cut);
	size_t length = text_from_console(data, count, text, size);
	must(length < size && strlen(text) == length);
	must(text_is_utf8(text) && !strchr(text, '\r') && !strchr(text, '\x1b'));

	size_t cut_length = text_from_console(data, count, cut, small);
	must(cut_length < small && strlen(cut) == cut_length && cut_length <= length);
	must(!memcmp(text, cut, cut_length) && text_is_utf8(cut));
	must(cut_length == length || cut_length + 4 >= small);
	free(cut);
	return text;
}

static bool starts_with(const char *text, const char *start)
{
	for (; *start; text++, start++) {
		if (*text != *start && !(*text >= 'A' && *text <= 'Z' && *text + 32 == *start))
			return false;
	}
	return true;
}

static void try_redact(const char *text)
{
	static const char *const before[] = { "token=", "token\":\"", "token\": \"", "bearer " };
	char *once = copy_of(text);

	text_redact(once);
	must(strlen(once) <= strlen(text));
	for (const char *at = once; *at; at++) {
		for (size_t i = 0; i < sizeof before / sizeof *before; i++) {
			if (starts_with(at, before[i]))
				must(!at[strlen(before[i])] ||
					!strchr(PLAIN "_-", at[strlen(before[i])]));
		}
	}

	char *twice = copy_of(once);
	text_redact(twice);
	must(!strcmp(once, twice));
	free(once);
	free(twice);
}

static void try_json(const char *json)
{
	static const char *const names[] = { "a", "event", "version", "" };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		char text[16] = "as it was";
		uint64_t number = 0;
		bool is_string = json_string(json, names[i], text, sizeof text);
		bool is_number = json_number(json, names[i], &number);

		must(memchr(text, '\0', sizeof text) && text_is_utf8(text));
		must(is_string || !strcmp(text, "as it was"));
		must(number <= UINT64_C(1) << 53);
		must(!(is_string && is_number));
		must(json_has(json, names[i]) || (!is_string && !is_number));
	}
}

static void try_manifest(const char *json, const char *base)
{
	struct manifest manifest;
	char error[64] = "";

	if (!manifest_parse(json, base, &manifest, error, sizeof error)) {
		must(*error && memchr(error, '\0', sizeof error));
		return;
	}
	must(memchr(manifest.version, '\0', sizeof manifest.version) && *manifest.version);
	must(consists_of(manifest.version, PLAIN ".-+_~"));
	must(memchr(manifest.url, '\0', sizeof manifest.url));
	must(starts_with(manifest.url, "http") && strstr(manifest.url, "://"));
	must(!strpbrk(manifest.url, " \\\"<>\n"));
	must(strlen(manifest.sha256) == 64 && consists_of(manifest.sha256, "0123456789abcdef"));
	must(manifest.size_bytes > 0 && manifest.size_bytes <= UINT64_C(64) << 30);
	must(manifest.unpacked_bytes <= UINT64_C(64) << 30);
	must(manifest_compare_versions(manifest.version, manifest.version) == 0);
}

static void try_ready(const char *line)
{
	struct ready ready;

	if (!ready_parse(line, &ready))
		return;
	must(ready.port > 0);
	must(memchr(ready.token, '\0', sizeof ready.token) && strlen(ready.token) >= 16);
	must(consists_of(ready.token, PLAIN "_-"));
	must(memchr(ready.version, '\0', sizeof ready.version));
	must(consists_of(ready.version, PLAIN ".-+_~"));

	char *redacted = copy_of(line);
	text_redact(redacted);
	/* We write no \u ourselves, and look for none. */
	must(strstr(line, "\\u") || !ready_parse(redacted, &ready));
	free(redacted);
}

static void try_wsl(const char *text)
{
	struct wsl_version version, other = { { 2, 0, 0, 0 } };

	if (wsl_parse_version(text, &version))
		must(wsl_compare(&version, &other) == -wsl_compare(&other, &version));
	if (wsl_read_version(text, &version))
		must(wsl_parse_version(text, &other) && wsl_compare(&version, &other) == 0);
	must(wsl_find_error(text) < WSL_ERROR_COUNT);
	must(!wsl_list_has(text, ""));
	if (wsl_list_has(text, "Helix"))
		must(strlen(text) >= 5);
}

/* Its lines are the arguments; the first two are versions. */
static void try_arguments(const char *text)
{
	const char *words[34] = { "Helix.exe" };
	struct options options;
	char error[128] = "", *copy = copy_of(text);
	int count = 1;

	for (char *word = strtok(copy, "\n"); word && count < 33; word = strtok(NULL, "\n"))
		words[count++] = word;
	if (options_parse(&options, count, words, error, sizeof error)) {
		must(consists_of(options.name, PLAIN "._-") && strlen(options.name) <= 64);
		must(*options.name && options.action <= ACTION_VERSION);
	} else {
		must(*error && memchr(error, '\0', sizeof error) && !strchr(error, '\n'));
	}
	if (count > 2)
		must(manifest_compare_versions(words[1], words[2]) ==
			-manifest_compare_versions(words[2], words[1]));
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > MAX_INPUT)
		return 0;

	char *raw = malloc(size + 1);
	must(raw != NULL);
	memcpy(raw, data, size);
	raw[size] = '\0';
	char *text = try_console(data, size, size > 0 ? 1 + data[0] : 1);

	try_wide(text);
	try_redact(raw);
	try_redact(text);
	try_json(raw);
	try_manifest(raw, NULL);
	try_manifest(raw, "https://helix.example/releases/manifest.json");
	try_ready(raw);
	try_wsl(text);
	try_arguments(raw);
	free(raw);
	free(text);
	return 0;
}
