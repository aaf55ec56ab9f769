/* What everything that is known of a machine means for a person: can a desktop be streamed from it,
 * does the GPU encode, and if not, what is missing and what helps. Its sentences are what
 * `helix-agent doctor` prints.
 *
 * Threads: any; no shared state. Pure: all text lies in the judgement. */
#pragma once

#include "core/candidates.h"
#include "core/machine.h"
#include "core/verdict.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JUDGEMENT_MAX_FINDINGS 80

/* Programs that a session takes. */
enum needed_program {
	NEEDS_DBUS_DAEMON,
	NEEDS_PIPEWIRE,
	NEEDS_WIREPLUMBER,
	NEEDS_GNOME_SHELL, /* this or mutter */
	NEEDS_MUTTER,
	NEEDS_PORTAL, /* xdg-desktop-portal */
	NEEDS_HELIX_PORTAL,
	NEEDS_HELIX_ENCODER,
	NEEDS_HELIX_GLPROBE, /* only with /dev/dxg */
	NEEDS_COUNT,
};

enum port_state {
	PORT_FREE,
	PORT_TAKEN,
	PORT_FORBIDDEN, /* this user may not have it */
	PORT_NO_ADDRESS /* the address is none of this machine's */
};

struct surroundings {
	bool has[NEEDS_COUNT];
	bool has_d3d12_va; /* d3d12_drv_video.so is installed */

	enum port_state port;
	char address[64];
	uint16_t port_number; /* 0 = any free one */
	char port_owner[32];  /* who has taken it: a program's name; "" = unknown */
	int port_owner_pid;   /* 0 = unknown */
};

#define JUDGEMENT_MAX_OFFERS 4

/* What VA has on a device. Foreign text. */
struct va_offer {
	bool works;
	char device[64], driver[160];
	char problem[256];
	char encodes[384], decodes[384]; /* profiles: "H264Main, H264High"; "" = none */
};

struct judgement_facts {
	const struct machine *machine;
	const struct candidates *candidates;
	const struct verdict *verdicts; /* parallel to the candidates */
	const size_t *order;            /* as verdicts_rank() left it */
	size_t working;
	const struct gl_verdict *gl, *gl_software;
	const struct va_offer *offers;
	size_t offer_count;
	const char *mesa, *libva, *gstreamer; /* versions; "" = unknown */
	const struct surroundings *surroundings;
	const char *encoder; /* what --encoder says; "auto" = nothing */
	uint32_t fps;
};

enum finding_level { FINDING_GOOD, FINDING_NOTE, FINDING_WARN, FINDING_BAD };

struct finding {
	enum finding_level level;
	const char *topic; /* one of judgement_topics */
	char text[448];    /* without a full stop */
	char advice[288];  /* what to do; "" = nothing */
};

enum judgement_grade { GRADE_HARDWARE, GRADE_SOFTWARE, GRADE_NOT_AT_ALL };

struct judgement {
	enum judgement_grade grade;
	char verdict[640]; /* one sentence about it all */
	/* What is missing for encoding by the GPU, fit to stand behind "because"; "" = nothing. */
	char missing[448];
	char help[288]; /* and what to do about it; "" = nothing is known */
	struct finding findings[JUDGEMENT_MAX_FINDINGS]; /* by topic, in the order of a page */
	size_t count;
};

/* "System", "GPU", "Drivers", "Encoders", "GL", "Desktop", "Port"; NULL ends. */
extern const char *const judgement_topics[];

void judgement_make(const struct judgement_facts *facts, struct judgement *ret_judgement);

/* judgement_findings.c: adds what is to say under each topic. */
void judgement_add_findings(const struct judgement_facts *facts, struct judgement *judgement);

/* "good", "note", "warn", "bad"; "hardware", "software", "not at all". */
const char *finding_level_name(enum finding_level level);
const char *judgement_grade_name(enum judgement_grade grade);
