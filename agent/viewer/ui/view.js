/* The stage: where the picture lies, and how large a desktop would fill it. */
import { POINTER_UNIT, SCALE_ONE, MIN_SCALE, MAX_SCALE, MAX_DIMENSION } from '../protocol.js';
import { fit, toPicture } from '../input/mapping.js';

/* Rounded down: a desktop larger than the stage by a fraction would have to be shrunk. */
const clamp = (value, low, high) => Math.min(Math.max(Math.floor(value + 1e-3), low), high);

export class View {
  #stage;
  #element = null;
  #picture = null;
  #rect = null;
  #deviceSize = null;
  #changed;

  /* changed(viewport) is called when the stage has another size. */
  constructor(stage, changed) {
    this.#stage = stage;
    this.#changed = changed;
    const observer = new ResizeObserver(([entry]) => this.#resized(entry));
    try {
      observer.observe(stage, { box: 'device-pixel-content-box' });
    } catch {
      observer.observe(stage);
    }
  }

  /* What the player shows pictures in; behind everything else on the stage. */
  set element(element) {
    this.#element = element;
    element.classList.add('picture');
    this.#stage.prepend(element);
    this.layout();
  }

  get element() {
    return this.#element;
  }

  /* The picture that is on the screen: {config, width, height}. Null before the first. */
  get picture() {
    return this.#picture;
  }

  showing({ config, widthPx, heightPx }) {
    const now = this.#picture;
    if (now?.config === config && now.width === widthPx && now.height === heightPx)
      return;
    this.#picture = { config, width: widthPx, height: heightPx };
    this.layout();
  }

  /* Of the picture, in CSS pixels from the corner of the stage. */
  get rect() {
    return this.#rect;
  }

  /* CSS pixels for one pixel of the picture. */
  get scale() {
    return this.#rect ? this.#rect.width / this.#picture.width : 1;
  }

  /* The point of the picture below a point of the page, in POINTER units; null without one. */
  locate(clientX, clientY) {
    if (!this.#rect)
      return null;
    const { x, y } = toPicture(clientX, clientY, this.#rect, this.#picture, POINTER_UNIT);
    return { config: this.#picture.config, x, y };
  }

  /* The stage as HELLO and RESIZE describe it. */
  get viewport() {
    const ratio = devicePixelRatio;
    const size = this.#deviceSize ?? { width: this.#stage.clientWidth * ratio,
      height: this.#stage.clientHeight * ratio };
    return {
      widthPx: clamp(size.width, 1, MAX_DIMENSION),
      heightPx: clamp(size.height, 1, MAX_DIMENSION),
      scale120: clamp(ratio * SCALE_ONE, MIN_SCALE, MAX_SCALE),
    };
  }

  layout() {
    if (!this.#picture || !this.#element)
      return;
    const stage = { width: this.#stage.clientWidth, height: this.#stage.clientHeight };
    const rect = fit(stage, this.#picture, devicePixelRatio);
    this.#rect = rect;
    Object.assign(this.#element.style, {
      left: `${rect.left}px`, top: `${rect.top}px`,
      width: `${rect.width}px`, height: `${rect.height}px`,
    });
  }

  #resized(entry) {
    const box = entry.devicePixelContentBoxSize?.[0];
    /* An emulated screen reports CSS pixels here. */
    const isSane = box &&
      Math.abs(box.inlineSize - this.#stage.clientWidth * devicePixelRatio) <= 2;
    this.#deviceSize = isSane ? { width: box.inlineSize, height: box.blockSize } : null;
    this.layout();
    this.#changed(this.viewport);
  }
}
