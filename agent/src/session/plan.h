/* What a session consists of, what needs what, and how long to wait before another try. Pure.
 *
 * A set of services is a mask of SERVICE_BIT()s. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum service_id {
	SERVICE_SYSTEM_BUS,
	SERVICE_SESSION_BUS,
	SERVICE_PIPEWIRE,
	SERVICE_WIREPLUMBER,
	SERVICE_COMPOSITOR,
	SERVICE_HELIX_PORTAL,
	SERVICE_PORTAL,
	SERVICE_APPS, /* the user's programs: no service, but they have needs and an environment */
};

#define SERVICE_COUNT   SERVICE_APPS
#define SERVICE_BIT(id) (1U << (id))
#define SERVICE_ALL     (SERVICE_BIT(SERVICE_COUNT) - 1)

/* "session bus": in logs and metrics. */
const char *plan_name(enum service_id id);

/* "the session bus": in sentences. */
const char *plan_title(enum service_id id);

/* The bus name whose owner says that the service is up; NULL when something else does. */
const char *plan_bus_name(enum service_id id);

/* Those of `wanted` that may be started now: neither `up` nor `busy` (starting, ending or held
 * back), and every service they need and that is wanted is up. */
unsigned plan_startable(unsigned wanted, unsigned up, unsigned busy);

/* All that cannot go on without `id`, directly or not. */
unsigned plan_dependents(enum service_id id);

/* How many services stand below `id` in its longest chain of needs; 0 when it needs none. */
unsigned plan_depth(enum service_id id);

/* Of one service: how often in a row it failed. */
struct backoff {
	unsigned failures;
};

/* It ended, or failed to start, after having been up for `up_us`. Returns how long to wait before
 * the next try. Who was up for BACKOFF_FORGIVE_US is forgiven first. */
uint64_t backoff_fail(struct backoff *backoff, uint64_t up_us);

/* True exactly once in a row of failures: now it is time to tell a person. */
bool backoff_is_hopeless(const struct backoff *backoff);

#define BACKOFF_MAX_US     UINT64_C(10000000)
#define BACKOFF_FORGIVE_US UINT64_C(30000000)
#define BACKOFF_HOPELESS   5
