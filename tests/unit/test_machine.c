#include "sys/machine.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define WSL_KERNEL "6.6.87.2-microsoft-standard-WSL2"

static char root[64];

static void make_root(void)
{
	strcpy(root, "/tmp/test-machine-XXXXXX");
	cr_assert_not_null(mkdtemp(root));
	unsetenv("LIBVA_DRIVER_NAME");
	unsetenv("LIBVA_DRIVERS_PATH");
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *position)
{
	(void)st;
	(void)type;
	(void)position;
	return remove(path);
}

static void remove_root(void)
{
	nftw(root, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

TestSuite(machine, .init = make_root, .fini = remove_root);

/* A path below the root, whose directories are made. */
__attribute__((format(printf, 1, 2))) static const char *place(const char *format, ...)
{
	static char path[1024];
	size_t used = (size_t)snprintf(path, sizeof path, "%s/", root);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(path + used, sizeof path - used, format, arguments);
	va_end(arguments);
	for (char *slash = path + used; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		cr_assert(mkdir(path, 0755) == 0 || errno == EEXIST, "%s", path);
		*slash = '/';
	}
	return path;
}

static void put(const char *path, const char *text)
{
	FILE *file = fopen(path, "we");

	cr_assert_not_null(file, "%s", path);
	fputs(text, file);
	fclose(file);
}

static void put_link(const char *path, const char *target)
{
	cr_assert_eq(symlink(target, path), 0, "%s", path);
}

/* A DRM node and what sysfs says of it. Without a driver: a device to which none is bound. */
static void put_node(const char *name, const char *device, const char *driver)
{
	char target[256];

	put(place("dev/dri/%s", name), "");
	snprintf(target, sizeof target, "../../../devices/%s/%s", name, device);
	put_link(place("sys/class/drm/%s/device", name), target);
	snprintf(target, sizeof target, "../../../bus/any/drivers/%s", driver ? driver : "");
	if (driver)
		put_link(place("sys/devices/%s/%s/driver", name, device), target);
	else
		place("sys/devices/%s/%s/", name, device);
}

static void put_wsl(void)
{
	put(place("proc/sys/kernel/osrelease"), WSL_KERNEL "\n");
	put(place("dev/dxg"), "");
	put(place("usr/lib/wsl/lib/libd3d12.so"), "");
	put(place("usr/lib/wsl/lib/libdxcore.so"), "");
}

static void expect_node(
	const struct machine *m, size_t index, const char *path, const char *driver, bool is_render)
{
	cr_assert_lt(index, m->node_count, "%s", path);
	const struct drm_node *node = &m->nodes[index];
	cr_expect_str_eq(node->path, path);
	cr_expect_str_eq(node->driver, driver, "%s", path);
	cr_expect_eq(node->is_render, is_render, "%s", path);
}

Test(machine, a_kernel_that_somebody_built_for_wsl_counts)
{
	struct machine m;

	put(place("proc/sys/kernel/osrelease"), "6.12.8-mine-WSL2+\n");
	machine_read(root, &m);
	cr_expect(m.is_wsl);
}

Test(machine, a_plain_linux_with_two_gpus)
{
	struct machine m;

	put(place("proc/sys/kernel/osrelease"), "6.1.0-18-amd64\n");
	put_node("renderD129", "0000:01:00.0", "nvidia");
	put_node("card1", "0000:01:00.0", "nvidia");
	put_node("renderD128", "0000:00:02.0", "i915");
	put_node("card0", "0000:00:02.0", "i915");
	put_link(
		place("usr/lib/x86_64-linux-gnu/libnvidia-encode.so.1"), "libnvidia-encode.so.535");
	put(place("usr/lib/x86_64-linux-gnu/libnvidia-encode.so.535"), "");

	machine_read(root, &m);

	cr_expect_str_eq(m.kernel, "6.1.0-18-amd64");
	cr_expect(!m.is_wsl && !m.is_container && !m.has_dxg && !m.has_libd3d12);
	cr_expect(m.has_nvidia_encode);
	cr_expect_eq(m.vgem, VGEM_GONE);
	cr_expect_eq(m.node_count, 4);
	expect_node(&m, 0, "/dev/dri/card0", "i915", false);
	expect_node(&m, 1, "/dev/dri/card1", "nvidia", false);
	expect_node(&m, 2, "/dev/dri/renderD128", "i915", true);
	expect_node(&m, 3, "/dev/dri/renderD129", "nvidia", true);
	cr_expect(m.nodes[2].is_usable && !m.nodes[2].is_ignored);
}

Test(machine, a_wsl_with_vgem_loaded)
{
	struct machine m;

	put_wsl();
	put_node("card0", "vgem", NULL);
	put_node("renderD128", "vgem", NULL);
	put(place("run/udev/data/c226:0"),
		"I:12345\nE:ID_PATH=platform-vgem\nG:mutter-device-ignore\nQ:mutter-device-ignore\n");
	put(place("run/udev/data/c226:128"), "I:12346\nE:TEXT=G:mutter-device-ignore\nG:seat\n");
	put(place("usr/lib/wsl/drivers/nv_dispi.inf_amd64_feedb8c0271ca811/libnvwgf2umx.so"), "");

	machine_read(root, &m);

	cr_expect_str_eq(m.kernel, WSL_KERNEL);
	cr_expect(m.is_wsl && m.has_dxg && m.dxg_is_usable && m.has_libd3d12);
	cr_expect(!m.has_nvidia_encode);
	cr_expect_eq(m.vendors, MACHINE_NVIDIA);
	cr_expect_eq(m.vgem, VGEM_LOADED);
	cr_expect_eq(m.node_count, 2);
	expect_node(&m, 0, "/dev/dri/card0", "vgem", false);
	expect_node(&m, 1, "/dev/dri/renderD128", "vgem", true);
	cr_expect(m.nodes[0].is_ignored && !m.nodes[1].is_ignored);
	cr_expect_str_empty(m.wsl_version);
}

/* Linux 6.15 moved devices without hardware to a bus of their own. */
Test(machine, vgem_on_the_faux_bus_is_vgem)
{
	struct machine m;

	put_wsl();
	put_node("renderD128", "vgem", "faux_driver");
	put_node("renderD129", "vkms", "faux_driver");

	machine_read(root, &m);

	expect_node(&m, 0, "/dev/dri/renderD128", "vgem", true);
	expect_node(&m, 1, "/dev/dri/renderD129", "vkms", true);
	cr_expect_eq(m.vgem, VGEM_LOADED);
}

Test(machine, vgem_is_loadable_when_a_list_of_modules_names_it)
{
	static const char *const lines[][2] = {
		{ "modules.dep", "kernel/drivers/gpu/drm/vgem/vgem.ko:\n" },
		{ "modules.dep",
			"kernel/fs/fat.ko:\nkernel/vgem.ko.zst: kernel/drm_shmem.ko.zst\n" },
		{ "modules.builtin", "kernel/drivers/gpu/drm/vgem/vgem.ko\n" },
	};
	struct machine m;

	put_wsl();
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		put(place("lib/modules/%s/%s", WSL_KERNEL, lines[i][0]), lines[i][1]);
		machine_read(root, &m);
		cr_expect_eq(m.vgem, VGEM_LOADABLE, "%s", lines[i][1]);
		unlink(place("lib/modules/%s/%s", WSL_KERNEL, lines[i][0]));
	}
	cr_expect_eq(m.node_count, 0);
}

Test(machine, a_module_that_only_resembles_or_needs_vgem_is_not_it)
{
	struct machine m;

	put_wsl();
	put(place("lib/modules/%s/modules.dep", WSL_KERNEL),
		"kernel/notvgem.ko: kernel/vgem.ko\nkernel/vgem.kompat: kernel/vgem.ko\n");
	put(place("lib/modules/6.1.0/modules.dep"), "kernel/vgem.ko:\n");

	machine_read(root, &m);

	cr_expect_eq(m.vgem, VGEM_GONE);
}

Test(machine, a_wsl_whose_kernel_has_no_drm)
{
	struct machine m;

	put_wsl();
	put(place("proc/sys/kernel/osrelease"), "6.18.40.1-Microsoft-standard-WSL2\n");
	put(place("usr/lib/wsl/lib/libnvidia-encode.so.1"), "");
	put(place("lib/modules/6.18.40.1-Microsoft-standard-WSL2/modules.dep"), "kernel/tun.ko:\n");

	machine_read(root, &m);

	cr_expect(m.is_wsl && m.has_dxg && m.has_libd3d12 && m.has_nvidia_encode);
	cr_expect_eq(m.vgem, VGEM_GONE);
	cr_expect_eq(m.node_count, 0);
}

Test(machine, half_of_d3d12_is_none)
{
	struct machine m;

	put(place("usr/lib/wsl/lib/libd3d12.so"), "");
	put_link(place("usr/lib/wsl/lib/libdxcore.so"), "libdxcore.so.gone");

	machine_read(root, &m);

	cr_expect_not(m.has_libd3d12);
}

Test(machine, containers_leave_a_mark)
{
	static const char *const marks[] = { ".dockerenv", "run/.containerenv" };
	struct machine m;

	for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
		put(place("%s", marks[i]), "");
		machine_read(root, &m);
		cr_expect(m.is_container, "%s", marks[i]);
		unlink(place("%s", marks[i]));
	}
	machine_read(root, &m);
	cr_expect_not(m.is_container);
}

