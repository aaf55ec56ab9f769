/**
 * The Helix streaming protocol, version 1, in JavaScript: the twin of include/sp.h.
 * PROTOCOL.md draws every byte. Runs in pages, workers and node, and depends on nothing.
 *
 * @module sp
 */

export const VERSION = 1;
export const SUBPROTOCOL = 'helix.v1';

export const HEADER_SIZE = 4;
export const VIDEO_HEADER_SIZE = 32;
/** No writer here makes a larger message, other than VIDEO and CURSOR_SHAPE. */
export const MAX_SMALL = 2048;
export const CURSOR_SHAPE_HEADER_SIZE = 16;
/** Of every message but VIDEO and CURSOR_SHAPE, in bytes. */
export const MAX_CLIENT_MESSAGE = 8192;
export const MAX_ACCESS_UNIT = 16 << 20;
export const MAX_NAME = 64;
export const MAX_CODEC = 32;
export const MAX_TEXT = 1024;
export const MAX_DIMENSION = 16384;
export const MAX_CURSOR = 256;
export const MAX_CURSOR_SHAPE = CURSOR_SHAPE_HEADER_SIZE + MAX_CURSOR * MAX_CURSOR * 4;
export const MAX_TIME_US = Number.MAX_SAFE_INTEGER;
/** 120 = one device pixel per CSS pixel. */
export const SCALE_ONE = 120;
export const MIN_SCALE = 60;
export const MAX_SCALE = 960;
/** POINTER coordinates and relative motion are pixels times this. */
export const POINTER_UNIT = 256;
/** One notch of a wheel. */
export const SCROLL_NOTCH = 120;

export const Type = Object.freeze({
  HELLO: 0x01,
  WELCOME: 0x02,
  STREAM: 0x03,
  VIDEO: 0x04,
  ACK: 0x05,
  KEYFRAME: 0x06,
  CURSOR_SHAPE: 0x07,
  CURSOR_POSITION: 0x08,
  KEY: 0x10,
  TEXT: 0x11,
  POINTER: 0x12,
  POINTER_RELATIVE: 0x13,
  BUTTON: 0x14,
  SCROLL: 0x15,
  RELEASE_ALL: 0x16,
  PING: 0x20,
  PONG: 0x21,
  PAUSE: 0x22,
  RESUME: 0x23,
  RESIZE: 0x24,
  NOTICE: 0x25,
  BYE: 0x26,
});

export const Codec = Object.freeze({ H264: 1 });
export const Role = Object.freeze({ VIEW: 1, CONTROL: 2 });
export const Wish = Object.freeze({ AUDIO: 1 });
export const Feature = Object.freeze({ INPUT: 1, RESIZE: 2, CURSOR: 4 });
export const VideoFlag = Object.freeze({ KEY: 1, REFINE: 2 });
export const ScrollFlag = Object.freeze({ FINGER: 1, STOP: 2 });
export const Severity = Object.freeze({ INFO: 1, WARN: 2, ERROR: 3 });

export const KeyframeReason = Object.freeze({
  JOIN: 1,
  DECODER_ERROR: 2,
  GAP: 3,
  OVERLOAD: 4,
  VISIBLE: 5,
});

export const Notice = Object.freeze({
  READY: 1,
  SESSION_STARTING: 2,
  SESSION_RESTARTING: 3,
  SESSION_FAILED: 4,
  ENCODER_RESTARTING: 5,
  ENCODER_FAILED: 6,
  ENCODER_FALLBACK: 7,
  WAITING_FOR_PERMISSION: 8,
  INPUT_UNAVAILABLE: 9,
});

export const Bye = Object.freeze({
  NORMAL: 1,
  SHUTDOWN: 2,
  VERSION: 3,
  PROTOCOL: 4,
  FULL: 5,
  NO_CODEC: 6,
  TIMEOUT: 7,
  RATE: 8,
  REPLACED: 9,
});

/** The bit of HELLO.codecs that stands for a codec. */
export const codecBit = (codec) => 1 << codec;

