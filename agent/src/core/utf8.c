#include "core/utf8.h"

#include <string.h>

bool utf8_next(const char *text, size_t size, size_t *position, uint32_t *ret_code)
{
	static const uint32_t least[] = { 0, 0x80, 0x800, 0x10000 };
	size_t at = *position;

	if (at >= size)
		return false;
	uint8_t lead = (uint8_t)text[at++];
	size_t more = lead < 0x80 ? 0
		: lead >> 5 == 6  ? 1
		: lead >> 4 == 14 ? 2
		: lead >> 3 == 30 ? 3
				  : 4;
	if (more == 4 || size - at < more)
		return false;

	uint32_t code = more == 0 ? lead : lead & (0x3fu >> more);
	for (size_t i = 0; i < more; i++, at++) {
		if (((uint8_t)text[at] & 0xc0) != 0x80)
			return false;
		code = code << 6 | ((uint8_t)text[at] & 0x3f);
	}
	if (code < least[more] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
		return false;
	*position = at;
	*ret_code = code;
	return true;
}

static bool is_printable(uint32_t code)
{
	return code >= 0x20 && (code < 0x7f || code >= 0xa0) && (code < 0x2028 || code > 0x202e) &&
		(code < 0x2066 || code > 0x2069);
}

void utf8_copy_clean_part(char *buffer, size_t size, const char *text, size_t length)
{
	size_t at = 0, written = 0;

	if (!size)
		return;
	while (at < length) {
		size_t next = at;
		uint32_t code = 0;
		bool is_good = utf8_next(text, length, &next, &code);
		size_t taken = is_good ? next - at : 1;
		bool is_blank = is_good && code >= '\t' && code <= '\r';

		is_good = is_good && is_printable(code);
		if (written + (is_good ? taken : 1) >= size)
			break;
		/* Never more is written than was read. */
		if (is_good)
			memmove(buffer + written, text + at, taken);
		else
			buffer[written] = is_blank ? ' ' : '?';
		written += is_good ? taken : 1;
		at += taken;
	}
	while (written && buffer[written - 1] == ' ')
		written--;
	buffer[written] = '\0';
}

void utf8_copy_clean(char *buffer, size_t size, const char *text)
{
	utf8_copy_clean_part(buffer, size, text, strlen(text));
}
