/* A Windows with WSL, as far as Helix.exe can tell: a wine prefix and a screen of their own, with the
 * stub of wsl.exe (launcher/wsl_stub.c) that runs real Linux programs.
 *
 *   const pc = await windows({ session: { HELIX_APP: screen.command } });
 *   pc.behave('slow --import 2000', 'german');
 *   const helix = await pc.helix(['--manifest', server.manifestUrl]);
 *   const url = await helix.openedUrl();
 *   await pc.screenshot('window');
 *   await helix.close();                  as with the cross in its corner
 *   await pc.stop();                      rejects when a Linux process is left
 *
 * Takes root: the stub gives its Linux programs a /home of their own. */
import { execFile, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { appendFileSync, closeSync, copyFileSync, mkdirSync, mkdtempSync, openSync,
  readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { BUILD } from './agent.mjs';
import { besides, isAlive, withEnvironment } from './processes.mjs';
import { DeadlineError, until, within } from './until.mjs';
import { makePrefix, windowsPath, wineEnvironment } from './wine-prefix.mjs';

export { windowsPath };

const run = promisify(execFile);
const LOGS = process.env.HELIX_TEST_LOGS ?? join(BUILD, 'test-logs');
const SHOTS = join(BUILD, 'test-shots');
const TREE = join(BUILD, '..');
const PROGRAMS = join(BUILD, 'windows', 'tests');
/* HELIX_AGENT as in agent.mjs. */
const PROGRAMS_OF_LINUX = process.env.HELIX_AGENT ? dirname(resolve(process.env.HELIX_AGENT)) : BUILD;
/* The mark of everything that wine runs, and that of what wsl.exe runs. The second is a setting of
 * helix-agent that it overlooks. */
const WINDOWS_MARK = 'HELIX_TEST_WINDOWS';
const LINUX_MARK = 'HELIX_TEST_RUN';
const LINUX_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const WINE_DEADLINE_MS = 30000;
/* How long the leash may take, and the burial of what it ended. */
const LEASH_MS = 5000;

const WEBVIEW_KEY = 'HKCU\\SOFTWARE\\Microsoft\\EdgeUpdate\\ClientState\\' +
  '{F3017226-FE2A-4295-8BDF-00C3A9A7E4C5}';
const WEBVIEW_FOLDER = 'C:\\Program Files\\WebView\\Application\\130.0.2849.80';

async function startDisplay({ width, height }) {
  const child = spawn('Xvfb', ['-displayfd', '3', '-screen', '0', `${width}x${height}x24`,
    '-nolisten', 'tcp', '-noreset'], { stdio: ['ignore', 'ignore', 'ignore', 'pipe'] });
  const died = once(child, 'exit').then(() => {
    throw new Error('Xvfb does not start');
  });
  died.catch(() => {});
  const [number] = await within(Promise.race([once(child.stdio[3], 'data'), died]), 10000,
    'the display of Xvfb');
  return { child, name: `:${String(number).trim()}`, died };
}

/** A program that runs in wine. */
class WindowsProgram {
  /** The promise of its exit code, as far as Linux sees it: the lowest 8 bits; null after a signal. */
  exited;
  #hasExited = false;

  constructor(pc, child, name) {
    this.pc = pc;
    this.name = name;
    /** As Linux numbers it. */
    this.pid = child.pid;
    this.exited = new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code) => {
        this.#hasExited = true;
        resolve(code);
      });
    });
    this.exited.catch(() => {});
  }

  get hasExited() {
    return this.#hasExited;
  }

  /** Until helix.log has it, of what was written since this start: the match. */
  async waitForLog(wanted, deadlineMs = 20000) {
    try {
      return await until(`helix.log has ${wanted}`, () => {
        const found = this.log().match(wanted);
        if (!found && this.hasExited) throw new Error('it has ended');
        return found;
      }, deadlineMs);
    } catch (error) {
      error.message += `\n${this.log().slice(-3000)}`;
      throw error;
    }
  }

  /** What it wrote so far. */
  log() {
    return this.pc.log(this.dataDirectory).slice(this.logStart ?? 0);
  }

  /** What the fake WebView2 was told to open, with its token, as soon as there is something. */
  async openedUrl(deadlineMs = 30000) {
    const seen = await until('the view was told to open a page', () => this.pc.shownUrl() ||
      (this.log().includes('-> FAILED') || this.hasExited) && 'nothing', deadlineMs).catch((error) => error);
    if (typeof seen === 'string' && seen !== 'nothing') return seen;
    throw new Error(`no page was opened${seen.message ? ` (${seen.message})` : ''}:\n${this.log().slice(-3000)}`);
  }

  /** Ask it to close, as a person does. Its exit code. */
  async close(deadlineMs = 15000) {
    await this.pc.wine('taskkill', ['/im', this.name]);
    return within(this.exited, deadlineMs, `${this.name} ends when its window is closed`);
  }

  async kill9() {
    process.kill(this.pid, 'SIGKILL');
    return within(this.exited, 5000, `${this.name} ends by SIGKILL`);
  }
}

