/* Where the milliseconds of the last two seconds went. Pure; times are microseconds. */

const WINDOW_US = 2_000_000;

/* The legs of a frame's way, in order. A leg is undefined when its end is not known. */
const LEGS = {
  wait: (r) => r.queueUs,
  encode: (r) => r.encodeUs,
  network: (r) => r.receivedUs && r.receivedUs - r.captureUs - r.queueUs - r.encodeUs,
  decode: (r) => (r.decodedUs ? r.decodedUs - r.receivedUs : undefined),
  present: (r) => r.presentedUs && r.presentedUs - (r.decodedUs || r.receivedUs),
  total: (r) => r.presentedUs && r.presentedUs - r.captureUs,
};

/* The value that `share` of the sorted values do not exceed. */
export function percentile(sorted, share) {
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)];
}

export class Statistics {
  #frames = [];
  #firstUs = null;
  framesPresented = 0;
  framesSkipped = 0;
  lastFrame = null;

  presented(record, nowUs) {
    this.framesPresented++;
    this.lastFrame = record;
    this.#add(record, nowUs);
  }

  /* Decoded, but overtaken on the way to the screen. Its bytes count all the same. */
  skipped(record, nowUs) {
    this.framesSkipped++;
    this.#add({ ...record, presentedUs: 0 }, nowUs);
  }

  /* {fps, kbitPerSecond, legs: {name: {p50Ms, p95Ms}}}. While nothing moves the rates are 0, and
   * the legs are those of the last frames there were. */
  summary(nowUs) {
    const recent = this.#frames.filter(({ atUs }) => nowUs - atUs < WINDOW_US);
    const spanUs = Math.min(WINDOW_US, Math.max(nowUs - (this.#firstUs ?? nowUs), 1));
    const bytes = recent.reduce((sum, { record }) => sum + record.bytes, 0);
    const shown = recent.filter(({ record }) => record.presentedUs);
    const legs = {};
    for (const [name, leg] of Object.entries(LEGS)) {
      const values = this.#frames.map(({ record }) => leg(record))
        .filter((us) => Number.isFinite(us)).map((us) => Math.max(us, 0) / 1000)
        .sort((a, b) => a - b);
      if (values.length)
        legs[name] = { p50Ms: percentile(values, 0.5), p95Ms: percentile(values, 0.95) };
    }
    return {
      fps: shown.length * 1e6 / spanUs,
      kbitPerSecond: bytes * 8 / 1000 * 1e6 / spanUs,
      legs,
    };
  }

  #add(record, nowUs) {
    this.#firstUs ??= nowUs;
    this.#frames.push({ record, atUs: nowUs });
    while (nowUs - this.#frames[0].atUs >= WINDOW_US)
      this.#frames.shift();
  }
}
