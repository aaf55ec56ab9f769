/* Starts helix-agent for a test, in a world of its own, and sees to it that nothing of it is left.
 *
 *   const agent = await startAgent({ app: screen.command, size: '1280x720' });
 *   agent.url; agent.port; agent.token; agent.pid; agent.version    from its ready line
 *   agent.keeperPid                      what was spawned: agent.pid is its child (sys/keeper.h)
 *   await agent.status();
 *   await agent.stop();                  rejects when it left a process behind
 *
 * "Of its own": HOME, XDG_RUNTIME_DIR and the like are in a directory that stop() removes, and
 * nothing of the environment's HELIX_* reaches it. Its log is in build/test-logs.
 *
 *   HELIX_AGENT       another program than build/helix-agent
 *   HELIX_TEST_LOGS   another directory for logs */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { allProcesses, descendants, isAlive, withEnvironment } from './processes.mjs';
import { until, within } from './until.mjs';

export const BUILD = resolve(fileURLToPath(import.meta.url), '../../../build');
const MARK = 'HELIX_TEST_RUN';
const LAST_WORDS = 2000;
/* What it wrote before it ended may still be in the pipe. */
const LAST_WORDS_MS = 1000;
const HTTP_DEADLINE_MS = 5000;
/* The kernel takes a moment to bury what the agent killed on its way out. */
const BURIAL_MS = 5000;
/* They would lead into the session of whoever runs the tests. */
const FOREIGN = /^(HELIX_|XDG_|DBUS_|WAYLAND_|PIPEWIRE_)|^(DISPLAY|XAUTHORITY|NOTIFY_SOCKET)$/;
/* gnome-shell and portals look for their data there. */
const KEPT = /^XDG_(DATA|CONFIG)_DIRS$/;

/* GNOME says in a banner over the programs that somebody is root, or that the screen cannot lock. And
 * a key repeats itself where the machine is so busy that its release comes half a second late. */
const GNOME_SETTINGS = '[org/gnome/desktop/notifications]\nshow-banners=false\n' +
  '[org/gnome/desktop/peripherals/keyboard]\nrepeat=false\n';

const list = (value) => (value === undefined ? [] : [value].flat());

function argumentsOf({ args = [], app, session = 'mutter', size, fps, bitrate, listen }) {
  return ['run', '--listen', listen ?? '127.0.0.1:0', '--session', session,
    ...list(app).flatMap((command) => ['--app', command]),
    ...(size ? ['--size', size] : []), ...(fps ? ['--fps', String(fps)] : []),
    ...(bitrate ? ['--bitrate', String(bitrate)] : []), ...args];
}

function environmentOf(directory, mark, env) {
  const inherited = Object.entries(process.env)
    .filter(([name]) => !FOREIGN.test(name) || KEPT.test(name));
  const paths = { HOME: 'home', XDG_RUNTIME_DIR: 'run', XDG_CONFIG_HOME: 'config',
    XDG_CACHE_HOME: 'cache', XDG_DATA_HOME: 'data', XDG_STATE_HOME: 'state' };
  const own = Object.entries(paths).map(([name, path]) => [name, join(directory, path)]);
  for (const [, path] of own) mkdirSync(path, { mode: 0o700 });
  const settings = join(directory, 'config', 'glib-2.0', 'settings');
  mkdirSync(settings, { recursive: true });
  writeFileSync(join(settings, 'keyfile'), GNOME_SETTINGS);
  return { ...Object.fromEntries([...inherited, ...own]), GSETTINGS_BACKEND: 'keyfile',
    [MARK]: mark, ...env };
}

/** "name{labels} value" lines as a Map from "name{labels}" to number. */
export function parseMetrics(text) {
  return new Map(text.split('\n').filter((line) => line && !line.startsWith('#')).map((line) => {
    const end = line.lastIndexOf(' ');
    return [line.slice(0, end), Number(line.slice(end + 1))];
  }));
}

