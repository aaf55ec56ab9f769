/* The leash between Helix.exe and the session in WSL: whichever of them goes, and however, within five
 * seconds nothing is left of it, or the session is back.
 *
 *   HELIX_LEASH_RUNS   how often, 3 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { writeImage } from '../lib/image-server.mjs';
import { isAlive, processInfo } from '../lib/processes.mjs';
import { until } from '../lib/until.mjs';
import { windows } from '../lib/wine.mjs';

const RUNS = Number(process.env.HELIX_LEASH_RUNS ?? 3);
const LEASH_MS = 5000;
/* helix-agent run --leash-timeout, and its own end. */
const HEARTBEAT_MS = 45000;

/* Whose stdin does not end: how long it takes the missing heartbeat to end the session. */
async function heartbeat() {
  const pc = await windows({ webview: 'ok' });
  try {
    writeImage(pc.driveC('Helix'));
    pc.behave('ignore-kill');
    const helix = await pc.helix();
    await helix.openedUrl();
    await helix.kill9();
    const start = performance.now();
    await pc.waitForNoLinux(HEARTBEAT_MS);
    return performance.now() - start;
  } finally {
    await pc.stop();
  }
}

describe('the leash', () => {
  let pc;
  let lying; /* mostly waits, so it does while the others run */
  before(async () => {
    pc = await windows({ webview: 'ok' });
    writeImage(pc.driveC('Helix'));
    lying = heartbeat();
    lying.catch(() => {});
  });
  after(() => pc?.stop());

  const running = async (t) => {
    const helix = await pc.helix();
    t.after(() => helix.hasExited || helix.kill9());
    helix.url = await helix.openedUrl();
    await helix.waitForLog(/-> RUNNING/);
    assert.match(processInfo(helix.pid).commandLine, /Helix\.exe/);
    /* The page is there before the desktop is. */
    await until('the session has its compositor', () => agent() && pc.linux('mutter').length === 1);
    return helix;
  };
  /* The agent itself, not the keeper above it. */
  const agent = () => {
    const agents = pc.linux('helix-agent');
    return agents.find(({ ppid }) => agents.some(({ pid }) => pid === ppid));
  };

  /** What `end` ends is back: a session of which nothing is the old one's, with the page in it. */
  async function comesBack(helix, end) {
    const old = pc.linux();
    const from = helix.log().length;
    pc.forgetUrl();
    end();
    const start = performance.now();
    await until('another session is open', () => /-> RUNNING/.test(helix.log().slice(from)), 2 * LEASH_MS);
    await until('nothing is left of the old one', () => !old.some(isAlive), LEASH_MS);
    const tookMs = performance.now() - start;
    const url = await helix.openedUrl();

    assert.ok(tookMs < LEASH_MS, `it took ${Math.round(tookMs)} ms`);
    assert.notEqual(url, helix.url);
    assert.equal((await fetch(new URL('/', url))).status, 200);
    helix.url = url;
    return Math.round(tookMs);
  }

  for (let i = 1; i <= RUNS; i++) {
    test(`closed: nothing is left (${i})`, async (t) => {
      const helix = await running(t);
      const start = performance.now();
      assert.equal(await helix.close(), 0);
      await pc.waitForNoLinux(LEASH_MS);
      t.diagnostic(`${Math.round(performance.now() - start)} ms`);
      assert.doesNotMatch(helix.log(), /CRASHED/);
    });

    test(`kill -9 of Helix.exe: nothing is left (${i})`, async (t) => {
      const helix = await running(t);
      const start = performance.now();
      await helix.kill9();
      await pc.waitForNoLinux(LEASH_MS);
      t.diagnostic(`${Math.round(performance.now() - start)} ms`);
      assert.deepEqual(pc.programs('wsl.exe'), []);
    });

    test(`kill -9 of wsl.exe, of the agent and of its keeper: the session is back (${i})`, async (t) => {
      const helix = await running(t);
      const wsl = await pc.leash();
      t.diagnostic(`wsl.exe: ${await comesBack(helix, () => process.kill(wsl.pid, 'SIGKILL'))} ms`);
      const { pid, ppid } = agent();
      assert.ok(pid !== wsl.pid);
      t.diagnostic(`agent: ${await comesBack(helix, () => process.kill(pid, 'SIGKILL'))} ms`);
      const keeper = agent().ppid;
      assert.notEqual(keeper, ppid);
      t.diagnostic(`keeper: ${await comesBack(helix, () => process.kill(keeper, 'SIGKILL'))} ms`);
      assert.equal(await helix.close(), 0);
      await pc.waitForNoLinux(LEASH_MS);
    });
  }

  test('before Windows sleeps the agent is told, and afterwards the desktop is looked for', async (t) => {
    const helix = await running(t);
    await pc.tell('sleep');
    await helix.waitForLog(/agent: whoever holds the leash goes to sleep/);
    await pc.tell('wake');
    await helix.waitForLog(/RUNNING: WOKE -> CHECK[^]*CHECK: DONE -> RUNNING/);
    assert.equal(await helix.close(), 0);
    await pc.waitForNoLinux(LEASH_MS);
  });

  test('wsl --shutdown: the session is back', async (t) => {
    const helix = await running(t);
    await comesBack(helix, () => pc.start('C:\\windows\\system32\\wsl.exe', ['--shutdown']));
    assert.equal(await helix.close(), 0);
    await pc.waitForNoLinux(LEASH_MS);
  });

  test('with a stdin that does not end: the missing heartbeat ends the session', async (t) => {
    const tookMs = await lying;
    t.diagnostic(`${Math.round(tookMs)} ms`);
    assert.ok(tookMs > LEASH_MS, 'its stdin ended');
  });
});
