#include "win/http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include <winhttp.h>

#define INSTANCE_MAX 64

static bool is_instance(struct http *http, const char *expected)
{
	wchar_t wide[INSTANCE_MAX];
	bool is_same;

	if (!*expected)
		return true; /* a system that does not tell */
	if (!http_header(http, L"Helix-Instance", wide, INSTANCE_MAX))
		return false;
	char *text = win_narrow(wide);
	is_same = text && strcmp(text, expected) == 0;
	free(text);
	return is_same;
}

int plat_health(uint16_t port, const char *instance, uint32_t timeout_ms)
{
	wchar_t url[64];
	struct http *http;
	struct http_reply reply;

	swprintf(url, sizeof url / sizeof *url, L"http://127.0.0.1:%u/healthz", (unsigned)port);
	int r = http_get(
		&(struct http_options){
			.url = url, .headers = L"", .is_direct = true, .timeout_ms = timeout_ms },
		&http, &reply);
	if (r == PLAT_OK) {
		bool is_ours = reply.status == 200 && is_instance(http, instance);
		http_free(http);
		return is_ours ? PLAT_OK : PLAT_REFUSED;
	}
	/* Somebody listens there who does not speak HTTP. */
	if (reply.error == ERROR_WINHTTP_INVALID_SERVER_RESPONSE)
		return PLAT_REFUSED;
	return r == PLAT_MISSING || r == PLAT_FAILED ? PLAT_NETWORK : r;
}
