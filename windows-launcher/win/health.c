#include "win/http.h"

#include <stdio.h>
#include <string.h>
#include <wchar.h>

#include <winhttp.h>

#define TOKEN_BYTES_MAX 256

/* Letters, digits and a few more: nothing that could begin another header. */
static bool is_token(const char *token)
{
	size_t length = strspn(
		token, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/=");

	return length && length <= TOKEN_BYTES_MAX && !token[length];
}

int plat_health(uint16_t port, const char *token, uint32_t timeout_ms)
{
	wchar_t url[64], headers[TOKEN_BYTES_MAX + 32];
	struct http *http;
	struct http_reply reply;

	if (!is_token(token))
		return PLAT_FAILED;
	swprintf(url, sizeof url / sizeof *url, L"http://127.0.0.1:%u/api/status", (unsigned)port);
	swprintf(
		headers, sizeof headers / sizeof *headers, L"Authorization: Bearer %hs\r\n", token);
	int r = http_get(&(struct http_options){ .url = url,
				 .headers = headers,
				 .is_direct = true,
				 .timeout_ms = timeout_ms },
		&http, &reply);
	SecureZeroMemory(headers, sizeof headers);
	if (r == PLAT_OK) {
		http_free(http);
		return reply.status == 200 ? PLAT_OK : PLAT_REFUSED;
	}
	/* Somebody listens there who does not speak HTTP. */
	if (reply.error == ERROR_WINHTTP_INVALID_SERVER_RESPONSE)
		return PLAT_REFUSED;
	return r == PLAT_MISSING || r == PLAT_FAILED ? PLAT_NETWORK : r;
}
