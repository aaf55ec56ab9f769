/* The main job, as a person does it: the page in a real Chromium, in front of a real desktop. */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { startAgent } from '../lib/agent.mjs';
import { launchChromium, openPage, readPicture, typeByKeys, waitForLive } from '../lib/chromium.mjs';
import { HEAD, readCounter, wrongPatches } from '../lib/picture.mjs';
import { randomText, typingTerminal } from '../lib/terminal.mjs';
import { testClient } from '../lib/testclient.mjs';
import { until } from '../lib/until.mjs';

const SHOTS = new URL('../../build/test-shots/', import.meta.url).pathname;
mkdirSync(SHOTS, { recursive: true });

for (const session of ['mutter', 'gnome'])
  describe(`a ${session} desktop in the page`, () => {
    const screen = testClient({ mode: 'idle' });
    let agent;
    let browser;
    before(async () => {
      agent = await startAgent({ app: screen.command, session, name: `browser-${session}`, args: ['--log-level', 'debug'] });
      browser = await launchChromium();
      await screen.waitFor('configure', 30000);
    });
    after(async () => {
      await browser?.close();
      await agent?.stop();
      screen.clean();
    });

    for (const player of ['webcodecs', 'mse'])
      test(`is seen in its very colours by the ${player} player`, async () => {
        const page = await openPage(browser, agent, { query: { player } });
        const picture = await until('the client is seen, sharp', async () => {
          const seen = await readPicture(page, HEAD);
          return readCounter(seen) !== null && wrongPatches(seen, 4).length === 0 && seen;
        }, 15000).catch(async () => readPicture(page, HEAD));
        await page.screenshot({ path: join(SHOTS, `${session}-${player}.png`) });

        assert.deepEqual(wrongPatches(picture, 4), []);
        assert.equal(await page.evaluate(() => window.helix.playerName), player);
        assert.deepEqual(page.problems, []);
        await page.context().close();
      });

    test('is clicked, dragged, turned and typed into through the page', async () => {
      const page = await openPage(browser, agent);
      const press = (length) => screen.waitFor((e) => e.event === 'button' && e.state === 1, 5000, length);
      await until('the page takes input', async () => {
        const { length } = screen.events();
        await page.mouse.click(640, 400);
        return press(length).catch(() => null);
      }, 20000);
      for (let i = 0; i < 50; i++) {
        const [x, y] = [40 + (i * 197) % 1200, 180 + (i * 131) % 500];
        const { length } = screen.events();
        await page.mouse.move(x, y);
        await page.mouse.down();
        await page.mouse.up();
        await press(length);
        const place = screen.events().filter(({ event }) => event === 'motion' || event === 'pointer-enter').at(-1);
        assert.ok(Math.abs(place.x - x) <= 1 && Math.abs(place.y - y) <= 1, `${place.x},${place.y} for ${x},${y}`);
      }

      let { length } = screen.events();
      await page.mouse.move(201, 303);
      await screen.waitFor((e) => e.event === 'motion' && e.x === 201, 5000, length);
      ({ length } = screen.events());
      await page.mouse.down();
      await page.mouse.move(500, 400, { steps: 10 });
      await page.mouse.up();
      await screen.waitFor((e) => e.event === 'button' && e.state === 0, 5000, length);
      const drag = screen.events().slice(length);
      assert.deepEqual([drag[0].event, drag.at(-1).event], ['button', 'button']);
      assert.equal(drag.filter(({ event }) => event === 'motion').at(-1).x, 500);

      ({ length } = screen.events());
      await page.mouse.wheel(0, 120);
      assert.equal((await screen.waitFor((e) => e.event === 'axis' && e.value120, 5000, length)).value120, 120);

      ({ length } = screen.events());
      await typeByKeys(page, 'aB');
      await until('four keys and a shift', () =>
        screen.events().slice(length).filter(({ event }) => event === 'key').length >= 6, 5000);
      assert.deepEqual(screen.events().slice(length).filter(({ event }) => event === 'key').map(({ code, state }) => [code, state]),
        [[30, 1], [30, 0], [42, 1], [48, 1], [48, 0], [42, 0]]);
      assert.deepEqual(page.problems, []);
      await page.context().close();
    });

    if (session === 'mutter')
      test('takes keys from the window that it is in', async () => {
        const page = await openPage(browser, agent);
        await page.addInitScript(() => {
          window.chrome.webview = new EventTarget();
        });
        await page.reload();
        await waitForLive(page);
        await screen.waitFor('keyboard-enter');
        const { length } = screen.events();
        const messages = [null, 'key', { type: 'key', code: 'NoKey', down: true },
          { type: 'key', code: 'KeyX', down: true }, { type: 'key', code: 'KeyX', down: true },
          { type: 'key', code: 'KeyX', down: false }, { type: 'key', code: 'KeyX', down: false }];

        await page.evaluate((all) => {
          for (const data of all)
            window.chrome.webview.dispatchEvent(new MessageEvent('message', { data }));
        }, messages);

        await screen.waitFor((e) => e.event === 'key' && e.state === 0, 5000, length);
        assert.deepEqual(screen.events().slice(length).filter(({ event }) => event === 'key')
          .map(({ code, state }) => [code, state]), [[45, 1], [45, 0]]);
        assert.deepEqual(page.problems, []);
        await page.context().close();
      });

    test('follows the size of the window', async () => {
      const page = await openPage(browser, agent);
      await page.setViewportSize({ width: 1000, height: 640 });
      await page.waitForFunction(() => window.helix.stream.widthPx === 1000 && window.helix.stream.heightPx === 640,
        null, { timeout: 10000 });
      await waitForLive(page);
      await until('the client is seen at the new size', async () => readCounter(await readPicture(page, HEAD)) !== null, 10000);
      await page.setViewportSize({ width: 1280, height: 720 });
      await page.waitForFunction(() => window.helix.stream.widthPx === 1280, null, { timeout: 10000 });
      await page.context().close();
    });
  });

