/* helix-encoder --probe and --va, on encoders that work and on drivers that do not. */
#include "core/utf8.h"
#include "lib/program_run.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define VENDOR "Mesa Gallium driver 99.1.2 for D3D12 (Test GPU)"

static void begin(struct program_run *run, const char *arguments)
{
	const char *program = getenv("HELIX_ENCODER");

	program_run_init(run, program ? program : "build/helix-encoder", arguments);
	program_run_set(run, "GST_REGISTRY", "registry");
	program_run_set(run, "DISPLAY", NULL);
	program_run_set(run, "WAYLAND_DISPLAY", NULL);
}

/* The software driver on the route that needs no node. */
static void begin_va(struct program_run *run, const char *arguments)
{
	char *drivers = realpath("build/va-software", NULL);

	cr_assert(drivers, "make fixtures");
	begin(run, arguments);
	program_run_set(run, "LIBVA_DRIVERS_PATH", drivers);
	program_run_set(run, "LIBVA_DRIVER_NAME", "softva");
	program_run_set(run, "SOFTVA_VENDOR", VENDOR);
	program_run_set(run, "GST_VAAPI_DRM_DEVICE", "/dev/null");
	free(drivers);
}

static bool says(const struct program_run *run, const char *words)
{
	return strstr(run->output, words);
}

/* The number that this name has in the report; -1 when there is none. */
static double number(const struct program_run *run, const char *name)
{
	char key[64];
	double value = -1;

	snprintf(key, sizeof key, "\"%s\":", name);
	const char *at = strstr(run->output, key);
	if (at)
		sscanf(at + strlen(key), "%lf", &value);
	return value;
}

static void expect_success(const struct program_run *run)
{
	cr_expect_eq(run->status, 0);
	cr_expect(says(run, "{\"ok\":true,"), "%s", run->output);
	cr_expect(says(run, "\"code\":\"\",\"problem\":\"\""), "%s", run->output);
	cr_expect_eq(number(run, "pictures"), 60);
	cr_expect_eq(number(run, "units"), 60);
	cr_expect_eq(number(run, "decoded"), 60);
	cr_expect_gt(number(run, "p50_us"), 0);
	cr_expect_leq(number(run, "p50_us"), number(run, "p95_us"));
	cr_expect_leq(number(run, "p95_us"), number(run, "max_us"));
	cr_expect_leq(number(run, "first_us"), number(run, "max_us"));
	cr_expect(number(run, "fps") >= 1e6 / number(run, "max_us"), "%s", run->output);
	cr_expect(number(run, "psnr_db") > 12, "%s", run->output);
	cr_expect(number(run, "kbit") > 400 && number(run, "kbit") < 12000, "%s", run->output);
}

static void expect_failure(const struct program_run *run, const char *code, const char *words)
{
	char text[64];

	snprintf(text, sizeof text, "\"code\":\"%s\"", code);
	cr_expect_eq(run->status, 0, "status %#x", run->status);
	cr_expect(says(run, "{\"ok\":false,"), "%s", run->output);
	cr_expect(says(run, text), "%s: %s", code, run->output);
	cr_expect(says(run, words), "%s: %s", words, run->output);
}

Test(probe, finds_that_the_software_encoders_work)
{
	static const struct {
		const char *arguments, *element, *profile, *codec;
	} all[] = {
		{ "--probe x264enc --size 640x480 --bitrate 4000", "\"element\":\"x264enc\"",
			"\"profile\":\"high\"", "\"codec\":\"avc1.6400" },
		{ "--probe openh264enc --size 641x481 --bitrate 4000",
			"\"element\":\"openh264enc\"", "\"profile\":\"constrained-baseline\"",
			"\"codec\":\"avc1.42C0" },
	};

	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		struct program_run run;

		begin(&run, all[i].arguments);
		program_run_go(&run);

		expect_success(&run);
		cr_expect(number(&run, "psnr_db") > 30, "%s", run.output);
		cr_expect(says(&run, all[i].element));
		cr_expect(says(&run, all[i].profile), "%s", run.output);
		cr_expect(says(&run, all[i].codec), "%s", run.output);
		cr_expect(says(&run, "\"decoder\":\"avdec_h264\"") ||
			says(&run, "\"decoder\":\"openh264dec\""));
		cr_expect(says(&run, "\"gstreamer\":\"1."));
		cr_expect_not(says(&run, "\"driver\""));
		program_run_done(&run);
	}
}

