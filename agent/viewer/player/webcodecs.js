/* Shows what the worker decodes: a <video> on a track generator, or a canvas that the worker draws.
 * See player.js for the interface. */

/* Frames between the worker and the screen; the rest was overtaken unseen. */
const RECENT_LIMIT = 32;

export class WebCodecsPlayer {
  name = 'webcodecs';
  #link;
  #events;
  #recent = new Map();
  #seesScreen = false;
  /* The screen can be quicker than the message from the worker: what it showed then. */
  #early = null;
  #detach = [];
  #stopped = false;

  /* how: 'generator' (page), 'worker-generator', or 'canvas' */
  constructor(link, how, events) {
    this.#link = link;
    this.#events = events;
    this.element = how === 'canvas' ? this.#canvas() : this.#video(how);
    this.#detach.push(
      link.on('frame', ({ record, shown }) => this.#frame(record, shown)));
  }

  stop() {
    this.#stopped = true;
    this.#detach.forEach((detach) => detach());
    this.element.remove();
  }

  /* Autoplay waits while a tab is hidden. */
  wake() {
    if (this.element instanceof HTMLVideoElement && this.element.paused)
      this.element.play().catch(() => {});
  }

  #canvas() {
    const canvas = document.createElement('canvas');
    this.#link.useCanvas(canvas.transferControlToOffscreen());
    return canvas;
  }

  #video(how) {
    const video = document.createElement('video');
    video.muted = true;
    video.autoplay = true;
    video.playsInline = true;
    video.disableRemotePlayback = true;
    if (how === 'generator') {
      const generator = new MediaStreamTrackGenerator({ kind: 'video' });
      video.srcObject = new MediaStream([generator]);
      this.#link.useWritable(generator.writable);
    } else {
      this.#detach.push(this.#link.on('track', ({ track }) => {
        video.srcObject = new MediaStream([track]);
        this.wake();
      }));
      this.#link.useGenerator();
    }
    this.#watch(video);
    return video;
  }

  /* The worker knows when it handed a frame over; only this knows when it was on the screen. */
  #watch(video) {
    if (!video.requestVideoFrameCallback)
      return;
    const callback = (nowMs, { mediaTime, presentationTime }) => {
      if (this.#stopped)
        return;
      this.#onScreen(Math.round(mediaTime * 1e6), presentationTime);
      video.requestVideoFrameCallback(callback);
    };
    video.requestVideoFrameCallback(callback);
    this.#seesScreen = true;
  }

  #frame(record, shown) {
    if (!shown) {
      this.#events.skipped(record);
      return;
    }
    if (!this.#seesScreen) {
      this.#events.presented(record);
      return;
    }
    this.#recent.set(record.timestamp, record);
    if (this.#recent.size > RECENT_LIMIT) {
      const [[oldest, unseen]] = this.#recent;
      this.#recent.delete(oldest);
      this.#events.skipped(unseen);
    }
    if (this.#early?.timestamp === record.timestamp)
      this.#onScreen(record.timestamp, this.#early.atMs);
  }

  #onScreen(timestamp, atMs) {
    const record = this.#recent.get(timestamp);
    if (!record) {
      this.#early = { timestamp, atMs };
      return;
    }
    this.#early = null;
    for (const [at, older] of this.#recent) {
      if (at > timestamp)
        break;
      this.#recent.delete(at);
      if (at < timestamp)
        this.#events.skipped(older);
    }
    const atUs = (performance.timeOrigin + atMs) * 1000 + record.offsetUs;
    record.presentedUs = Math.max(record.presentedUs, Math.round(atUs));
    this.#events.presented(record);
  }
}
