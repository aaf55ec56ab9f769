/* Text in pieces that the protocol has room for. Pure. */

export const MAX_TEXT_BYTES = 1024;

/* Cut text between characters so that no piece has more than `limit` bytes of UTF-8. */
export function pieces(text, limit) {
  const encoder = new TextEncoder();
  const out = [];
  let piece = '';
  let size = 0;
  for (const character of text) {
    const bytes = encoder.encode(character).length;
    if (character === '\0' || /\p{Surrogate}/u.test(character))
      continue;
    if (size + bytes > limit) {
      out.push(piece);
      piece = '';
      size = 0;
    }
    piece += character;
    size += bytes;
  }
  if (piece)
    out.push(piece);
  return out;
}
