/* The manifest and the image are what the launcher takes: Helix.exe, on a Windows that is wine, downloads
 * this very image, sets it up in the stub of WSL and shows its desktop, which is its own from the first
 * program to the last. Then it updates it, and takes it away. Figures are printed.
 * ROOTFS_PROFILE: desktop instead of minimal. Takes root. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { launchChromium, openPage } from '../lib/chromium.mjs';
import { connect } from '../lib/client.mjs';
import { imageServer } from '../lib/image-server.mjs';
import { until } from '../lib/until.mjs';
import { windows } from '../lib/wine.mjs';
import { findImage, TOP } from './image.mjs';

const profile = process.env.ROOTFS_PROFILE ?? 'minimal';
const { archive, manifestPath, manifest } = findImage(profile);
const NEWER = '99.0.0';
const WSL = 'C:\\windows\\system32\\wsl.exe';
const SET_UP_MS = 240000;
const PICTURE_MS = 60000;
/* A picture that has not changed for so long stands still. */
const QUIET_MS = 1000;
const TRIES = 30;
const ESCAPE = 1;
const LEFT_ALT = 56;
const F2 = 60;

const COMPOSITOR = { minimal: 'mutter', desktop: 'gnome-shell' }[profile];
/* What a person keeps, and what makes it differ from a plain file. */
const KEEP = `mkdir -p kept/private && chmod 700 kept/private && cd kept
echo content > file && chmod 640 file && ln file second-name && ln -s ../kept/file link
echo letters > 'Zoë 中 🙂.txt'
printf '#!/bin/sh\\necho it runs\\n' > program && chmod 755 program
find . -exec touch -h -d '2021-02-03 04:05:06 UTC' {} +`;
const LOOK = `cd kept && find . -printf '%p %M %U:%G %n %Ts %l\\n' | sort && cat file link second-name Z* && ./program`;
const SEEN = `. drwxr-xr-x 1789:1789 3 1612325106 
./Zoë 中 🙂.txt -rw-r--r-- 1789:1789 1 1612325106 
./file -rw-r----- 1789:1789 2 1612325106 
./link lrwxrwxrwx 1789:1789 1 1612325106 ../kept/file
./private drwx------ 1789:1789 2 1612325106 
./program -rwxr-xr-x 1789:1789 1 1612325106 
./second-name -rw-r----- 1789:1789 2 1612325106 
content
content
content
letters
it runs
`;
const CHANGE_SYSTEM = `echo changed > /etc/motd && echo '# changed' >> /etc/helix.conf &&
cp /bin/true /usr/local/bin/installed && mkdir /opt/mine`;
const LOOK_AT_SYSTEM = 'cat /etc/motd; tail -n 1 /etc/helix.conf; ls /opt /usr/local/bin';
const CHANGED = 'changed\n# changed\n/opt:\nmine\n\n/usr/local/bin:\ninstalled\n';
const LOOK_AT_SETTING = 'gsettings get org.gnome.desktop.interface clock-show-weekday';

const seconds = (from) => `${((performance.now() - from) / 1000).toFixed(1)} s`;

