#include "win/http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include <shlwapi.h>

#include "win/system.h"
#include "win/system_dll.h"

#define SILENCE_MS           30000
#define REDIRECTS_MAX        10
#define URL_UNITS_MAX        8192
#define NOT_KNOWN            UINT64_MAX

#define SHLWAPI_FUNCTIONS(X) X(UrlCombineW)
SYSTEM_DLL(shlwapi, SHLWAPI_FUNCTIONS)

enum step {
	STEP_FAILED,
	STEP_DONE, /* the file is whole already */
	STEP_BODY, /* what follows goes to download.offset */
	STEP_ANEW, /* again, from the file's start */
};

struct download {
	wchar_t url[URL_UNITS_MAX];
	const char *path;
	uint64_t limit;
	uint64_t deadline_ms; /* of all of it */
	struct win_progress progress;
	uint64_t offset; /* where the next byte goes */
	uint64_t total;  /* the whole file's, or NOT_KNOWN */
	uint32_t status;
};

/* How long the next step may take; 0 when the time is over. */
static uint32_t patience(const struct download *download)
{
	uint64_t now_ms = plat_now_ms();
	uint64_t left_ms = now_ms < download->deadline_ms ? download->deadline_ms - now_ms : 0;

	return left_ms < SILENCE_MS ? (uint32_t)left_ms : SILENCE_MS;
}

/* What a step that took too long means for the whole. */
static int too_late(const struct download *download)
{
	if (patience(download) == 0) {
		plat_log("http: not done in the time that it may take");
		return PLAT_TIMEOUT;
	}
	plat_log("http: silent for %u s", SILENCE_MS / 1000);
	return PLAT_NETWORK;
}

/* Scheme, host and port only: a query may be a signature, a path a secret link. */
static void describe(const wchar_t *url, char *text, size_t size)
{
	struct http_place place;
	wchar_t *host = NULL;
	char *narrow = NULL;

	if (http_place(url, &place))
		host = _wcsdup(place.host);
	if (host) {
		host[place.host_length] = 0;
		narrow = win_narrow(host);
	}
	if (narrow)
		snprintf(text, size, "%s://%s:%u", place.is_secure ? "https" : "http", narrow,
			(unsigned)place.port);
	else
		snprintf(text, size, "what is no URL");
	free(narrow);
	free(host);
}

static bool has_name(const struct http_place *place, const wchar_t *name)
{
	return place->host_length == wcslen(name) &&
		!_wcsnicmp(place->host, name, place->host_length);
}

/* https anywhere, http to this very machine: PLAT_OK. PLAT_REFUSED for http to another, PLAT_FAILED
 * for what is neither. */
static int check(const wchar_t *url, bool *ret_is_secure)
{
	struct http_place place;

	if (!http_place(url, &place))
		return PLAT_FAILED;
	*ret_is_secure = place.is_secure;
	return place.is_secure || has_name(&place, L"127.0.0.1") || has_name(&place, L"localhost")
		? PLAT_OK
		: PLAT_REFUSED;
}

/* Put where the answer points to in place of the URL; false when we do not go there. */
static bool redirect(struct download *download, struct http *http)
{
	wchar_t *to = malloc(2 * URL_UNITS_MAX * sizeof *to);
	wchar_t *whole = to + URL_UNITS_MAX;
	DWORD size = URL_UNITS_MAX;
	bool was_secure = true, is_secure = false;
	char host[300];

	if (!to)
		return false;
	bool ok = shlwapi_load() && check(download->url, &was_secure) == PLAT_OK &&
		http_header(http, L"Location", to, URL_UNITS_MAX) &&
		SUCCEEDED(shlwapi.UrlCombineW(download->url, to, whole, &size, 0));
	if (ok) {
		describe(whole, host, sizeof host);
		ok = check(whole, &is_secure) == PLAT_OK && (is_secure || !was_secure);
		plat_log("http: %s to %s", ok ? "goes on" : "refused to be sent", host);
	}
	if (ok)
		wcscpy(download->url, whole);
	free(to);
	return ok;
}

