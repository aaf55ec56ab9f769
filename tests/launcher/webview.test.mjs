/* windows-launcher/win/webview*: its numbers against the table, and its behaviour against the fake
 * runtime, under wine.
 *
 *   HELIX_WINDOWS_TESTS   where fake_webview2.dll and webview_host.exe are, build/windows/tests */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { until, within } from '../lib/until.mjs';
import { windows, windowsPath } from '../lib/wine.mjs';

const HERE = dirname(fileURLToPath(import.meta.url));
const TREE = resolve(HERE, '../..');
const PROGRAMS = resolve(process.env.HELIX_WINDOWS_TESTS ?? join(TREE, 'build/windows/tests'));
const ORIGIN = 'http://127.0.0.1:7878';
const URL = `${ORIGIN}/#token=0123456789abcdef`;
const RUNTIME = '{F3017226-FE2A-4295-8BDF-00C3A9A7E4C5}';
const DEADLINE_MS = 20000;

const win32 = (code) => (0x80070000 + code).toString(16);
const OK = '00000000';
const E_FAIL = '80004005';
const ACCESS_DENIED = win32(5);
const INVALID_ARGUMENT = win32(87);
const NOT_FOUND = win32(2);
const INVALID_STATE = win32(5023);
const PROCESS_ABORTED = win32(1067);
const OLD_VERSION = win32(1150);
const CONNECTION_ABORTED = win32(1236);
const TIMEOUT = win32(1460);
const PRODUCT_VERSION = win32(1638);

function readTable() {
  const table = { iids: new Map(), slots: new Map(), values: new Map() };
  for (const line of readFileSync(join(HERE, 'webview2-slots.txt'), 'utf8').split('\n')) {
    const [kind, name, second, third] = line.split(' ');
    if (kind === 'interface') table.iids.set(name, second);
    if (kind === 'slot') table.slots.set(`${name}_${second}`, Number(third));
    if (kind === 'value') table.values.set(name, Number(second));
  }
  return table;
}

const readIid = (text) => {
  const [a, b, c, ...d] = text.match(/0x[0-9a-f]+/g).map((word) => word.slice(2));
  return `${a}-${b}-${c}-${d.slice(0, 2).join('')}-${d.slice(2).join('')}`;
};