/** The code with which a WebSocket closes after a BYE. */
export const closeCode = (reason) => 4000 + reason;

/** "HELLO", or "unknown". For logs. */
export const typeName = (type) => NAMES.get(type) ?? 'unknown';
const NAMES = new Map(Object.entries(Type).map(([name, type]) => [type, name]));

/**
 * A message that version 1 does not allow, read or about to be written.
 * `code` is 'TRUNCATED', 'VALUE', 'TOO_LARGE' or 'ENCODING', as in enum sp_error.
 */
export class ProtocolError extends Error {
  /** @param {string} code @param {string} message */
  constructor(code, message) {
    super(message);
    this.name = 'ProtocolError';
    this.code = code;
  }
}

function refuse(code, what) {
  throw new ProtocolError(code, `${code}: ${what}`);
}

/* A field knows how to take its raw value from a cursor, how to put it back, how much space that
 * needs, and how to check a value. Reading checks only after the last field was there, so that
 * the errors of a message are found in the same order as in C. */

const integer = (kind, size, lowest, highest) => (name, min = lowest, max = highest) => ({
  name,
  get: (cursor) => cursor.view[`get${kind}`](cursor.take(size), true),
  put: (cursor, value) => cursor.view[`set${kind}`](cursor.take(size), value, true),
  size: () => size,
  check(value) {
    if (!Number.isInteger(value) || value < min || value > max)
      refuse('VALUE', `${name} is ${value}`);
    return value;
  },
});
const u8 = integer('Uint8', 1, 0, 0xff);
const u16 = integer('Uint16', 2, 0, 0xffff);
const u32 = integer('Uint32', 4, 0, 0xffffffff);
const i16 = integer('Int16', 2, -0x8000, 0x7fff);
const i32 = integer('Int32', 4, -0x80000000, 0x7fffffff);

const dimension = (name, min = 1) => u16(name, min, MAX_DIMENSION);

const scale = (name) => {
  const field = u16(name, 0, MAX_SCALE);
  return {
    ...field,
    check(value) {
      if (field.check(value) !== 0 && value < MIN_SCALE) refuse('VALUE', `${name} is ${value}`);
      return value;
    },
  };
};

const bool = (name) => ({
  name,
  get(cursor) {
    const value = cursor.view.getUint8(cursor.take(1));
    if (value > 1) refuse('VALUE', `${name} is ${value}`);
    return value === 1;
  },
  put: (cursor, value) => cursor.view.setUint8(cursor.take(1), value ? 1 : 0),
  size: () => 1,
  check(value) {
    if (typeof value !== 'boolean') refuse('VALUE', `${name} is ${value}`);
    return value;
  },
});

/* Microseconds: 64 bits on the wire, of which a Number holds 53. */
const time = (name) => ({
  name,
  get(cursor) {
    const at = cursor.take(8);
    return cursor.view.getUint32(at + 4, true) * 2 ** 32 + cursor.view.getUint32(at, true);
  },
  put(cursor, value) {
    const at = cursor.take(8);
    cursor.view.setUint32(at, value % 2 ** 32, true);
    cursor.view.setUint32(at + 4, Math.floor(value / 2 ** 32), true);
  },
  size: () => 8,
  check(value) {
    if (!Number.isSafeInteger(value) || value < 0) refuse('VALUE', `${name} is ${value}`);
    return value;
  },
});

/* 64 bits that are no time, and so need all of a BigInt. */
const u64 = (name) => ({
  name,
  get: (cursor) => cursor.view.getBigUint64(cursor.take(8), true),
  put: (cursor, value) => cursor.view.setBigUint64(cursor.take(8), value, true),
  size: () => 8,
  check(value) {
    if (typeof value !== 'bigint' || BigInt.asUintN(64, value) !== value)
      refuse('VALUE', `${name} is ${value}`);
    return value;
  },
});

const reserved = (size) => ({
  get: (cursor) => cursor.take(size),
  put: (cursor) => cursor.take(size),
  size: () => size,
});

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

