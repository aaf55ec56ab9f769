import assert from 'node:assert/strict';
import test from 'node:test';
import { readOptions, tokenIn } from './config.js';

test('the token is found in the fragment', () => {
  assert.equal(tokenIn('#token=abc-_1'), 'abc-_1');
  assert.equal(tokenIn('#a=b&token=x'), 'x');
  assert.equal(tokenIn('#token='), null);
  assert.equal(tokenIn(''), null);
});

test('options have quiet defaults', () => {
  assert.deepEqual(readOptions(''), { player: null, draw: null, resize: true, debug: false });
  assert.deepEqual(readOptions('?player=mse&resize=off&debug'),
    { player: 'mse', draw: null, resize: false, debug: true });
});
