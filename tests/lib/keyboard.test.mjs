import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keyOf, strokes } from './keyboard.mjs';

test('keys have the codes of linux/input-event-codes.h', () => {
  const known = {
    1: 2, 0: 11, '-': 12, '=': 13, q: 16, p: 25, '[': 26, ']': 27, a: 30, l: 38, ';': 39, "'": 40,
    '`': 41, '\\': 43, z: 44, m: 50, ',': 51, '.': 52, '/': 53, ' ': 57, '\n': 28, '\t': 15,
  };

  for (const [character, code] of Object.entries(known))
    assert.deepEqual(keyOf(character), { code, shift: false });
});

test('every printable ASCII character has a key, and no two the same', () => {
  const printable = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i));

  const keys = new Set(printable.map((character) => JSON.stringify(keyOf(character))));

  assert.equal(keys.size, 95);
});

test('shift is held over neighbours that need it, and released at the end', () => {
  assert.deepEqual(strokes('aB!'), [
    { code: 30, down: true }, { code: 30, down: false },
    { code: 42, down: true },
    { code: 48, down: true }, { code: 48, down: false },
    { code: 2, down: true }, { code: 2, down: false },
    { code: 42, down: false },
  ]);
});

test('a character without a key is refused', () => {
  assert.throws(() => strokes('ä'), RangeError);
});
