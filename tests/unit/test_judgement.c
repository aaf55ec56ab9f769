#include "judgement_scene.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static const char nvidia_vendor[] =
	"Mesa Gallium driver 25.0.7 for D3D12 (NVIDIA GeForce RTX 5070)";

Test(judgement, of_a_machine_without_gpu_is_software_and_says_so)
{
	struct scene s = scene_plain_machine();

	scene_is_impossible(&s, scene_add(&s, ROUTE_VAAPI, "vaapih264enc", true),
		"there is no render node in /dev/dri", "");
	scene_add_software(&s);

	struct judgement j = scene_judge(&s);
	cr_expect_eq(j.grade, GRADE_SOFTWARE);
	cr_expect_str_eq(j.verdict,
		"Helix can stream a desktop from this machine, encoded by the CPU (x264enc, 4.1 ms a "
		"picture); the GPU is not used because this machine has no GPU that Linux knows: there "
		"is no render node in /dev/dri.");
	scene_expect_finding(&j, FINDING_GOOD, "System", "Linux, kernel 6.1.0-13-amd64", "");
	scene_expect_finding(&j, FINDING_NOTE, "GPU", "/dev/dri has no render node", "");
	scene_expect_finding(&j, FINDING_NOTE, "Encoders",
		"vaapih264enc: not tried: there is no render node in /dev/dri", "");
	scene_expect_finding(&j, FINDING_GOOD, "Encoders",
		"x264enc: works, p50 4.1 ms, p95 6.0 ms, 244 pictures a second; Helix takes this one",
		"");
	scene_expect_finding(&j, FINDING_GOOD, "Port", "127.0.0.1:7878 is free", "");
}

Test(judgement, of_a_container_without_gpu_says_how_to_give_it_one)
{
	struct scene s = scene_plain_machine();

	s.machine.is_container = true;
	scene_is_impossible(&s, scene_add(&s, ROUTE_VAAPI, "vaapih264enc", true), "no node", "");
	scene_add_software(&s);

	struct judgement j = scene_judge(&s);
	cr_expect_str_eq(
		j.missing, "this container was given no GPU: there is no render node in /dev/dri");
	cr_expect_str_eq(
		j.help, "if the machine has a GPU, start the container with --device=/dev/dri");
}

Test(judgement, of_wsl_without_drm_is_hardware_when_d3d12_encodes)
{
	struct scene s = scene_wsl_machine();

	scene_is_impossible(&s, scene_add(&s, ROUTE_VAAPI, "vaapih264enc", true), "no node", "");
	scene_works(&s, scene_add(&s, ROUTE_VAAPI_WITHOUT_DRM, "vaapih264enc-without-drm", true),
		2100, 3000, nvidia_vendor);
	scene_add_software(&s);
	s.gl = (struct gl_verdict){ VERDICT_WORKS, "D3D12 (NVIDIA GeForce RTX 5070)", "", 1.2, 2,
		1.5 };
	s.gl_software = (struct gl_verdict){ VERDICT_WORKS, "llvmpipe", "", 1, 2, 6 };

	struct judgement j = scene_judge(&s);
	cr_expect_eq(j.grade, GRADE_HARDWARE);
	cr_expect_str_eq(j.verdict,
		"Helix can stream a desktop from this machine, encoded by the GPU "
		"(vaapih264enc-without-drm, 2.1 ms a picture, NVIDIA GeForce RTX 5070).");
	cr_expect_str_eq(j.missing, "");
	scene_expect_finding(&j, FINDING_GOOD, "System",
		"WSL 3.0.1.0, networking nat, kernel 6.18.40.1-microsoft-standard-WSL2", "");
	scene_expect_finding(&j, FINDING_GOOD, "GPU",
		"/dev/dxg and libd3d12.so are there: Windows shares its GPU", "");
	scene_expect_finding(&j, FINDING_NOTE, "GPU",
		"this kernel has no vgem; Helix reaches D3D12 without it", "");
	scene_expect_finding(&j, FINDING_GOOD, "GL",
		"the GPU draws the desktop: D3D12 (NVIDIA GeForce RTX 5070); a 1080p picture goes in "
		"within 1.2 ms and out within 2.0 ms",
		"");
}

