/* A terminal that writes what is typed into it to a file, without echo, line editing or special
 * keys.
 *
 *   const terminal = typingTerminal();
 *   const agent = await startAgent({ app: terminal.command });
 *   await terminal.ready();
 *   terminal.typed()
 *   terminal.clean() */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { until } from './until.mjs';

/** All that a US keyboard types without AltGr, in an order that repeats keys and changes shift. */
export function randomText(length) {
  const characters = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i));
  let state = 12345;
  return Array.from({ length }, () => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return characters[(state >>> 16) % characters.length];
  }).join('');
}

export function typingTerminal() {
  const directory = mkdtempSync(join(tmpdir(), 'helix-typing-'));
  const file = join(directory, 'typed');
  const log = join(directory, 'wayland');
  const read = (path) => {
    try {
      return readFileSync(path, 'latin1');
    } catch {
      return null;
    }
  };
  return {
    command: `WAYLAND_DEBUG=1 exec foot sh -c 'stty raw -echo; touch ${file}; ` +
      `exec dd of=${file} bs=1 status=none' 2>${log}`,
    /** What was typed, or null before the shell in the terminal runs. */
    typed: () => read(file),
    /** Keys go to the terminal from now on. The protocol's log tells: a terminal reports its focus
     * to the shell only if the shell asked before it came, which is a race. */
    ready: (deadlineMs = 30000) => until('the terminal runs and has the keyboard',
      () => read(file) !== null && /wl_keyboard[@#]\d+\.enter\(/.test(read(log) ?? ''), deadlineMs)
      .catch((error) => {
        throw new Error(`${error.message}; its shell ${read(file) === null ? 'does not run' : 'runs'}; ` +
          `Wayland: ${(read(log) ?? 'no log').split('\n').slice(-20).join('\n')}`, { cause: error });
      }),
    clean: () => rmSync(directory, { recursive: true, force: true }),
  };
}
