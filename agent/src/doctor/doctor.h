/* `helix-agent doctor`, `encoders` and `adapters`: try what this machine can do, and say it so that
 * a person can act on it.
 *
 * Each runs a loop of its own for some seconds and prints to stdout: text, or one JSON object. What
 * was measured is remembered for the next start of the agent.
 *
 * Threads: the only one. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct doctor_options {
	const char *encoder_program, *gl_program, *portal_program; /* paths; NULL = not found */
	const char *cache_fallback; /* of this user alone, or NULL; see probe_cache_dir() */
	const char *listen_address;
	uint16_t listen_port;
	const char *encoder, *gpu; /* as of candidates_list() */
	uint32_t width_px, height_px, fps, bitrate_kbit;
	bool json;
};

/* Exit codes, of doctor_run() and doctor_encoders(): how well a desktop can be streamed. */
enum {
	DOCTOR_HARDWARE = 0,
	DOCTOR_NOT_AT_ALL = 1,
	DOCTOR_SOFTWARE = 3,
};

/* The whole page. */
int doctor_run(const struct doctor_options *options);

/* Only the encoders, one a line, the best first. */
int doctor_encoders(const struct doctor_options *options);

/* The GPUs: render nodes, and on WSL the adapters of D3D12. 0, or 1 when there is none. */
int doctor_adapters(const struct doctor_options *options);