Test(judgement, of_wsl_where_d3d12_fails_names_the_reason_and_the_drivers)
{
	struct scene s = scene_wsl_machine();

	scene_fails(&s, scene_add(&s, ROUTE_VAAPI_WITHOUT_DRM, "vaapih264enc-without-drm", true),
		"no-va", "libva cannot start the driver for /dev/null: resource allocation failed");
	scene_add_software(&s);

	struct judgement j = scene_judge(&s);
	cr_expect_eq(j.grade, GRADE_SOFTWARE);
	cr_expect_str_eq(j.verdict,
		"Helix can stream a desktop from this machine, encoded by the CPU (x264enc, 4.1 ms a "
		"picture); the GPU is not used because vaapih264enc-without-drm does not work: libva "
		"cannot start the driver for /dev/null: resource allocation failed.");
	cr_expect_str_eq(j.help,
		"update the Windows graphics driver (NVIDIA 526.47 or newer), then run `wsl --update`");
}

Test(judgement, warns_of_a_vgem_that_nothing_hides_from_the_compositor)
{
	struct scene s = scene_wsl_machine();
	scene_add_software(&s);
	s.machine.vgem = VGEM_LOADED;
	s.machine.node_count = 1;
	s.machine.nodes[0] = (struct drm_node){ "/dev/dri/renderD128", "vgem", true, true, false };

	struct judgement alone = scene_judge(&s);
	s.machine.has_udevd = true;
	struct judgement bare = scene_judge(&s);
	s.machine.nodes[0].is_ignored = true;
	struct judgement hidden = scene_judge(&s);

	scene_expect_finding(&bare, FINDING_WARN, "GPU",
		"the compositor will take vgem for a GPU, which it is not",
		"put Helix's 61-helix-vgem.rules into /etc/udev/rules.d, then `sudo udevadm "
		"control --reload && sudo udevadm trigger --subsystem-match=drm`");
	scene_expect_finding(&alone, FINDING_WARN, "GPU",
		"the compositor will take vgem for a GPU, which it is not",
		"sudo sh -c 'mkdir -p /run/udev/data; for n in 128; do echo "
		"G:mutter-device-ignore > /run/udev/data/c226:$n; done', then start Helix anew");
	cr_expect_not(scene_says(&hidden, "the compositor will take vgem"));
}

Test(judgement, of_wsl_that_could_load_vgem_says_how_when_nothing_else_works)
{
	struct scene s = scene_wsl_machine();
	size_t i = scene_add(&s, ROUTE_VAAPI_WITHOUT_DRM, "vaapih264enc-without-drm", true);

	s.machine.vgem = VGEM_LOADABLE;
	scene_fails(&s, i, "no-va", "libva cannot start the driver");
	scene_add_software(&s);

	struct judgement j = scene_judge(&s);
	scene_expect_finding(&j, FINDING_WARN, "GPU", "the kernel's module vgem is not loaded",
		"sudo modprobe vgem; for good: loadKernelModules=vgem in [wsl2] of .wslconfig");

	scene_works(&s, i, 2000, 3000, nvidia_vendor);
	j = scene_judge(&s);
	scene_expect_finding(&j, FINDING_NOTE, "GPU",
		"vgem is not loaded; it is not needed, the GPU encodes without it", "");
}

Test(judgement, of_wsl_without_dxg_says_that_windows_shares_no_gpu)
{
	struct scene s = scene_wsl_machine();

	s.machine.has_dxg = s.machine.dxg_is_usable = false;
	scene_is_impossible(&s,
		scene_add(&s, ROUTE_VAAPI_WITHOUT_DRM, "vaapih264enc-without-drm", true),
		"/dev/dxg is missing", "");
	scene_add_software(&s);

	struct judgement j = scene_judge(&s);
	cr_expect_str_eq(j.missing, "Windows shares no GPU with this WSL: /dev/dxg is missing");
	scene_expect_finding(&j, FINDING_WARN, "GPU",
		"/dev/dxg is missing: Windows shares no GPU with this WSL",
		"run `wsl --update` in Windows, and see that gpuSupport in .wslconfig and [gpu] in "
		"/etc/wsl.conf are not off");
}

Test(judgement, of_wsl_without_its_libraries_asks_for_an_update)
{
	struct scene s = scene_wsl_machine();

	s.machine.has_libd3d12 = false;
	scene_is_impossible(&s,
		scene_add(&s, ROUTE_VAAPI_WITHOUT_DRM, "vaapih264enc-without-drm", true),
		"libd3d12.so is missing", "");
	scene_add_software(&s);

	struct judgement j = scene_judge(&s);
	cr_expect_str_eq(j.missing,
		"WSL's own D3D12 is missing: there is no libd3d12.so in /usr/lib/wsl/lib");
	cr_expect_str_eq(j.help, "run `wsl --update` in Windows, then `wsl --shutdown`");
}

