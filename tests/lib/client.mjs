/* A viewer without a screen: speaks the protocol over `ws`, keeps what it got, sends input.
 *
 *   const viewer = await connect(agent);                   HELLO went, WELCOME came
 *   const key = await viewer.firstKeyFrame();
 *   await viewer.waitFor('a cursor', () => viewer.cursorShapes.size > 0);
 *   viewer.move(100, 50); viewer.click(); viewer.type('Hello!');
 *   await decode(viewer.run(key), viewer.streams.get(key.config));
 *   await viewer.close();
 *
 * It emits 'message' with every message, and each also under its own name: 'video', 'stream',
 * 'cursorShape', 'notice', ...; and 'close' with {code, reason}. Every message has receivedUs, in
 * CLOCK_MONOTONIC, which on the same machine is the agent's clock. */
import { EventEmitter } from 'node:events';
import { createWriteStream } from 'node:fs';
import WebSocket from 'ws';
import * as sp from '../../streaming-protocol/js/sp.js';
import { strokes } from './keyboard.mjs';
import { DeadlineError } from './until.mjs';

export { sp };

export const BTN_LEFT = 0x110;
const DEADLINE_MS = 10000;
const HELLO = {
  version: sp.VERSION, wishes: 0, codecs: sp.codecBit(sp.Codec.H264), widthPx: 0, heightPx: 0,
  scale120: 0, maxFps: 0, client: 'helix-tests',
};

/** CLOCK_MONOTONIC in microseconds. */
export function nowUs() {
  return Number(process.hrtime.bigint() / 1000n);
}

/* CURSOR_SHAPE -> cursorShape */
const eventName = (type) =>
  sp.typeName(type).toLowerCase().replace(/_(.)/g, (_, letter) => letter.toUpperCase());

/** The upgrade was answered with an HTTP status. */
export class RefusedError extends Error {
  constructor(status) {
    super(`the agent refused the connection: ${status}`);
    this.status = status;
  }
}

