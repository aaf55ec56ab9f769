/* A double click on Helix.exe, from nothing to a desktop, on a Windows that is wine: with the stub of
 * wsl.exe, a real helix-agent in a real session, and Chromium in place of WebView2. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
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

  test('of a newer version that was answered with Later is offered again only on request', async () => {
    writeImage(pc.driveC('Helix'), { version: '0.3.0' });
    let helix = await pc.helix(data);
    await pc.waitForWindow(/A newer Helix system \(0\.3\.0\)/);
    await pc.press('Later', 'Helix');
    await helix.openedUrl(30000);
    assert.equal(await helix.close(), 0);
    await pc.waitForNoLinux();

    helix = await pc.helix(data);
    await helix.openedUrl(30000);
    assert.match(helix.log(), /update: 0\.3\.0 is there, and was not wanted/);
    assert.equal(await helix.close(), 0);
    await pc.waitForNoLinux();

    helix = await pc.helix([...data, '--update']);
    await pc.waitForWindow(/A newer Helix system \(0\.3\.0\)/);
    assert.equal(await helix.close(), 0);
    await pc.waitForNoLinux();
  });

  /* With the machine's own tar, find and mv. */
  test('brings other things into /home than were saved: those give way, also after a cut', async () => {
    const made = await inLinux(`cd "$HOME" && ln -s file link && ln -s /nowhere to-a-directory &&
      mkdir -p directory/below && echo inside > directory/below/file && echo plain > plain &&
      chmod 640 plain && chown 1234:1234 plain && ln plain hard && mkfifo fifo && touch 'a
      b' && perl -MIO::Socket::UNIX -e 'IO::Socket::UNIX->new(Local => "socket", Listen => 1)'`);
    assert.equal(made.code, 0);
    pc.behave('fail sync E_FAIL', 'fail -xpf E_FAIL');
    let helix = await pc.helix([...data, '--update']);
    await pc.waitForWindow(/A newer Helix system/);
    await pc.press('Update now', 'Helix');
    const { texts } = await pc.waitForWindow(/not back in place yet/, 40000);
    assert.match(texts.join('\n'), /home\.tar[^]*kept\.tar[^]*wsl -d Second -u root tar/);
    await pc.screenshot('fault-restore-home');

    /* What an image, or somebody by hand, may have put there meanwhile. */
    const home = pc.driveC('Zoë 中 x', 'system', 'home');
    const mine = join(home, 'helix');
    for (const name of ['link', 'to-a-directory', 'plain', 'hard'])
      mkdirSync(join(mine, name, 'with'), { recursive: true });
    writeFileSync(join(mine, 'directory'), 'a file');
    writeFileSync(join(mine, 'by-hand'), 'by hand');
    writeFileSync(join(home, 'beside'), 'beside');
    const saved = statSync(pc.driveC('Zoë 中 x', 'home.tar')).size;

    /* tar succeeds, and the power is cut before that is on the disk: of the files that were just
     * written some are gone, some empty. */
    pc.behave('slow sync 60000');
    await pc.press('Try again', 'Helix');
    const before = pc.calls().length;
    await until('the files are back', () => pc.calls().slice(before).some((words) => words.includes('sync')),
      30000);
    assert.equal(readFileSync(join(mine, 'plain'), 'utf8'), 'plain\n');
    await helix.kill9();
    await until('its wsl.exe is gone', () => pc.programs('wsl.exe').length === 0);
    writeFileSync(join(mine, 'plain'), '');
    rmSync(join(mine, 'directory', 'below', 'file'));

    pc.behave();
    assert.equal(statSync(pc.driveC('Zoë 中 x', 'home.tar')).size, saved);
    helix = await pc.helix(data);
    await helix.openedUrl(40000);
    assert.match(helix.log(), /system: \/home is back/);
    const { stdout } = await inLinux(`cd "$HOME" && cat link directory/below/file plain &&
      readlink link to-a-directory && stat -c '%n %a %u:%g %h' plain && test -p fifo && test ! -e socket &&
      test -e 'a
      b' && ls -d by-hand ../beside 2>/dev/null || echo no more`);
    assert.equal(stdout, 'kept\ninside\nplain\nfile\n/nowhere\nplain 640 1234:1234 2\nno more\n');
    const aside = pc.driveC('Zoë 中 x', 'system', 'root', 'home-before-restore');
    assert.equal(readFileSync(join(aside, 'helix', 'by-hand'), 'utf8'), 'by hand');
    assert.equal(readFileSync(join(aside, 'beside'), 'utf8'), 'beside');
    assert.ok(!existsSync(pc.driveC('Zoë 中 x', 'home.tar')));
    assert.equal(await helix.close(), 0);
    await pc.waitForNoLinux();
  });
});
