/* The encoder ladder: every way to an H.264 encoder that could exist, best first, and what a
 * process must find in its environment to go that way.
 *
 * One candidate is one way on this machine: an element, for hardware a device node and a driver.
 * Those that cannot work here stay in the list with the reason, for the doctor.
 *
 * Threads: any; no shared state. Pure. */
#pragma once

#include "core/machine.h"

#include <stdbool.h>
#include <stddef.h>

#define CANDIDATES_MAX 16

enum route {
	ROUTE_VAAPI,             /* vaapih264enc on a DRM node: vgem, or a native GPU */
	ROUTE_VAAPI_WITHOUT_DRM, /* vaapih264enc on D3D12 with no DRM in the kernel */
	ROUTE_VA,                /* vah264enc on a render node */
	ROUTE_NVENC,             /* nvh264enc */
	ROUTE_X264,
	ROUTE_OPENH264,
	ROUTE_COUNT,
};

struct candidate {
	enum route route;
	/* Unique, and what --encoder takes: "vaapih264enc", "vaapih264enc-without-drm",
	 * "vah264enc", "nvh264enc", "x264enc", "openh264enc"; of further nodes
	 * "vah264enc@renderD129". The plain names belong to the first node that is worth a try,
	 * as GStreamer counts, whatever --gpu says. */
	char name[64];
	char element[64]; /* GStreamer's: "vah264enc", but "varenderD129h264enc" */
	bool is_hardware;

	char node[64];           /* "/dev/dri/renderD128", "/dev/null" without DRM, "" for none */
	char va_driver[64];      /* LIBVA_DRIVER_NAME; "" = libva's own choice */
	char gallium_driver[32]; /* GALLIUM_DRIVER; "" = unset */
	char adapter[64];        /* MESA_D3D12_DEFAULT_ADAPTER_NAME; "" = as it was */

	/* Why it is not worth a try here, as a sentence without its full stop, and what would help;
	 * the advice alone is "" where nothing does. "" = it is worth it. */
	char obstacle[200], advice[200];
};

struct candidates {
	struct candidate items[CANDIDATES_MAX];
	size_t count;
};

/* Whether --encoder may be so: "auto", an element's name or a candidate's. Every node counts, this
 * machine's or not: "vah264enc@renderD140", "varenderD140h264enc". */
bool candidates_knows(const char *encoder);

/* All candidates on this machine in the order of the ladder; every route at least once.
 *
 * `encoder` other than "auto": only those of that name or element, hardware that it names is
 * possible even where Helix would not try it by itself (but not without its node, without the right
 * to open it, or on another one than `gpu` says); then x264enc and openh264enc, so that a wish that
 * fails still ends in a picture. A software encoder by name comes first of the two.
 *
 * `gpu`: on WSL a part of the adapter's name; else a node's path or a part of its driver's name; ""
 * = any. The nodes of other GPUs stay in the list, with that as the obstacle.
 *
 * Of many nodes the first six get candidates, those that are worth a try before the others. */
void candidates_list(const struct machine *machine, const char *encoder, const char *gpu,
	struct candidates *ret_candidates);

bool candidate_is_possible(const struct candidate *candidate);

/* Whether both can be served by the same process: same environment. Software fits everywhere. */
bool candidate_fits(const struct candidate *running, const struct candidate *next);

/* The environment of a process that goes this way (helix-encoder): `environ` under the table in
 * candidate_environment.c. NULL-terminated, one allocation each and one for the vector; NULL when
 * out of memory. `registry`: the path of its GStreamer registry. Free with environment_free(). */
char **candidate_environment(
	const struct candidate *candidate, const char *const *environ, const char *registry);

/* Accepts NULL. */
void environment_free(char **environment);