/* Raw text is its bytes. */
const text = (name, max) => ({
  name,
  get(cursor) {
    const size = cursor.view.getUint16(cursor.take(2), true);
    return cursor.bytes.subarray(cursor.take(size), cursor.at);
  },
  put(cursor, bytes) {
    cursor.view.setUint16(cursor.take(2), bytes.length, true);
    cursor.bytes.set(bytes, cursor.take(bytes.length));
  },
  size: (bytes) => 2 + bytes.length,
  check(bytes) {
    if (bytes.length > max) refuse('TOO_LARGE', `${name} has ${bytes.length} bytes`);
    if (bytes.includes(0)) refuse('ENCODING', `${name} has a NUL in it`);
    try {
      return decoder.decode(bytes);
    } catch {
      return refuse('ENCODING', `${name} is not valid UTF-8`);
    }
  },
  /* TextEncoder would write U+FFFD for half of a surrogate pair. */
  raw(value) {
    if (typeof value !== 'string') refuse('VALUE', `${name} is ${typeof value}`);
    if (/\p{Surrogate}/u.test(value)) refuse('ENCODING', `${name} has half a surrogate pair`);
    return encoder.encode(value);
  },
});

/* A layout is a message's fields and, where it has them, `flags` (the bits that are known), `rule`
 * (what fields must be together), `tail` (the field of the bytes behind the fields) and
 * `tailSize`. */
const LAYOUTS = new Map();

function layout(type, fields, more = {}) {
  LAYOUTS.set(type, { maxSize: MAX_CLIENT_MESSAGE, flags: 0, fields, ...more });
}

layout(
  Type.HELLO,
  [
    u16('version', 1), u16('wishes'), u32('codecs'),
    dimension('widthPx', 0), dimension('heightPx', 0), scale('scale120'), u16('maxFps'),
    text('client', MAX_NAME),
  ],
  {
    rule(message) {
      if ((message.widthPx === 0) !== (message.heightPx === 0))
        refuse('VALUE', `the size is ${message.widthPx}x${message.heightPx}`);
    },
  },
);
layout(Type.WELCOME, [
  u16('version', 1, VERSION), u16('role', Role.VIEW, Role.CONTROL), u32('features'), reserved(4),
  u64('session'), time('clockUs'), text('agent', MAX_NAME),
]);
layout(Type.STREAM, [
  u16('config', 1), u16('codec', Codec.H264, Codec.H264), dimension('widthPx'),
  dimension('heightPx'), u16('maxFps'), u8('primaries'), u8('transfer'), u8('matrix'),
  u8('fullRange', 0, 1), text('codecString', MAX_CODEC), text('encoder', MAX_NAME),
]);
layout(
  Type.VIDEO,
  [
    u16('config', 1), reserved(2), u32('frame'), reserved(4), time('captureUs'), u32('queueUs'),
    u32('encodeUs'),
  ],
  {
    maxSize: VIDEO_HEADER_SIZE + MAX_ACCESS_UNIT,
    flags: VideoFlag.KEY | VideoFlag.REFINE,
    tail: 'unit',
    tailSize(message, available) {
      if (available === 0) refuse('VALUE', 'the access unit is empty');
      return available;
    },
  },
);
layout(Type.ACK, [
  u32('frame'), u16('queue'), reserved(6), time('receivedUs'), time('decodedUs'),
  time('presentedUs'),
]);
layout(Type.KEYFRAME, [u16('reason', KeyframeReason.JOIN, KeyframeReason.VISIBLE), reserved(2)]);
layout(
  Type.CURSOR_SHAPE,
  [
    u32('id', 1), u16('widthPx', 1, MAX_CURSOR), u16('heightPx', 1, MAX_CURSOR),
    i16('hotspotXPx'), i16('hotspotYPx'),
  ],
  {
    maxSize: MAX_CURSOR_SHAPE,
    tail: 'rgba',
    tailSize: (message) => message.widthPx * message.heightPx * 4,
  },
);
layout(Type.CURSOR_POSITION, [u32('id'), i32('xPx'), i32('yPx')]);
layout(Type.KEY, [u16('code', 1, 767), bool('down'), reserved(1)]);
layout(Type.TEXT, [text('text', MAX_TEXT)]);
layout(Type.POINTER, [
  u16('config', 1), reserved(2), u32('x', 0, MAX_DIMENSION * POINTER_UNIT),
  u32('y', 0, MAX_DIMENSION * POINTER_UNIT),
]);
layout(Type.POINTER_RELATIVE, [i32('dx'), i32('dy')]);
layout(Type.BUTTON, [u16('code', 0x110, 0x117), bool('down'), reserved(1)]);
layout(Type.SCROLL, [i32('dx'), i32('dy')], { flags: ScrollFlag.FINGER | ScrollFlag.STOP });
layout(Type.RELEASE_ALL, []);
layout(Type.PING, [u32('id'), time('timeUs')]);
layout(Type.PONG, [u32('id'), time('timeUs'), time('clockUs')]);
layout(Type.PAUSE, []);
layout(Type.RESUME, []);
layout(Type.RESIZE, [
  dimension('widthPx'), dimension('heightPx'), scale('scale120'), reserved(2),
]);
layout(Type.NOTICE, [
  u16('code'), u16('severity', Severity.INFO, Severity.ERROR), text('text', MAX_TEXT),
]);
layout(Type.BYE, [u16('reason'), text('text', MAX_TEXT)]);

