#include "probe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <wincrypt.h>

/* What system.test.mjs serves below /whole and elsewhere. */
#define BODY_SIZE (1u << 20)

static uint32_t status;
static uint64_t last_done, last_total;
static unsigned told;

static void on_progress(void *owner, uint64_t done, uint64_t total)
{
	(void)owner;
	last_done = done;
	last_total = total;
	told++;
}

static unsigned short port(void)
{
	const char *text = getenv("HELIX_PROBE_PORT");

	return (unsigned short)(text ? atoi(text) : 0);
}

/* Of another server: HELIX_PROBE_WHAT_PORT. */
static unsigned short other_port(const char *what)
{
	char name[64];

	snprintf(name, sizeof name, "HELIX_PROBE_%s_PORT", what);
	const char *text = getenv(name);
	return (unsigned short)(text ? atoi(text) : 0);
}

static int get_limited(const char *path, const char *name, uint64_t limit)
{
	char url[200];

	told = 0;
	status = 1;
	snprintf(url, sizeof url, "http://127.0.0.1:%u%s", port(), path);
	return plat_download(url, probe_path(name), limit, 0, on_progress, NULL, &status);
}

static int get(const char *path, const char *name)
{
	return get_limited(path, name, 2 * BODY_SIZE);
}

/* The file's size, 0 without one. */
static uint64_t size_of(const char *name)
{
	uint64_t size = 0;

	return plat_file_size(probe_path(name), &size) == PLAT_OK ? size : 0;
}

static bool is_whole(const char *name)
{
	char hex[65];
	const char *expected = getenv("HELIX_PROBE_BODY_SHA256");

	return expected && plat_sha256(probe_path(name), hex, NULL, NULL) == PLAT_OK &&
		!strcmp(hex, expected);
}

static void put(const char *name, const char *bytes, size_t size)
{
	plat_make_directory(probe_path(""));
	CHECK_NUMBER(plat_write_file(probe_path(name), bytes, size), PLAT_OK);
}

TEST(download, gets_a_file_as_it_is)
{
	put("new", "", 0);
	CHECK_NUMBER(plat_remove(probe_path("new")), PLAT_OK);
	CHECK_NUMBER(get("/whole?a=b#c", "new"), PLAT_OK);
	CHECK_NUMBER(status, 200);
	CHECK(is_whole("new"));
	CHECK(told >= 2 && last_done == BODY_SIZE && last_total == BODY_SIZE);
	/* And once more, with all of it there. */
	CHECK_NUMBER(get("/whole", "new"), PLAT_OK);
	CHECK_NUMBER(status, 416);
	CHECK(is_whole("new"));
}

TEST(download, goes_on_where_the_connection_broke)
{
	put("cut", "", 0);
	CHECK_NUMBER(get("/cut", "cut"), PLAT_NETWORK);
	uint64_t size = size_of("cut");
	CHECK(size > 0 && size < BODY_SIZE);
	CHECK_NUMBER(get("/cut", "cut"), PLAT_OK);
	CHECK_NUMBER(status, 206);
	CHECK(is_whole("cut"));
}

TEST(download, sees_a_body_that_is_too_short)
{
	put("short", "", 0);
	CHECK_NUMBER(get("/short", "short"), PLAT_NETWORK);
	CHECK_NUMBER(size_of("short"), 500);
	/* The rest in pieces that do not reach the end. */
	put("piece", "0123456789", 10);
	CHECK_NUMBER(get("/piece", "piece"), PLAT_NETWORK);
	CHECK_NUMBER(size_of("piece"), 20);
}

TEST(download, starts_over_where_it_cannot_go_on)
{
	put("anew", "wrong bytes", 11);
	CHECK_NUMBER(get("/no-range", "anew"), PLAT_OK);
	CHECK_NUMBER(status, 200);
	CHECK(is_whole("anew"));
	put("anew", "wrong bytes", 11);
	CHECK_NUMBER(get("/wrong-range", "anew"), PLAT_OK);
	CHECK(is_whole("anew"));
	put("anew", "wrong bytes", 11);
	CHECK_NUMBER(get("/beyond", "anew"), PLAT_OK);
	CHECK(is_whole("anew"));
	/* An answer to a question that was not asked. */
	put("anew", "", 0);
	CHECK_NUMBER(get("/always-206", "anew"), PLAT_REFUSED);
	CHECK_NUMBER(status, 206);
}

TEST(download, keeps_to_its_limit)
{
	put("limit", "", 0);
	CHECK_NUMBER(get_limited("/whole", "limit", BODY_SIZE), PLAT_OK);
	put("limit", "", 0);
	CHECK_NUMBER(get_limited("/whole", "limit", BODY_SIZE - 1), PLAT_TOO_LARGE);
	CHECK_NUMBER(size_of("limit"), 0);
	CHECK_NUMBER(get_limited("/endless", "limit", 300000), PLAT_TOO_LARGE);
	CHECK(size_of("limit") <= 300000);
	CHECK_NUMBER(last_total, 0);
	CHECK_NUMBER(get_limited("/huge", "limit", 300000), PLAT_TOO_LARGE);
	put("limit", "too much already", 16);
	CHECK_NUMBER(get_limited("/tiny", "limit", 4), PLAT_OK);
	CHECK_NUMBER(size_of("limit"), 4);
}

