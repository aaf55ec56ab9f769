#include "win/http.h"

#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include <winhttp.h>

#include "win/system.h"
#include "win/system_dll.h"

#define CHUNK              (64u << 10)
#define CONNECT_TIMEOUT_MS 15000 /* for each of the host's addresses */

/* clang-format off */
#define WINHTTP_FUNCTIONS(X) \
	X(WinHttpOpen) X(WinHttpConnect) X(WinHttpOpenRequest) X(WinHttpSetOption) \
	X(WinHttpSetStatusCallback) X(WinHttpSetTimeouts) X(WinHttpSendRequest) \
	X(WinHttpReceiveResponse) X(WinHttpQueryHeaders) X(WinHttpQueryDataAvailable) \
	X(WinHttpReadData) X(WinHttpCrackUrl) X(WinHttpCloseHandle)
/* clang-format on */
SYSTEM_DLL(winhttp, WINHTTP_FUNCTIONS)

/* WinHTTP in its asynchronous mode. Its synchronous calls can only be got out of by closing the
 * request under their feet, which its manual forbids as a race; here every call returns at once,
 * and the wait is ours. The memory belongs to WinHTTP too until HANDLE_CLOSING. */
struct http {
	volatile LONG references;
	HINTERNET session, connection, request;
	HANDLE happened; /* auto reset; set after the two below */
	DWORD error, count;
	uint8_t chunk[CHUNK];
};

static void unref(struct http *http)
{
	if (InterlockedDecrement(&http->references))
		return;
	if (http->happened)
		CloseHandle(http->happened);
	free(http);
}

/* From WinHTTP's threads. */
static void CALLBACK on_status(
	HINTERNET handle, DWORD_PTR context, DWORD status, void *information, DWORD length)
{
	struct http *http = (struct http *)context;
	(void)handle;

	if (!http)
		return;
	switch (status) {
	case WINHTTP_CALLBACK_STATUS_DATA_AVAILABLE:
		http->count = *(DWORD *)information;
		SetEvent(http->happened);
		break;
	case WINHTTP_CALLBACK_STATUS_READ_COMPLETE:
		http->count = length;
		SetEvent(http->happened);
		break;
	case WINHTTP_CALLBACK_STATUS_SENDREQUEST_COMPLETE:
	case WINHTTP_CALLBACK_STATUS_HEADERS_AVAILABLE: SetEvent(http->happened); break;
	case WINHTTP_CALLBACK_STATUS_REQUEST_ERROR:
		http->error = ((WINHTTP_ASYNC_RESULT *)information)->dwError;
		SetEvent(http->happened);
		break;
	case WINHTTP_CALLBACK_STATUS_SECURE_FAILURE:
		plat_log("http: the certificate is not trusted (%08lx)",
			(unsigned long)*(DWORD *)information);
		break;
	case WINHTTP_CALLBACK_STATUS_HANDLE_CLOSING: unref(http); break;
	}
}

static int await(struct http *http, uint64_t deadline_ms)
{
	const HANDLE handles[] = { win_cancelled(), http->happened };
	uint64_t now = plat_now_ms();

	switch (WaitForMultipleObjects(
		2, handles, FALSE, now < deadline_ms ? (DWORD)(deadline_ms - now) : 0)) {
	case WAIT_OBJECT_0: return PLAT_CANCELLED;
	case WAIT_OBJECT_0 + 1: return http->error ? win_result(http->error) : PLAT_OK;
	default: return PLAT_TIMEOUT;
	}
}

static HINTERNET open_session(bool is_direct)
{
	static const DWORD proxies[] = { WINHTTP_ACCESS_TYPE_AUTOMATIC_PROXY,
		WINHTTP_ACCESS_TYPE_DEFAULT_PROXY };
	HINTERNET session = NULL;

	if (is_direct)
		return winhttp.WinHttpOpen(
			L"Helix", WINHTTP_ACCESS_TYPE_NO_PROXY, NULL, NULL, WINHTTP_FLAG_ASYNC);
	for (size_t i = 0; !session && i < sizeof proxies / sizeof *proxies; i++)
		session = winhttp.WinHttpOpen(L"Helix", proxies[i], NULL, NULL, WINHTTP_FLAG_ASYNC);
	return session;
}

