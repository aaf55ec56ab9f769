#include "core/verdict.h"

#include "core/utf8.h"

#include <stdbool.h>
#include <string.h>

#define SECOND_US     1000000
#define FRAME_TIME_MS (1000.0 / 60)
#define GALLIUM       "Mesa Gallium driver"

/* For comparing. The median swings less than the 95th, from one probe to the next. */
static uint64_t picture_us(const struct verdict *v)
{
	return v->p50_us ? v->p50_us : v->p95_us;
}

bool verdict_keeps_up(const struct verdict *v, uint32_t fps)
{
	return picture_us(v) * fps <= SECOND_US && (v->fps <= 0 || v->fps >= fps);
}

/* Sorts so that each stands before those that follow in the ladder, unless one of them is faster by
 * a third: then the first such comes to the front, and so on. Being faster by a third is not
 * transitive, so that no comparison sort would do. */
static void sort_by_ladder(const struct verdict *verdicts, size_t *order, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		size_t best = i;

		for (size_t k = i + 1; k < count; k++)
			if (picture_us(&verdicts[order[k]]) * 3 <=
					picture_us(&verdicts[order[best]]) * 2 &&
				picture_us(&verdicts[order[k]]) <
					picture_us(&verdicts[order[best]]))
				best = k;
		size_t taken = order[best];
		memmove(&order[i + 1], &order[i], (best - i) * sizeof *order);
		order[i] = taken;
	}
}

static void sort_by_speed(const struct verdict *verdicts, size_t *order, size_t count)
{
	for (size_t i = 1; i < count; i++)
		for (size_t k = i; k > 0 &&
			picture_us(&verdicts[order[k]]) < picture_us(&verdicts[order[k - 1]]);
			k--) {
			size_t slower = order[k - 1];

			order[k - 1] = order[k];
			order[k] = slower;
		}
}

size_t verdicts_rank(const struct candidates *candidates, const struct verdict *verdicts,
	uint32_t fps, size_t order[CANDIDATES_MAX])
{
	size_t software[CANDIDATES_MAX], slow[CANDIDATES_MAX];
	size_t count = 0, software_count = 0, slow_count = 0;

	for (size_t i = 0; i < candidates->count; i++) {
		if (verdicts[i].state != VERDICT_WORKS)
			continue;
		if (!verdict_keeps_up(&verdicts[i], fps))
			slow[slow_count++] = i;
		else if (candidates->items[i].is_hardware)
			order[count++] = i;
		else
			software[software_count++] = i;
	}
	sort_by_ladder(verdicts, order, count);
	sort_by_speed(verdicts, slow, slow_count);
	for (size_t i = 0; i < software_count; i++)
		order[count++] = software[i];
	for (size_t i = 0; i < slow_count; i++)
		order[count++] = slow[i];
	return count;
}

bool gl_is_software(const char *renderer)
{
	/* The last one is what Windows has where there is no GPU: "D3D12 (Microsoft Basic...)". */
	static const char *const names[] = { "llvmpipe", "softpipe", "swrast", "lavapipe",
		"swiftshader", "software rasterizer", "basic render driver" };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcasestr(renderer, names[i]))
			return true;
	return false;
}

static double whole_picture_ms(const struct gl_verdict *v)
{
	return v->upload_ms + v->readback_ms; /* the upload is drawn */
}

bool gl_is_worth_it(const struct gl_verdict *gpu, const struct gl_verdict *software)
{
	double took_ms = whole_picture_ms(gpu), limit_ms = FRAME_TIME_MS;

	if (gpu->state != VERDICT_WORKS || gl_is_software(gpu->renderer))
		return false;
	if (software->state == VERDICT_WORKS && 2 * whole_picture_ms(software) > limit_ms)
		limit_ms = 2 * whole_picture_ms(software);
	return took_ms > 0 && took_ms <= limit_ms;
}

struct span {
	const char *text;
	size_t length;
};

static struct span span(const char *text, size_t length)
{
	while (length && *text == ' ') {
		text++;
		length--;
	}
	while (length && text[length - 1] == ' ')
		length--;
	return (struct span){ text, length };
}

/* What a foreign text says of itself. */
struct parts {
	struct span driver, adapter;
};

/* Up to `end`, or all where that is not in it. */
static struct span before(const char *text, const char *end)
{
	const char *found = strstr(text, end);

	return span(text, found ? (size_t)(found - text) : strlen(text));
}

/* What is in the first parentheses, with the pairs that are in there; to the end where the closing
 * one was cut off. */