Test(probe, keeps_to_the_bitrate_and_the_frame_rate_that_were_asked)
{
	double kbit[2];

	for (int i = 0; i < 2; i++) {
		struct program_run run;

		begin(&run,
			i ? "--probe x264enc --size 640x480 --bitrate 2000 --fps 30"
			  : "--probe x264enc --size 640x480 --bitrate 500 --fps 60");
		program_run_go(&run);
		expect_success(&run);
		kbit[i] = number(&run, "kbit");
		program_run_done(&run);
	}
	cr_expect(kbit[0] > 400 && kbit[0] < 700, "%.0f", kbit[0]);
	cr_expect(kbit[1] > 1000 && kbit[1] < 2500, "%.0f", kbit[1]);
}

Test(probe, names_the_driver_of_an_element_that_uses_va)
{
	struct program_run run;

	begin_va(&run, "--probe vaapih264enc --va-without-drm");
	program_run_go(&run);

	expect_success(&run);
	cr_expect(number(&run, "psnr_db") > 30, "%s", run.output);
	cr_expect(says(&run, "\"driver\":\"" VENDOR "\""), "%s", run.output);
	cr_expect(says(&run, "\"mesa\":\"99.1.2\""));
	cr_expect(says(&run, "\"libva\":\"1."));
	cr_expect(says(&run, "\"device\":\"/dev/null\""));
	cr_expect(says(&run, "\"width\":1280,\"height\":720"));
	program_run_done(&run);
}

Test(probe, tries_a_va_element_on_a_render_node)
{
	static const char *const arguments[] = { "--probe vaapih264enc", "--probe vah264enc" };

	for (size_t i = 0; i < 2; i++) {
		struct program_run run;

		begin_va(&run, arguments[i]);
		program_run_set(&run, "GST_VAAPI_DRM_DEVICE", NULL);
		program_run_set(&run, "LD_PRELOAD", "build/va-software/fake_node.so");
		program_run_go(&run);

		expect_success(&run);
		cr_expect(says(&run, "\"device\":\"/dev/dri/renderD128\""), "%s", run.output);
		program_run_done(&run);
	}
}

Test(probe, says_which_fault_an_encoder_has)
{
	static const struct {
		const char *fault, *code, *words;
	} faults[] = {
		{ "init=error", "no-va", "libva cannot start the driver for /dev/null: " },
		{ "config=error", "refused", "vaapih264enc does not encode: " },
		{ "context=error", "refused", "vaapih264enc does not encode: " },
		{ "end@20=error", "refused", "vaapih264enc does not encode: " },
		{ "sync=error", "lost", "vaapih264enc has not encoded a picture" },
		{ "sync@20=error", "lost", "nothing came out for number " },
		{ "size@20=zero", "lost", "nothing came out for number " },
		{ "sync@20=hang", "lost", "nothing came out for number " },
	};

	for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
		struct program_run run;

		begin_va(&run, "--probe vaapih264enc --va-without-drm --size 320x240");
		program_run_set(&run, "SOFTVA_FAULT", faults[i].fault);
		program_run_go(&run);

		expect_failure(&run, faults[i].code, faults[i].words);
		if (strcmp(faults[i].code, "no-va") != 0)
			cr_expect(says(&run, "\"driver\":\"" VENDOR "\""), "%s", run.output);
		program_run_done(&run);
	}
}

Test(probe, reports_how_far_an_encoder_came_before_it_lost_a_picture)
{
	struct program_run run;

	begin_va(&run, "--probe vaapih264enc --va-without-drm --size 320x240");
	program_run_set(&run, "SOFTVA_FAULT", "sync@20-=error");
	program_run_go(&run);

	expect_failure(&run, "lost", "within a second");
	cr_expect_gt(number(&run, "units"), 10);
	cr_expect_eq(number(&run, "pictures"), number(&run, "units") + 1);
	cr_expect_gt(number(&run, "p50_us"), 0);
	program_run_done(&run);
}

Test(probe, dies_with_a_driver_that_crashes_and_reports_nothing)
{
	struct program_run run;

	begin_va(&run, "--probe vaapih264enc --va-without-drm --size 320x240");
	program_run_set(&run, "SOFTVA_FAULT", "end@20=crash");
	program_run_go(&run);

	cr_expect(WIFSIGNALED(run.status), "status %#x", run.status);
	cr_expect_str_eq(run.output, "");
	program_run_done(&run);
}

