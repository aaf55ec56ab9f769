#include "core/candidates.h"

#include "core/advice.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Two routes go through every node; the others are there once. */
#define MAX_NODES  ((CANDIDATES_MAX - (ROUTE_COUNT - 2)) / 2)

#define DRI        "/dev/dri/"
#define MAX_DIGITS 4
#define TRY_ANYHOW "nothing to do; --encoder vaapih264enc-without-drm tries it all the same"

static const struct {
	const char *name, *element;
} routes[ROUTE_COUNT] = {
	[ROUTE_VAAPI] = { "vaapih264enc", "vaapih264enc" },
	[ROUTE_VAAPI_WITHOUT_DRM] = { "vaapih264enc-without-drm", "vaapih264enc" },
	[ROUTE_VA] = { "vah264enc", "vah264enc" },
	[ROUTE_NVENC] = { "nvh264enc", "nvh264enc" },
	[ROUTE_X264] = { "x264enc", "x264enc" },
	[ROUTE_OPENH264] = { "openh264enc", "openh264enc" },
};

/* What --encoder says. */
struct wish {
	const char *text;
	bool is_auto;
	/* When it names a node: "vah264enc@renderD129", "varenderD129h264enc". */
	enum route route;
	char node[64]; /* its path; else "" */
};

struct survey {
	const struct machine *machine;
	const char *gpu;
	struct wish wish;

	const struct drm_node *nodes[MAX_NODES]; /* worth a candidate, the promising ones first */
	size_t node_count;
	const struct drm_node *first; /* the one with the plain names */
	struct candidates *list;
};

/* The first reason stays. */
static void __attribute__((format(printf, 3, 4)))
obstruct(struct candidate *c, const char *advice, const char *format, ...)
{
	va_list arguments;

	if (*c->obstacle)
		return;
	va_start(arguments, format);
	vsnprintf(c->obstacle, sizeof c->obstacle, format, arguments);
	va_end(arguments);
	snprintf(c->advice, sizeof c->advice, "%s", advice);
}

/* The GPU is behind /dev/dxg, whatever the nodes say. */
static bool is_windows(const struct machine *m)
{
	return m->is_wsl || m->has_dxg;
}

/* Under WSL there are no other nodes, even where the driver's name cannot be read. */
static bool is_vgem(const struct machine *m, const struct drm_node *node)
{
	return !strcmp(node->driver, "vgem") || (is_windows(m) && !*node->driver);
}

/* Kernel drivers of what only shows pictures. */
static bool is_display_only(const struct drm_node *node)
{
	static const char *const drivers[] = { "ast", "mgag200", "simple-framebuffer", "bochs-drm",
		"cirrus" };

	for (size_t i = 0; i < sizeof drivers / sizeof *drivers; i++)
		if (!strcmp(node->driver, drivers[i]))
			return true;
	return false;
}

/* Under WSL --gpu is for D3D12, which has all adapters behind one node. */
static bool gpu_fits(const struct survey *s, const struct drm_node *node)
{
	return !*s->gpu || is_windows(s->machine) || !strcmp(node->path, s->gpu) ||
		strcasestr(node->driver, s->gpu);
}

static bool is_promising(const struct survey *s, const struct drm_node *node)
{
	return node->is_usable && !is_display_only(node) && gpu_fits(s, node);
}

/* libnvidia-encode knows no node and asks nobody: it goes where --gpu does not point elsewhere. */
static bool gpu_fits_nvidia(const struct survey *s)
{
	static const char *const others[] = { "intel", "uhd", "iris", "arc", "amd", "radeon",
		"vega", "microsoft" };

	if (!*s->gpu || strcasestr("nvidia", s->gpu))
		return true;
	if (is_windows(s->machine)) {
		for (size_t i = 0; i < sizeof others / sizeof *others; i++)
			if (strcasestr(s->gpu, others[i]))
				return false;
		return true;
	}
	for (size_t i = 0; i < s->machine->node_count; i++)
		if (!strcmp(s->machine->nodes[i].path, s->gpu))
			return strcasestr(s->machine->nodes[i].driver, "nvidia");
	return strcasestr(s->gpu, "nvidia");
}

