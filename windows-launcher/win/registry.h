/* What the registry knows of WSL's distributions: HKCU, ...\Lxss.
 *
 * Threads: any; no state. */
#pragma once

#include "win/win.h"

enum registry_place {
	REGISTRY_NOWHERE,   /* there is none of that name, in whatever state */
	REGISTRY_HERE,      /* its folder is the one asked for */
	REGISTRY_ELSEWHERE, /* it is another, or nobody knows */
	REGISTRY_UNKNOWN,   /* the registry cannot be read */
};

/* Where the distribution `name` has its disk: in `directory` itself, or not. */
enum registry_place registry_place(const char *name, const wchar_t *directory);

/* Whether a distribution of another name has its disk in `directory` or below; true also when the
 * registry cannot be read. */
bool registry_has_other(const char *name, const wchar_t *directory);
