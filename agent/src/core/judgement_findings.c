#include "core/advice.h"
#include "core/judgement.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* One picture at 60 a second. */
#define FRAME_MS (1000.0 / 60)

static void __attribute__((format(printf, 4, 5)))
add(struct judgement *j, enum finding_level level, const char *topic, const char *format, ...)
{
	va_list arguments;

	if (j->count == JUDGEMENT_MAX_FINDINGS)
		return;
	struct finding *finding = &j->findings[j->count++];
	*finding = (struct finding){ .level = level, .topic = topic };
	va_start(arguments, format);
	vsnprintf(finding->text, sizeof finding->text, format, arguments);
	va_end(arguments);
}

/* For the finding that was added last. */
static void __attribute__((format(printf, 2, 3)))
advise(struct judgement *j, const char *format, ...)
{
	struct finding *finding = &j->findings[j->count - 1];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(finding->advice, sizeof finding->advice, format, arguments);
	va_end(arguments);
}

static void add_system(const struct judgement_facts *facts, struct judgement *j)
{
	const struct machine *m = facts->machine;
	char wsl[96] = "Linux";

	if (m->is_wsl)
		snprintf(wsl, sizeof wsl, "WSL%s%s%s%s", *m->wsl_version ? " " : "", m->wsl_version,
			*m->wsl_networking ? ", networking " : "", m->wsl_networking);
	add(j, FINDING_GOOD, "System", "%s, kernel %s", wsl, *m->kernel ? m->kernel : "unknown");
	if (m->is_container)
		add(j, FINDING_NOTE, "System",
			"this is a container: it has only the devices that it was given");
}

static void add_dxg(const struct judgement_facts *facts, struct judgement *j)
{
	const struct machine *m = facts->machine;
	bool is_whole = m->has_dxg && m->dxg_is_usable && m->has_libd3d12;

	if (!is_whole) {
		/* The reason is the one that the verdict gives, unless a GPU encoder works. */
		add(j, FINDING_WARN, "GPU", "%s",
			!m->has_dxg ? "/dev/dxg is missing: Windows shares no GPU with this WSL"
				: !m->dxg_is_usable ? "this user may not open /dev/dxg"
						    : "libd3d12.so is missing in /usr/lib/wsl/lib");
		advise(j, "%s", j->help);
		return;
	}
	add(j, FINDING_GOOD, "GPU", "/dev/dxg and libd3d12.so are there: Windows shares its GPU");
	if (m->vendors)
		add(j, FINDING_GOOD, "GPU", "Windows has a graphics driver of %s%s%s%s%s",
			m->vendors & MACHINE_AMD ? "AMD" : "",
			m->vendors & MACHINE_AMD && m->vendors != MACHINE_AMD ? " and " : "",
			m->vendors & MACHINE_INTEL ? "Intel" : "",
			m->vendors & MACHINE_INTEL && m->vendors & MACHINE_NVIDIA ? " and " : "",
			m->vendors & MACHINE_NVIDIA ? "NVIDIA" : "");
	else
		add(j, FINDING_WARN, "GPU",
			"no AMD, Intel or NVIDIA driver is in /usr/lib/wsl/drivers");
	if (!m->vendors)
		advise(j, "install the GPU vendor's own driver in Windows");
}

static bool gpu_works(const struct judgement_facts *facts)
{
	for (size_t i = 0; i < facts->candidates->count; i++)
		if (facts->candidates->items[i].is_hardware &&
			facts->verdicts[i].state == VERDICT_WORKS)
			return true;
	return false;
}

static void add_vgem(const struct judgement_facts *facts, struct judgement *j)
{
	switch (facts->machine->vgem) {
	case VGEM_LOADED: break; /* one of the nodes */
	case VGEM_LOADABLE:
		if (gpu_works(facts)) {
			add(j, FINDING_NOTE, "GPU",
				"vgem is not loaded; it is not needed, the GPU encodes without it");
			break;
		}
		add(j, facts->machine->has_dxg ? FINDING_WARN : FINDING_NOTE, "GPU",
			"the kernel's module vgem is not loaded");
		advise(j,
			"%ssudo modprobe vgem; for good: loadKernelModules=vgem in [wsl2] of .wslconfig",
			facts->machine->is_container ? "outside of the container: " : "");
		break;
	case VGEM_GONE:
		add(j, FINDING_NOTE, "GPU",
			"this kernel has no vgem; Helix reaches D3D12 without it");
		break;
	}
}

