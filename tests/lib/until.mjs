/* Waiting with a deadline. Whatever can tell by an event, tells by it (client.mjs does); until() is
 * for what can only be looked at: files, /proc, another program's state.
 *
 *   await until('the log names the encoder', () => agent.stderr.includes('encoder'), 5000)
 *   await within(agent.exited, 5000, 'the agent to end') */
import { setTimeout as delay } from 'node:timers/promises';

const LOOK_EVERY_MS = 20;

export class DeadlineError extends Error {
  constructor(what, deadlineMs, cause) {
    const because = cause ? `: ${cause.message}` : '';
    super(`not within ${deadlineMs} ms: ${what}${because}`, { cause });
    this.name = 'DeadlineError';
  }
}

/** The first true value that `look` gives, or the promise of one. An error of `look` means "not
 * yet", and becomes the cause of the DeadlineError. */
export async function until(what, look, deadlineMs = 10000) {
  const end = performance.now() + deadlineMs;
  for (;;) {
    let cause;
    try {
      const value = await look();
      if (value) return value;
    } catch (error) {
      cause = error;
    }
    if (performance.now() >= end) throw new DeadlineError(what, deadlineMs, cause);
    await delay(LOOK_EVERY_MS);
  }
}

/** What the promise gives, or a DeadlineError. */
export async function within(promise, deadlineMs, what) {
  let timer;
  const deadline = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new DeadlineError(what, deadlineMs)), deadlineMs);
  });
  try {
    return await Promise.race([promise, deadline]);
  } finally {
    clearTimeout(timer);
  }
}
