/* Orders what goes to the agent. Motion is the only thing that may be merged: a mouse reports up to
 * 8000 times a second, and a position that waits in a socket's buffer is already wrong. Everything
 * else leaves at once, after the motion that came before it. */

const SPACING_MS = 2;
const BUSY_SPACING_MS = 4;

export class Outbox {
  #write;
  #backlog;
  #now;
  #delay;
  #pending = null;
  #armed = false;
  #lastMs = -Infinity;

  /* write(kind, message) sends; backlog() is the bytes that wait in the socket; delay(fn, ms) is
   * setTimeout. */
  constructor({ write, backlog, now, delay }) {
    this.#write = write;
    this.#backlog = backlog;
    this.#now = now;
    this.#delay = delay;
  }

  send(kind, message) {
    if (kind !== 'pointer' && kind !== 'pointerRelative') {
      this.flush();
      this.#write(kind, message);
      return;
    }
    this.#merge(kind, message);
    const spacingMs = this.#backlog() > 0 ? BUSY_SPACING_MS : SPACING_MS;
    const waitMs = this.#lastMs + spacingMs - this.#now();
    if (waitMs <= 0) {
      this.flush();
    } else if (!this.#armed) {
      this.#armed = true;
      this.#delay(() => {
        this.#armed = false;
        this.flush();
      }, waitMs);
    }
  }

  /* Send the motion that waits. */
  flush() {
    const pending = this.#pending;
    if (!pending)
      return;
    this.#pending = null;
    this.#lastMs = this.#now();
    this.#write(pending.kind, pending.message);
  }

  /* The connection is gone, and what waited with it. */
  clear() {
    this.#pending = null;
  }

  #merge(kind, message) {
    if (this.#pending && this.#pending.kind !== kind)
      this.flush();
    if (this.#pending && kind === 'pointerRelative') {
      this.#pending.message.dx += message.dx;
      this.#pending.message.dy += message.dy;
    } else {
      this.#pending = { kind, message: { ...message } };
    }
  }
}
