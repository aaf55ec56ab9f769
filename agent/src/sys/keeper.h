/* The keeper: the small parent of helix-agent that tidies up when the agent cannot.
 *
 * `helix-agent run` forks. The parent becomes the keeper: a child subreaper that waits for the
 * agent, forwards SIGTERM, SIGINT and SIGHUP to it, and, when the agent has ended in whatever way,
 * kills every process that is left below it and removes the session's runtime directory. The child
 * is the agent; when the keeper is killed it gets SIGTERM (PR_SET_PDEATHSIG) and leaves in order.
 *
 * The two share a process group: what a terminal sends (Ctrl-C) reaches the agent directly and is
 * not forwarded. What `kill -- -PGID` sends reaches it twice.
 *
 * Threads: called before any exists. */
#pragma once

/* Makes a private runtime directory, short enough for sockets, and forks. Returns 0 in the child,
 * with the directory in ret_runtime_dir (valid for ever; gone after the keeper has left). In the
 * parent it never returns: it exits with the agent's exit code, or 128 + signal. A negative errno
 * when nothing could be started. */
int keeper_fork(const char **ret_runtime_dir);

/* In the child, last of all, when its processes have ended: removes the runtime directory, so that
 * it goes even when the keeper was killed. Nothing without keeper_fork(). */
void keeper_done(void);
