import assert from 'node:assert/strict';
import test from 'node:test';
import { pieces } from './text.js';

test('short text stays in one piece', () => {
  assert.deepEqual(pieces('日本', 1024), ['日本']);
});

test('long text is cut between characters', () => {
  assert.deepEqual(pieces('ab😀é', 5), ['ab', '😀', 'é']);
});

test('what the wire does not allow is left out', () => {
  assert.deepEqual(pieces('a\0b\ud800c', 1024), ['abc']);
  assert.deepEqual(pieces('', 1024), []);
});
