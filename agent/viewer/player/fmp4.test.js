import assert from 'node:assert/strict';
import test from 'node:test';
import { avcConfiguration, fragment, initSegment } from './fmp4.js';

const SPS = Uint8Array.from([0x67, 0x42, 0xc0, 0x1f, 0xda]);
const PPS = Uint8Array.from([0x68, 0xce, 0x3c, 0x80]);
const CONTAINERS = ['moov', 'trak', 'mdia', 'minf', 'stbl', 'mvex', 'moof', 'traf', 'dinf'];

/* Every box as {path, body}; fails when sizes do not add up. */
function boxes(bytes, path = '', out = []) {
  let at = 0;
  while (at < bytes.length) {
    const view = new DataView(bytes.buffer, bytes.byteOffset + at);
    const size = view.getUint32(0);
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    assert.ok(size >= 8 && at + size <= bytes.length, `${path}/${type} has ${size} bytes`);
    const body = bytes.subarray(at + 8, at + size);
    out.push({ path: `${path}/${type}`, body });
    if (CONTAINERS.includes(type))
      boxes(body, `${path}/${type}`, out);
    at += size;
  }
  return out;
}

const find = (list, end) => list.find(({ path }) => path.endsWith(end)).body;
const u32 = (body, at) => new DataView(body.buffer, body.byteOffset).getUint32(at);

test('the init segment is well-formed and says that the stream is live', () => {
  const list = boxes(initSegment({ sps: SPS, pps: PPS, widthPx: 1280, heightPx: 720 }));

  assert.deepEqual(list.slice(0, 2).map(({ path }) => path), ['/ftyp', '/moov']);
  assert.equal(u32(find(list, '/mvhd'), 16), 0);
  assert.equal(list.some(({ path }) => path.endsWith('/mehd')), false);
});

test('times in the init segment are microseconds, and the size is the picture\'s', () => {
  const list = boxes(initSegment({ sps: SPS, pps: PPS, widthPx: 1280, heightPx: 720 }));

  assert.equal(u32(find(list, '/mdhd'), 12), 1_000_000);
  assert.equal(u32(find(list, '/tkhd'), 76), 1280 * 65536);
  assert.equal(u32(find(list, '/tkhd'), 80), 720 * 65536);
});

test('the decoder configuration holds the parameter sets', () => {
  assert.deepEqual([...avcConfiguration(SPS, PPS)],
    [1, 0x42, 0xc0, 0x1f, 0xff, 0xe1, 0, 5, ...SPS, 1, 0, 4, ...PPS]);
});

test('High profile appends what it must to the configuration', () => {
  const high = Uint8Array.from([0x67, 100, 0, 32]);

  assert.deepEqual([...avcConfiguration(high, PPS)].slice(-4), [0xfd, 0xf8, 0xf8, 0]);
});

test('colours travel as H.273 code points', () => {
  const segment = initSegment({
    sps: SPS, pps: PPS, widthPx: 2, heightPx: 2,
    colour: { primaries: 1, transfer: 13, matrix: 1, fullRange: 1 },
  });
  const text = String.fromCharCode(...segment);
  const at = text.indexOf('colrnclx');

  assert.deepEqual([...segment.subarray(at + 8, at + 15)], [0, 1, 0, 13, 0, 1, 0x80]);
});

test('a fragment points at its only sample, and carries its time and duration', () => {
  const unit = Uint8Array.from([0, 0, 0, 2, 0x41, 0x9a]);
  const timeUs = 2 ** 33 + 5;
  const bytes = fragment({ sequence: 7, timeUs, durationUs: 1_000_000, isKey: false, unit });
  const list = boxes(bytes);
  const trun = find(list, '/trun');
  const offset = u32(trun, 8);

  assert.equal(u32(find(list, '/mfhd'), 4), 7);
  assert.equal(u32(find(list, '/tfdt'), 4), 2);
  assert.equal(u32(find(list, '/tfdt'), 8), 5);
  assert.equal(u32(find(list, '/tfhd'), 8), 1_000_000);
  assert.equal(u32(trun, 12), unit.length);
  assert.deepEqual([...bytes.subarray(offset, offset + unit.length)], [...unit]);
});

test('only key frames are marked as places to start', () => {
  const flags = (isKey) => u32(find(boxes(fragment({
    sequence: 1, timeUs: 0, durationUs: 1, isKey, unit: Uint8Array.from([1]),
  })), '/tfhd'), 12);

  assert.equal(flags(true), 0x02000000);
  assert.equal(flags(false), 0x01010000);
});
