/* What the stub's wsl.exe (wsl_relay.c, Windows) and wsl-bridge (bridge.c, Linux) say to each other
 * over one socket: a byte for the type, four for the length (little endian), and the data.
 *
 * The stub says what to run, then RUN or TERMINATE. After RUN both directions flow on their own. */
#pragma once

#define BRIDGE_HEADER      5
#define BRIDGE_MAX_DATA    65536
#define BRIDGE_CANNOT_RUN  127 /* as shells say it */
#define BRIDGE_NO_SANDBOX  126
#define BRIDGE_OUT_OF_STEP 125

enum bridge_frame {
	/* To Linux, in front of RUN. */
	BRIDGE_BASE = 'B', /* the distribution's folder, as Linux calls it */
	BRIDGE_NAME = 'N', /* of the distribution */
	BRIDGE_USER = 'U', /* if not the default one */
	BRIDGE_DIRECTORY = 'C',
	BRIDGE_ARGUMENT = 'A', /* once for each word */
	BRIDGE_DEAF = 'K',     /* the program's stdin is to stay open when wsl.exe dies */
	BRIDGE_OUTSIDE = 'H',  /* run on the machine itself, as WSL's service would */
	BRIDGE_RUN = 'R',
	BRIDGE_TERMINATE = 'T', /* instead: end all that runs in BASE */
	/* To Linux, after RUN. */
	BRIDGE_INPUT = 'I',
	BRIDGE_INPUT_END = 'i',
	/* To Windows. */
	BRIDGE_OUTPUT = 'O',
	BRIDGE_ERROR = 'E',
	BRIDGE_EXIT = 'X', /* one byte */
};
