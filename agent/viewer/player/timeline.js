/* Times for a MediaSource that must show each frame as soon as it comes. Pure; microseconds.
 *
 * A frame's time is when it arrived, never a count of frames: a count starts late and stays late.
 * The playback rate steers the distance between the newest frame and what is shown to a small
 * target; seeking would decode everything since the last key frame again. */

export const TARGET_US = 15_000;
/* Longer than any gap between frames: a gap of twice the last duration would make the browser throw
 * away everything up to the next key frame. */
export const DURATION_US = 1_000_000;
/* Beyond this, only a jump to a key frame helps. */
export const HOPELESS_LAG_US = 1_000_000;

const CATCH_UP_LAG_US = 300_000;
const DEAD_ZONE_US = 4_000;
const GAIN_PER_US = 3e-6;
const SLOWEST = 0.9;
const FASTEST = 1.25;
const CATCH_UP_RATE = 2;

export class Timeline {
  #originUs = null;
  #lastUs = -1;

  /* The time of the newest frame, or -1. */
  get newestUs() {
    return this.#lastUs;
  }

  /* The time for a frame that arrived now, while `shownUs` is where playback stands. */
  stamp(nowUs, shownUs) {
    const arrivedUs = Math.round(nowUs - (this.#originUs ?? nowUs));
    let timeUs = Math.max(arrivedUs, this.#lastUs + 1);
    const isLate = this.#lastUs >= 0 && timeUs - this.#lastUs >= DURATION_US;
    if (this.#originUs === null || isLate) {
      timeUs = Math.max(Math.round(shownUs + TARGET_US), this.#lastUs + 1);
      timeUs = this.#lastUs < 0 ? 0 : Math.min(timeUs, this.#lastUs + DURATION_US);
      this.#originUs = nowUs - timeUs;
    }
    this.#lastUs = timeUs;
    return timeUs;
  }

  /* Playback was held at `shownUs` while nothing came; the next frame continues from there. */
  resumeAt(nowUs, shownUs) {
    this.#originUs = nowUs - Math.max(shownUs + TARGET_US, this.#lastUs + 1);
  }

  lagUs(shownUs) {
    return this.#lastUs - shownUs;
  }

  /* The playback rate that brings the lag to its target. */
  rate(shownUs) {
    const lagUs = this.lagUs(shownUs);
    const errorUs = lagUs - TARGET_US;
    if (lagUs > CATCH_UP_LAG_US)
      return CATCH_UP_RATE;
    if (Math.abs(errorUs) < DEAD_ZONE_US)
      return 1;
    return Math.min(Math.max(1 + errorUs * GAIN_PER_US, SLOWEST), FASTEST);
  }
}