static bool set_up(struct http *http, const struct http_options *options)
{
	DWORD never = WINHTTP_OPTION_REDIRECT_POLICY_NEVER;
	DWORD off =
		WINHTTP_DISABLE_COOKIES | (options->is_direct ? WINHTTP_DISABLE_AUTHENTICATION : 0);
	DWORD_PTR context = (DWORD_PTR)http;
	int timeout_ms = (int)options->timeout_ms;

	if (!winhttp.WinHttpSetOption(
		    http->request, WINHTTP_OPTION_CONTEXT_VALUE, &context, sizeof context) ||
		winhttp.WinHttpSetStatusCallback(http->request, on_status,
			WINHTTP_CALLBACK_FLAG_ALL_COMPLETIONS | WINHTTP_CALLBACK_FLAG_HANDLES |
				WINHTTP_CALLBACK_FLAG_SECURE_FAILURE,
			0) == WINHTTP_INVALID_STATUS_CALLBACK)
		return false;
	http->references++; /* HANDLE_CLOSING's */
	return winhttp.WinHttpSetOption(
		       http->request, WINHTTP_OPTION_REDIRECT_POLICY, &never, sizeof never) &&
		winhttp.WinHttpSetOption(
			http->request, WINHTTP_OPTION_DISABLE_FEATURE, &off, sizeof off) &&
		winhttp.WinHttpSetTimeouts(http->request, timeout_ms,
			timeout_ms < CONNECT_TIMEOUT_MS ? timeout_ms : CONNECT_TIMEOUT_MS,
			timeout_ms, timeout_ms);
}

static bool open_request(struct http *http, const struct http_options *options)
{
	URL_COMPONENTSW url = { .dwStructSize = sizeof url,
		.dwHostNameLength = 1,
		.dwUrlPathLength = 1,
		.dwExtraInfoLength = 1 };

	/* Lengths of 1 ask for pointers into the text; the path goes on into the query. */
	if (!winhttp_load() || !winhttp.WinHttpCrackUrl(options->url, 0, 0, &url))
		return false;
	wchar_t *host = _wcsdup(url.lpszHostName), *path = _wcsdup(url.lpszUrlPath);
	if (host && path) {
		host[url.dwHostNameLength] = 0;
		path[wcscspn(path, L"#")] = 0;
		http->session = open_session(options->is_direct);
		if (http->session)
			http->connection =
				winhttp.WinHttpConnect(http->session, host, url.nPort, 0);
		if (http->connection)
			http->request = winhttp.WinHttpOpenRequest(http->connection, L"GET",
				*path ? path : L"/", NULL, WINHTTP_NO_REFERER,
				WINHTTP_DEFAULT_ACCEPT_TYPES,
				url.nScheme == INTERNET_SCHEME_HTTPS ? WINHTTP_FLAG_SECURE : 0);
	}
	free(host);
	free(path);
	return http->request && set_up(http, options);
}

static uint64_t body_length(struct http *http)
{
	wchar_t text[32], *end;

	if (!http_header(http, L"Content-Length", text, sizeof text / sizeof *text) ||
		*text < L'0' || *text > L'9')
		return UINT64_MAX;
	uint64_t length = wcstoull(text, &end, 10);
	if (*end)
		return UINT64_MAX;
	return length < UINT64_MAX ? length : UINT64_MAX - 1; /* said, and absurd */
}