class Cursor {
  constructor(bytes) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = HEADER_SIZE;
  }

  /* Where the next `size` bytes are; the cursor is behind them then. */
  take(size) {
    const at = this.at;
    if (this.bytes.length - at < size) refuse('TRUNCATED', `${this.bytes.length} bytes`);
    this.at = at + size;
    return at;
  }
}

/**
 * Read one message. Its fields are those of the C struct in camelCase; `flags` only where the
 * message has flags. VIDEO's `unit` and CURSOR_SHAPE's `rgba` are views of `data`, not copies.
 * WELCOME's `session` is a BigInt.
 *
 * @param {ArrayBuffer|Uint8Array} data
 * @returns {{type: number}} and the fields; `{type, unknown: true}` for a type to be skipped
 * @throws {ProtocolError}
 */
export function parse(data) {
  const bytes = data instanceof Uint8Array ? data : new Uint8Array(data);
  if (bytes.length < HEADER_SIZE) refuse('TRUNCATED', `${bytes.length} bytes`);
  const type = bytes[0];
  const wire = LAYOUTS.get(type);
  if (!wire) return { type, unknown: true };
  if (bytes.length > wire.maxSize) refuse('TOO_LARGE', `${typeName(type)}, ${bytes.length} bytes`);

  const cursor = new Cursor(bytes);
  const raw = wire.fields.map((field) => field.get(cursor));
  const message = { type };
  if (wire.flags) message.flags = bytes[1] & wire.flags;
  wire.fields.forEach((field, i) => {
    if (field.name) message[field.name] = field.check(raw[i]);
  });
  wire.rule?.(message);
  if (wire.tail) {
    const size = wire.tailSize(message, bytes.length - cursor.at);
    message[wire.tail] = bytes.subarray(cursor.take(size), cursor.at);
  }
  return message;
}

function checkFlags(wire, flags = 0) {
  if (!Number.isInteger(flags) || (flags & ~wire.flags) !== 0) refuse('VALUE', `flags is ${flags}`);
  return flags;
}

function checkTail(wire, message) {
  const bytes = message[wire.tail];
  if (!(bytes instanceof Uint8Array)) refuse('VALUE', `${wire.tail} is no Uint8Array`);
  if (bytes.length !== wire.tailSize(message, bytes.length))
    refuse('VALUE', `${wire.tail} has ${bytes.length} bytes`);
  return bytes;
}

