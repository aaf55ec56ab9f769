/* The real vaapih264enc and vah264enc, over the software VA driver: they stream like any encoder,
 * and whatever a driver does wrong, the picture moves on. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { BUILD, startAgent } from '../lib/agent.mjs';
import { connect, nowUs, sp } from '../lib/client.mjs';
import { decode, decodeLast } from '../lib/decode.mjs';
import { longestPause, seesTheClient } from '../lib/moving.mjs';
import { wrongPatches } from '../lib/picture.mjs';
import { testClient } from '../lib/testclient.mjs';
import { until } from '../lib/until.mjs';
import { softwareVa } from '../lib/va.mjs';
import { inWorld } from '../lib/world.mjs';

const VAAPI = 'vaapih264enc';
const BARE = 'vaapih264enc-without-drm';
const VA = 'vah264enc';
const ROUTES = [{ name: VAAPI, node: true }, { name: BARE, node: false }, { name: VA, node: true }];

/* Called with (t): the agent, its driver and its test client end with the test. */
async function startWith(t, { name, node, faults, app, ...options }) {
  const va = softwareVa({ node, faults });
  const screen = app ?? testClient({ mode: 'animate', content: 'box', fps: 30 });
  let agent;
  t.after(async () => {
    await agent?.stop();
    screen.clean();
    va.clean();
  });
  agent = await startAgent({ name: `va-${name}`, app: screen.command, prefix: inWorld({ node }),
    ...options, env: { ...va.env, ...options.env },
    args: ['--log-level', 'debug', ...(options.args ?? ['--encoder', name])] });
  return { agent, va, screen, viewer: await connect(agent) };
}

/* One whose driver breaks, and works again. It takes a minute until that is tried, and meanwhile the
 * other tests run: so nothing moves on this desktop. */
let mended;
const cleaners = [];
before(async () => {
  mended = await startWith({ after: (clean) => cleaners.push(clean) },
    { name: BARE, node: false, app: testClient({ mode: 'idle' }) });
  const { agent, viewer, va } = mended;
  await viewer.firstKeyFrame();
  await until('the driver is known', async () => (await agent.status()).encoder.driver, 15_000);
  va.setFaults('end=error');
  viewer.requestKeyFrame();
  await viewer.waitFor('another encoder', () => viewer.stream.encoder === 'x264 (software)');
  va.setFaults('');
});
after(() => Promise.all(cleaners.map((clean) => clean())));

for (const route of ROUTES)
  describe(`through ${route.name}`, () => {
    const screen = testClient({ mode: 'animate', content: 'box', fps: 30 });
    const cleaners = [];
    let agent;
    let viewer;
    before(async () => {
      ({ agent, viewer } = await startWith({ after: (f) => cleaners.push(f) },
        { ...route, app: screen }));
      await viewer.firstKeyFrame();
    });
    after(() => Promise.all(cleaners.map((clean) => clean())));

    test('the desktop is seen in its colours, and moves', async () => {
      await seesTheClient(viewer, nowUs(), 10_000);
      await viewer.waitFor('a picture of the client', () => viewer.videos.length > 20);
      const run = viewer.run();
      const picture = await decodeLast(run, viewer.streams.get(run[0].config));
      assert.deepEqual(wrongPatches(picture, 4), []);
    });

    test('the status and the STREAM message name encoder, driver and adapter', async () => {
      const { encoder } = await until('the driver is known', async () => {
        const status = await agent.status();
        return status.encoder.driver && status;
      }, 15_000);
      assert.equal(encoder.name, route.name);
      assert.equal(encoder.element, route.name.replace('-without-drm', ''));
      assert.equal(encoder.hardware, true);
      assert.equal(encoder.faults, 0);
      assert.equal(encoder.driver, 'D3D12');
      assert.match(encoder.adapter, /Helix software VA driver/);
      const named = await viewer.waitFor('a STREAM that names the driver',
        () => [...viewer.streams.values()].find(({ encoder: text }) => /D3D12/.test(text)));
      assert.match(named.encoder, /Helix software VA driver/);
    });

    test('an asked-for key frame is the next frame', async () => {
      for (let i = 0; i < 5; i++) {
        const { length } = viewer.videos;
        viewer.requestKeyFrame(sp.KeyframeReason.DECODER_ERROR);
        await viewer.nextKeyFrame(2000);
        const frames = viewer.videos.slice(length);
        /* One may have been on its way, and requests are limited in rate. */
        assert.ok(frames.findIndex(({ isKey }) => isKey) >= 0);
      }
    });

    test('a new size needs no new connection', async () => {
      for (const [width, height] of [[1000, 640], [1280, 720]]) {
        viewer.resize(width, height);
        await viewer.waitFor(`${width}x${height}`,
          () => viewer.stream.widthPx === width && viewer.stream.heightPx === height);
        await seesTheClient(viewer, nowUs(), 10_000);
      }
      const keys = viewer.videos.filter(({ isKey }) => isKey);
      const { complaints } = await decode(viewer.run(keys.at(-1)),
        viewer.streams.get(keys.at(-1).config));
      assert.equal(complaints, '');
      assert.deepEqual(viewer.gaps, []);
    });
  });

