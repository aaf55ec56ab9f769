/* Where decoded frames go, in the worker. put(frame, done) takes the frame and calls
 * done(wasShown) once: when the frame is on its way to the screen, or when a newer one overtook it.
 * The sinks outlive decoders and connections. */

/* More than this many in the pipe, and the page is too busy to look anyway. */
const WRITES_LIMIT = 3;

/* The writable of a track generator, whose track a <video> plays: the shortest way to the
 * screen. */
export class TrackSink {
  #writer;
  #writes = 0;

  constructor(writable) {
    this.#writer = writable.getWriter();
  }

  put(frame, done) {
    if (this.#writes >= WRITES_LIMIT) {
      frame.close();
      done(false);
      return;
    }
    this.#writes++;
    this.#writer.write(frame).then(() => true, () => {
      frame.close();
      return false;
    }).then((shown) => {
      this.#writes--;
      done(shown);
    });
  }
}

/* A canvas of the page, drawn here; only the newest frame. */
export class CanvasSink {
  #canvas;
  #context;
  #next = null;
  #channel = new MessageChannel();

  constructor(canvas) {
    this.#canvas = canvas;
    this.#context = canvas.getContext('2d', { alpha: false });
    this.#channel.port1.onmessage = () => this.#draw();
  }

  /* Drawing waits for its turn behind the decoder's callbacks, never for the display. */
  put(frame, done) {
    if (this.#next) {
      this.#next.frame.close();
      this.#next.done(false);
    } else {
      this.#channel.port2.postMessage(null);
    }
    this.#next = { frame, done };
  }

  #draw() {
    const { frame, done } = this.#next;
    this.#next = null;
    const canvas = this.#canvas;
    if (canvas.width !== frame.displayWidth || canvas.height !== frame.displayHeight) {
      canvas.width = frame.displayWidth;
      canvas.height = frame.displayHeight;
    }
    this.#context.drawImage(frame, 0, 0);
    frame.close();
    done(true);
  }
}
