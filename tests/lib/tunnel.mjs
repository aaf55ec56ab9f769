/* The launcher's end of the tunnel (streaming-protocol/PROTOCOL.md, "The tunnel") in JavaScript, and
 * `helix-agent tunnel` at its other end.
 *
 *   const tunnel = startTunnel(agent.port);
 *   await tunnel.greeted;
 *   const socket = tunnel.open();             a Duplex, as a net.Socket would be
 *   tunnel.child; tunnel.stderr; await tunnel.exited;
 *   await tunnel.stop();
 *
 * And what tests of either end put behind it: listen(), echo(), pour(), count().
 *
 *   HELIX_AGENT       another program than build/helix-agent */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
import { BUILD } from './agent.mjs';
import { within } from './until.mjs';

export const Frame = { OPEN: 1, DATA: 2, END: 3, RESET: 4, CREDIT: 5 };
export const GREETING = Buffer.from('helix-tunnel\x01\0\0\0', 'latin1');
export const HEADER_SIZE = 12;
export const CHANNELS = 64;
export const WINDOW = 256 * 1024;
export const MAX_DATA = 16 * 1024;
const CREDIT_STEP = WINDOW / 4;

/** One frame as bytes; `size` alone for CREDIT. */
export function frame(type, id, { size = 0, data } = {}) {
  const header = Buffer.alloc(HEADER_SIZE);
  header.writeUInt32LE(type, 0);
  header.writeUInt32LE(id, 4);
  header.writeUInt32LE(data ? data.length : size, 8);
  return data ? Buffer.concat([header, data]) : header;
}

class Channel extends Duplex {
  credit = WINDOW;
  taken = 0;
  waiting = null; /* {chunk, done}: what write() was given last */
  ending = null;
  endSent = false;
  arrived = [];
  wantsMore = false;

  constructor(tunnel, id) {
    super({ allowHalfOpen: true });
    this.tunnel = tunnel;
    this.id = id;
  }

  /* http.request() treats it as a socket. */
  setTimeout() { return this; }
  setNoDelay() { return this; }
  setKeepAlive() { return this; }
  ref() { return this; }
  unref() { return this; }

  _write(chunk, encoding, done) {
    this.waiting = { chunk, done };
    this.tunnel.flush();
  }

  _final(done) {
    this.ending = done;
    this.tunnel.flush();
  }

  _read() {
    this.wantsMore = true;
    this.deliver();
  }

  _destroy(error, done) {
    this.tunnel.forget(this);
    this.waiting?.done(error);
    this.waiting = null;
    done(error);
  }

  deliver() {
    while (this.wantsMore && this.arrived.length > 0) {
      const chunk = this.arrived.shift();
      this.taken += chunk ? chunk.length : 1;
      this.endTaken = chunk === null;
      this.wantsMore = this.push(chunk);
    }
    if (this.taken >= CREDIT_STEP || (this.endTaken && this.taken > 0)) {
      this.tunnel.send(frame(Frame.CREDIT, this.id, { size: this.taken }));
      this.taken = 0;
      this.tunnel.forgetIfOver(this);
    }
  }

  /** The next frame to send, or null. */
  next() {
    if (this.credit === 0) return null;
    if (this.waiting) {
      const { chunk, done } = this.waiting;
      const data = chunk.subarray(0, Math.min(this.credit, MAX_DATA));
      this.credit -= data.length;
      this.waiting = data.length < chunk.length ? { chunk: chunk.subarray(data.length), done } : null;
      if (!this.waiting) process.nextTick(done);
      return frame(Frame.DATA, this.id, { data });
    }
    if (!this.ending) return null;
    this.ending();
    this.ending = null;
    this.endSent = true;
    this.credit--;
    return frame(Frame.END, this.id);
  }
}

class Tunnel {
  stderr = '';
  #channels = new Map();
  #lastId = 0;
  #bytes = Buffer.alloc(0);
  #isGreeted = false;
  #isBlocked = false;
  #isStopping = false;

