#include "doctor/report.h"

#include "core/advice.h"
#include "core/utf8.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define MAX_US       600e6
#define MAX_MS       600e3
#define MAX_PICTURES 1e6
#define MAX_FPS      1e6
#define MAX_PSNR_DB  1e3

static cJSON *parse(const char *text, size_t size)
{
	if (size > REPORT_MAX_SIZE)
		return NULL;
	cJSON *object = cJSON_ParseWithLength(text, size);
	if (cJSON_IsObject(object))
		return object;
	cJSON_Delete(object);
	return NULL;
}

/* Missing text is "", other types are refused. */
static bool read_text(const cJSON *object, const char *name, char *buffer, size_t size)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

	*buffer = '\0';
	if (!item)
		return true;
	if (!cJSON_IsString(item))
		return false;
	utf8_copy_clean(buffer, size, item->valuestring);
	return true;
}

/* A sentence that will stand within another one. */
static bool read_problem(const cJSON *object, char *buffer, size_t size)
{
	if (!read_text(object, "problem", buffer, size))
		return false;
	size_t length = strlen(buffer);
	while (length && strchr(". ", buffer[length - 1]))
		buffer[--length] = '\0';
	return true;
}

/* A missing number is 0; null is what cJSON makes of infinity. */
static bool read_number(const cJSON *object, const char *name, double max, double *ret_number)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

	*ret_number = 0;
	if (!item || cJSON_IsNull(item))
		return true;
	if (!cJSON_IsNumber(item) || !(item->valuedouble >= 0 && item->valuedouble <= max))
		return false;
	*ret_number = item->valuedouble;
	return true;
}

static bool read_u32(const cJSON *object, const char *name, double max, uint32_t *ret_number)
{
	double number;

	if (!read_number(object, name, max, &number))
		return false;
	*ret_number = (uint32_t)number;
	return true;
}

static void take_version(const cJSON *object, const char *name, char version[48])
{
	char text[48];

	if (read_text(object, name, text, sizeof text) && *text)
		memcpy(version, text, sizeof text);
}

static bool read_figures(const cJSON *object, struct verdict *v)
{
	return read_u32(object, "pictures", MAX_PICTURES, &v->pictures) &&
		read_u32(object, "units", MAX_PICTURES, &v->units) &&
		read_u32(object, "decoded", MAX_PICTURES, &v->decoded) &&
		read_u32(object, "first_us", MAX_US, &v->first_us) &&
		read_u32(object, "p50_us", MAX_US, &v->p50_us) &&
		read_u32(object, "p95_us", MAX_US, &v->p95_us) &&
		read_u32(object, "max_us", MAX_US, &v->max_us) &&
		read_number(object, "fps", MAX_FPS, &v->fps) &&
		read_number(object, "psnr_db", MAX_PSNR_DB, &v->psnr_db) &&
		read_text(object, "driver", v->driver, sizeof v->driver) &&
		read_text(object, "profile", v->profile, sizeof v->profile) &&
		read_text(object, "codec", v->codec, sizeof v->codec) &&
		read_problem(object, v->problem, sizeof v->problem);
}

/* A success without its figures is none. */
static bool is_whole(const struct verdict *v)
{
	return v->state != VERDICT_WORKS || (v->units && v->p95_us && v->p50_us <= v->p95_us);
}

int report_read_encoder(const char *text, size_t size, const struct machine *machine,
	const struct candidate *candidate, struct verdict *ret_verdict,
	char versions[VERSION_COUNT][48])
{
	cJSON *report = parse(text, size);
	const cJSON *ok = cJSON_GetObjectItemCaseSensitive(report, "ok");
	char code[32], package[64], gstreamer[48];
	struct verdict v = { .state = VERDICT_FAILED };
	int r = -EBADMSG;

	memcpy(v.name, candidate->name, sizeof v.name);
	if (cJSON_IsBool(ok) && read_figures(report, &v) &&
		read_text(report, "code", code, sizeof code) &&
		read_text(report, "package", package, sizeof package) &&
		read_text(report, "gstreamer", gstreamer, sizeof gstreamer))
		r = 0;
	if (r == 0 && cJSON_IsTrue(ok)) {
		v.state = VERDICT_WORKS;
		*v.problem = '\0';
		r = is_whole(&v) ? 0 : -EBADMSG;
	} else if (r == 0) {
		advice_for(machine, candidate, code, package, gstreamer, v.advice, sizeof v.advice);
		if (!*v.problem)
			snprintf(v.problem, sizeof v.problem, "failed (%s)", *code ? code : "?");
	}
	if (r == 0) {
		take_version(report, "mesa", versions[VERSION_MESA]);
		take_version(report, "libva", versions[VERSION_LIBVA]);
		take_version(report, "gstreamer", versions[VERSION_GSTREAMER]);
		*ret_verdict = v;
	}
	cJSON_Delete(report);
	return r;
}

