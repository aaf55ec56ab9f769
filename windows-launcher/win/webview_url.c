#include "win/webview_url.h"

#include <wchar.h>

enum { MAX_LINK = 8192, MAX_PORT = 65535 };

struct origin {
	bool is_https, has_user;
	const wchar_t *host;
	size_t host_length;
	long port;
};

static wchar_t lower(wchar_t c)
{
	return c >= L'A' && c <= L'Z' ? (wchar_t)(c | 0x20) : c;
}

static bool same_letters(const wchar_t *a, const wchar_t *b, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (a[i] == L'\0' || lower(a[i]) != lower(b[i]))
			return false;
	return true;
}

/* The number after the host's colon, which may be missing; -1 when it is no port. */
static long read_port(const wchar_t *text, const wchar_t *end, long otherwise)
{
	if (text == end)
		return otherwise;
	long port = 0;
	for (; text < end; text++) {
		if (*text < L'0' || *text > L'9')
			return -1;
		port = port * 10 + (*text - L'0');
		if (port > MAX_PORT)
			return -1;
	}
	return port;
}

static bool read_origin(const wchar_t *url, struct origin *ret_origin)
{
	struct origin origin = { .is_https = same_letters(url, L"https://", 8) };
	if (!origin.is_https && !same_letters(url, L"http://", 7))
		return false;
	const wchar_t *start = url + (origin.is_https ? 8 : 7);

	/* A browser reads a backslash as a slash here. */
	const wchar_t *end = start + wcscspn(start, L"/\\?#");
	for (const wchar_t *p = start; p < end; p++)
		if (*p == L'@') {
			origin.has_user = true;
			start = p + 1;
		}

	/* The colons of [::1] are not the port's. */
	const wchar_t *colon = start;
	if (*start == L'[')
		while (colon < end && *colon != L']')
			colon++;
	while (colon < end && *colon != L':')
		colon++;
	origin.host = start;
	origin.host_length = (size_t)(colon - start);
	origin.port = read_port(colon < end ? colon + 1 : end, end, origin.is_https ? 443 : 80);
	if (origin.host_length == 0 || origin.port < 0)
		return false;

	*ret_origin = origin;
	return true;
}

bool webview_url_same_origin(const wchar_t *url, const wchar_t *other)
{
	struct origin a, b;
	if (!read_origin(url, &a) || !read_origin(other, &b))
		return false;
	return !a.has_user && !b.has_user && a.is_https == b.is_https && a.port == b.port &&
		a.host_length == b.host_length && same_letters(a.host, b.host, a.host_length);
}

bool webview_url_is_link(const wchar_t *url)
{
	struct origin origin;
	if (wcslen(url) >= MAX_LINK || !read_origin(url, &origin))
		return false;
	for (const wchar_t *p = url; *p; p++)
		if (*p <= L' ' || *p == 0x7f || *p == L'"')
			return false;
	return true;
}
