#include "core/strings.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

#define STRINGS_TEXT(name, text) text,
/* Sentences of several lines look to clang-tidy like a forgotten comma. */
/* NOLINTNEXTLINE(bugprone-suspicious-missing-comma) */
static const char *const texts[] = { STRINGS(STRINGS_TEXT) };
#undef STRINGS_TEXT

static const struct {
	const char *name, *instruction, *content;
} faults[] = {
#define FAULTS_TEXT(name, instruction, content) { #name, instruction, content },
	FAULTS(FAULTS_TEXT)
#undef FAULTS_TEXT
};

const char *string_text(enum string id)
{
	assert(id < STRING_COUNT);
	return texts[id];
}

const char *string_fault_instruction(enum fault fault)
{
	assert(fault < FAULT_COUNT);
	return faults[fault].instruction;
}

const char *string_fault_content(enum fault fault)
{
	assert(fault < FAULT_COUNT);
	return faults[fault].content;
}

const char *string_fault_name(enum fault fault)
{
	assert(fault < FAULT_COUNT);
	return faults[fault].name;
}

/* How many of `count` bytes to keep, so that no UTF-8 character is cut in two. */
static size_t whole_characters(const char *text, size_t count, size_t room)
{
	if (count <= room)
		return count;
	while (room > 0 && ((unsigned char)text[room] & 0xC0) == 0x80)
		room--;
	return room;
}

/* False when it did not fit as a whole. */
static bool append(char *text, size_t size, size_t *length, const char *part, size_t count)
{
	size_t taken = whole_characters(part, count, size - 1 - *length);

	memcpy(text + *length, part, taken);
	*length += taken;
	text[*length] = '\0';
	return taken == count;
}

const char *string_fill(
	char *text, size_t size, const char *format, const char *first, const char *second)
{
	const char *places[] = { first ? first : "", second ? second : "" };
	size_t place = 0, length = 0;

	assert(size > 0);
	text[0] = '\0';
	while (*format) {
		size_t count = strcspn(format, "%");

		if (!append(text, size, &length, format, count))
			break;
		format += count;
		if (!*format)
			break;
		assert(format[1] == 's' && place < 2);
		if (!append(text, size, &length, places[place], strlen(places[place])))
			break;
		place++;
		format += 2;
	}
	return text;
}
