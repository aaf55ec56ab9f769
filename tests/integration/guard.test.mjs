/* Who may come in, and what those cost who should not have. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { startAgent } from '../lib/agent.mjs';
import { connect, open, RefusedError, sp } from '../lib/client.mjs';
import { testClient } from '../lib/testclient.mjs';

const refused = (status) => (error) => {
  assert.ok(error instanceof RefusedError, `${error}`);
  assert.equal(error.status, status);
  return true;
};

describe('an agent', () => {
  const screen = testClient({ mode: 'animate', content: 'box', fps: 30 });
  let agent;
  before(async () => {
    agent = await startAgent({ app: screen.command, name: 'guard', args: ['--log-level', 'trace'] });
    await screen.waitFor('configure');
  });
  after(async () => {
    await agent.stop();
    screen.clean();
  });

  test('lets its own page in', async () => {
    const viewer = await connect(agent, { origin: `http://127.0.0.1:${agent.port}` });
    await viewer.firstKeyFrame();
    await viewer.close();
  });

  test('refuses a viewer without a token, and with a wrong one', async () => {
    await assert.rejects(open(agent, { token: '' }), refused(401));
    await assert.rejects(open(agent, { token: `${agent.token}x` }), refused(401));
    await assert.rejects(open(agent, { token: agent.token.slice(0, -1) }), refused(401));
    await assert.rejects(open(agent, { subprotocols: [`bearer.${agent.token}`] }), refused(401));
  });

  test('refuses the page of a foreign origin, though it knows the token', async () => {
    for (const origin of ['http://evil.example', 'null', `http://127.0.0.1:${agent.port + 1}`])
      await assert.rejects(open(agent, { origin }), refused(403), origin);
  });

  test('refuses a foreign Host, as after DNS rebinding', async () => {
    const headers = { host: `evil.example:${agent.port}` };
    await assert.rejects(open(agent, { headers }), refused(403));
    await assert.rejects(
      open(agent, { headers, origin: `http://evil.example:${agent.port}` }), refused(403));
    const status = await new Promise((resolve, reject) => {
      get({ port: agent.port, host: '127.0.0.1', headers: { host: 'evil.example' } },
        (response) => resolve(response.resume().statusCode)).on('error', reject);
    });
    assert.equal(status, 403);
  });

  test('refuses a WebSocket elsewhere than at /stream', async () => {
    await assert.rejects(open(agent, { path: '/' }), refused(404));
  });

  test('gives status, metrics and screenshots only to who knows the token', async () => {
    for (const path of ['/api/status', '/metrics', '/api/screenshot']) {
      assert.equal((await agent.get(path, { token: '' })).status, 401, path);
      assert.equal((await agent.get(path, { token: 'wrong-wrong-wrong-wrong' })).status, 401, path);
      assert.equal((await agent.get(path)).status, 200, path);
    }
    assert.equal((await agent.get('/healthz', { token: '' })).status, 200);
    assert.equal((await agent.get('/readyz', { token: '' })).status, 200);
    assert.equal((await agent.get('/nowhere', { token: '' })).status, 404);
  });

  test('can be told from another program on its port before it is shown a token', async (t) => {
    const other = await startAgent({ name: 'guard-other' });
    t.after(() => other.stop());
    const health = await agent.get('/healthz', { token: '' });

    assert.match(agent.instance, /^[0-9a-f]{32}$/);
    assert.equal(health.headers.get('helix-instance'), agent.instance);
    assert.equal(await health.text(), 'ok\n');
    assert.match(other.instance, /^[0-9a-f]{32}$/);
    assert.notEqual(other.instance, agent.instance);
    assert.ok(!agent.token.includes(agent.instance) && !agent.instance.includes(agent.token));
    /* It opens nothing. */
    assert.equal((await agent.get('/api/status', { token: agent.instance })).status, 401);
    await assert.rejects(open(agent, { token: agent.instance }), refused(401));
  });

  test('serves the page with a policy that lets nothing foreign in', async () => {
    const page = await agent.get('/', { token: '' });
    assert.equal(page.status, 200);
    assert.match(page.headers.get('content-security-policy'), /default-src 'none'/);
    assert.match(page.headers.get('content-security-policy'), /frame-ancestors 'self'/);
    assert.equal(page.headers.get('x-content-type-options'), 'nosniff');
    assert.equal(page.headers.get('access-control-allow-origin'), null);
    const again = await agent.get('/', { token: '',
      headers: { 'if-none-match': page.headers.get('etag') } });
    assert.equal(again.status, 304);
  });

  test('ends a connection that breaks the rules, and only that', async () => {
    const honest = await connect(agent);
    await honest.firstKeyFrame();
    const sins = {
      'text': (viewer) => viewer.sendBytes('hello', { text: true }),
      'a message before HELLO': (viewer) => viewer.send('pause'),
      'an empty message': (viewer) => viewer.sendBytes(Buffer.alloc(0)),
      'a message that is too long': (viewer) => viewer.sendBytes(Buffer.alloc(20000, 0x10)),
      'garbage': (viewer) => viewer.sendBytes(Buffer.from(Array.from({ length: 300 }, (_, i) => (i * 37) & 255))),
    };
    for (const [name, sin] of Object.entries(sins)) {
      const viewer = await open(agent);
      sin(viewer);
      const { code } = await viewer.waitForClose();
      assert.equal(viewer.bye?.reason, sp.Bye.PROTOCOL, `${name}: ${code}`);
    }
    const greeted = await connect(agent);
    greeted.sendBytes(Buffer.from([sp.Type.KEY, 0, 0, 0, 1]));
    await greeted.waitForClose();
    const imposter = await connect(agent);
    imposter.send('welcome', { version: 1, role: 1, features: 0, session: 0n, clockUs: 0, agent: '' });
    await imposter.waitForClose();
    const unknown = await connect(agent);
    unknown.sendBytes(Buffer.from([0xee, 0, 0, 0, 1, 2, 3]));
    await unknown.ping();
    await honest.nextVideo();
    assert.deepEqual(honest.gaps, []);
    await unknown.close();
    await honest.close();
  });

  test('ends a viewer that floods it', async () => {
    const viewer = await connect(agent);
    for (let i = 0; i < 20000; i++) viewer.moveBy(1, 0);
    await viewer.waitForClose();
    /* The BYE may be lost: what the agent did not read of the flood resets the connection. */
    if (viewer.bye) assert.equal(viewer.bye.reason, sp.Bye.RATE);
    assert.deepEqual((await agent.status()).viewers, []);
  });

  test('takes no more viewers than it may, and 200 that never read cost an honest one nothing', async () => {
    const honest = await connect(agent);
    await honest.firstKeyFrame();
    const idle = await Promise.allSettled(Array.from({ length: 200 }, () =>
      connect(agent, { read: false, ack: 'none', pong: false })));
    const taken = idle.filter(({ status }) => status === 'fulfilled').map(({ value }) => value);
    const full = idle.filter(({ reason }) => reason instanceof RefusedError && reason.status === 503);

    assert.equal(taken.length, 15);
    assert.equal(full.length, 185);
    const { length } = honest.videos;
    await honest.waitFor('60 frames more', () => honest.videos.length >= length + 60, 10000);
    const ages = honest.videos.slice(length).map((v) => v.receivedUs - v.captureUs).sort((a, b) => a - b);
    assert.ok(ages[ages.length >> 1] < 50_000, `median age ${ages[ages.length >> 1] / 1000} ms`);
    assert.deepEqual(honest.gaps, []);
    for (const viewer of taken) viewer.terminate();
    await honest.close();
  });

  test('never writes a token to its log', async () => {
    await assert.rejects(open(agent, { path: `/stream?token=${agent.token}` }).then((v) => v.close().then(() => {
      throw new Error('in');
    })));
    await agent.get(`/nowhere/${agent.token}`);
    assert.ok(agent.stderr.length > 1000);
    assert.ok(!readFileSync(agent.logPath, 'utf8').includes(agent.token));
    assert.ok(!agent.stderr.includes(agent.token));
    const commandLines = agent.children().map(({ commandLine }) => commandLine).join('\n');
    assert.ok(!commandLines.includes(agent.token));
  });
});