/* With vgem mutter offers DMA-BUFs that are no memory of this machine. */
static bool is_mistaken_for_gpu(const struct drm_node *node)
{
	return !strcmp(node->driver, "vgem") && !node->is_ignored;
}

static void add_hiding(const struct machine *m, struct judgement *j)
{
	char minors[64] = "";

	for (size_t i = 0; i < m->node_count; i++) {
		size_t length = strlen(minors);
		const char *path = m->nodes[i].path;

		if (is_mistaken_for_gpu(&m->nodes[i]))
			snprintf(minors + length, sizeof minors - length, " %.8s",
				path + strcspn(path, "0123456789"));
	}
	if (!*minors)
		return;
	add(j, FINDING_WARN, "GPU", "the compositor will take vgem for a GPU, which it is not");
	if (m->has_udevd)
		advise(j,
			"put Helix's 61-helix-vgem.rules into /etc/udev/rules.d, then `sudo udevadm "
			"control --reload && sudo udevadm trigger --subsystem-match=drm`");
	else /* what udevd would write: udev(7), and sd-device's database */
		advise(j,
			"sudo sh -c 'mkdir -p /run/udev/data; for n in%s; do echo "
			"G:mutter-device-ignore > /run/udev/data/c226:$n; done', then start Helix "
			"anew",
			minors);
}

static void add_nodes(const struct judgement_facts *facts, struct judgement *j)
{
	const struct machine *m = facts->machine;
	size_t count = 0;

	for (size_t i = 0; i < m->node_count; i++) {
		const struct drm_node *node = &m->nodes[i];
		bool is_vgem = !strcmp(node->driver, "vgem");

		if (!node->is_render)
			continue;
		count++;
		add(j, node->is_usable ? FINDING_GOOD : FINDING_WARN, "GPU", "%s: %s%s%s",
			node->path, *node->driver ? node->driver : "unknown driver",
			is_vgem && !m->has_dxg ? ", which has no GPU behind it" : "",
			node->is_usable ? "" : ", but this user may not open it");
		if (!node->is_usable) {
			char help[256];

			advice_for_node(m, node->path, help, sizeof help);
			advise(j, "%s", help);
		}
	}
	add_hiding(m, j);
	if (!count && !m->is_wsl) {
		add(j, FINDING_NOTE, "GPU", "/dev/dri has no render node");
		if (m->is_container)
			advise(j,
				"if the machine has a GPU, start the container with --device=/dev/dri");
	}
}

static void add_versions(const struct judgement_facts *facts, struct judgement *j)
{
	const struct {
		const char *name, *version;
	} parts[] = {
		{ "GStreamer", facts->gstreamer },
		{ "VA-API", facts->libva },
		{ "Mesa", facts->mesa },
	};
	char text[192] = "";
	size_t used = 0;

	for (size_t i = 0; i < 3; i++)
		if (*parts[i].version)
			used += (size_t)snprintf(text + used, sizeof text - used, "%s%s %.40s",
				used ? ", " : "", parts[i].name, parts[i].version);
	if (used)
		add(j, FINDING_GOOD, "Drivers", "%s", text);
}

static void add_offer(const struct va_offer *offer, struct judgement *j)
{
	if (!offer->works) {
		add(j, FINDING_WARN, "Drivers", "VA on %s: %s", offer->device, offer->problem);
		return;
	}
	add(j, FINDING_GOOD, "Drivers", "VA on %s: %s", offer->device, offer->driver);
	add(j, *offer->encodes ? FINDING_GOOD : FINDING_WARN, "Drivers", "... which encodes %s",
		*offer->encodes ? offer->encodes : "nothing");
	add(j, FINDING_GOOD, "Drivers", "... and decodes %s",
		*offer->decodes ? offer->decodes : "nothing");
}

static void add_drivers(const struct judgement_facts *facts, struct judgement *j)
{
	const struct machine *m = facts->machine;

	add_versions(facts, j);
	for (size_t i = 0; i < facts->offer_count; i++)
		add_offer(&facts->offers[i], j);
	if (*m->va_driver)
		add(j, FINDING_NOTE, "Drivers", "LIBVA_DRIVER_NAME=%s is set, and Helix follows it",
			m->va_driver);
	if (*m->va_drivers_path)
		add(j, FINDING_NOTE, "Drivers",
			"LIBVA_DRIVERS_PATH=%s is set, and Helix follows it", m->va_drivers_path);
	if (m->has_dxg && !facts->surroundings->has_d3d12_va) {
		add(j, FINDING_WARN, "Drivers", "Mesa's VA driver for D3D12 is not installed");
		advise(j, "apt install mesa-va-drivers");
	}
	if (m->has_dxg && !strncmp(facts->mesa, "26.2", 4)) {
		add(j, FINDING_WARN, "Drivers", "Mesa 26.2 can lock up while it draws with D3D12");
		advise(j, "Mesa 25 of Debian 13 and Ubuntu 24.04 does not");
	}
}