TEST(download, tells_what_the_server_says)
{
	put("kept", "kept", 4);
	CHECK_NUMBER(get("/missing", "kept"), PLAT_REFUSED);
	CHECK_NUMBER(status, 404);
	CHECK_NUMBER(size_of("kept"), 4);
	CHECK_NUMBER(get("/missing", "absent"), PLAT_REFUSED);
	CHECK_NUMBER(size_of("absent"), 0);
}

TEST(download, follows_redirects_but_not_anywhere)
{
	put("redirect", "", 0);
	CHECK_NUMBER(get("/redirect", "redirect"), PLAT_OK);
	CHECK(is_whole("redirect"));
	put("redirect", "", 0);
	CHECK_NUMBER(get("/redirect-out", "redirect"), PLAT_REFUSED);
	CHECK_NUMBER(status, 302);
	CHECK_NUMBER(get("/redirect-for-ever", "redirect"), PLAT_REFUSED);
	CHECK_NUMBER(get("/redirect-nowhere", "redirect"), PLAT_REFUSED);
	CHECK_NUMBER(size_of("redirect"), 0);
}

static int get_url(const char *url)
{
	status = 1;
	return plat_download(url, probe_path("url"), 1000, 0, NULL, NULL, &status);
}

TEST(download, takes_http_from_this_machine_only)
{
	CHECK_NUMBER(get_url("http://192.0.2.1/x"), PLAT_REFUSED);
	CHECK_NUMBER(status, 0);
	CHECK_NUMBER(get_url("http://127.0.0.1.example.com/x"), PLAT_REFUSED);
	CHECK_NUMBER(get_url("http://localhost@192.0.2.1/x"), PLAT_REFUSED);
	CHECK_NUMBER(get_url("ftp://127.0.0.1/x"), PLAT_FAILED);
	CHECK_NUMBER(get_url("no url"), PLAT_FAILED);
	CHECK_NUMBER(get_url("http://127.0.0.1:1/x"), PLAT_NETWORK);
	CHECK_NUMBER(get_url("https://no-such-host.invalid/x"), PLAT_MISSING);
}

/* Trust the certificate in this file, as its owner's Windows would. */
static bool trust(const char *path)
{
	BYTE bytes[4096];
	size_t size = 0;

	if (!path || plat_read_file(path, (char *)bytes, sizeof bytes, &size) < 0)
		return false;
	HCERTSTORE store = CertOpenStore(
		CERT_STORE_PROV_SYSTEM_W, 0, 0, CERT_SYSTEM_STORE_CURRENT_USER, L"Root");
	bool ok = store &&
		CertAddEncodedCertificateToStore(store, X509_ASN_ENCODING, bytes, (DWORD)size,
			CERT_STORE_ADD_REPLACE_EXISTING, NULL);
	if (store)
		CertCloseStore(store, 0);
	return ok;
}

TEST(download, trusts_only_certificates_that_windows_trusts)
{
	const char *secure = getenv("HELIX_PROBE_SECURE_PORT");
	char url[100];

	if (!CHECK(secure))
		return;
	put("secure", "", 0);
	snprintf(url, sizeof url, "https://localhost:%s/whole", secure);
	CHECK_NUMBER(plat_download(url, probe_path("secure"), BODY_SIZE, 0, NULL, NULL, &status),
		PLAT_NETWORK);
	CHECK_NUMBER(size_of("secure"), 0);
}

TEST(trusted, https_works_and_does_not_lead_to_http)
{
	const char *secure = getenv("HELIX_PROBE_SECURE_PORT");
	char url[100];

	if (!CHECK(secure && trust(getenv("HELIX_PROBE_CERTIFICATE"))))
		return;
	put("secure", "", 0);
	snprintf(url, sizeof url, "https://localhost:%s/whole", secure);
	CHECK_NUMBER(plat_download(url, probe_path("secure"), BODY_SIZE, 0, NULL, NULL, &status),
		PLAT_OK);
	CHECK(is_whole("secure"));
	put("secure", "", 0);
	snprintf(url, sizeof url, "https://localhost:%s/redirect-down", secure);
	CHECK_NUMBER(plat_download(url, probe_path("secure"), BODY_SIZE, 0, NULL, NULL, &status),
		PLAT_REFUSED);
	CHECK_NUMBER(status, 302);
}

