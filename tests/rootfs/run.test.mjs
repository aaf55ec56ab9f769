/* The image runs: entered as WSL would, a viewer outside gets pictures and types. Figures are printed.
 * ROOTFS_PROFILE: desktop instead of minimal. Takes root. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, test } from 'node:test';
import { connect } from '../lib/client.mjs';
import { descendants, isAlive, sampleTree } from '../lib/processes.mjs';
import { until, within } from '../lib/until.mjs';
import { openImage, TOP } from './image.mjs';

const profile = process.env.ROOTFS_PROFILE ?? 'minimal';
const START_MS = 60000;
const TRIES = 20;
const SHOTS = join(TOP, 'build/test-shots');

const AGENT = {
  minimal: ['helix-agent', 'run', '--leash', '--session', 'mutter', '--app', 'foot', '--listen', '127.0.0.1:0'],
  desktop: ['helix-agent', 'run', '--leash', '--app', 'gnome-terminal', '--listen', '127.0.0.1:0'],
}[profile];

/* What it should not leave behind is listed. */
const SCRIPT = `echo exec >&2; "$@"; code=$?; ls -d /tmp/helix-?????? >&2; exit $code`;

const seconds = (from, to) => `${((to - from) / 1000).toFixed(2)} s`;

describe(`the ${profile} image`, () => {
  const image = openImage(profile);
  const times = {};
  let child, ready, viewer, log = '';

  before(async () => {
    times.wsl = performance.now();
    /* WSL does not wait for the boot command. Here it comes very late. */
    child = image.start(['sh', '-c', SCRIPT, 'sh', ...AGENT], { boots: false });
    child.stderr.setEncoding('utf8').on('data', (text) => {
      if (!log) times.exec = performance.now();
      log += text;
    });
    createInterface({ input: child.stdout }).on('line', (line) => {
      ready = JSON.parse(line);
      times.ready = performance.now();
    });
    await until('the ready line', () => ready, START_MS).catch((error) => {
      throw new Error(`${error.message}; ${log}`);
    });
    viewer = await connect(ready);
    await viewer.firstKeyFrame(START_MS);
    times.picture = performance.now();
  });

  after(() => child.kill('SIGKILL'));

  test('shows its desktop', async () => {
    console.log(`from exec to the ready line ${seconds(times.exec, times.ready)}, ` +
      `to the first picture ${seconds(times.exec, times.picture)}`);
    assert.equal(viewer.stream.widthPx, 1280);
  });

  test('is not disturbed by the boot command, whenever and how often that comes', () => {
    const agent = descendants(child.pid).find(({ name }) => name === 'helix-agent');
    const asRoot = (script) => execFileSync('nsenter', ['--target', String(agent.pid), '--mount', '--root', '--pid',
      '--wdns=/', 'sh', '-euc', script], { encoding: 'utf8' });
    const files = () => asRoot('cd /tmp && find . ! -type s | sort').trim().split('\n');
    const boot = () => asRoot('/usr/libexec/helix-wsl/boot; cat /etc/machine-id');
    const missing = () => {
      const there = files();
      return before.filter((path) => !there.includes(path));
    };
    const before = files();
    /* Of a desktop that was cut off; and ours, as if the clock had jumped since it started. */
    asRoot(`mkdir -p /tmp/helix-before/deep; touch /tmp/.X90-lock
      touch -d '1 hour ago' /tmp/helix-?????? /tmp/.X90-lock`);

    const id = boot();
    assert.match(id, /^[0-9a-f]{32}\n$/);
    assert.deepEqual(missing(), []);
    assert.ok(before.some((path) => /^\.\/helix-\w{6}$/.test(path)));
    assert.deepEqual(files().filter((path) => /before|X90/.test(path)), []);
    assert.equal(boot(), id);
    assert.deepEqual(missing(), []);
  });

  test('takes what is typed, as the user of the image', async () => {
    /* The image's own files, as its processes see them. */
    const inside = descendants(child.pid).find(({ name }) => name === 'helix-agent');
    const file = `/proc/${inside.pid}/root/home/helix/typed`;

    const typed = () => existsSync(file) && readFileSync(file, 'utf8');

    /* What is typed before the shell is there, or before its window has the keyboard, is lost. */
    for (let i = 0; i < TRIES && !typed(); i++) {
      viewer.type('id -un > typed; fc-list : family | sort | head; helix-agent --version\n');
      await until('the file', typed, 2000).catch(() => {});
    }

    assert.equal(typed(), 'helix\n');
  });

  test('gives a screenshot', async () => {
    const shown = viewer.videos.length;
    viewer.type('\n');
    await viewer.waitFor('a picture of it', () => viewer.videos.length > shown + 2);

    const agent = descendants(child.pid).find(({ name }) => name === 'helix-agent');
    const png = execFileSync('nsenter', ['--target', String(agent.pid), '--mount', '--root', 'env',
      `HELIX_TOKEN=${ready.token}`, 'helix-agent', 'screenshot', '-', '--listen', `127.0.0.1:${ready.port}`]);

    mkdirSync(SHOTS, { recursive: true });
    writeFileSync(join(SHOTS, `rootfs-${profile}.png`), png);
    assert.equal(png.toString('latin1', 1, 4), 'PNG');
  });

  test('costs memory', () => {
    const { processes, pssBytes } = sampleTree(child.pid);
    const megabytes = (bytes) => `${(bytes / (1 << 20)).toFixed(1).padStart(7)} MB`;

    for (const { name, pssBytes: pss } of [...processes].sort((a, b) => b.pssBytes - a.pssBytes))
      console.log(`${megabytes(pss)}  ${name}`);
    console.log(`${megabytes(pssBytes)}  together (PSS), ${processes.length} processes`);
    assert.ok(processes.some(({ name }) => name === 'helix-encoder'));
  });

  test('ends with the leash and leaves no process', async () => {
    const processes = descendants(child.pid);
    const exited = once(child, 'exit');

    child.stdin.end();
    const [code] = await within(exited, 10000, 'the end');

    assert.equal(code, 0, log);
    assert.doesNotMatch(log, /^\/tmp\/helix-/m);
    await until('all processes are gone', () => !processes.some(isAlive), 5000);
  });
});

test('the boot command hides vgem from the compositor, and nothing else', () => {
  const script = `mount -t tmpfs tmpfs /sys
    for device in vgem:card0 vgem:renderD128 amdgpu:card1 amdgpu:renderD129; do
      mkdir -p /sys/devices/\${device%:*} /sys/class/drm/\${device#*:}
      ln -s ../../../devices/\${device%:*} /sys/class/drm/\${device#*:}/device
    done
    mkdir /sys/class/drm/card0-HDMI-A-1
    /usr/libexec/helix-wsl/boot
    cd /run/udev/data && grep -r . | sort`;
  const { stdout, status } = openImage(profile).run(['sh', '-euc', script], { user: 'root' });

  assert.equal(status, 0);
  assert.equal(stdout, ['0:G', '0:Q', '128:G', '128:Q'].map((entry) => `c226:${entry}`)
    .map((entry) => entry.replace(/:([GQ])/, ':$1:mutter-device-ignore\n')).join(''));
});
