import assert from 'node:assert/strict';
import test from 'node:test';
import { ScrollAccumulator, isFinger, notches120 } from './scroll.js';

const pixels = (deltaX, deltaY) => ({ deltaMode: 0, deltaX, deltaY });
const chromium = (deltaY, wheelDeltaY) =>
  ({ deltaMode: 0, deltaX: 0, deltaY, wheelDeltaX: 0, wheelDeltaY });

test('a notch is a notch, however many pixels the system makes of it', () => {
  for (const deltaY of [100, 120, 53, 33.3])
    assert.equal(notches120(chromium(deltaY, -120)).dy, 120);
});

test('three lines are a notch, and so is a page', () => {
  assert.deepEqual(notches120({ deltaMode: 1, deltaX: 0, deltaY: 3 }), { dx: 0, dy: 120 });
  assert.deepEqual(notches120({ deltaMode: 2, deltaX: -1, deltaY: 0 }), { dx: -120, dy: 0 });
});

test('without a count of notches, 120 pixels are one', () => {
  assert.deepEqual(notches120(pixels(-120, 60)), { dx: -120, dy: 60 });
});

test('only smooth motion is a finger', () => {
  assert.equal(isFinger(chromium(100, -120)), false);
  assert.equal(isFinger(chromium(-200, 240)), false);
  assert.equal(isFinger({ deltaMode: 1, deltaX: 0, deltaY: 1 }), false);
  assert.equal(isFinger(chromium(4, -12)), true);
});

test('fractions wait until they add up', () => {
  const scroll = new ScrollAccumulator();

  assert.equal(scroll.add(pixels(0, 0.4)), null);
  assert.equal(scroll.add(pixels(0, 0.4)), null);
  assert.deepEqual(scroll.add(pixels(0, 0.4)), { dx: 0, dy: 1, finger: true });
});

test('nothing is lost over many small steps', () => {
  const scroll = new ScrollAccumulator();
  let sum = 0;

  for (let i = 0; i < 1000; i++)
    sum += scroll.add(pixels(0, 0.37))?.dy ?? 0;

  assert.ok(Math.abs(sum - 370) <= 1, `${sum}`);
});

test('turning back does not first use up the rest', () => {
  const scroll = new ScrollAccumulator();
  scroll.add(pixels(0, 0.9));

  assert.deepEqual(scroll.add(pixels(0, -1)), { dx: 0, dy: -1, finger: true });
});
