import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { decode } from './decode.mjs';
import { until, within } from './until.mjs';
import { FAKE_NODE, softwareVa } from './va.mjs';

const size = { width: 1280, height: 720 };
const FRAMES = 60;
const RUN_MS = 30000;

const VAAPI = 'vaapih264enc rate-control=cbr bitrate=4000 keyframe-period=30000';
const VA = 'vah264enc rate-control=cbr bitrate=4000 key-int-max=1024 ref-frames=1';

/* A private world for each test: what GStreamer remembers of drivers would outlive a fault. */
function world(t, options) {
  const va = softwareVa({ node: true, ...options });
  const directory = mkdtempSync(join(tmpdir(), 'helix-va-test-'));
  t.after(() => {
    va.clean();
    rmSync(directory, { recursive: true, force: true });
  });
  const { DISPLAY, WAYLAND_DISPLAY, ...inherited } = process.env;
  const env = { ...inherited, ...va.env, GST_REGISTRY: join(directory, 'registry'),
    GST_VAAPI_DRM_DEVICE: FAKE_NODE, XDG_RUNTIME_DIR: directory };
  return { va, env, output: join(directory, 'out.h264') };
}

/* Start a program; {child, ended}, of which `ended` gives {code, signal, words}. */
function start(t, [program, ...args], env) {
  const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  t.after(() => child.kill('SIGKILL'));
  const words = Promise.all([text(child.stdout), text(child.stderr)]);
  const ended = once(child, 'close')
    .then(async ([code, signal]) => ({ code, signal, words: (await words).join('') }));
  return { child, ended };
}

const run = (t, command, env) => within(start(t, command, env).ended, RUN_MS, command[0]);

const pipeline = (encoder, output, { frames = FRAMES, source = 'videotestsrc' } = {}) =>
  ['gst-launch-1.0', '-q', ...source.split(' '), `num-buffers=${frames}`, '!',
    `video/x-raw,format=NV12,width=${size.width},height=${size.height},framerate=60/1`, '!',
    ...encoder.split(' '), '!', 'video/x-h264,stream-format=byte-stream', '!',
    'filesink', `location=${output}`];

/* The types of the NAL units, and how many pictures they are. */
function readUnits(path) {
  const stream = readFileSync(path);
  const types = [];
  let pictures = 0;
  for (let at = stream.indexOf('\0\0\x01'); at >= 0; at = stream.indexOf('\0\0\x01', at + 3)) {
    const type = stream[at + 3] & 31;
    types.push(type);
    /* first_mb_in_slice is 0: the one bit of that Exp-Golomb code is set. */
    if ((type === 1 || type === 5) && stream[at + 4] & 0x80) pictures++;
  }
  return { stream, types, pictures };
}

for (const encoder of [VAAPI, VA])
  test(`${encoder.split(' ')[0]} encodes every picture on a node that is not there`, async (t) => {
    const { va, env, output } = world(t);

    const { code, words } = await run(t, pipeline(encoder, output), env);

    assert.equal(code, 0, words);
    const { stream, types, pictures } = readUnits(output);
    assert.equal(pictures, FRAMES);
    assert.equal((await decode([stream], size)).count, FRAMES);
    assert.deepEqual(va.frames().map(({ type }) => type),
      ['IDR', ...Array(FRAMES - 1).fill('P')]);
    assert.deepEqual(types.filter((type) => type === 7), [7], 'one SPS');
  });

test('the SPS is written once, and with every IDR where that is asked for', async (t) => {
  const often = 'vaapih264enc rate-control=cbr bitrate=4000 keyframe-period=10';
  const { env, output } = world(t);
  const sets = ({ types }) => [5, 7, 8].map((type) => types.filter((it) => it === type).length);

  await run(t, pipeline(often, output), env);
  const mesa = sets(readUnits(output));
  await run(t, pipeline(often, output), { ...env, SOFTVA_HEADERS: 'idr' });
  const each = sets(readUnits(output));
  await run(t, pipeline(often, output), { ...env, SOFTVA_HEADERS: 'pps' });
  const pps = sets(readUnits(output));

  assert.deepEqual({ mesa, each, pps },
    { mesa: [6, 1, 6], each: [6, 6, 6], pps: [6, 1, FRAMES] });
});

test('the bitrate holds within 15 % over each second of a demanding picture', async (t) => {
  const { va, env, output } = world(t);
  const source = 'videotestsrc pattern=zone-plate kx2=20 ky2=20 kt=20';

  const { code, words } = await run(t, pipeline(VAAPI, output, { frames: 180, source }), env);

  assert.equal(code, 0, words);
  const bytes = va.frames().map((frame) => frame.bytes);
  for (let second = 0; second < 3; second++) {
    const kbit = bytes.slice(second * 60, second * 60 + 60)
      .reduce((sum, one) => sum + one, 0) * 8 / 1000;
    assert.ok(Math.abs(kbit - 4000) < 600, `second ${second}: ${kbit} kbit`);
  }
});

