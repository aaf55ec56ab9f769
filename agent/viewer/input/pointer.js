/* Mouse, pen and finger: where they point, what they press, how they scroll. */
import { POINTER_UNIT, ScrollFlag } from '../protocol.js';
import { ScrollAccumulator } from './scroll.js';

/* The bits of PointerEvent.buttons, as BTN_ codes of linux/input-event-codes.h. */
const BUTTONS = [
  [1, 0x110], /* left */
  [2, 0x111], /* right */
  [4, 0x112], /* middle */
  [8, 0x113], /* back is BTN_SIDE on a real mouse */
  [16, 0x114], /* forward is BTN_EXTRA */
];
/* Without motion for this long, the fingers have left the touchpad. */
const FINGERS_LEFT_MS = 120;

export class Pointer {
  #stage;
  #events;
  #pressed = 0;
  /* Held when everything was released: not a new press when they are seen again. */
  #muted = 0;
  #last = null;
  #scroll = new ScrollAccumulator();
  #fingers = 0;

  /* events: send(kind, message), isActive(), locate(x, y), scale(), touched(event). */
  constructor(stage, events) {
    this.#stage = stage;
    this.#events = events;
    const on = (type, handler, options) => stage.addEventListener(type, (event) => {
      if (events.isActive())
        handler(event);
    }, options);
    /* The raw event comes at once, the other only with the next picture of the display. */
    const raw = 'onpointerrawupdate' in stage;
    on('pointerdown', (event) => this.#down(event));
    on(raw ? 'pointerrawupdate' : 'pointermove', (event) => this.#move(event));
    if (raw)
      on('pointermove', (event) => this.#moved(event));
    on('pointerup', (event) => this.#move(event));
    on('pointercancel', (event) => this.#press(event, 0));
    on('wheel', (event) => this.#wheel(event), { passive: false });
    for (const type of ['mousedown', 'mouseup', 'auxclick', 'contextmenu', 'dragstart'])
      on(type, (event) => event.preventDefault());
  }

  /* Ask for relative motion. Rejects when the browser will not. */
  async lock() {
    try {
      await this.#stage.requestPointerLock({ unadjustedMovement: true });
    } catch (error) {
      if (error.name !== 'NotSupportedError')
        throw error;
      await this.#stage.requestPointerLock();
    }
  }

  get isLocked() {
    return document.pointerLockElement === this.#stage;
  }

  /* Nothing is pressed any more, and the next position is new. */
  forget() {
    this.#muted |= this.#pressed;
    this.#pressed = 0;
    this.#last = null;
    clearTimeout(this.#fingers);
    this.#fingers = 0;
  }

  #down(event) {
    this.#events.touched(event);
    if (!event.isPrimary)
      return;
    if (!this.isLocked)
      this.#stage.setPointerCapture(event.pointerId);
    this.#move(event);
  }

  #move(event) {
    if (!event.isPrimary)
      return;
    if (this.isLocked)
      this.#relative(event);
    else
      this.#absolute(event);
    this.#press(event, event.buttons);
  }

  /* Behind raw updates there is nothing new, but a button may have changed without motion. */
  #moved(event) {
    if (event.isPrimary)
      this.#press(event, event.buttons);
  }

  #absolute(event) {
    const at = this.#events.locate(event.clientX, event.clientY);
    const last = this.#last;
    if (!at || (last?.x === at.x && last.y === at.y && last.config === at.config))
      return;
    this.#last = at;
    this.#events.send('pointer', at);
  }

  #relative(event) {
    const unit = POINTER_UNIT / this.#events.scale();
    const dx = Math.round(event.movementX * unit);
    const dy = Math.round(event.movementY * unit);
    this.#last = null;
    if (dx || dy)
      this.#events.send('pointerRelative', { dx, dy });
  }

  #press(event, held) {
    this.#muted &= held;
    const buttons = held & ~this.#muted;
    const changed = buttons ^ this.#pressed;
    this.#pressed = buttons;
    for (const [bit, code] of BUTTONS)
      if (changed & bit)
        this.#events.send('button', { code, down: (buttons & bit) !== 0 });
  }

  #wheel(event) {
    event.preventDefault();
    const motion = this.#scroll.add(event);
    if (!motion)
      return;
    const { dx, dy, finger } = motion;
    this.#events.send('scroll', { flags: finger ? ScrollFlag.FINGER : 0, dx, dy });
    if (!finger)
      return;
    clearTimeout(this.#fingers);
    this.#fingers = setTimeout(() => {
      this.#events.send('scroll', {
        flags: ScrollFlag.FINGER | ScrollFlag.STOP, dx: 0, dy: 0,
      });
    }, FINGERS_LEFT_MS);
  }
}