Test(machine, windows_driver_store_names_the_vendors)
{
	static const struct {
		const char *folder;
		unsigned vendors;
	} stores[] = {
		{ "nvmdi.inf_amd64_0123456789abcdef", MACHINE_NVIDIA },
		{ "NV_DISPIG.INF_amd64_0123456789abcdef", MACHINE_NVIDIA },
		{ "iigd_dch.inf_amd64_0123456789abcdef", MACHINE_INTEL },
		{ "u0390955.inf_amd64_0123456789abcdef", MACHINE_AMD },
		{ "nvdimm.inf_amd64_0123456789abcdef", 0 },
		{ "nvraid.inf_amd64_0123456789abcdef", 0 },
		{ "nvidia-notes", 0 },
		{ "acpi.inf_amd64_0123456789abcdef", 0 },
	};
	struct machine m;

	for (size_t i = 0; i < sizeof stores / sizeof *stores; i++) {
		place("usr/lib/wsl/drivers/%s/", stores[i].folder);
		machine_read(root, &m);
		cr_expect_eq(m.vendors, stores[i].vendors, "%s", stores[i].folder);
		rmdir(place("usr/lib/wsl/drivers/%s", stores[i].folder));
	}
}

Test(machine, a_node_that_cannot_be_opened_is_listed_as_unusable)
{
	struct machine m;

	put_link(place("dev/dri/renderD128"), "nowhere");
	put_link(place("dev/dxg"), "dxg");

	machine_read(root, &m);

	expect_node(&m, 0, "/dev/dri/renderD128", "", true);
	cr_expect(!m.nodes[0].is_usable && !m.has_dxg && !m.dxg_is_usable);
}

