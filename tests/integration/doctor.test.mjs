/* `helix-agent doctor` on machines of many kinds: what it says is right, and tells what to do. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { BUILD } from '../lib/agent.mjs';
import { softwareVa } from '../lib/va.mjs';
import { inWorld } from '../lib/world.mjs';

const HARDWARE = 0;
const SOFTWARE = 3;
const FIXED = /^(HELIX_|GST_|LIBVA_|DISPLAY$|WAYLAND_DISPLAY$|XDG_CACHE_HOME$|GALLIUM_DRIVER$)/;

/* The page as one line, so that its line breaks do not matter. */
const flat = (text) => text.replace(/\s+/g, ' ');

function run(t, command, { world = {}, va, env = {}, args = [] } = {}) {
  const cache = mkdtempSync(join(tmpdir(), 'helix-doctor-'));
  t.after(() => rmSync(cache, { recursive: true, force: true }));
  const driver = va && softwareVa(va);
  if (driver) t.after(() => driver.clean());
  const program = process.env.HELIX_AGENT ?? join(BUILD, 'helix-agent');
  const [shell, ...words] = inWorld(world);
  const { status, stdout, stderr, error } = spawnSync(shell,
    [...words, program, command, '--listen', '127.0.0.1:0', ...args], {
      encoding: 'utf8', timeout: 60_000,
      env: { ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !FIXED.test(name))),
        XDG_CACHE_HOME: cache, ...driver?.env, ...env },
    });
  assert.equal(error, undefined);
  return { status, page: stdout, text: flat(stdout), stderr };
}

