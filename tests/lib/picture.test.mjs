import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HEAD, PATCHES, counterDistance, readCounter, wrongPatches } from './picture.mjs';

function paint(counter, { channels = 3, patches = PATCHES } = {}) {
  const { width, height } = HEAD;
  const picture = { width, height, channels, data: new Uint8Array(width * height * channels) };
  const fill = (left, top, size, colour) => {
    for (let y = top; y < top + size; y++)
      for (let x = left; x < left + size; x++)
        picture.data.set(colour, (y * width + x) * channels);
  };
  for (let i = 0; i < 18; i++)
    fill(i * 32, 0, 32, (i < 16 ? counter >> i & 1 : i === 16) ? PATCHES.white : PATCHES.black);
  Object.values(patches).forEach((colour, i) => fill(i * 72, 48, 64, colour));
  return picture;
}

test('every bit of the counter is read', () => {
  const counters = [0, 0xffff, 0xa5c3, ...Array.from({ length: 16 }, (_, i) => 1 << i)];

  const read = counters.map((counter) => readCounter(paint(counter)));

  assert.deepEqual(read, counters);
});

test('a picture with alpha is read as well', () => {
  assert.equal(readCounter(paint(4711, { channels: 4 })), 4711);
});

test('a picture without the reference blocks has no counter', () => {
  const picture = { ...HEAD, channels: 3, data: new Uint8Array(HEAD.width * HEAD.height * 3) };

  assert.equal(readCounter(picture), null);
});

test('a block that is neither black nor white makes the counter unreadable', () => {
  const picture = paint(5);
  for (let y = 0; y < 32; y++)
    picture.data.fill(128, y * HEAD.width * 3, (y * HEAD.width + 32) * 3);

  assert.equal(readCounter(picture), null);
});

test('right patches are not complained about, and a wrong one is named', () => {
  assert.deepEqual(wrongPatches(paint(0)), []);

  const swapped = paint(0, { patches: { ...PATCHES, cyan: [0, 0, 255] } });

  assert.deepEqual(wrongPatches(swapped), ['cyan should be 0,255,255 and is 0,0,255']);
});

test('a counter that wrapped is ahead of the one before', () => {
  assert.equal(counterDistance(65535, 1), 2);
});