function encode(type, message = {}) {
  const wire = LAYOUTS.get(type);
  let size = HEADER_SIZE;
  const flags = checkFlags(wire, message.flags);
  const raw = wire.fields.map((field) => {
    if (!field.name) {
      size += field.size();
      return undefined;
    }
    const value = field.raw ? field.raw(message[field.name]) : message[field.name];
    field.check(value);
    size += field.size(value);
    return value;
  });
  wire.rule?.(message);
  const tail = wire.tail ? checkTail(wire, message) : new Uint8Array(0);
  if (size + tail.length > wire.maxSize) refuse('TOO_LARGE', `${size + tail.length} bytes`);

  const bytes = new Uint8Array(size + tail.length);
  const cursor = new Cursor(bytes);
  bytes[0] = type;
  bytes[1] = flags;
  wire.fields.forEach((field, i) => field.put(cursor, raw[i]));
  bytes.set(tail, size);
  return bytes;
}

/**
 * One writer for each message, from an object with the fields that `parse` gives to the bytes.
 * `flags` may be left out; every other field must be there. They throw ProtocolError for whatever
 * `parse` would refuse.
 */
export const write = Object.freeze({
  /** @param {{version: number, wishes: number, codecs: number, widthPx: number,
   *   heightPx: number, scale120: number, maxFps: number, client: string}} message */
  hello: (message) => encode(Type.HELLO, message),
  /** @param {{version: number, role: number, features: number, session: bigint,
   *   clockUs: number, agent: string}} message */
  welcome: (message) => encode(Type.WELCOME, message),
  /** @param {{config: number, codec: number, widthPx: number, heightPx: number, maxFps: number,
   *   primaries: number, transfer: number, matrix: number, fullRange: number,
   *   codecString: string, encoder: string}} message */
  stream: (message) => encode(Type.STREAM, message),
  /** @param {{flags?: number, config: number, frame: number, captureUs: number,
   *   queueUs: number, encodeUs: number, unit: Uint8Array}} message */
  video: (message) => encode(Type.VIDEO, message),
  /** @param {{frame: number, queue: number, receivedUs: number, decodedUs: number,
   *   presentedUs: number}} message */
  ack: (message) => encode(Type.ACK, message),
  /** @param {{reason: number}} message */
  keyframe: (message) => encode(Type.KEYFRAME, message),
  /** @param {{id: number, widthPx: number, heightPx: number, hotspotXPx: number,
   *   hotspotYPx: number, rgba: Uint8Array}} message */
  cursorShape: (message) => encode(Type.CURSOR_SHAPE, message),
  /** @param {{id: number, xPx: number, yPx: number}} message */
  cursorPosition: (message) => encode(Type.CURSOR_POSITION, message),
  /** @param {{code: number, down: boolean}} message */
  key: (message) => encode(Type.KEY, message),
  /** @param {{text: string}} message */
  text: (message) => encode(Type.TEXT, message),
  /** @param {{config: number, x: number, y: number}} message in pixels * POINTER_UNIT */
  pointer: (message) => encode(Type.POINTER, message),
  /** @param {{dx: number, dy: number}} message in pixels * POINTER_UNIT */
  pointerRelative: (message) => encode(Type.POINTER_RELATIVE, message),
  /** @param {{code: number, down: boolean}} message */
  button: (message) => encode(Type.BUTTON, message),
  /** @param {{flags?: number, dx: number, dy: number}} message in 120ths of a notch */
  scroll: (message) => encode(Type.SCROLL, message),
  releaseAll: () => encode(Type.RELEASE_ALL),
  /** @param {{id: number, timeUs: number}} message */
  ping: (message) => encode(Type.PING, message),
  /** @param {{id: number, timeUs: number, clockUs: number}} message */
  pong: (message) => encode(Type.PONG, message),
  pause: () => encode(Type.PAUSE),
  resume: () => encode(Type.RESUME),
  /** @param {{widthPx: number, heightPx: number, scale120: number}} message */
  resize: (message) => encode(Type.RESIZE, message),
  /** @param {{code: number, severity: number, text: string}} message */
  notice: (message) => encode(Type.NOTICE, message),
  /** @param {{reason: number, text: string}} message */
  bye: (message) => encode(Type.BYE, message),
});
