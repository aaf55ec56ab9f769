import assert from 'node:assert/strict';
import test from 'node:test';
import { Outbox } from './outbox.js';

function fixture() {
  const f = { sent: [], nowMs: 0, backlog: 0, timers: [] };
  f.outbox = new Outbox({
    write: (kind, message) => f.sent.push([kind, message]),
    backlog: () => f.backlog,
    now: () => f.nowMs,
    delay: (fn, ms) => f.timers.push({ fn, ms }),
  });
  return f;
}

test('motion leaves at once when nothing else moves', () => {
  const f = fixture();
  f.outbox.send('pointer', { x: 1, y: 1 });

  assert.deepEqual(f.sent, [['pointer', { x: 1, y: 1 }]]);
});

test('of many positions in a short time only the newest is sent', () => {
  const f = fixture();
  f.outbox.send('pointer', { x: 0, y: 0 });
  for (let x = 1; x <= 5; x++)
    f.outbox.send('pointer', { x, y: 0 });

  assert.equal(f.timers.length, 1);
  f.timers[0].fn();
  assert.deepEqual(f.sent.at(-1), ['pointer', { x: 5, y: 0 }]);
  assert.equal(f.sent.length, 2);
});

test('a socket with a backlog gets motion more rarely', () => {
  const f = fixture();
  f.backlog = 100;
  f.outbox.send('pointer', { x: 0, y: 0 });
  f.nowMs = 3;
  f.outbox.send('pointer', { x: 1, y: 0 });

  assert.equal(f.sent.length, 1);
  assert.equal(f.timers[0].ms, 1);
});

test('relative motion adds up, and no step is lost', () => {
  const f = fixture();
  for (let i = 0; i < 10; i++)
    f.outbox.send('pointerRelative', { dx: 3, dy: -1 });
  f.timers[0].fn();

  assert.equal(f.sent.reduce((sum, [, m]) => sum + m.dx, 0), 30);
  assert.equal(f.sent.reduce((sum, [, m]) => sum + m.dy, 0), -10);
});

test('a button comes after the motion that led to it', () => {
  const f = fixture();
  f.outbox.send('pointer', { x: 0, y: 0 });
  f.outbox.send('pointer', { x: 9, y: 9 });
  f.outbox.send('button', { code: 272, down: true });

  assert.deepEqual(f.sent.map(([kind]) => kind), ['pointer', 'pointer', 'button']);
});

test('motion of a lost connection is not sent on the next one', () => {
  const f = fixture();
  f.outbox.send('pointer', { x: 0, y: 0 });
  f.outbox.send('pointer', { x: 9, y: 9 });
  f.outbox.clear();
  f.timers[0].fn();

  assert.equal(f.sent.length, 1);
});