static int exchange(struct http *http, const struct http_options *options, struct http_reply *reply)
{
	uint64_t deadline_ms = plat_now_ms() + options->timeout_ms;
	DWORD status = 0, size = sizeof status;
	const wchar_t *headers = *options->headers ? options->headers : NULL;

	if (!winhttp.WinHttpSendRequest(
		    http->request, headers, headers ? (DWORD)-1 : 0, NULL, 0, 0, (DWORD_PTR)http))
		goto fail;
	int r = await(http, deadline_ms);
	if (r < 0)
		return r;
	if (!winhttp.WinHttpReceiveResponse(http->request, NULL))
		goto fail;
	r = await(http, deadline_ms);
	if (r < 0)
		return r;
	if (!winhttp.WinHttpQueryHeaders(http->request,
		    WINHTTP_QUERY_STATUS_CODE | WINHTTP_QUERY_FLAG_NUMBER,
		    WINHTTP_HEADER_NAME_BY_INDEX, &status, &size, WINHTTP_NO_HEADER_INDEX))
		goto fail;
	reply->status = status;
	reply->length = body_length(http);
	return PLAT_OK;

fail:
	http->error = GetLastError();
	return win_result(http->error);
}

bool http_place(const wchar_t *url, struct http_place *ret_place)
{
	URL_COMPONENTSW parts = {
		.dwStructSize = sizeof parts, .dwSchemeLength = 1, .dwHostNameLength = 1
	};

	if (!winhttp_load() || !winhttp.WinHttpCrackUrl(url, 0, 0, &parts))
		return false;
	*ret_place = (struct http_place){ .is_secure = parts.nScheme == INTERNET_SCHEME_HTTPS,
		.host = parts.lpszHostName,
		.host_length = parts.dwHostNameLength,
		.port = parts.nPort };
	return true;
}

int http_get(const struct http_options *options, struct http **ret_http, struct http_reply *reply)
{
	struct http *http = calloc(1, sizeof *http);
	int r;

	*reply = (struct http_reply){ .length = UINT64_MAX };
	if (!http)
		return PLAT_FAILED;
	http->references = 1;
	http->happened = CreateEventW(NULL, FALSE, FALSE, NULL);
	if (win_is_cancelled()) {
		r = PLAT_CANCELLED;
	} else if (!http->happened || !open_request(http, options)) {
		reply->error = GetLastError();
		r = reply->error ? win_result(reply->error) : PLAT_FAILED;
	} else {
		r = exchange(http, options, reply);
		reply->error = http->error;
	}
	if (r < 0)
		http_free(http);
	else
		*ret_http = http;
	return r;
}

bool http_header(struct http *http, const wchar_t *name, wchar_t *text, size_t size)
{
	DWORD bytes = (DWORD)(size * sizeof *text);

	return winhttp.WinHttpQueryHeaders(
		http->request, WINHTTP_QUERY_CUSTOM, name, text, &bytes, WINHTTP_NO_HEADER_INDEX);
}

/* WinHTTP's answer to a call that was begun, or could not be. */
static int complete(struct http *http, BOOL is_begun, uint64_t deadline_ms)
{
	if (is_begun)
		return await(http, deadline_ms);
	http->error = GetLastError();
	return win_result(http->error);
}

int http_read(struct http *http, uint32_t timeout_ms, const uint8_t **ret_bytes, DWORD *ret_error)
{
	uint64_t deadline_ms = plat_now_ms() + timeout_ms;

	/* Asked for more than is there, WinHTTP waits until it has all of it. */
	http->count = 0;
	int r = complete(http, winhttp.WinHttpQueryDataAvailable(http->request, NULL), deadline_ms);
	DWORD available = http->count;
	if (r == PLAT_OK && available) {
		http->count = 0;
		r = complete(http,
			winhttp.WinHttpReadData(http->request, http->chunk,
				available < CHUNK ? available : CHUNK, NULL),
			deadline_ms);
	}
	*ret_error = http->error;
	*ret_bytes = http->chunk;
	return r < 0 ? r : (int)http->count;
}

void http_free(struct http *http)
{
	if (!http)
		return;
	if (http->request)
		winhttp.WinHttpCloseHandle(http->request);
	if (http->connection)
		winhttp.WinHttpCloseHandle(http->connection);
	if (http->session)
		winhttp.WinHttpCloseHandle(http->session);
	unref(http);
}
