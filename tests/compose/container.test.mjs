/* The container runs: built by buildah, started with what compose.yaml asks for, seen and typed into in a
 * Chromium outside. Figures are printed. COMPOSE_PROFILE: desktop instead of minimal, which is what people
 * get who do not say. Takes root, and `make rootfs` of that profile. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { launchChromium, openPage, readPicture, typeByKeys } from '../lib/chromium.mjs';
import { connect } from '../lib/client.mjs';
import { average } from '../lib/picture.mjs';
import { besides, pssBytes } from '../lib/processes.mjs';
import { until, within } from '../lib/until.mjs';
import { merged, podmanArguments, TOP } from './compose.mjs';
import { NODE_GROUP, startEngine } from './engine.mjs';
import { openTerminal } from './gnome.mjs';

const START_MS = 60000;
const END_MS = 20000;
const TRIES = 20;
const TOKEN = 'test-token-0123456789';
const NO_CAPABILITY = '0'.repeat(16);
const SHOTS = join(TOP, 'build/test-shots');

const profile = process.env.COMPOSE_PROFILE ?? 'minimal';
const MANIFEST = join(TOP, 'build/rootfs', { minimal: 'manifest-minimal.json', desktop: 'manifest.json' }[profile]);
const COMPOSITOR = { minimal: 'mutter', desktop: 'gnome-shell' }[profile];
/* As the kernel calls them. */
const TERMINAL = { minimal: 'foot', desktop: 'gnome-terminal-' }[profile];

const FIREFOX_MS = 120000;
const GREEN = [0, 255, 0];

const seconds = (milliseconds) => `${(milliseconds / 1000).toFixed(2)} s`;

/* A port that was free a moment ago. */
async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/* Local addresses that listen on this port, as the kernel writes them. */
function listeners(port) {
  const LISTEN = '0A';
  return ['tcp', 'tcp6'].flatMap((file) => readFileSync(`/proc/net/${file}`, 'utf8').trim().split('\n').slice(1))
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local, , state]) => state === LISTEN && parseInt(local.split(':')[1], 16) === port)
    .map(([, local]) => local.split(':')[0]);
}

const taskCount = (pid) => {
  try {
    return readdirSync(`/proc/${pid}/task`).length;
  } catch {
    return 0; /* it ended */
  }
};

if (!existsSync(MANIFEST)) throw new Error(`there is no ${profile} image yet: make rootfs PROFILE=${profile}`);
const manifest = JSON.parse(readFileSync(MANIFEST));