/* What goes wrong, and within how many seconds the picture moves again. The first four strike when
 * the encoder is built anew, which a lost picture brings about. */
const HANG_S = 3;
const FAULTS = [
  { what: 'vaInitialize fails', text: 'init=error\nsync@1=error' },
  { what: 'vaCreateConfig fails', text: 'config=error\nsync@1=error' },
  { what: 'vaCreateContext fails', text: 'context=error\nsync@1=error' },
  { what: 'vaCreateSurfaces fails', text: 'surfaces=error\nsync@1=error' },
  { what: 'vaBeginPicture fails', text: 'begin=error' },
  { what: 'vaRenderPicture fails', text: 'render=error' },
  { what: 'vaEndPicture fails', text: 'end=error' },
  { what: 'vaSyncSurface fails', text: 'sync=error' },
  { what: 'vaSyncSurface never returns', text: 'sync=hang', seconds: HANG_S },
  { what: 'vaMapBuffer fails', text: 'map=error' },
  { what: 'the coded size is 0', text: 'size=zero' },
  { what: 'the driver crashes', text: 'end=crash' },
  { what: 'the device is gone for good', text: 'end=gone\ninit=error' },
];
const START_S = 2;
/* With sanitizers one route is enough: what differs between them is not our code. */
const BROKEN_ROUTES = ROUTES.filter(({ name }) => name === BARE || (name === VA && !process.env.BRIEF));
const START_FAULTS = FAULTS.filter(({ text }) => !process.env.BRIEF || /init|hang|crash/.test(text));

describe('a driver that breaks', { timeout: 600_000 }, () => {
  const table = [];
  after(() => console.log(`# ${'fault'.padEnd(32)}${'route'.padEnd(28)}pause, then\n${table.join('\n')}`));

  const note = (what, name, seconds, then) =>
    table.push(`# ${what.padEnd(32)}${name.padEnd(28)}${seconds.toFixed(2)} s, ${then}`);

  for (const route of BROKEN_ROUTES)
    for (const { what, text, seconds = 1 } of [...FAULTS, { what: 'the process is killed' }])
      test(`${what}, in the middle, through ${route.name}`, async (t) => {
        const { agent, viewer, va } = await startWith(t, route);
        await seesTheClient(viewer, nowUs(), 10_000);
        assert.equal((await agent.status()).encoder.name, route.name);
        const fromUs = nowUs();
        if (text) va.setFaults(text);
        else process.kill((await agent.child('helix-encoder')).pid, 'SIGKILL');
        const told = await viewer.waitFor('a warning', () => viewer.notices.find(
          ({ severity, receivedUs }) => severity >= sp.Severity.WARN && receivedUs > fromUs));
        await viewer.waitFor('a picture after it',
          () => viewer.videos.at(-1).receivedUs > told.receivedUs);
        await seesTheClient(viewer, nowUs(), 10_000);

        const pause = longestPause(viewer, fromUs);
        const { encoder } = await agent.status();
        note(what, route.name, pause, encoder.name);
        assert.ok(pause < seconds, `the picture stood for ${pause.toFixed(2)} s`);
        assert.deepEqual(viewer.gaps, []);
        if (encoder.name !== route.name)
          assert.ok(viewer.notices.some(({ code }) => code === sp.Notice.ENCODER_FALLBACK));
      });

  for (const { what, text, seconds = START_S } of [...START_FAULTS,
    { what: 'vaInitialize never returns', text: 'init=hang', seconds: START_S + HANG_S }])
    test(`${what}, from the start`, async (t) => {
      const fromUs = nowUs();
      const { agent, viewer } = await startWith(t,
        { name: BARE, node: false, faults: text.replace('@1', '') });
      await seesTheClient(viewer, nowUs(), 15_000);
      const first = viewer.videos[0].receivedUs;

      const { encoder } = await agent.status();
      note(what, 'from the start', (first - fromUs) / 1e6, encoder.name);
      assert.ok((first - fromUs) / 1e6 < START_S + seconds,
        `the first picture came after ${((first - fromUs) / 1e6).toFixed(2)} s`);
      assert.equal(encoder.name, 'x264enc');
    });
});

