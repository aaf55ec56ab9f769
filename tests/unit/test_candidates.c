#include "core/candidates.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define RENDER_128 "/dev/dri/renderD128"
#define RENDER_129 "/dev/dri/renderD129"

static struct machine machine;
static struct candidates list;

static struct drm_node *node(const char *path, const char *driver)
{
	struct drm_node *n = &machine.nodes[machine.node_count++];

	snprintf(n->path, sizeof n->path, "%s", path);
	snprintf(n->driver, sizeof n->driver, "%s", driver);
	n->is_render = strstr(path, "renderD");
	n->is_usable = true;
	return n;
}

/* WSL2 with a GPU, on a kernel without DRM. */
static void wsl(void)
{
	machine = (struct machine){
		.is_wsl = true, .has_dxg = true, .dxg_is_usable = true, .has_libd3d12 = true
	};
}

static void wsl_with_vgem(void)
{
	wsl();
	machine.vgem = VGEM_LOADED;
	node("/dev/dri/card0", "vgem");
	node(RENDER_128, "vgem");
}

/* Linux on two GPUs. */
static void native(void)
{
	machine = (struct machine){ 0 };
	node("/dev/dri/card0", "i915");
	node("/dev/dri/card1", "amdgpu");
	node(RENDER_128, "i915");
	node(RENDER_129, "amdgpu");
}

static void look(const char *encoder, const char *gpu)
{
	candidates_list(&machine, encoder, gpu, &list);
}

static const struct candidate *get(const char *name)
{
	const struct candidate *found = NULL;

	for (size_t i = 0; i < list.count && !found; i++)
		if (!strcmp(list.items[i].name, name))
			found = &list.items[i];
	cr_assert_not_null(found, "there is no candidate %s", name);
	return found;
}

static bool is_possible(const char *name)
{
	return candidate_is_possible(get(name));
}

/* All names, or those of the possible ones, in order. */
static const char *names(bool only_possible)
{
	static char text[1024];
	size_t used = 0;

	*text = '\0';
	for (size_t i = 0; i < list.count; i++)
		if (!only_possible || candidate_is_possible(&list.items[i]))
			used += (size_t)snprintf(text + used, sizeof text - used, "%s%s",
				used ? " " : "", list.items[i].name);
	return text;
}

static void expect_obstacle(const char *name, const char *obstacle, const char *advice)
{
	const struct candidate *c = get(name);

	cr_expect_not(candidate_is_possible(c), "%s", name);
	cr_expect_str_eq(c->obstacle, obstacle, "%s: %s", name, c->obstacle);
	cr_expect_not_null(strstr(c->advice, advice), "%s: %s", name, c->advice);
}

Test(candidates, lists_every_route_on_any_machine)
{
	machine = (struct machine){ 0 };
	look("auto", "");

	cr_expect_str_eq(names(false),
		"vaapih264enc vaapih264enc-without-drm vah264enc nvh264enc x264enc openh264enc");
	cr_expect_str_eq(names(true), "x264enc openh264enc");
	for (size_t i = 0; i < list.count; i++)
		cr_expect_eq(list.items[i].is_hardware, list.items[i].route < ROUTE_X264);
}

Test(candidates, leaves_the_driver_of_a_native_gpu_to_libva)
{
	native();
	look("auto", "");

	cr_expect(is_possible("vaapih264enc"));
	cr_expect_str_eq(get("vaapih264enc")->node, RENDER_128);
	cr_expect_str_eq(get("vaapih264enc")->va_driver, "");
	cr_expect_str_eq(get("vaapih264enc")->gallium_driver, "");
	cr_expect_str_eq(get("vaapih264enc")->adapter, "");
}

Test(candidates, names_further_nodes_and_their_elements_as_gstreamer_does)
{
	native();
	look("auto", "");

	cr_expect_str_eq(names(true),
		"vaapih264enc vaapih264enc@renderD129 vah264enc vah264enc@renderD129 "
		"x264enc openh264enc");
	cr_expect_str_eq(get("vah264enc")->element, "vah264enc");
	cr_expect_str_eq(get("vah264enc@renderD129")->element, "varenderD129h264enc");
	cr_expect_str_eq(get("vah264enc@renderD129")->node, RENDER_129);
	cr_expect_str_eq(get("vaapih264enc@renderD129")->element, "vaapih264enc");
	cr_expect_str_eq(get("vaapih264enc@renderD129")->node, RENDER_129);
}

