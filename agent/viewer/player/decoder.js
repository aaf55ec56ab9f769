/* One H.264 decoder that is replaced when it fails, falls behind or swallows frames. Runs in the
 * worker. Feed it only what the gate admitted; after lost() only a key frame is of use. */

const QUEUE_LIMIT = 6;
const AGE_LIMIT_MS = 150;
const LATE_LIMIT = 5;
/* A decoder is slow while it starts, and then catches up by itself. */
const WARM_UP_MS = 1000;
const FAILURES_PER_STEP = 3;
/* This many good frames wipe out the failures before them. */
const FRAMES_TO_FORGIVE = 600;
const ACCELERATION = ['no-preference', 'prefer-software'];

export class Decoder {
  #events;
  #now;
  #config = null;
  #decoder = null;
  #pending = new Map();
  #failures = 0;
  #good = 0;
  #late = 0;
  #step = 0;
  #gaveOut = false;
  #createdMs = 0;

  /* events:
   *   frame(videoFrame)     the receiver closes it
   *   lost(error or null)   nothing comes before the next key frame; null = fell behind
   *   hopeless(error)       no decoder of this browser can do it */
  constructor(events, now = () => performance.now()) {
    this.#events = events;
    this.#now = now;
  }

  /* A new stream: {codec, codedWidth, codedHeight, colorSpace}. Its key frame follows. */
  configure(config) {
    this.#config = config;
    this.#step = 0;
    this.#failures = 0;
    this.close();
  }

  /* Units that wait inside. */
  get queue() {
    return this.#decoder?.decodeQueueSize ?? 0;
  }

  get acceleration() {
    return ACCELERATION[this.#step] ?? null;
  }

  /* `mayDrop`: whether a key frame would be answered now, so that falling behind can be cured. */
  decode(unit, isKey, timestamp, mayDrop) {
    if (!this.#config)
      return;
    if (!this.#decoder) {
      if (!isKey)
        return;
      this.#create();
    }
    if (mayDrop && !isKey && this.#isBehind()) {
      this.#fallBehind();
      return;
    }
    this.#pending.set(timestamp, this.#now());
    try {
      this.#decoder?.decode(new EncodedVideoChunk({
        type: isKey ? 'key' : 'delta', timestamp, data: unit,
      }));
    } catch (error) {
      this.#fail(error);
    }
  }

  close() {
    const decoder = this.#decoder;
    this.#decoder = null;
    this.#pending.clear();
    this.#late = 0;
    this.#gaveOut = false;
    if (decoder && decoder.state !== 'closed')
      decoder.close();
  }

  #create() {
    const decoder = new VideoDecoder({
      output: (frame) => {
        if (this.#decoder === decoder)
          this.#output(frame);
        else
          frame.close();
      },
      error: (error) => {
        if (this.#decoder === decoder)
          this.#fail(error);
      },
    });
    this.#decoder = decoder;
    this.#createdMs = this.#now();
    try {
      decoder.configure({
        ...this.#config,
        optimizeForLatency: true,
        hardwareAcceleration: this.acceleration,
      });
    } catch (error) {
      this.#fail(error);
    }
  }

  #output(frame) {
    const sinceMs = this.#pending.get(frame.timestamp);
    this.#gaveOut = true;
    this.#pending.delete(frame.timestamp);
    if (sinceMs !== undefined && this.#now() - sinceMs > AGE_LIMIT_MS)
      this.#late++;
    else
      this.#late = 0;
    if (++this.#good >= FRAMES_TO_FORGIVE)
      this.#failures = 0;
    this.#events.frame(frame);
  }

  #isBehind() {
    if (this.#now() - this.#createdMs < WARM_UP_MS)
      return false;
    if (this.queue > QUEUE_LIMIT || this.#late >= LATE_LIMIT)
      return true;
    /* A decoder that holds frames back has an empty queue, and still nothing comes out. */
    if (this.#pending.size <= QUEUE_LIMIT)
      return false;
    const [oldestMs] = this.#pending.values();
    return this.#now() - oldestMs > AGE_LIMIT_MS;
  }

  #fallBehind() {
    if (!this.#gaveOut) {
      this.#fail(new Error('the decoder gives no pictures'));
      return;
    }
    this.close();
    this.#events.lost(null);
  }

  #fail(error) {
    this.close();
    this.#good = 0;
    this.#failures++;
    if (this.#failures >= FAILURES_PER_STEP || error.name === 'NotSupportedError') {
      this.#failures = 0;
      this.#step++;
    }
    if (this.#step < ACCELERATION.length)
      this.#events.lost(error);
    else
      this.#events.hopeless(error);
  }
}
