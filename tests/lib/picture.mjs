/* Reads what helix-testclient shows (fixtures/scene.h) out of a picture: {width, height, channels,
 * data}, rows without padding, red first; `channels` is 3 or 4. */

const BLOCK_PX = 32;
const COUNTER_BITS = 16;
const PATCH_TOP_PX = 48;
const PATCH_STEP_PX = 72;
const PATCH_PX = 64;
/* A white block is brighter than the one, a black one darker than the other. */
const WHITE_FROM = 180;
const BLACK_TO = 70;

/** The part that holds the counter and the patches. */
export const HEAD = Object.freeze({ width: 576, height: 128 });

export const PATCHES = Object.freeze({
  red: [255, 0, 0],
  green: [0, 255, 0],
  blue: [0, 0, 255],
  white: [255, 255, 255],
  black: [0, 0, 0],
  grey: [128, 128, 128],
  cyan: [0, 255, 255],
  orange: [255, 128, 0],
});

export function pixel({ width, channels, data }, x, y) {
  const at = (y * width + x) * channels;
  return [data[at], data[at + 1], data[at + 2]];
}

/** The mean colour of a rectangle. */
export function average(picture, x, y, width, height) {
  const sum = [0, 0, 0];
  for (let row = y; row < y + height; row++)
    for (let column = x; column < x + width; column++)
      pixel(picture, column, row).forEach((value, i) => {
        sum[i] += value;
      });
  return sum.map((value) => Math.round(value / (width * height)));
}

/** 1, 0, or null for what is neither white nor black. */
function readBlock(picture, index) {
  const inset = BLOCK_PX / 4;
  const colour = average(picture, index * BLOCK_PX + inset, inset, BLOCK_PX / 2, BLOCK_PX / 2);
  if (colour.every((value) => value >= WHITE_FROM)) return 1;
  if (colour.every((value) => value <= BLACK_TO)) return 0;
  return null;
}

/** The number of the frame, modulo 65536; null when the picture shows no test client. */
export function readCounter(picture) {
  if (picture.width < HEAD.width || picture.height < HEAD.height) return null;
  if (readBlock(picture, COUNTER_BITS) !== 1 || readBlock(picture, COUNTER_BITS + 1) !== 0)
    return null;
  let counter = 0;
  for (let i = 0; i < COUNTER_BITS; i++) {
    const bit = readBlock(picture, i);
    if (bit === null) return null;
    counter |= bit << i;
  }
  return counter;
}

/** The mean colour of each patch, without its edges: {red: [r, g, b], ...}. */
export function readPatches(picture) {
  const inset = PATCH_PX / 4;
  const side = PATCH_PX / 2;
  const top = PATCH_TOP_PX + inset;
  return Object.fromEntries(Object.keys(PATCHES).map((name, i) =>
    [name, average(picture, i * PATCH_STEP_PX + inset, top, side, side)]));
}

/** The patches of another colour than they should have, as sentences; [] when all are right.
 * `tolerance` is per channel. */
export function wrongPatches(picture, tolerance = 8) {
  const seen = readPatches(picture);
  return Object.entries(PATCHES)
    .filter(([name, colour]) =>
      colour.some((value, i) => Math.abs(value - seen[name][i]) > tolerance))
    .map(([name, colour]) => `${name} should be ${colour} and is ${seen[name]}`);
}

/** How far the later counter is ahead of the earlier one, over the wrap at 65536. */
export function counterDistance(earlier, later) {
  return (later - earlier) & 0xffff;
}
