/* What else a session needs from this machine: programs, and the port.
 *
 * Threads: any; no shared state. */
#pragma once

#include "core/judgement.h"
#include "doctor/doctor.h"

/* Listens on the port for a moment. Never fails. */
void surroundings_read(const struct doctor_options *options, const struct machine *machine,
	struct surroundings *ret_surroundings);

/* Who listens on this TCP port: the program's name and its process. False when it cannot be told;
 * other users' processes are told to root only. */
bool port_owner_find(uint16_t port, char *name, size_t size, int *ret_pid);
