#include "core/guard.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static bool is_token_char(char c)
{
	return isalnum((unsigned char)c) || c == '-' || c == '_';
}

bool guard_token_is_valid(const char *token)
{
	size_t size = strlen(token);

	if (size < GUARD_MIN_TOKEN || size > GUARD_MAX_TOKEN)
		return false;
	for (size_t i = 0; i < size; i++)
		if (!is_token_char(token[i]))
			return false;
	return true;
}

bool guard_is_loopback(const char *address)
{
	unsigned a, b, c, d;
	char rest;

	if (!strcasecmp(address, "localhost") || !strcmp(address, "::1"))
		return true;
	return sscanf(address, "%3u.%3u.%3u.%3u%c", &a, &b, &c, &d, &rest) == 4 && a == 127 &&
		b < 256 && c < 256 && d < 256;
}

/* The name in "name:port" or "[v6]:port". Its size, or 0 for nonsense. */
static size_t host_name(const char *host, const char **ret_name)
{
	const char *end;

	if (*host == '[') {
		end = strchr(host, ']');
		if (!end || (end[1] && end[1] != ':'))
			return 0;
		*ret_name = host + 1;
		return (size_t)(end - host) - 1;
	}
	*ret_name = host;
	end = strchr(host, ':');
	if (end && strchr(end + 1, ':'))
		return 0;
	return end ? (size_t)(end - host) : strlen(host);
}

bool guard_host_allowed(const struct guard *guard, const char *host)
{
	char name[256];
	const char *start;

	if (!host)
		return false;
	size_t size = host_name(host, &start);
	if (size == 0 || size >= sizeof name)
		return false;
	memcpy(name, start, size);
	name[size] = '\0';

	if (guard_is_loopback(name) || !strcasecmp(name, guard->listen_address))
		return true;
	for (const char *const *allowed = guard->allow_hosts; allowed && *allowed; allowed++)
		if (!strcasecmp(name, *allowed))
			return true;
	return false;
}

bool guard_origin_allowed(const struct guard *guard, const char *origin, const char *host)
{
	if (!origin)
		return true;
	const char *authority = !strncasecmp(origin, "http://", 7) ? origin + 7
		: !strncasecmp(origin, "https://", 8)              ? origin + 8
								   : NULL;
	if (authority && host && !strcasecmp(authority, host))
		return true;
	for (const char *const *allowed = guard->allow_origins; allowed && *allowed; allowed++)
		if (!strcasecmp(origin, *allowed))
			return true;
	return false;
}

/* Compares all of it whatever differs, so that its time tells nothing of the secret. */
static bool equal_in_constant_time(const char *secret, const char *token)
{
	size_t secret_size = strlen(secret);
	size_t size = strlen(token);
	unsigned char difference = secret_size != size || secret_size == 0;

	for (size_t i = 0; i < size; i++)
		difference |= (unsigned char)(token[i] ^ secret[secret_size ? i % secret_size : 0]);
	return difference == 0;
}

int guard_role(const struct guard *guard, const char *token)
{
	if (!token)
		return 0;
	bool control = equal_in_constant_time(guard->token, token);
	bool view = equal_in_constant_time(guard->view_token, token);
	return control ? SP_ROLE_CONTROL : view ? SP_ROLE_VIEW : 0;
}

bool guard_subprotocol_token(const char *header, char ret_token[GUARD_MAX_TOKEN + 1])
{
	bool offered = false, found = false;
	const size_t prefix = sizeof GUARD_SUBPROTOCOL_PREFIX - 1;

	if (!header)
		return false;
	for (const char *at = header; *at;) {
		at += strspn(at, ", \t");
		size_t size = strcspn(at, ", \t");

		if (size == sizeof SP_SUBPROTOCOL - 1 && !memcmp(at, SP_SUBPROTOCOL, size)) {
			offered = true;
		} else if (size > prefix && size - prefix <= GUARD_MAX_TOKEN && !found &&
			!memcmp(at, GUARD_SUBPROTOCOL_PREFIX, prefix)) {
			memcpy(ret_token, at + prefix, size - prefix);
			ret_token[size - prefix] = '\0';
			found = true;
		}
		at += size;
	}
	return offered && found;
}

const char *guard_bearer_token(const char *header)
{
	return header && !strncasecmp(header, "Bearer ", 7) ? header + 7 : NULL;
}
