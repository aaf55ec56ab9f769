import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parseMetrics, startAgent } from './agent.mjs';
import { isAlive } from './processes.mjs';
import { until } from './until.mjs';

const logs = mkdtempSync(join(tmpdir(), 'helix-logs-'));
process.env.HELIX_AGENT = fileURLToPath(new URL('./fake-agent.mjs', import.meta.url));
process.env.HELIX_TEST_LOGS = logs;
after(() => rmSync(logs, { recursive: true }));

const start = (fake, options = {}) => startAgent({ env: { FAKE: fake }, ...options });

test('the ready line becomes fields, and status and metrics are asked with its token', async () => {
  const agent = await start('good');
  try {
    assert.equal(agent.url, `http://127.0.0.1:${agent.port}/#token=${agent.token}`);
    assert.equal((await agent.metrics()).get('helix_frames_total'), 7);
    assert.ok((await agent.status()).arguments.includes('run'));
    assert.equal((await agent.get('/api/status', { token: null })).status, 401);
  } finally {
    await agent.stop();
  }
});

test('options become words of the command line', async () => {
  const agent = await start('good', { app: ['one', 'two'], size: '640x480', fps: 30, bitrate: 900,
    session: 'gnome', args: ['--leash'] });
  try {
    assert.deepEqual((await agent.status()).arguments, ['run', '--listen', '127.0.0.1:0',
      '--session', 'gnome', '--app', 'one', '--app', 'two', '--size', '640x480', '--fps', '30',
      '--bitrate', '900', '--leash']);
  } finally {
    await agent.stop();
  }
});

test('the environment is private but for what the test adds', async () => {
  process.env.HELIX_BITRATE = '1';
  process.env.WAYLAND_DISPLAY = 'wayland-9';
  const agent = await start('good', { env: { HELIX_FPS: '5' } });
  try {
    const { environment } = await agent.status();

    assert.equal(environment.HELIX_BITRATE, undefined);
    assert.equal(environment.WAYLAND_DISPLAY, undefined);
    assert.equal(environment.HELIX_FPS, '5');
    assert.ok(environment.XDG_RUNTIME_DIR.startsWith(agent.directory));
  } finally {
    delete process.env.HELIX_BITRATE;
    delete process.env.WAYLAND_DISPLAY;
    await agent.stop();
    assert.ok(!existsSync(agent.directory));
  }
});

test('an agent that ends at once is reported with its exit code and last words', async () => {
  await assert.rejects(start('dies'), /exit code 3.*no compositor here/s);
});

test('an agent that never gets ready is reported and killed', async () => {
  await assert.rejects(start('says-nothing', { timeoutMs: 1000 }), /ready line.*listening/s);
});

test('stderr is kept in memory and in a log file', async () => {
  const agent = await start('good', { name: 'kept' });
  await agent.stop();

  assert.match(agent.stderr, /fake: listening/);
  await until('the log is written',
    () => readFileSync(agent.logPath, 'utf8') === agent.stderr);
});

for (const fake of ['leaves-a-child', 'leaves-an-unmarked-child'])
  test(`stop() complains when an agent ${fake.replaceAll('-', ' ')}, and kills it`, async () => {
    const agent = await start(fake);
    const child = await agent.child('sleep');

    await assert.rejects(agent.stop({ burialMs: 300 }), /left processes behind:\n\d+ sleep 600/);

    await until('the child is gone', () => !isAlive(child));
  });

test('stop() complains about an agent that ignores SIGTERM, and kills it', async () => {
  const agent = await start('ignores-sigterm');

  await assert.rejects(agent.stop({ deadlineMs: 500 }), /not within 500 ms/);

  await agent.exited;
});

test('stop() after a kill only cleans up', async () => {
  const agent = await start('good');

  assert.equal((await agent.kill('SIGKILL')).signal, 'SIGKILL');
  assert.equal((await agent.stop()).signal, 'SIGKILL');
});

test('metrics are read with their labels, and comments are not', () => {
  const metrics = parseMetrics('# TYPE a counter\na 1\nb{c="d e"} 2.5\n\n');

  assert.deepEqual([...metrics], [['a', 1], ['b{c="d e"}', 2.5]]);
});
