/* Decodes H.264 with ffmpeg, a decoder that is not ours, into pictures as picture.mjs reads them.
 *
 * A run of units is what belongs to one STREAM: all of one size, beginning with a key frame.
 * Strict, the default, makes any complaint of ffmpeg an error: a damaged or missing unit, a
 * reference that is not there. */
import { spawn } from 'node:child_process';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { readCounter } from './picture.mjs';

const CHANNELS = 3;

function start(args) {
  const ffmpeg = spawn(process.env.FFMPEG ?? 'ffmpeg', ['-v', 'error', '-nostdin', ...args]);
  let complaints = '';
  ffmpeg.stderr.setEncoding('utf8').on('data', (text) => {
    complaints += text;
  });
  const closed = new Promise((resolve, reject) => {
    ffmpeg.on('error', reject);
    ffmpeg.on('close', (code, signal) => resolve({ code, signal, complaints }));
  });
  closed.catch(() => {});
  return { ffmpeg, closed };
}

/* ffmpeg may end before it has read all; its exit code tells why. */
const feed = (stream, chunks) => pipeline(Readable.from(chunks), stream).catch(() => {});

/** Cut the output into pictures and hand them to `onPicture`; resolves to how many there were. */
async function collect(stream, { width, height }, onPicture) {
  const size = width * height * CHANNELS;
  let picture = Buffer.allocUnsafe(size);
  let filled = 0;
  let count = 0;
  for await (const chunk of stream)
    for (let at = 0; at < chunk.length;) {
      const copied = chunk.copy(picture, filled, at);
      at += copied;
      filled += copied;
      if (filled < size) continue;
      onPicture({ width, height, channels: CHANNELS, data: picture }, count++);
      picture = Buffer.allocUnsafe(size);
      filled = 0;
    }
  if (filled > 0) throw new Error(`ffmpeg wrote a part of a picture; is it ${width}x${height}?`);
  return count;
}

/** Decode a run: `units` are Buffers, or objects with one in `unit`; `width` and `height` as STREAM
 * says. `onPicture(picture, index)` gets each picture, in order. Resolves to {count, complaints};
 * rejects when strict and ffmpeg complained. */
export async function decode(units, { width, height, strict = true, onPicture = () => {} }) {
  const { ffmpeg, closed } = start([
    ...(strict ? ['-xerror', '-err_detect', 'explode'] : []),
    '-threads', '1', '-f', 'h264', '-i', 'pipe:0',
    '-fps_mode', 'passthrough', '-sws_flags', 'accurate_rnd+full_chroma_int+bicubic',
    '-f', 'rawvideo', '-pix_fmt', 'rgb24', 'pipe:1',
  ]);
  const [count] = await Promise.all([
    collect(ffmpeg.stdout, { width, height }, onPicture),
    feed(ffmpeg.stdin, units.map((unit) => unit.unit ?? unit)),
    closed,
  ]);
  const { code, signal, complaints } = await closed;
  if (strict && (code !== 0 || complaints))
    throw new Error(`ffmpeg: ${complaints.trim() || `exit ${code ?? signal}`}`);
  return { count, complaints };
}

/** The last picture of a run; null when there is none. */
export async function decodeLast(units, options) {
  let last = null;
  await decode(units, {
    ...options,
    onPicture: (picture) => {
      last = picture;
    },
  });
  return last;
}

/** The counter of each picture of a run, null where it shows none. */
export async function decodeCounters(units, options) {
  const counters = [];
  await decode(units, { ...options, onPicture: (picture) => counters.push(readCounter(picture)) });
  return counters;
}

/** Write a picture to a .png, for people. */
export async function savePicture({ width, height, channels, data }, path) {
  const { ffmpeg, closed } = start([
    '-f', 'rawvideo', '-pix_fmt', channels === 4 ? 'rgba' : 'rgb24', '-s', `${width}x${height}`,
    '-i', 'pipe:0', '-frames:v', '1', '-y', path,
  ]);
  await feed(ffmpeg.stdin, [data]);
  const { code, complaints } = await closed;
  if (code !== 0) throw new Error(`ffmpeg: ${complaints.trim()}`);
}
