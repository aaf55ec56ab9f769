#include "core/utf8.h"
#include "core/verdict.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#define FPS 60 /* 16.6 ms a picture */

static struct candidates candidates;
static struct verdict verdicts[CANDIDATES_MAX];
static size_t order[CANDIDATES_MAX];

/* One more candidate that works, with every picture in the same time. */
static size_t works(enum route route, uint32_t us)
{
	size_t i = candidates.count++;

	candidates.items[i].route = route;
	candidates.items[i].is_hardware = route < ROUTE_X264;
	verdicts[i].state = VERDICT_WORKS;
	verdicts[i].p50_us = verdicts[i].p95_us = us;
	return i;
}

static size_t rank(void)
{
	return verdicts_rank(&candidates, verdicts, FPS, order);
}

Test(verdict, ranks_hardware_that_keeps_up_before_faster_software)
{
	size_t hardware = works(ROUTE_VAAPI, 16000), software = works(ROUTE_X264, 2000);

	cr_assert_eq(rank(), 2);
	cr_expect_eq(order[0], hardware);
	cr_expect_eq(order[1], software);
}

Test(verdict, ranks_only_what_works)
{
	for (enum verdict_state state = VERDICT_UNTRIED; state <= VERDICT_IMPOSSIBLE; state++)
		verdicts[works(ROUTE_VAAPI, 1000)].state = state;

	cr_assert_eq(rank(), 1);
	cr_expect_eq(order[0], VERDICT_WORKS);
	candidates.count = 0;
	cr_expect_eq(rank(), 0);
}

Test(verdict, keeps_the_ladders_order_where_nothing_is_faster_by_a_third)
{
	size_t first = works(ROUTE_VAAPI, 9000), second = works(ROUTE_VA, 6001);
	size_t third = works(ROUTE_X264, 9000), fourth = works(ROUTE_OPENH264, 6001);

	cr_assert_eq(rank(), 4);
	cr_expect_eq(order[0], first);
	cr_expect_eq(order[1], second);
	cr_expect_eq(order[2], third);
	cr_expect_eq(order[3], fourth);
}

Test(verdict, lets_what_is_faster_by_a_third_go_first)
{
	size_t first = works(ROUTE_VAAPI, 9000), second = works(ROUTE_VA, 6000);
	size_t third = works(ROUTE_X264, 9000), fourth = works(ROUTE_OPENH264, 3000);

	cr_assert_eq(rank(), 4);
	cr_expect_eq(order[0], second);
	cr_expect_eq(order[1], first);
	cr_expect_eq(order[2], third, "software stands in the order of quality");
	cr_expect_eq(order[3], fourth);
}

Test(verdict, lets_nothing_stand_before_what_beats_it_by_a_third)
{
	size_t slow = works(ROUTE_VAAPI, 10000);
	size_t middle = works(ROUTE_VA, 8000);
	size_t fast = works(ROUTE_NVENC, 6500);

	cr_assert_eq(rank(), 3);
	cr_expect_eq(order[0], fast);
	cr_expect_eq(order[1], slow, "8 ms are not a third less than 10");
	cr_expect_eq(order[2], middle);
}

Test(verdict, judges_by_the_median_and_the_whole_whether_hardware_keeps_up)
{
	size_t hardware = works(ROUTE_VAAPI, 16666), software = works(ROUTE_X264, 9000);

	verdicts[hardware].p95_us = 40000;
	rank();
	cr_expect_eq(order[0], hardware, "a busy machine makes a few pictures late");
	verdicts[hardware].fps = 59;
	rank();
	cr_expect_eq(order[0], software, "too many of them");
	verdicts[hardware].fps = 60;
	verdicts[hardware].p50_us = 16667;
	rank();
	cr_expect_eq(order[0], software);
	cr_expect_eq(order[1], hardware);
}

Test(verdict, ranks_by_speed_where_neither_hardware_nor_software_keeps_up)
{
	size_t slow = works(ROUTE_VAAPI, 50000), fast = works(ROUTE_VA, 20000);
	size_t x264 = works(ROUTE_X264, 30000);

	cr_assert_eq(rank(), 3);
	cr_expect_eq(order[0], fast);
	cr_expect_eq(order[1], x264);
	cr_expect_eq(order[2], slow);
}

