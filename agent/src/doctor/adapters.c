#include "doctor/doctor.h"
#include "doctor/examination.h"
#include "doctor/gl_trial.h"
#include "doctor/pci.h"
#include "sys/log.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_ADAPTERS 3

/* What D3D12 draws with when it is asked for a vendor. */
struct adapter {
	const char *wish; /* for --gpu */
	struct gl_verdict gl;
	bool is_there, has_ended;
};

static void on_gl(void *owner, const struct trial_outcome *outcome)
{
	struct adapter *adapter = owner;
	char versions[VERSION_COUNT][48] = { 0 };

	gl_trial_judge(outcome, true, &adapter->gl, versions);
	adapter->has_ended = true;
}

static void ask(struct examination *x, struct adapter *adapter)
{
	struct gl_trial_options options = {
		.program = x->options->gl_program,
		.on_gpu = true,
		.adapter = adapter->wish,
	};
	struct trial *trial;

	int r = gl_trial_start(x->event, x->processes, &options, on_gl, adapter, &trial);
	if (r >= 0)
		r = examination_wait(x, trial, &adapter->has_ended);
	if (r < 0) {
		adapter->gl.state = VERDICT_FAILED;
		snprintf(adapter->gl.problem, sizeof adapter->gl.problem,
			"helix-glprobe cannot be started: %s", strerror(-r));
	}
}

/* Mesa takes another adapter where none has such a name, so the answer is looked at, too. */
static void ask_all(struct examination *x, struct adapter adapters[MAX_ADAPTERS])
{
	static const struct {
		unsigned vendor;
		const char *wish;
	} vendors[MAX_ADAPTERS] = {
		{ MACHINE_NVIDIA, "nvidia" },
		{ MACHINE_INTEL, "intel" },
		{ MACHINE_AMD, "amd" },
	};

	for (size_t i = 0; i < MAX_ADAPTERS; i++) {
		adapters[i] = (struct adapter){ .wish = vendors[i].wish };
		if (!x->machine.has_dxg || !(x->machine.vendors & vendors[i].vendor))
			continue;
		ask(x, &adapters[i]);
		adapters[i].is_there = adapters[i].gl.state != VERDICT_WORKS ||
			strcasestr(adapters[i].gl.renderer, vendors[i].wish);
	}
}

static size_t print_nodes(const struct machine *m, cJSON *list)
{
	char name[160];
	size_t count = 0;

	for (size_t i = 0; i < m->node_count; i++) {
		const struct drm_node *node = &m->nodes[i];

		if (!node->is_render)
			continue;
		count++;
		pci_name(node->path, name, sizeof name);
		if (!list) {
			printf("%-20s %-10s %s%s\n", node->path, *node->driver ? node->driver : "?",
				name, node->is_usable ? "" : " (this user may not open it)");
			continue;
		}
		cJSON *item = cJSON_CreateObject();
		cJSON_AddItemToArray(list, item);
		cJSON_AddStringToObject(item, "node", node->path);
		cJSON_AddStringToObject(item, "driver", node->driver);
		cJSON_AddStringToObject(item, "name", name);
		cJSON_AddBoolToObject(item, "usable", node->is_usable);
	}
	return count;
}

static size_t print_adapters(const struct adapter *adapters, cJSON *list)
{
	char name[64];
	size_t count = 0;

	for (size_t i = 0; i < MAX_ADAPTERS; i++) {
		const struct adapter *adapter = &adapters[i];
		bool works = adapter->gl.state == VERDICT_WORKS;

		if (!adapter->is_there)
			continue;
		count += works;
		verdict_adapter(adapter->gl.renderer, name, sizeof name);
		if (!list) {
			printf("%-20s %-10s %s\n", adapter->wish, "D3D12",
				works ? name : adapter->gl.problem);
			continue;
		}
		cJSON *item = cJSON_CreateObject();
		cJSON_AddItemToArray(list, item);
		cJSON_AddStringToObject(item, "gpu", adapter->wish);
		cJSON_AddStringToObject(item, "driver", "D3D12");
		cJSON_AddStringToObject(item, "name", name);
		cJSON_AddBoolToObject(item, "usable", works);
		cJSON_AddStringToObject(item, "problem", adapter->gl.problem);
	}
	return count;
}

int doctor_adapters(const struct doctor_options *options)
{
	struct adapter adapters[MAX_ADAPTERS];
	struct examination x;

	int r = examination_init(&x, options);
	if (r < 0) {
		log_error("doctor: this machine cannot be examined: %s", strerror(-r));
		examination_done(&x);
		return DOCTOR_NOT_AT_ALL;
	}
	ask_all(&x, adapters);
	cJSON *object = options->json ? cJSON_CreateObject() : NULL;
	cJSON *list = object ? cJSON_AddArrayToObject(object, "adapters") : NULL;
	size_t count = print_nodes(&x.machine, list) + print_adapters(adapters, list);
	char *text = object ? cJSON_Print(object) : NULL;
	if (text)
		puts(text);
	else if (!count && !object)
		puts(x.machine.has_dxg ? "No GPU works with D3D12; `helix-agent doctor` says more."
				       : "There is no GPU: /dev/dri has no render node.");
	free(text);
	cJSON_Delete(object);
	examination_done(&x);
	return count ? EXIT_SUCCESS : EXIT_FAILURE;
}
