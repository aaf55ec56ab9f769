/* The little of H.264 that a muxer must know: where NAL units begin, and which are which. */

export const NalType = { SLICE: 1, IDR: 5, SEI: 6, SPS: 7, PPS: 8, AUD: 9 };

export const nalType = (nal) => nal[0] & 31;

/* The NAL units of an Annex B access unit, as views without their start codes. */
export function* nalUnits(bytes) {
  const size = bytes.length;
  let begin = -1;
  let at = 0;
  while (at + 2 < size) {
    if (bytes[at + 2] > 1) {
      at += 3;
    } else if (bytes[at] === 0 && bytes[at + 1] === 0 && bytes[at + 2] === 1) {
      if (begin >= 0)
        yield trim(bytes, begin, at);
      begin = at + 3;
      at = begin;
    } else {
      at++;
    }
  }
  if (begin >= 0)
    yield trim(bytes, begin, size);
}

/* A NAL unit never ends in a zero byte: those belong to the start code behind it. */
function trim(bytes, begin, end) {
  while (end > begin && bytes[end - 1] === 0)
    end--;
  return bytes.subarray(begin, end);
}

/* {sps, pps} of a key frame, or null. */
export function parameterSets(bytes) {
  let sps = null;
  let pps = null;
  for (const nal of nalUnits(bytes)) {
    if (nalType(nal) === NalType.SPS)
      sps ??= nal;
    else if (nalType(nal) === NalType.PPS)
      pps ??= nal;
    if (sps && pps)
      return { sps, pps };
  }
  return null;
}

/* The access unit as MP4 wants it: 32-bit lengths for start codes. Parameter sets live in avcC. */
export function toAvcc(bytes) {
  const kept = [];
  let size = 0;
  for (const nal of nalUnits(bytes)) {
    const type = nalType(nal);
    if (nal.length === 0 || (type >= NalType.SEI && type <= NalType.AUD))
      continue;
    kept.push(nal);
    size += 4 + nal.length;
  }
  const out = new Uint8Array(size);
  const view = new DataView(out.buffer);
  let at = 0;
  for (const nal of kept) {
    view.setUint32(at, nal.length);
    out.set(nal, at + 4);
    at += 4 + nal.length;
  }
  return out;
}

/* RFC 6381 name of the stream that begins with this SPS. */
export function codecString(sps) {
  const hex = (byte) => byte.toString(16).padStart(2, '0').toUpperCase();
  return `avc1.${hex(sps[1])}${hex(sps[2])}${hex(sps[3])}`;
}
