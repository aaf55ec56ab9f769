/* Reads struct machine from the kernel's files: no driver is loaded and no program started.
 *
 * Threads: any; no shared state. */
#pragma once

#include "core/machine.h"

/* `root` stands before every path ("" in life, a directory of arranged files in a test). What
 * cannot be read counts as absent; never fails. Leaves wsl_version and wsl_networking empty unless
 * files tell: programs tell them, see machine_ask_wsl().
 *
 *	kernel		ROOT/proc/sys/kernel/osrelease
 *	is_wsl		"microsoft" or "WSL2" in it, in any case: some build their own kernel
 *	is_container	ROOT/.dockerenv or ROOT/run/.containerenv exists
 *	nodes		ROOT/dev/dri/{card,renderD}*; driver: the last part of the link
 *			ROOT/sys/class/drm/NAME/device/driver, or of ROOT/sys/class/drm/NAME/device
 *			itself, when that is "vgem" or the driver "faux_driver"
 *	is_usable	by its permissions; only /dev/dxg is opened
 *	is_ignored	ROOT/run/udev/data/c226:MINOR has a line G: or Q:mutter-device-ignore
 *	vgem		a node of that driver; else modules.builtin or modules.dep in
 *			ROOT/lib/modules/KERNEL names vgem.ko
 *	vendors		ROOT/usr/lib/wsl/drivers: nv*.inf_* (but for what Windows brings itself),
 *			iigd*.inf_* and u0*.inf_* */
void machine_read(const char *root, struct machine *ret_machine);

/* Under WSL, fills wsl_version and wsl_networking from `wslinfo`, where there is one. Takes a
 * second at most. */
void machine_ask_wsl(struct machine *machine);
