/* helix-testclient (fixtures/helix-testclient.c) from the outside: the command line that starts it,
 * and what it wrote down.
 *
 *   const screen = testClient({ mode: 'animate', content: 'scroll' });
 *   const agent = await startAgent({ app: screen.command });
 *   await screen.waitFor('frame');
 *   const press = await screen.waitFor((e) => e.event === 'key' && e.code === 30);
 *
 * The compositor starts it, so it is gone with the session; what stays is its log. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { until } from './until.mjs';

const PROGRAM = resolve(fileURLToPath(import.meta.url), '../../../build/helix-testclient');

export class TestClient {
  #directory = mkdtempSync(join(tmpdir(), 'helix-testclient-'));
  #arguments;
  #cleanAtExit = () => this.clean();

  constructor({ mode, content, fps, size, lock, hidePointer, logFrames } = {}) {
    process.on('exit', this.#cleanAtExit);
    this.log = join(this.#directory, 'log.jsonl');
    this.#arguments = [
      process.env.HELIX_TESTCLIENT ?? PROGRAM, '--log', this.log,
      ...(mode ? ['--mode', mode] : []), ...(content ? ['--content', content] : []),
      ...(fps ? ['--fps', String(fps)] : []), ...(size ? ['--size', size] : []),
      ...(lock ? ['--lock'] : []), ...(hidePointer ? ['--hide-pointer'] : []),
      ...(logFrames ? ['--log-frames'] : []),
    ];
  }

  /** For a shell. */
  get command() {
    return this.#arguments.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');
  }

  /** For spawn(). */
  get argv() {
    return [...this.#arguments];
  }

  /** What it wrote so far, oldest first; only events of `type`, if one is given. */
  events(type) {
    let text = '';
    try {
      text = readFileSync(this.log, 'utf8');
    } catch {
      return []; /* it has not started yet */
    }
    /* The last line may still be in the writing. */
    return text.slice(0, text.lastIndexOf('\n') + 1).split('\n').filter(Boolean)
      .map((line) => JSON.parse(line)).filter(({ event }) => !type || event === type);
  }

  /** The first event that fits: its type, or a function of it. `after`: only those behind the
   * first `after` events. */
  async waitFor(wanted, deadlineMs = 10000, after = 0) {
    const fits = typeof wanted === 'string' ? ({ event }) => event === wanted : wanted;
    return until(`the test client reports ${wanted}`,
      () => this.events().slice(after).find(fits), deadlineMs);
  }

  /** Until what `viewer` (client.mjs) sends arrives here. A session that has just started gives
   * and takes the focus as it likes: GNOME does while its start is still being animated. And mutter
   * 48 lets a new window grow into its place: before, a click meets it elsewhere, or not at all. */
  async waitForInput(viewer, deadlineMs = 15000) {
    await viewer.waitFor('the stream', () => viewer.stream, deadlineMs);
    let moves = 0;
    await until('input reaches the test client', () => {
      viewer.move(600 + (moves++ % 2), 100);
      return this.#isIn('pointer') && this.#isIn('keyboard') && this.#isPointerAt([600, 601], 100);
    }, deadlineMs);
  }

  #isPointerAt(xs, y) {
    const last = this.events().filter(({ event }) => event === 'motion' || event === 'pointer-enter')
      .at(-1);
    return xs.includes(last.x) && last.y === y;
  }

  #isIn(device) {
    const last = this.events().filter(({ event }) =>
      event === `${device}-enter` || event === `${device}-leave`).at(-1);
    return last?.event === `${device}-enter`;
  }

  /** Remove the log; the end of the test program does so too. */
  clean() {
    process.off('exit', this.#cleanAtExit);
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

export function testClient(options) {
  return new TestClient(options);
}
