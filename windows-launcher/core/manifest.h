/* manifest.json, which says what image there is (wsl-rootfs/ writes it).
 *
 * {"name": "Helix", "version": "0.1.0", "size": 300000000, "unpacked_size": 1200000000,
 *  "sha256": "64 hexadecimal digits", "url": "https://..." or a file name beside the manifest,
 *  "minimum_wsl": "2.0.0"}; more is allowed and ignored.
 *
 * Threads: any; no state. */
#pragma once

#include "core/wsl.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MANIFEST_MAX_SIZE 65536

struct manifest {
	char version[32];                    /* digits, letters, . - + _ ~ */
	char url[1024];                      /* absolute: http or https */
	char sha256[65];                     /* lower case */
	uint64_t size_bytes, unpacked_bytes; /* 1 to 64 GiB; unpacked 0 = not told */
	struct wsl_version minimum_wsl;      /* zeroes = not told */
};

/* `base`: the manifest's own URL, for a relative one in it; NULL = only absolute ones are allowed.
 * A url with a name and password, or with anything but http and https, is refused. False: `error`
 * says in a few words which field is wrong. */
bool manifest_parse(const char *json, const char *base, struct manifest *ret_manifest, char *error,
	size_t error_size);

/* -1, 0, 1: versions as Debian's people write them, numbers by value: "0.10" is after "0.9",
 * "1.0~rc1" before "1.0". */
int manifest_compare_versions(const char *a, const char *b);
