/* Draws helix.ico from agent/viewer/helix.svg, without a library:
 *
 *   node windows-launcher/res/make-icon.mjs
 *
 * The result is checked in, so that building needs no node. It reads just the SVG that our own
 * drawing uses: rect, stroked paths of M h c s S with round caps, and vertical gradients. */

import { readFileSync, writeFileSync } from 'node:fs';
import { deflateSync } from 'node:zlib';

const SOURCE = new URL('../../agent/viewer/helix.svg', import.meta.url);
const TARGET = new URL('helix.ico', import.meta.url);
/* 80 and 120 are the splash's, at 100 and 150 %. */
const SIZES = [16, 20, 24, 32, 40, 48, 64, 80, 120, 256];
/* Old parts of Windows read small pictures only as bitmaps. Larger ones are compressed. */
const LARGEST_BITMAP = 32;
const SAMPLES = 8; /* a pixel's side */
const BOX = 64; /* the drawing's side */

function attributes(text) {
  return Object.fromEntries([...text.matchAll(/([\w-]+)="([^"]*)"/g)].map((m) => [m[1], m[2]]));
}

function colour(hex) {
  return [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
}

/* All curves as lists of points, one for each M. */
function flatten(d) {
  const lines = [];
  let x = 0;
  let y = 0;
  let control = [0, 0];

  const curve = (x1, y1, x2, y2, x3, y3) => {
    for (let i = 1; i <= 48; i++) {
      const t = i / 48;
      const a = (1 - t) ** 3;
      const b = 3 * t * (1 - t) ** 2;
      const c = 3 * t * t * (1 - t);
      const e = t ** 3;
      lines.at(-1).push([a * x + b * x1 + c * x2 + e * x3, a * y + b * y1 + c * y2 + e * y3]);
    }
    [x, y, control] = [x3, y3, [x2, y2]];
  };

  for (const [, command, rest] of d.matchAll(/([a-zA-Z])([^a-zA-Z]*)/g)) {
    const n = [...rest.matchAll(/-?[\d.]+/g)].map(Number);
    if (command === 'M') {
      [x, y] = n;
      lines.push([[x, y]]);
    } else if (command === 'h') {
      x += n[0];
      lines.at(-1).push([x, y]);
    } else if (command === 'c') {
      curve(x + n[0], y + n[1], x + n[2], y + n[3], x + n[4], y + n[5]);
    } else if (command === 's') {
      curve(2 * x - control[0], 2 * y - control[1], x + n[0], y + n[1], x + n[2], y + n[3]);
    } else if (command === 'S') {
      curve(2 * x - control[0], 2 * y - control[1], ...n);
    } else {
      throw new Error(`make-icon: no such path command here: ${command}`);
    }
  }
  return lines;
}

function distance(px, py, [ax, ay], [bx, by]) {
  const [dx, dy] = [bx - ax, by - ay];
  const length = dx * dx + dy * dy;
  const t = length && Math.min(1, Math.max(0, ((px - ax) * dx + (py - ay) * dy) / length));
  return Math.hypot(px - ax - t * dx, py - ay - t * dy);
}

function paintOf(value, gradients, top, bottom) {
  const id = /^url\(#(\w+)\)$/.exec(value)?.[1];
  if (!id)
    return () => colour(value);
  const [from, to] = gradients[id];
  return (y) => {
    const t = Math.min(1, Math.max(0, (y - top) / (bottom - top)));
    return from.map((c, i) => c + (to[i] - c) * t);
  };
}

/* From the lowest to the topmost: covers(x, y) and colour(y). */
function layersOf(svg) {
  const gradients = {};
  for (const [, id, body] of svg.matchAll(/<linearGradient id="(\w+)"[^>]*>([^]*?)<\/linear/g))
    gradients[id] = [...body.matchAll(/<stop ([^>]*)\/>/g)].map((m) =>
      colour(attributes(m[1])['stop-color']));

  const layers = [];
  for (const [, tag, text] of svg.matchAll(/<(rect|path) ([^>]*)\/>/g)) {
    const a = attributes(text);
    if (tag === 'rect') {
      const [half, radius] = [Number(a.width) / 2, Number(a.rx)];
      const outside = (v) => Math.max(0, Math.abs(v - half) - (half - radius));
      layers.push({
        covers: (x, y) => Math.hypot(outside(x), outside(y)) <= radius,
        colour: paintOf(a.fill, gradients),
      });
      continue;
    }
    const lines = flatten(a.d);
    const ys = lines.flat().map((point) => point[1]);
    const reach = Number(a['stroke-width']) / 2;
    layers.push({
      covers: (x, y) => lines.some((line) =>
        /* No slanted piece is longer than 1: the first test spares most of the others. */
        line.some((point, i) => i && Math.abs(point[1] - y) <= reach + 1
          && distance(x, y, line[i - 1], point) <= reach)),
      colour: paintOf(a.stroke, gradients, Math.min(...ys), Math.max(...ys)),
    });
  }
  return layers;
}

/* RGBA, not premultiplied. */
function draw(layers, size) {
  const pixels = Buffer.alloc(size * size * 4);
  const samples = size > 120 ? SAMPLES / 2 : SAMPLES;
  for (let at = 0; at < size * size; at++) {
    const sum = [0, 0, 0];
    let covered = 0;
    for (let i = 0; i < samples * samples; i++) {
      const x = ((at % size) + ((i % samples) + 0.5) / samples) * (BOX / size);
      const y = (Math.floor(at / size) + (Math.floor(i / samples) + 0.5) / samples) * (BOX / size);
      const layer = layers.findLast((one) => one.covers(x, y));
      if (!layer)
        continue;
      covered++;
      layer.colour(y).forEach((c, k) => { sum[k] += c; });
    }
    sum.forEach((c, k) => { pixels[at * 4 + k] = covered ? Math.round(c / covered) : 0; });
    pixels[at * 4 + 3] = Math.round(255 * covered / samples ** 2);
  }
  return pixels;
}

/* A bitmap as icons have it: no file header, bottom row first, a mask of one bit behind it. */
function bitmap(pixels, size) {
  const mask = Math.ceil(size / 32) * 4 * size;
  const data = Buffer.alloc(40 + size * size * 4 + mask);
  data.writeUInt32LE(40, 0);
  data.writeInt32LE(size, 4);
  data.writeInt32LE(size * 2, 8);
  data.writeUInt16LE(1, 12);
  data.writeUInt16LE(32, 14);
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const [r, g, b, a] = pixels.subarray((y * size + x) * 4);
      data.set([b, g, r, a], 40 + ((size - 1 - y) * size + x) * 4);
    }
  }
  return data;
}

function crc32(bytes) {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let i = 0; i < 8; i++)
      crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

function chunk(type, body) {
  const data = Buffer.alloc(12 + body.length);
  data.writeUInt32BE(body.length, 0);
  data.write(type, 4, 'latin1');
  body.copy(data, 8);
  data.writeUInt32BE(crc32(data.subarray(4, 8 + body.length)), 8 + body.length);
  return data;
}

function png(pixels, size) {
  const header = Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 8, 6, 0, 0, 0]);
  header.writeUInt32BE(size, 0);
  header.writeUInt32BE(size, 4);
  const stride = size * 4;
  const rows = Buffer.alloc((stride + 1) * size);
  for (let y = 0; y < size; y++) {
    rows[y * (stride + 1)] = y ? 2 : 0; /* the difference to the row above */
    for (let i = 0; i < stride; i++)
      rows[y * (stride + 1) + 1 + i] =
        pixels[y * stride + i] - (y ? pixels[(y - 1) * stride + i] : 0);
  }
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', header), chunk('IDAT', deflateSync(rows, { level: 9 })), chunk('IEND', Buffer.alloc(0)),
  ]);
}

const layers = layersOf(readFileSync(SOURCE, 'utf8'));
const pictures = SIZES.map((size) => {
  const pixels = draw(layers, size);
  return size <= LARGEST_BITMAP ? bitmap(pixels, size) : png(pixels, size);
});

const directory = Buffer.alloc(6 + 16 * SIZES.length);
directory.writeUInt16LE(1, 2);
directory.writeUInt16LE(SIZES.length, 4);
let offset = directory.length;
SIZES.forEach((size, i) => {
  const entry = 6 + 16 * i;
  directory.set([size & 255, size & 255, 0, 0, 1, 0, 32, 0], entry);
  directory.writeUInt32LE(pictures[i].length, entry + 8);
  directory.writeUInt32LE(offset, entry + 12);
  offset += pictures[i].length;
});
writeFileSync(TARGET, Buffer.concat([directory, ...pictures]));
console.log(`helix.ico: ${offset} bytes, ${SIZES.join(' ')}`);
