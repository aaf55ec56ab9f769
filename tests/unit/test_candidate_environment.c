#include "core/candidates.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define REGISTRY "/cache/registry.bin"

static const struct candidate vaapi = {
	.route = ROUTE_VAAPI,
	.is_hardware = true,
	.node = "/dev/dri/renderD128",
};
static const struct candidate without_drm = {
	.route = ROUTE_VAAPI_WITHOUT_DRM,
	.is_hardware = true,
	.node = "/dev/null",
	.va_driver = "d3d12",
	.gallium_driver = "d3d12",
	.adapter = "NVIDIA",
};
static const struct candidate va = {
	.route = ROUTE_VA,
	.is_hardware = true,
	.node = "/dev/dri/renderD129",
	.va_driver = "iHD",
};
static const struct candidate nvenc = { .route = ROUTE_NVENC, .is_hardware = true };
static const struct candidate x264 = { .route = ROUTE_X264 };
static const struct candidate openh264 = { .route = ROUTE_OPENH264 };

static const struct candidate *const all[] = { &vaapi, &without_drm, &va, &nvenc, &x264,
	&openh264 };

#define COUNT (sizeof all / sizeof *all)

/* Every name of the table, and some that are none of our business. */
static const char *const crowded[] = {
	"PATH=/bin",
	"DISPLAY=:0",
	"WAYLAND_DISPLAY=wayland-0",
	"WAYLAND_SOCKET=5",
	"XDG_RUNTIME_DIR=/run/user/1000",
	"HELIX_TOKEN=secret",
	"HELIX_VIEW_TOKEN=secret",
	"GST_REGISTRY=/home/registry",
	"GST_REGISTRY_1_0=/home/registry",
	"GST_VAAPI_DRM_DEVICE=/dev/dri/card7",
	"GST_VAAPI_ALL_DRIVERS=1",
	"LIBVA_DRIVER_NAME=i965",
	"LIBVA_DRIVERS_PATH=/opt/va",
	"GALLIUM_DRIVER=llvmpipe",
	"MESA_D3D12_DEFAULT_ADAPTER_NAME=intel",
	"MESA_LOADER_DRIVER_OVERRIDE=iris",
	"LD_PRELOAD=/opt/preload.so",
	"LD_LIBRARY_PATH=/usr/lib/wsl/lib",
	"DISPLAYS=3",
	"GST=",
	"without a sign",
	"DISPLAY=:1",
	NULL,
};
static const char *const nothing[] = { NULL };

/* What `candidate` finds under `name`; NULL: nothing. Fails when it is there twice. */
static const char *found(
	const struct candidate *candidate, const char *const *environment, const char *name)
{
	static char value[256];
	char **entries = candidate_environment(candidate, environment, REGISTRY);
	size_t length = strlen(name);
	unsigned times = 0;

	cr_assert_not_null(entries);
	for (char **entry = entries; *entry; entry++)
		if (!strncmp(*entry, name, length) && (*entry)[length] == '=' && times++ == 0)
			strncpy(value, *entry + length + 1, sizeof value - 1);
	environment_free(entries);
	cr_assert_leq(times, 1, "%s is there %u times", name, times);
	return times ? value : NULL;
}

static void expect(const struct candidate *candidate, const char *name, const char *value)
{
	const char *in_crowded = found(candidate, crowded, name);

	if (value)
		cr_expect(in_crowded && !strcmp(in_crowded, value), "route %d: %s is %s",
			candidate->route, name, in_crowded ? in_crowded : "not there");
	else
		cr_expect_null(in_crowded, "route %d: %s is %s", candidate->route, name,
			in_crowded ? in_crowded : "");
}

Test(candidate_environment, hides_every_display_and_secret_from_all)
{
	static const char *const names[] = { "DISPLAY", "WAYLAND_DISPLAY", "WAYLAND_SOCKET",
		"HELIX_TOKEN", "HELIX_VIEW_TOKEN" };

	for (size_t i = 0; i < COUNT; i++)
		for (size_t k = 0; k < sizeof names / sizeof *names; k++)
			expect(all[i], names[k], NULL);
	expect(&vaapi, "XDG_RUNTIME_DIR", "/nonexistent");
	expect(&without_drm, "XDG_RUNTIME_DIR", "/nonexistent");
	expect(&x264, "XDG_RUNTIME_DIR", "/run/user/1000");
}

Test(candidate_environment, has_a_registry_of_its_own)
{
	for (size_t i = 0; i < COUNT; i++) {
		expect(all[i], "GST_REGISTRY", REGISTRY);
		expect(all[i], "GST_REGISTRY_1_0", NULL);
	}
}