  constructor(child) {
    this.child = child;
    this.greeted = new Promise((resolve, reject) => {
      this.onGreeted = resolve;
      this.onFailed = reject;
    });
    this.greeted.catch(() => {});
    this.exited = new Promise((resolve) => {
      child.once('close', (code, signal) => {
        this.onFailed(new Error(`the tunnel ended: ${this.stderr}`));
        for (const channel of this.#channels.values())
          channel.destroy(this.#isStopping ? undefined : new Error('the tunnel ended'));
        resolve({ code, signal });
      });
    });
    child.stderr.setEncoding('utf8').on('data', (text) => { this.stderr += text; });
    child.stdout.on('data', (bytes) => this.#receive(bytes));
    child.stdin.on('error', () => {}).on('drain', () => {
      this.#isBlocked = false;
      this.flush();
    });
  }

  /** Bytes as they are, for tests of what is wrong. */
  send(bytes) {
    if (this.child.stdin.writable) this.#isBlocked = !this.child.stdin.write(bytes);
  }

  greet() {
    this.send(GREETING);
  }

  get openChannels() {
    return this.#channels.size;
  }

  open() {
    const channel = new Channel(this, ++this.#lastId);
    this.#channels.set(channel.id, channel);
    this.send(frame(Frame.OPEN, channel.id));
    return channel;
  }

  /** One frame of each channel in turn, for as long as the pipe takes them. */
  flush() {
    for (let sent = true; sent && !this.#isBlocked;) {
      sent = false;
      for (const channel of this.#channels.values()) {
        const bytes = this.#isBlocked ? null : channel.next();
        if (bytes) this.send(bytes);
        sent ||= bytes !== null;
      }
    }
  }

  forgetIfOver(channel) {
    if (channel.endSent && channel.credit === WINDOW && channel.endTaken && channel.taken === 0)
      this.#channels.delete(channel.id);
  }

  forget(channel) {
    if (channel.endSent && channel.endTaken) return;
    if (this.#channels.delete(channel.id)) this.send(frame(Frame.RESET, channel.id));
  }

  async stop(deadlineMs = 5000) {
    this.#isStopping = true;
    this.child.stdin.end();
    try {
      return await within(this.exited, deadlineMs, 'helix-agent tunnel to leave');
    } finally {
      this.child.kill('SIGKILL');
    }
  }

  #receive(bytes) {
    this.#bytes = this.#bytes.length ? Buffer.concat([this.#bytes, bytes]) : bytes;
    if (!this.#isGreeted) {
      if (this.#bytes.length < GREETING.length) return;
      if (!this.#bytes.subarray(0, GREETING.length).equals(GREETING))
        throw new Error(`no greeting: ${this.#bytes.subarray(0, 60)}`);
      this.#bytes = this.#bytes.subarray(GREETING.length);
      this.#isGreeted = true;
      this.onGreeted();
    }
    for (let used = this.#frame(); used > 0; used = this.#frame())
      this.#bytes = this.#bytes.subarray(used);
  }

  #frame() {
    const bytes = this.#bytes;
    if (bytes.length < HEADER_SIZE) return 0;
    const [type, id, size] = [0, 4, 8].map((at) => bytes.readUInt32LE(at));
    const end = HEADER_SIZE + (type === Frame.DATA ? size : 0);
    if (type < Frame.DATA || type > Frame.CREDIT || id === 0 || id > this.#lastId || end > HEADER_SIZE + MAX_DATA)
      throw new Error(`no frame: ${bytes.subarray(0, HEADER_SIZE).toString('hex')}`);
    if (bytes.length < end) return 0;
    const channel = this.#channels.get(id);
    if (channel) this.#take(channel, type, size, bytes.subarray(HEADER_SIZE, end));
    return end;
  }

  #take(channel, type, size, data) {
    if (type === Frame.RESET) {
      this.#channels.delete(channel.id);
      channel.destroy(Object.assign(new Error('reset'), { code: 'ECONNRESET' }));
    } else if (type === Frame.CREDIT) {
      channel.credit += size;
      if (channel.credit > WINDOW) throw new Error('credit for what was not sent');
      this.forgetIfOver(channel);
      this.flush();
    } else {
      const held = channel.arrived.reduce((sum, chunk) => sum + (chunk?.length ?? 1), 0);
      if (held + channel.taken + (type === Frame.END ? 1 : size) > WINDOW)
        throw new Error('more than the window');
      channel.arrived.push(type === Frame.END ? null : Buffer.from(data));
      channel.deliver();
    }
  }
}

/** Start `helix-agent tunnel --port PORT` and greet it.
 *
 * greets    false: send() will say something else
 * shell     a command line around it, in which "$@" is the program: 'cat | "$@" | cat' */
export function startTunnel(port, { greets = true, shell = 'exec "$@"' } = {}) {
  const program = process.env.HELIX_AGENT ?? join(BUILD, 'helix-agent');
  const child = spawn('sh', ['-c', shell, 'sh', program, 'tunnel', '--port', String(port)],
    { stdio: ['pipe', 'pipe', 'pipe'] });
  const tunnel = new Tunnel(child);
  if (greets) tunnel.greet();
  return tunnel;
}

/** A server on 127.0.0.1 for one test, whose connections are handled by `serve`: {port, sockets}. */
export async function listen(t, serve) {
  const sockets = new Set();
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => {}).on('close', () => sockets.delete(socket));
    serve(socket);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { port: server.address().port, sockets };
}

/** To serve with: everything comes back. */
export const echo = (socket) => socket.pipe(socket);

/** Write `total` bytes, and the end. */
export async function pour(stream, total) {
  const block = Buffer.alloc(65536, 'pattern of a prime length: ');
  for (let sent = 0; sent < total; sent += block.length)
    if (!stream.write(block)) await once(stream, 'drain');
  stream.end();
}

/** How many bytes came to the end. */
export async function count(stream) {
  let total = 0;
  stream.on('data', (chunk) => { total += chunk.length; });
  await once(stream, 'end');
  return total;
}