Test(candidates, gives_the_plain_names_to_the_first_node_that_can_be_opened)
{
	native();
	machine.nodes[2].is_usable = false;
	look("auto", "");

	cr_expect_str_eq(get("vah264enc")->node, RENDER_129);
	cr_expect_str_eq(get("vah264enc")->element, "vah264enc");
	cr_expect_not(is_possible("vah264enc@renderD128"));
}

Test(candidates, takes_a_cards_node_only_where_there_is_no_render_node)
{
	machine = (struct machine){ 0 };
	node("/dev/dri/card0", "etnaviv");
	look("auto", "");

	cr_expect_str_eq(get("vaapih264enc")->node, "/dev/dri/card0");
	cr_expect(is_possible("vaapih264enc"));
	expect_obstacle("vah264enc", "vah264enc takes only a render node, and there is none",
		"vaapih264enc");
}

Test(candidates, chooses_d3d12_behind_vgem)
{
	wsl_with_vgem();
	look("auto", "");

	cr_expect_str_eq(names(true), "vaapih264enc vah264enc x264enc openh264enc");
	for (size_t i = 0; i < list.count; i++) {
		const struct candidate *c = &list.items[i];
		if (c->route != ROUTE_VAAPI && c->route != ROUTE_VA)
			continue;
		cr_expect_str_eq(c->node, RENDER_128);
		cr_expect_str_eq(c->va_driver, "d3d12");
		cr_expect_str_eq(c->gallium_driver, "d3d12");
	}
	expect_obstacle("vaapih264enc-without-drm",
		"a DRM node is there, so the way without one is not needed", "--encoder");
}

Test(candidates, takes_a_node_without_a_name_for_vgem_only_on_wsl)
{
	wsl();
	node(RENDER_128, "");
	look("auto", "");
	cr_expect_str_eq(get("vaapih264enc")->va_driver, "d3d12");

	machine = (struct machine){ 0 };
	node(RENDER_128, "");
	look("auto", "");
	cr_expect(is_possible("vaapih264enc"));
	cr_expect_str_eq(get("vaapih264enc")->va_driver, "");
}

Test(candidates, goes_without_drm_where_wsl_has_none)
{
	wsl();
	look("auto", "");

	cr_expect_str_eq(names(true), "vaapih264enc-without-drm x264enc openh264enc");
	const struct candidate *c = get("vaapih264enc-without-drm");
	cr_expect_str_eq(c->element, "vaapih264enc");
	cr_expect_str_eq(c->node, "/dev/null");
	cr_expect_str_eq(c->va_driver, "d3d12");
	cr_expect_str_eq(c->gallium_driver, "d3d12");
	expect_obstacle("vaapih264enc", "this WSL kernel has no DRM, so there is no /dev/dri",
		"vaapih264enc-without-drm");
}

Test(candidates, says_that_vgem_could_be_loaded_and_goes_without_meanwhile)
{
	wsl();
	machine.vgem = VGEM_LOADABLE;
	look("auto", "");

	cr_expect(is_possible("vaapih264enc-without-drm"));
	expect_obstacle("vaapih264enc", "vgem is not loaded, so there is no /dev/dri",
		"sudo modprobe vgem");
	expect_obstacle("vah264enc", "vgem is not loaded, so there is no /dev/dri",
		"loadKernelModules=vgem under [wsl2] in .wslconfig");
}

