/* A double click on Helix.exe, from nothing to a desktop, on a Windows that is wine: with the stub of
 * wsl.exe, a real helix-agent in a real session, and Chromium in place of WebView2. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { BUILD } from '../lib/agent.mjs';
import { launchChromium, openPage, readPicture } from '../lib/chromium.mjs';
import { imageServer, writeImage } from '../lib/image-server.mjs';
import { HEAD, readCounter, wrongPatches } from '../lib/picture.mjs';
import { allProcesses } from '../lib/processes.mjs';
import { testClient } from '../lib/testclient.mjs';
import { until } from '../lib/until.mjs';
import { windows } from '../lib/wine.mjs';

const AGENT = resolve(process.env.HELIX_AGENT ?? join(BUILD, 'helix-agent'));
const WSL = 'C:\\windows\\system32\\wsl.exe';

let browser;
before(async () => {
  browser = await launchChromium();
});
after(() => browser?.close());

/** Chromium shows the desktop behind this address, in its very colours. */
async function assertShown(url, name) {
  const page = await openPage(browser, { url });
  const seen = await until('the client is seen, sharp', async () => {
    const picture = await readPicture(page, HEAD);
    return readCounter(picture) !== null && wrongPatches(picture, 4).length === 0 && picture;
  }, 15000).catch(async () => readPicture(page, HEAD));
  await page.screenshot({ path: join(BUILD, 'test-shots', `launcher-${name}-page.png`) });

  assert.deepEqual(wrongPatches(seen, 4), []);
  assert.deepEqual(page.problems, []);
  await page.context().close();
}

/** Outside of memory and the one place that may have it, nobody finds the token. */
async function assertSecret(pc, token) {
  assert.ok(token?.length >= 16);
  assert.deepEqual(allProcesses().filter(({ commandLine }) => commandLine.includes(token)), []);
  assert.ok(!pc.log().includes(token), 'helix.log has the token');
  assert.ok(!JSON.stringify(await pc.look()).includes(token), 'a window shows the token');
}

const tokenOf = (url) => /token=([\w-]+)/.exec(url)?.[1];
const verbs = (calls) => calls.map((words) => (words[0] === '-d' ? words[words.indexOf('--exec') + 2] : words[0]));