/* "renderD128" and then `end`, and that is all of `text`. */
static bool read_node(const char *text, const char *prefix, const char *end, char path[64])
{
	size_t length = strlen(prefix), digits;

	if (strncmp(text, prefix, length) != 0)
		return false;
	digits = strspn(text + length, "0123456789");
	if (!digits || digits > MAX_DIGITS || strcmp(text + length + digits, end) != 0)
		return false;
	snprintf(path, 64, DRI "%.*s", (int)(length + digits), text);
	return true;
}

static struct wish read_wish(const char *text)
{
	static const struct {
		const char *before, *prefix, *after;
		enum route route;
	} forms[] = {
		{ "vaapih264enc@", "renderD", "", ROUTE_VAAPI },
		{ "vaapih264enc@", "card", "", ROUTE_VAAPI },
		{ "vah264enc@", "renderD", "", ROUTE_VA },
		{ "va", "renderD", "h264enc", ROUTE_VA },
	};
	struct wish wish = { .text = text, .is_auto = !strcmp(text, "auto") };

	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
		size_t length = strlen(forms[i].before);

		if (strncmp(text, forms[i].before, length) != 0 ||
			!read_node(text + length, forms[i].prefix, forms[i].after, wish.node))
			continue;
		wish.route = forms[i].route;
		return wish;
	}
	return wish;
}

bool candidates_knows(const char *encoder)
{
	struct wish wish = read_wish(encoder);

	for (size_t i = 0; i < ROUTE_COUNT; i++)
		if (!strcmp(encoder, routes[i].name) || !strcmp(encoder, routes[i].element))
			return true;
	return wish.is_auto || *wish.node;
}

static bool is_wanted(const struct wish *wish, const struct candidate *c)
{
	if (wish->is_auto)
		return true;
	if (*wish->node)
		return c->route == wish->route && !strcmp(c->node, wish->node);
	return !strcmp(wish->text, c->name) || !strcmp(wish->text, c->element);
}

static void find_nodes(struct survey *s)
{
	const struct machine *m = s->machine;
	bool has_render = false;

	for (size_t i = 0; i < m->node_count; i++)
		has_render |= m->nodes[i].is_render;
	for (int promising = 1; promising >= 0; promising--)
		for (size_t i = 0; i < m->node_count && s->node_count < MAX_NODES; i++) {
			const struct drm_node *node = &m->nodes[i];
			/* The node of a card wants to be authenticated by a compositor: it is for
			 * where there is nothing else, or by name. */
			bool is_named = !strcmp(node->path, s->wish.node);

			if ((*s->wish.node ? is_named : node->is_render == has_render) &&
				is_promising(s, node) == promising)
				s->nodes[s->node_count++] = node;
		}
	/* As GStreamer's va plugin counts, which does not ask what --gpu says. */
	for (size_t i = 0; i < m->node_count && !s->first; i++)
		if (m->nodes[i].is_render == has_render && m->nodes[i].is_usable &&
			!is_display_only(&m->nodes[i]))
			s->first = &m->nodes[i];
	if (!s->first && s->node_count)
		s->first = s->nodes[0];
}

static void name(const struct survey *s, struct candidate *c, const struct drm_node *node)
{
	const char *path = node ? node->path : s->wish.node;
	const char *slash = strrchr(path, '/');
	const char *base = slash ? slash + 1 : path;
	/* The plain names also where there is no node to speak of. */
	bool is_plain = !*path || (node && node == s->first);

	snprintf(c->name, sizeof c->name, "%s%s%.40s", routes[c->route].name, is_plain ? "" : "@",
		is_plain ? "" : base);
	if (c->route == ROUTE_VA && !is_plain)
		snprintf(c->element, sizeof c->element, "va%.48sh264enc", base);
	else
		snprintf(c->element, sizeof c->element, "%s", routes[c->route].element);
	snprintf(c->node, sizeof c->node, "%s", path);
}

