/* The name of a GPU on the PCI bus, from the list that pciutils or hwdata installs.
 *
 * Threads: any; no shared state. */
#pragma once

#include <stddef.h>

/* Of a DRM node ("/dev/dri/renderD128"): "Intel Corporation TigerLake-LP GT2 [Iris Xe Graphics]",
 * "8086:9a49" where no list is installed, "" where it is no PCI device. Truncates. */
void pci_name(const char *node, char *buffer, size_t size);
