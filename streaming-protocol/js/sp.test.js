import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';

import * as sp from './sp.js';

const { Type, parse, write } = sp;

/* {name, type, bytes, canonical, error, fields: [[key, text], ...]} of every vector. */
function readVectors() {
  const file = readFileSync(new URL('../vectors/vectors.txt', import.meta.url), 'utf8');
  const vectors = [];
  let vector = null;
  for (const line of file.split('\n')) {
    const name = /^\[(.+)\]$/.exec(line);
    if (name) vectors.push((vector = { name: name[1], fields: [] }));
    else if (line === '') vector = null;
    else if (vector) {
      const at = line.indexOf('=');
      const [key, value] = [line.slice(0, at), line.slice(at + 1)];
      if (['type', 'error'].includes(key)) vector[key] = value;
      else if (['bytes', 'canonical'].includes(key)) vector[key] = fromHex(value);
      else vector.fields.push([key, value]);
    }
  }
  return vectors;
}

function fromHex(hex) {
  return new Uint8Array((hex.match(/[0-9a-f]{2}/g) ?? []).map((byte) => parseInt(byte, 16)));
}

function asText(value) {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  return String(typeof value === 'boolean' ? Number(value) : value);
}

const camelCase = (name) => name.toLowerCase().replace(/_([a-z0-9])/g, (_, c) => c.toUpperCase());
const isError = (code) => (error) => error instanceof sp.ProtocolError && error.code === code;
const throwsCode = (code, f) => assert.throws(f, isError(code));
const filled = (type, size) => Uint8Array.of(type, ...new Array(size - 1).fill(0));

const vectors = readVectors();
const valid = vectors.filter((v) => !v.error && v.type !== 'unknown');
const writeAny = (type, message) => write[camelCase(type)](message);

test('the vectors cover every type', () => {
  const seen = new Set(valid.map((v) => v.type));
  assert.deepEqual([...seen].sort(), Object.keys(Type).sort());
  assert.ok(vectors.some((v) => v.error) && vectors.some((v) => v.type === 'unknown'));
});

for (const vector of valid)
  test(`${vector.name} is read and written as the vector says`, () => {
    const { type, ...message } = parse(vector.bytes);
    assert.equal(type, Type[vector.type]);
    assert.equal(sp.typeName(type), vector.type);

    const expected = vector.fields.map(([key, text]) => [camelCase(key), text]);
    const actual = Object.entries(message).map(([key, value]) => [key, asText(value)]);
    assert.deepEqual(actual, expected);
    assert.deepEqual(writeAny(vector.type, message), vector.canonical ?? vector.bytes);
  });

for (const vector of vectors.filter((v) => v.error))
  test(`${vector.name} is refused with ${vector.error}`, () => {
    if (vector.bytes.length > 0) assert.equal(vector.bytes[0], Type[vector.type]);
    throwsCode(vector.error, () => parse(vector.bytes));
  });

for (const vector of vectors.filter((v) => v.type === 'unknown'))
  test(`${vector.name} is to be skipped`, () => {
    assert.deepEqual(parse(vector.bytes), { type: vector.bytes[0], unknown: true });
    assert.equal(sp.typeName(vector.bytes[0]), 'unknown');
  });

test('a message cut anywhere is TRUNCATED, but for VIDEO, whose unit has no length', () => {
  for (const vector of valid) {
    const bytes = vector.canonical ?? vector.bytes;
    const unit = vector.type === 'VIDEO' ? sp.VIDEO_HEADER_SIZE : bytes.length;
    for (let size = 0; size < bytes.length; size++) {
      const cut = bytes.subarray(0, size);
      if (size < unit) throwsCode('TRUNCATED', () => parse(cut));
      else if (size === unit) throwsCode('VALUE', () => parse(cut));
      else assert.equal(parse(cut).unit.length, size - unit);
    }
  }
});

test('a message over its limit is TOO_LARGE and one at its limit is not', () => {
  for (const type of Object.values(Type)) {
    let limit = sp.MAX_CLIENT_MESSAGE;
    if (type === Type.VIDEO) limit = sp.VIDEO_HEADER_SIZE + sp.MAX_ACCESS_UNIT;
    if (type === Type.CURSOR_SHAPE) limit = sp.MAX_CURSOR_SHAPE;
    const bytes = new Uint8Array(limit + 1);
    bytes[0] = type;

    throwsCode('TOO_LARGE', () => parse(bytes));
    try {
      parse(bytes.subarray(0, limit));
    } catch (error) {
      assert.equal(error.code, 'VALUE');
    }
  }
});

test('a unit and a cursor at their limits pass, and a byte more does not', () => {
  const video = { config: 1, frame: 0, captureUs: 0, queueUs: 0, encodeUs: 0 };
  const unit = new Uint8Array(sp.MAX_ACCESS_UNIT);
  assert.equal(parse(write.video({ ...video, unit })).unit.length, sp.MAX_ACCESS_UNIT);
  const over = new Uint8Array(sp.MAX_ACCESS_UNIT + 1);
  throwsCode('TOO_LARGE', () => write.video({ ...video, unit: over }));
  throwsCode('VALUE', () => write.video({ ...video, unit: new Uint8Array(0) }));

  const shape = { id: 1, widthPx: 256, heightPx: 256, hotspotXPx: 0, hotspotYPx: 0 };
  const rgba = new Uint8Array(256 * 256 * 4);
  assert.equal(write.cursorShape({ ...shape, rgba }).length, sp.MAX_CURSOR_SHAPE);
  throwsCode('VALUE', () => write.cursorShape({ ...shape, rgba: rgba.subarray(1) }));
});

