/* Which of the addresses that a page names are ours, and which may be given to a browser.
 *
 * Threads: any. Ownership: nothing is kept. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Whether both are http or https, without a user in front of the host, and have the same scheme,
 * host and port. Never by a prefix: "http://127.0.0.1:7878.evil/" is elsewhere. */
bool webview_url_same_origin(const wchar_t *url, const wchar_t *other);

/* Whether it is http or https, has a host, is below 8192 characters, and none of them could end a
 * word on a command line. */
bool webview_url_is_link(const wchar_t *url);
