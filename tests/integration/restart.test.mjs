/* Every part may die: the viewer stays connected, is told, and sees the desktop again; and when the
 * agent dies, nobody is left behind. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { startAgent } from '../lib/agent.mjs';
import { connect, nowUs, sp } from '../lib/client.mjs';
import { seesTheClient } from '../lib/moving.mjs';
import { testClient } from '../lib/testclient.mjs';
import { until, within } from '../lib/until.mjs';

/* How a process is called in /proc, and within how long the desktop must be seen again. */
const PARTS = [
  { name: 'helix-encoder', seconds: 1 },
  { name: 'helix-portal', seconds: 8 },
  { name: 'xdg-desktop-portal', seconds: 8 },
  { name: 'pipewire', seconds: 8 },
  { name: 'wireplumber', seconds: 8 },
  { name: 'mutter', seconds: 8 },
  { name: 'dbus-daemon', which: 'session', seconds: 8 },
];

describe('a part that dies', () => {
  const screen = testClient({ mode: 'animate', content: 'box', fps: 30 });
  let agent;
  let viewer;
  before(async () => {
    agent = await startAgent({ app: screen.command, name: 'restart', args: ['--log-level', 'debug'] });
    viewer = await connect(agent);
    await seesTheClient(viewer, nowUs(), 20_000);
  });
  after(async () => {
    await agent.stop();
    screen.clean();
  });

  const find = ({ name, which }) => agent.children(name)
    .find(({ commandLine }) => !which || commandLine.includes(which));

  for (const part of PARTS)
    test(`${part.name} ${part.which ?? ''} is started anew, and the viewer sees the desktop again`, async () => {
      const victim = await until(`${part.name} runs`, () => find(part));
      const notices = viewer.notices.length;
      const sinceUs = nowUs();
      process.kill(victim.pid, 'SIGKILL');
      const told = await viewer.waitFor('a warning', () => viewer.notices.slice(notices)
        .find(({ severity }) => severity >= sp.Severity.WARN), 3000);
      const seenUs = await seesTheClient(viewer, told.receivedUs, 15_000);

      const seconds = (seenUs - sinceUs) / 1e6;
      assert.equal(viewer.closed, null, 'the viewer stays connected');
      await viewer.waitFor('READY', () => viewer.notices.at(-1).code === sp.Notice.READY);
      assert.ok(seconds < part.seconds, `it took ${seconds.toFixed(2)} s`);
      assert.notEqual(find(part)?.pid, victim.pid);
      assert.deepEqual(viewer.gaps, []);
      console.log(`# ${part.name} ${part.which ?? ''}: the desktop moves again after ${seconds.toFixed(2)} s`);
    });

  test('an encoder that hangs is replaced within a second', async () => {
    const victim = find({ name: 'helix-encoder' });
    const sinceUs = nowUs();
    process.kill(victim.pid, 'SIGSTOP');
    const key = await viewer.nextKeyFrame();

    assert.ok((key.receivedUs - sinceUs) / 1e6 < 1, `${(key.receivedUs - sinceUs) / 1e6} s`);
    assert.ok(viewer.notices.some(({ code }) => code === sp.Notice.ENCODER_RESTARTING));
    console.log(`# SIGSTOP of helix-encoder: first picture after ${((key.receivedUs - sinceUs) / 1e6).toFixed(2)} s`);
  });

  test('the restarts are counted', async () => {
    const metrics = await agent.metrics();

    assert.ok(metrics.get('helix_encoder_restarts_total') >= 2);
    assert.ok(metrics.get('helix_session_restarts_total') >= 6);
  });
});