test('vaapih264enc loses a picture without a word when vaSyncSurface fails', async (t) => {
  const { va, env, output } = world(t, { faults: 'sync@30=error' });

  const { code, words } = await run(t, pipeline(VAAPI, output), env);

  assert.equal(code, 0, words);
  assert.equal(words, '');
  assert.equal(readUnits(output).pictures, FRAMES - 1);
  assert.equal(va.frames().length, FRAMES);
  const [fault, ...others] = va.events('fault').map(({ call, count, action }) =>
    ({ call, count, action }));
  assert.deepEqual(fault, { call: 'sync', count: 30, action: 'error' });
  assert.deepEqual(others, []);
});

test('vah264enc stops with an error when vaSyncSurface fails', async (t) => {
  const { env, output } = world(t, { faults: 'sync@30=error' });

  const { code, words } = await run(t, pipeline(VA, output), env);

  assert.notEqual(code, 0);
  assert.match(words, /ERROR/);
  assert.equal(readUnits(output).pictures, FRAMES / 2 - 1);
});

test('there is no element where the driver does not start', async (t) => {
  for (const encoder of [VAAPI, VA]) {
    const { va, env, output } = world(t, { faults: 'init=error' });

    const { code, words } = await run(t, pipeline(encoder, output), env);

    assert.notEqual(code, 0);
    assert.match(words, new RegExp(`no element "${encoder.split(' ')[0]}"`));
    assert.ok(va.events('fault').length > 0, 'the driver was asked');
  }
});

test('a device that is gone stays gone for later programs until somebody repairs it', async (t) => {
  const { va, env, output } = world(t, { faults: 'end@10=gone' });

  const broken = await run(t, pipeline(VAAPI, output), env);
  const left = va.faults.split(/\s+/);
  const later = await run(t, pipeline(VAAPI, output), { ...env, GST_REGISTRY: `${output}.later` });
  va.setFaults('');
  const repaired = await run(t, pipeline(VAAPI, output),
    { ...env, GST_REGISTRY: `${output}.repaired` });

  assert.notEqual(broken.code, 0);
  assert.deepEqual(left, ['end@10=gone', 'init=gone']);
  assert.match(later.words, /no element "vaapih264enc"/);
  assert.equal(repaired.code, 0, repaired.words);
  assert.equal(readUnits(output).pictures, FRAMES);
});

test('a fault comes into a program that runs, and goes again', async (t) => {
  const { va, env, output } = world(t);
  const { child } = start(t,
    pipeline(VAAPI, output, { frames: 100000, source: 'videotestsrc is-live=true' }), env);
  const pictures = () => va.frames().length;
  const faults = () => va.events('fault').length;

  await until('pictures', () => pictures() >= 5, RUN_MS);
  va.setFaults('size=zero');
  await until('empty pictures', () => va.frames().at(-1).bytes === 0);
  va.setFaults('');
  await until('pictures again', () => va.frames().at(-1).bytes > 0);
  const before = faults();
  va.setFaults('sync@3=hang');
  await until('one hangs', () => faults() > before);

  assert.deepEqual(va.events('fault').at(-1),
    { event: 'fault', pid: child.pid, call: 'sync', count: 3, action: 'hang' });
});

test('a driver may take its program with it', async (t) => {
  for (const [action, end] of [['crash', { code: null, signal: 'SIGSEGV' }],
    ['exit', { code: 1, signal: null }]]) {
    const { env, output } = world(t, { faults: `begin@5=${action}` });

    /* gst-launch would catch its own crash, and wait for a debugger. */
    const [program, ...args] = pipeline(VAAPI, output);
    const { code, signal } = await run(t, [program, '--no-fault', ...args], env);

    assert.deepEqual({ code, signal }, end);
  }
});

test('what is not a fault is named and left out', async (t) => {
  const wrong = ['sink=error', 'sync@0=error', 'sync@9-3=error', 'sync=zero', 'size=error',
    'end@=error', 'end=0', 'end=never', `end=${'x'.repeat(200)}`];
  const { env, output } = world(t);

  const { code, words } = await run(t, pipeline(VAAPI, output),
    { ...env, SOFTVA_FAULT: [...wrong, 'sync@60=error'].join(',') });

  assert.equal(code, 0);
  for (const one of wrong)
    assert.ok(words.includes(`not a fault, CALL[@FROM[-[TO]]]=ACTION: ${one}`), one);
  assert.equal(readUnits(output).pictures, FRAMES - 1);
});

test('programs that are not meant see no node', async (t) => {
  const { env } = world(t);
  const see = ['sh', '-c', `: < ${FAKE_NODE}`];

  const stranger = await run(t, see, env);
  const meant = await run(t, see, { ...env, FAKE_NODE_PROGRAMS: 'cat,sh' });

  assert.notEqual(stranger.code, 0);
  assert.equal(meant.code, 0, meant.words);
});