Test(candidate_environment, names_the_node)
{
	for (size_t i = 0; i < COUNT; i++)
		expect(all[i], "GST_VAAPI_DRM_DEVICE", *all[i]->node ? all[i]->node : NULL);
}

Test(candidate_environment, names_the_va_driver_or_leaves_it_to_libva)
{
	expect(&vaapi, "LIBVA_DRIVER_NAME", NULL);
	expect(&without_drm, "LIBVA_DRIVER_NAME", "d3d12");
	expect(&va, "LIBVA_DRIVER_NAME", "iHD");
	expect(&x264, "LIBVA_DRIVER_NAME", NULL);
	expect(&vaapi, "LIBVA_DRIVERS_PATH", "/opt/va");
	expect(&va, "LIBVA_DRIVERS_PATH", "/opt/va");
}

Test(candidate_environment, lets_no_va_driver_be_loaded_where_none_is_needed)
{
	expect(&x264, "LIBVA_DRIVERS_PATH", "/nonexistent");
	expect(&openh264, "LIBVA_DRIVERS_PATH", "/nonexistent");
	expect(&nvenc, "LIBVA_DRIVERS_PATH", "/nonexistent");
}

Test(candidate_environment, lets_no_inherited_word_decide_about_va_in_mesa)
{
	expect(&vaapi, "GALLIUM_DRIVER", NULL);
	expect(&without_drm, "GALLIUM_DRIVER", "d3d12");
	expect(&va, "GALLIUM_DRIVER", NULL);
	expect(&x264, "GALLIUM_DRIVER", "llvmpipe");
	for (size_t i = 0; i < COUNT; i++)
		expect(all[i], "MESA_LOADER_DRIVER_OVERRIDE",
			all[i] == &without_drm ? "vgem" : NULL);
}

Test(candidate_environment, takes_the_adapter_from_the_candidate_or_as_it_was)
{
	expect(&without_drm, "MESA_D3D12_DEFAULT_ADAPTER_NAME", "NVIDIA");
	expect(&vaapi, "MESA_D3D12_DEFAULT_ADAPTER_NAME", "intel");
	cr_expect_null(found(&vaapi, nothing, "MESA_D3D12_DEFAULT_ADAPTER_NAME"));
}

Test(candidate_environment, leaves_the_rest_to_the_user)
{
	for (size_t i = 0; i < COUNT; i++) {
		expect(all[i], "PATH", "/bin");
		expect(all[i], "GST_VAAPI_ALL_DRIVERS", "1");
		expect(all[i], "LD_PRELOAD", "/opt/preload.so");
		expect(all[i], "LD_LIBRARY_PATH", "/usr/lib/wsl/lib");
		expect(all[i], "DISPLAYS", "3");
		expect(all[i], "GST", "");
	}
}

Test(candidate_environment, is_made_of_nothing_too)
{
	char **environment = candidate_environment(&x264, nothing, REGISTRY);

	cr_expect_str_eq(environment[0], "GST_REGISTRY=" REGISTRY);
	cr_expect_str_eq(environment[1], "LIBVA_DRIVERS_PATH=/nonexistent");
	cr_expect_null(environment[2]);
	environment_free(environment);
	environment_free(NULL);
}

Test(candidate_environment, is_shared_by_software_and_by_the_same_way)
{
	for (size_t i = 0; i < COUNT; i++) {
		cr_expect(candidate_fits(all[i], all[i]));
		cr_expect(candidate_fits(all[i], &x264));
		cr_expect(candidate_fits(all[i], &openh264));
		for (size_t k = 0; k < COUNT; k++)
			if (all[k]->is_hardware && k != i)
				cr_expect_not(candidate_fits(all[i], all[k]), "%zu %zu", i, k);
	}
}

Test(candidate_environment, is_not_shared_with_another_node_driver_or_adapter)
{
	struct candidate other = without_drm;

	strcpy(other.node, "/dev/dri/renderD129");
	cr_expect_not(candidate_fits(&without_drm, &other));
	other = without_drm;
	strcpy(other.va_driver, "softva");
	cr_expect_not(candidate_fits(&without_drm, &other));
	other = without_drm;
	strcpy(other.gallium_driver, "");
	cr_expect_not(candidate_fits(&without_drm, &other));
	other = without_drm;
	strcpy(other.adapter, "intel");
	cr_expect_not(candidate_fits(&without_drm, &other));
}
