/* A US keyboard: which keys, as linux/input-event-codes.h numbers them, type a text. */

const SHIFT = 42;

const rows = [
  [2, '1234567890-=', '!@#$%^&*()_+'],
  [16, 'qwertyuiop[]', 'QWERTYUIOP{}'],
  [30, "asdfghjkl;'`", 'ASDFGHJKL:"~'],
  [43, '\\zxcvbnm,./', '|ZXCVBNM<>?'],
];

const keys = new Map([['\n', { code: 28, shift: false }], ['\t', { code: 15, shift: false }],
  [' ', { code: 57, shift: false }]]);
for (const [first, plain, shifted] of rows)
  for (let i = 0; i < plain.length; i++) {
    keys.set(plain[i], { code: first + i, shift: false });
    keys.set(shifted[i], { code: first + i, shift: true });
  }

/** {code, shift} of one character; throws for what this keyboard has no key for. */
export function keyOf(character) {
  const key = keys.get(character);
  if (!key) throw new RangeError(`a US keyboard has no key for ${JSON.stringify(character)}`);
  return key;
}

/** The presses and releases that type `text`: [{code, down}]. Shift stays down between characters
 * that both need it, as under a hand. */
export function strokes(text) {
  const events = [];
  let shifted = false;
  const shift = (down) => {
    if (shifted === down) return;
    events.push({ code: SHIFT, down });
    shifted = down;
  };
  for (const character of text) {
    const key = keyOf(character);
    shift(key.shift);
    events.push({ code: key.code, down: true }, { code: key.code, down: false });
  }
  shift(false);
  return events;
}
