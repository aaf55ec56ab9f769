/* The desktop's pointer. Normally it becomes the browser's own cursor, which no codec and no
 * network can delay. While the pointer is locked, or somebody else moves it, it is drawn where the desktop
 * has it. */

/* Browsers ignore larger cursors. */
const CSS_LIMIT_PX = 128;
/* The agent sends each shape once, so they are all kept; this only bounds a broken agent. */
const SHAPES_LIMIT = 1024;

export class Cursor {
  #stage;
  #overlay;
  #view;
  #shapes = new Map();
  #now = null;
  #isOverlay = false;

  constructor({ stage, overlay, view }) {
    this.#stage = stage;
    this.#overlay = overlay;
    this.#view = view;
  }

  /* A new connection: its agent counts shapes anew. */
  reset() {
    this.#shapes.clear();
    this.#now = null;
    this.update();
  }

  /* Draw the pointer on the page instead of being the browser's. */
  set overlay(isOverlay) {
    this.#isOverlay = isOverlay;
    this.update();
  }

  shape({ id, widthPx, heightPx, hotspotXPx, hotspotYPx, rgba }) {
    const bitmap = document.createElement('canvas');
    bitmap.width = widthPx;
    bitmap.height = heightPx;
    bitmap.getContext('2d').putImageData(
      new ImageData(straightAlpha(rgba), widthPx, heightPx), 0, 0);
    this.#shapes.set(id, { bitmap, hotspotXPx, hotspotYPx, css: new Map() });
    if (this.#shapes.size > SHAPES_LIMIT)
      this.#shapes.delete(this.#shapes.keys().next().value);
    if (this.#now?.id === id)
      this.update();
  }

  position({ id, xPx, yPx }) {
    const sameShape = this.#now?.id === id;
    this.#now = { id, xPx, yPx };
    if (!sameShape)
      this.update();
    else if (this.#isOverlay)
      this.#place();
  }

  /* Call when the picture's place or scale changed. */
  update() {
    const shape = this.#now ? this.#shapes.get(this.#now.id) : null;
    const drawn = this.#isOverlay && shape && this.#view.rect;
    this.#overlay.hidden = !drawn;
    if (drawn)
      this.#draw(shape);
    this.#stage.style.cursor = this.#css(shape);
  }

  #css(shape) {
    if (this.#isOverlay || !this.#now)
      return 'default';
    if (this.#now.id === 0)
      return 'none';
    if (!shape)
      return 'default';
    const ratio = devicePixelRatio;
    const largest = Math.max(shape.bitmap.width, shape.bitmap.height);
    const scale = Math.min(this.#view.scale, CSS_LIMIT_PX / largest);
    const key = `${scale} ${ratio}`;
    if (!shape.css.has(key))
      shape.css.set(key, cursorCss(shape, scale, ratio));
    return shape.css.get(key);
  }

  #draw(shape) {
    const { width, height } = shape.bitmap;
    this.#overlay.width = width;
    this.#overlay.height = height;
    this.#overlay.getContext('2d').drawImage(shape.bitmap, 0, 0);
    this.#overlay.style.width = `${width * this.#view.scale}px`;
    this.#overlay.style.height = `${height * this.#view.scale}px`;
    this.#place();
  }

  #place() {
    const shape = this.#shapes.get(this.#now.id);
    const { rect, scale } = this.#view;
    if (!shape || !rect)
      return;
    const x = rect.left + (this.#now.xPx - shape.hotspotXPx) * scale;
    const y = rect.top + (this.#now.yPx - shape.hotspotYPx) * scale;
    this.#overlay.style.transform = `translate(${x}px, ${y}px)`;
  }
}

/* The wire carries premultiplied colours, ImageData does not. */
function straightAlpha(rgba) {
  const out = new Uint8ClampedArray(rgba);
  for (let i = 0; i < out.length; i += 4) {
    const alpha = out[i + 3];
    if (alpha === 0 || alpha === 255)
      continue;
    out[i] = rgba[i] * 255 / alpha;
    out[i + 1] = rgba[i + 1] * 255 / alpha;
    out[i + 2] = rgba[i + 2] * 255 / alpha;
  }
  return out;
}

/* A `cursor` value: `scale` CSS pixels to a pixel of the shape, sharp at this pixel ratio. */
function cursorCss(shape, scale, ratio) {
  const density = CSS.supports('cursor', 'image-set(url("a.png") 2x) 0 0, default') ? ratio : 1;
  const canvas = document.createElement('canvas');
  canvas.width = Math.max(1, Math.round(shape.bitmap.width * scale * density));
  canvas.height = Math.max(1, Math.round(shape.bitmap.height * scale * density));
  const context = canvas.getContext('2d');
  context.imageSmoothingQuality = 'high';
  context.drawImage(shape.bitmap, 0, 0, canvas.width, canvas.height);

  const inside = (at, size) => Math.min(Math.max(Math.round(at * scale), 0), size - 1);
  const x = inside(shape.hotspotXPx, Math.ceil(canvas.width / density));
  const y = inside(shape.hotspotYPx, Math.ceil(canvas.height / density));
  const url = `url("${canvas.toDataURL()}")`;
  return `${density === 1 ? url : `image-set(${url} ${density}x)`} ${x} ${y}, default`;
}
