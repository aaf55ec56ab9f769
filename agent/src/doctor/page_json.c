#include "doctor/page.h"
#include "doctor/report.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>

static cJSON *encoder_json(const struct examination *x, size_t i)
{
	const struct candidate *c = &x->candidates.items[i];
	const struct verdict *v = &x->results.verdicts[i];
	cJSON *item = cJSON_CreateObject();
	char adapter[64];

	cJSON_AddStringToObject(item, "name", c->name);
	cJSON_AddStringToObject(item, "element", c->element);
	cJSON_AddBoolToObject(item, "hardware", c->is_hardware);
	cJSON_AddStringToObject(item, "node", c->node);
	cJSON_AddStringToObject(item, "state", page_state_name(v->state));
	if (v->state == VERDICT_WORKS) {
		cJSON_AddNumberToObject(item, "rank", (double)page_rank(&x->results, i));
		cJSON_AddNumberToObject(item, "first_ms", v->first_us / 1000.0);
		cJSON_AddNumberToObject(item, "p50_ms", v->p50_us / 1000.0);
		cJSON_AddNumberToObject(item, "p95_ms", v->p95_us / 1000.0);
		cJSON_AddNumberToObject(item, "max_ms", v->max_us / 1000.0);
		cJSON_AddNumberToObject(item, "fps", v->fps);
		cJSON_AddNumberToObject(item, "psnr_db", v->psnr_db);
		cJSON_AddStringToObject(item, "profile", v->profile);
		cJSON_AddStringToObject(item, "codec", v->codec);
	}
	verdict_adapter(v->driver, adapter, sizeof adapter);
	cJSON_AddStringToObject(item, "driver", v->driver);
	cJSON_AddStringToObject(item, "adapter", adapter);
	cJSON_AddStringToObject(item, "problem", v->problem);
	cJSON_AddStringToObject(item, "advice", v->advice);
	return item;
}

static void add_encoders(const struct examination *x, cJSON *object)
{
	cJSON *list = cJSON_AddArrayToObject(object, "encoders");

	for (size_t i = 0; i < x->results.working; i++)
		cJSON_AddItemToArray(list, encoder_json(x, x->results.order[i]));
	for (size_t i = 0; i < x->candidates.count; i++)
		if (!page_rank(&x->results, i))
			cJSON_AddItemToArray(list, encoder_json(x, i));
}

static void print_json(cJSON *object)
{
	char *text = cJSON_Print(object);

	if (text)
		puts(text);
	free(text);
	cJSON_Delete(object);
}

void page_print_encoders_json(const struct examination *x)
{
	cJSON *object = cJSON_CreateObject();

	add_encoders(x, object);
	print_json(object);
}

static void add_machine(const struct machine *m, cJSON *object)
{
	static const char *const vgem[] = { "gone", "loadable", "loaded" };
	cJSON *item = cJSON_AddObjectToObject(object, "machine");

	cJSON_AddStringToObject(item, "kernel", m->kernel);
	cJSON_AddBoolToObject(item, "wsl", m->is_wsl);
	cJSON_AddStringToObject(item, "wsl_version", m->wsl_version);
	cJSON_AddStringToObject(item, "wsl_networking", m->wsl_networking);
	cJSON_AddBoolToObject(item, "container", m->is_container);
	cJSON_AddBoolToObject(item, "dxg", m->has_dxg);
	cJSON_AddBoolToObject(item, "dxg_usable", m->dxg_is_usable);
	cJSON_AddBoolToObject(item, "libd3d12", m->has_libd3d12);
	cJSON_AddBoolToObject(item, "nvidia_encode", m->has_nvidia_encode);
	cJSON_AddStringToObject(item, "vgem", vgem[m->vgem]);
	cJSON *nodes = cJSON_AddArrayToObject(item, "nodes");
	for (size_t i = 0; i < m->node_count; i++) {
		cJSON *node = cJSON_CreateObject();

		cJSON_AddItemToArray(nodes, node);
		cJSON_AddStringToObject(node, "path", m->nodes[i].path);
		cJSON_AddStringToObject(node, "driver", m->nodes[i].driver);
		cJSON_AddBoolToObject(node, "usable", m->nodes[i].is_usable);
	}
}

static void add_va(const struct examination *x, cJSON *object)
{
	cJSON *list = cJSON_AddArrayToObject(object, "va");

	for (size_t i = 0; i < x->offer_count; i++) {
		const struct va_offer *offer = &x->offers[i];
		cJSON *item = cJSON_CreateObject();

		cJSON_AddItemToArray(list, item);
		cJSON_AddStringToObject(item, "device", offer->device);
		cJSON_AddBoolToObject(item, "works", offer->works);
		cJSON_AddStringToObject(item, "driver", offer->driver);
		cJSON_AddStringToObject(item, "encodes", offer->encodes);
		cJSON_AddStringToObject(item, "decodes", offer->decodes);
		cJSON_AddStringToObject(item, "problem", offer->problem);
	}
}

static void add_gl(cJSON *object, const char *name, const struct gl_verdict *gl)
{
	cJSON *item = cJSON_AddObjectToObject(object, name);

	cJSON_AddStringToObject(item, "state", page_state_name(gl->state));
	cJSON_AddStringToObject(item, "renderer", gl->renderer);
	cJSON_AddStringToObject(item, "problem", gl->problem);
	cJSON_AddNumberToObject(item, "upload_ms", gl->upload_ms);
	cJSON_AddNumberToObject(item, "draw_ms", gl->draw_ms);
	cJSON_AddNumberToObject(item, "readback_ms", gl->readback_ms);
}

static void add_findings(const struct judgement *judgement, cJSON *object)
{
	cJSON *list = cJSON_AddArrayToObject(object, "findings");

	for (size_t i = 0; i < judgement->count; i++) {
		const struct finding *finding = &judgement->findings[i];
		cJSON *item = cJSON_CreateObject();

		cJSON_AddItemToArray(list, item);
		cJSON_AddStringToObject(item, "level", finding_level_name(finding->level));
		cJSON_AddStringToObject(item, "topic", finding->topic);
		cJSON_AddStringToObject(item, "text", finding->text);
		cJSON_AddStringToObject(item, "advice", finding->advice);
	}
}

void page_print_json(const struct examination *x, const struct judgement *judgement)
{
	cJSON *object = cJSON_CreateObject();

	cJSON_AddStringToObject(object, "helix", HELIX_VERSION);
	cJSON_AddStringToObject(object, "grade", judgement_grade_name(judgement->grade));
	cJSON_AddStringToObject(object, "verdict", judgement->verdict);
	cJSON_AddStringToObject(object, "missing", judgement->missing);
	cJSON_AddStringToObject(object, "help", judgement->help);
	add_machine(&x->machine, object);
	cJSON *versions = cJSON_AddObjectToObject(object, "versions");
	cJSON_AddStringToObject(versions, "mesa", x->results.versions[VERSION_MESA]);
	cJSON_AddStringToObject(versions, "va_api", x->results.versions[VERSION_LIBVA]);
	cJSON_AddStringToObject(versions, "gstreamer", x->results.versions[VERSION_GSTREAMER]);
	add_va(x, object);
	add_encoders(x, object);
	add_gl(object, "gl", &x->results.gl);
	add_gl(object, "gl_software", &x->results.gl_software);
	add_findings(judgement, object);
	print_json(object);
}
