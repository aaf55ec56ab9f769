/* The way of a frame inside the worker: gate, decoder, sink, and an ACK at both ends. With no
 * decoder here (MSE), the units go to the page and come back as presented(). */
import { KeyframeReason, VideoFlag } from '../protocol.js';
import { Clock } from './clock.js';
import { colourSpace } from '../player/colour.js';
import { Decoder } from '../player/decoder.js';
import { Gate } from '../player/gate.js';

/* Frames on their way; far more than any decoder holds. */
const IN_FLIGHT_LIMIT = 240;

export class Pipeline {
  #clock;
  #send;
  #post;
  #sink = null;
  #forward = false;
  #inFlight = new Map();
  #epochUs = Clock.nowUs();
  #lastTimestamp = 0;
  #gate;
  #decoder;
  #received = 0;
  #generation = 0;

  /* send(kind, message) goes to the agent, post(event, transfer) to the page. */
  constructor({ clock, send, post }) {
    this.#clock = clock;
    this.#send = send;
    this.#post = post;
    this.#gate = new Gate({
      now: () => performance.now(),
      ask: (reason) => send('keyframe', { reason }),
      reasons: KeyframeReason,
    });
    this.#decoder = new Decoder({
      frame: (frame) => this.#decoded(frame),
      lost: (error) => this.#lost(error),
      hopeless: (error) => post({ event: 'hopeless', text: error.message }),
    });
  }

  /* Decode here and show with `sink`. */
  set sink(sink) {
    this.#sink = sink;
    this.#forward = false;
  }

  /* Decode in the page. What was decoded so far is of no use to its decoder. */
  forward() {
    this.#forward = true;
    this.#decoder.close();
    this.#inFlight.clear();
    if (this.#received)
      this.#gate.want(KeyframeReason.DECODER_ERROR);
  }

  /* A new connection. The last picture stays; its decoder does not. */
  restart() {
    this.#generation++;
    this.#gate.restart();
    this.#decoder.close();
    this.#inFlight.clear();
  }

  set paused(paused) {
    this.#gate.paused = paused;
  }

  stream(stream) {
    this.#decoder.configure({
      codec: stream.codecString,
      codedWidth: stream.widthPx,
      codedHeight: stream.heightPx,
      colorSpace: colourSpace(stream),
    });
  }

  /* The page's decoder needs a key frame. */
  want(reason) {
    this.#gate.want(reason);
  }

  video(video, receivedUs) {
    const isKey = (video.flags & VideoFlag.KEY) !== 0;
    const timestamp = Math.max(this.#lastTimestamp + 1, Math.round(receivedUs - this.#epochUs));
    const record = {
      timestamp, frame: video.frame, config: video.config,
      captureUs: video.captureUs, queueUs: video.queueUs, encodeUs: video.encodeUs,
      receivedUs: this.#clock.toAgent(receivedUs), decodedUs: 0, presentedUs: 0,
      offsetUs: this.#clock.offsetUs ?? 0,
      bytes: video.unit.length, isKey, queue: this.#decoder.queue,
      isRefinement: (video.flags & VideoFlag.REFINE) !== 0,
    };
    this.#lastTimestamp = timestamp;
    this.#received++;
    this.#ack(record);
    if (!this.#gate.admit(video.frame, isKey))
      return;

    this.#remember(record);
    if (this.#forward) {
      const { buffer, byteOffset } = video.unit;
      this.#post({ event: 'unit', record, buffer, byteOffset }, [buffer]);
    } else {
      this.#decoder.decode(video.unit, isKey, timestamp, this.#gate.mayAsk);
    }
  }

  /* The page showed this frame of its own decoder. This ACK speaks for those before it. */
  presented(timestamp, presentedUs) {
    const record = this.#inFlight.get(timestamp);
    if (!record)
      return;
    for (const at of this.#inFlight.keys())
      if (at <= timestamp)
        this.#inFlight.delete(at);
    record.presentedUs = this.#clock.toAgent(presentedUs);
    this.#ack(record);
  }

  tick() {
    this.#gate.tick();
  }

  get counters() {
    return {
      received: this.#received, dropped: this.#gate.dropped,
      keyframesAsked: this.#gate.asked, queue: this.#decoder.queue,
      acceleration: this.#forward ? null : this.#decoder.acceleration,
    };
  }

  #decoded(frame) {
    const record = this.#inFlight.get(frame.timestamp);
    if (!record || !this.#sink) {
      frame.close();
      return;
    }
    this.#inFlight.delete(frame.timestamp);
    record.decodedUs = this.#clock.toAgent(Clock.nowUs());
    record.widthPx = frame.displayWidth;
    record.heightPx = frame.displayHeight;
    const generation = this.#generation;
    this.#sink.put(frame, (shown) => {
      record.queue = this.#decoder.queue;
      if (shown) {
        record.presentedUs = this.#clock.toAgent(Clock.nowUs());
        /* The next connection knows nothing of this frame. */
        if (generation === this.#generation)
          this.#ack(record);
      }
      this.#post({ event: 'frame', record, shown });
    });
  }

  #lost(error) {
    this.#inFlight.clear();
    this.#gate.want(error ? KeyframeReason.DECODER_ERROR : KeyframeReason.OVERLOAD);
    this.#post({ event: 'lost', text: error ? error.message : 'fell behind' });
  }

  #ack({ frame, queue, receivedUs, decodedUs, presentedUs }) {
    this.#send('ack', { frame, queue, receivedUs, decodedUs, presentedUs });
  }

  #remember(record) {
    this.#inFlight.set(record.timestamp, record);
    if (this.#inFlight.size > IN_FLIGHT_LIMIT)
      this.#inFlight.delete(this.#inFlight.keys().next().value);
  }
}