static bool is_redirect(uint32_t status)
{
	return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/* Ask for what is missing, wherever we are sent. */
static int ask(struct download *download, struct http **ret_http, struct http_reply *reply)
{
	wchar_t range[64] = L"";
	bool is_secure;

	if (download->offset)
		swprintf(range, sizeof range / sizeof *range, L"Range: bytes=%llu-\r\n",
			(unsigned long long)download->offset);
	for (int i = 0; i <= REDIRECTS_MAX; i++) {
		struct http *http;
		int r = check(download->url, &is_secure);
		if (r < 0) {
			plat_log("http: refused, as this is neither https nor this machine");
			return r;
		}
		r = http_get(&(struct http_options){ .url = download->url,
				     .headers = range,
				     .is_direct = !is_secure,
				     .timeout_ms = patience(download) },
			&http, reply);
		if (r < 0)
			return r;
		download->status = reply->status;
		if (!is_redirect(reply->status)) {
			*ret_http = http;
			return PLAT_OK;
		}
		bool goes_on = redirect(download, http);
		http_free(http);
		if (!goes_on)
			return PLAT_REFUSED;
	}
	plat_log("http: sent from one place to the next too often");
	return PLAT_REFUSED;
}

static bool read_number(const wchar_t **at, uint64_t *ret_number)
{
	uint64_t number = 0;

	if (**at < L'0' || **at > L'9')
		return false;
	for (; **at >= L'0' && **at <= L'9'; ++*at) {
		if (number > (UINT64_MAX - 10) / 10)
			return false;
		number = 10 * number + (uint64_t)(**at - L'0');
	}
	*ret_number = number;
	return true;
}

/* "bytes 5-9/10", "bytes 5-9/" and a star, "bytes " and a star "/10". False for anything else. */
static bool content_range(struct http *http, uint64_t *ret_first, uint64_t *ret_total)
{
	wchar_t text[96];
	const wchar_t *at = text + 6;
	uint64_t first = NOT_KNOWN, last = NOT_KNOWN, total = NOT_KNOWN;

	if (!http_header(http, L"Content-Range", text, sizeof text / sizeof *text) ||
		_wcsnicmp(text, L"bytes ", 6))
		return false;
	if (*at == L'*') {
		at++;
	} else if (!read_number(&at, &first) || *at++ != L'-' || !read_number(&at, &last) ||
		last < first) {
		return false;
	}
	if (*at++ != L'/' || (*at != L'*' && !read_number(&at, &total)) ||
		(last != NOT_KNOWN && total != NOT_KNOWN && last >= total))
		return false;
	*ret_first = first;
	*ret_total = total;
	return true;
}

/* What the answer means for the file. */
static enum step understand(
	struct download *download, struct http *http, const struct http_reply *reply)
{
	uint64_t first = NOT_KNOWN, total = NOT_KNOWN;
	bool has_range = content_range(http, &first, &total);

	switch (reply->status) {
	case 200:
		download->offset = 0;
		download->total = reply->length;
		return STEP_BODY;
	case 206:
		if (!download->offset)
			return STEP_FAILED;
		if (!has_range || first != download->offset)
			return STEP_ANEW;
		download->total = total;
		if (total == NOT_KNOWN && reply->length <= NOT_KNOWN - download->offset)
			download->total = download->offset + reply->length;
		return STEP_BODY;
	case 416:
		if (!download->offset)
			return STEP_FAILED;
		download->total = total;
		return has_range && total == download->offset ? STEP_DONE : STEP_ANEW;
	default: return STEP_FAILED;
	}
}

/* The file, positioned at and cut to download.offset. */
static int open_file(const struct download *download, HANDLE *ret_file)
{
	wchar_t *path = win_path(download->path);
	LARGE_INTEGER offset = { .QuadPart = (LONGLONG)download->offset };

	if (!path)
		return PLAT_FAILED;
	HANDLE file = CreateFileW(path, GENERIC_WRITE, FILE_SHARE_READ, NULL, OPEN_ALWAYS,
		FILE_ATTRIBUTE_NORMAL, NULL);
	free(path);
	if (file == INVALID_HANDLE_VALUE)
		return win_failed("http: cannot open the file", GetLastError());
	if (GetFileType(file) == FILE_TYPE_DISK &&
		(!SetFilePointerEx(file, offset, NULL, FILE_BEGIN) || !SetEndOfFile(file))) {
		int r = win_failed("http: cannot set the file's end", GetLastError());
		CloseHandle(file);
		return r;
	}
	*ret_file = file;
	return PLAT_OK;
}

static uint64_t total_to_tell(const struct download *download)
{
	return download->total == NOT_KNOWN ? 0 : download->total;
}

static int write_bytes(struct download *download, HANDLE file, const uint8_t *bytes, DWORD count)
{
	DWORD written;

	if (count > download->limit - download->offset) {
		plat_log("http: more than the %llu bytes that it may have",
			(unsigned long long)download->limit);
		return PLAT_TOO_LARGE;
	}
	if (!WriteFile(file, bytes, count, &written, NULL))
		return win_failed("http: cannot write the file", GetLastError());
	download->offset += written;
	win_progress_tell(&download->progress, download->offset, total_to_tell(download), false);
	return written == count ? PLAT_OK : PLAT_FULL;
}

/* WinHTTP ends a body that was cut off like any other, so that we count for ourselves. */
static int check_end(const struct download *download)
{
	if (download->total == NOT_KNOWN || download->offset == download->total)
		return PLAT_OK;
	plat_log("http: broke off after %llu of %llu bytes", (unsigned long long)download->offset,
		(unsigned long long)download->total);
	return PLAT_NETWORK;
}

static int read_body(struct download *download, struct http *http, HANDLE file)
{
	const uint8_t *bytes;
	DWORD error;

	if (download->total != NOT_KNOWN && download->total > download->limit) {
		plat_log("http: %llu bytes, and %llu are allowed",
			(unsigned long long)download->total, (unsigned long long)download->limit);
		return PLAT_TOO_LARGE;
	}
	win_progress_tell(&download->progress, download->offset, total_to_tell(download), true);
	for (;;) {
		int count = http_read(http, patience(download), &bytes, &error);
		if (count == PLAT_CANCELLED)
			return count;
		if (count == PLAT_TIMEOUT || (count != 0 && patience(download) == 0))
			return too_late(download);
		if (count < 0) {
			win_failed("http: broke off", error);
			return PLAT_NETWORK;
		}
		if (!count)
			break;
		int r = write_bytes(download, file, bytes, (DWORD)count);
		if (r < 0)
			return r;
	}
	win_progress_tell(&download->progress, download->offset, total_to_tell(download), true);
	return check_end(download);
}

/* One question and its answer; PLAT_OK with *ret_again set when another is needed. */
static int attempt(struct download *download, bool *ret_again)
{
	struct http *http;
	struct http_reply reply = { .status = 0 };
	HANDLE file = INVALID_HANDLE_VALUE;

	*ret_again = false;
	int r = ask(download, &http, &reply);
	if (r == PLAT_CANCELLED)
		return r;
	if (r == PLAT_TIMEOUT || (r < 0 && patience(download) == 0))
		return too_late(download);
	if (r < 0 && reply.error) {
		win_failed("http: no answer", reply.error);
		return r == PLAT_MISSING ? r : PLAT_NETWORK;
	}
	if (r < 0)
		return r;
	switch (understand(download, http, &reply)) {
	case STEP_FAILED:
		plat_log("http: refused with %u", (unsigned)reply.status);
		r = PLAT_REFUSED;
		break;
	case STEP_DONE: r = PLAT_OK; break;
	case STEP_ANEW:
		plat_log("http: cannot go on at %llu, so from the start",
			(unsigned long long)download->offset);
		download->offset = 0;
		*ret_again = true;
		break;
	case STEP_BODY:
		r = open_file(download, &file);
		if (r == PLAT_OK) {
			r = read_body(download, http, file);
			CloseHandle(file);
		}
		break;
	}
	http_free(http);
	return r;
}

int plat_download(const char *url, const char *path, uint64_t limit, uint32_t timeout_ms,
	plat_progress progress, void *owner, uint32_t *ret_status)
{
	struct download *download = calloc(1, sizeof *download);
	wchar_t *wide = win_wide(url);
	bool again = true;
	char host[300];
	int r = PLAT_FAILED;

	*ret_status = 0;
	if (download && wide && wcslen(wide) < URL_UNITS_MAX) {
		wcscpy(download->url, wide);
		download->path = path;
		download->limit = limit;
		download->deadline_ms = timeout_ms ? plat_now_ms() + timeout_ms : UINT64_MAX;
		download->total = NOT_KNOWN;
		download->progress = (struct win_progress){ .tell = progress, .owner = owner };
		if (plat_file_size(path, &download->offset) < 0 || download->offset > limit)
			download->offset = 0;
		describe(wide, host, sizeof host);
		plat_log("http: asks %s, from %llu on", host, (unsigned long long)download->offset);
		/* Without an offset no answer asks for another question. */
		while (again)
			r = attempt(download, &again);
		*ret_status = download->status;
	}
	free(wide);
	free(download);
	return r;
}
