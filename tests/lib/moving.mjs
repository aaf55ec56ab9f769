/* Is the desktop seen, and does it move?
 *
 *   const seenUs = await seesTheClient(viewer, sinceUs, 15_000);
 *
 * needs a helix-testclient that animates its counter. */
import { nowUs } from './client.mjs';
import { decodeLast } from './decode.mjs';
import { readCounter } from './picture.mjs';

/** Two pictures of the test client, captured after `sinceUs`, that differ: it is alive and seen.
 * When the second one came. */
export async function seesTheClient(viewer, sinceUs, deadlineMs) {
  const endMs = performance.now() + deadlineMs;
  let seen = null;
  for (;;) {
    const left = endMs - performance.now();
    const video = await viewer.waitFor('a newer picture', () => {
      const last = viewer.videos.at(-1);
      return last && last.captureUs > sinceUs && last;
    }, Math.max(left, 1));
    const key = viewer.videos.findLast(({ isKey, frame }) => isKey && frame <= video.frame);
    const run = viewer.videos.filter(({ frame }) => frame >= key.frame && frame <= video.frame);
    const counter = readCounter(await decodeLast(run, viewer.streams.get(key.config)));
    if (counter !== null && seen !== null && counter !== seen) return video.receivedUs;
    seen = counter ?? seen;
    /* Keep the runs short: the next look starts at a new key frame. */
    const next = viewer.nextKeyFrame(Math.max(left, 1)).catch(() => {});
    viewer.requestKeyFrame();
    await next;
  }
}

/** The longest time without a picture among those that came from `fromUs` on, in seconds; the time
 * until now counts too. */
export function longestPause(viewer, fromUs) {
  const times = viewer.videos.map(({ receivedUs }) => receivedUs);
  const first = times.findLast((time) => time <= fromUs) ?? fromUs;
  const all = [Math.max(first, fromUs), ...times.filter((time) => time > fromUs), nowUs()];
  return Math.max(...all.slice(1).map((time, i) => time - all[i])) / 1e6;
}