test('the unit and the pixels are views of what was parsed, also at an offset', () => {
  const message = write.video({
    flags: sp.VideoFlag.KEY, config: 1, frame: 5, captureUs: 1, queueUs: 2, encodeUs: 3,
    unit: Uint8Array.of(1, 2, 3),
  });
  const at = 3;
  const buffer = new Uint8Array(message.length + at);
  buffer.set(message, at);

  const { unit, frame } = parse(buffer.subarray(at));
  assert.equal(frame, 5);
  assert.equal(unit.buffer, buffer.buffer);
  assert.equal(unit.byteOffset, at + sp.VIDEO_HEADER_SIZE);
  assert.deepEqual([...parse(message.buffer).unit], [1, 2, 3]);
});

test('writers refuse what no parser would accept', () => {
  const hello = {
    version: 1, wishes: 0, codecs: sp.codecBit(sp.Codec.H264), widthPx: 0, heightPx: 0, scale120: 0,
    maxFps: 0, client: '',
  };
  assert.equal(parse(write.hello(hello)).codecs, 2);
  const refused = [
    ['VALUE', { version: 0 }], ['VALUE', { version: '1' }], ['VALUE', { version: undefined }],
    ['VALUE', { codecs: 2 ** 32 }], ['VALUE', { widthPx: 5 }], ['VALUE', { heightPx: -1 }],
    ['VALUE', { scale120: 59 }], ['VALUE', { maxFps: 59.94 }], ['VALUE', { maxFps: NaN }],
    ['VALUE', { client: null }], ['VALUE', { flags: 1 }], ['TOO_LARGE', { client: 'é'.repeat(33) }],
    ['ENCODING', { client: '\ud83d' }], ['ENCODING', { client: '\ude00\ud83d' }],
    ['ENCODING', { client: 'a\0' }],
  ];
  for (const [code, change] of refused)
    throwsCode(code, () => write.hello({ ...hello, ...change }));

  throwsCode('VALUE', () => write.key({ code: 30, down: 1 }));
  throwsCode('VALUE', () => write.ping({ id: 1, timeUs: 2 ** 53 }));
  throwsCode('VALUE', () => write.ping({ id: 1, timeUs: -1 }));
  throwsCode('VALUE', () => write.scroll({ flags: 4, dx: 0, dy: 0 }));
  throwsCode('VALUE', () => write.keyframe());
  const welcome = { version: 1, role: 1, features: 0, clockUs: 0, agent: '' };
  throwsCode('VALUE', () => write.welcome({ ...welcome, session: 1 }));
  throwsCode('VALUE', () => write.welcome({ ...welcome, session: 2n ** 64n }));
});

test('flags may be left out', () => {
  const scroll = parse(write.scroll({ dx: 1, dy: -1 }));
  assert.deepEqual(scroll, { type: Type.SCROLL, flags: 0, dx: 1, dy: -1 });
});

test('text of exactly the limit passes', () => {
  const text = '😀'.repeat(sp.MAX_TEXT / 4);
  assert.equal(parse(write.text({ text })).text, text);
  throwsCode('TOO_LARGE', () => write.text({ text: `${text}x` }));
});

test('any bytes are parsed or refused, and what is parsed is written to the same', () => {
  let state = 12345;
  const random = (below) => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  let parsed = 0;
  for (let i = 0; i < 20000; i++) {
    const bytes = valid[random(valid.length)].bytes.slice();
    for (let n = random(3); n > 0; n--) bytes[random(bytes.length)] = random(256);
    const cut = random(8) === 0 ? random(bytes.length) : 0;
    let message;
    try {
      message = parse(bytes.subarray(0, bytes.length - cut));
    } catch (error) {
      assert.ok(error instanceof sp.ProtocolError, error.stack);
      continue;
    }
    if (message.unknown) continue;
    const { type, ...fields } = message;
    assert.deepEqual(parse(writeAny(sp.typeName(type), fields)), message);
    parsed++;
  }
  assert.ok(parsed > 5000);
});

test('the header, sp.h, has the same numbers', () => {
  const header = readFileSync(new URL('../include/sp.h', import.meta.url), 'utf8');
  const enums = {
    TYPE: Type, ROLE: sp.Role, WISH: sp.Wish, FEATURE: sp.Feature, VIDEO: sp.VideoFlag,
    SCROLL: sp.ScrollFlag, KEYFRAME: sp.KeyframeReason, SEVERITY: sp.Severity, NOTICE: sp.Notice,
    BYE: sp.Bye, CODEC: sp.Codec,
  };
  const constant = /\bSP_(\w+?)_(\w+) =\s+(0x[0-9a-f]+|\d+)(?: << (\d+))?[,\s]/g;
  const found = Object.fromEntries(Object.keys(enums).map((key) => [key, {}]));
  for (const [, group, name, value, shift] of header.matchAll(constant))
    if (found[group]) found[group][name] = Number(value) << Number(shift ?? 0);
  for (const [group, values] of Object.entries(enums))
    assert.deepEqual(found[group], { ...values });

  const numbers = [...header.matchAll(/^#define SP_(\w+) +\(?(\d+)u?(?: << (\d+)\))?$/gm)];
  assert.ok(numbers.length >= 15);
  for (const [, name, value, shift] of numbers)
    assert.equal(sp[name], Number(value) << Number(shift ?? 0), name);
  assert.equal(header.match(/SP_SUBPROTOCOL "(.*)"/)[1], sp.SUBPROTOCOL);
  assert.equal(sp.closeCode(sp.Bye.FULL), 4005);
});