describe(`the container of the ${profile} image`, () => {
  let engine, token, port;

  /* Options for `podman run`. `change`: other values for keys of the service. */
  function options({ files = ['compose.yaml'], secret = token, change = {}, env = {} } = {}) {
    const project = merged(files, { HELIX_PORT: String(port), ...env });
    return podmanArguments({ ...project, service: { ...project.service, ...change } }, { token: secret });
  }

  const exec = (name, ...words) => engine.podman(['exec', name, ...words]);
  const shell = (name, script) => exec(name, 'sh', '-c', script);
  const hostPidOf = (name) => Number(engine.podman(['inspect', '--format', '{{.State.Pid}}', name]).stdout);
  const agent = () => ({ port, token: TOKEN, url: `http://127.0.0.1:${port}/#token=${TOKEN}` });

  /** Start one, and wait for its first picture. */
  async function start(name, words) {
    const container = engine.run(name, words);
    let viewer;
    try {
      await until('the agent answers', () => fetch(`http://127.0.0.1:${port}/healthz`).then(({ ok }) => ok), START_MS);
      viewer = await connect(agent());
      await viewer.firstKeyFrame(START_MS);
    } catch (error) {
      error.message += `; ${container.log}`;
      throw error;
    } finally {
      await viewer?.close();
    }
    container.pictureAfter = performance.now() - container.startedAt;
    return container;
  }

  async function stop(container) {
    const { status, stderr } = engine.podman(['stop', container.name]);
    assert.equal(status, 0, stderr);
    return within(container.exited, END_MS, 'the end');
  }

  /* Type a line until it has done what it is for: before the shell reads, or before its window has the
   * keyboard, it is lost. */
  async function typeUntil(page, line, isDone) {
    for (let i = 0; i < TRIES && !isDone(); i++) {
      await typeByKeys(page, `${line}\n`);
      await until('the line', isDone, 2000).catch(() => {});
    }
    assert.ok(isDone(), `${line} was not done`);
  }

  async function screenshot(page, name) {
    mkdirSync(SHOTS, { recursive: true });
    await page.screenshot({ path: join(SHOTS, `compose-${profile}${name}.png`) });
  }

  before(async () => {
    engine = await startEngine();
    port = await freePort();
    token = engine.file('token', `${TOKEN}\n`, 0o644);
    const begin = performance.now();
    const { status, stderr } = engine.buildah(['build', '--isolation', 'chroot', '--format', 'docker',
      '--build-arg', `HELIX_ROOTFS=${manifest.url}`, '--file', join(TOP, 'compose/Dockerfile'), '--tag', 'helix', TOP]);
    assert.equal(status, 0, stderr);
    const [image] = JSON.parse(engine.buildah(['images', '--json', 'helix']).stdout);
    console.log(`built from ${(manifest.size / 1e6).toFixed(0)} MB in ${seconds(performance.now() - begin)}; ` +
      `the image has ${image.size}`);
  });

  after(() => engine?.stop());

  test('has in its image what an engine reads', () => {
    const { config } = JSON.parse(engine.buildah(['inspect', '--type', 'image', 'helix']).stdout).Docker;

    assert.equal(config.User, '1789');
    assert.deepEqual(config.Entrypoint, ['helix-container']);
    assert.deepEqual(config.Cmd, ['run']);
    assert.deepEqual(Object.keys(config.ExposedPorts), ['7878/tcp']);
    assert.deepEqual(config.Healthcheck.Test, merged(['compose.yaml']).service.healthcheck.test);
    assert.equal(config.Labels['org.opencontainers.image.version'], manifest.version);
    assert.doesNotMatch(JSON.stringify(config.Env), /TOKEN/);
  });

  describe('with compose.yaml', () => {
    const NAME = 'cpu';
    let container, browser, page;

    before(async () => {
      container = await start(NAME, [...options(), 'helix']);
      console.log(`from podman run to the first picture ${seconds(container.pictureAfter)}`);
      if (profile === 'desktop')
        await openTerminal(agent(), () => exec(NAME, 'pgrep', '-x', 'bash').status === 0);
      browser = await launchChromium();
      page = await openPage(browser, agent());
    });

    after(async () => {
      await browser?.close();
      engine.removeContainers();
    });

    test('takes what is typed in Chromium, as a user who is not root', async () => {
      const typed = () => exec(NAME, 'cat', '/home/helix/typed').stdout;

      await typeUntil(page, 'id -u > typed; clear; id; helix-agent --version', typed);
      await screenshot(page, '');

      assert.equal(typed(), '1789\n');
      assert.deepEqual(page.problems, []);
    });

    test('may do what a desktop needs, and no more', () => {
      const { stdout, stderr } = shell(NAME, `
        grep -E "^(CapEff|CapBnd|NoNewPrivs|Seccomp):" /proc/1/status
        for d in /home/helix /tmp /run /var/tmp /dev/shm; do touch $d/x || echo not $d; done
        stat -c %a $XDG_RUNTIME_DIR
        df --output=size -m /dev/shm | tail -1
        cp /bin/true /tmp/true; /tmp/true`);

      assert.deepEqual(stdout.trim().split('\n').map((line) => line.trim().replace(/\s+/, ' ')),
        [`CapEff: ${NO_CAPABILITY}`, `CapBnd: ${NO_CAPABILITY}`, 'NoNewPrivs: 1', 'Seccomp: 2', '700', '512']);
      assert.match(stderr, /\/tmp\/true: Permission denied/);
      const root = engine.podman(['exec', '--user', '0', NAME, 'touch', '/x', '/etc/x', '/usr/bin/x']);
      assert.deepEqual(root.stderr.match(/Read-only file system/g)?.length, 3, root.stderr);
    });

    test('listens on the loopback of this machine only, and asks for the token', async () => {
      assert.deepEqual(listeners(port), ['0100007F']);
      assert.equal((await fetch(`http://127.0.0.1:${port}/api/status`)).status, 401);
    });

    test('keeps its token out of the log, of command lines and of the session', () => {
      const { stdout } = shell(NAME, `
        cat /proc/[0-9]*/cmdline | tr "\\0" "\\n" | grep test[-]token
        for p in $(pgrep -x "bash|${TERMINAL}|${COMPOSITOR}|helix-encoder"); do
          echo "$(cat /proc/$p/comm) $(tr "\\0" "\\n" </proc/$p/environ | grep -c ^HELIX_TOKEN=)"
        done`);

      assert.deepEqual([...new Set(stdout.trim().split('\n'))].sort(),
        ['bash', TERMINAL, 'helix-encoder', COMPOSITOR].map((name) => `${name} 0`).sort());
      assert.doesNotMatch(container.log, /test-token/);
      assert.doesNotMatch(engine.podman(['inspect', NAME]).stdout, /test-token/);
    });

    test('is examined by doctor, which knows that it is a container', () => {
      const { status, stdout } = exec(NAME, 'helix-agent', 'doctor');

      assert.equal(status, 3, stdout);
      assert.match(stdout, /this is a container: it has only the devices that it was given/);
      assert.match(stdout, /encoded by the CPU .* because this container was given no GPU/);
    });

    test('gives a screenshot without being told the token', () => {
      const { stdout } = engine.podman(['exec', NAME, 'helix-agent', 'screenshot', '-'], { raw: true });

      writeFileSync(join(SHOTS, `compose-${profile}-agent.png`), stdout);
      assert.equal(stdout.toString('latin1', 1, 4), 'PNG');
    });

    if (profile === 'desktop')
      test('shows a page in Firefox', async () => {
        shell(NAME, `echo '<!doctype html><title>green</title><body style="background:lime">' > green.html`);
        const shown = async () => {
          const picture = await readPicture(page);
          const colour = average(picture, picture.width / 4, picture.height / 4, picture.width / 2, picture.height / 2);
          return colour.every((value, i) => Math.abs(value - GREEN[i]) < 16);
        };
        const begin = performance.now();
        await typeUntil(page, 'firefox-esr --kiosk green.html &',
          () => exec(NAME, 'pgrep', '-f', 'green[.]html').status === 0);
        try {
          await until('the page is green', shown, FIREFOX_MS);
        } finally {
          await screenshot(page, '-firefox');
        }
        console.log(`Firefox shows its page after ${seconds(performance.now() - begin)}`);
      });

    /* Cgroups are not there to hold it to them. What is in its tmpfs counts, too. */
    test('stays far below its limits', () => {
      const { mem_limit: memory, pids_limit: pids } = merged(['compose.yaml']).service;
      const pid = hostPidOf(NAME);
      const all = besides(pid);
      const tasks = all.reduce((sum, { pid: each }) => sum + taskCount(each), 0);
      const used = all.reduce((sum, { pid: each }) => sum + pssBytes(each), 0) + shell(NAME,
        'df --output=used --block-size=1 /tmp /run /var/tmp').stdout.trim().split('\n').slice(1)
        .reduce((sum, line) => sum + Number(line), 0);

      console.log(`${all.length} processes, ${tasks} threads, ${(used / 2 ** 20).toFixed(0)} MB`);
      assert.ok(used > 50 * 2 ** 20 && used < memory / 2, `${used} of ${memory} bytes`);
      assert.ok(tasks > 10 && tasks < pids / 2, `${tasks} of ${pids} threads`);
    });

    test('is healthy while there is a desktop', async () => {
      const health = () => engine.podman(['healthcheck', 'run', NAME]).status;
      const inside = (...words) =>
        execFileSync('nsenter', ['--target', String(hostPidOf(NAME)), '--mount', '--pid', ...words]);

      assert.equal(health(), 0);
      inside('mount', '--bind', '/usr/bin/false', `/usr/bin/${COMPOSITOR}`);
      exec(NAME, 'pkill', '-KILL', '-x', COMPOSITOR);
      await until('it notices', () => health() === 1);
      const { status, stdout } = exec(NAME, 'helix-container', 'health');
      assert.equal((await fetch(`http://127.0.0.1:${port}/healthz`)).status, 200);
      inside('umount', `/usr/bin/${COMPOSITOR}`);

      assert.equal(status, 1);
      assert.match(stdout, /^(a part of the desktop ended and is started anew|the desktop keeps failing: .*)\n$/);
      await until('it is well again', () => health() === 0, START_MS);
    });

    test('is not healthy while the agent hangs', () => {
      const health = () => engine.podman(['healthcheck', 'run', NAME]).status;
      const signal = (name) => exec(NAME, 'pkill', `-${name}`, '-x', 'helix-agent');

      signal('STOP');
      const hung = health();
      signal('CONT');
      assert.equal(hung, 1);
      assert.equal(health(), 0);
    });

    test('ends when it is asked to, and keeps the home and the machine-id', async () => {
      const id = exec(NAME, 'cat', '/etc/machine-id').stdout;
      const begin = performance.now();
      const code = await stop(container);
      console.log(`stopped in ${seconds(performance.now() - begin)}`);

      assert.equal(code, 0, container.log);
      assert.match(id, /^[0-9a-f]{32}\n$/);
      container = await start(NAME, [...options(), 'helix']);
      assert.equal(exec(NAME, 'cat', '/etc/machine-id').stdout, id);
      assert.equal(exec(NAME, 'cat', '/home/helix/typed').stdout, '1789\n');
      await stop(container);
    });

    test('exports its home, and imports it elsewhere', () => {
      const home = (name) => [...options({ env: { HELIX_HOME: name } }), '--interactive', '--entrypoint'];

      const saved = engine.runToEnd([...home('helix-home'), 'tar', 'helix', '-cz', '.'], { raw: true });
      assert.equal(saved.status, 0, saved.stderr);
      const restored = engine.runToEnd([...home('other'), 'tar', 'helix', '-xz'], { input: saved.stdout });
      assert.equal(restored.status, 0, restored.stderr);

      assert.equal(engine.runToEnd([...home('other'), 'cat', 'helix', 'typed']).stdout, '1789\n');
    });
  });

  describe('started in another way', () => {
    afterEach(() => engine.removeContainers());

    test('is not healthy where no agent runs', () => {
      assert.equal(engine.runToEnd([...options(), 'helix', 'health']).status, 1);
    });

    test('passes commands and options on', () => {
      const { status, stdout, stderr } = engine.runToEnd([...options(), 'helix', 'config', '--size', '1920x1080']);

      assert.equal(status, 0, stderr);
      assert.match(stdout, /^size=1920x1080/m);
      assert.match(stdout, /^listen=0\.0\.0\.0:7878/m);
    });

    const secrets = {
      'no secret': { make: () => null, says: /there is no token: mount a file/ },
      'a directory': { make: () => engine.directory, says: /is no file: the token's file was not there/ },
      'an empty one': { make: () => engine.file('empty', '\n', 0o644), says: /is empty: write 16 to 128 letters/ },
      'a short one': { make: () => engine.file('short', 'abc\n', 0o644), says: /token: expected 16 to 128 letters/ },
      'one of two lines': {
        make: () => engine.file('lines', `${TOKEN}\n${TOKEN}\n`, 0o644), says: /token: expected 16 to 128 letters/,
      },
      'one that only root reads': {
        make: () => engine.file('closed', TOKEN, 0o600), says: /user 1789 may not read .*: chmod 644/,
      },
    };
    for (const [what, { make, says }] of Object.entries(secrets))
      test(`with ${what} as the secret it says so and ends`, () => {
        const { status, stderr } = engine.runToEnd([...options({ secret: make() }), 'helix']);

        assert.ok([1, 2].includes(status), `${status}: ${stderr}`);
        assert.match(stderr, says);
      });

    test('says so when the home is not its own', () => {
      const change = { volumes: [`${engine.directory}:/home/helix`] };
      const { status, stderr } = engine.runToEnd([...options({ change }), 'helix']);

      assert.equal(status, 1, stderr);
      assert.match(stderr, /user 1789 may not write to \/home\/helix: mount a volume there/);
    });

    test('without compose: a plain run with the token in the environment', async () => {
      const container = await start('plain',
        ['--publish', `127.0.0.1:${port}:7878`, '--env', `HELIX_TOKEN=${TOKEN}`, 'helix']);
      const root = shell('plain', 'sudo -n true || su -c true || mount -t tmpfs none /mnt || echo none');
      const { stdout } = engine.podman(['exec', '--user', '0', 'plain', 'sh', '-c',
        'grep ^NoNewPrivs: /proc/1/status; find / -xdev -type f -perm /6000']);

      assert.match(root.stdout, /^none$/m);
      assert.match(root.stderr, /sudo: .*setuid/);
      assert.equal(stdout, 'NoNewPrivs:\t0\n');
      assert.equal(await stop(container), 0, container.log);
    });
  });

  describe('with compose.wsl.yaml', () => {
    afterEach(() => engine.removeContainers());

    const files = ['compose.yaml', 'compose.wsl.yaml'];
    const variables = (name, program) => shell(name, `
      tr "\\0" "\\n" </proc/$(pgrep -x ${program} | head -n 1)/environ | grep -E "^(GALLIUM|LIBVA|LD_LIBRARY)" | sort`)
      .stdout.trim().split('\n').filter(Boolean);

    /* /dev/dxg leads nowhere and libd3d12.so is empty: Mesa, told to take d3d12, can draw nothing. */
    test('shows a desktop even where D3D12 does not work', async () => {
      const container = await start('wsl', [...options({ files }), 'helix']);

      assert.match(container.log, /the GPU of Windows is here/);
      assert.deepEqual(variables('wsl', 'helix-agent'),
        ['GALLIUM_DRIVER=d3d12', 'LD_LIBRARY_PATH=/usr/lib/wsl/lib', 'LIBVA_DRIVER_NAME=d3d12']);
      assert.deepEqual(variables('wsl', COMPOSITOR),
        ['GALLIUM_DRIVER=llvmpipe', 'LD_LIBRARY_PATH=/usr/lib/wsl/lib', 'LIBVA_DRIVER_NAME=d3d12']);
      assert.equal(await stop(container), 0, container.log);
    });

    test('knows the device and the mount without the variables', async () => {
      const container = await start('plain', [...options({ files, change: { environment: {} } }), 'helix']);

      assert.deepEqual(variables('plain', 'helix-agent'), ['LD_LIBRARY_PATH=/usr/lib/wsl/lib']);
      assert.equal(await stop(container), 0, container.log);
    });

    test('forgets the variables where the device is missing', async () => {
      const container = await start('without', [...options({ files, change: { devices: [] } }), 'helix']);

      assert.deepEqual(variables('without', 'helix-agent'), ['LD_LIBRARY_PATH=/usr/lib/wsl/lib']);
      assert.equal(await stop(container), 0, container.log);
    });
  });

  describe('with vgem, which mutter would take for a GPU', () => {
    /* A node of vgem and one of a GPU, as sysfs has them. */
    const NODES = { card0: 'platform/vgem', renderD128: 'platform/vgem', 'card0-Virtual-1': 'platform/vgem/drm/card0',
      card1: 'pci0000:00/0000:00:02.0', renderD129: 'pci0000:00/0000:00:02.0' };
    const LOOK = 'cd /run/udev/data && for f in *; do echo $f: $(cat $f); done';
    let sys;
    before(() => {
      sys = engine.folder('sys');
      for (const [name, device] of Object.entries(NODES)) {
        mkdirSync(join(sys, 'class/drm', name), { recursive: true });
        mkdirSync(join(sys, 'devices', device), { recursive: true });
        symlinkSync(`../../../devices/${device}`, join(sys, 'class/drm', name, 'device'));
      }
    });

    /* What the container says at its start, and what LOOK finds then. */
    const look = (more = []) => engine.runToEnd([...options(), '--volume', `${sys}:/sys:ro`, ...more,
      '--entrypoint', 'sh', 'helix', '-c', `helix-container config >/dev/null; ${LOOK}`]);

    test('says so in place of udevd, of vgem\'s nodes only', () => {
      const { stdout, stderr } = look();

      assert.equal(stdout, 'c226:0: G:mutter-device-ignore Q:mutter-device-ignore\n' +
        'c226:128: G:mutter-device-ignore Q:mutter-device-ignore\n', stderr);
    });

    test('leaves what is written there already, and goes on where it cannot write', () => {
      const data = engine.folder('data');
      writeFileSync(join(data, 'c226:0'), 'I:1\n');
      const { stdout, stderr } = look(['--volume', `${data}:/run/udev/data:ro`]);

      assert.equal(stdout, 'c226:0: I:1\n');
      assert.match(stderr, /^helix: cannot write \/run\/udev\/data\/c226:128: mutter may take vgem for a GPU/m);
      assert.equal(stderr.match(/cannot|denied|ead-only/g).length, 1, stderr);
    });

    test('leaves it to a udevd that is there', () => {
      const udev = engine.folder('udev');
      writeFileSync(join(udev, 'control'), '');
      mkdirSync(join(udev, 'data'));
      const { stdout, stderr } = look(['--volume', `${udev}:/run/udev:ro`]);

      assert.equal(stdout, '*:\n', stderr);
      assert.doesNotMatch(stderr, /cannot write/);
    });

    test('is understood by doctor', () => {
      const nodes = ['--volume', `${sys}:/sys:ro`, '--volume', '/dev/dri/renderD128:/dev/dri/renderD128'];
      const doctor = (...more) => engine.runToEnd([...options(), ...nodes, ...more, 'helix', 'doctor']).stdout;

      assert.match(doctor('--volume', `${engine.folder('locked')}:/run/udev/data:ro`), /will take vgem for a GPU/);
      const told = doctor();
      assert.match(told, /renderD128: vgem/);
      assert.doesNotMatch(told, /will take vgem/);
    });
  });

  describe('with a GPU of Linux', () => {
    const files = ['compose.yaml', 'compose.vaapi.yaml'];
    const log = (words) => engine.runToEnd([...words, 'helix', 'config']).stderr;

    test('opens its render node by the group that it is told', () => {
      const env = { HELIX_RENDER_NODE: '/dev/dri/renderD129', HELIX_RENDER_GROUP: String(NODE_GROUP) };

      assert.match(log(options({ files, env })), /a render node is here: \/dev\/dri\/renderD129/);
    });

    test('says which group it should have been told', () => {
      const env = { HELIX_RENDER_NODE: '/dev/dri/renderD129', HELIX_RENDER_GROUP: '44' };

      assert.match(log(options({ files, env })), new RegExp(`may not open .*renderD129: set HELIX_RENDER_GROUP=${NODE_GROUP}`));
    });

    test('misses the encoder of an NVIDIA that came without it', () => {
      const words = [...options(), '--volume', '/dev/null:/dev/nvidiactl'];

      assert.match(log(words), /its encoder is not: NVIDIA_DRIVER_CAPABILITIES must hold compute, video/);
    });
  });
});
