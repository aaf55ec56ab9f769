import assert from 'node:assert/strict';
import test from 'node:test';
import { Clock } from './clock.js';

test('nothing is known before the agent spoke', () => {
  const clock = new Clock();

  assert.equal(clock.offsetUs, null);
  assert.equal(clock.rttUs, null);
  assert.equal(clock.toAgent(1000), 0);
});

test('WELCOME is good enough until the first PONG', () => {
  const clock = new Clock();
  clock.welcome(5_000, 1_000);

  assert.equal(clock.toAgent(2_000), 6_000);
});

test('the quickest answer decides', () => {
  const clock = new Clock();
  clock.welcome(9_999_999, 0);

  clock.pong(0, 1_000_500, 1_000);
  clock.pong(10_000, 1_050_000, 90_000);

  assert.equal(clock.offsetUs, 1_000_000);
  assert.equal(clock.rttUs, 80_000);
});

test('an old best answer is forgotten, because clocks drift', () => {
  const clock = new Clock();
  clock.pong(0, 100, 2);
  for (let i = 0; i < 30; i++)
    clock.pong(0, 505, 10);

  assert.equal(clock.offsetUs, 500);
});

test('time is never negative on the wire, and unknown time stays unknown', () => {
  const clock = new Clock();
  clock.welcome(0, 1_000);

  assert.equal(clock.toAgent(10), 0);
  assert.equal(clock.toAgent(0), 0);
});

test('an answer from the future is ignored', () => {
  const clock = new Clock();
  clock.pong(100, 5, 50);

  assert.equal(clock.rttUs, null);
});