Test(candidates, respects_the_drivers_that_the_user_names)
{
	machine = (struct machine){ .va_driver = "softva" };
	look("auto", "");
	cr_expect(is_possible("vaapih264enc-without-drm"));
	cr_expect_str_eq(get("vaapih264enc-without-drm")->va_driver, "softva");
	cr_expect_str_eq(get("vaapih264enc-without-drm")->gallium_driver, "");

	node(RENDER_128, "vgem");
	look("auto", "");
	cr_expect(is_possible("vaapih264enc"), "another driver needs no /dev/dxg");
	cr_expect_str_eq(get("vaapih264enc")->va_driver, "softva");
	cr_expect_str_eq(get("vaapih264enc")->gallium_driver, "");

	native();
	strcpy(machine.va_driver, "i965");
	look("auto", "");
	cr_expect_str_eq(get("vah264enc")->va_driver, "i965");
}

Test(candidates, tells_what_d3d12_lacks)
{
	static const char dxg[] = "/dev/dxg is not there: this is not WSL2 with a GPU";

	machine = (struct machine){ 0 };
	look("auto", "");
	expect_obstacle("vaapih264enc-without-drm", dxg, "");
	strcpy(machine.va_driver, "d3d12");
	look("auto", "");
	expect_obstacle("vaapih264enc-without-drm", dxg, "");

	wsl();
	machine.has_dxg = false;
	look("auto", "");
	expect_obstacle("vaapih264enc-without-drm", dxg, "wsl --update");
	machine.is_container = true;
	look("auto", "");
	expect_obstacle("vaapih264enc-without-drm", dxg, "--device /dev/dxg");

	wsl();
	machine.dxg_is_usable = false;
	look("auto", "");
	expect_obstacle("vaapih264enc-without-drm", "no permission to open /dev/dxg",
		"chmod a+rw /dev/dxg");

	wsl_with_vgem();
	machine.has_libd3d12 = false;
	look("auto", "");
	expect_obstacle("vaapih264enc", "libd3d12 is not in /usr/lib/wsl/lib", "wsl --update");
	expect_obstacle("vah264enc", "libd3d12 is not in /usr/lib/wsl/lib", "wsl --update");
}

Test(candidates, tells_why_there_is_no_node)
{
	machine = (struct machine){ 0 };
	look("auto", "");
	expect_obstacle("vaapih264enc", "there is no DRM node in /dev/dri", "kernel driver");

	wsl();
	machine.has_dxg = false;
	look("auto", "");
	expect_obstacle(
		"vaapih264enc", "this WSL kernel has no DRM, so there is no /dev/dri", "/dev/dxg");

	wsl();
	machine.is_container = true;
	look("auto", "");
	expect_obstacle("vaapih264enc", "this container has no /dev/dri", "--device /dev/dri");
}

Test(candidates, tells_who_may_not_open_a_node)
{
	native();
	machine.nodes[3].is_usable = false;
	look("auto", "");

	cr_expect(is_possible("vaapih264enc"));
	expect_obstacle("vaapih264enc@renderD129", "no permission to open " RENDER_129,
		"add the user to the group that owns it: sudo usermod -aG $(stat -c %g " RENDER_129
		") $USER");
}

Test(candidates, does_not_try_what_only_shows_pictures)
{
	static const char *const drivers[] = { "ast", "mgag200", "simple-framebuffer", "bochs-drm",
		"cirrus" };

	for (size_t i = 0; i < sizeof drivers / sizeof *drivers; i++) {
		machine = (struct machine){ 0 };
		node("/dev/dri/card0", drivers[i]);
		look("auto", "");
		cr_expect_not(is_possible("vaapih264enc"), "%s", drivers[i]);
		cr_expect_not_null(strstr(get("vaapih264enc")->obstacle, drivers[i]));
		look("vaapih264enc", "");
		cr_expect(is_possible("vaapih264enc"), "%s", drivers[i]);
	}
	machine = (struct machine){ 0 };
	node(RENDER_128, "virtio_gpu");
	look("auto", "");
	cr_expect(is_possible("vaapih264enc"), "the probe tells");
}