Test(verdict, puts_slow_hardware_behind_any_software_that_keeps_up)
{
	size_t hardware = works(ROUTE_VAAPI, 17000);
	size_t x264 = works(ROUTE_X264, 20000), openh264 = works(ROUTE_OPENH264, 16000);

	cr_assert_eq(rank(), 3);
	cr_expect_eq(order[0], openh264);
	cr_expect_eq(order[1], hardware);
	cr_expect_eq(order[2], x264);
}

Test(verdict, puts_slow_hardware_before_slower_software_and_the_fastest_of_it_first)
{
	size_t slower = works(ROUTE_VAAPI, 20000), slow = works(ROUTE_VA, 18000);
	size_t x264 = works(ROUTE_X264, 16000), openh264 = works(ROUTE_OPENH264, 30000);

	cr_assert_eq(rank(), 4);
	cr_expect_eq(order[0], x264);
	cr_expect_eq(order[1], slow);
	cr_expect_eq(order[2], slower);
	cr_expect_eq(order[3], openh264);
}

Test(verdict, ranks_every_candidate_once_whatever_the_figures_are)
{
	static const uint32_t times[] = { 0, 1, UINT32_MAX, 16667, 16667, 1, 0, UINT32_MAX };

	for (size_t i = 0; i < CANDIDATES_MAX; i++)
		works((enum route)(i % ROUTE_COUNT), times[i % 8]);

	cr_assert_eq(rank(), CANDIDATES_MAX);
	unsigned seen = 0;
	for (size_t i = 0; i < CANDIDATES_MAX; i++)
		seen |= 1U << order[i];
	cr_expect_eq(seen, (1U << CANDIDATES_MAX) - 1);
}

static struct gl_verdict gl(const char *renderer, double upload, double draw, double readback)
{
	struct gl_verdict v = { VERDICT_WORKS, "", "", upload, readback, draw };

	strncpy(v.renderer, renderer, sizeof v.renderer - 1);
	return v;
}

Test(verdict, takes_a_gpu_for_drawing_that_is_done_within_a_frame_or_twice_of_softwares_time)
{
	struct gl_verdict fast = gl("D3D12 (NVIDIA GeForce RTX 5070)", 1.2, 0.5, 2.0);
	struct gl_verdict within = gl("D3D12 (Intel(R) UHD Graphics)", 10.6, 4.6, 6.0);
	struct gl_verdict twice = gl("D3D12 (Intel(R) UHD Graphics)", 25.0, 10.0, 15.0);
	struct gl_verdict cliff = gl("D3D12 (Intel(R) UHD Graphics)", 860.0, 1.0, 5.0);
	struct gl_verdict llvmpipe = gl("llvmpipe (LLVM 15.0.6, 256 bits)", 19.5, 17.5, 1.0);
	struct gl_verdict quick = gl("llvmpipe (LLVM 15.0.6, 256 bits)", 1.0, 1.0, 1.0);

	cr_expect(gl_is_worth_it(&fast, &llvmpipe));
	cr_expect(gl_is_worth_it(&within, &quick), "16.6 ms are within a frame");
	cr_expect(gl_is_worth_it(&twice, &llvmpipe), "40 ms are within twice of 20.5");
	cr_expect_not(gl_is_worth_it(&twice, &quick));
	cr_expect_not(gl_is_worth_it(&cliff, &llvmpipe));
}

Test(verdict, takes_no_software_for_a_gpu)
{
	static const char *const renderers[] = { "llvmpipe (LLVM 15.0.6, 256 bits)", "softpipe",
		"Google SwiftShader", "Software Rasterizer",
		"D3D12 (Microsoft Basic Render Driver)",
		"zink Vulkan 1.3(llvmpipe (LLVM 19.1.7 256 bits))" };
	struct gl_verdict software = gl("llvmpipe", 50, 50, 50);

	for (size_t i = 0; i < sizeof renderers / sizeof *renderers; i++) {
		struct gl_verdict gpu = gl(renderers[i], 1, 1, 1);

		cr_expect_not(gl_is_worth_it(&gpu, &software), "%s", renderers[i]);
	}
}