Test(judgement, of_old_intel_graphics_says_from_which_generation_they_encode)
{
	struct scene s = scene_wsl_machine();

	s.machine.vendors = MACHINE_INTEL;
	size_t i = scene_add(&s, ROUTE_VAAPI_WITHOUT_DRM, "vaapih264enc-without-drm", true);
	scene_fails(&s, i, "no-encoder", "the driver encodes no H.264 (it decodes H.264, HEVC)");
	scene_add_software(&s);

	struct judgement j = scene_judge(&s);
	scene_expect_finding(&j, FINDING_WARN, "Encoders",
		"vaapih264enc-without-drm: does not work: the driver encodes no H.264 (it decodes "
		"H.264, HEVC)",
		"Intel graphics before the 11th generation cannot encode through D3D12; newer ones "
		"need driver 31.0.101.4032 or newer");
}

Test(judgement, of_a_missing_plugin_names_its_package)
{
	struct scene s = scene_plain_machine();

	s.machine.node_count = 1;
	s.machine.nodes[0] = (struct drm_node){ "/dev/dri/renderD128", "i915", true, true, false };
	scene_fails(&s, scene_add(&s, ROUTE_VAAPI, "vaapih264enc", true), "no-plugin",
		"GStreamer's plugin vaapi is not installed");
	scene_add_software(&s);

	struct judgement j = scene_judge(&s);
	cr_expect_str_eq(
		j.missing, "vaapih264enc does not work: GStreamer's plugin vaapi is not installed");
	cr_expect_str_eq(j.help, "apt install gstreamer1.0-vaapi");
	scene_expect_finding(&j, FINDING_GOOD, "GPU", "/dev/dri/renderD128: i915", "");
}

Test(judgement, of_a_native_gpu_names_the_driver)
{
	struct scene s = scene_plain_machine();

	s.machine.node_count = 1;
	s.machine.nodes[0] = (struct drm_node){ "/dev/dri/renderD128", "i915", true, true, false };
	scene_works(&s, scene_add(&s, ROUTE_VAAPI, "vaapih264enc", true), 2100, 3000,
		"Intel iHD driver for Intel(R) Gen Graphics - 23.1.1 ()");
	scene_add_software(&s);
	s.offer_count = 1;
	s.offers[0] = (struct va_offer){ .works = true,
		.device = "/dev/dri/renderD128",
		.driver = "Intel iHD driver",
		.encodes = "H264Main, H264High" };

	struct judgement j = scene_judge(&s);
	cr_expect_eq(j.grade, GRADE_HARDWARE);
	cr_expect_str_eq(j.verdict,
		"Helix can stream a desktop from this machine, encoded by the GPU (vaapih264enc, 2.1 ms "
		"a picture, Intel(R) Gen Graphics).");
	scene_expect_finding(
		&j, FINDING_GOOD, "Drivers", "VA on /dev/dri/renderD128: Intel iHD driver", "");
	scene_expect_finding(
		&j, FINDING_GOOD, "Drivers", "... which encodes H264Main, H264High", "");
	scene_expect_finding(&j, FINDING_GOOD, "Drivers", "... and decodes nothing", "");
}

Test(judgement, of_a_forbidden_node_says_which_group_it_takes)
{
	struct scene s = scene_plain_machine();

	s.machine.node_count = 1;
	s.machine.nodes[0] =
		(struct drm_node){ "/dev/dri/renderD128", "amdgpu", true, false, false };
	scene_is_impossible(&s, scene_add(&s, ROUTE_VAAPI, "vaapih264enc", true), "forbidden", "");
	scene_add_software(&s);

	struct judgement j = scene_judge(&s);
	cr_expect_str_eq(j.missing, "this user may not open /dev/dri/renderD128");
	scene_expect_finding(&j, FINDING_WARN, "GPU",
		"/dev/dri/renderD128: amdgpu, but this user may not open it",
		"add the user to the group that owns it: sudo usermod -aG $(stat -c %g "
		"/dev/dri/renderD128) $USER, then log in again");

	s.machine.is_container = true;
	j = scene_judge(&s);
	cr_expect_str_eq(
		j.help, "start the container with --group-add $(stat -c %g /dev/dri/renderD128)");
}

