import assert from 'node:assert/strict';
import test from 'node:test';
import { Gate } from './gate.js';

const reasons = { JOIN: 1, DECODER_ERROR: 2, GAP: 3, OVERLOAD: 4, VISIBLE: 5 };

function fixture() {
  const f = { asked: [], nowMs: 10_000 };
  f.gate = new Gate({ now: () => f.nowMs, ask: (reason) => f.asked.push(reason), reasons });
  f.gate.restart();
  return f;
}

test('a stream without gaps passes, and nothing is asked', () => {
  const f = fixture();

  assert.deepEqual([0, 1, 2].map((n) => f.gate.admit(n, n === 0)), [true, true, true]);
  assert.deepEqual(f.asked, []);
});

test('after a gap nothing passes before a key frame', () => {
  const f = fixture();
  f.gate.admit(0, true);

  assert.equal(f.gate.admit(2, false), false);
  assert.equal(f.gate.admit(3, false), false);
  assert.equal(f.gate.admit(4, true), true);
  assert.equal(f.gate.admit(5, false), true);
  assert.deepEqual(f.asked, [reasons.GAP]);
  assert.equal(f.gate.dropped, 2);
});

test('a key frame behind a gap is as good as any', () => {
  const f = fixture();
  f.gate.admit(0, true);

  assert.equal(f.gate.admit(7, true), true);
  assert.deepEqual(f.asked, []);
});

test('a stream that does not begin with a key frame is asked for one', () => {
  const f = fixture();

  assert.equal(f.gate.admit(0, false), false);
  assert.deepEqual(f.asked, [reasons.JOIN]);
});

test('an unanswered request is repeated once a second, not more', () => {
  const f = fixture();
  f.gate.want(reasons.DECODER_ERROR);
  f.nowMs += 999;
  f.gate.tick();
  f.nowMs += 1;
  f.gate.tick();

  assert.deepEqual(f.asked, [reasons.DECODER_ERROR, reasons.DECODER_ERROR]);
});

test('nothing is asked while nobody looks', () => {
  const f = fixture();
  f.gate.paused = true;
  f.gate.want(reasons.OVERLOAD);
  assert.deepEqual(f.asked, []);

  f.gate.paused = false;
  assert.deepEqual(f.asked, [reasons.OVERLOAD]);
});

test('frame numbers wrap without being a gap', () => {
  const f = fixture();
  f.gate.admit(0xffffffff, true);

  assert.equal(f.gate.admit(0, false), true);
});

test('a new connection counts from 0 again', () => {
  const f = fixture();
  f.gate.admit(0, true);
  f.gate.admit(1, false);
  f.gate.restart();

  assert.equal(f.gate.admit(0, true), true);
  assert.deepEqual(f.asked, []);
});