static bool read_gl_figures(const cJSON *object, struct gl_verdict *v)
{
	return read_text(object, "renderer", v->renderer, sizeof v->renderer) &&
		read_problem(object, v->problem, sizeof v->problem) &&
		read_number(object, "upload_ms", MAX_MS, &v->upload_ms) &&
		read_number(object, "draw_ms", MAX_MS, &v->draw_ms) &&
		read_number(object, "readback_ms", MAX_MS, &v->readback_ms);
}

int report_read_gl(const char *text, size_t size, bool wants_gpu, struct gl_verdict *ret_verdict,
	char versions[VERSION_COUNT][48])
{
	cJSON *report = parse(text, size);
	const cJSON *ok = cJSON_GetObjectItemCaseSensitive(report, "ok");
	const cJSON *software = cJSON_GetObjectItemCaseSensitive(report, "is_software");
	struct gl_verdict v = { .state = VERDICT_FAILED };
	int r = -EBADMSG;

	if (cJSON_IsBool(ok) && (!software || cJSON_IsBool(software)) &&
		read_gl_figures(report, &v)) {
		r = 0;
		if (cJSON_IsTrue(ok) && wants_gpu && cJSON_IsTrue(software))
			snprintf(v.problem, sizeof v.problem,
				"Mesa does not reach the GPU: it draws with %.120s", v.renderer);
		else if (cJSON_IsTrue(ok))
			v.state = VERDICT_WORKS;
		if (v.state == VERDICT_FAILED && !*v.problem)
			snprintf(v.problem, sizeof v.problem, "failed without a reason");
		take_version(report, "mesa", versions[VERSION_MESA]);
		*ret_verdict = v;
	}
	cJSON_Delete(report);
	return r;
}

static bool has_entrypoint(const cJSON *profile, const char *name)
{
	const cJSON *list = cJSON_GetObjectItemCaseSensitive(profile, "entrypoints");
	int count = cJSON_GetArraySize(list);

	for (int i = 0; i < count; i++) {
		const cJSON *item = cJSON_GetArrayItem(list, i);

		if (cJSON_IsString(item) && !strcmp(item->valuestring, name))
			return true;
	}
	return false;
}

static void append(const char *name, char *list, size_t size)
{
	size_t used = strlen(list);

	snprintf(list + used, size - used, "%s%s", used ? ", " : "", name);
}

static void read_profiles(const cJSON *report, struct va_offer *offer)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(report, "profiles"))
	{
		char name[64];

		if (!read_text(item, "profile", name, sizeof name) || !*name)
			continue;
		if (has_entrypoint(item, "EncSlice") || has_entrypoint(item, "EncSliceLP"))
			append(name, offer->encodes, sizeof offer->encodes);
		if (has_entrypoint(item, "VLD"))
			append(name, offer->decodes, sizeof offer->decodes);
	}
}

int report_read_va(const char *text, size_t size, struct va_offer *ret_offer)
{
	cJSON *report = parse(text, size);
	const cJSON *ok = cJSON_GetObjectItemCaseSensitive(report, "ok");
	struct va_offer offer = { .works = cJSON_IsTrue(ok) };
	int r = -EBADMSG;

	if (cJSON_IsBool(ok) && read_text(report, "device", offer.device, sizeof offer.device) &&
		read_text(report, "driver", offer.driver, sizeof offer.driver) &&
		read_problem(report, offer.problem, sizeof offer.problem)) {
		read_profiles(report, &offer);
		*ret_offer = offer;
		r = 0;
	}
	cJSON_Delete(report);
	return r;
}

static bool read_state(const cJSON *object, enum verdict_state *ret_state)
{
	double number;

	if (!read_number(object, "state", VERDICT_IMPOSSIBLE, &number))
		return false;
	*ret_state = (enum verdict_state)(int)number;
	return true;
}