describe('the command line', () => {
  const agentProgram = new URL('../../build/helix-agent', import.meta.url).pathname;
  const run = (args, env = {}) => spawnSync(agentProgram, args,
    { env: { PATH: process.env.PATH, HOME: '/nonexistent', ...env }, timeout: 10000, encoding: 'utf8' });

  test('refuses an address that other machines reach, and says why', () => {
    const { status, stderr } = run(['run', '--listen', '0.0.0.0:0']);
    assert.equal(status, 2);
    assert.match(stderr, /other machines could reach this.*--allow-remote/);
  });

  test('explains wrong settings wherever they come from', () => {
    assert.match(run(['--fps', '0']).stderr, /fps=0: expected a number from 1 to 240/);
    assert.match(run([], { HELIX_FPS: 'x' }).stderr, /fps=x/);
    assert.match(run(['frobnicate']).stderr, /no such command/);
    assert.match(run([], { HELIX_CONFIG: '/nonexistent' }).stderr, /nonexistent: No such file/);
    assert.match(run(['--token', 'short']).stderr, /token: expected 16 to 128/);
  });

  test('takes settings from a file of the user, which wins over the one for all', (t) => {
    const home = mkdtempSync(join(tmpdir(), 'helix-home-'));
    t.after(() => rmSync(home, { recursive: true }));
    mkdirSync(join(home, '.config'));
    writeFileSync(join(home, '.config/helix.conf'), '[stream]\nfps=20\nsize=800x600\n');
    writeFileSync(join(home, 'other.conf'), '[stream]\nbitrate=1234\n');
    const own = run(['config'], { HOME: home, HELIX_SIZE: '640x480' }).stdout;
    const named = run(['config'], { HOME: home, HELIX_CONFIG: join(home, 'other.conf') }).stdout;

    assert.match(own, /# file of the user\nfps=20\n/);
    assert.match(own, /# environment\nsize=640x480\n/);
    assert.match(named, /# file\nbitrate=1234\n/);
    assert.match(named, /# default\nfps=/);

    writeFileSync(join(home, '.config/helix.conf'), '[stream]\nfp=20\n');
    const wrong = run(['config'], { XDG_CONFIG_HOME: join(home, '.config') });
    assert.equal(wrong.status, 2);
    assert.match(wrong.stderr, /\.config\/helix\.conf:2: .*fp/);
  });

  test('prints help, version and settings', () => {
    assert.match(run(['--help']).stdout, /--listen ADDRESS:PORT/);
    assert.match(run(['--version']).stdout, /^helix-agent \d+\.\d+\.\d+\n$/);
    const config = run(['config', '--fps', '30'], { HELIX_SIZE: '800x600' });
    assert.match(config.stdout, /# command line\nfps=30/);
    assert.match(config.stdout, /# environment\nsize=800x600/);
  });

  test('says which port is taken', async (t) => {
    const agent = await startAgent({ name: 'first' });
    t.after(() => agent.stop());
    const { status, stderr } = run(['run', '--listen', `127.0.0.1:${agent.port}`]);
    assert.equal(status, 1);
    assert.match(stderr, /is taken by another program/);
  });

  test('saves a screenshot of a running desktop', async (t) => {
    const screen = testClient({ mode: 'static' });
    const agent = await startAgent({ name: 'screenshot', app: screen.command });
    t.after(async () => {
      await agent.stop();
      screen.clean();
    });
    const viewer = await connect(agent);
    await viewer.firstKeyFrame();
    const file = `${agent.directory}/shot.png`;
    const found = run(['screenshot', file], { XDG_RUNTIME_DIR: `${agent.directory}/run` });
    assert.equal(found.status, 0, found.stderr);
    const probe = execFileSync('ffprobe', ['-v', 'error', '-show_entries', 'stream=codec_name,width,height',
      '-of', 'csv=p=0', file]).toString().trim();
    assert.equal(probe, 'png,1280,720');
    const wrong = run(['screenshot', file, '--listen', `127.0.0.1:${agent.port}`],
      { HELIX_TOKEN: 'wrong-wrong-wrong-wrong' });
    assert.equal(wrong.status, 1);
    assert.match(wrong.stderr, /token is wrong/);
    await viewer.close();
  });
});
