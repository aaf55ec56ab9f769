/* What goes wrong when Helix.exe starts, for real as far as wine can: each failure has its own
 * sentence in a dialog, and when its cause is gone, "Try again" or the next start gets through.
 * What takes minutes is tested with a fake Windows: test_launch.c. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { BUILD } from '../lib/agent.mjs';
import { imageServer, writeImage } from '../lib/image-server.mjs';
import { until } from '../lib/until.mjs';
import { windows } from '../lib/wine.mjs';

const AGENT = resolve(process.env.HELIX_AGENT ?? join(BUILD, 'helix-agent'));
/* Longer than five attempts with pauses that double. */
const PATIENCE_MS = 40000;

/** One start of Helix.exe, and the dialogs that come. */
class Attempt {
  #seen = 0;

  constructor(pc, helix) {
    this.pc = pc;
    this.helix = helix;
  }

  /** Until it gives up by this fault, with this sentence in front of the person. */
  async fails(fault, sentence, { deadlineMs = PATIENCE_MS } = {}) {
    const log = () => this.helix.log().slice(this.#seen);
    await until(`it fails by ${fault}`, () => log().includes('-> FAILED'), deadlineMs).catch((error) => {
      error.message += `\n${log()}`;
      throw error;
    });
    assert.match(log(), new RegExp(`\\b${fault}\\b`));
    const { texts } = await this.pc.waitForWindow(sentence);
    assert.ok(texts.includes('Try again') && texts.includes('Quit'), texts.join('\n'));
    await this.pc.screenshot(`fault-${fault.slice(6).toLowerCase()}`);
    this.#seen = this.helix.log().length;
  }

  async press(button) {
    await this.pc.press(button, 'Helix');
  }

  async gives(fault, sentence, cure) {
    await this.fails(fault, sentence);
    await cure?.();
    await this.press('Try again');
  }

  /** It gets through to the desktop, and closes in peace. */
  async works() {
    await until('the desktop is open', () => this.helix.log().slice(this.#seen).includes('-> RUNNING'),
      PATIENCE_MS).catch((error) => {
      error.message += `\n${this.helix.log().slice(-3000)}`;
      throw error;
    });
    assert.equal(await this.helix.close(), 0);
    await this.pc.waitForNoLinux();
  }

  async quits() {
    await this.press('Quit');
    assert.equal(await this.helix.exited, 1);
    await this.pc.waitForNoLinux();
  }
}

/* `t`: when the test is over, so is this. */
async function attempt(t, pc, words) {
  const helix = await pc.helix(words);
  t.after(() => helix.hasExited || helix.kill9());
  return new Attempt(pc, helix);
}

/** A PC with an image beside Helix.exe, for a group of tests. */
function onePc(options) {
  const one = {};
  before(async () => {
    one.pc = await windows({ webview: 'ok', ...options });
    writeImage(one.pc.driveC('Helix'));
  });
  after(() => one.pc?.stop());
  return one;
}

/** A folder for PATH in which put() makes a script helix-agent, or without one the real thing. */
function otherAgent() {
  const place = mkdtempSync(join(tmpdir(), 'helix-agents-'));
  /* Renamed into its place, so that it can be replaced while it is started. */
  const put = (script) => {
    const next = join(place, 'next');
    if (script) writeFileSync(next, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    else symlinkSync(AGENT, next);
    renameSync(next, join(place, 'helix-agent'));
  };
  return { place, put };
}

describe('WSL', () => {
  test('is absent: that is offered to be mended, and can be', async (t) => {
    const pc = await windows({ wsl: 'absent', webview: 'ok' });
    t.after(() => pc.stop());
    writeImage(pc.driveC('Helix'));
    let start = await attempt(t, pc);
    await pc.waitForWindow(/needs the Windows Subsystem for Linux/);
    await pc.screenshot('offer-wsl');
    await start.press('Quit');
    assert.equal(await start.helix.exited, 0);

    start = await attempt(t, pc);
    await pc.waitForWindow(/needs the Windows Subsystem for Linux/);
    await start.press('Install it');
    await start.gives('FAULT_WSL_NOT_INSTALLED', /could not be installed/, () => pc.installWsl());
    await start.works();
  });

  test('is the old one of Windows 10: it is updated', async (t) => {
    const pc = await windows({ wsl: 'old', webview: 'ok' });
    t.after(() => pc.stop());
    writeImage(pc.driveC('Helix'));
    const start = await attempt(t, pc);
    const { texts } = await pc.waitForWindow(/is too old/);
    assert.match(texts.join('\n'), /the old one that came with Windows/);
    await pc.screenshot('offer-wsl-update');
    await start.press('Update it');
    await start.works();
    assert.ok(pc.calls().some(([verb]) => verb === '--update'));
  });

  describe('speaks', () => {
    const one = onePc();
    for (const [what, lines] of Object.entries({
      German: ['german'], Chinese: ['chinese'], 'UTF-16 whatever it is told': ['utf16'],
      'Chinese in UTF-16': ['chinese', 'utf16'], 'too much': ['flood --version', 'flood --list'],
    }))
      test(what, async (t) => {
        one.pc.behave(...lines);
        const start = await attempt(t, one.pc);
        await start.works();
        assert.match(start.helix.log(), /wsl: version 2\.3\.26/);
      });

    test('German and UTF-16 when it fails, and is understood', async (t) => {
      one.pc.behave('german', 'utf16', 'fail -d CreateInstance/CreateVm/HCS/HCS_E_HYPERV_NOT_INSTALLED');
      const start = await attempt(t, one.pc);
      await start.gives('FAULT_VIRTUALISATION_OFF', /Virtualisation is switched off/, () => one.pc.behave());
      await start.works();
    });
  });
});

test('an import that fails says why, by each code, and then works', async (t) => {
  const pc = await windows({ webview: 'ok' });
  t.after(() => pc.stop());
  writeImage(pc.driveC('Helix'));
  const cases = [
    ['CreateVm/HCS/0x80370102', 'FAULT_VIRTUALISATION_OFF', /Virtualisation is switched off/],
    ['CreateVm/WSL_E_VIRTUAL_MACHINE_PLATFORM_REQUIRED', 'FAULT_VIRTUALISATION_OFF', /Virtualisation/],
    ['WSL_E_WSL_OPTIONAL_COMPONENT_REQUIRED', 'FAULT_WINDOWS_FEATURE', /A part of Windows is missing/],
    ['WSL_E_WSL2_NEEDED', 'FAULT_WSL2_NEEDED', /WSL version 2 is needed/],
    ['RegisterDistro/WSL_E_IMPORT_FAILED', 'FAULT_IMPORT_FAILED', /could not be set up/],
    ['RegisterDistro/E_ACCESSDENIED', 'FAULT_ACCESS_DENIED', /Windows refused access/],
    ['RegisterDistro/ERROR_DISK_FULL', 'FAULT_DISK_FULL', /The disk is full/],
    ['RegisterDistro/WSL_E_NOT_A_LINUX_DISTRO', 'FAULT_NOT_A_SYSTEM', /holds no Linux system/],
    ['RegisterDistro/WSL_E_VM_CRASHED', 'FAULT_VM_CRASHED', /virtual machine stopped/],
    ['WSL_E_LOWER_INTEGRITY', 'FAULT_OTHER_RIGHTS', /with other rights/],
    ['RegisterDistro/0x80004005', 'FAULT_IMPORT_FAILED', /could not be set up/],
  ];
  const [first, ...more] = cases;
  const failBy = (code) => pc.behave(`fail --import ${code}`);
  failBy(first[0]);
  const start = await attempt(t, pc);
  let [, fault, sentence] = first;
  for (const next of more) {
    await start.gives(fault, sentence, () => failBy(next[0]));
    [, fault, sentence] = next;
  }
  await start.gives(fault, sentence, () => pc.behave('exit --import 5'));
  /* It registered something all the same: that is tidied up. */
  await start.gives('FAULT_IMPORT_FAILED', /could not be set up/, () => pc.behave());
  await start.works();
});

describe('a download', () => {
  let pc;
  let server;
  before(async () => {
    server = await imageServer();
    pc = await windows({ webview: 'ok' });
  });
  after(async () => {
    await pc?.stop();
    await server?.stop();
  });

  test('that is wrong, endless, refused or for a newer WSL says so, and then works', async (t) => {
    const { sha256 } = server.manifest;
    server.manifest.sha256 = '0'.repeat(64);
    const start = await attempt(t, pc, ['--manifest', server.manifestUrl]);
    await start.gives('FAULT_DOWNLOAD_WRONG', /The download is damaged/, () => {
      server.manifest.sha256 = sha256;
      server.answer = 'wrong';
    });
    await start.gives('FAULT_DOWNLOAD_WRONG', /The download is damaged/, () => { server.answer = 'endless'; });
    await start.gives('FAULT_DOWNLOAD_WRONG', /The download is damaged/, () => { server.answer = 'missing'; });
    await start.gives('FAULT_SERVER_REFUSED', /The download server refused/, () => {
      server.answer = 'well';
      server.manifest.minimum_wsl = '99.0.0';
    });
    await pc.waitForWindow(/is too old/);
    await start.press('Update it');
    await start.fails('FAULT_WSL_TOO_OLD', /is still too old/);
    await start.quits();
    server.manifest.minimum_wsl = '2.0.0';
    await (await attempt(t, pc, ['--manifest', server.manifestUrl])).works();
  });

  test('for which there is no room says so', async (t) => {
    const folder = pc.driveC('small');
    mkdirSync(folder);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'none', folder]);
    t.after(() => execFileSync('umount', ['-l', folder]));
    const start = await attempt(t, pc, ['--manifest', server.manifestUrl, '--data', 'C:\\small', '--name', 'Small']);
    await start.gives('FAULT_DISK_SPACE', /not enough room/,
      () => execFileSync('mount', ['-o', 'remount,size=64m', folder]));
    await start.works();
  });

  test('whose manifest makes no sense says so', async (t) => {
    const { url } = server.manifest;
    server.manifest.url = 'file:///etc/passwd';
    const words = ['--manifest', server.manifestUrl, '--name', 'Third', '--data', 'C:\\third'];
    const start = await attempt(t, pc, words);
    await start.gives('FAULT_MANIFEST_BAD', /makes no sense/, () => { server.manifest.url = url; });
    await start.works();
  });
});

describe('an agent', () => {
  const one = onePc();
  const { place, put } = otherAgent();
  after(() => rmSync(place, { recursive: true }));
  before(() => one.pc.setPath([place]));

  test('that is not there makes it somebody else\'s system', async (t) => {
    const start = await attempt(t, one.pc);
    await start.gives('FAULT_NOT_OURS', /has no desktop in it/, () => put());
    await start.works();
  });

  test('that talks before it is ready is waited for', async (t) => {
    put(`head -c 100000 /dev/urandom; echo; echo '{"event":"ready","port":0}'; echo '{"event":'
      echo '{"event":"ready","port":1,"token":"short"}'; exec ${AGENT} "$@"`);
    await (await attempt(t, one.pc)).works();
  });

  test('that crashes twice is started again', async (t) => {
    put(`case $1 in run) n=$(cat ${place}/n 2>/dev/null || echo 0); echo $((n + 1)) > ${place}/n
      [ $n -lt 2 ] && kill -SEGV $$;; esac; exec ${AGENT} "$@"`);
    const start = await attempt(t, one.pc);
    await start.works();
    assert.equal(start.helix.log().match(/WAIT_READY: CRASHED/g).length, 2);
  });

  test('whose port a program of Windows holds is reached through wsl.exe, and its token kept', async (t) => {
    const net = `helix-port-${process.pid}`;
    const seen = [];
    const other = createServer((request, response) => {
      seen.push({ url: request.url, headers: request.headers });
      response.end('ok\n');
    });
    other.listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address();
    execFileSync('ip', ['netns', 'add', net]);
    t.after(() => {
      put();
      other.close();
      execFileSync('ip', ['netns', 'delete', net]);
    });
    execFileSync('ip', ['-n', net, 'link', 'set', 'lo', 'up']);
    put(`case $1 in run) set -- "$@" --listen 127.0.0.1:${port};; esac
      exec nsenter --net=/run/netns/${net} ${AGENT} "$@"`);
    const start = await attempt(t, one.pc);
    const url = await start.helix.openedUrl(40000);
    const token = /token=([\w-]+)/.exec(url)[1];

    assert.match(start.helix.log(), /localhost: another program answers; going through wsl\.exe/);
    assert.notEqual(new URL(url).port, String(port));
    assert.ok(seen.length > 1);
    assert.deepEqual([...new Set(seen.map((request) => request.url))], ['/healthz']);
    assert.ok(seen.every(({ headers }) => headers.authorization === undefined));
    assert.ok(!JSON.stringify(seen).includes(token));
    await start.works();
  });
});

describe('without WebView2', () => {
  for (const mode of [null, 'sync_fail', 'env_fail', 'ctl_fail', 'load_fail'])
    test(`(${mode ?? 'not installed'}) the browser shows the desktop`, async (t) => {
      const pc = await windows({ webview: mode });
      t.after(() => pc.stop());
      writeImage(pc.driveC('Helix'));
      const helix = await pc.helix();
      await helix.waitForLog(/open, by browser/, 45000);
      await pc.waitForWindow(/open in the browser/);
      await pc.screenshot('browser');
      assert.match(await until('the browser was started', () => pc.browsed()), /\.html/);
      assert.doesNotMatch(pc.browsed(), /token=/);
      assert.equal(await helix.close(), 0);
      await pc.waitForNoLinux();
    });
});

/* They mostly wait, and do so at the same time. */
describe('after much patience', { concurrency: true }, () => {
  async function ownPc(t) {
    const pc = await windows({ webview: 'ok' });
    t.after(() => pc.stop());
    return pc;
  }

  test('a WSL that does not answer is given up', async (t) => {
    const pc = await ownPc(t);
    writeImage(pc.driveC('Helix'));
    pc.behave('hang --version');
    const start = await attempt(t, pc);
    await start.fails('FAULT_WSL_HUNG', /does not answer/);
    assert.deepEqual(pc.programs('wsl.exe'), []);
    pc.behave();
    await start.quits();
    await (await attempt(t, pc)).works();
  });

  test('a download that breaks off each time is given up', async (t) => {
    const server = await imageServer();
    t.after(() => server.stop());
    server.answer = 'short';
    const start = await attempt(t, await ownPc(t), ['--manifest', server.manifestUrl]);
    await start.gives('FAULT_DOWNLOAD_BROKE', /The download broke off/, () => { server.answer = 'well'; });
    await start.works();
  });

  test('an agent that only crashes is given up', async (t) => {
    const pc = await ownPc(t);
    const { place, put } = otherAgent();
    t.after(() => rmSync(place, { recursive: true }));
    writeImage(pc.driveC('Helix'));
    put('echo nonsense; exit 3');
    pc.setPath([place]);
    const start = await attempt(t, pc);
    await start.gives('FAULT_AGENT_CRASHED', /The desktop stopped several times/, () => put());
    await start.works();
  });
});
