/* `helix-agent tunnel`: the agent's end of the tunnel through wsl.exe (sp_tunnel.h).
 *
 * Its standard input and output are the pipe, and carry frames and nothing else; each channel
 * becomes a connection to 127.0.0.1. It leaves when its input ends, so nothing of it outlives the
 * launcher.
 *
 * Threads: the caller's, in one loop. Ownership: none; a process of its own. */
#pragma once

/* What follows "tunnel" on the command line, argv[0] being ignored: "--port N" or "--port=N", 1 to
 * 65535. The exit code: 0 when the input ended, 2 for a wrong command line, 1 for anything else. */
int tunnel_main(int argc, const char *const *argv);