Test(verdict, takes_no_gpu_that_did_not_work_or_was_not_measured)
{
	struct gl_verdict gpu = gl("D3D12 (a GPU)", 1, 1, 1), software = gl("llvmpipe", 5, 5, 5);

	cr_assert(gl_is_worth_it(&gpu, &software));
	gpu.state = VERDICT_FAILED;
	cr_expect_not(gl_is_worth_it(&gpu, &software));
	gpu = gl("D3D12 (a GPU)", 0, 0, 0);
	cr_expect_not(gl_is_worth_it(&gpu, &software));
	gpu = gl("D3D12 (a GPU)", NAN, 1, 1);
	cr_expect_not(gl_is_worth_it(&gpu, &software));
	gpu = gl("D3D12 (a GPU)", INFINITY, 1, 1);
	cr_expect_not(gl_is_worth_it(&gpu, &software));
}

Test(verdict, compares_with_a_frames_time_where_software_was_not_measured)
{
	struct gl_verdict gpu = gl("D3D12 (a GPU)", 5 + 5, 5, 5), untried = { 0 };
	struct gl_verdict failed = gl("llvmpipe", 100, 100, 100);

	cr_expect(gl_is_worth_it(&gpu, &untried));
	gpu.upload_ms = 50;
	failed.state = VERDICT_FAILED;
	cr_expect_not(gl_is_worth_it(&gpu, &untried));
	cr_expect_not(gl_is_worth_it(&gpu, &failed));
}