describe('/readyz', () => {
  const directory = mkdtempSync(join(tmpdir(), 'helix-mutter-'));
  const broken = join(directory, 'broken');
  const held = join(directory, 'held');
  after(() => rmSync(directory, { recursive: true }));

  /* In front of the real one. What it says when it cannot start is not for strangers. */
  writeFileSync(join(directory, 'mutter'),
    `#!/bin/sh\nwhile [ -e ${held} ]; do sleep 0.05; done\n[ ! -e ${broken} ] || { echo PRIVATE >&2; exit 1; }\nPATH=\${PATH#*:}\nexec mutter "$@"\n`,
    { mode: 0o755 });

  const ask = async (agent) => {
    const answer = await agent.get('/readyz', { token: '' });
    return `${answer.status} ${await answer.text()}`;
  };
  const waitFor = (agent, wanted) => until(wanted, async () => await ask(agent) === wanted, 20_000);

  test('says what is missing until there is a desktop, and when there is none any more', async (t) => {
    writeFileSync(broken, '');
    writeFileSync(held, '');
    const agent = await startAgent({ name: 'ready', env: { PATH: `${directory}:${process.env.PATH}` } });
    t.after(() => agent.stop());

    assert.equal(await ask(agent), '503 the desktop is starting\n');
    rmSync(held);
    await waitFor(agent, '503 the desktop keeps failing: the log says why\n');
    assert.equal((await agent.get('/healthz', { token: '' })).status, 200);
    assert.match((await agent.status()).notice_text, /PRIVATE/);

    rmSync(broken);
    await waitFor(agent, '200 ok\n');
    assert.equal((await agent.status()).session.ready, true);

    writeFileSync(broken, '');
    process.kill((await agent.child('mutter')).pid, 'SIGKILL');
    await waitFor(agent, '503 a part of the desktop ended and is started anew\n');
    rmSync(broken);
    await waitFor(agent, '200 ok\n');
  });
});

/* stop() of the harness rejects when a process of the agent is left. */
async function runningAgent(t, options = {}) {
  const agent = await startAgent({ name: 'leave', ...options,
    app: ['foot', 'setsid sleep 1000', '(setsid sh -c "trap : TERM; while :; do sleep 1; done" &)'] });
  t.after(() => agent.stop());
  const viewer = await connect(agent);
  await viewer.firstKeyFrame();
  await until('the programs run', () => agent.children('sleep').length >= 2 && agent.children('foot').length === 1);
  return { agent, viewer };
}

const runtimeLeftovers = (agent) =>
  (existsSync(join(agent.directory, 'run')) ? readdirSync(join(agent.directory, 'run')) : [])
    .filter((name) => name.startsWith('helix-'));

test('nobody is left behind after kill -9 of the agent', async (t) => {
  const { agent } = await runningAgent(t);
  await agent.kill('SIGKILL');
  await until('nothing is left', () => agent.leftovers().length === 0, 5000);
  assert.deepEqual(runtimeLeftovers(agent).filter((name) => !name.endsWith('.json')), []);
});

test('nobody is left behind after kill -9 of the keeper', async (t) => {
  const { agent } = await runningAgent(t);
  await agent.kill('SIGKILL', { pid: agent.keeperPid });
  await until('nothing is left', () => agent.leftovers().length === 0, 8000);
});

test('SIGTERM says BYE to viewers, ends with 0, and leaves nothing', async (t) => {
  const { agent, viewer } = await runningAgent(t);
  const exit = await agent.stop();

  assert.deepEqual(exit, { code: 0, signal: null });
  await viewer.waitForClose();
  assert.equal(viewer.bye?.reason, sp.Bye.SHUTDOWN);
  assert.deepEqual(runtimeLeftovers(agent), []);
});

test('an agent on a leash leaves when its standard input ends', async (t) => {
  const { agent } = await runningAgent(t, { args: ['--leash'], stdin: 'pipe' });
  agent.stdin.write('still here\n');
  agent.stdin.end();
  const { code } = await agent.exited;

  assert.equal(code, 0);
});

test('an agent on a leash leaves when whoever holds it falls silent', async (t) => {
  const agent = await startAgent({ name: 'leave', stdin: 'pipe',
    args: ['--leash', '--leash-timeout', '3'] });
  t.after(() => agent.stop());
  /* Twice as long as it would wait, with a word in each of its ticks. */
  const start = performance.now();
  const beats = setInterval(() => agent.stdin.write('\n'), 400);
  t.after(() => clearInterval(beats));
  await until('two timeouts have passed', () => performance.now() - start > 6000);
  assert.equal(agent.hasExited, false);

  /* An excuse, and longer than silence would be borne. */
  clearInterval(beats);
  agent.stdin.write('\nz');
  const excusedSince = performance.now();
  await until('its patience would be over', () => performance.now() - excusedSince > 4500);
  assert.equal(agent.hasExited, false);

  agent.stdin.write('\n');
  const silentSince = performance.now();
  const { code } = await within(agent.exited, 8000, 'helix-agent to leave');
  const seconds = (performance.now() - silentSince) / 1000;

  assert.equal(code, 0);
  assert.ok(seconds > 2.5, `after ${seconds} s`);
  assert.match(agent.stderr, /fell silent/);
});
