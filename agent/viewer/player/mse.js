/* Decodes and shows with MediaSource: what remains where there is no WebCodecs, as on plain http in
 * a LAN. About 10 ms slower. See player.js for the interface. */
import { KeyframeReason } from '../protocol.js';
import { fragment, initSegment } from './fmp4.js';
import { codecString, parameterSets, toAvcc } from './h264.js';
import { DURATION_US, HOPELESS_LAG_US, TARGET_US, Timeline } from './timeline.js';

/* Playback is held when nothing came for this long, so that it never runs into the end of the
 * buffer: getting out of there again takes longer than showing a frame. */
const HOLD_AFTER_MS = 120;
const RATE_STEP = 0.01;
const RECENT_LIMIT = 240;
/* Frames come and none is shown: the browser dropped them without a word. */
const BLIND_LIMIT_MS = 3000;
/* Browsers keep about 150 MB, and may only forget what lies before a key frame. */
const REFRESH_BYTES = 32 << 20;
const REBUILDS_LIMIT = 5;
const REBUILDS_FORGIVEN_MS = 30_000;

export class MsePlayer {
  name = 'mse';
  #link;
  #events;
  #stream = null;
  #source = null;
  #buffer = null;
  #url = null;
  #timeline = new Timeline();
  #queue = [];
  #recent = new Map();
  #sets = null;
  #codec = null;
  #sequence = 0;
  #sinceKeyBytes = 0;
  #keyUs = 0;
  #trimmedUs = 0;
  #jumpUs = null;
  #holdTimer = 0;
  #held = false;
  #rebuilds = [];
  #blindSinceMs = null;
  #detach = [];
  #stopped = false;