Test(verdict, reads_driver_and_adapter_out_of_what_vendors_write)
{
	static const struct {
		const char *text, *driver, *adapter;
	} cases[] = {
		{ "", "", "" },
		{ "Mesa Gallium driver 25.2.8-0ubuntu0.24.04.5 for D3D12 (NVIDIA GeForce RTX 5070)",
			"D3D12", "NVIDIA GeForce RTX 5070" },
		{ "Mesa Gallium driver 25.0.7 for D3D12 (Intel(R) UHD Graphics 770)", "D3D12",
			"Intel(R) UHD Graphics 770" },
		{ "Mesa Gallium driver 25.0.7 for D3D12 (Helix software VA driver)", "D3D12",
			"Helix software VA driver" },
		{ "Mesa Gallium driver 22.3.6 for AMD Radeon RX 6600 (navi23, LLVM 15.0.6, DRM "
		  "3.49, 6.1.0)",
			"Mesa", "AMD Radeon RX 6600" },
		{ "Mesa Gallium driver 25.0.7 for AMD Radeon(TM) Graphics (radeonsi, renoir, LLVM "
		  "19.1.7, DRM 3.61)",
			"radeonsi", "AMD Radeon(TM) Graphics" },
		{ "Mesa Gallium driver 22.3.6 for NV134", "Mesa", "NV134" },
		{ "Mesa Gallium driver 22.3.6 for virgl (Mesa Intel(R) UHD)", "virgl",
			"Mesa Intel(R) UHD" },
		{ "Mesa Gallium driver 22.3.6 for llvmpipe (LLVM 15.0.6, 256 bits)", "llvmpipe",
			"" },
		{ "Mesa Gallium driver", "Mesa", "" },
		{ "Mesa Gallium driver 22.3.6 for ", "Mesa", "" },
		{ "Intel iHD driver for Intel(R) Gen Graphics - 23.1.1 (f1e6a6b)", "iHD",
			"Intel(R) Gen Graphics" },
		{ "Intel iHD driver - 1.0.0", "iHD", "" },
		{ "Intel i965 driver for Intel(R) Skylake - 2.4.1", "i965", "Intel(R) Skylake" },
		{ "VA-API NVDEC driver [direct backend]", "NVDEC", "" },
		{ "softva", "softva", "" },
		{ "softva driver for nothing (made for tests)", "softva", "nothing" },
		/* GL renderers */
		{ "D3D12 (NVIDIA GeForce RTX 5070)", "D3D12", "NVIDIA GeForce RTX 5070" },
		{ "D3D12 (a driver for tests)", "D3D12", "a driver for tests" },
		{ "llvmpipe (LLVM 15.0.6, 256 bits)", "llvmpipe", "" },
		{ "Mesa Intel(R) UHD Graphics 770 (ADL-S GT1)", "Mesa Intel(R) UHD Graphics 770",
			"Intel(R) UHD Graphics 770" },
		{ "NVIDIA GeForce RTX 5070/PCIe/SSE2", "NVIDIA GeForce RTX 5070/PCIe/SSE2",
			"NVIDIA GeForce RTX 5070" },
		/* cut off, and worse */
		{ "Mesa Gallium driver 25.0.7 for D3D12 (NVIDIA GeForce RT", "D3D12",
			"NVIDIA GeForce RT" },
		{ "Mesa Gallium driver 25.0.7 for D3D12 (", "D3D12", "" },
		{ "Mesa Gallium driver 25.0.7 for D3D12", "D3D12", "" },
		{ "D3D12 (Intel(R", "D3D12", "Intel(R" },
		{ "D3D12 )(", "D3D12", "" },
		{ "((((((((", "((((((((", "" },
		{ "Mesa ", "Mesa", "" },
		{ " driver for ", "driver for", "" },
		{ "D3D12 (a\nb\033[31m\xff\xe2\x80\xae\xc3)", "D3D12", "a b?[31m???" },
		{ "D3D12 (Gr\xc3\xbc\xc3\x9f GPU)", "D3D12", "Gr\xc3\xbc\xc3\x9f GPU" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char driver[64], adapter[64];

		verdict_driver(cases[i].text, driver, sizeof driver);
		verdict_adapter(cases[i].text, adapter, sizeof adapter);
		cr_expect_str_eq(driver, cases[i].driver, "%s", cases[i].text);
		cr_expect_str_eq(adapter, cases[i].adapter, "%s: %s", cases[i].text, adapter);
	}
}

Test(verdict, cuts_long_names_between_characters)
{
	char buffer[] = "untouched";

	verdict_adapter("D3D12 (abcd\xc3\xbc)", buffer, 6);
	cr_expect_str_eq(buffer, "abcd");
	verdict_adapter("D3D12 (abcd\xc3\xbc)", buffer, 7);
	cr_expect_str_eq(buffer, "abcd\xc3\xbc");
	verdict_driver("D3D12", buffer, 1);
	cr_expect_str_eq(buffer, "");
	buffer[0] = 'u';
	verdict_driver("D3D12", buffer, 0);
	cr_expect_eq(buffer[0], 'u');
}

static void expect_clean(const char *text, size_t size)
{
	size_t length = strlen(text), at = 0;
	uint32_t code;

	cr_assert_lt(length, size);
	while (at < length) {
		cr_assert(utf8_next(text, length, &at, &code));
		cr_assert(code >= 0x20 && code != 0x7f);
	}
}

Test(verdict, writes_bounded_and_printable_text_whatever_it_reads)
{
	static const char *const pieces[] = { "Mesa Gallium driver", " for ", " driver", "D3D12",
		" (", ")", "radeonsi,", " - ", "/PCIe", "\xf0\x9f\x98", "\xc3\xbc", "\x01", "Mesa ",
		"(" };
	uint32_t random = 1;

	for (int i = 0; i < 20000; i++) {
		char text[160] = "", buffer[32];
		size_t size = 1 + (size_t)i % sizeof buffer;

		for (int k = i % 13; k >= 0; k--) {
			random = random * 1664525 + 1013904223;
			const char *piece =
				pieces[(random >> 16) % (sizeof pieces / sizeof *pieces)];
			strncat(text, piece, sizeof text - strlen(text) - 1);
		}
		verdict_driver(text, buffer, size);
		expect_clean(buffer, size);
		verdict_adapter(text, buffer, size);
		expect_clean(buffer, size);
	}
}

Test(verdict, takes_huge_names)
{
	static char text[100000];
	char buffer[160];

	memset(text, '(', sizeof text - 1);
	memcpy(text, "D3D12 ", 6);
	verdict_adapter(text, buffer, sizeof buffer);
	cr_expect_eq(strlen(buffer), sizeof buffer - 1);
	verdict_driver(text, buffer, sizeof buffer);
	cr_expect_str_eq(buffer, "D3D12");
}
