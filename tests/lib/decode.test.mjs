import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { decode, decodeCounters, decodeLast } from './decode.mjs';
import { PATCHES, wrongPatches } from './picture.mjs';

const size = { width: 640, height: 128 };

/* Pictures of the test client's head with these counters, as one H.264 stream for each run. */
function encode(counters) {
  const raw = Buffer.concat(counters.map((counter) => {
    const data = Buffer.alloc(size.width * size.height * 3, 64);
    const fill = (left, top, side, colour) => {
      for (let y = top; y < top + side; y++)
        for (let x = left; x < left + side; x++) data.set(colour, (y * size.width + x) * 3);
    };
    for (let i = 0; i < 18; i++)
      fill(i * 32, 0, 32, (i < 16 ? counter >> i & 1 : i === 16) ? PATCHES.white : PATCHES.black);
    Object.values(PATCHES).forEach((colour, i) => fill(i * 72, 48, 64, colour));
    return data;
  }));
  return execFileSync('ffmpeg', ['-v', 'error', '-f', 'rawvideo', '-pix_fmt', 'rgb24',
    '-s', `${size.width}x${size.height}`, '-r', '30', '-i', 'pipe:0',
    '-vf', 'scale=out_color_matrix=bt709:out_range=tv', '-colorspace', 'bt709',
    '-color_primaries', 'bt709', '-color_trc', 'bt709', '-pix_fmt', 'yuv420p',
    '-c:v', 'libx264', '-tune', 'zerolatency', '-x264-params', 'slices=1:annexb=1',
    '-f', 'h264', 'pipe:1'], { input: raw, maxBuffer: 1 << 26 });
}

test('the counters of a stream come back in order', async () => {
  const counters = [0, 1, 255, 43690, 65535];

  assert.deepEqual(await decodeCounters([encode(counters)], size), counters);
});

test('colours survive BT.709 and 4:2:0', async () => {
  const picture = await decodeLast([{ unit: encode([1, 2]) }], size);

  assert.deepEqual(wrongPatches(picture), []);
});

test('strict decoding refuses a damaged unit, and the other kind does not', async () => {
  const stream = encode([1, 2, 4, 8, 16, 32]);
  const damaged = Buffer.from(stream);
  damaged.fill(0xff, damaged.length - 60, damaged.length - 20);

  await assert.rejects(decode([damaged], size), /ffmpeg/);
  await decode([damaged], { ...size, strict: false });
});

test('a wrong size is noticed', async () => {
  await assert.rejects(decode([encode([1])], { ...size, height: 96 }), /part of a picture/);
});