Test(candidates, has_nvenc_where_its_library_is)
{
	native();
	look("auto", "");
	expect_obstacle("nvh264enc", "libnvidia-encode is not there", "NVIDIA's own driver");

	wsl();
	machine.vendors = MACHINE_NVIDIA;
	look("auto", "");
	expect_obstacle("nvh264enc", "libnvidia-encode is not there", "wsl --update");

	machine.has_nvidia_encode = true;
	look("auto", "");
	cr_expect(is_possible("nvh264enc"));
	cr_expect_str_eq(get("nvh264enc")->node, "");
}

Test(candidates, bounds_the_nodes_and_prefers_those_that_are_worth_a_try)
{
	static const char *const last = "/dev/dri/renderD143";

	machine = (struct machine){ .has_nvidia_encode = true };
	for (int i = 0; i < MACHINE_MAX_NODES; i++) {
		char path[64];

		snprintf(path, sizeof path, "/dev/dri/renderD%d", 128 + i);
		node(path, "amdgpu")->is_usable = !strcmp(path, last);
	}
	look("auto", "");

	cr_expect_leq(list.count, CANDIDATES_MAX);
	cr_expect_str_eq(get("vaapih264enc")->node, last);
	cr_expect_str_eq(names(true), "vaapih264enc vah264enc nvh264enc x264enc openh264enc");
	for (size_t i = 0; i < list.count; i++)
		for (size_t k = 0; k < i; k++)
			cr_expect_str_neq(list.items[i].name, list.items[k].name);
}

Test(candidates, knows_what_encoder_may_be)
{
	static const char *const good[] = { "auto", "vaapih264enc", "vaapih264enc-without-drm",
		"vah264enc", "nvh264enc", "x264enc", "openh264enc", "vah264enc@renderD129",
		"vaapih264enc@renderD128", "vaapih264enc@card0", "varenderD129h264enc" };
	static const char *const bad[] = { "", "AUTO", "x265enc", "x264", "x264enc@renderD128",
		"vah264enc@", "vah264enc@card0", "vah264enc@renderD", "vah264enc@renderD128x",
		"vah264enc@renderD99999", "vah264enc@../../x", "varenderD129", "varenderDh264enc",
		"varenderD129h264enc ", "vacard0h264enc", "vaapih264enc-without-drm@renderD128" };

	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		cr_expect(candidates_knows(good[i]), "%s", good[i]);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		cr_expect_not(candidates_knows(bad[i]), "%s", bad[i]);
}

Test(candidates, knows_every_name_and_element_that_it_lists)
{
	native();
	look("auto", "");

	for (size_t i = 0; i < list.count; i++) {
		cr_expect(candidates_knows(list.items[i].name));
		cr_expect(candidates_knows(list.items[i].element));
	}
}

Test(candidates, narrows_to_what_was_named_with_software_behind_it)
{
	static const struct {
		const char *encoder, *names;
	} cases[] = {
		{ "vaapih264enc",
			"vaapih264enc vaapih264enc@renderD129 vaapih264enc-without-drm "
			"x264enc openh264enc" },
		{ "vaapih264enc-without-drm", "vaapih264enc-without-drm x264enc openh264enc" },
		{ "vaapih264enc@renderD128", "vaapih264enc x264enc openh264enc" },
		{ "vaapih264enc@card1", "vaapih264enc@card1 x264enc openh264enc" },
		{ "vah264enc", "vah264enc x264enc openh264enc" },
		{ "vah264enc@renderD129", "vah264enc@renderD129 x264enc openh264enc" },
		{ "varenderD129h264enc", "vah264enc@renderD129 x264enc openh264enc" },
		{ "varenderD128h264enc", "vah264enc x264enc openh264enc" },
		{ "nvh264enc", "nvh264enc x264enc openh264enc" },
		{ "x264enc", "x264enc openh264enc" },
		{ "openh264enc", "openh264enc x264enc" },
	};

	native();
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		look(cases[i].encoder, "");
		cr_expect_str_eq(
			names(false), cases[i].names, "%s: %s", cases[i].encoder, names(false));
		cr_expect_str_eq(
			names(true), cases[i].names, "a wish is tried: %s", cases[i].encoder);
	}
}

