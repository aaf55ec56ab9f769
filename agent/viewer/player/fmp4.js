/* Fragmented MP4 with one H.264 track, one access unit to a fragment. Times are microseconds.
 *
 * mvhd.duration is 0 and there is no mehd: that is what makes Chromium treat the stream as live and
 * decode and show every frame at once. */

export const TIMESCALE = 1_000_000;

const PROFILES_WITH_CHROMA = [100, 110, 122, 244];
const SAMPLE_IS_KEY = 0x02000000;
const SAMPLE_IS_DELTA = 0x01010000;

function concat(parts) {
  let size = 0;
  for (const part of parts)
    size += part.length;
  const out = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

const u8 = (...values) => Uint8Array.from(values);
const text = (string) => Uint8Array.from(string, (c) => c.charCodeAt(0));

function u16(...values) {
  const view = new DataView(new ArrayBuffer(2 * values.length));
  values.forEach((value, i) => view.setUint16(2 * i, value));
  return new Uint8Array(view.buffer);
}

function u32(...values) {
  const view = new DataView(new ArrayBuffer(4 * values.length));
  values.forEach((value, i) => view.setUint32(4 * i, value));
  return new Uint8Array(view.buffer);
}

function box(type, ...parts) {
  const body = concat(parts);
  return concat([u32(body.length + 8), text(type), body]);
}

const fullBox = (type, version, flags, ...parts) =>
  box(type, u32(((version << 24) | flags) >>> 0), ...parts);

const MATRIX = u32(0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000);

/* The decoder configuration record: parameter sets, out of band. */
export function avcConfiguration(sps, pps) {
  const chroma = PROFILES_WITH_CHROMA.includes(sps[1]) ?
    u8(0xfc | (sps[1] === 244 ? 3 : 1), 0xf8, 0xf8, 0) : u8();
  return concat([
    u8(1, sps[1], sps[2], sps[3], 0xff, 0xe1), u16(sps.length), sps,
    u8(1), u16(pps.length), pps, chroma,
  ]);
}

function sampleEntry({ sps, pps, widthPx, heightPx, colour }) {
  const nclx = colour ? [box('colr', text('nclx'),
    u16(colour.primaries, colour.transfer, colour.matrix),
    u8(colour.fullRange ? 0x80 : 0))] : [];
  return box('avc1',
    u32(0), u16(0, 1, 0, 0), u32(0, 0, 0), u16(widthPx, heightPx),
    u32(0x480000, 0x480000, 0), u16(1), new Uint8Array(32), u16(24, 0xffff),
    box('avcC', avcConfiguration(sps, pps)), ...nclx);
}

/* ftyp and moov. `colour` holds H.273 code points, or is left out. */
export function initSegment(track) {
  const tables = box('stbl',
    fullBox('stsd', 0, 0, u32(1), sampleEntry(track)),
    fullBox('stts', 0, 0, u32(0)),
    fullBox('stsc', 0, 0, u32(0)),
    fullBox('stsz', 0, 0, u32(0, 0)),
    fullBox('stco', 0, 0, u32(0)));
  const media = box('mdia',
    fullBox('mdhd', 0, 0, u32(0, 0, TIMESCALE, 0), u16(0x55c4, 0)),
    fullBox('hdlr', 0, 0, u32(0), text('vide'), u32(0, 0, 0), text('v\0')),
    box('minf',
      fullBox('vmhd', 0, 1, u16(0, 0, 0, 0)),
      box('dinf', fullBox('dref', 0, 0, u32(1), fullBox('url ', 0, 1))),
      tables));
  const header = fullBox('tkhd', 0, 3, u32(0, 0, 1, 0, 0, 0, 0), u16(0, 0, 0, 0), MATRIX,
    u32(track.widthPx * 65536, track.heightPx * 65536));
  return concat([
    box('ftyp', text('iso5'), u32(512), text('iso5iso6avc1mp41')),
    box('moov',
      fullBox('mvhd', 0, 0, u32(0, 0, TIMESCALE, 0, 0x10000), u16(0x100, 0),
        u32(0, 0), MATRIX, u32(0, 0, 0, 0, 0, 0, 2)),
      box('trak', header, media),
      box('mvex', fullBox('trex', 0, 0, u32(1, 1, 0, 0, 0)))),
  ]);
}

/* moof and mdat around one access unit (AVCC). */
export function fragment({ sequence, timeUs, durationUs, isKey, unit }) {
  const header = fullBox('tfhd', 0, 0x20000 | 0x8 | 0x20,
    u32(1, durationUs, isKey ? SAMPLE_IS_KEY : SAMPLE_IS_DELTA));
  const time = fullBox('tfdt', 1, 0, u32(Math.floor(timeUs / 2 ** 32), timeUs % 2 ** 32));
  const moof = (dataOffset) => box('moof',
    fullBox('mfhd', 0, 0, u32(sequence)),
    box('traf', header, time,
      fullBox('trun', 0, 0x1 | 0x200, u32(1, dataOffset, unit.length))));
  const offset = moof(0).length + 8;
  return concat([moof(offset), u32(unit.length + 8), text('mdat'), unit]);
}
