/* The page in front of the real VAAPI encoders, over the software VA driver: seen, typed into, and
 * the statistics name who encodes. */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { startAgent } from '../lib/agent.mjs';
import { launchChromium, openPage, readPicture, typeByKeys } from '../lib/chromium.mjs';
import { HEAD, readCounter, wrongPatches } from '../lib/picture.mjs';
import { randomText, typingTerminal } from '../lib/terminal.mjs';
import { testClient } from '../lib/testclient.mjs';
import { until } from '../lib/until.mjs';
import { softwareVa } from '../lib/va.mjs';
import { inWorld } from '../lib/world.mjs';

const SHOTS = new URL('../../build/test-shots/', import.meta.url).pathname;
mkdirSync(SHOTS, { recursive: true });

const ROUTES = [{ name: 'vaapih264enc', node: true },
  { name: 'vaapih264enc-without-drm', node: false }, { name: 'vah264enc', node: true }];

async function startWith(t, { name, node }, app) {
  const va = softwareVa({ node });
  let browser;
  let agent;
  t.after(async () => {
    await browser?.close();
    await agent?.stop();
    app.clean();
    va.clean();
  });
  agent = await startAgent({ name: `page-${name}`, app: app.command, prefix: inWorld({ node }),
    env: va.env, args: ['--encoder', name, '--log-level', 'debug'] });
  browser = await launchChromium();
  return { agent, page: await openPage(browser, agent) };
}

for (const route of ROUTES) {
  test(`the desktop is seen in its very colours through ${route.name}, which the statistics name`, async (t) => {
    const { agent, page } = await startWith(t, route, testClient({ mode: 'idle' }));
    await until('the client is seen, sharp', async () => {
      const seen = await readPicture(page, HEAD);
      return readCounter(seen) !== null && wrongPatches(seen, 4).length === 0;
    }, 20000);
    await page.keyboard.press('Control+Alt+Shift+KeyS');
    await page.waitForFunction(() => /D3D12 \(Helix software VA driver\)/.test(document.body.innerText),
      null, { timeout: 20000 });
    await page.screenshot({ path: join(SHOTS, `${route.name}.png`) });

    assert.equal((await agent.status()).encoder.name, route.name);
    assert.deepEqual(page.problems, []);
  });

  test(`what is typed arrives in a terminal that ${route.name} shows`, async (t) => {
    const terminal = typingTerminal();
    const { agent, page } = await startWith(t, route, terminal);
    const text = randomText(200);
    await terminal.ready();
    await typeByKeys(page, text);
    await until('all is typed', () => terminal.typed().length >= text.length, 30000).catch(() => {});

    assert.equal(terminal.typed(), text);
    assert.equal((await agent.status()).encoder.name, route.name);
  });
}
