/* Rec. ITU-T H.273 code points, as STREAM carries them, in the words of WebCodecs. A code point
 * that WebCodecs has no word for is left to the bitstream. */

const PRIMARIES = { 1: 'bt709', 5: 'bt470bg', 6: 'smpte170m', 9: 'bt2020', 12: 'smpte432' };
const TRANSFER = {
  1: 'bt709', 6: 'smpte170m', 8: 'linear', 13: 'iec61966-2-1', 16: 'pq', 18: 'hlg',
};
const MATRIX = { 0: 'rgb', 1: 'bt709', 5: 'bt470bg', 6: 'smpte170m', 9: 'bt2020-ncl' };

/* A VideoColorSpaceInit, or undefined when STREAM leaves it open. */
export function colourSpace({ primaries, transfer, matrix, fullRange }) {
  if (!PRIMARIES[primaries] || !TRANSFER[transfer] || !MATRIX[matrix])
    return undefined;
  return {
    primaries: PRIMARIES[primaries],
    transfer: TRANSFER[transfer],
    matrix: MATRIX[matrix],
    fullRange: Boolean(fullRange),
  };
}
