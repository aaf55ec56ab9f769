/* The way to the agent that needs no network: plat_tunnel_start() of seam/platform.h, in threads of
 * its own. Each connection to our port on 127.0.0.1 becomes a channel of sp_tunnel.h. */
#pragma once

#include "win/win.h"

/* For --diagnose: "off", or "127.0.0.1:49321, 3 connections, 1234567 bytes out, 45678 in". */
void tunnel_describe(char *text, size_t size);
