/* Containers where no engine runs: buildah builds without namespaces, and podman runs with crun. Takes
 * root. Storage, mounts and a /dev with make-believe GPUs are in a directory and a mount namespace that
 * go with the engine; nothing of the machine's own containers is touched.
 *
 *   const engine = await startEngine();
 *   engine.buildah(['images']);                     {status, stdout, stderr}
 *   engine.podman(['exec', NAME, 'id']);            the same
 *   engine.runToEnd([...options, IMAGE, ...words])  the same, with `podman run`
 *   const container = engine.run(NAME, [...options, IMAGE, ...words]);
 *   container.log; await container.exited;          all that it wrote; its exit code
 *   await engine.stop(); */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { within } from '../lib/until.mjs';
import { inWorld } from '../lib/world.mjs';

const OUTPUT_BYTES = 64 << 20;
/* Whose the make-believe renderD129 is. */
export const NODE_GROUP = 4711;
/* What podman asks for by default is more than a root without CAP_SYS_RESOURCE may have. */
const CONTAINERS_CONF = '[containers]\ndefault_ulimits = ["nofile=16384:16384", "nproc=16384:16384"]\n';
/* A machine with cgroups of both versions is one that crun refuses. The containers get no cgroups of
 * their own, so an empty hierarchy will do. And a network of its own takes /dev/net/tun. */
const PREPARE = 'mount --make-rprivate / && umount -R /sys/fs/cgroup && mount -t cgroup2 none /sys/fs/cgroup && ' +
  'mkdir /dev/net && mknod -m 666 /dev/net/tun c 10 200 && ' +
  `mknod -m 660 /dev/dri/renderD129 c 1 3 && chgrp ${NODE_GROUP} /dev/dri/renderD129 && echo ready && exec cat`;
/* A network of its own, whose published ports are on the host's loopback. */
const RUN = ['run', '--rm', '--cgroups', 'disabled', '--network', 'slirp4netns:port_handler=slirp4netns'];
const END_MS = 30000;
const BUILD_MS = 300000;
const WORLD = { dxg: true, node: true, wslFiles: ['libd3d12.so', 'libd3d12core.so', 'libdxcore.so'] };

class Engine {
  #directory = mkdtempSync(join(tmpdir(), 'helix-compose-'));
  #environment = { ...process.env, CONTAINERS_CONF: join(this.#directory, 'containers.conf') };
  #running = new Set();
  #holder;
  #stopAtExit = () => this.#holder.kill('SIGKILL');

  async start() {
    writeFileSync(this.#environment.CONTAINERS_CONF, CONTAINERS_CONF);
    const [command, ...words] = [...inWorld(WORLD), 'sh', '-c', PREPARE];
    this.#holder = spawn(command, words, { stdio: ['pipe', 'pipe', 'inherit'] });
    process.on('exit', this.#stopAtExit);
    await within(once(createInterface({ input: this.#holder.stdout }), 'line'), 10000, 'a mount namespace');
  }

  /** A file for containers to mount. */
  file(name, text, mode) {
    const path = join(this.#directory, name);
    writeFileSync(path, text, { mode });
    return path;
  }

  /** An empty directory for them. */
  folder(name) {
    const path = join(this.#directory, name);
    mkdirSync(path);
    return path;
  }

  /** The directory of everything. */
  get directory() {
    return this.#directory;
  }

  #words(program, options) {
    const storage = ['--root', join(this.#directory, 'root'), '--runroot', join(this.#directory, 'run'),
      '--storage-driver', 'overlay'];
    return ['--target', String(this.#holder.pid), '--mount', `--wd=${process.cwd()}`, program, ...storage, ...options];
  }

  #podmanWords(words) {
    return this.#words('podman', ['--tmpdir', join(this.#directory, 'tmp'), '--cgroup-manager', 'cgroupfs',
      '--events-backend', 'none', '--runtime', 'crun', ...words]);
  }

  #call(words, { raw = false, input = '', deadlineMs = END_MS } = {}) {
    const { status, error, stdout, stderr } = spawnSync('nsenter', words,
      { env: this.#environment, maxBuffer: OUTPUT_BYTES, timeout: deadlineMs, input });
    if (error) throw error;
    return { status, stdout: raw ? stdout : stdout.toString(), stderr: stderr.toString() };
  }

  buildah(words) {
    return this.#call(this.#words('buildah', words), { deadlineMs: BUILD_MS });
  }

  /** `raw`: stdout as bytes. `input`: what it reads, for options with --interactive. */
  podman(words, options) {
    return this.#call(this.#podmanWords(words), options);
  }

  /** `podman run` of something that ends by itself. */
  runToEnd(words, options) {
    return this.podman([...RUN, ...words], options);
  }

  run(name, words) {
    const child = spawn('nsenter', this.#podmanWords([...RUN, '--name', name, ...words]),
      { env: this.#environment, stdio: ['ignore', 'pipe', 'pipe'] });
    const container = { name, log: '', startedAt: performance.now(),
      exited: once(child, 'close').then(([code]) => code) };
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (data) => {
        container.log += data;
      });
    this.#running.add(container);
    container.exited.then(() => this.#running.delete(container));
    return container;
  }

  /** Those that a failed test left. */
  removeContainers() {
    this.podman(['rm', '--all', '--force', '--time', '0']);
  }

  async stop() {
    this.removeContainers();
    await Promise.all([...this.#running].map(({ exited }) => exited));
    const ended = once(this.#holder, 'exit');
    this.#holder.stdin.end();
    await within(ended, 5000, 'the end of the mount namespace');
    process.off('exit', this.#stopAtExit);
    rmSync(this.#directory, { recursive: true, force: true, maxRetries: 5 });
  }
}

export async function startEngine() {
  const engine = new Engine();
  await engine.start();
  return engine;
}