static struct span in_parentheses(const char *text)
{
	const char *start = strchr(text, '(');
	size_t depth = 1, length = 0;

	if (!start)
		return (struct span){ text, 0 };
	for (start++; start[length]; length++) {
		depth += start[length] == '(';
		depth -= start[length] == ')';
		if (!depth)
			break;
	}
	return span(start, length);
}

static bool is(struct span s, const char *text)
{
	return s.length == strlen(text) && !memcmp(s.text, text, s.length);
}

/* "NAME (DETAILS)", as Gallium's drivers call what they run on. False: the name is a GPU's. */
static bool read_driver_name(const char *text, struct parts *parts)
{
	static const struct {
		const char *name;
		bool has_adapter;
	} drivers[] = {
		{ "D3D12", true },
		{ "virgl", true },
		{ "llvmpipe", false },
		{ "softpipe", false },
	};
	struct span word = span(text, strcspn(text, " ("));

	for (size_t i = 0; i < sizeof drivers / sizeof *drivers; i++) {
		if (!is(word, drivers[i].name))
			continue;
		parts->driver = word;
		if (drivers[i].has_adapter)
			parts->adapter = in_parentheses(text);
		return true;
	}
	return false;
}

/* "AMD Radeon RX 6600 (radeonsi, navi23, LLVM 17.0.6, ...)"; older ones begin with navi23. */
static void read_gallium(const char *text, struct parts *parts)
{
	/* With the space, or "AMD Radeon(TM) Graphics (radeonsi, ..." misleads. */
	const char *details = strstr(text, " (");

	if (read_driver_name(text, parts))
		return;
	parts->adapter = before(text, " (");
	parts->driver = span("Mesa", 4);
	if (details && is(span(details + 2, strcspn(details + 2, ",)")), "radeonsi"))
		parts->driver = span(details + 2, strlen("radeonsi"));
}

/* "Intel iHD driver for Intel(R) Gen Graphics - 23.1.1 (...)", "VA-API NVDEC driver [...]". */
static void read_other(
	const char *text, const char *driver, const char *device, struct parts *parts)
{
	const char *word = driver;

	while (word > text && word[-1] != ' ')
		word--;
	parts->driver = span(word, (size_t)(driver - word));
	if (!device)
		return;
	parts->adapter = before(device, " (");
	struct span without_version = before(device, " - ");
	if (without_version.length < parts->adapter.length)
		parts->adapter = without_version;
}

/* A GL renderer: "D3D12 (...)", "Mesa Intel(R) UHD Graphics 770 (ADL-S GT1)", "NVIDIA GeForce RTX
 * 5070/PCIe/SSE2"; or a vendor that is like no other. */
static void read_renderer(const char *text, struct parts *parts)
{
	static const char mesa[] = "Mesa ";

	if (read_driver_name(text, parts))
		return;
	parts->driver = before(text, " (");
	if (strstr(text, " ("))
		parts->adapter = parts->driver;
	else if (strstr(text, "/PCIe"))
		parts->adapter = before(text, "/PCIe");
	if (!strncmp(text, mesa, sizeof mesa - 1) && parts->adapter.length >= sizeof mesa - 1)
		parts->adapter = span(parts->adapter.text + sizeof mesa - 1,
			parts->adapter.length - (sizeof mesa - 1));
}

/* Where `text` has `word`, if that is before any parentheses; else NULL. */
static const char *find(const char *text, const char *word)
{
	const char *found = strstr(text, word), *parenthesis = strstr(text, " (");

	return found && parenthesis && parenthesis < found ? NULL : found;
}

static struct parts take_apart(const char *text)
{
	struct parts parts = { { text, 0 }, { text, 0 } };

	text += strspn(text, " ");
	const char *driver = find(text, " driver");
	const char *device = driver ? find(driver, " for ") : NULL;
	if (device)
		device += strlen(" for ");

	if (!strncmp(text, GALLIUM, strlen(GALLIUM)))
		read_gallium(device ? device : "", &parts);
	else if (driver)
		read_other(text, driver, device, &parts);
	else
		read_renderer(text, &parts);
	return parts;
}

void verdict_adapter(const char *driver, char *buffer, size_t size)
{
	struct span s = take_apart(driver).adapter;

	utf8_copy_clean_part(buffer, size, s.text, s.length);
}

void verdict_driver(const char *vendor, char *buffer, size_t size)
{
	struct span s = take_apart(vendor).driver;

	utf8_copy_clean_part(buffer, size, s.text, s.length);
}