/* The user's own word goes first. `is_d3d12`: what Helix chooses for this device. */
static void choose_driver(const struct survey *s, struct candidate *c, bool is_d3d12)
{
	const char *own = is_d3d12 ? "d3d12" : "";

	snprintf(c->va_driver, sizeof c->va_driver, "%s",
		*s->machine->va_driver ? s->machine->va_driver : own);
	if (!is_d3d12 || strcmp(c->va_driver, "d3d12") != 0)
		return;
	snprintf(c->gallium_driver, sizeof c->gallium_driver, "d3d12");
	if (is_windows(s->machine))
		snprintf(c->adapter, sizeof c->adapter, "%s", s->gpu);
}

static void obstruct_without_dxg(const struct machine *m, struct candidate *c)
{
	const char *advice = "";

	if (m->is_wsl && m->is_container)
		advice = "start the container with --device /dev/dxg -v /usr/lib/wsl:/usr/lib/wsl";
	else if (m->is_wsl)
		advice = "update the Windows graphics driver, then run `wsl --update`; .wslconfig "
			 "must not say gpuSupport=false";
	obstruct(c, advice, "/dev/dxg is not there: this is not WSL2 with a GPU");
}

/* What Mesa's D3D12 driver needs. Another one is the user's own business. */
static void check_d3d12(const struct machine *m, struct candidate *c)
{
	if (strcmp(c->va_driver, "d3d12") != 0)
		return;
	if (!m->has_dxg)
		obstruct_without_dxg(m, c);
	else if (!m->dxg_is_usable)
		obstruct(c, "sudo chmod a+rw /dev/dxg, as WSL leaves it",
			"no permission to open /dev/dxg");
	else if (!m->has_libd3d12)
		obstruct(c,
			m->is_container ? "start the container with -v /usr/lib/wsl:/usr/lib/wsl"
					: "run `wsl --update` and `wsl --shutdown` in Windows",
			"libd3d12 is not in /usr/lib/wsl/lib");
}

static void obstruct_without_node(const struct survey *s, struct candidate *c)
{
	const struct machine *m = s->machine;

	if (*s->wish.node)
		obstruct(c, "`helix-agent adapters` lists what is there", "there is no %s",
			s->wish.node);
	else if (m->node_count)
		obstruct(c, "vaapih264enc can do with the node of a card",
			"vah264enc takes only a render node, and there is none");
	else if (m->is_container)
		obstruct(c, "start it with --device /dev/dri, where the machine has one",
			"this container has no /dev/dri");
	else if (is_windows(m) && m->vgem == VGEM_LOADABLE)
		obstruct(c,
			"sudo modprobe vgem, or loadKernelModules=vgem under [wsl2] in .wslconfig",
			"vgem is not loaded, so there is no /dev/dri");
	else if (is_windows(m) && m->vgem == VGEM_GONE && m->has_dxg)
		obstruct(c, "nothing to do; vaapih264enc-without-drm is the way for this kernel",
			"this WSL kernel has no DRM, so there is no /dev/dri");
	else if (is_windows(m) && m->vgem == VGEM_GONE)
		obstruct(c, "see to /dev/dxg: with it, this kernel needs no /dev/dri",
			"this WSL kernel has no DRM, so there is no /dev/dri");
	else
		obstruct(c, "load the GPU's kernel driver, if this machine has a GPU",
			"there is no DRM node in /dev/dri");
}

static void check_node(
	const struct survey *s, struct candidate *c, const struct drm_node *node, bool is_wish)
{
	char advice[sizeof c->advice];

	if (!node->is_usable) {
		advice_for_node(s->machine, node->path, advice, sizeof advice);
		obstruct(c, advice, "no permission to open %s", node->path);
	}
	if (!gpu_fits(s, node))
		obstruct(c, "`helix-agent adapters` lists them; without --gpu all are tried",
			"--gpu asks for another GPU than %s (%s)", node->path,
			*node->driver ? node->driver : "driver unknown");
	if (is_wish)
		return;
	if (is_display_only(node))
		obstruct(c, "load the GPU's kernel driver, if this machine has a GPU",
			"%s only shows pictures, it has no encoder: its driver is %s", node->path,
			node->driver);
	if (is_vgem(s->machine, node))
		check_d3d12(s->machine, c);
}

static void check_without_drm(const struct survey *s, struct candidate *c)
{
	if (s->machine->node_count)
		obstruct(
			c, TRY_ANYHOW, "a DRM node is there, so the way without one is not needed");
	check_d3d12(s->machine, c);
}

