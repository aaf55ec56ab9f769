import assert from 'node:assert/strict';
import test from 'node:test';
import { DURATION_US, TARGET_US, Timeline } from './timeline.js';

test('frames keep the distances with which they arrived', () => {
  const timeline = new Timeline();
  const start = 77_000_000;

  const times = [0, 16_000, 40_000, 41_000].map((us) => timeline.stamp(start + us, 0));

  assert.deepEqual(times, [0, 16_000, 40_000, 41_000]);
});

test('time only goes forward', () => {
  const timeline = new Timeline();
  timeline.stamp(1_000, 0);

  assert.equal(timeline.stamp(1_000, 0), 1);
  assert.equal(timeline.stamp(900, 0), 2);
});

test('no gap is so long that the browser would wait for a key frame', () => {
  const timeline = new Timeline();
  timeline.stamp(0, 0);
  const before = timeline.stamp(20_000, 0);

  const after = timeline.stamp(60_000_000, before + DURATION_US);

  assert.ok(after > before && after - before <= DURATION_US);
});

test('after a hold the next frame comes just behind what is shown', () => {
  const timeline = new Timeline();
  timeline.stamp(0, 0);
  timeline.stamp(16_000, 0);
  timeline.resumeAt(9_000_000, 150_000);

  assert.equal(timeline.stamp(9_000_000, 150_000), 150_000 + TARGET_US);
  assert.equal(timeline.stamp(9_016_000, 150_000), 166_000 + TARGET_US);
});

test('the rate speeds up when behind, slows down when too close, and else rests', () => {
  const timeline = new Timeline();
  timeline.stamp(0, 0);
  timeline.stamp(500_000, 0);
  const rateAtLag = (lagUs) => timeline.rate(500_000 - lagUs);

  assert.equal(rateAtLag(TARGET_US), 1);
  assert.ok(rateAtLag(TARGET_US + 40_000) > 1 && rateAtLag(TARGET_US + 40_000) <= 1.25);
  assert.ok(rateAtLag(0) < 1 && rateAtLag(-200_000) >= 0.9);
  assert.equal(rateAtLag(400_000), 2);
});