describe(`the ${profile} image by Helix.exe`, () => {
  let browser, helix, pc, server, url, viewer;
  before(async () => {
    browser = await launchChromium();
    server = await imageServer({ image: readFileSync(archive), manifest: readFileSync(manifestPath) });
    pc = await windows({ webview: 'ok' });
  });
  after(async () => {
    await browser?.close();
    await pc?.stop();
    await server?.stop();
  });

  const inTree = (...parts) => join(pc.dataDirectory, 'system', 'tree', ...parts);

  /** Run a script in the distribution, as anybody may with wsl.exe: what it writes. */
  async function wsl(script, words = []) {
    const { code, stdout } = await pc.wine(WSL, ['-d', 'Helix', ...words, '--exec', 'sh', '-c', script]);
    assert.equal(code, 0, stdout);
    return stdout;
  }

  /** Until somebody outside has a picture of the desktop that Helix.exe opened. */
  async function see() {
    url = await helix.openedUrl(SET_UP_MS);
    const { port, hash } = new URL(url);
    viewer = await connect({ port, token: /token=([\w-]+)/.exec(hash)[1] });
    await viewer.firstKeyFrame(PICTURE_MS);
  }

  /** Close the window: the session goes, the distribution stays. */
  async function close() {
    viewer.terminate();
    assert.equal(await helix.close(), 0);
    await pc.waitForNoLinux();
    assert.doesNotMatch(helix.log(), /CRASHED/);
  }

  async function screenshot(name) {
    const page = await openPage(browser, { url });
    await page.waitForFunction(() => getComputedStyle(document.getElementById('screen')).visibility === 'hidden');
    await page.screenshot({ path: join(TOP, 'build/test-shots', `rootfs-${profile}-${name}.png`) });
    assert.deepEqual(page.problems, []);
    await page.context().close();
  }

  /** Until its picture stands still. */
  async function settle() {
    for (let more = true; more;) {
      const { length } = viewer.videos;
      more = await viewer.waitFor('another picture', () => viewer.videos.length > length, QUIET_MS)
        .catch(() => false);
    }
  }

  /** GNOME starts with its overview, which has the keyboard, and without a terminal. */
  async function openTerminal() {
    const isOpen = () => pc.linux('bash').length > 0;
    for (let i = 0; i < TRIES && !isOpen(); i++) {
      await settle();
      viewer.press(ESCAPE);
      await settle();
      viewer.key(LEFT_ALT, true);
      viewer.press(F2);
      viewer.key(LEFT_ALT, false);
      await settle();
      viewer.type('gnome-terminal\n');
      await until('a shell', isOpen, 5000).catch(() => {});
    }
    assert.ok(isOpen(), 'GNOME starts a terminal');
  }

  /** Type a line until it has done what it is for: before the shell reads, or before its window has the
   * keyboard, it is lost. */
  async function type(line, isDone) {
    if (profile === 'desktop') await openTerminal();
    for (let i = 0; i < TRIES && !isDone(); i++) {
      viewer.type(`${line}\n`);
      await until('the line', isDone, 2000).catch(() => {});
    }
    assert.ok(isDone(), `${line} was not done`);
  }

  test('from a double click to its desktop', async () => {
    const start = performance.now();
    helix = await pc.helix(['--manifest', server.manifestUrl]);
    await helix.waitForLog(/image: version/, SET_UP_MS);
    console.log(`downloaded and verified after ${seconds(start)}`);
    await helix.waitForLog(/-> START_AGENT/, SET_UP_MS);
    console.log(`imported after ${seconds(start)}`);
    await see();
    console.log(`the first picture after ${seconds(start)}`);
    await pc.screenshot(`rootfs-${profile}`);

    /* Its boot command, which WSL does not wait for, came in nobody's way. */
    assert.doesNotMatch(helix.log(), /CRASHED/);
    assert.deepEqual(server.requests.map(({ path, bytes }) => [path, bytes]),
      [['/manifest.json', 0], [`/${manifest.url}`, manifest.size]]);
    assert.ok(helix.log().includes(`image: version ${manifest.version}, as its manifest says`));
    /* A newer one comes out meanwhile. */
    server.manifest = { ...manifest, version: NEWER };
  });

  test('all that runs is the image\'s own, as WSL would run it', async () => {
    const running = await until('the session is whole', () => {
      const all = pc.linux().filter(({ name }) => name !== 'wsl-bridge');
      return [COMPOSITOR, 'helix-agent', 'helix-encoder', ...(profile === 'minimal' ? ['foot'] : [])]
        .every((name) => all.some((info) => info.name === name)) && all;
    }, PICTURE_MS);
    const { pid } = running.find(({ name }) => name === 'helix-agent');
    const environment = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');

    for (const { pid: each, name } of running)
      if (existsSync(`/proc/${each}/root`)) assert.equal(readlinkSync(`/proc/${each}/root`), inTree(), name);
    assert.equal(statSync(`/proc/${pid}`).uid, 1789);
    assert.ok(environment.includes('WSL_DISTRO_NAME=Helix') && environment.includes('HOME=/home/helix'));
    assert.deepEqual(environment.filter((line) => /^(HELIX|WINE|DISPLAY|XDG|GSETTINGS)/.test(line)), []);
    assert.equal(pc.calls().filter((words) => words.includes('run')).length, 1);
  });

  test('takes what is typed into its terminal', async () => {
    const typed = () => existsSync(inTree('home/helix/typed')) && readFileSync(inTree('home/helix/typed'), 'utf8');
    await type('id -un > typed; helix-agent --version', typed);
    await screenshot('typed');

    assert.equal(typed(), 'helix\n');
  });

  test('has a boot command that runs once, whoever starts what', async () => {
    const id = await wsl('cat /etc/machine-id');
    const [init] = pc.programs('wsl-init');
    await wsl('rm /etc/machine-id', ['--user', 'root']);
    assert.match(id, /^[0-9a-f]{32}\n$/);
    assert.equal(await wsl('ls /etc/machine-id 2>/dev/null || echo none'), 'none\n');
    assert.equal(pc.programs('wsl-init')[0].pid, init.pid);
  });

  test('is updated: what is below /home stays, all else goes', async () => {
    await wsl(KEEP, ['--cd', '~']);
    assert.equal(await wsl(LOOK, ['--cd', '~']), SEEN);
    if (profile === 'desktop') {
      await type('gsettings set org.gnome.desktop.interface clock-show-weekday true; touch chosen',
        () => existsSync(inTree('home/helix/chosen')));
      await until('the setting is kept', async () => await wsl(LOOK_AT_SETTING) === 'true\n');
    }
    await wsl(CHANGE_SYSTEM, ['--user', 'root']);
    assert.equal(await wsl(LOOK_AT_SYSTEM), CHANGED);
    await close();
    const calls = pc.calls().length;

    helix = await pc.helix(['--manifest', server.manifestUrl, '--update']);
    await pc.waitForWindow(new RegExp(`A newer Helix system \\(${NEWER}\\)`));
    const start = performance.now();
    await pc.press('Update now', 'Helix');
    await see();
    console.log(`updated, to the first picture after ${seconds(start)}`);
    await screenshot('updated');

    assert.match(pc.calls().slice(calls).map((words) => words.join(' ')).join('\n'),
      /--terminate Helix\n[^]*tar [^]*--unregister Helix\n[^]*--import Helix [^]*tar [^]*helix-agent run/);
    assert.equal(await wsl(LOOK, ['--cd', '~']), SEEN);
    assert.equal(await wsl('cat typed', ['--cd', '~']), 'helix\n');
    if (profile === 'desktop')
      assert.equal(await wsl(LOOK_AT_SETTING), 'true\n');
    assert.doesNotMatch(await wsl(`${LOOK_AT_SYSTEM}; true`), /changed|installed|mine/);
    await until('it has a machine-id again', () => existsSync(inTree('etc/machine-id')));
    await close();
  });

  test('keeps what was written between two starts', async () => {
    await wsl('echo later > later; sudo touch /opt/later', ['--cd', '~']);
    const { code } = await pc.wine(WSL, ['--terminate', 'Helix']);
    assert.equal(code, 0);
    assert.deepEqual(pc.programs('wsl-init'), []);
    helix = await pc.helix(['--manifest', server.manifestUrl]);
    await see();

    assert.equal(await wsl('cat later; ls /opt', ['--cd', '~']), 'later\nlater\n');
    assert.equal(pc.programs('wsl-init').length, 1);
    await close();
  });

  test('goes without a trace', async () => {
    const uninstall = await pc.helix(['--uninstall', '--yes']);

    const code = await uninstall.exited;
    assert.deepEqual(existsSync(pc.dataDirectory) ? readdirSync(pc.dataDirectory, { recursive: true }) : [], []);
    assert.equal(code, 0);
    assert.match((await pc.wine(WSL, ['--list', '--quiet'], { environment: { WSL_UTF8: '1' } })).stdout,
      /WSL_E_DEFAULT_DISTRO_NOT_FOUND/);
    assert.deepEqual(pc.programs('wsl-init'), []);
  });
});
