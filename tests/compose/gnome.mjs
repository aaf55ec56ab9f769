/* What a person does first in GNOME: it starts with its overview, which has the keyboard, and without a
 * terminal.
 *
 *   await openTerminal({ port, token }, () => isThere('bash')); */
import assert from 'node:assert/strict';
import { connect } from '../lib/client.mjs';
import { until } from '../lib/until.mjs';

const ESCAPE = 1;
const LEFT_ALT = 56;
const F2 = 60;
const TRIES = 20;
/* A picture that has not changed for so long stands still. */
const QUIET_MS = 1000;

async function settle(viewer) {
  for (let more = true; more;) {
    const { length } = viewer.videos;
    more = await viewer.waitFor('another picture', () => viewer.videos.length > length, QUIET_MS)
      .catch(() => false);
  }
}

/** Until `isOpen` says that its shell runs, and its window stands still. */
export async function openTerminal(agent, isOpen) {
  const viewer = await connect(agent);
  for (let i = 0; i < TRIES && !isOpen(); i++) {
    await settle(viewer);
    viewer.press(ESCAPE);
    await settle(viewer);
    viewer.key(LEFT_ALT, true);
    viewer.press(F2);
    viewer.key(LEFT_ALT, false);
    await settle(viewer);
    viewer.type('gnome-terminal\n');
    await until('a shell', isOpen, 5000).catch(() => {});
  }
  await settle(viewer);
  await viewer.close();
  assert.ok(isOpen(), 'GNOME starts a terminal');
}
