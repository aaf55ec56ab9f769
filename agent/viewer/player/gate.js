/* Decides which access units a decoder may see, and when to ask for a key frame. Everything after
 * a loss is dropped until a key frame comes: a decoder would turn it into rubbish, silently. */

const ASK_INTERVAL_MS = 1000;

export class Gate {
  #now;
  #ask;
  #next = null;
  #wanted = null;
  #askedMs = -Infinity;
  #paused = false;

  asked = 0;
  dropped = 0;

  /* ask(reason) sends KEYFRAME. The reasons are the wire's. */
  constructor({ now, ask, reasons }) {
    this.#now = now;
    this.#ask = ask;
    this.reasons = reasons;
  }

  /* A new connection: its frames count from 0, and the first is a key. */
  restart() {
    this.#next = null;
    this.#wanted = null;
    this.#askedMs = -Infinity;
    this.#paused = false;
  }

  /* Whether the decoder may have this unit. */
  admit(frame, isKey) {
    const gap = this.#next !== null && frame !== this.#next;
    const first = this.#next === null;
    this.#next = (frame + 1) >>> 0;

    if (isKey) {
      this.#wanted = null;
      return true;
    }
    if (gap || first)
      this.want(first ? this.reasons.JOIN : this.reasons.GAP);
    if (this.#wanted === null)
      return true;
    this.dropped++;
    this.tick();
    return false;
  }

  /* Nothing can be decoded before the next key frame; ask for one, at most once a second. */
  want(reason) {
    this.#wanted ??= reason;
    this.tick();
  }

  /* Whether want() would be heard at once. */
  get mayAsk() {
    return this.#now() - this.#askedMs >= ASK_INTERVAL_MS;
  }

  get isWaiting() {
    return this.#wanted !== null;
  }

  /* While nobody looks, nothing is asked. */
  set paused(paused) {
    this.#paused = paused;
    this.tick();
  }

  /* Call now and then: repeats a request that was not answered. */
  tick() {
    if (this.#wanted === null || this.#paused || !this.mayAsk)
      return;
    this.#askedMs = this.#now();
    this.asked++;
    this.#ask(this.#wanted);
  }
}
