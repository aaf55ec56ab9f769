/* --diagnose: one text to paste into an issue. What this PC has, what WSL says, the log's end, and
 * `helix-agent doctor`. Without secrets, and without the name of the user's folder.
 *
 * Threads: any; takes up to a minute, or two when WSL hangs, and always ends. */
#pragma once

/* To be freed; NULL without memory. */
char *diagnose_collect(const char *distribution);