static bool read_verdicts(
	const cJSON *list, const struct candidates *candidates, struct verdict *verdicts)
{
	const cJSON *item;

	if (!cJSON_IsArray(list) || cJSON_GetArraySize(list) > CANDIDATES_MAX)
		return false;
	cJSON_ArrayForEach(item, list)
	{
		struct verdict v = { 0 };

		if (!read_state(item, &v.state) ||
			!read_text(item, "name", v.name, sizeof v.name) ||
			!read_text(item, "advice", v.advice, sizeof v.advice) ||
			!read_figures(item, &v) || !is_whole(&v))
			return false;
		for (size_t i = 0; i < candidates->count; i++)
			if (!strcmp(candidates->items[i].name, v.name) &&
				verdicts[i].state != VERDICT_IMPOSSIBLE &&
				v.state != VERDICT_IMPOSSIBLE)
				verdicts[i] = v;
	}
	return true;
}

static bool read_gl(const cJSON *object, const char *name, struct gl_verdict *v)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

	return cJSON_IsObject(item) && read_state(item, &v->state) && read_gl_figures(item, v);
}

static const char *const version_names[VERSION_COUNT] = { "mesa", "libva", "gstreamer" };

int report_read_results(const char *text, size_t size, const struct candidates *candidates,
	struct probe_results *results)
{
	cJSON *object = parse(text, size);
	char key[PROBE_KEY_SIZE + 1];
	struct probe_results read = *results;
	int r = -EBADMSG;

	if (object && read_text(object, "key", key, sizeof key))
		r = strcmp(key, results->key) != 0 ? -ENOENT : 0;
	if (r == 0 &&
		(!read_verdicts(cJSON_GetObjectItemCaseSensitive(object, "verdicts"), candidates,
			 read.verdicts) ||
			!read_gl(object, "gl", &read.gl) ||
			!read_gl(object, "gl_software", &read.gl_software)))
		r = -EBADMSG;
	if (r == 0) {
		for (size_t i = 0; i < VERSION_COUNT; i++)
			take_version(object, version_names[i], read.versions[i]);
		*results = read;
	}
	cJSON_Delete(object);
	return r;
}

static void add_verdict(cJSON *list, const struct verdict *v)
{
	cJSON *item = cJSON_CreateObject();

	cJSON_AddItemToArray(list, item);
	cJSON_AddStringToObject(item, "name", v->name);
	cJSON_AddNumberToObject(item, "state", v->state);
	cJSON_AddStringToObject(item, "driver", v->driver);
	cJSON_AddStringToObject(item, "problem", v->problem);
	cJSON_AddStringToObject(item, "advice", v->advice);
	cJSON_AddNumberToObject(item, "pictures", v->pictures);
	cJSON_AddNumberToObject(item, "units", v->units);
	cJSON_AddNumberToObject(item, "decoded", v->decoded);
	cJSON_AddNumberToObject(item, "first_us", v->first_us);
	cJSON_AddNumberToObject(item, "p50_us", v->p50_us);
	cJSON_AddNumberToObject(item, "p95_us", v->p95_us);
	cJSON_AddNumberToObject(item, "max_us", v->max_us);
	cJSON_AddNumberToObject(item, "fps", v->fps);
	cJSON_AddNumberToObject(item, "psnr_db", v->psnr_db);
	cJSON_AddStringToObject(item, "profile", v->profile);
	cJSON_AddStringToObject(item, "codec", v->codec);
}

static void add_gl(cJSON *object, const char *name, const struct gl_verdict *v)
{
	cJSON *item = cJSON_AddObjectToObject(object, name);

	cJSON_AddNumberToObject(item, "state", v->state);
	cJSON_AddStringToObject(item, "renderer", v->renderer);
	cJSON_AddStringToObject(item, "problem", v->problem);
	cJSON_AddNumberToObject(item, "upload_ms", v->upload_ms);
	cJSON_AddNumberToObject(item, "draw_ms", v->draw_ms);
	cJSON_AddNumberToObject(item, "readback_ms", v->readback_ms);
}

char *report_write_results(const struct probe_results *results, const struct candidates *candidates)
{
	cJSON *object = cJSON_CreateObject();

	cJSON_AddStringToObject(object, "key", results->key);
	for (size_t i = 0; i < VERSION_COUNT; i++)
		cJSON_AddStringToObject(object, version_names[i], results->versions[i]);
	cJSON *list = cJSON_AddArrayToObject(object, "verdicts");
	for (size_t i = 0; i < candidates->count; i++)
		add_verdict(list, &results->verdicts[i]);
	add_gl(object, "gl", &results->gl);
	add_gl(object, "gl_software", &results->gl_software);
	char *text = cJSON_PrintUnformatted(object);
	cJSON_Delete(object);
	return text;
}