class Agent {
  /** Everything on stderr so far. */
  stderr = '';
  /** All lines of stdout. */
  stdout = [];
  /** The promise of {code, signal} of the keeper, which ends last. */
  exited;
  #child;
  #directory = mkdtempSync(join(tmpdir(), 'helix-'));
  #mark = randomUUID();
  #known = new Map();
  #sawReady;
  #readyLine = new Promise((resolve) => {
    this.#sawReady = resolve;
  });
  #hasExited = false;
  #lastWords;
  #killIfAlive = () => this.#hasExited || this.#child.kill('SIGKILL');

  constructor(options) {
    const logs = process.env.HELIX_TEST_LOGS ?? join(BUILD, 'test-logs');
    mkdirSync(logs, { recursive: true });
    this.logPath = join(logs, `${options.name ?? 'agent'}-${this.#mark.slice(0, 8)}.log`);
    const program = process.env.HELIX_AGENT ?? join(BUILD, 'helix-agent');
    const [command, ...words] = [...(options.prefix ?? []), program, ...argumentsOf(options)];
    this.#child = spawn(command, words, {
      env: environmentOf(this.#directory, this.#mark, options.env),
      stdio: [options.stdin ?? 'ignore', 'pipe', 'pipe'],
    });
    this.keeperPid = this.#child.pid;
    /* Not 'close': its pipes may outlive it, in the hands of a process that it left behind. */
    this.exited = new Promise((resolve, reject) => {
      this.#child.once('error', reject);
      this.#child.once('exit', (code, signal) => {
        this.#hasExited = true;
        resolve({ code, signal });
      });
    });
    this.exited.catch(() => {});
    this.#collect();
    process.on('exit', this.#killIfAlive);
  }

  /** Its standard input, where `stdin: 'pipe'` was asked for. */
  get stdin() {
    return this.#child.stdin;
  }

  /** Where HOME and XDG_RUNTIME_DIR (run) are. */
  get directory() {
    return this.#directory;
  }

  get hasExited() {
    return this.#hasExited;
  }

  /** Resolves when the ready line came; rejects when the agent ends, or at the deadline. */
  async ready(deadlineMs) {
    const died = this.exited.then(({ code, signal }) => {
      throw new Error(`helix-agent ended (${signal ?? `exit code ${code}`}) before it was ready`);
    });
    try {
      Object.assign(this, await within(Promise.race([this.#readyLine, died]), deadlineMs,
        'the ready line of helix-agent'));
    } catch (error) {
      if (this.#hasExited)
        await within(this.#lastWords, LAST_WORDS_MS, 'the end of stderr').catch(() => {});
      error.message += `\n${this.stderr.slice(-LAST_WORDS)}`;
      throw error;
    }
  }

  /** GET with the token; the Response. */
  async get(path, { token = this.token, headers = {} } = {}) {
    const { origin } = new URL(this.url);
    return fetch(new URL(path, origin), {
      headers: { ...(token ? { authorization: `Bearer ${token}` } : {}), connection: 'close',
        ...headers },
      signal: AbortSignal.timeout(HTTP_DEADLINE_MS),
    });
  }

  /** GET /api/status, parsed. */
  async status() {
    return (await this.#getOk('/api/status')).json();
  }

  /** GET /metrics as a Map from "name{labels}" to number. */
  async metrics() {
    return parseMetrics(await (await this.#getOk('/metrics')).text());
  }

  /** What it started, as in processes.mjs; only those of that name, if one is given. */
  children(name) {
    const processes = allProcesses();
    /* The agent is no child of a keeper that was killed. */
    const all = [this.keeperPid, ...(this.pid ? [this.pid] : [])]
      .flatMap((pid) => [...processes.filter((info) => info.pid === pid),
        ...descendants(pid, processes)]);
    for (const info of all) this.#known.set(info.pid, info);
    const own = [this.keeperPid, this.pid];
    return [...new Map(all.map((info) => [info.pid, info])).values()]
      .filter((info) => !own.includes(info.pid) && (!name || info.name === name));
  }

  /** The one process of that name, as soon as it is there and is none of `not` (pids). */
  async child(name, { deadlineMs = 10000, not = [] } = {}) {
    return until(`${name} runs`,
      () => this.children(name).find(({ pid }) => !not.includes(pid)), deadlineMs);
  }

  /** Send a signal to the agent alone, or to `pid`. Resolves when the keeper has ended. */
  async kill(signal = 'SIGKILL', { pid = this.pid, deadlineMs = 10000 } = {}) {
    this.children();
    process.kill(pid, signal);
    return within(this.exited, deadlineMs, `helix-agent ends by ${signal}`);
  }

  /** Processes that this agent started and that still run. */
  leftovers() {
    const marked = withEnvironment(MARK, this.#mark);
    const all = [...this.#known.values(), ...marked].filter((info) => isAlive(info));
    return [...new Map(all.map((info) => [info.pid, info])).values()]
      .filter(({ pid }) => pid !== process.pid);
  }

  /** SIGTERM, wait, and see that nothing is left. Resolves to {code, signal}. May be called again,
   * and after kill(): then it only cleans up. Whatever was left is killed before it rejects. */
  async stop({ deadlineMs = 15000, burialMs = BURIAL_MS } = {}) {
    let exit;
    try {
      if (!this.#hasExited && this.keeperPid)
        exit = await this.kill('SIGTERM', { pid: this.keeperPid, deadlineMs });
      else exit = await this.exited;
      await this.#expectNothingLeft(burialMs);
    } finally {
      this.#killIfAlive();
      for (const { pid } of this.leftovers()) process.kill(pid, 'SIGKILL');
      process.off('exit', this.#killIfAlive);
      rmSync(this.#directory, { recursive: true, force: true, maxRetries: 5 });
    }
    return exit;
  }

  #collect() {
    const log = createWriteStream(this.logPath);
    this.#child.stderr.setEncoding('utf8').on('data', (text) => {
      this.stderr += text;
      log.write(text);
    });
    this.#lastWords = once(this.#child.stderr, 'close').then(() => log.end());
    createInterface({ input: this.#child.stdout }).on('line', (line) => {
      this.stdout.push(line);
      if (!line.startsWith('{')) return;
      const { event, ...ready } = JSON.parse(line);
      if (event === 'ready') this.#sawReady(ready);
    });
  }

  async #getOk(path) {
    const response = await this.get(path);
    if (!response.ok) throw new Error(`GET ${path}: ${response.status} ${await response.text()}`);
    return response;
  }

  async #expectNothingLeft(burialMs) {
    try {
      await until('no process is left', () => this.leftovers().length === 0, burialMs);
    } catch {
      const names = this.leftovers().map(({ pid, commandLine }) => `${pid} ${commandLine}`);
      throw new Error(`helix-agent left processes behind:\n${names.join('\n')}`);
    }
  }
}

/** Start an agent and wait for its ready line.
 *
 * args        further words of the command line
 * env         further variables; they win
 * app         a shell command, or several, to be started in the session
 * session     'mutter' (default) or 'gnome'
 * size        'WxH';  fps, bitrate (kbit/s)
 * listen      default '127.0.0.1:0'
 * prefix      words in front, e.g. ['ip', 'netns', 'exec', NAME]; must exec what follows
 * stdin       'pipe' for tests of --leash
 * name        of the log file
 * timeoutMs   for the ready line, 20000 */
export async function startAgent(options = {}) {
  const agent = new Agent(options);
  try {
    await agent.ready(options.timeoutMs ?? 20000);
  } catch (error) {
    await agent.stop().catch((left) => {
      error.message += `\n${left.message}`;
    });
    throw error;
  }
  return agent;
}