function pluginsWithout(t, left) {
  const directory = mkdtempSync(join(tmpdir(), 'helix-plugins-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const from = ['x86_64', 'aarch64'].map((cpu) => `/usr/lib/${cpu}-linux-gnu/gstreamer-1.0`)
    .find((path) => { try { return readdirSync(path).length > 0; } catch { return false; } });
  for (const name of readdirSync(from).filter((file) => file.endsWith('.so') && file !== left))
    symlinkSync(join(from, name), join(directory, name));
  return directory;
}

test('a machine without a GPU', (t) => {
  const { status, text, stderr } = run(t, 'doctor');

  assert.equal(status, SOFTWARE, stderr);
  assert.match(text, /x264enc: works, p50 [\d.]+ ms, p95 [\d.]+ ms, \d+ pictures a second/);
  assert.match(text, /openh264enc: works/);
  assert.match(text, /vaapih264enc-without-drm: not tried: \/dev\/dxg is not there: this is not WSL2 with a GPU/);
  assert.match(text, /nvh264enc: not tried: libnvidia-encode is not there/);
  assert.match(text, /GStreamer 1\.\d+\.\d+/);
  assert.match(text, /Helix can stream a desktop from this machine, encoded by the CPU \((open|x)\w*264enc, [\d.]+ ms a picture\); the GPU is not used because [^.]*no render node/);
});

test('a node whose driver encodes', (t) => {
  const { status, text, stderr } = run(t, 'doctor', { world: { node: true }, va: { node: true } });

  assert.equal(status, HARDWARE, stderr);
  assert.match(text, /vaapih264enc: works.* D3D12 \(Helix software VA driver\)/);
  assert.match(text, /vah264enc: works/);
  assert.match(text, /Helix can stream a desktop from this machine, encoded by the GPU/);
});

test('without the vaapi plugin of GStreamer', (t) => {
  const directory = pluginsWithout(t, 'libgstvaapi.so');
  const { status, text } = run(t, 'doctor', { world: { node: true }, va: { node: true },
    env: { GST_PLUGIN_SYSTEM_PATH_1_0: directory } });

  assert.equal(status, HARDWARE, 'vah264enc is another plugin');
  assert.match(text, /vaapih264enc: does not work: GStreamer's plugin vaapi is not installed -> apt install gstreamer1\.0-vaapi/);
});

test('a driver that does not start', (t) => {
  const { status, text } = run(t, 'doctor', { world: { node: true },
    va: { node: true, faults: 'init=error' } });

  assert.equal(status, SOFTWARE);
  assert.match(text, /vaapih264enc: does not work: libva cannot start the driver for \/dev\/dri\/renderD128/);
  assert.match(text, /the GPU is not used because vaapih264enc does not work: libva cannot start the driver/);
  assert.match(text, /What may help: /);
});

test('a driver that loses pictures, and one that crashes', (t) => {
  const losing = run(t, 'encoders', { va: { node: false, faults: 'sync@5-=error' } });
  assert.equal(losing.status, SOFTWARE);
  assert.match(losing.text, /vaapih264enc-without-drm fail\w*:? .*loses pictures|vaapih264enc-without-drm .*lost/);

  const crashing = run(t, 'encoders', { va: { node: false, faults: 'end@3=crash' } });
  assert.equal(crashing.status, SOFTWARE);
  /* A helix-encoder with AddressSanitizer ends by itself. */
  assert.match(crashing.text, /SIGSEGV|ABORTING/);
});

test('WSL whose kernel has no DRM, and whose D3D12 does not start', (t) => {
  const { status, text } = run(t, 'doctor', { world: { dxg: true,
    kernel: '6.18.40.1-microsoft-standard-WSL2', wslFiles: ['libd3d12.so', 'libdxcore.so'],
    wslinfo: { version: '2.9.8.0', networking: 'mirrored' } } });

  assert.equal(status, SOFTWARE);
  assert.match(text, /WSL 2\.9\.8\.0, networking mirrored, kernel 6\.18\.40\.1-microsoft-standard-WSL2/);
  assert.match(text, /\/dev\/dxg and libd3d12\.so are there: Windows shares its GPU/);
  assert.match(text, /this kernel has no vgem; Helix reaches D3D12 without it/);
  assert.match(text, /vaapih264enc-without-drm: does not work: libva cannot start the driver for \/dev\/null/);
  assert.match(text, /the CPU draws the desktop: D3D12 does not work/);
  assert.match(text, /What may help: update the Windows graphics driver/);
});

test('WSL that is given no GPU', (t) => {
  const { status, text } = run(t, 'doctor', { world: { kernel: '6.6.87.2-microsoft-standard-WSL2',
    wslinfo: { version: '2.5.10.0', networking: 'nat' } } });

  assert.equal(status, SOFTWARE);
  assert.match(text, /\/dev\/dxg is missing: Windows shares no GPU with this WSL/);
  assert.match(text, /the GPU is not used because Windows shares no GPU with this WSL: \/dev\/dxg is missing/);
});

test('no encoder at all', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'helix-plugins-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  mkdirSync(join(directory, 'empty'));
  const { status, text } = run(t, 'doctor',
    { env: { GST_PLUGIN_SYSTEM_PATH_1_0: join(directory, 'empty') } });

  assert.equal(status, 1);
  assert.match(text, /Helix cannot stream a desktop from this machine/);
  assert.match(text, /apt install gstreamer1\.0-plugins-ugly/);
});

test('for programs there is JSON, which says the same', (t) => {
  const { status, page } = run(t, 'doctor', { world: { node: true }, va: { node: true },
    args: ['--json'] });
  const report = JSON.parse(page);
  const { page: encoders } = run(t, 'encoders', { args: ['--json'] });

  assert.equal(status, HARDWARE);
  assert.ok(JSON.stringify(report).includes('encoded by the GPU'));
  assert.ok(JSON.stringify(JSON.parse(encoders)).includes('x264enc'));
});

test('adapters names the nodes', (t) => {
  const none = run(t, 'adapters');
  const one = run(t, 'adapters', { world: { node: true } });

  assert.equal(none.status, 1);
  assert.equal(one.status, 0);
  assert.match(one.text, /\/dev\/dri\/renderD128/);
});