Test(machine, when_there_are_too_many_nodes_the_render_nodes_stay)
{
	struct machine m;
	size_t renders = 0;

	for (int i = 0; i < 40; i++)
		put(place("dev/dri/card%d", i), "");
	for (int i = 128; i < 138; i++)
		put(place("dev/dri/renderD%d", i), "");

	machine_read(root, &m);

	cr_expect_eq(m.node_count, MACHINE_MAX_NODES);
	for (size_t i = 0; i < m.node_count; i++) {
		renders += m.nodes[i].is_render;
		cr_expect(i == 0 || strcmp(m.nodes[i - 1].path, m.nodes[i].path) < 0);
	}
	cr_expect_eq(renders, 10);
	cr_expect_str_eq(m.nodes[0].path, "/dev/dri/card0");
}

Test(machine, other_names_among_the_nodes_are_no_nodes)
{
	static const char *const names[] = { "card", "renderD", "cardX", "card0-DP-1", "card0\n",
		"renderD\x1b[31m", "card123456789012", "by-path" };
	struct machine m;

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		put(place("dev/dri/%s", names[i]), "");

	machine_read(root, &m);

	cr_expect_eq(m.node_count, 0);
}

Test(machine, foreign_text_is_cut_and_made_printable)
{
	struct machine m;
	char huge[100000];

	memset(huge, 'A', sizeof huge);
	huge[3] = '\x1b';
	memcpy(huge + sizeof huge - 11, "microsoft\n", 11);
	put(place("proc/sys/kernel/osrelease"), huge);
	put_node("card0", "0000:00:02.0", "evil\x1b[2J\x7f");
	put_node("card1", "0000:00:03.0", "a-driver-whose-name-is-much-longer-than-any-driver-has");

	machine_read(root, &m);

	cr_expect_eq(strlen(m.kernel), sizeof m.kernel - 1);
	cr_expect(strncmp(m.kernel, "AAA?AAA", 7) == 0 && !m.is_wsl);
	expect_node(&m, 0, "/dev/dri/card0", "evil?[2J?", false);
	expect_node(&m, 1, "/dev/dri/card1", "a-driver-whose-name-is-much-lon", false);
}

