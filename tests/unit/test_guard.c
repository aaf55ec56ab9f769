#include "core/guard.h"

#include <criterion/criterion.h>

static const char *const names[] = { "desk.example", NULL };
static const char *const origins[] = { "https://portal.example", NULL };
static const struct guard guard = {
	.listen_address = "192.0.2.7",
	.allow_hosts = names,
	.allow_origins = origins,
	.token = "0123456789abcdef-control",
	.view_token = "0123456789abcdef-view",
};

Test(guard, knows_its_own_names_with_any_port)
{
	cr_expect(guard_host_allowed(&guard, "127.0.0.1:7878"));
	cr_expect(guard_host_allowed(&guard, "localhost"));
	cr_expect(guard_host_allowed(&guard, "LOCALHOST:1"));
	cr_expect(guard_host_allowed(&guard, "[::1]:7878"));
	cr_expect(guard_host_allowed(&guard, "192.0.2.7:7878"));
	cr_expect(guard_host_allowed(&guard, "desk.example:443"));
}

Test(guard, refuses_foreign_and_malformed_hosts)
{
	static const char *const hosts[] = { "evil.example", "evil.example:7878",
		"127.0.0.1.evil.example", "localhost.evil.example", "", ":7878", "[::1", "[::1]x",
		"::1", "a:b:c", "127.0.0.256", "desk.example.evil", " localhost" };

	for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++)
		cr_expect_not(guard_host_allowed(&guard, hosts[i]), "%s", hosts[i]);
	cr_expect_not(guard_host_allowed(&guard, NULL));
}

Test(guard, lets_our_own_page_and_allowed_origins_connect)
{
	cr_expect(guard_origin_allowed(&guard, "http://127.0.0.1:7878", "127.0.0.1:7878"));
	cr_expect(guard_origin_allowed(&guard, "https://desk.example", "desk.example"));
	cr_expect(guard_origin_allowed(&guard, "https://portal.example", "127.0.0.1:7878"));
	cr_expect(guard_origin_allowed(&guard, NULL, "127.0.0.1:7878"));
}

Test(guard, refuses_foreign_origins)
{
	static const char *const foreign[] = { "http://evil.example", "null", "", "http://",
		"http://127.0.0.1", "http://127.0.0.1:7879", "file://127.0.0.1:7878",
		"http://127.0.0.1:7878.evil.example", "https://portal.example.evil" };

	for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++)
		cr_expect_not(guard_origin_allowed(&guard, foreign[i], "127.0.0.1:7878"), "%s",
			foreign[i]);
}

Test(guard, gives_each_token_its_role)
{
	cr_expect_eq(guard_role(&guard, "0123456789abcdef-control"), SP_ROLE_CONTROL);
	cr_expect_eq(guard_role(&guard, "0123456789abcdef-view"), SP_ROLE_VIEW);
	cr_expect_eq(guard_role(&guard, "0123456789abcdef-contro"), 0);
	cr_expect_eq(guard_role(&guard, "0123456789abcdef-controlx"), 0);
	cr_expect_eq(guard_role(&guard, "0123456789abcdef-control0123456789abcdef-control"), 0);
	cr_expect_eq(guard_role(&guard, ""), 0);
	cr_expect_eq(guard_role(&guard, NULL), 0);
}

Test(guard, never_opens_with_an_empty_token)
{
	struct guard nobody = { .listen_address = "127.0.0.1", .token = "", .view_token = "" };

	cr_expect_eq(guard_role(&nobody, ""), 0);
	cr_expect_eq(guard_role(&nobody, "x"), 0);
}

Test(guard, finds_the_token_among_the_subprotocols)
{
	char token[GUARD_MAX_TOKEN + 1];

	cr_assert(guard_subprotocol_token("helix.v1, bearer.abc", token));
	cr_assert_str_eq(token, "abc");
	cr_assert(guard_subprotocol_token("bearer.abc,helix.v1", token));
	cr_assert_not(guard_subprotocol_token("bearer.abc", token));
	cr_assert_not(guard_subprotocol_token("helix.v1", token));
	cr_assert_not(guard_subprotocol_token("helix.v1, bearer.", token));
	cr_assert_not(guard_subprotocol_token("", token));
	cr_assert_not(guard_subprotocol_token(NULL, token));
}

Test(guard, does_not_overrun_on_a_token_that_is_too_long)
{
	char header[512] = "helix.v1, bearer.";
	char token[GUARD_MAX_TOKEN + 1];

	memset(header + strlen(header), 'x', GUARD_MAX_TOKEN + 1);
	cr_assert_not(guard_subprotocol_token(header, token));
}

Test(guard, reads_bearer_headers)
{
	cr_assert_str_eq(guard_bearer_token("Bearer abc"), "abc");
	cr_assert_str_eq(guard_bearer_token("bearer abc"), "abc");
	cr_assert_null(guard_bearer_token("Basic abc"));
	cr_assert_null(guard_bearer_token(NULL));
}

Test(guard, tells_loopback_from_the_rest_of_the_world)
{
	cr_expect(guard_is_loopback("127.0.0.1"));
	cr_expect(guard_is_loopback("127.255.0.9"));
	cr_expect(guard_is_loopback("::1"));
	cr_expect(guard_is_loopback("localhost"));
	cr_expect_not(guard_is_loopback("0.0.0.0"));
	cr_expect_not(guard_is_loopback("::"));
	cr_expect_not(guard_is_loopback("192.168.0.1"));
	cr_expect_not(guard_is_loopback("127.0.0.1.evil"));
	cr_expect_not(guard_is_loopback("1270.0.1"));
}

Test(guard, wants_tokens_long_and_plain)
{
	cr_expect(guard_token_is_valid("0123456789abcdef"));
	cr_expect_not(guard_token_is_valid("0123456789abcde"));
	cr_expect_not(guard_token_is_valid("0123456789abcdef "));
	cr_expect_not(guard_token_is_valid("0123456789abc/ef"));
}