Test(probe, tells_a_plugin_that_crashes_from_one_that_is_missing)
{
	struct program_run run;

	begin_va(&run, "--probe vaapih264enc");
	program_run_set(&run, "GST_VAAPI_DRM_DEVICE", NULL);
	program_run_set(&run, "LD_PRELOAD", "build/va-software/fake_node.so");
	program_run_set(&run, "SOFTVA_FAULT", "init=crash");
	program_run_go(&run);

	expect_failure(&run, "no-element", "vaapi is installed, but crashes");
	program_run_done(&run);
}

/* All plugins of this machine but one. */
static void link_plugins(const char *directory, const char *except)
{
	char from[256] = "", path[1024], link[320];
	FILE *pipe = popen("pkg-config --variable=pluginsdir gstreamer-1.0", "r");
	struct dirent *entry;

	cr_assert(pipe && fgets(from, sizeof from, pipe));
	pclose(pipe);
	from[strcspn(from, "\n")] = 0;
	DIR *plugins = opendir(from);
	cr_assert(plugins, "%s", from);
	while ((entry = readdir(plugins))) {
		if (!strstr(entry->d_name, ".so") || !strcmp(entry->d_name, except))
			continue;
		snprintf(path, sizeof path, "%s/%s", from, entry->d_name);
		snprintf(link, sizeof link, "%s/%s", directory, entry->d_name);
		cr_assert_eq(symlink(path, link), 0);
	}
	closedir(plugins);
}

Test(probe, names_the_plugin_that_is_missing_and_its_package)
{
	static const struct {
		const char *arguments, *file, *sentence, *package;
	} all[] = {
		{ "--probe vaapih264enc", "libgstvaapi.so",
			"GStreamer's plugin vaapi is not installed", "gstreamer1.0-vaapi" },
		{ "--probe x264enc", "libgstx264.so", "GStreamer's plugin x264 is not installed",
			"gstreamer1.0-plugins-ugly" },
	};

	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		struct program_run run;
		char package[64];

		begin_va(&run, all[i].arguments);
		link_plugins(run.directory, all[i].file);
		program_run_set(&run, "GST_PLUGIN_SYSTEM_PATH_1_0", run.directory);
		program_run_go(&run);

		expect_failure(&run, "no-plugin", all[i].sentence);
		snprintf(package, sizeof package, "\"package\":\"%s\"", all[i].package);
		cr_expect(says(&run, package), "%s", run.output);
		program_run_done(&run);
	}
}

Test(probe, says_when_the_plugin_takes_no_driver_of_this_kind)
{
	struct program_run run;

	begin_va(&run, "--probe vaapih264enc --va-without-drm");
	program_run_set(&run, "SOFTVA_VENDOR", "Nobody's driver");
	program_run_go(&run);

	expect_failure(&run, "no-element", "offers no vaapih264enc, though the driver Nobody's");
	program_run_done(&run);
}

Test(probe, knows_no_element_that_the_table_has_not)
{
	static const char *const arguments[] = { "--probe nonsense", "--probe auto",
		"--probe jpegenc" };

	for (size_t i = 0; i < 3; i++) {
		struct program_run run;

		begin(&run, arguments[i]);
		program_run_go(&run);

		expect_failure(&run, "no-element", "Helix knows no encoder ");
		program_run_done(&run);
	}
}

Test(probe, says_why_libva_does_not_start)
{
	static const struct {
		const char *device, *driver, *sentence;
	} all[] = {
		{ "/dev/nothing", "softva", "/dev/nothing cannot be opened: No such file" },
		{ "/dev/zero", "softva", "/dev/zero is no device that libva can use" },
		/* "libva has no driver for ..." where libva says which file it looked for; 2.22
		 * does not. */
		{ "/dev/null", "nobody", "driver for /dev/null: " },
	};

	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		struct program_run run;

		begin_va(&run, "--probe vaapih264enc --va-without-drm");
		program_run_set(&run, "GST_VAAPI_DRM_DEVICE", all[i].device);
		program_run_set(&run, "LIBVA_DRIVER_NAME", all[i].driver);
		program_run_go(&run);

		expect_failure(&run, "no-va", all[i].sentence);
		program_run_done(&run);
	}
}

