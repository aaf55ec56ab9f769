/* The server from which Helix.exe downloads its system: manifest.json and an image, on this machine,
 * and all that can go wrong with that.
 *
 *   const server = await imageServer();    with the small image of makeImage()
 *   await imageServer({ image, manifest: readFileSync('manifest.json') });    with another one
 *   server.manifestUrl;                    for --manifest
 *   server.cutAfter(1000000);              the next answer breaks off there, once
 *   server.requests                        [{path, first, bytes}]: where a Range began, and what went
 *   server.manifest.sha256 = '0'.repeat(64);
 *   await server.stop();
 *
 * server.answer = how the image is sent: 'well', 'short' (the connection ends after half of it, each
 * time), 'endless' (of no told length, and never ends), 'wrong' (other bytes), 'missing' (404),
 * 'refuses' (503), 'slow' (32 KiB each 20 ms). */
import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const FILLING_BYTES = 3 << 20;
const SLOW_BYTES = 32768;
const SLOW_PAUSE_MS = 20;

let image; /* the same for all servers of a test program */

/** A tar.gz of a Linux system, as far as the stub of wsl.exe looks: 3 MB. */
export function makeImage() {
  if (image) return image;
  const directory = mkdtempSync(join(tmpdir(), 'helix-image-'));
  try {
    for (const name of ['etc', 'home', 'usr']) mkdirSync(join(directory, name));
    writeFileSync(join(directory, 'etc', 'os-release'), 'ID=helix\n');
    writeFileSync(join(directory, 'usr', 'filling'), randomBytes(FILLING_BYTES));
    image = execFileSync('tar', ['-C', directory, '--numeric-owner', '-czf', '-', 'etc', 'home', 'usr'],
      { maxBuffer: 2 * FILLING_BYTES });
  } finally {
    rmSync(directory, { recursive: true });
  }
  return image;
}

/** What manifest.json says of an image. */
export function describeImage(bytes, more = {}) {
  return { name: 'Helix', version: '0.1.0', size: bytes.length, unpacked_size: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('hex'), url: 'helix.tar.gz',
    minimum_wsl: '2.0.0', ...more };
}

/** Write an image and its manifest.json into a folder, as people carry them: the image's path. */
export function writeImage(directory, more = {}) {
  mkdirSync(directory, { recursive: true });
  const bytes = makeImage();
  writeFileSync(join(directory, 'helix.tar.gz'), bytes);
  writeFileSync(join(directory, 'manifest.json'), JSON.stringify(describeImage(bytes, more)));
  return join(directory, 'helix.tar.gz');
}

class ImageServer {
  requests = [];
  answer = 'well';
  #cutAt = null;
  #path;
  #server = createServer((request, response) => this.#handle(request, response));

  /** `manifest`: an object, or the bytes of a manifest.json, which go out as they are. Its url is a
   * file name, and where the image is. */
  constructor({ image = makeImage(), manifest = describeImage(image) }) {
    this.image = image;
    this.manifest = manifest;
    this.#path = `/${Buffer.isBuffer(manifest) ? JSON.parse(manifest).url : manifest.url}`;
  }

  async start() {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    this.origin = `http://127.0.0.1:${this.#server.address().port}`;
    this.manifestUrl = `${this.origin}/manifest.json`;
  }

  /** The next answer with the image breaks off after so many bytes, though more was promised. */
  cutAfter(bytes) {
    this.#cutAt = bytes;
  }

  /** Requests of the image alone. */
  downloads() {
    return this.requests.filter(({ path }) => path === this.#path);
  }

  async stop() {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }

  #handle(request, response) {
    const first = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    const noted = { path: request.url, first, bytes: 0 };
    this.requests.push(noted);
    response.on('error', () => {});
    const { manifest } = this;
    if (request.url === '/manifest.json')
      response.end(Buffer.isBuffer(manifest) ? manifest : JSON.stringify(manifest));
    else if (request.url !== this.#path || this.answer === 'missing')
      response.writeHead(404).end();
    else if (this.answer === 'refuses') response.writeHead(503).end();
    else if (this.answer === 'endless') this.#sendForEver(response, noted);
    else if (first >= this.image.length && first > 0)
      response.writeHead(416, { 'content-range': `bytes */${this.image.length}` }).end();
    else this.#sendImage(response, noted).catch(() => {});
  }

  async #sendImage(response, noted) {
    const { first } = noted;
    const { length } = this.image;
    const bytes = this.answer === 'wrong' ? Buffer.alloc(length, 1) : this.image;
    response.writeHead(first > 0 ? 206 : 200, { 'content-length': length - first,
      ...(first > 0 ? { 'content-range': `bytes ${first}-${length - 1}/${length}` } : {}) });
    let end = length;
    if (this.#cutAt !== null) end = first + this.#cutAt;
    else if (this.answer === 'short') end = length >> 1;
    this.#cutAt = null;
    const isSlow = this.answer === 'slow';
    for (let at = first; at < end && !response.destroyed;) {
      const next = Math.min(end, at + SLOW_BYTES);
      if (!response.write(bytes.subarray(at, next))) await once(response, 'drain');
      noted.bytes += next - at;
      at = next;
      if (isSlow) await delay(SLOW_PAUSE_MS);
    }
    if (end < length) response.socket?.end();
    else response.end();
  }

  #sendForEver(response, noted) {
    response.writeHead(200);
    const more = () => {
      while (!response.destroyed && response.write(this.image)) noted.bytes += this.image.length;
    };
    response.on('drain', more);
    more();
  }
}

export async function imageServer(options = {}) {
  const server = new ImageServer(options);
  await server.start();
  return server;
}
