#include "core/text.h"

#include <stdio.h>
#include <string.h>

#define REPLACEMENT        0xfffdu /* what Unicode has for "there was something else here" */
#define BYTES_PER_MEGABYTE 1000000u

struct source {
	const uint8_t *bytes;
	size_t count, at;
	bool is_wide;
};

static bool is_high_surrogate(uint32_t unit)
{
	return unit >= 0xd800 && unit < 0xdc00;
}

static bool is_low_surrogate(uint32_t unit)
{
	return unit >= 0xdc00 && unit < 0xe000;
}

static uint32_t join_surrogates(uint32_t high, uint32_t low)
{
	return 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
}

/* The character at the beginning of `count` bytes, at least 1, and in *ret_taken how many it has.
 * False for what is no UTF-8. */
static bool decode_utf8(const uint8_t *bytes, size_t count, uint32_t *ret_code, size_t *ret_taken)
{
	static const uint32_t least[] = { 0, 0x80, 0x800, 0x10000 };
	uint8_t lead = bytes[0];
	size_t more = lead < 0x80 ? 0
		: lead >> 5 == 6  ? 1
		: lead >> 4 == 14 ? 2
		: lead >> 3 == 30 ? 3
				  : 4;
	if (more == 4 || more >= count)
		return false;

	uint32_t code = more == 0 ? lead : lead & (0x3fu >> more);
	for (size_t i = 1; i <= more; i++) {
		if ((bytes[i] & 0xc0) != 0x80)
			return false;
		code = code << 6 | (bytes[i] & 0x3fu);
	}
	if (code < least[more] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
		return false;
	*ret_code = code;
	*ret_taken = more + 1;
	return true;
}

/* How many bytes it has: 1 to 4. */
static size_t encode_utf8(uint32_t code, char bytes[4])
{
	size_t more = code < 0x80 ? 0 : code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
	static const uint8_t leads[] = { 0, 0xc0, 0xe0, 0xf0 };

	for (size_t i = more; i > 0; i--) {
		bytes[i] = (char)(uint8_t)(0x80 | (code & 0x3f));
		code >>= 6;
	}
	bytes[0] = (char)(uint8_t)(leads[more] | code);
	return more + 1;
}

static uint32_t take_utf8(struct source *from)
{
	uint32_t code = REPLACEMENT;
	size_t taken = 1;

	decode_utf8(from->bytes + from->at, from->count - from->at, &code, &taken);
	from->at += taken;
	return code;
}

static uint32_t peek_unit(const struct source *from)
{
	return from->bytes[from->at] | (uint32_t)from->bytes[from->at + 1] << 8;
}

static uint32_t take_wide(struct source *from)
{
	if (from->count - from->at < 2) {
		from->at = from->count;
		return REPLACEMENT;
	}

	uint32_t code = peek_unit(from);
	from->at += 2;
	if (is_high_surrogate(code) && from->count - from->at >= 2 &&
		is_low_surrogate(peek_unit(from))) {
		code = join_surrogates(code, peek_unit(from));
		from->at += 2;
		return code;
	}
	return is_high_surrogate(code) || is_low_surrogate(code) ? REPLACEMENT : code;
}

static uint32_t take(struct source *from)
{
	uint32_t code = from->is_wide ? take_wide(from) : take_utf8(from);

	if (code == '\r') {
		struct source next = *from;

		if (next.at < next.count &&
			(next.is_wide ? take_wide(&next) : take_utf8(&next)) == '\n')
			*from = next;
		return '\n';
	}
	if ((code > 0 && code < ' ' && code != '\n' && code != '\t') ||
		(code >= 0x7f && code < 0xa0))
		return REPLACEMENT;
	return code;
}

static bool is_plain(uint8_t byte)
{
	return (byte >= ' ' && byte < 0x7f) || byte == '\n' || byte == '\r' || byte == '\t';
}

/* UTF-16 from wsl.exe has at least its line ends with a NUL in each second byte. A NUL may get into
 * other output as well: so it counts whether there are more such pairs than pairs of two letters,
 * and for Chinese, which has few of the former, whether it could be UTF-8 without the NULs. */
static bool looks_wide(const uint8_t *bytes, size_t count)
{
	size_t wide_pairs = 0, narrow_pairs = 0;
	bool is_utf8 = true;

	for (size_t i = 0; i + 1 < count; i += 2) {
		wide_pairs += is_plain(bytes[i]) && bytes[i + 1] == 0;
		narrow_pairs += is_plain(bytes[i]) && is_plain(bytes[i + 1]);
	}
	/* The last character may have been cut off. */
	for (size_t i = 0, taken; i + 3 < count && is_utf8; i += taken) {
		uint32_t code;

		is_utf8 = decode_utf8(bytes + i, count - i, &code, &taken);
	}
	return wide_pairs > 0 && (wide_pairs >= narrow_pairs || !is_utf8);
}

static struct source look_at(const uint8_t *bytes, size_t count)
{
	struct source from = { .bytes = bytes, .count = count };

	if (count >= 2 && bytes[0] == 0xff && bytes[1] == 0xfe) {
		from.is_wide = true;
		from.at = 2;
	} else if (count >= 3 && !memcmp(bytes, "\xef\xbb\xbf", 3)) {
		from.at = 3;
	} else {
		from.is_wide = looks_wide(bytes, count);
	}
	return from;
}

size_t text_from_console(const uint8_t *bytes, size_t count, char *text, size_t size)
{
	struct source from = look_at(bytes, count);
	size_t length = 0;

	while (from.at < from.count) {
		uint32_t code = take(&from);
		char character[4];
		size_t taken = encode_utf8(code, character);

		if (code == 0)
			continue;
		if (taken >= size - length)
			break;
		memcpy(text + length, character, taken);
		length += taken;
	}
	text[length] = '\0';
	return length;
}

bool text_is_utf8(const char *text)
{
	const uint8_t *bytes = (const uint8_t *)text;
	size_t count = strlen(text);
	uint32_t code;

	for (size_t at = 0, taken; at < count; at += taken) {
		if (!decode_utf8(bytes + at, count - at, &code, &taken))
			return false;
	}
	return true;
}

size_t text_to_utf16(const char *text, uint16_t *wide, size_t size)
{
	struct source from = { .bytes = (const uint8_t *)text, .count = strlen(text) };
	size_t length = 0;

	while (from.at < from.count) {
		uint32_t code = take_utf8(&from);
		size_t units = code >= 0x10000 ? 2 : 1;

		if (length >= size || units >= size - length)
			return SIZE_MAX;
		if (units == 2) {
			wide[length++] = (uint16_t)(0xd800 + ((code - 0x10000) >> 10));
			wide[length++] = (uint16_t)(0xdc00 + (code & 0x3ff));
		} else {
			wide[length++] = (uint16_t)code;
		}
	}
	if (length >= size)
		return SIZE_MAX;
	wide[length] = 0;
	return length;
}

size_t text_from_utf16(const uint16_t *wide, char *text, size_t size)
{
	size_t length = 0;

	while (*wide) {
		uint32_t code = *wide++;
		char character[4];

		if (is_high_surrogate(code) && is_low_surrogate(*wide))
			code = join_surrogates(code, *wide++);
		else if (is_high_surrogate(code) || is_low_surrogate(code))
			code = REPLACEMENT;

		size_t taken = encode_utf8(code, character);
		if (length >= size || taken >= size - length)
			return SIZE_MAX;
		memcpy(text + length, character, taken);
		length += taken;
	}
	if (length >= size)
		return SIZE_MAX;
	text[length] = '\0';
	return length;
}

static const char value_characters[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";

static bool starts_with(const char *text, const char *start)
{
	for (; *start; text++, start++) {
		if (*text != *start && !(*text >= 'A' && *text <= 'Z' && *text + 32 == *start))
			return false;
	}
	return true;
}

/* A quote with or without backslashes before it, as in JSON within JSON. */
static size_t quote_length(const char *text)
{
	size_t slashes = strspn(text, "\\");

	return text[slashes] == '"' || text[slashes] == '\'' ? slashes + 1 : 0;
}

/* What stands between "token" and its value; 0 = this is no such place. */
static size_t token_gap(const char *text)
{
	size_t quote = quote_length(text), at = quote + strspn(text + quote, " \t\r\n");

	if (quote > 0 && text[at] == ':') {
		at++;
		at += strspn(text + at, " \t\r\n");
		return at + quote_length(text + at);
	}
	at = quote + strspn(text + quote, " \t");
	if (text[at] == '=')
		at++;
	else if (starts_with(text + at, "%3d"))
		at += 3;
	else
		return 0;
	at += strspn(text + at, " \t");
	return at + quote_length(text + at);
}

/* "Authorization: Bearer TOKEN", and "bearer.TOKEN" among the names of WebSocket protocols. */
static size_t bearer_gap(const char *text)
{
	return *text == '.' ? 1 : strspn(text, " \t");
}

/* From the end of a key to the value behind it, if `length` characters end in a key; else 0. */
static size_t gap_behind(const char *text, size_t length)
{
	const char *end = text + length;

	if (length >= 5 && starts_with(end - 5, "token"))
		return token_gap(end);
	if (length >= 6 && starts_with(end - 6, "bearer"))
		return bearer_gap(end);
	return 0;
}

/* From the beginning of a key to the value behind it; 0 = there is no key. */
static size_t key_length(const char *text)
{
	size_t size = starts_with(text, "token") ? 5 : starts_with(text, "bearer") ? 6 : 0;
	size_t gap = gap_behind(text, size);

	return gap > 0 ? size + gap : 0;
}

void text_redact(char *text)
{
	const char *from = text;
	char *to = text;

	while (*from) {
		size_t key = key_length(from);

		if (key == 0)
			*to++ = *from++;
		while (key > 0) {
			memmove(to, from, key);
			to += key;
			from += key;
			size_t value = strspn(from, value_characters);
			/* In "token=token=abc" what looks like a value is the next key. */
			key = gap_behind(from, value);
			for (size_t stars = 0; stars < value && stars < 3; stars++)
				*to++ = '*';
			from += value;
		}
	}
	*to = '\0';
}

static unsigned long long megabytes(uint64_t bytes)
{
	return bytes > 0 && bytes < BYTES_PER_MEGABYTE ? 1 : bytes / BYTES_PER_MEGABYTE;
}

void text_megabytes(uint64_t done, uint64_t total, char *text, size_t size)
{
	if (total == 0)
		snprintf(text, size, "%llu MB", megabytes(done));
	else
		snprintf(text, size, "%llu of %llu MB", megabytes(done), megabytes(total));
}