describe('the hand-declared interface', () => {
  const header = readFileSync(join(TREE, 'windows-launcher/win/webview_abi.h'), 'utf8');
  const table = readTable();

  test('every slot is the one of the table', () => {
    const slots = [...header.matchAll(/^\s*(ICoreWebView2[A-Za-z0-9]*_\w+) = (\d+),/gm)]
      .filter(([, name]) => name !== 'ICoreWebView2Handler_Invoke');
    assert.ok(slots.length > 40, `${slots.length} slots found`);
    for (const [, name, slot] of slots) assert.equal(Number(slot), table.slots.get(name), name);
  });

  test('every member of an interface has a slot', () => {
    const members = [...header.matchAll(/^\t+(?:SLOT|EVENT)\((\w+),\s+(\w+)/gm)];
    assert.ok(members.length > 30, `${members.length} members found`);
    for (const [, owner, member] of members)
      assert.ok(table.slots.has(`${owner}_${member}`), `${owner}_${member}`);
  });

  test('every IID is the one of the table, and every handler has Invoke and nothing else', () => {
    const iids = [...header.matchAll(/IID IID_(\w+) =\s*(\{[^;]*\});/g)];
    assert.ok(iids.length >= 13, `${iids.length} IIDs found`);
    const [, invoke] = header.match(/ICoreWebView2Handler_Invoke = (\d+)/);
    for (const [, name, value] of iids) {
      assert.equal(readIid(value), table.iids.get(name), name);
      if (!name.endsWith('Handler')) continue;
      const members = [...table.slots].filter(([member]) => member.startsWith(`${name}_`));
      assert.deepEqual(members, [[`${name}_Invoke`, Number(invoke)]]);
    }
  });

  test('every constant is the one of the table', () => {
    const values = [...header.matchAll(/^\s*(COREWEBVIEW2_\w+) = (\d+),/gm)];
    assert.ok(values.length >= 12, `${values.length} values found`);
    for (const [, name, value] of values) assert.equal(Number(value), table.values.get(name), name);
  });
});

/* webview_host.exe with the fake runtime in one of its modes. */
class Host {
  static #count = 0;
  #lines = [];

  constructor(pc, mode, { environment, timeoutMs = 15000, url = URL, args = '' }) {
    const name = `webview-${Host.#count++}`;
    this.logFile = pc.driveC(`${name}.log`);
    this.urlFile = pc.driveC(`${name}.url`);
    this.child = spawn('wine', [windowsPath(join(PROGRAMS, 'webview_host.exe')), url, ORIGIN,
      'C:\\Zoë\\WebView', String(timeoutMs), args], {
      env: { ...pc.environment, HELIX_FAKE_WV2: mode, HELIX_FAKE_LOG: `C:\\${name}.log`,
        HELIX_FAKE_URL_FILE: `C:\\${name}.url`, ...environment },
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    this.exited = once(this.child, 'exit').then(([code]) => code);
    createInterface({ input: this.child.stdout }).on('line', (line) => this.#lines.push(line));
  }

  say(line) {
    this.child.stdin.write(`${line}\n`);
  }

  /** What it said of that kind: the rest of each line. */
  said(word) {
    return this.#lines.filter((line) => line.startsWith(`${word} `) || line === word)
      .map((line) => line.slice(word.length + 1));
  }

  /** Until it said so, `count` times: the last one. */
  async hear(word, count = 1) {
    await until(`webview_host says ${word}, after ${this.#lines.join(' | ')}`,
      () => this.said(word).length >= count, DEADLINE_MS);
    return this.said(word).at(-1);
  }

  log() {
    return existsSync(this.logFile) ? readFileSync(this.logFile, 'utf8').trimEnd().split('\n') : [];
  }

  async waitForLog(wanted, count = 1) {
    await until(`the fake logs ${wanted}`,
      () => this.log().filter((line) => line.startsWith(wanted)).length >= count, DEADLINE_MS);
  }

  async open() {
    this.say('new');
    assert.equal(await this.hear('new'), OK);
  }

  /** What was answered to each event: {url, value, answer}. */
  events(name) {
    return this.log().map((line) => line.match(
      new RegExp(`^event ${name}EventHandler url=(.*) value=(\\d+) key=(\\d+) answer=(-?\\d+)$`)))
      .filter(Boolean).map(([, url, value, key, answer]) =>
        ({ url, value: Number(value), key: Number(key), answer: Number(answer) }));
  }

  /** Free the webview, let the fake drop all, and see that nothing is left on either side. */
  async finish({ hasRuntime = true } = {}) {
    this.say('free');
    await this.hear('freed');
    if (hasRuntime) {
      this.say('end');
      await this.waitForLog('end');
      const wrong = this.log().filter((line) => /^(BUG|UNEXPECTED)/.test(line));
      assert.deepEqual(wrong, []);
      assert.ok(this.log().some((line) => line.startsWith('balanced')), 'references are balanced');
    }
    this.say('allocations');
    assert.equal(await this.hear('allocations'), '0');
    this.child.stdin.end();
    assert.equal(await within(this.exited, DEADLINE_MS, 'webview_host ends'), 0);
  }

  kill() {
    this.child.kill('SIGKILL');
  }
}

describe('the webview', () => {
  let pc;
  const hosts = [];
  const start = (mode, options = {}) => {
    const host = new Host(pc, mode, options);
    hosts.push(host);
    return host;
  };
  /* From nothing until the fake has played its mode to the end. */
  const play = async (mode, options) => {
    const host = start(mode, options);
    await host.open();
    await host.waitForLog('played');
    return host;
  };
  const updateKey = (root, part) => `${root}\\Software\\Microsoft\\EdgeUpdate\\${part}\\${RUNTIME}`;
  const register = (folder, root = 'HKCU', part = 'ClientState', name = 'EBWebView') =>
    pc.wine('reg', ['add', updateKey(root, part), '/v', name, '/t', 'REG_SZ', '/d', folder, '/f',
      '/reg:32']);
  const unregister = (root = 'HKCU', part = 'ClientState') =>
    pc.wine('reg', ['delete', updateKey(root, part), '/f', '/reg:32']);
  const install = (folder) => {
    const target = pc.driveC(...folder.slice(3).split('\\'), 'EBWebView', 'x64');
    mkdirSync(target, { recursive: true });
    copyFileSync(join(PROGRAMS, 'fake_webview2.dll'), join(target, 'EmbeddedBrowserWebView.dll'));
    return folder;
  };
  const good = 'C:\\Edge Zoë 中\\Application\\130.0.2849.80';

  before(async () => {
    pc = await windows({ wsl: 'absent' });
    install(good);
    await register(good);
  });
  after(async () => {
    for (const host of hosts) host.kill();
    await pc?.stop();
  });

  test('opens the page in the window, with its settings', async () => {
    const host = await play('ok', { args: '--some-switch' });

    assert.equal(await host.hear('opened'), OK);
    assert.deepEqual(host.log().filter((line) => !line.startsWith('event')), [
      'create mode=ok check=1 type=0 user_data=C:\\Zoë\\WebView',
      `option get_AdditionalBrowserArguments=--some-switch result=${OK}`,
      `option get_Language= result=${OK}`,
      `option get_TargetCompatibleBrowserVersion=100.0.0.0 result=${OK}`,
      'CreateCoreWebView2Controller parent=1',
      'put_DefaultBackgroundColor ff 0b0d11',
      'put_IsStatusBarEnabled 0',
      'put_AreDevToolsEnabled 0',
      'put_AreDefaultContextMenusEnabled 0',
      'put_IsZoomControlEnabled 0',
      'put_AreBrowserAcceleratorKeysEnabled 0',
      host.log().find((line) => line.startsWith('put_Bounds 0 0 ')),
      'put_IsVisible 1',
      `Navigate ${ORIGIN}/`,
      'played ok',
    ]);
    assert.equal(readFileSync(host.urlFile, 'utf8'), `${URL}\n`);
    await host.finish();
    assert.deepEqual(host.said('opened').concat(host.said('lost')), [OK]);
  });

  test('passes on size, focus, place, visibility and messages', async () => {
    const host = await play('ok');
    const earlier = host.log().length;

    for (const command of ['resize 0 30 800 600', 'focus', 'moved', 'show 0', 'show 1',
      'post {"kind":"keys"}'])
      host.say(command);

    await host.waitForLog('PostWebMessageAsJson');
    assert.deepEqual(host.log().slice(earlier), ['put_Bounds 0 30 800 600', 'MoveFocus 0',
      'NotifyParentWindowPositionChanged', 'put_IsVisible 0', 'put_IsVisible 1',
      'PostWebMessageAsJson {"kind":"keys"}']);
    await host.finish();
  });

  test('remembers size and visibility that come before the page', async () => {
    const host = start('late_callback');
    await host.open();
    await host.waitForLog('CreateCoreWebView2Controller');

    for (const command of ['resize 1 2 300 400', 'show 0', 'focus', 'moved', 'post {}', 'go'])
      host.say(command);

    await host.waitForLog('played');
    const calls = host.log().filter((line) => /^(put_Bounds|put_IsV|MoveF|Notify|Post)/.test(line));
    assert.deepEqual(calls, ['put_Bounds 1 2 300 400', 'put_IsVisible 0']);
    await host.finish();
  });

  test('has developer tools when HELIX_DEVTOOLS is set', async () => {
    const host = await play('ok', { environment: { HELIX_DEVTOOLS: '1' } });
    assert.ok(host.log().includes('put_AreDevToolsEnabled 1'));
    await host.finish();
  });

  test('does without ICoreWebView2Settings3', async () => {
    const host = await play('no_settings3');

    assert.equal(await host.hear('opened'), OK);
    assert.ok(!host.log().some((line) => line.includes('AcceleratorKeys')));
    await host.finish();
  });

  for (const [mode, result] of [['sync_fail', E_FAIL], ['old_version', PRODUCT_VERSION]])
    test(`says so at once when the library refuses: ${mode}`, async () => {
      const host = start(mode);
      host.say('new');

      assert.equal(await host.hear('new'), result);
      await host.finish();
      assert.equal(host.said('opened').length, 0);
    });

  for (const [mode, result] of [['env_fail', ACCESS_DENIED], ['ctl_fail', INVALID_STATE],
    ['load_fail', CONNECTION_ABORTED], ['early_crash', PROCESS_ABORTED]])
    test(`says later that it failed: ${mode}`, async () => {
      const host = start(mode);
      await host.open();

      await host.hear('opened');
      await host.finish();
      assert.deepEqual(host.said('opened').concat(host.said('lost')), [result]);
    });

  test('gives up when nothing comes', async () => {
    const host = start('never', { timeoutMs: 200 });
    await host.open();

    assert.equal(await host.hear('opened'), TIMEOUT);
    await host.finish();
  });

  test('closes a controller that comes after it gave up', async () => {
    const host = start('late_callback', { timeoutMs: 200 });
    await host.open();
    assert.equal(await host.hear('opened'), TIMEOUT);

    host.say('go');

    await host.waitForLog('Close');
    await host.finish();
    assert.equal(host.said('opened').length, 1);
  });

  test('closes a controller that comes after it was freed', async () => {
    const host = start('late_callback');
    await host.open();
    await host.waitForLog('CreateCoreWebView2Controller');
    host.say('free');

    host.say('go');

    await host.waitForLog('Close');
    await host.finish();
    assert.equal(host.said('opened').length, 0);
    assert.ok(!host.log().some((line) => line.startsWith('Navigate')));
  });

  test('can be freed before anything came, and opened again', async () => {
    const host = start('ok');
    host.say('new');
    host.say('free');
    await host.hear('freed');

    host.say('new');

    assert.equal(await host.hear('new', 2), OK);
    assert.equal(await host.hear('opened'), OK);
    host.say('free');
    host.say('new');
    assert.equal(await host.hear('opened', 2), OK);
    await host.finish();
  });

  for (const [mode, event] of [['ok', 'opened'], ['load_fail', 'opened'], ['browser_crash', 'lost'],
    ['full_screen', 'full_screen'], ['new_window', 'link'], ['accelerator', 'accelerator']])
    test(`can be freed while it tells: ${event} of ${mode}`, async () => {
      const host = start(mode);
      host.say(`free_in ${event}`);
      await host.open();

      assert.equal(await host.hear('freed'), `in ${event}`);
      await host.finish();
      assert.equal(host.said(event).length, 1);
    });

  test('stays at its origin, and gives links away', async () => {
    const host = await play('navigate_away');

    const [allowed, refused] = [-1, 1].map((wanted) => host.events('NavigationStarting')
      .filter(({ answer }) => answer === wanted).map(({ url }) => url));
    /* A browser reads the backslash as a slash: still ours. */
    assert.deepEqual(allowed, [`${ORIGIN}/`, `${ORIGIN}/help?a#b`, ORIGIN,
      `${ORIGIN}\\@evil.example/`, 'HTTP://127.0.0.1:7878/']);
    assert.deepEqual(refused, ['https://example.com/page', `${ORIGIN}.evil/`,
      `${ORIGIN}@evil.example/`, `${ORIGIN}8/`, 'http://127.0.0.1/', 'https://127.0.0.1:7878/',
      'http://user@127.0.0.1:7878/', 'http://127.0.0.1:73414/', 'file:///C:/Windows/win.ini',
      'javascript:alert(1)', 'ms-settings:privacy', 'https://example.com/" --evil', '']);
    assert.deepEqual(host.said('link'), ['https://example.com/page', `${ORIGIN}@evil.example/`,
      'http://127.0.0.1/', 'https://127.0.0.1:7878/', 'http://user@127.0.0.1:7878/']);
    await host.finish();
  });

  test('opens although something else was refused meanwhile', async () => {
    const host = await play('early_away');
    assert.deepEqual(host.said('opened'), [OK]);
    await host.finish();
  });

  test('opens no window, and gives its link away', async () => {
    const host = await play('new_window');

    assert.deepEqual(host.events('NewWindowRequested').map(({ answer }) => answer), [1, 1, 1]);
    assert.deepEqual(host.said('link'), ['https://example.com/new', `${ORIGIN}/other`]);
    await host.finish();
  });

  for (const [mode, states, what] of [
    ['permission_clipboard', [1, 0], 'the clipboard is allowed, what has no name left alone'],
    ['permission_camera', [2, 2], 'camera and microphone are denied'],
    ['permission_foreign', [2, 2], 'nothing is allowed elsewhere']])
    test(`permissions: ${what}`, async () => {
      const host = await play(mode);

      assert.deepEqual(host.events('PermissionRequested').map(({ answer }) => answer), states);
      await host.finish();
    });

  test('reloads a page that died three times a minute, then it is lost', async () => {
    const host = await play('render_crash');

    assert.equal(host.log().filter((line) => line === 'Reload').length, 3);
    await host.finish();
    assert.deepEqual(host.said('lost'), [PROCESS_ABORTED]);
  });

  test('is lost with the browser, once', async () => {
    const host = await play('browser_crash');

    assert.ok(!host.log().includes('Reload'));
    await host.finish();
    assert.deepEqual(host.said('lost'), [PROCESS_ABORTED]);
  });

  test('is lost when the page closes itself', async () => {
    const host = await play('close_requested');
    assert.deepEqual(host.said('lost'), [OK]);
    await host.finish();
  });

  test('tells of full screen', async () => {
    const host = await play('full_screen');
    assert.deepEqual(host.said('full_screen'), ['1', '0']);
    await host.finish();
  });

  test('asks whose the keys are', async () => {
    const host = await play('accelerator');

    assert.deepEqual(host.said('accelerator'), ['122 1', '122 2', '122 0', '115 1', '115 0', '116 1']);
    assert.deepEqual(host.events('AcceleratorKeyPressed').map(({ answer }) => answer),
      [1, 1, 1, 1, 1, -1]);
    await host.finish();
  });

  for (const url of ['http://127.0.0.1:7879/', `${ORIGIN}.evil/`, 'nothing'])
    test(`does not start elsewhere: ${url}`, async () => {
      const host = start('ok', { url });
      host.say('new');

      assert.equal(await host.hear('new'), INVALID_ARGUMENT);
      await host.finish({ hasRuntime: false });
    });

  describe('the runtime', () => {
    /* Its version, and what comes of opening it. */
    const look = async () => {
      const host = start('ok');
      host.say('version');
      host.say('new');
      const found = [await host.hear('version'), await host.hear('new')];
      await host.finish({ hasRuntime: found[1] === OK });
      return found;
    };

    test('is the one of the user', async () => {
      assert.deepEqual(await look(), ['130.0.2849.80', OK]);
    });

    test('is the one of the machine first, unless that is too old', async () => {
      await register(install('C:\\Machine\\Application\\131.0.1.2'), 'HKLM');
      assert.deepEqual(await look(), ['131.0.1.2', OK]);
      await register(install('C:\\Machine\\Application\\99.0.1150.30'), 'HKLM');
      assert.deepEqual(await look(), ['130.0.2849.80', OK]);
      await unregister('HKLM');
    });

    test('is none where the updater says that it was removed', async () => {
      await register('0.0.0.0', 'HKCU', 'Clients', 'pv');
      assert.deepEqual(await look(), ['none', NOT_FOUND]);
      await register('130.0.2849.80', 'HKCU', 'Clients', 'pv');
      assert.deepEqual(await look(), ['130.0.2849.80', OK]);
      await unregister('HKCU', 'Clients');
    });

    test('is too old before 100', async () => {
      await register(install('C:\\Old\\99.0.1150.30'));
      assert.deepEqual(await look(), ['99.0.1150.30', OLD_VERSION]);
    });

    for (const folder of ['Application\\130.0.2849.80', '\\\\server\\share\\130.0.2849.80',
      'C:\\Old\\..\\130.0.2849.80', 'C:\\130.0.2849.80', 'C:\\Old\\latest', ''])
      test(`is none in "${folder}"`, async () => {
        await register(folder);
        assert.deepEqual(await look(), ['none', NOT_FOUND]);
      });

    test('is none without an entry or a file', async () => {
      await register(good);
      rmSync(pc.driveC(...good.slice(3).split('\\')), { recursive: true });
      assert.deepEqual(await look(), ['none', NOT_FOUND]);
      await unregister();
      assert.deepEqual(await look(), ['none', NOT_FOUND]);
    });
  });
});
