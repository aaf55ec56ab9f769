/* Keyboard and pointer: from a viewer's socket to a program in the session, nothing lost, nothing
 * twice, in order. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startAgent } from '../lib/agent.mjs';
import { BTN_LEFT, connect, sp } from '../lib/client.mjs';
import { randomText, typingTerminal } from '../lib/terminal.mjs';
import { testClient } from '../lib/testclient.mjs';
import { until } from '../lib/until.mjs';

const KEY_A = 30;
const KEY_LEFTSHIFT = 42;

describe('a program in the session', () => {
  const screen = testClient({ mode: 'static' });
  let agent;
  let viewer;
  before(async () => {
    agent = await startAgent({ app: screen.command, name: 'input' });
    viewer = await connect(agent);
    await viewer.firstKeyFrame();
    await screen.waitForInput(viewer);
  });
  after(async () => {
    await viewer.close();
    await agent.stop();
    screen.clean();
  });

  test('is clicked where the viewer aims, to the pixel', async () => {
    for (let i = 0; i < 50; i++) {
      const [x, y] = [(i * 197) % 1280, (i * 131 + 7) % 720];
      const { length } = screen.events();
      viewer.move(x, y);
      viewer.click();
      const press = await screen.waitFor((e) => e.event === 'button' && e.state === 1, 5000, length);
      const [place] = screen.events().filter(({ event }) => event === 'motion' || event === 'pointer-enter').slice(-1);
      assert.equal(press.code, BTN_LEFT);
      assert.ok(Math.abs(place.x - x) <= 1 && Math.abs(place.y - y) <= 1, `${place.x},${place.y} for ${x},${y}`);
      await screen.waitFor((e) => e.event === 'button' && e.state === 0, 5000, length);
    }
  });

  test('sees a drag as a press, motion, and a release', async () => {
    let { length } = screen.events();
    viewer.move(101, 103);
    await screen.waitFor((e) => e.event === 'motion' && e.x === 101 && e.y === 103, 5000, length);
    ({ length } = screen.events());
    viewer.button(BTN_LEFT, true);
    for (let x = 110; x <= 300; x += 10) viewer.move(x, 150);
    viewer.button(BTN_LEFT, false);
    await screen.waitFor((e) => e.event === 'button' && e.state === 0, 5000, length);
    const events = screen.events().slice(length);
    const kinds = events.map(({ event, state }) => event + (state ?? ''));

    assert.equal(kinds[0], 'button1');
    assert.equal(kinds.at(-1), 'button0');
    assert.equal(events.filter(({ event }) => event === 'motion').at(-1).x, 300);
  });

  test('scrolls by whole notches, and smoothly for a touchpad', async () => {
    let { length } = screen.events();
    viewer.scroll(0, 1);
    const notch = await screen.waitFor((e) => e.event === 'axis' && e.value120, 5000, length);
    assert.equal(notch.value120, 120);

    ({ length } = screen.events());
    for (let i = 0; i < 4; i++) viewer.scroll(0, -0.25);
    const four = await screen.waitFor((e) => e.event === 'axis' && e.value120, 5000, length);
    assert.equal(four.value120, -120, 'four quarters are one notch');

    ({ length } = screen.events());
    viewer.scroll(0, 0.5, sp.ScrollFlag.FINGER);
    const smooth = await screen.waitFor((e) => e.event === 'axis' && e.value, 5000, length);
    assert.equal(smooth.value, 5);
  });

  test('sees relative motion', async () => {
    viewer.move(400, 300);
    await screen.waitFor((e) => e.event === 'motion' && e.x === 400 && e.y === 300);
    const { length } = screen.events();
    viewer.moveBy(25, -10);
    const moved = await screen.waitFor((e) => e.event === 'motion', 5000, length);

    assert.ok(moved.x > 400 && moved.y < 300, `${moved.x},${moved.y}`);
  });

  test('sees keys let go when the viewer that held them is cut off', async () => {
    const other = await connect(agent);
    const { length } = screen.events();
    other.key(KEY_A, true);
    other.button(BTN_LEFT, true);
    await screen.waitFor((e) => e.event === 'key' && e.state === 1, 5000, length);
    await screen.waitFor((e) => e.event === 'button' && e.state === 1, 5000, length);
    other.terminate();

    await screen.waitFor((e) => e.event === 'key' && e.code === KEY_A && e.state === 0, 5000, length);
    await screen.waitFor((e) => e.event === 'button' && e.state === 0, 5000, length);
  });

  test('sees RELEASE_ALL, and no repeats', async () => {
    const { length } = screen.events();
    viewer.key(KEY_LEFTSHIFT, true);
    viewer.key(KEY_LEFTSHIFT, true);
    viewer.releaseAll();
    viewer.releaseAll();
    viewer.press(KEY_A);
    await screen.waitFor((e) => e.event === 'key' && e.code === KEY_A && e.state === 0, 5000, length);
    const keys = screen.events().slice(length).filter(({ event }) => event === 'key')
      .map(({ code, state }) => [code, state]);

    assert.deepEqual(keys, [[KEY_LEFTSHIFT, 1], [KEY_LEFTSHIFT, 0], [KEY_A, 1], [KEY_A, 0]]);
  });

  test('gets every one of 400 keys in order, however fast they come', async () => {
    const { length } = screen.events();
    const codes = Array.from({ length: 400 }, (_, i) => 2 + (i * 7) % 10);
    for (const code of codes) viewer.press(code);
    await until('all keys arrived', () =>
      screen.events('key').slice(-1)[0]?.code === codes.at(-1) &&
      screen.events().slice(length).filter(({ event }) => event === 'key').length >= 800, 20000);
    const keys = screen.events().slice(length).filter(({ event }) => event === 'key')
      .map(({ code, state }) => `${code}:${state}`);

    assert.deepEqual(keys, codes.flatMap((code) => [`${code}:1`, `${code}:0`]));
  });
});

test('a viewer that may only watch cannot type, click or resize', async (t) => {
  const screen = testClient({ mode: 'static' });
  const agent = await startAgent({ app: screen.command, name: 'view',
    env: { HELIX_VIEW_TOKEN: 'a-token-for-those-who-watch' } });
  t.after(async () => {
    await agent.stop();
    screen.clean();
  });
  const owner = await connect(agent);
  await owner.firstKeyFrame();
  await screen.waitForInput(owner);
  const guest = await connect(agent, { token: 'a-token-for-those-who-watch', hello: { widthPx: 800, heightPx: 600 } });
  await guest.firstKeyFrame();
  const { length } = screen.events();
  guest.move(50, 50);
  guest.press(KEY_A);
  guest.click();
  guest.resize(1024, 768);
  await guest.ping();
  owner.press(KEY_LEFTSHIFT);
  await screen.waitFor((e) => e.event === 'key' && e.code === KEY_LEFTSHIFT && e.state === 0, 5000, length);

  assert.equal(guest.welcome.role, sp.Role.VIEW);
  const acts = screen.events().slice(length).filter(({ event }) => event === 'key' || event === 'button');
  assert.deepEqual(acts.map(({ event, code }) => `${event} ${code}`),
    [`key ${KEY_LEFTSHIFT}`, `key ${KEY_LEFTSHIFT}`]);
  assert.ok(!screen.events('motion').some(({ x, y }) => x === 50 && y === 50));
  assert.equal(guest.stream.widthPx, 1280);
});

test('a terminal gets 500 characters byte for byte, the first one included', async (t) => {
  const text = randomText(500);
  const terminal = typingTerminal();
  const agent = await startAgent({ name: 'typing', app: terminal.command });
  t.after(async () => {
    await agent.stop();
    terminal.clean();
  });
  const viewer = await connect(agent);
  await viewer.firstKeyFrame();
  await terminal.ready();
  viewer.type(text);
  await until('all is typed', () => terminal.typed().length >= text.length, 30000).catch(() => {});

  assert.equal(terminal.typed(), text);
});