test('500 characters typed into the page arrive in a terminal byte for byte', async (t) => {
  const text = randomText(500);
  const terminal = typingTerminal();
  const agent = await startAgent({ name: 'page-typing', app: terminal.command });
  const browser = await launchChromium();
  t.after(async () => {
    await browser.close();
    await agent.stop();
    terminal.clean();
  });
  const page = await openPage(browser, agent);
  await terminal.ready();
  await typeByKeys(page, text);
  await until('all is typed', () => terminal.typed().length >= text.length, 30000).catch(() => {});

  assert.equal(terminal.typed(), text);
});

test('relative motion arrives while the pointer is locked', async (t) => {
  const screen = testClient({ mode: 'idle', lock: true });
  const agent = await startAgent({ name: 'page-lock', app: screen.command });
  const browser = await launchChromium();
  t.after(async () => {
    await browser.close();
    await agent.stop();
    screen.clean();
  });
  const page = await openPage(browser, agent);
  await until('the pointer is over the client', async () => {
    await page.mouse.click(600 + Math.round(40 * Math.random()), 400);
    return screen.events('pointer-enter').length > 0;
  }, 15000);
  await page.keyboard.press('Control+Alt+Shift+KeyM');
  await page.waitForFunction(() => document.pointerLockElement !== null, null, { timeout: 5000 });
  await screen.waitFor('locked');
  const { length } = screen.events();
  await page.mouse.move(690, 420);
  const moved = await screen.waitFor('relative', 5000, length);

  assert.ok(moved.dx > 0 && moved.dy > 0, JSON.stringify(moved));
});

test('the page says in plain words what is wrong, and comes back by itself', async (t) => {
  const screen = testClient({ mode: 'static' });
  const agent = await startAgent({ name: 'page-words', app: screen.command });
  const browser = await launchChromium();
  t.after(async () => {
    await browser.close();
    await agent.stop();
    screen.clean();
  });
  const wrong = await openPage(browser, { ...agent, url: agent.url.replace(/#.*/, '#token=wrong-wrong-wrong-wrong') }, { live: false });
  await wrong.waitForFunction(() => window.helix?.state === 'refused', null, { timeout: 10000 });
  assert.match(await wrong.evaluate(() => document.body.innerText), /link/i);
  await wrong.screenshot({ path: join(SHOTS, 'refused.png') });

  const page = await openPage(browser, agent);
  assert.ok(!page.url().includes(agent.token), 'the token left the address bar');
  const frames = await page.evaluate(() => window.helix.framesPresented);
  const portal = await agent.child('mutter');
  process.kill(portal.pid, 'SIGKILL');
  await page.waitForFunction(() => window.helix.notices.some(({ severity }) => severity >= 2), null, { timeout: 5000 });
  await page.screenshot({ path: join(SHOTS, 'restarting.png') });
  await waitForLive(page, 15000, frames);
  await until('the client is seen again', async () => wrongPatches(await readPicture(page, HEAD), 4).length === 0, 15000);
});