describe('from nothing', () => {
  const screen = testClient({ mode: 'idle' });
  let pc;
  let server;
  before(async () => {
    server = await imageServer();
    pc = await windows({ webview: 'ok', session: { HELIX_APP: screen.command } });
  });
  after(async () => {
    await pc?.stop();
    await server?.stop();
    screen.clean();
  });

  test('it downloads, goes on where it broke off, sets up, starts and shows the desktop', async () => {
    pc.behave('slow --version 1000', 'slow --import 1500');
    server.answer = 'slow';
    server.cutAfter(1500000);
    const helix = await pc.helix(['--manifest', server.manifestUrl]);
    await pc.waitForWindow(/Looking at this PC/);
    await pc.screenshot('1-looking');
    await until('half is downloaded', () => server.downloads()[1]?.bytes > 300000, 20000);
    await pc.screenshot('2-downloading');
    await helix.waitForLog(/-> IMPORT/);
    await pc.waitForWindow(/Setting up/);
    await pc.screenshot('3-setting-up');
    const url = await helix.openedUrl();
    await helix.waitForLog(/-> RUNNING/);
    await pc.screenshot('4-window');

    const [first, second, ...more] = server.downloads();
    assert.deepEqual([first.first, second.first, more], [0, first.bytes, []]);
    assert.equal(first.bytes + second.bytes, server.image.length);
    assert.deepEqual(verbs(pc.calls()), ['--version', '--list', '--list', '--import', 'run']);
    await assertSecret(pc, tokenOf(url));
    await assertShown(url, 'first');

    assert.equal(await helix.close(), 0);
    await pc.waitForNoLinux();
    assert.doesNotMatch(helix.log(), /CRASHED/);
  });

  test('the next start goes straight through, and a second one beside it only shows the first', async () => {
    const requests = server.requests.length;
    const calls = pc.calls().length;
    pc.behave();
    const helix = await pc.helix(['--manifest', server.manifestUrl]);
    const url = await helix.openedUrl();
    await helix.waitForLog(/-> RUNNING/);
    const again = pc.start('C:\\Helix\\Helix.exe', ['--manifest', server.manifestUrl]);
    assert.equal(await again.exited, 0);

    assert.equal(server.requests.length, requests);
    assert.deepEqual(verbs(pc.calls().slice(calls)), ['--version', 'run']);
    await assertShown(url, 'second');
    assert.equal(await helix.close(), 0);
    await pc.waitForNoLinux();
  });

  test('a window that is closed while it starts leaves nothing behind', async () => {
    const helix = await pc.helix();
    await pc.leash();
    assert.equal(await helix.close(), 0);
    await pc.waitForNoLinux();
    assert.doesNotMatch(helix.log(), /CRASHED/);
  });

  test('the desktop is shown through wsl.exe where localhost leads nowhere', async (t) => {
    const name = `helix-${process.pid}`;
    const directory = mkdtempSync(join(tmpdir(), 'helix-net-'));
    execFileSync('ip', ['netns', 'add', name]);
    t.after(() => {
      execFileSync('ip', ['netns', 'delete', name]);
      rmSync(directory, { recursive: true });
    });
    execFileSync('ip', ['-n', name, 'link', 'set', 'lo', 'up']);
    writeFileSync(join(directory, 'helix-agent'),
      `#!/bin/sh\nexec nsenter --net=/run/netns/${name} ${AGENT} "$@"\n`, { mode: 0o755 });
    pc.setPath([directory, dirname(AGENT)]);
    const helix = await pc.helix();
    const url = await helix.openedUrl(40000);
    await helix.waitForLog(/open, by .*, through wsl.exe/);
    await assertSecret(pc, tokenOf(url));
    await assertShown(url, 'tunnel');

    assert.equal(await helix.close(), 0);
    await pc.waitForNoLinux();
    pc.setPath();
  });
});

describe('an image beside Helix.exe', () => {
  let pc;
  before(async () => {
    pc = await windows({ webview: 'ok' });
  });
  after(() => pc?.stop());
  const data = ['--data', 'C:\\Zoë 中 x', '--name', 'Second'];
  const inLinux = (script) => pc.wine(WSL, ['-d', 'Second', '--exec', 'sh', '-c', script]);

  test('is used without a server, with any letters in its paths', async () => {
    writeImage(pc.driveC('Helix'));
    const helix = await pc.helix(data);
    await helix.openedUrl(30000);
    assert.match(helix.log(), /image: version 0\.1\.0/);
    assert.ok(existsSync(pc.driveC('Zoë 中 x', 'system', 'ext4.vhdx')));
    assert.equal((await inLinux('echo kept > "$HOME/file"')).code, 0);
    assert.equal(await helix.close(), 0);
    await pc.waitForNoLinux();
  });

  test('of a newer version is offered, and keeps what is in /home', async () => {
    const calls = pc.calls().length;
    writeImage(pc.driveC('Helix'), { version: '0.2.0' });
    const helix = await pc.helix(data);
    await pc.waitForWindow(/A newer Helix system \(0\.2\.0\)/);
    await pc.screenshot('update');
    await pc.press('Update now', 'Helix');
    await helix.openedUrl(30000);

    const all = pc.calls().slice(calls).map((words) => words[0]);
    assert.ok(all.indexOf('--unregister') > 0 && all.indexOf('--import') > all.indexOf('--unregister'),
      all.join(' '));
    assert.deepEqual(await inLinux('cat "$HOME/file"'), { code: 0, stdout: 'kept\n' });
    assert.equal(await helix.close(), 0);
    await pc.waitForNoLinux();
  });
});
