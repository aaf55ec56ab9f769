#include "core/manifest.h"

#include "core/json.h"

#include <stdio.h>
#include <string.h>

#define LETTERS_AND_DIGITS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
#define MAX_IMAGE_SIZE     (UINT64_C(64) << 30)
#define MAX_HOST           255

/* RFC 3986's characters, "%" among them; so no space, no backslash, nothing beyond ASCII. */
static const char url_characters[] = LETTERS_AND_DIGITS "-._~:/?#[]@!$&'()*+,;=%";
static const char file_name_characters[] = LETTERS_AND_DIGITS "-._~@!$&'()+,;=%";

static bool consists_of(const char *text, const char *characters)
{
	return text[strspn(text, characters)] == '\0';
}

/* How long "https://" or "http://" at its beginning is; 0 = there is neither. */
static size_t scheme_length(const char *url)
{
	static const char scheme[] = "https://";
	size_t at = 0;

	for (size_t i = 0; scheme[i]; i++) {
		if (url[at] == scheme[i] ||
			(scheme[i] >= 'a' && url[at] == scheme[i] - ('a' - 'A')))
			at++;
		else if (scheme[i] != 's')
			return 0;
	}
	return at;
}

static bool is_absolute(const char *url)
{
	size_t scheme = scheme_length(url);
	size_t host = strcspn(url + scheme, "/?#");

	return scheme > 0 && host > 0 && host <= MAX_HOST && !memchr(url + scheme, '@', host) &&
		url[scheme] != ':' && consists_of(url, url_characters);
}

/* A name beside the manifest becomes absolute, in place. */
static bool resolve(const char *base, char *url, size_t size)
{
	char name[256];
	size_t length = strlen(url);

	if (is_absolute(url))
		return true;
	if (!base || !is_absolute(base) || length == 0 || length >= sizeof name || *url == '.' ||
		!consists_of(url, file_name_characters))
		return false;
	memcpy(name, url, length + 1);

	size_t scheme = scheme_length(base);
	size_t directory = strcspn(base, "?#");
	while (directory > scheme && base[directory - 1] != '/')
		directory--;
	if (directory > scheme)
		return (size_t)snprintf(url, size, "%.*s%s", (int)directory, base, name) < size;
	directory = strcspn(base, "?#");
	return (size_t)snprintf(url, size, "%.*s/%s", (int)directory, base, name) < size;
}

static bool read_sha256(const char *json, char *sha256, size_t size)
{
	if (!json_string(json, "sha256", sha256, size) || strlen(sha256) != 64 ||
		!consists_of(sha256, "0123456789abcdefABCDEF"))
		return false;
	for (char *c = sha256; *c; c++) {
		if (*c >= 'A' && *c <= 'F')
			*c = (char)(*c - 'A' + 'a');
	}
	return true;
}

static bool read_version(const char *json, char *version, size_t size)
{
	return json_string(json, "version", version, size) && *version &&
		consists_of(version, LETTERS_AND_DIGITS ".-+_~");
}

static bool read_minimum_wsl(const char *json, struct wsl_version *version)
{
	char text[32];

	return json_string(json, "minimum_wsl", text, sizeof text) &&
		wsl_read_version(text, version);
}

static const char *find_wrong_field(const char *json, const char *base, struct manifest *m)
{
	if (!read_version(json, m->version, sizeof m->version))
		return "version";
	if (!json_string(json, "url", m->url, sizeof m->url) ||
		!resolve(base, m->url, sizeof m->url))
		return "url";
	if (!read_sha256(json, m->sha256, sizeof m->sha256))
		return "sha256";
	if (!json_number(json, "size", &m->size_bytes) || m->size_bytes == 0 ||
		m->size_bytes > MAX_IMAGE_SIZE)
		return "size";
	if (json_has(json, "unpacked_size") &&
		(!json_number(json, "unpacked_size", &m->unpacked_bytes) ||
			m->unpacked_bytes > MAX_IMAGE_SIZE))
		return "unpacked_size";
	if (json_has(json, "minimum_wsl") && !read_minimum_wsl(json, &m->minimum_wsl))
		return "minimum_wsl";
	return NULL;
}

bool manifest_parse(const char *json, const char *base, struct manifest *ret_manifest, char *error,
	size_t error_size)
{
	struct manifest manifest = { .size_bytes = 0 };
	const char *wrong = find_wrong_field(json, base, &manifest);

	if (!wrong) {
		*ret_manifest = manifest;
		return true;
	}
	/* A page that asks to log in, and whatever else is served in place of files. */
	if (!json_has(json, "version") && !json_has(json, "url") && !json_has(json, "sha256"))
		snprintf(error, error_size, "This is no manifest");
	else if (!json_has(json, wrong))
		snprintf(error, error_size, "\"%s\" is missing", wrong);
	else
		snprintf(error, error_size, "\"%s\" is wrong", wrong);
	return false;
}

/* What is left of a part of a version. */
struct part {
	const char *at, *end;
};

static char peek(const struct part *p)
{
	return p->at < p->end ? *p->at : '\0';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* "~" comes before the end, the end before letters, letters before the rest. What is no number ends
 * at a digit, too. */
static int rank(char c)
{
	if (c == '~')
		return -1;
	if (c == '\0' || is_digit(c))
		return 0;
	if ((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'))
		return c;
	return (unsigned char)c + 256;
}

/* Moves behind a number of any length, and leaves what counts of it in *ret_digits. */
static size_t take_number(struct part *p, const char **ret_digits)
{
	while (peek(p) == '0')
		p->at++;
	*ret_digits = p->at;
	while (is_digit(peek(p)))
		p->at++;
	return (size_t)(p->at - *ret_digits);
}

static int compare_numbers(struct part *a, struct part *b)
{
	const char *digits_a, *digits_b;
	size_t length_a = take_number(a, &digits_a), length_b = take_number(b, &digits_b);

	if (length_a != length_b)
		return length_a < length_b ? -1 : 1;
	return memcmp(digits_a, digits_b, length_a);
}

static int compare_parts(struct part a, struct part b)
{
	int difference = 0;

	while (difference == 0 && (peek(&a) || peek(&b))) {
		difference = rank(peek(&a)) - rank(peek(&b));
		if (difference != 0)
			break;
		if (rank(peek(&a)) == 0) {
			difference = compare_numbers(&a, &b);
		} else {
			a.at++;
			b.at++;
		}
	}
	return (difference > 0) - (difference < 0);
}

/* "1.2-3": the last "-" begins the package's own number, which counts after all else. */
static struct part upstream_of(const char *version)
{
	const char *dash = strrchr(version, '-');

	return (struct part){ version, dash ? dash : version + strlen(version) };
}

static struct part revision_of(const char *version)
{
	const char *dash = strrchr(version, '-'), *end = version + strlen(version);

	return (struct part){ dash ? dash + 1 : end, end };
}

int manifest_compare_versions(const char *a, const char *b)
{
	int order = compare_parts(upstream_of(a), upstream_of(b));

	return order ? order : compare_parts(revision_of(a), revision_of(b));
}