Test(candidates, tries_what_was_named_though_it_would_not_by_itself)
{
	machine = (struct machine){ 0 };
	look("vaapih264enc-without-drm", "");
	cr_expect_str_eq(get("vaapih264enc-without-drm")->va_driver, "d3d12");
	cr_expect(is_possible("vaapih264enc-without-drm"));

	wsl_with_vgem();
	look("vaapih264enc", "");
	cr_expect_str_eq(names(true), "vaapih264enc vaapih264enc-without-drm x264enc openh264enc");
}

Test(candidates, cannot_try_what_was_named_without_its_node)
{
	wsl();
	look("vaapih264enc", "");
	cr_expect_str_eq(names(true), "vaapih264enc-without-drm x264enc openh264enc");
	expect_obstacle("vaapih264enc", "this WSL kernel has no DRM, so there is no /dev/dri", "");

	native();
	look("vah264enc@renderD140", "");
	expect_obstacle("vah264enc@renderD140", "there is no /dev/dri/renderD140", "adapters");
	cr_expect_str_eq(get("vah264enc@renderD140")->element, "varenderD140h264enc");
	look("vaapih264enc@renderD140", "");
	cr_expect_str_eq(names(false), "vaapih264enc@renderD140 x264enc openh264enc");

	machine.nodes[2].is_usable = false;
	look("vah264enc@renderD128", "");
	expect_obstacle(
		"vah264enc@renderD128", "no permission to open " RENDER_128, "sudo usermod");
}

Test(candidates, takes_gpu_for_a_node_or_its_driver_on_linux)
{
	static const char *const wishes[] = { RENDER_129, "amdgpu", "AMD" };

	native();
	machine.has_nvidia_encode = true;
	for (size_t i = 0; i < 3; i++) {
		look("auto", wishes[i]);
		cr_expect_str_eq(names(true),
			"vaapih264enc@renderD129 vah264enc@renderD129 x264enc openh264enc");
		cr_expect_str_eq(get("vah264enc@renderD129")->element, "varenderD129h264enc");
		expect_obstacle("vaapih264enc",
			"--gpu asks for another GPU than /dev/dri/renderD128 (i915)", "adapters");
		expect_obstacle("nvh264enc", "--gpu asks for another GPU than NVIDIA's", "--gpu");
	}
	look("vaapih264enc-without-drm", "amdgpu");
	cr_expect_str_eq(get("vaapih264enc-without-drm")->adapter, "", "no adapter's name");
	look("vaapih264enc", "amdgpu");
	cr_expect_not(is_possible("vaapih264enc"), "both wishes hold");
	look("auto", "nvidia");
	cr_expect_str_eq(names(true), "nvh264enc x264enc openh264enc");
}

Test(candidates, takes_gpu_for_an_adapter_of_d3d12_on_wsl)
{
	wsl_with_vgem();
	machine.has_nvidia_encode = true;
	look("auto", "GeForce RTX");
	cr_expect_str_eq(names(true), "vaapih264enc vah264enc nvh264enc x264enc openh264enc");
	cr_expect_str_eq(get("vaapih264enc")->adapter, "GeForce RTX");
	cr_expect_str_eq(get("vaapih264enc-without-drm")->adapter, "GeForce RTX");
	cr_expect_str_eq(get("nvh264enc")->adapter, "");

	look("auto", "intel");
	cr_expect_str_eq(names(true), "vaapih264enc vah264enc x264enc openh264enc");
	look("nvh264enc", "intel");
	cr_expect(is_possible("nvh264enc"), "by name");

	strcpy(machine.va_driver, "softva");
	look("auto", "intel");
	cr_expect_str_eq(get("vaapih264enc")->adapter, "", "not D3D12");
}

Test(candidates, bounds_the_users_words)
{
	char words[1000];

	memset(words, 'a', sizeof words - 1);
	words[sizeof words - 1] = '\0';
	wsl_with_vgem();
	look("auto", words);
	cr_expect_eq(strlen(get("vaapih264enc")->adapter), sizeof list.items->adapter - 1);
	cr_expect_not(candidates_knows(words));
	look(words, words);
	cr_expect_str_eq(names(false), "x264enc openh264enc");
}