Test(judgement, without_a_compositor_is_that_nothing_can_be_streamed)
{
	struct scene s = scene_plain_machine();

	scene_add_software(&s);
	s.surroundings.has[NEEDS_GNOME_SHELL] = s.surroundings.has[NEEDS_MUTTER] = false;
	s.surroundings.has[NEEDS_PIPEWIRE] = false;

	struct judgement j = scene_judge(&s);
	cr_expect_eq(j.grade, GRADE_NOT_AT_ALL);
	cr_expect_str_eq(j.verdict,
		"Helix cannot stream a desktop from this machine: there is no compositor: neither "
		"gnome-shell nor mutter is installed; and 1 more, see BAD above.");
	scene_expect_finding(&j, FINDING_BAD, "Desktop",
		"there is no compositor: neither gnome-shell nor mutter is installed",
		"apt install gnome-shell");
	scene_expect_finding(
		&j, FINDING_BAD, "Desktop", "pipewire is missing", "apt install pipewire");
}

Test(judgement, without_helix_encoder_does_not_blame_gstreamer)
{
	struct scene s = scene_plain_machine();

	scene_fails(&s, scene_add(&s, ROUTE_X264, "x264enc", false), "",
		"helix-encoder cannot be started");
	s.surroundings.has[NEEDS_HELIX_ENCODER] = false;

	struct judgement j = scene_judge(&s);
	cr_expect_str_eq(j.verdict,
		"Helix cannot stream a desktop from this machine: helix-encoder is missing.");
	cr_expect_str_eq(j.help,
		"it belongs beside helix-agent, or in ../libexec/helix: install Helix again");
}

Test(judgement, without_any_encoder_is_that_nothing_can_be_streamed)
{
	struct scene s = scene_plain_machine();

	scene_fails(&s, scene_add(&s, ROUTE_X264, "x264enc", false), "no-plugin",
		"GStreamer's plugin x264 is not installed");

	struct judgement j = scene_judge(&s);
	cr_expect_eq(j.grade, GRADE_NOT_AT_ALL);
	cr_expect_str_eq(
		j.verdict, "Helix cannot stream a desktop from this machine: no encoder works.");
	scene_expect_finding(&j, FINDING_NOTE, "Encoders",
		"x264enc: does not work: GStreamer's plugin x264 is not installed",
		"apt install gstreamer1.0-plugins-ugly");
}

Test(judgement, says_when_the_gpu_was_measured_and_is_slower)
{
	struct scene s = scene_plain_machine();

	s.machine.node_count = 1;
	s.machine.nodes[0] = (struct drm_node){ "/dev/dri/renderD128", "i915", true, true, false };
	size_t gpu = scene_add(&s, ROUTE_VAAPI, "vaapih264enc", true);
	scene_add_software(&s);
	scene_works(&s, gpu, 40000, 45000, "Intel iHD driver");

	struct judgement j = scene_judge(&s);
	cr_expect_eq(j.grade, GRADE_SOFTWARE);
	cr_expect_str_eq(j.missing, "vaapih264enc is slower here: 40.0 ms a picture");
}

Test(judgement, says_when_the_user_asked_for_software)
{
	struct scene s = scene_plain_machine();

	s.encoder = "x264enc";
	scene_add_software(&s);

	struct judgement j = scene_judge(&s);
	cr_expect_str_eq(j.missing, "--encoder asks for x264enc");
}

Test(judgement, says_why_the_encoder_failed_that_the_user_asked_for)
{
	struct scene s = scene_plain_machine();

	s.encoder = "vaapih264enc";
	scene_fails(&s, scene_add(&s, ROUTE_VAAPI, "vaapih264enc", true), "no-va",
		"/dev/dri/renderD128 cannot be opened");
	scene_add_software(&s);

	struct judgement j = scene_judge(&s);
	cr_expect_str_eq(
		j.missing, "vaapih264enc does not work: /dev/dri/renderD128 cannot be opened");
}

