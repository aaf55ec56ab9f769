#include "core/json.h"

#include "core/text.h"

#include <string.h>

#define MAX_NESTING 32
#define MAX_NUMBER  (UINT64_C(1) << 53) /* beyond, JavaScript and others lose digits */

/* Every read_x() returns false at what is no JSON, and then nobody reads on. */
struct reader {
	const char *at;
};

/* Where a string goes. The length is that of the whole string, also when it does not fit. */
struct target {
	char *text;
	size_t size, length;
};

static bool read_value(struct reader *r, unsigned nesting);

static void skip_space(struct reader *r)
{
	r->at += strspn(r->at, " \t\n\r");
}

static bool take(struct reader *r, char wanted)
{
	if (*r->at != wanted)
		return false;
	r->at++;
	return true;
}

static void put(struct target *to, const char *bytes, size_t count)
{
	if (to->length + count < to->size)
		memcpy(to->text + to->length, bytes, count);
	to->length += count;
}

/* Of what was put; false when it does not fit. */
static bool finish(struct target *to)
{
	if (to->length >= to->size)
		return false;
	to->text[to->length] = '\0';
	return true;
}

static bool read_hex(struct reader *r, uint16_t *ret_unit)
{
	static const char digits[] = "0123456789abcdefABCDEF";
	unsigned unit = 0;

	for (int i = 0; i < 4; i++, r->at++) {
		const char *digit = *r->at ? strchr(digits, *r->at) : NULL;

		if (!digit)
			return false;
		unsigned value = (unsigned)(digit - digits);
		unit = unit << 4 | (value < 16 ? value : value - 6);
	}
	*ret_unit = (uint16_t)unit;
	return true;
}

/* Behind "\u". Two of them may be one character. */
static bool read_unicode(struct reader *r, struct target *to)
{
	uint16_t units[3] = { 0 };
	char character[8];

	if (!read_hex(r, &units[0]) || units[0] == 0)
		return false;

	struct reader next = *r;
	if (units[0] >= 0xd800 && units[0] < 0xdc00 && take(&next, '\\') && take(&next, 'u') &&
		read_hex(&next, &units[1]) && units[1] >= 0xdc00 && units[1] < 0xe000)
		*r = next;
	else
		units[1] = 0;
	put(to, character, text_from_utf16(units, character, sizeof character));
	return true;
}

static bool read_escape(struct reader *r, struct target *to)
{
	static const char names[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
	const char *name = *r->at ? strchr(names, *r->at) : NULL;

	if (take(r, 'u'))
		return read_unicode(r, to);
	if (!name)
		return false;
	put(to, &meanings[name - names], 1);
	r->at++;
	return true;
}

static bool read_string(struct reader *r, struct target *to)
{
	bool is_good = take(r, '"');

	while (is_good && !take(r, '"')) {
		if (take(r, '\\')) {
			is_good = read_escape(r, to);
		} else {
			is_good = (unsigned char)*r->at >= ' ';
			put(to, r->at, 1);
			r->at += is_good;
		}
	}
	return is_good;
}

static size_t skip_digits(struct reader *r)
{
	size_t count = strspn(r->at, "0123456789");

	r->at += count;
	return count;
}

static bool read_number(struct reader *r)
{
	take(r, '-');
	bool is_good = take(r, '0') || skip_digits(r) > 0;
	if (take(r, '.'))
		is_good &= skip_digits(r) > 0;
	if (take(r, 'e') || take(r, 'E')) {
		if (!take(r, '+'))
			take(r, '-');
		is_good &= skip_digits(r) > 0;
	}
	return is_good;
}

static bool read_word(struct reader *r, const char *word)
{
	size_t length = strlen(word);

	if (strncmp(r->at, word, length) != 0)
		return false;
	r->at += length;
	return true;
}

/* Behind "[". */
static bool read_array(struct reader *r, unsigned nesting)
{
	skip_space(r);
	if (take(r, ']'))
		return true;
	do {
		if (!read_value(r, nesting))
			return false;
	} while (take(r, ','));
	return take(r, ']');
}

/* Behind "{". *ret_found is where the value of the first field with the wanted name begins. */
static bool read_object(
	struct reader *r, unsigned nesting, const char *wanted, const char **ret_found)
{
	skip_space(r);
	if (take(r, '}'))
		return true;
	do {
		char name[64];
		struct target to = { .text = name, .size = sizeof name };

		skip_space(r);
		if (!read_string(r, &to))
			return false;
		skip_space(r);
		if (!take(r, ':'))
			return false;
		skip_space(r);
		if (wanted && !*ret_found && finish(&to) && !strcmp(name, wanted))
			*ret_found = r->at;
		if (!read_value(r, nesting))
			return false;
	} while (take(r, ','));
	return take(r, '}');
}

/* With the white space around it. `nesting`: in how many arrays and objects it stands. */
static bool read_value(struct reader *r, unsigned nesting)
{
	struct target nowhere = { .text = NULL };
	bool is_good;

	skip_space(r);
	if (*r->at == '"')
		is_good = read_string(r, &nowhere);
	else if (take(r, '{'))
		is_good = nesting < MAX_NESTING && read_object(r, nesting + 1, NULL, NULL);
	else if (take(r, '['))
		is_good = nesting < MAX_NESTING && read_array(r, nesting + 1);
	else if (*r->at >= 'a')
		is_good = read_word(r, "true") || read_word(r, "false") || read_word(r, "null");
	else
		is_good = read_number(r);
	skip_space(r);
	return is_good;
}

/* The beginning of the value; NULL when there is none, or when not all is one JSON object. */
static const char *find(const char *json, const char *name)
{
	struct reader r = { .at = json };
	const char *found = NULL;

	if (!text_is_utf8(json))
		return NULL;
	if (!strncmp(json, "\xef\xbb\xbf", 3))
		r.at += 3;
	skip_space(&r);
	if (!take(&r, '{') || !read_object(&r, 1, name, &found))
		return NULL;
	skip_space(&r);
	return *r.at ? NULL : found;
}

bool json_has(const char *json, const char *name)
{
	return find(json, name) != NULL;
}

bool json_string(const char *json, const char *name, char *text, size_t size)
{
	const char *value = find(json, name);
	struct target measure = { .text = NULL }, to = { .text = text, .size = size };

	if (!value || *value != '"')
		return false;

	struct reader first = { .at = value }, second = { .at = value };
	return read_string(&first, &measure) && measure.length < size &&
		read_string(&second, &to) && finish(&to);
}

bool json_number(const char *json, const char *name, uint64_t *ret_number)
{
	const char *digit = find(json, name);
	uint64_t number = 0;

	if (!digit || *digit < '0' || *digit > '9')
		return false;
	for (; *digit >= '0' && *digit <= '9'; digit++) {
		number = number * 10 + (uint64_t)(*digit - '0');
		if (number > MAX_NUMBER)
			return false;
	}
	if (*digit == '.' || *digit == 'e' || *digit == 'E')
		return false;
	*ret_number = number;
	return true;
}