TEST(download, ends_soon_after_a_cancel)
{
	put("cancel", "", 0);
	probe_cancel_in(300);
	CHECK_NUMBER(get("/stall", "cancel"), PLAT_CANCELLED);
	CHECK(probe_cancelled() < 100);
	probe_cancel_in(300);
	CHECK_NUMBER(get("/silent", "cancel"), PLAT_CANCELLED);
	CHECK(probe_cancelled() < 100);
	probe_cancel_in(300);
	CHECK_NUMBER(get_limited("/endless", "cancel", UINT64_MAX), PLAT_CANCELLED);
	CHECK(probe_cancelled() < 100);
	plat_cancel();
	CHECK_NUMBER(get("/whole", "cancel"), PLAT_CANCELLED);
	ResetEvent(win_cancelled());
}

static int get_within(const char *path, uint32_t timeout_ms)
{
	char url[200];

	put("within", "", 0);
	snprintf(url, sizeof url, "http://127.0.0.1:%u%s", port(), path);
	return plat_download(url, probe_path("within"), 1000, timeout_ms, NULL, NULL, &status);
}

TEST(download, takes_no_longer_than_told_however_little_comes)
{
	static const char *const slow[] = { "/dribble", "/stall", "/silent", "/redirect-slowly" };

	for (size_t i = 0; i < sizeof slow / sizeof *slow; i++) {
		uint64_t start_ms = plat_now_ms();

		CHECK_NUMBER(get_within(slow[i], 1000), PLAT_TIMEOUT);
		CHECK(plat_now_ms() - start_ms >= 900 && plat_now_ms() - start_ms < 1500);
	}
	CHECK(size_of("within") <= 1000);
	CHECK_NUMBER(get_within("/tiny", 1000), PLAT_OK);
	probe_cancel_in(200);
	CHECK_NUMBER(get_within("/dribble", 15000), PLAT_CANCELLED);
	CHECK(probe_cancelled() < 100);
}

TEST(download, leaves_no_handle_behind)
{
	DWORD before = 0, after = 0;

	put("handles", "", 0);
	CHECK_NUMBER(get("/whole", "handles"), PLAT_OK);
	CHECK_NUMBER(get("/missing", "handles"), PLAT_REFUSED);
	GetProcessHandleCount(GetCurrentProcess(), &before);
	for (int i = 0; i < 20; i++) {
		CHECK_NUMBER(get("/whole", "handles"), PLAT_OK); /* 416: it has it */
		CHECK_NUMBER(plat_health(port(), "wrong", 5000), PLAT_REFUSED);
	}
	GetProcessHandleCount(GetCurrentProcess(), &after);
	CHECK(after <= before + 5); /* WinHTTP's own threads come and go */
}

TEST(download, sees_a_full_disk)
{
	CHECK_NUMBER(
		plat_download("http://127.0.0.1:1/", "Z:\\dev\\full", 1000, 0, NULL, NULL, &status),
		PLAT_NETWORK);
	char url[100];
	snprintf(url, sizeof url, "http://127.0.0.1:%u/whole", port());
	CHECK_NUMBER(
		plat_download(url, "Z:\\dev\\full", BODY_SIZE, 0, NULL, NULL, &status), PLAT_FULL);
}

TEST(silence, breaks_off_after_thirty_seconds)
{
	uint64_t start_ms = plat_now_ms();

	put("silence", "", 0);
	CHECK_NUMBER(get("/stall", "silence"), PLAT_NETWORK);
	CHECK(plat_now_ms() - start_ms >= 29000 && plat_now_ms() - start_ms < 40000);
	CHECK(size_of("silence") > 0);
}

TEST(health, knows_our_agent_from_somebody_elses_port)
{
	const char *instance = "0123456789abcdef0123456789abcdef";
	const char *other = "0123456789abcdef0123456789abcdee";

	CHECK_NUMBER(plat_health(port(), instance, 5000), PLAT_OK);
	CHECK_NUMBER(plat_health(port(), other, 5000), PLAT_REFUSED);
	CHECK_NUMBER(plat_health(port(), "0123", 5000), PLAT_REFUSED);
	CHECK_NUMBER(plat_health(port(), "", 5000), PLAT_OK); /* an agent that tells none */
	CHECK_NUMBER(plat_health(other_port("FOREIGN"), instance, 5000), PLAT_REFUSED);
	CHECK_NUMBER(plat_health(other_port("ABSENT"), "", 5000), PLAT_REFUSED);
	CHECK_NUMBER(plat_health(1, instance, 5000), PLAT_NETWORK);
	CHECK_NUMBER(plat_health(other_port("STRANGE"), instance, 5000), PLAT_REFUSED);
}

TEST(health, waits_no_longer_than_told)
{
	const char *instance = "0123456789abcdef0123456789abcdef";
	uint64_t start_ms = plat_now_ms();

	CHECK_NUMBER(plat_health(other_port("SILENT"), instance, 300), PLAT_TIMEOUT);
	CHECK(plat_now_ms() - start_ms < 1000);
	probe_cancel_in(200);
	CHECK_NUMBER(plat_health(other_port("SILENT"), instance, 10000), PLAT_CANCELLED);
	CHECK(probe_cancelled() < 100);
}
