#include "session/plan.h"

#include <stddef.h>

#define NEEDS(id) SERVICE_BIT(SERVICE_##id)

static const struct {
	const char *name;
	const char *title;
	const char *bus_name;
	unsigned needs;
} plan[] = {
	[SERVICE_SYSTEM_BUS] = { "system bus", "the system bus", NULL, 0 },
	[SERVICE_SESSION_BUS] = { "session bus", "the session bus", NULL, 0 },
	[SERVICE_PIPEWIRE] = { "pipewire", "PipeWire", NULL, NEEDS(SESSION_BUS) },
	[SERVICE_WIREPLUMBER] = { "wireplumber", "WirePlumber", NULL, NEEDS(PIPEWIRE) },
	[SERVICE_COMPOSITOR] = { "compositor", "the compositor", "org.gnome.Mutter.ScreenCast",
		NEEDS(SYSTEM_BUS) | NEEDS(SESSION_BUS) },
	[SERVICE_HELIX_PORTAL] = { "helix-portal", "helix-portal",
		"org.freedesktop.impl.portal.desktop.helix", NEEDS(SESSION_BUS) },
	/* It starts other portal backends, which want a display, and keeps one PipeWire connection.
	 */
	[SERVICE_PORTAL] = { "portal", "the desktop portal", "org.freedesktop.portal.Desktop",
		NEEDS(HELIX_PORTAL) | NEEDS(PIPEWIRE) | NEEDS(COMPOSITOR) },
	[SERVICE_APPS] = { "apps", "the programs", NULL, NEEDS(COMPOSITOR) },
};

const char *plan_name(enum service_id id)
{
	return plan[id].name;
}

const char *plan_title(enum service_id id)
{
	return plan[id].title;
}

const char *plan_bus_name(enum service_id id)
{
	return plan[id].bus_name;
}

unsigned plan_startable(unsigned wanted, unsigned up, unsigned busy)
{
	unsigned startable = 0;

	for (unsigned id = 0; id < SERVICE_COUNT; id++)
		if (wanted & ~up & ~busy & SERVICE_BIT(id) && !(plan[id].needs & wanted & ~up))
			startable |= SERVICE_BIT(id);
	return startable;
}

unsigned plan_dependents(enum service_id id)
{
	unsigned dependents = 0, before;

	do {
		before = dependents;
		for (unsigned other = 0; other <= SERVICE_APPS; other++)
			if (plan[other].needs & (dependents | SERVICE_BIT(id)))
				dependents |= SERVICE_BIT(other);
	} while (dependents != before);
	return dependents;
}

unsigned plan_depth(enum service_id id)
{
	unsigned depth = 0;

	for (unsigned need = 0; need < SERVICE_COUNT; need++)
		if (plan[id].needs & SERVICE_BIT(need)) {
			unsigned below = plan_depth((enum service_id)need) + 1;
			if (below > depth)
				depth = below;
		}
	return depth;
}

uint64_t backoff_fail(struct backoff *backoff, uint64_t up_us)
{
	if (up_us >= BACKOFF_FORGIVE_US)
		backoff->failures = 0;
	if (backoff->failures++ == 0)
		return 0;

	uint64_t delay_us = 250000;
	for (unsigned i = 2; i < backoff->failures && delay_us < BACKOFF_MAX_US; i++)
		delay_us *= 2;
	return delay_us < BACKOFF_MAX_US ? delay_us : BACKOFF_MAX_US;
}

bool backoff_is_hopeless(const struct backoff *backoff)
{
	return backoff->failures == BACKOFF_HOPELESS;
}