  constructor(link, stream, events) {
    this.#link = link;
    this.#events = events;
    this.#stream = stream;
    this.element = this.#video();
    this.#build();
    this.#detach.push(
      link.on('stream', ({ message }) => {
        this.#stream = message;
      }),
      link.on('unit', (unit) => this.#unit(unit)));
    link.forward();
  }

  stop() {
    this.#stopped = true;
    clearTimeout(this.#holdTimer);
    this.#detach.forEach((detach) => detach());
    URL.revokeObjectURL(this.#url);
    this.element.remove();
  }

  wake() {
    if (this.element.paused)
      this.element.play().catch(() => {});
  }

  #video() {
    const video = document.createElement('video');
    video.muted = true;
    video.autoplay = true;
    video.playsInline = true;
    video.disableRemotePlayback = true;
    video.addEventListener('error', () => {
      if (video.error)
        this.#rebuild(video.error.message);
    });
    if (!video.requestVideoFrameCallback) {
      video.addEventListener('timeupdate', () =>
        this.#onScreen(this.#shownUs, performance.now()));
      return video;
    }
    const callback = (nowMs, { mediaTime, presentationTime }) => {
      if (this.#stopped)
        return;
      this.#onScreen(Math.round(mediaTime * 1e6), presentationTime);
      video.requestVideoFrameCallback(callback);
    };
    video.requestVideoFrameCallback(callback);
    return video;
  }

  #build() {
    const Source = self.ManagedMediaSource ?? self.MediaSource;
    const source = new Source();
    URL.revokeObjectURL(this.#url);
    this.#source = source;
    this.#buffer = null;
    this.#sets = null;
    this.#timeline = new Timeline();
    this.#queue = [];
    this.#recent.clear();
    this.#keyUs = 0;
    this.#trimmedUs = 0;
    this.#jumpUs = null;
    this.#blindSinceMs = null;
    this.#held = false;
    this.#url = URL.createObjectURL(source);
    source.addEventListener('sourceopen', () => this.#pump(), { once: true });
    this.element.src = this.#url;
    this.wake();
  }

  /* After an error the element is dead: start anew with the next key frame. */
  #rebuild(text) {
    const nowMs = performance.now();
    this.#rebuilds = this.#rebuilds.filter((at) => nowMs - at < REBUILDS_FORGIVEN_MS);
    this.#rebuilds.push(nowMs);
    if (this.#rebuilds.length > REBUILDS_LIMIT) {
      this.#events.failed(text);
      return;
    }
    this.#events.lost(text);
    this.#build();
    this.#link.want(KeyframeReason.DECODER_ERROR);
  }

  #unit({ record, buffer, byteOffset }) {
    const bytes = new Uint8Array(buffer, byteOffset);
    if (record.isKey && !this.#begin(bytes))
      return;
    if (!this.#sets || this.#isBlind())
      return;
    this.#release();
    const timeUs = this.#timeline.stamp(performance.now() * 1000, this.#shownUs);
    this.#steer(record);
    if (record.isKey)
      this.#keyUs = timeUs;
    if (record.isKey && this.#jumpUs !== null)
      this.#jumpUs = timeUs;
    this.#queue.push(fragment({
      sequence: ++this.#sequence, timeUs, durationUs: DURATION_US,
      isKey: record.isKey, unit: toAvcc(bytes),
    }));
    record.widthPx = this.#stream.widthPx;
    record.heightPx = this.#stream.heightPx;
    this.#recent.set(timeUs, record);
    if (this.#recent.size > RECENT_LIMIT)
      this.#recent.delete(this.#recent.keys().next().value);
    this.#pump();
    this.wake();
  }

  #isBlind() {
    const nowMs = performance.now();
    if (document.hidden)
      this.#blindSinceMs = null;
    else
      this.#blindSinceMs ??= nowMs;
    if (this.#blindSinceMs === null || nowMs - this.#blindSinceMs < BLIND_LIMIT_MS)
      return false;
    this.#rebuild('frames come, but none is shown');
    return true;
  }

  /* A key frame: new parameter sets need a new init segment. False if it is none after all. */
  #begin(bytes) {
    const sets = parameterSets(bytes);
    this.#sinceKeyBytes = 0;
    if (!sets)
      return this.#sets !== null;
    if (this.#sets && same(this.#sets.sps, sets.sps) && same(this.#sets.pps, sets.pps))
      return true;
    this.#sets = { sps: sets.sps.slice(), pps: sets.pps.slice() };
    const { widthPx, heightPx } = this.#stream;
    this.#queue.push({
      codec: codecString(sets.sps),
      init: initSegment({ ...this.#sets, widthPx, heightPx, colour: colour(this.#stream) }),
    });
    return true;
  }

  /* Keep what is shown close behind what comes. Called for every frame, not by a timer. */
  #steer(record) {
    const video = this.element;
    this.#sinceKeyBytes += record.bytes;
    if (this.#sinceKeyBytes > REFRESH_BYTES && !record.isKey) {
      this.#sinceKeyBytes = 0;
      this.#link.want(KeyframeReason.OVERLOAD);
    }
    if (video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA)
      return;
    if (this.#timeline.lagUs(this.#shownUs) > HOPELESS_LAG_US && this.#jumpUs === null) {
      this.#jumpUs = Infinity;
      this.#link.want(KeyframeReason.OVERLOAD);
    }
    const rate = this.#timeline.rate(this.#shownUs);
    if (Math.abs(rate - video.playbackRate) > RATE_STEP)
      video.playbackRate = rate;
  }

  /* Something moves again, after a while or after no time at all. */
  #release() {
    clearTimeout(this.#holdTimer);
    this.#holdTimer = setTimeout(() => this.#hold(), HOLD_AFTER_MS);
    if (!this.#held)
      return;
    this.#held = false;
    this.#timeline.resumeAt(performance.now() * 1000, this.#shownUs);
    this.element.playbackRate = 1;
  }

  #hold() {
    if (this.#timeline.lagUs(this.#shownUs) > TARGET_US) {
      this.#holdTimer = setTimeout(() => this.#hold(), HOLD_AFTER_MS);
      return;
    }
    this.#held = true;
    this.element.playbackRate = 0;
  }

  get #shownUs() {
    return this.element.currentTime * 1e6;
  }

  #pump() {
    const source = this.#source;
    if (source.readyState !== 'open' || this.#buffer?.updating || this.#stopped)
      return;
    try {
      if (this.#queue.length)
        this.#append();
      else
        this.#tidy();
    } catch (error) {
      this.#rebuild(error.message);
    }
  }

  #append() {
    const first = this.#queue[0];
    if (first.init) {
      this.#queue.shift();
      this.#prepare(first.codec);
      this.#buffer.appendBuffer(first.init);
      return;
    }
    let count = this.#queue.findIndex((item) => item.init);
    count = count < 0 ? this.#queue.length : count;
    this.#buffer.appendBuffer(join(this.#queue.splice(0, count)));
  }

  #prepare(codec) {
    const mime = `video/mp4; codecs="${codec}"`;
    if (!this.#buffer) {
      this.#buffer = this.#source.addSourceBuffer(mime);
      this.#buffer.addEventListener('updateend', () => this.#pump());
    } else if (codec !== this.#codec) {
      this.#buffer.changeType(mime);
    }
    this.#codec = codec;
  }

  /* Jump when the key frame for it is there; forget what lies before the last key frame. */
  #tidy() {
    const video = this.element;
    if (this.#jumpUs !== null && Number.isFinite(this.#jumpUs)) {
      video.currentTime = this.#jumpUs / 1e6;
      this.#jumpUs = null;
      return;
    }
    const keyUs = this.#keyUs;
    if (keyUs > this.#trimmedUs && this.#shownUs > keyUs + DURATION_US) {
      this.#trimmedUs = keyUs;
      this.#buffer.remove(0, keyUs / 1e6);
    }
  }

  #onScreen(timeUs, atMs) {
    const atUs = (performance.timeOrigin + atMs) * 1000;
    let shown = null;
    for (const [at, record] of this.#recent) {
      /* Browsers round times to their own ticks. */
      if (at > timeUs + 2)
        break;
      this.#recent.delete(at);
      if (shown)
        this.#events.skipped(shown);
      shown = record;
    }
    if (!shown)
      return;
    this.#blindSinceMs = null;
    this.#link.presented(shown.timestamp, atUs);
    shown.presentedUs = Math.round(atUs + shown.offsetUs);
    this.#events.presented(shown);
  }
}

const same = (a, b) => a.length === b.length && a.every((byte, i) => byte === b[i]);

/* H.273 code points for the muxer; 2 means unspecified. */
function colour({ primaries, transfer, matrix, fullRange }) {
  const isKnown = [primaries, transfer, matrix].every((point) => point > 0 && point !== 2);
  return isKnown ? { primaries, transfer, matrix, fullRange } : undefined;
}

function join(parts) {
  if (parts.length === 1)
    return parts[0];
  const out = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