Test(judgement, warns_of_an_encoder_that_does_not_keep_up)
{
	struct scene s = scene_plain_machine();

	scene_works(&s, scene_add(&s, ROUTE_X264, "x264enc", false), 20000, 30000, "");

	struct judgement j = scene_judge(&s);
	scene_expect_finding(&j, FINDING_WARN, "Encoders",
		"x264enc: works, p50 20.0 ms, p95 30.0 ms, 50 pictures a second; Helix takes this one",
		"it does not keep up with 60 pictures a second: lower --fps or --size");
}

Test(judgement, explains_why_the_cpu_draws_though_d3d12_could)
{
	struct scene s = scene_wsl_machine();

	scene_add_software(&s);
	s.gl = (struct gl_verdict){ VERDICT_WORKS, "D3D12 (Intel(R) UHD Graphics)", "", 20, 340,
		5 };
	s.gl_software = (struct gl_verdict){ VERDICT_WORKS, "llvmpipe", "", 1, 2, 6 };

	struct judgement j = scene_judge(&s);
	scene_expect_finding(&j, FINDING_WARN, "GL",
		"the CPU draws the desktop: D3D12 (Intel(R) UHD Graphics) needs 365 ms for a 1080p "
		"picture in and out, software 9 ms",
		"update WSL and the Windows graphics driver: some versions copy slowly");

	s.gl = (struct gl_verdict){ .state = VERDICT_FAILED, .problem = "EGL does not start" };
	j = scene_judge(&s);
	scene_expect_finding(&j, FINDING_WARN, "GL",
		"the CPU draws the desktop: D3D12 does not work: EGL does not start", "");
}

Test(judgement, knows_the_mesa_that_locks_up)
{
	struct scene s = scene_wsl_machine();

	scene_add_software(&s);
	s.mesa = "26.2.3";
	struct judgement j = scene_judge(&s);
	cr_expect(scene_says(&j, "Mesa 26.2 can lock up while it draws with D3D12"));

	s.mesa = "25.0.7";
	j = scene_judge(&s);
	cr_expect_not(scene_says(&j, "lock up"));
}

Test(judgement, tells_a_running_desktop_from_another_program_on_the_port)
{
	struct scene s = scene_plain_machine();

	scene_add_software(&s);
	s.surroundings.port = PORT_TAKEN;
	snprintf(s.surroundings.port_owner, sizeof s.surroundings.port_owner, "helix-agent");
	s.surroundings.port_owner_pid = 42;
	struct judgement j = scene_judge(&s);
	scene_expect_finding(&j, FINDING_NOTE, "Port",
		"127.0.0.1:7878 is taken by helix-agent (process 42)",
		"a desktop is running; a second one takes --listen 127.0.0.1:0");

	*s.surroundings.port_owner = '\0';
	j = scene_judge(&s);
	scene_expect_finding(&j, FINDING_WARN, "Port", "127.0.0.1:7878 is taken by another program",
		"stop it, or choose another port: --listen 127.0.0.1:0");
}

Test(judgement, stays_within_its_bounds_whatever_comes)
{
	struct scene s = scene_wsl_machine();

	s.machine.node_count = MACHINE_MAX_NODES;
	for (size_t i = 0; i < MACHINE_MAX_NODES; i++)
		s.machine.nodes[i] =
			(struct drm_node){ "/dev/dri/renderD128", "i915", true, true, false };
	for (size_t i = 0; i < CANDIDATES_MAX; i++) {
		scene_add(&s, ROUTE_VA, "vah264enc", true);
		s.verdicts[i].state = VERDICT_FAILED;
		memset(s.verdicts[i].name, 'n', sizeof s.verdicts[i].name - 1);
		memset(s.verdicts[i].problem, 'p', sizeof s.verdicts[i].problem - 1);
		memset(s.verdicts[i].advice, 'a', sizeof s.verdicts[i].advice - 1);
	}
	s.offer_count = JUDGEMENT_MAX_OFFERS;
	for (size_t i = 0; i < JUDGEMENT_MAX_OFFERS; i++) {
		s.offers[i].works = true;
		memset(s.offers[i].encodes, 'e', sizeof s.offers[i].encodes - 1);
	}
	for (size_t i = 0; i < NEEDS_COUNT; i++)
		s.surroundings.has[i] = false;

	struct judgement j = scene_judge(&s);
	cr_expect_leq(j.count, JUDGEMENT_MAX_FINDINGS);
	cr_expect_eq(j.grade, GRADE_NOT_AT_ALL);
	cr_expect(scene_says(&j, "127.0.0.1:7878 is free"), "the last finding has found a place");
}
