/* What is known of the machine before any driver is loaded. Filled by sys/machine.h; everything
 * that decides by it (core/candidates.h, the doctor's judgement) is pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define MACHINE_MAX_NODES 16

/* Vendors with a Windows driver in the driver store, /usr/lib/wsl/drivers. */
enum machine_vendor {
	MACHINE_AMD = 1 << 0,
	MACHINE_INTEL = 1 << 1,
	MACHINE_NVIDIA = 1 << 2,
};

enum machine_vgem {
	VGEM_GONE,     /* neither loaded nor a module of this kernel */
	VGEM_LOADABLE, /* `modprobe vgem` would do */
	VGEM_LOADED,   /* one of the nodes */
};

struct drm_node {
	char path[64];   /* "/dev/dri/renderD128" */
	char driver[32]; /* "i915", "vgem", ...; "" = unknown */
	bool is_render;
	bool is_usable;  /* this user may open it for reading and writing */
	bool is_ignored; /* udev tells mutter to leave it alone */
};

struct machine {
	char kernel[128]; /* "6.6.87.2-microsoft-standard-WSL2" */
	bool is_wsl, is_container;
	bool has_udevd;          /* it runs: its rules count */
	char wsl_version[32];    /* "2.5.10.0"; "" = unknown */
	char wsl_networking[32]; /* "nat", "mirrored", ...; "" = unknown */

	bool has_dxg, dxg_is_usable; /* /dev/dxg */
	bool has_libd3d12;           /* and libdxcore, in /usr/lib/wsl/lib */
	bool has_nvidia_encode;      /* libnvidia-encode.so.1, there or in the system's folders */
	unsigned vendors;            /* enum machine_vendor */

	enum machine_vgem vgem;
	struct drm_node nodes[MACHINE_MAX_NODES]; /* sorted by path */
	size_t node_count;

	/* The user's own words, which Helix respects; "" = none. */
	char va_driver[64];        /* LIBVA_DRIVER_NAME */
	char va_drivers_path[256]; /* LIBVA_DRIVERS_PATH */
};
