/* Wheel events become 120ths of a notch, as REL_WHEEL_HI_RES counts them. What is less than one
 * 120th waits for the next event. Pure. */

const NOTCH = 120;
const LINES_PER_NOTCH = 3;
const PIXELS_PER_NOTCH = 120;

/* The event's motion in 120ths of a notch, not rounded.
 *
 * Chromium and Safari say it themselves: wheelDelta is the wheel's own count, upside down, while
 * deltaY went through the system's scroll settings. Elsewhere it is worked out from the unit. */
export function notches120(event) {
  if (event.deltaMode === 1)
    return scaled(event, NOTCH / LINES_PER_NOTCH);
  if (event.deltaMode === 2)
    return scaled(event, NOTCH);
  const { wheelDeltaX, wheelDeltaY } = event;
  if (wheelDeltaX || wheelDeltaY)
    return { dx: -wheelDeltaX, dy: -wheelDeltaY };
  return scaled(event, NOTCH / PIXELS_PER_NOTCH);
}

const scaled = (event, factor) => ({ dx: event.deltaX * factor, dy: event.deltaY * factor });

/* A wheel moves by whole notches; a touchpad by whatever the fingers did. */
export function isFinger(event) {
  if (event.deltaMode !== 0)
    return false;
  const { dx, dy } = notches120(event);
  return dx % NOTCH !== 0 || dy % NOTCH !== 0;
}

export class ScrollAccumulator {
  #x = 0;
  #y = 0;

  /* {dx, dy, finger} to send, or null while it adds up to nothing. */
  add(event) {
    const { dx, dy } = notches120(event);
    this.#x = keepDirection(this.#x, dx) + dx;
    this.#y = keepDirection(this.#y, dy) + dy;
    const out = { dx: Math.trunc(this.#x), dy: Math.trunc(this.#y), finger: isFinger(event) };
    this.#x -= out.dx;
    this.#y -= out.dy;
    return out.dx || out.dy ? out : null;
  }
}

/* A rest from the other direction would eat the first bit of the way back. */
const keepDirection = (rest, delta) => (rest * delta < 0 ? 0 : rest);