Test(machine, a_kernels_name_does_not_lead_out_of_its_modules)
{
	static const char *const names[] = { "../../elsewhere", ".", "a/../../../elsewhere" };
	struct machine m;

	put(place("elsewhere/modules.dep"), "kernel/vgem.ko:\n");
	put(place("lib/modules/modules.dep"), "kernel/vgem.ko:\n");
	place("lib/modules/a/");
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		put(place("proc/sys/kernel/osrelease"), names[i]);
		machine_read(root, &m);
		cr_expect_eq(m.vgem, VGEM_GONE, "%s", names[i]);
	}
}

Test(machine, pipes_and_loops_in_the_place_of_files_count_as_absent, .timeout = 10)
{
	struct machine m;

	cr_assert_eq(mkfifo(place("proc/sys/kernel/osrelease"), 0600), 0);
	put_node("card0", "0000:00:02.0", "i915");
	cr_assert_eq(mkfifo(place("run/udev/data/c226:0"), 0600), 0);
	put_link(place("usr/lib/wsl/drivers"), "drivers");
	put_link(place("usr/lib/wsl/lib"), "../wsl/lib");
	machine_read(root, &m);
	cr_expect_str_empty(m.kernel);
	cr_expect(!m.nodes[0].is_ignored && !m.vendors && !m.has_libd3d12);

	unlink(place("proc/sys/kernel/osrelease"));
	put(place("proc/sys/kernel/osrelease"), WSL_KERNEL);
	cr_assert_eq(mkfifo(place("lib/modules/%s/modules.dep", WSL_KERNEL), 0600), 0);
	place("lib/modules/%s/modules.builtin/", WSL_KERNEL);
	machine_read(root, &m);
	cr_expect_eq(m.vgem, VGEM_GONE);
}

Test(machine, where_nothing_is_there_is_nothing)
{
	static const struct machine nothing;
	struct machine m;
	char endless[2 * PATH_MAX];

	memset(endless, 'a', sizeof endless);
	endless[0] = '/';
	endless[sizeof endless - 1] = '\0';
	const char *const roots[] = { root, "/no/such/root", endless };

	for (size_t i = 0; i < sizeof roots / sizeof *roots; i++) {
		memset(&m, 0xaa, sizeof m);
		machine_read(roots[i], &m);
		cr_expect_str_empty(m.kernel);
		cr_expect(!m.is_wsl && !m.is_container && !m.has_dxg && !m.dxg_is_usable);
		cr_expect(!m.has_libd3d12 && !m.has_nvidia_encode && !m.vendors);
		cr_expect(m.vgem == nothing.vgem && m.node_count == 0);
		cr_expect(!*m.va_driver && !*m.va_drivers_path && !*m.wsl_version);
	}
}

Test(machine, the_users_own_words_are_taken_over)
{
	struct machine m;

	setenv("LIBVA_DRIVER_NAME", "i965", 1);
	setenv("LIBVA_DRIVERS_PATH", "/opt/a:/opt/b", 1);

	machine_read(root, &m);

	cr_expect_str_eq(m.va_driver, "i965");
	cr_expect_str_eq(m.va_drivers_path, "/opt/a:/opt/b");
}
