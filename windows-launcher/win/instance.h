/* One running Helix.exe for each user and --name.
 *
 * Threads: the window's, or the only one. */
#pragma once

#include "win/win.h"

/* Before anything else here: all names below are made of it. */
void instance_set_name(const char *name);
/* The class of the window, by which others find it. */
const wchar_t *instance_class(void);

/* What one running Helix.exe asks of another; its window answers 1 when it does it. */
UINT instance_show_message(void);
UINT instance_quit_message(void);

enum instance_claim {
	INSTANCE_OURS,  /* until the process ends */
	INSTANCE_ASKED, /* the other one shows itself now */
	INSTANCE_HANGS, /* it is there and does nothing */
};
/* Be the one, or ask the other to show itself. One that is just leaving is waited for. */
enum instance_claim instance_claim(void);
/* Be the one, after asking the other to quit. INSTANCE_HANGS when it did not in 15 s. */
enum instance_claim instance_replace(void);