static void check_nvenc(const struct survey *s, struct candidate *c)
{
	const struct machine *m = s->machine;

	if (!m->has_nvidia_encode && is_windows(m) && m->vendors & MACHINE_NVIDIA)
		obstruct(c, "update the Windows graphics driver, then run `wsl --update`",
			"libnvidia-encode is not there");
	else if (!m->has_nvidia_encode)
		obstruct(c,
			"NVIDIA's own driver brings it; without such a GPU there is nothing to do",
			"libnvidia-encode is not there");
	if (!gpu_fits_nvidia(s))
		obstruct(c, "`helix-agent adapters` lists them; without --gpu all are tried",
			"--gpu asks for another GPU than NVIDIA's");
}

/* `node`: of a route that goes through one; NULL when there is none. */
static void add(const struct survey *s, enum route route, const struct drm_node *node)
{
	struct candidate c = { .route = route, .is_hardware = true };
	bool is_wish = !s->wish.is_auto;

	if (route == ROUTE_VAAPI || route == ROUTE_VA) {
		name(s, &c, node);
	} else {
		snprintf(c.name, sizeof c.name, "%s", routes[route].name);
		snprintf(c.element, sizeof c.element, "%s", routes[route].element);
	}
	if (!is_wanted(&s->wish, &c))
		return;

	switch (route) {
	case ROUTE_VAAPI:
	case ROUTE_VA:
		choose_driver(s, &c, node && is_vgem(s->machine, node));
		if (node)
			check_node(s, &c, node, is_wish);
		else
			obstruct_without_node(s, &c);
		break;
	case ROUTE_VAAPI_WITHOUT_DRM:
		snprintf(c.node, sizeof c.node, "/dev/null");
		choose_driver(s, &c, true);
		if (!is_wish)
			check_without_drm(s, &c);
		break;
	case ROUTE_NVENC:
		if (!is_wish)
			check_nvenc(s, &c);
		break;
	case ROUTE_X264:
	case ROUTE_OPENH264:
	case ROUTE_COUNT: c.is_hardware = false; break;
	}
	assert(s->list->count < CANDIDATES_MAX);
	s->list->items[s->list->count++] = c;
}

static void add_by_node(const struct survey *s, enum route route)
{
	bool is_there = false;

	for (size_t i = 0; i < s->node_count; i++) {
		if (route == ROUTE_VA && !s->nodes[i]->is_render)
			continue;
		add(s, route, s->nodes[i]);
		is_there = true;
	}
	if (!is_there)
		add(s, route, NULL);
}

/* Whatever was wished for: there must be an end to it that works. */
static void add_software(struct survey *s)
{
	bool is_reversed = !strcmp(s->wish.text, routes[ROUTE_OPENH264].name);

	s->wish = (struct wish){ .text = "auto", .is_auto = true };
	add(s, is_reversed ? ROUTE_OPENH264 : ROUTE_X264, NULL);
	add(s, is_reversed ? ROUTE_X264 : ROUTE_OPENH264, NULL);
}

void candidates_list(const struct machine *machine, const char *encoder, const char *gpu,
	struct candidates *ret_candidates)
{
	struct survey s = {
		.machine = machine,
		.gpu = gpu,
		.wish = read_wish(encoder),
		.list = ret_candidates,
	};

	*ret_candidates = (struct candidates){ 0 };
	find_nodes(&s);
	add_by_node(&s, ROUTE_VAAPI);
	add(&s, ROUTE_VAAPI_WITHOUT_DRM, NULL);
	add_by_node(&s, ROUTE_VA);
	add(&s, ROUTE_NVENC, NULL);
	add_software(&s);
}

bool candidate_is_possible(const struct candidate *candidate)
{
	return !*candidate->obstacle;
}

bool candidate_fits(const struct candidate *running, const struct candidate *next)
{
	return !next->is_hardware ||
		(running->route == next->route && !strcmp(running->node, next->node) &&
			!strcmp(running->va_driver, next->va_driver) &&
			!strcmp(running->gallium_driver, next->gallium_driver) &&
			!strcmp(running->adapter, next->adapter));
}