/* Where there is a GPU behind /dev/dxg it may well work. */
Test(probe, says_that_mesas_driver_needs_a_gpu)
{
	struct program_run run;

	if (access("/dev/dxg", F_OK) == 0)
		return;
	begin_va(&run, "--probe vaapih264enc --va-without-drm");
	program_run_set(&run, "LIBVA_DRIVERS_PATH", NULL);
	program_run_set(&run, "LIBVA_DRIVER_NAME", "d3d12");
	program_run_set(&run, "MESA_LOADER_DRIVER_OVERRIDE", "vgem");
	program_run_set(&run, "GALLIUM_DRIVER", "d3d12");
	program_run_go(&run);

	expect_failure(&run, "no-va", "resource allocation failed");
	cr_expect(says(&run, "d3d12_drv_video.so init failed"), "%s", run.output);
	program_run_done(&run);
}

Test(va, lists_what_the_driver_offers)
{
	struct program_run run;

	begin_va(&run, "--va --va-without-drm");
	program_run_go(&run);

	cr_expect_eq(run.status, 0);
	cr_expect(says(&run, "{\"ok\":true,\"libva\":\"1."), "%s", run.output);
	cr_expect(says(&run, "\"driver\":\"" VENDOR "\",\"device\":\"/dev/null\""));
	cr_expect(says(&run, "{\"profile\":\"H264High\",\"entrypoints\":[\"EncSlice\"]}"), "%s",
		run.output);
	cr_expect(says(&run, "\"problem\":\"\"}\n"));
	program_run_done(&run);
}

Test(va, says_why_there_is_nothing)
{
	struct program_run run;

	begin_va(&run, "--va");
	program_run_go(&run);

	cr_expect_eq(run.status, 0);
	cr_expect(says(&run, "{\"ok\":false,"), "%s", run.output);
	cr_expect(says(&run, "\"profiles\":[],\"problem\":\"/dev/null is no device"), "%s",
		run.output);
	program_run_done(&run);
}

Test(va, makes_a_drivers_name_short_and_printable)
{
	struct program_run run;
	char vendor[400];
	size_t position = 0, bytes = 0;
	uint32_t code;

	memset(vendor, 'x', sizeof vendor - 1);
	vendor[sizeof vendor - 1] = 0;
	memcpy(vendor, "a\x01\xff\n\xc3\xa9\"", 7);
	begin_va(&run, "--va --va-without-drm");
	program_run_set(&run, "SOFTVA_VENDOR", vendor);
	program_run_go(&run);

	cr_expect(says(&run, "\"driver\":\"a?? \xc3\xa9\\\"xx"), "%s", run.output);
	const char *name = strstr(run.output, "\"driver\"");
	cr_assert(name && strstr(name, "xx\",\"device\""));
	cr_expect_lt(strstr(name, "xx\",\"device\"") - name, 200);
	for (; utf8_next(run.output, strlen(run.output), &position, &code); bytes = position)
		cr_expect(code >= ' ' || code == '\n');
	cr_expect_eq(bytes, strlen(run.output));
	program_run_done(&run);
}

Test(probe, writes_its_report_where_it_is_told)
{
	struct program_run run;

	begin(&run, "--probe x264enc --size 320x240 --fd 7");
	run.output_fd = 7;
	program_run_go(&run);

	expect_success(&run);
	program_run_done(&run);
}

Test(probe, refuses_arguments_that_make_no_sense)
{
	static const char *const arguments[] = { "--probe x264enc --size 1280",
		"--probe x264enc --size 8x8", "--probe x264enc --size 1280x99999",
		"--probe x264enc --fps 0", "--probe x264enc --bitrate -5",
		"--probe x264enc --fd x" };

	for (size_t i = 0; i < sizeof arguments / sizeof *arguments; i++) {
		struct program_run run;

		begin(&run, arguments[i]);
		run.output_fd = STDERR_FILENO;
		program_run_go(&run);

		cr_expect(WIFEXITED(run.status) && WEXITSTATUS(run.status) == 2, "%s: %#x",
			arguments[i], run.status);
		cr_expect(says(&run, "does not take '"), "%s", run.output);
		program_run_done(&run);
	}
}
