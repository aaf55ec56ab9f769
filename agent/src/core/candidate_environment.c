#include "core/candidates.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BIT(route)  (1U << ROUTE_##route)
#define ALL         (~0U)
#define VAAPI       (BIT(VAAPI) | BIT(VAAPI_WITHOUT_DRM))
#define VA          (VAAPI | BIT(VA))
#define HARDWARE    (VA | BIT(NVENC))
#define FIELD(name) offsetof(struct candidate, name)
#define NO_FIELD    SIZE_MAX
#define REGISTRY    (SIZE_MAX - 1)

/* What a process finds under `name` when it goes one of `routes`: `value`, or what the candidate
 * says in `field`. Without either, or where the field is "", the variable goes; unless what was
 * inherited may stay. There is at most one rule for a name and a route. */
struct rule {
	const char *name;
	unsigned routes;
	const char *value;
	size_t field;
	bool keep;
};

static const struct rule rules[] = {
	/* vaapih264enc tries Wayland, GLX and X11 before DRM, and has no property for it. */
	{ "DISPLAY", ALL, NULL, NO_FIELD, false },
	{ "WAYLAND_DISPLAY", ALL, NULL, NO_FIELD, false },
	{ "WAYLAND_SOCKET", ALL, NULL, NO_FIELD, false },
	/* Told nothing, libwayland looks for "wayland-0" in there, where WSLg has one. */
	{ "XDG_RUNTIME_DIR", VAAPI, "/nonexistent", NO_FIELD, false },
	/* Secrets of the agent. */
	{ "HELIX_TOKEN", ALL, NULL, NO_FIELD, false },
	{ "HELIX_VIEW_TOKEN", ALL, NULL, NO_FIELD, false },

	/* A registry remembers which elements there were, and not by what of Mesa or of Windows. */
	{ "GST_REGISTRY", ALL, NULL, REGISTRY, false },
	/* It would be believed more than that. */
	{ "GST_REGISTRY_1_0", ALL, NULL, NO_FIELD, false },

	/* Else the first node that udev tells wins, or none. vah264enc does not ask for it, but
	 * helix-encoder does when it reports on VA, and so does the vaapi plugin that is scanned.
	 */
	{ "GST_VAAPI_DRM_DEVICE", ALL, NULL, FIELD(node), false },
	/* An older libva does not know vgem, and /dev/null none does. The user's own word is in the
	 * candidate. */
	{ "LIBVA_DRIVER_NAME", ALL, NULL, FIELD(va_driver), false },
	/* The scan of the vaapi plugin starts a VA driver, and a broken one may hang or crash it;
	 * who needs no VA shall not depend on that. */
	{ "LIBVA_DRIVERS_PATH", ~VA, "/nonexistent", NO_FIELD, false },

	/* Mesa from 24.3 on never picks d3d12 by itself, for VA neither; and where another driver
	 * must do it, an inherited word, good for GL, would decide about VA. */
	{ "GALLIUM_DRIVER", HARDWARE, NULL, FIELD(gallium_driver), false },
	/* Without --gpu the user may have said it this way. */
	{ "MESA_D3D12_DEFAULT_ADAPTER_NAME", HARDWARE, NULL, FIELD(adapter), true },
	/* Mesa asks what drives the node, and gets D3D12 behind vgem only. /dev/null has no driver:
	 * agent/encoder/va_without_drm.c. For every other node this would be a lie. */
	{ "MESA_LOADER_DRIVER_OVERRIDE", BIT(VAAPI_WITHOUT_DRM), "vgem", NO_FIELD, false },
	{ "MESA_LOADER_DRIVER_OVERRIDE", ~BIT(VAAPI_WITHOUT_DRM), NULL, NO_FIELD, false },
};

#define N_RULES (sizeof rules / sizeof *rules)

/* NULL: none. */
static const char *value_of(
	const struct rule *rule, const struct candidate *candidate, const char *registry)
{
	const char *field;

	if (rule->field == REGISTRY)
		return registry;
	if (rule->field == NO_FIELD)
		return rule->value;
	field = (const char *)candidate + rule->field;
	return *field ? field : NULL;
}

static bool applies(const struct rule *rule, const struct candidate *candidate)
{
	return rule->routes & 1U << candidate->route;
}

static bool survives(const char *entry, const struct candidate *candidate, const char *registry)
{
	size_t length = strcspn(entry, "=");

	for (size_t i = 0; i < N_RULES; i++)
		if (applies(&rules[i], candidate) && !strncmp(rules[i].name, entry, length) &&
			!rules[i].name[length])
			return rules[i].keep && !value_of(&rules[i], candidate, registry);
	return true;
}

static char *join(const char *name, const char *value)
{
	size_t size = strlen(name) + strlen(value) + 2;
	char *entry = malloc(size);

	if (entry)
		snprintf(entry, size, "%s=%s", name, value);
	return entry;
}

char **candidate_environment(
	const struct candidate *candidate, const char *const *environ, const char *registry)
{
	size_t count = 0, n = 0;

	while (environ[count])
		count++;
	char **environment = calloc(count + N_RULES + 1, sizeof *environment);
	if (!environment)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		if (!survives(environ[i], candidate, registry))
			continue;
		environment[n] = strdup(environ[i]);
		if (!environment[n++])
			goto fail;
	}
	for (size_t i = 0; i < N_RULES; i++) {
		const char *value = value_of(&rules[i], candidate, registry);

		if (!value || !applies(&rules[i], candidate))
			continue;
		environment[n] = join(rules[i].name, value);
		if (!environment[n++])
			goto fail;
	}
	return environment;

fail:
	environment_free(environment);
	return NULL;
}

void environment_free(char **environment)
{
	if (!environment)
		return;
	for (char **entry = environment; *entry; entry++)
		free(*entry);
	free(environment);
}
