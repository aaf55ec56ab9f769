/* What the probes report, and what is remembered of them. All text that is taken over must be
 * printable, all figures within their ranges, and what was remembered must be remembered the same
 * again. */
#include "doctor/report.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const char *text, size_t size)
{
	assert(memchr(text, '\0', size));
	for (; *text; text++)
		assert((unsigned char)*text >= ' ' && *text != 0x7f);
}

static void check_verdict(const struct verdict *v)
{
	check_text(v->name, sizeof v->name);
	check_text(v->driver, sizeof v->driver);
	check_text(v->problem, sizeof v->problem);
	check_text(v->advice, sizeof v->advice);
	check_text(v->profile, sizeof v->profile);
	check_text(v->codec, sizeof v->codec);
	assert(v->state <= VERDICT_IMPOSSIBLE);
	assert(v->state != VERDICT_WORKS || (v->units && v->p95_us && v->p50_us <= v->p95_us));
	assert(v->fps >= 0 && v->fps <= 1e6 && v->psnr_db >= 0 && v->psnr_db <= 1e3);
}

static void check_gl(const struct gl_verdict *v)
{
	check_text(v->renderer, sizeof v->renderer);
	check_text(v->problem, sizeof v->problem);
	assert(v->upload_ms >= 0 && v->draw_ms >= 0 && v->readback_ms >= 0);
}

static struct probe_results of_no_probe(void)
{
	struct probe_results results = { .key = "0123456789abcdef" };

	results.verdicts[2].state = VERDICT_IMPOSSIBLE;
	return results;
}

static void check_results(const char *text, size_t size, const struct candidates *candidates)
{
	struct probe_results results = of_no_probe(), again = of_no_probe();

	if (report_read_results(text, size, candidates, &results) < 0) {
		assert(!memcmp(&results, &again, sizeof results));
		return;
	}
	assert(results.verdicts[2].state == VERDICT_IMPOSSIBLE);
	for (size_t i = 0; i < candidates->count; i++)
		check_verdict(&results.verdicts[i]);
	check_gl(&results.gl);
	check_gl(&results.gl_software);

	char *first = report_write_results(&results, candidates);
	assert(first && report_read_results(first, strlen(first), candidates, &again) == 0);
	char *second = report_write_results(&again, candidates);
	assert(second && !strcmp(first, second));
	free(first);
	free(second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct machine machine = { .is_wsl = size & 1, .has_dxg = size & 1 };
	const struct candidates candidates = {
		.count = 3,
		.items = { { .route = ROUTE_VAAPI, .name = "vaapih264enc", .is_hardware = true },
			{ .route = ROUTE_X264, .name = "x264enc" },
			{ .route = ROUTE_NVENC, .name = "nvh264enc", .is_hardware = true } },
	};
	const char *text = (const char *)data;
	char versions[VERSION_COUNT][48] = { "", "", "" };
	struct verdict verdict;
	struct gl_verdict gl;
	struct va_offer offer;

	if (report_read_encoder(text, size, &machine, &candidates.items[0], &verdict, versions) ==
		0)
		check_verdict(&verdict);
	if (report_read_gl(text, size, true, &gl, versions) == 0)
		check_gl(&gl);
	if (report_read_va(text, size, &offer) == 0) {
		check_text(offer.encodes, sizeof offer.encodes);
		check_text(offer.decodes, sizeof offer.decodes);
		check_text(offer.problem, sizeof offer.problem);
	}
	for (size_t i = 0; i < VERSION_COUNT; i++)
		check_text(versions[i], sizeof versions[i]);
	check_results(text, size, &candidates);
	return 0;
}