class Windows {
  #mark = randomUUID();
  #directory = mkdtempSync(join(tmpdir(), 'helix-wine-'));
  #display;
  #session;
  #count = 0;
  #killAtExit = () => {
    this.#killAll();
    rmSync(this.#directory, { recursive: true, force: true });
  };

  /** Of the wine prefix. */
  get prefix() {
    return join(this.#directory, 'prefix');
  }

  /** Where a file on C: is, by its path below it. */
  driveC(...parts) {
    return join(this.prefix, 'drive_c', ...parts);
  }

  /** %LOCALAPPDATA%\Helix. */
  get dataDirectory() {
    const [user] = readdirSync(this.driveC('users')).filter((name) => name !== 'Public');
    return this.driveC('users', user, 'AppData', 'Local', 'Helix');
  }

  async create({ display = {}, wsl, session, path, webview, environment }) {
    mkdirSync(LOGS, { recursive: true });
    process.on('exit', this.#killAtExit);
    this.logPath = join(LOGS, `wine-${this.#mark.slice(0, 8)}.log`);
    await makePrefix(this.prefix);
    this.#display = await startDisplay({ width: 1280, height: 800, ...display });
    this.#session = this.#makeSession(session);
    mkdirSync(join(this.#directory, 'wine-home'));
    this.environment = wineEnvironment(this.prefix, join(this.#directory, 'wine-home'), {
      DISPLAY: this.#display.name,
      [WINDOWS_MARK]: this.#mark,
      HELIX_STUB_BRIDGE: windowsPath(join(BUILD, 'tests', 'wsl-bridge')),
      HELIX_STUB_SYSTEM: join(TREE, 'tests', 'lib', 'distribution.sh'),
      HELIX_STUB_TREE: TREE,
      ...environment,
    });
    this.setPath(path);
    mkdirSync(this.driveC('helix-stub'));
    this.#makeBrowser();
    if (wsl !== 'absent') this.installWsl();
    if (wsl === 'old') this.behave('old');
    /* It goes on in the background, and would hold a pipe. */
    const server = spawn('wineserver', ['-p'], { env: this.environment, stdio: 'ignore' });
    await within(once(server, 'exit'), WINE_DEADLINE_MS, 'the wineserver to start');
    if (webview) await this.installWebView(webview);
  }

  /** Put wsl.exe in its place. */
  installWsl() {
    copyFileSync(join(PROGRAMS, 'wsl.exe'), this.driveC('windows', 'system32', 'wsl.exe'));
  }

  removeWsl() {
    rmSync(this.driveC('windows', 'system32', 'wsl.exe'));
  }

  /** Lines of behaviour for wsl.exe (wsl_stub.c has what there is); none = it behaves. */
  behave(...lines) {
    writeFileSync(this.driveC('helix-stub', 'behaviour.txt'), lines.map((line) => `${line}\n`).join(''));
  }

  /** Where Linux programs are looked for, in front of the usual places; build/ unless told. From the
   * next program on. */
  setPath(path = [PROGRAMS_OF_LINUX]) {
    this.environment.HELIX_STUB_PATH = [path, LINUX_PATH].flat().join(':');
  }

  /** More variables of the Linux session, e.g. {HELIX_SIZE: '800x600'}. From the next program on. */
  setSession(more) {
    this.#session = { ...this.#session, ...more };
  }

  /** The runtime of WebView2 in its stead: the fake of launcher/fake_webview2.c, in this mode. */
  async installWebView(mode = 'ok') {
    const folder = `${WEBVIEW_FOLDER}\\EBWebView\\x64`;
    const target = this.driveC(...folder.slice(3).split('\\'));
    mkdirSync(target, { recursive: true });
    copyFileSync(join(PROGRAMS, 'fake_webview2.dll'), join(target, 'EmbeddedBrowserWebView.dll'));
    await this.wine('reg', ['add', WEBVIEW_KEY, '/v', 'EBWebView', '/t', 'REG_SZ', '/d', WEBVIEW_FOLDER,
      '/f', '/reg:32']);
    this.environment.HELIX_FAKE_WV2 = mode;
    this.environment.HELIX_FAKE_URL_FILE = 'C:\\helix-stub\\url.txt';
    this.environment.HELIX_FAKE_LOG = 'C:\\helix-stub\\webview.log';
  }

  /** What the fake WebView2 was told to open last, or undefined. */
  shownUrl() {
    try {
      return /^http:\S+/.exec(readFileSync(this.driveC('helix-stub', 'url.txt'), 'utf8'))?.[0];
    } catch {
      return undefined;
    }
  }

  /** What the default browser was told to open, one in a line. */
  browsed() {
    try {
      return readFileSync(this.driveC('helix-stub', 'browser.log'), 'utf8');
    } catch {
      return '';
    }
  }

  forgetUrl() {
    rmSync(this.driveC('helix-stub', 'url.txt'), { force: true });
  }

  /** helix.log, "" when there is none. */
  log(directory = this.dataDirectory) {
    try {
      return readFileSync(join(directory, 'helix.log'), 'utf8');
    } catch {
      return '';
    }
  }

  /** The command lines of all calls of wsl.exe, as arrays of words. */
  calls() {
    try {
      return readFileSync(this.driveC('helix-stub', 'calls.log'), 'utf8').split('\n').filter(Boolean)
        .map((line) => JSON.parse(line));
    } catch {
      return [];
    }
  }

  /** Start Helix.exe, from C:\Helix. */
  async helix(words = [], { environment } = {}) {
    const data = words[words.indexOf('--data') + 1];
    const directory = words.includes('--data') ? this.driveC(...data.split('\\').slice(1))
      : this.dataDirectory;
    mkdirSync(this.driveC('Helix'), { recursive: true });
    copyFileSync(process.env.HELIX_EXE ?? join(BUILD, 'Helix.exe'), this.driveC('Helix', 'Helix.exe'));
    this.forgetUrl();
    const logStart = this.log(directory).length;
    const program = this.start('C:\\Helix\\Helix.exe', words, { environment });
    return Object.assign(program, { dataDirectory: directory, logStart });
  }

  /** Start a program; a WindowsProgram. */
  start(program, words = [], { environment = {}, stdio = ['ignore', 'ignore', null] } = {}) {
    const errors = openSync(this.logPath, 'a');
    appendFileSync(errors, `--- ${program} ${words.join(' ')}\n`);
    const child = spawn('wine', [program, ...words], {
      env: { ...this.environment, HELIX_STUB_ENV: this.#sessionLines(), ...environment },
      stdio: stdio.map((where) => where ?? errors),
      cwd: this.#directory,
    });
    closeSync(errors);
    return new WindowsProgram(this, child, program.split('\\').pop());
  }

  /** Run a program to its end: {code, stdout}, with stderr in stdout. */
  async wine(program, words = [], { deadlineMs = WINE_DEADLINE_MS, environment, input } = {}) {
    /* A file: wine's own programs inherit our end of a pipe, and hold it open for ever. */
    const path = join(this.#directory, `output-${this.#count++}`);
    const output = openSync(path, 'w');
    const from = input ? openSync(input, 'r') : 'ignore';
    try {
      const running = this.start(program, words, { environment, stdio: [from, output, output] });
      const code = await within(running.exited, deadlineMs, `${program} ${words.join(' ')} ends`);
      return { code, stdout: readFileSync(path, 'utf8') };
    } finally {
      closeSync(output);
      if (input) closeSync(from);
      rmSync(path);
    }
  }

  /** The windows on the screen: [{title, class, pid, texts}]. */
  async look() {
    const { stdout } = await this.wine(windowsPath(join(PROGRAMS, 'person.exe')), ['look']);
    return stdout.split('\n').filter((line) => line.startsWith('{')).map((line) => JSON.parse(line));
  }

  /** Until a window says it: that window. */
  async waitForWindow(wanted, deadlineMs = 20000) {
    let seen = [];
    try {
      return await until(`a window says ${wanted}`, async () => {
        seen = await this.look();
        return seen.find(({ title, texts }) => [title, ...texts].some((text) => wanted.test(text)));
      }, deadlineMs);
    } catch (error) {
      error.message += `\n${seen.map((window) => JSON.stringify(window)).join('\n')}`;
      throw error;
    }
  }

  /** Press a button of the window whose title begins with `title`. */
  async press(button, title = '') {
    return until(`there is a button ${button}`, async () => {
      const { code } = await this.wine(windowsPath(join(PROGRAMS, 'person.exe')),
        ['press', title, button]);
      return code === 0;
    });
  }

  /** What Windows tells: 'sleep' or 'wake'. */
  async tell(what) {
    const { code } = await this.wine(windowsPath(join(PROGRAMS, 'person.exe')), [what, 'Helix']);
    if (code !== 0) throw new Error(`no window heard "${what}"`);
  }

  /** The whole screen as a picture: its path. */
  async screenshot(name) {
    mkdirSync(SHOTS, { recursive: true });
    const path = join(SHOTS, `launcher-${name}.png`);
    await run('import', ['-window', 'root', '-display', this.#display.name, path],
      { timeout: 10000 });
    return path;
  }

  /** The programs of wine with this name, as processes.mjs has them. */
  programs(name) {
    return withEnvironment(WINDOWS_MARK, this.#mark)
      .filter(({ commandLine }) => commandLine.toLowerCase().includes(name.toLowerCase()));
  }

  /** The wsl.exe that holds helix-agent. */
  async leash(deadlineMs = 10000) {
    return until('wsl.exe runs helix-agent', () => this.programs('wsl.exe')
      .find(({ commandLine }) => commandLine.includes('--leash')), deadlineMs);
  }

  /** The Linux processes that wsl.exe started and that still run, its bridges with them. */
  linux(name) {
    const systems = this.programs('wsl-init').flatMap(({ pid }) => besides(pid));
    return [...withEnvironment(LINUX_MARK, this.#mark), ...this.programs('wsl-bridge'), ...systems]
      .filter((info) => isAlive(info) && (!name || info.name === name));
  }

  async waitForNoLinux(deadlineMs = LEASH_MS) {
    try {
      await until('no Linux process is left', () => this.linux().length === 0, deadlineMs);
    } catch {
      const names = this.linux().map(({ pid, commandLine }) => `${pid} ${commandLine}`);
      throw new DeadlineError(`these Linux processes end:\n${names.join('\n')}`, deadlineMs);
    }
  }

  /** End everything. Rejects when a Linux process outlived it. */
  async stop() {
    try {
      if (this.environment) await run('wineserver', ['-k'], { env: this.environment }).catch(() => {});
      await until('wine has ended', () => withEnvironment(WINDOWS_MARK, this.#mark)
        .every(({ commandLine }) => /wsl-(bridge|init)/.test(commandLine)), 10000);
      await this.waitForNoLinux();
    } finally {
      this.#killAll();
      process.off('exit', this.#killAtExit);
      rmSync(this.#directory, { recursive: true, force: true, maxRetries: 5 });
    }
  }

  /* What wine's browser leaves the work to. Not so here: it writes down what it was given. */
  #makeBrowser() {
    const folder = join(this.#directory, 'bin');
    mkdirSync(folder);
    writeFileSync(join(folder, 'xdg-open'),
      `#!/bin/sh\nprintf '%s\\n' "$@" >> '${this.driveC('helix-stub', 'browser.log')}'\n`, { mode: 0o755 });
    this.environment.PATH = `${folder}:${this.environment.PATH}`;
  }

  #makeSession(more) {
    const paths = { XDG_RUNTIME_DIR: 'run', XDG_CONFIG_HOME: 'config', XDG_CACHE_HOME: 'cache',
      XDG_DATA_HOME: 'data', XDG_STATE_HOME: 'state' };
    const own = Object.entries(paths).map(([name, path]) => [name, join(this.#directory, path)]);
    for (const [, path] of own) mkdirSync(path, { mode: 0o700 });
    return { ...Object.fromEntries(own), [LINUX_MARK]: this.#mark, GSETTINGS_BACKEND: 'memory',
      HELIX_SESSION: 'mutter', ...more };
  }

  #sessionLines() {
    return Object.entries(this.#session).map(([name, value]) => `${name}=${value}`).join('\n');
  }

  #killAll() {
    const marked = [...withEnvironment(WINDOWS_MARK, this.#mark), ...withEnvironment(LINUX_MARK, this.#mark)];
    for (const { pid } of marked) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch { /* it has just ended */ }
    }
    this.#display?.child.kill('SIGKILL');
  }
}

/** Make one.
 *
 * wsl           'new' (default), 'old' (came with Windows 10) or 'absent'
 * session       variables of the Linux session: HELIX_APP, HELIX_SIZE ...; HELIX_SESSION is mutter
 * path          folders in which Linux programs are looked for first
 * webview       mode of the fake WebView2 (launcher/fake_webview2.c); without it there is none
 * environment   more variables of Windows
 * display       {width, height} of the screen, 1280x800 */
export async function windows(options = {}) {
  const pc = new Windows();
  try {
    await pc.create(options);
  } catch (error) {
    await pc.stop().catch(() => {});
    throw error;
  }
  return pc;
}