static void add_working_encoder(const struct judgement_facts *facts, size_t i, struct judgement *j)
{
	const struct verdict *v = &facts->verdicts[i];
	bool is_first = facts->working && facts->order[0] == i;
	bool is_slow = !verdict_keeps_up(v, facts->fps);
	char driver[32], adapter[64], text[128] = "";

	verdict_driver(v->driver, driver, sizeof driver);
	verdict_adapter(v->driver, adapter, sizeof adapter);
	if (*driver)
		snprintf(text, sizeof text, ", %s%s%s%s", driver, *adapter ? " (" : "", adapter,
			*adapter ? ")" : "");
	add(j, is_slow && is_first ? FINDING_WARN : FINDING_GOOD, "Encoders",
		"%s: works, p50 %.1f ms, p95 %.1f ms, %.0f pictures a second%s%s", v->name,
		v->p50_us / 1000.0, v->p95_us / 1000.0, v->fps, text,
		is_first ? "; Helix takes this one" : "");
	if (is_slow && is_first)
		advise(j, "it does not keep up with %u pictures a second: lower --fps or --size",
			facts->fps);
}

static void add_encoders(const struct judgement_facts *facts, struct judgement *j)
{
	for (size_t i = 0; i < facts->candidates->count; i++) {
		const struct verdict *v = &facts->verdicts[i];

		switch (v->state) {
		case VERDICT_WORKS: add_working_encoder(facts, i, j); continue;
		case VERDICT_FAILED:
			add(j,
				facts->candidates->items[i].is_hardware ? FINDING_WARN
									: FINDING_NOTE,
				"Encoders", "%s: does not work: %s", v->name, v->problem);
			break;
		case VERDICT_IMPOSSIBLE:
			add(j, FINDING_NOTE, "Encoders", "%s: not tried: %s", v->name, v->problem);
			break;
		case VERDICT_UNTRIED:
			add(j, FINDING_NOTE, "Encoders", "%s: not tried", v->name);
			break;
		}
		advise(j, "%s", v->advice);
	}
	if (!facts->working && facts->surroundings->has[NEEDS_HELIX_ENCODER]) {
		add(j, FINDING_BAD, "Encoders", "no encoder works");
		advise(j, "apt install gstreamer1.0-plugins-ugly gstreamer1.0-plugins-bad");
	}
}

static double whole_ms(const struct gl_verdict *gl)
{
	return gl->upload_ms + gl->draw_ms + gl->readback_ms;
}

static void add_gl(const struct judgement_facts *facts, struct judgement *j)
{
	const struct gl_verdict *gpu = facts->gl, *cpu = facts->gl_software;

	if (!facts->machine->has_dxg) {
		add(j, FINDING_NOTE, "GL", "Mesa chooses by itself what draws the desktop");
		return;
	}
	if (gpu->state == VERDICT_WORKS && gl_is_worth_it(gpu, cpu)) {
		add(j, FINDING_GOOD, "GL",
			"the GPU draws the desktop: %s; a 1080p picture goes in within %.1f ms and out "
			"within %.1f ms",
			gpu->renderer, gpu->upload_ms, gpu->readback_ms);
	} else if (gpu->state == VERDICT_WORKS) {
		add(j, FINDING_WARN, "GL",
			"the CPU draws the desktop: %s needs %.0f ms for a 1080p picture in and out, "
			"software %.0f ms",
			gpu->renderer, whole_ms(gpu), whole_ms(cpu));
		advise(j, "update WSL and the Windows graphics driver: some versions copy slowly");
	} else if (gpu->state == VERDICT_FAILED) {
		add(j, FINDING_WARN, "GL", "the CPU draws the desktop: D3D12 does not work: %s",
			gpu->problem);
	} else {
		add(j, FINDING_NOTE, "GL", "the CPU draws the desktop: D3D12 was not tried");
	}
	if (cpu->state == VERDICT_WORKS && whole_ms(cpu) > FRAME_MS * 4)
		add(j, FINDING_NOTE, "GL", "drawing by the CPU is slow here: %.0f ms a picture",
			whole_ms(cpu));
	else if (cpu->state == VERDICT_FAILED && gpu->state != VERDICT_WORKS) {
		add(j, FINDING_WARN, "GL", "Mesa's software renderer does not work: %s",
			cpu->problem);
		advise(j, "apt install libgl1-mesa-dri libegl-mesa0");
	}
}

