import assert from 'node:assert/strict';
import test from 'node:test';
import { codecString, nalType, nalUnits, parameterSets, toAvcc } from './h264.js';

const bytes = (...parts) => Uint8Array.from(parts.flat());
const LONG = [0, 0, 0, 1];
const SHORT = [0, 0, 1];
const SPS = [0x67, 0x64, 0x00, 0x20, 0xac];
const PPS = [0x68, 0xee, 0x3c];
const IDR = [0x65, 0x88, 0x84, 0x00, 0x00, 0x03, 0x01];
const KEY = bytes(LONG, [9, 0x10], LONG, SPS, SHORT, PPS, SHORT, [6, 5, 1], SHORT, IDR);

test('NAL units are found behind start codes of either length', () => {
  assert.deepEqual([...nalUnits(KEY)].map(nalType), [9, 7, 8, 6, 5]);
  assert.deepEqual([...[...nalUnits(KEY)][4]], IDR);
});

test('zero bytes before the next start code are no part of a unit', () => {
  const units = [...nalUnits(bytes(SHORT, SPS, [0, 0], LONG, PPS))];

  assert.deepEqual(units.map((unit) => [...unit]), [SPS, PPS]);
});

test('bytes without a start code hold no unit', () => {
  assert.deepEqual([...nalUnits(bytes([1, 2, 3, 0, 0]))], []);
  assert.deepEqual([...nalUnits(bytes([]))], []);
});

test('parameter sets are found in a key frame only', () => {
  const sets = parameterSets(KEY);

  assert.deepEqual([...sets.sps], SPS);
  assert.deepEqual([...sets.pps], PPS);
  assert.equal(parameterSets(bytes(SHORT, [0x41, 0x9a])), null);
});

test('AVCC holds the slices behind their lengths, and nothing else', () => {
  assert.deepEqual([...toAvcc(KEY)], [0, 0, 0, IDR.length, ...IDR]);
});

test('every slice of a picture is kept, in order', () => {
  const picture = bytes(LONG, [0x41, 1, 2], SHORT, [0x41, 3]);

  assert.deepEqual([...toAvcc(picture)], [0, 0, 0, 3, 0x41, 1, 2, 0, 0, 0, 2, 0x41, 3]);
});

test('the codec string comes from the SPS', () => {
  assert.equal(codecString(Uint8Array.from(SPS)), 'avc1.640020');
  assert.equal(codecString(Uint8Array.from([0x67, 0x42, 0xc0, 0x1f])), 'avc1.42C01F');
});
