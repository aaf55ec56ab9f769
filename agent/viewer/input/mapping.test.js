import assert from 'node:assert/strict';
import test from 'node:test';
import { fit, toPicture } from './mapping.js';

const HD = { width: 1280, height: 720 };

test('a picture of the stage\'s size covers it exactly', () => {
  assert.deepEqual(fit(HD, HD, 1), { left: 0, top: 0, width: 1280, height: 720 });
});

test('a picture of another shape is centred between bars', () => {
  const rect = fit({ width: 1000, height: 1000 }, HD, 1);

  assert.deepEqual(rect, { left: 0, top: 219, width: 1000, height: 562.5 });
});

test('a picture that is a few pixels smaller is not stretched', () => {
  const rect = fit({ width: 1283, height: 721 }, HD, 1);

  assert.deepEqual(rect, { left: 2, top: 1, width: 1280, height: 720 });
});

test('one pixel of the picture is one pixel of a dense screen', () => {
  const rect = fit({ width: 1000, height: 600 }, { width: 1500, height: 900 }, 1.5);

  assert.deepEqual(rect, { left: 0, top: 0, width: 1000, height: 600 });
});

test('a much smaller picture is enlarged', () => {
  assert.deepEqual(fit(HD, { width: 640, height: 360 }, 1),
    { left: 0, top: 0, width: 1280, height: 720 });
});

test('a point maps to the pixel below it, in units of 1/256', () => {
  const rect = { left: 0, top: 219, width: 1000, height: 562.5 };

  assert.deepEqual(toPicture(500, 500.25, rect, HD, 256), { x: 640 * 256, y: 360 * 256 });
  assert.deepEqual(toPicture(0, 219, rect, HD, 256), { x: 0, y: 0 });
});

test('a point on the bars is confined to the picture', () => {
  const rect = { left: 100, top: 0, width: 1280, height: 720 };

  assert.deepEqual(toPicture(3, -7, rect, HD, 256), { x: 0, y: 0 });
  assert.deepEqual(toPicture(5000, 5000, rect, HD, 256), { x: 1280 * 256 - 1, y: 720 * 256 - 1 });
});