static void add_desktop(const struct judgement_facts *facts, struct judgement *j)
{
	static const struct {
		enum needed_program program;
		const char *name, *advice;
	} rows[] = {
		{ NEEDS_DBUS_DAEMON, "dbus-daemon", "apt install dbus-daemon" },
		{ NEEDS_PIPEWIRE, "pipewire", "apt install pipewire" },
		{ NEEDS_WIREPLUMBER, "wireplumber", "apt install wireplumber" },
		{ NEEDS_PORTAL, "xdg-desktop-portal", "apt install xdg-desktop-portal" },
		{ NEEDS_HELIX_PORTAL, "helix-portal",
			"it belongs beside helix-agent, or in ../libexec/helix: install Helix again" },
		{ NEEDS_HELIX_ENCODER, "helix-encoder",
			"it belongs beside helix-agent, or in ../libexec/helix: install Helix again" },
	};
	const bool *has = facts->surroundings->has;

	if (has[NEEDS_GNOME_SHELL] || has[NEEDS_MUTTER]) {
		add(j, FINDING_GOOD, "Desktop", "compositor: %s",
			has[NEEDS_GNOME_SHELL] ? "gnome-shell"
					       : "mutter (bare, there is no gnome-shell)");
	} else {
		add(j, FINDING_BAD, "Desktop",
			"there is no compositor: neither gnome-shell nor mutter is installed");
		advise(j, "apt install gnome-shell");
	}
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		add(j, has[rows[i].program] ? FINDING_GOOD : FINDING_BAD, "Desktop", "%s %s",
			rows[i].name, has[rows[i].program] ? "is there" : "is missing");
		if (!has[rows[i].program])
			advise(j, "%s", rows[i].advice);
	}
	if (facts->machine->has_dxg && !has[NEEDS_HELIX_GLPROBE]) {
		add(j, FINDING_WARN, "Desktop", "helix-glprobe is missing: the CPU draws");
		advise(j, "%s", rows[4].advice);
	}
}

static void add_port(const struct judgement_facts *facts, struct judgement *j)
{
	const struct surroundings *s = facts->surroundings;
	char owner[64] = "another program";

	switch (s->port) {
	case PORT_FREE:
		if (s->port_number)
			add(j, FINDING_GOOD, "Port", "%s:%u is free", s->address, s->port_number);
		else
			add(j, FINDING_GOOD, "Port", "%s: any free port will do", s->address);
		break;
	case PORT_TAKEN:
		if (*s->port_owner)
			snprintf(owner, sizeof owner, "%s (process %d)", s->port_owner,
				s->port_owner_pid);
		bool is_helix = !strcmp(s->port_owner, "helix-agent");
		add(j, is_helix ? FINDING_NOTE : FINDING_WARN, "Port", "%s:%u is taken by %s",
			s->address, s->port_number, owner);
		advise(j,
			is_helix ? "a desktop is running; a second one takes --listen %s:0"
				 : "stop it, or choose another port: --listen %s:0",
			s->address);
		break;
	case PORT_FORBIDDEN:
		add(j, FINDING_WARN, "Port", "%s:%u: this user may not listen there", s->address,
			s->port_number);
		advise(j, "choose a port above 1023: --listen %s:7878", s->address);
		break;
	case PORT_NO_ADDRESS:
		add(j, FINDING_WARN, "Port", "%s is no address of this machine", s->address);
		advise(j, "--listen 127.0.0.1:%u", s->port_number);
		break;
	}
}

void judgement_add_findings(const struct judgement_facts *facts, struct judgement *j)
{
	add_system(facts, j);
	if (facts->machine->is_wsl || facts->machine->has_dxg) {
		add_dxg(facts, j);
		add_vgem(facts, j);
	}
	add_nodes(facts, j);
	add_drivers(facts, j);
	add_encoders(facts, j);
	add_gl(facts, j);
	add_desktop(facts, j);
	add_port(facts, j);
}