export class Client extends EventEmitter {
  /** The messages. */
  welcome = null;
  bye = null;
  notices = [];
  /** STREAM by config, and the latest. */
  streams = new Map();
  stream = null;
  /** VIDEO without its access unit where `keep` is false; with isKey, isRefinement and bytes. */
  videos = [];
  cursorShapes = new Map();
  cursorPosition = null;
  /** {code, reason} once it is closed. */
  closed = null;
  /** Frame numbers that did not follow on the one before: [{after, got}]. Should stay empty. */
  gaps = [];
  /** Bytes of whole messages. */
  receivedBytes = 0;
  videoBytes = 0;
  counts = {};
  #socket;
  #options;
  #file = null;
  #pings = new Map();
  #pingId = 0;
  /* What to do about a message before it is told to anybody. */
  #handlers = {
    welcome: (message) => {
      this.welcome = message;
      if (!this.#options.read) this.stopReading();
    },
    stream: (message) => {
      this.stream = message;
      this.streams.set(message.config, { ...message, width: message.widthPx,
        height: message.heightPx });
    },
    video: (message, data) => {
      const last = this.videos.at(-1);
      const expected = last ? (last.frame + 1) >>> 0 : 0;
      if (message.frame !== expected)
        this.gaps.push({ after: last?.frame ?? null, got: message.frame });
      message.isKey = (message.flags & sp.VideoFlag.KEY) !== 0;
      message.isRefinement = (message.flags & sp.VideoFlag.REFINE) !== 0;
      message.bytes = message.unit.length;
      this.videoBytes += data.length;
      this.#file?.write(message.unit);
      if (!this.#options.keep) delete message.unit;
      this.videos.push(message);
      const { ack } = this.#options;
      if (ack === 'none') return;
      const { frame, receivedUs } = message;
      this.ack(frame, { receivedUs });
      if (ack === 'presented') {
        const shownUs = nowUs();
        this.ack(frame, { receivedUs, decodedUs: shownUs, presentedUs: shownUs });
      }
    },
    cursorShape: (message) => {
      this.cursorShapes.set(message.id, message);
    },
    cursorPosition: (message) => {
      this.cursorPosition = message;
    },
    notice: (message) => {
      this.notices.push(message);
    },
    bye: (message) => {
      this.bye = message;
    },
    ping: ({ id, timeUs }) => {
      if (this.#options.pong) this.send('pong', { id, timeUs, clockUs: nowUs() });
    },
    pong: (message) => {
      this.#pings.set(message.id, message);
    },
  };

  /** Use connect(). */
  constructor(socket, options) {
    super();
    this.setMaxListeners(0);
    this.#socket = socket;
    this.#options = options;
    if (options.recordTo) this.#file = createWriteStream(options.recordTo);
    socket.on('message', (data) => this.#receive(data));
    socket.on('close', (code, reason) => {
      this.closed = { code, reason: reason.toString() };
      this.#file?.end();
      this.emit('close', this.closed);
    });
    socket.on('error', () => {}); /* 'close' follows */
  }

  /** What `look` gives, as soon as it is true; it is asked again after every message. Rejects at
   * the deadline, and when the connection closes before. */
  waitFor(what, look, deadlineMs = DEADLINE_MS) {
    return new Promise((resolve, reject) => {
      let timer;
      const finish = (settle, value) => {
        clearTimeout(timer);
        this.off('message', check);
        this.off('close', check);
        settle(value);
      };
      const check = () => {
        try {
          const value = look();
          if (value) finish(resolve, value);
          else if (this.closed) finish(reject, new Error(`${what}: ${this.#epitaph()}`));
        } catch (error) {
          finish(reject, error);
        }
      };
      timer = setTimeout(() => finish(reject, new DeadlineError(what, deadlineMs)), deadlineMs);
      this.on('message', check);
      this.on('close', check);
      check();
    });
  }

  /** The next VIDEO that fits, from now on. */
  nextVideo(fits = () => true, deadlineMs = DEADLINE_MS, what = 'a frame') {
    const { length } = this.videos;
    return this.waitFor(what, () => this.videos.slice(length).find(fits), deadlineMs);
  }

  /** The next key frame, from now on. That of the beginning may have come: firstKeyFrame(). */
  nextKeyFrame(deadlineMs = DEADLINE_MS) {
    return this.nextVideo(({ isKey }) => isKey, deadlineMs, 'a key frame');
  }

  firstKeyFrame(deadlineMs = DEADLINE_MS) {
    return this.waitFor('the first key frame', () => this.videos.find(({ isKey }) => isKey),
      deadlineMs);
  }

  /** {code, reason} when the connection is closed. */
  waitForClose(deadlineMs = DEADLINE_MS) {
    return this.waitFor('the connection closes', () => this.closed, deadlineMs);
  }

  /** What a decoder may be given: the frames from `key` on, all of its config, without a gap. */
  run(key = this.videos.find(({ isKey }) => isKey)) {
    const from = this.videos.slice(this.videos.indexOf(key));
    const end = from.findIndex(({ config }) => config !== key.config);
    return end < 0 ? from : from.slice(0, end);
  }

  /** ACK a frame; times are the agent's clock. */
  ack(frame, { queue = 0, receivedUs = nowUs(), decodedUs = 0, presentedUs = 0 } = {}) {
    this.send('ack', { frame, queue, receivedUs, decodedUs, presentedUs });
  }

  requestKeyFrame(reason = sp.KeyframeReason.DECODER_ERROR) {
    this.send('keyframe', { reason });
  }

  pause() {
    this.send('pause');
  }

  resume() {
    this.send('resume');
  }

  resize(widthPx, heightPx, scale120 = sp.SCALE_ONE) {
    this.send('resize', { widthPx, heightPx, scale120 });
  }

  /** A PING's way there and back: {rttUs, offsetUs}; offsetUs is the agent's clock less ours. */
  async ping(deadlineMs = DEADLINE_MS) {
    const id = this.#pingId++;
    this.send('ping', { id, timeUs: nowUs() });
    const { timeUs, clockUs, receivedUs } =
      await this.waitFor('a PONG', () => this.#pings.get(id), deadlineMs);
    this.#pings.delete(id);
    return { rttUs: receivedUs - timeUs, offsetUs: clockUs - (receivedUs + timeUs) / 2 };
  }

  key(code, down) {
    this.send('key', { code, down });
  }

  press(code) {
    this.key(code, true);
    this.key(code, false);
  }

  /** Type with the keys of a US keyboard. */
  type(text) {
    for (const { code, down } of strokes(text)) this.key(code, down);
  }

  /** Commit text, as an input method does. */
  text(text) {
    this.send('text', { text });
  }

  /** To a place of the picture, in pixels. */
  move(x, y, config = this.stream.config) {
    this.send('pointer', { config, x: Math.round(x * sp.POINTER_UNIT),
      y: Math.round(y * sp.POINTER_UNIT) });
  }

  /** By so many pixels. */
  moveBy(dx, dy) {
    this.send('pointerRelative', { dx: Math.round(dx * sp.POINTER_UNIT),
      dy: Math.round(dy * sp.POINTER_UNIT) });
  }

  button(code, down) {
    this.send('button', { code, down });
  }

  click(code = BTN_LEFT) {
    this.button(code, true);
    this.button(code, false);
  }

  /** In notches, positive right and down. */
  scroll(right, down, flags = 0) {
    this.send('scroll', { flags, dx: Math.round(right * sp.SCROLL_NOTCH),
      dy: Math.round(down * sp.SCROLL_NOTCH) });
  }

  releaseAll() {
    this.send('releaseAll');
  }

  /** One message by its name in sp.write. */
  send(kind, message) {
    this.sendBytes(sp.write[kind](message));
  }

  /** Any bytes, also wrong ones. `text`: as a text message, which the protocol does not allow. */
  sendBytes(bytes, { text = false } = {}) {
    this.#socket.send(bytes, { binary: !text });
  }

  /** Leave what comes from now on in the socket: the agent sees a link that stands still, once the
   * kernel's buffers are full. What was read together with the last message is still told. */
  stopReading() {
    this.#socket.pause();
  }

  startReading() {
    this.#socket.resume();
  }

  /** Change how frames are acknowledged: as connect()'s `ack`. */
  set acking(mode) {
    this.#options.ack = mode;
  }

  /** Bytes that we have not got rid of. */
  get bufferedAmount() {
    return this.#socket.bufferedAmount;
  }

  /** Close in order; {code, reason}. */
  async close(code = 1000, deadlineMs = DEADLINE_MS) {
    if (this.#socket.isPaused) this.#socket.resume();
    this.#socket.close(code);
    return this.waitForClose(deadlineMs);
  }

  /** Vanish without a word: the connection is cut. */
  terminate() {
    this.#socket.terminate();
  }

  #receive(data) {
    const message = sp.parse(data);
    message.receivedUs = nowUs();
    this.receivedBytes += data.length;
    const name = message.unknown ? 'unknown' : eventName(message.type);
    this.counts[name] = (this.counts[name] ?? 0) + 1;
    this.#handlers[name]?.(message, data);
    this.emit(name, message);
    this.emit('message', message);
  }

  #epitaph() {
    const bye = this.bye ? `; BYE ${this.bye.reason} "${this.bye.text}"` : '';
    return `the connection closed with ${this.closed.code} "${this.closed.reason}"${bye}`;
  }
}

/** Open the WebSocket only: no HELLO yet. Rejects with a RefusedError for an HTTP answer. */
export function open(agent, options = {}) {
  const { token = agent.token, host = '127.0.0.1', origin, headers,
    subprotocols = [sp.SUBPROTOCOL, ...(token ? [`bearer.${token}`] : [])],
    path = '/stream', deadlineMs = DEADLINE_MS } = options;
  const socket = new WebSocket(`ws://${host}:${agent.port}${path}`, subprotocols, {
    perMessageDeflate: false, handshakeTimeout: deadlineMs, origin, headers,
    maxPayload: sp.VIDEO_HEADER_SIZE + sp.MAX_ACCESS_UNIT,
  });
  const client = new Client(socket, { ack: 'received', pong: true, read: true, keep: true,
    ...options });
  return new Promise((resolve, reject) => {
    socket.once('unexpected-response', (request, response) => {
      request.destroy();
      reject(new RefusedError(response.statusCode));
    });
    socket.once('error', reject);
    socket.once('open', () => resolve(client));
  });
}

/** Open, say HELLO, wait for WELCOME.
 *
 * hello       fields of HELLO that differ from: H.264, no size, no rate
 * ack         'received' (default), 'presented' (both ACKs, at once), 'none'
 * read        false: stop reading behind WELCOME
 * pong        false: leave PINGs unanswered
 * keep        false: forget the access units
 * recordTo    a file that gets all access units, for ffplay
 * token, host, origin, headers, subprotocols, path, deadlineMs   of the upgrade */
export async function connect(agent, options = {}) {
  const client = await open(agent, options);
  client.send('hello', { ...HELLO, ...options.hello });
  await client.waitFor('WELCOME', () => client.welcome, options.deadlineMs);
  return client;
}
