import assert from 'node:assert/strict';
import test from 'node:test';
import { Statistics, percentile } from './statistics.js';

const record = (more = {}) => ({
  captureUs: 1_000, queueUs: 2_000, encodeUs: 3_000, receivedUs: 10_000, decodedUs: 11_500,
  presentedUs: 15_000, bytes: 1_000, ...more,
});

test('each leg of the way is counted once', () => {
  const statistics = new Statistics();
  statistics.presented(record(), 0);

  const { legs } = statistics.summary(1);

  assert.deepEqual(Object.fromEntries(Object.entries(legs).map(([k, v]) => [k, v.p50Ms])),
    { wait: 2, encode: 3, network: 4, decode: 1.5, present: 3.5, total: 14 });
});

test('a player that cannot see its decoder has no decode leg', () => {
  const statistics = new Statistics();
  statistics.presented(record({ decodedUs: 0 }), 0);

  const { legs } = statistics.summary(1);

  assert.equal(legs.decode, undefined);
  assert.equal(legs.present.p50Ms, 5);
});

test('rates are those of the last two seconds', () => {
  const statistics = new Statistics();
  for (let i = 0; i < 240; i++)
    statistics.presented(record(), i * 1e6 / 60);

  const { fps, kbitPerSecond } = statistics.summary(239 * 1e6 / 60);

  assert.ok(Math.abs(fps - 60) < 1, `${fps}`);
  assert.ok(Math.abs(kbitPerSecond - 480) < 8, `${kbitPerSecond}`);
});

test('while nothing moves the rates are 0 and the legs stay', () => {
  const statistics = new Statistics();
  statistics.presented(record(), 0);

  const { fps, kbitPerSecond, legs } = statistics.summary(60e6);

  assert.deepEqual([fps, kbitPerSecond], [0, 0]);
  assert.equal(legs.total.p50Ms, 14);
});

test('an overtaken frame costs bits but is not shown', () => {
  const statistics = new Statistics();
  statistics.skipped(record(), 0);

  const { fps, kbitPerSecond } = statistics.summary(1e6);

  assert.equal(fps, 0);
  assert.equal(kbitPerSecond, 8);
  assert.equal(statistics.framesPresented, 0);
});

test('percentiles are values that occurred', () => {
  const values = [1, 2, 3, 4];

  assert.equal(percentile(values, 0.5), 2);
  assert.equal(percentile(values, 0.95), 4);
  assert.equal(percentile([7], 0.5), 7);
});