test('what works is found out in the background, remembered, and used at once the next time', async (t) => {
  const cache = mkdtempSync(join(tmpdir(), 'helix-cache-'));
  t.after(() => rmSync(cache, { recursive: true }));
  const options = { name: BARE, node: false, args: ['--fps', '30'], size: '800x600',
    env: { XDG_CACHE_HOME: cache } };

  const first = await startWith(t, options);
  await first.viewer.firstKeyFrame();
  assert.equal(first.viewer.stream.encoder, 'x264 (software)');
  await first.viewer.waitFor('the GPU takes over',
    () => /D3D12/.test(first.viewer.stream.encoder), 60_000);
  await seesTheClient(first.viewer, nowUs(), 10_000);
  assert.ok(longestPause(first.viewer, first.viewer.videos[0].receivedUs) < 1.5);
  assert.deepEqual(first.viewer.gaps, []);
  await first.agent.stop();

  const second = await startWith(t, options);
  await second.viewer.firstKeyFrame();
  assert.match(second.viewer.stream.encoder, /D3D12/);
  assert.equal((await second.agent.status()).encoder.name, BARE);
});

test('an encoder that broke is used again when it works again', async () => {
  const { agent, viewer } = mended;
  await viewer.waitFor('the GPU again', () => /D3D12/.test(viewer.stream.encoder), 120_000);

  assert.equal((await agent.status()).encoder.name, BARE);
  assert.deepEqual(viewer.gaps, []);
});

test('a GPU with a long name is shown as far as it fits', async (t) => {
  const { agent, viewer } = await startWith(t, { name: BARE, node: false, env: { SOFTVA_VENDOR:
    'Mesa Gallium driver 25.2.8 for D3D12 (NVIDIA RTX PRO 5000 Blackwell Generation Laptop GPU é)' } });
  const stream = await viewer.waitFor('a STREAM that names it',
    () => [...viewer.streams.values()].find(({ encoder }) => /NVIDIA/.test(encoder)), 20_000);
  await seesTheClient(viewer, nowUs(), 10_000);

  assert.ok(Buffer.byteLength(stream.encoder) <= 64, stream.encoder);
  assert.match((await agent.status()).encoder.adapter, /^NVIDIA RTX PRO 5000 Blackwell/);
});

test('where WSL shares a GPU that does not work, the desktop comes all the same', async (t) => {
  const screen = testClient({ mode: 'animate', content: 'box', fps: 30 });
  let agent;
  t.after(async () => {
    await agent?.stop();
    screen.clean();
  });
  agent = await startAgent({ name: 'va-wsl', app: screen.command, args: ['--log-level', 'debug'],
    prefix: inWorld({ kernel: '6.18.40.1-microsoft-standard-WSL2', dxg: true,
      wslFiles: ['libd3d12.so', 'libdxcore.so'] }) });
  const viewer = await connect(agent);
  await seesTheClient(viewer, nowUs(), 20_000);
  const { encoder } = await until('all is tried', async () => {
    const status = await agent.status();
    return !status.encoder.probing && /does not work/.test(agent.stderr) && status;
  }, 30_000);

  assert.equal(encoder.name, 'x264enc');
  const environment = readFileSync(`/proc/${(await agent.child('mutter')).pid}/environ`, 'latin1');
  assert.match(environment, /\0GALLIUM_DRIVER=llvmpipe\0/);
  assert.deepEqual(viewer.gaps, []);
});

test('without DRM, the stock driver of Mesa comes as far as loading libd3d12.so', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'helix-strace-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const trace = join(directory, 'trace');
  const rest = Object.fromEntries(Object.entries(process.env)
    .filter(([name]) => !/^(HELIX_|DISPLAY$|WAYLAND_DISPLAY$)/.test(name)));
  const [shell, ...words] = inWorld({ kernel: '6.18.40.1-microsoft-standard-WSL2', dxg: true,
    wslFiles: ['libd3d12.so', 'libdxcore.so'] });
  const run = spawnSync(shell, [...words, 'strace', '-f', '-e', 'trace=open,openat', '-o', trace,
    process.env.HELIX_AGENT ?? join(BUILD, 'helix-agent'), 'encoders', '--encoder', BARE, '--json'], {
    encoding: 'utf8', timeout: 120_000,
    env: { ...rest, XDG_CACHE_HOME: directory },
  });
  assert.equal(run.error, undefined);
  const opened = readFileSync(trace, 'utf8').split('\n');
  const said = `${run.stdout}${run.stderr}`;
  assert.ok(opened.some((line) => line.includes('d3d12_drv_video.so')),
    `the VA driver is loaded: ${said}`);
  assert.ok(opened.some((line) => line.includes('libd3d12.so')), `and asks for libd3d12.so: ${said}`);
});
