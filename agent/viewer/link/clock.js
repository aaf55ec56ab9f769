/* The agent's clock, as far as PING and PONG tell: the answer that took the shortest time was
 * delayed the least, so it knows best. Pure; times are microseconds. */

const WINDOW = 30;

export class Clock {
  #samples = [];
  #roughUs = null;

  /* Local time of the page and its workers; the same scale in both. */
  static nowUs() {
    return (performance.timeOrigin + performance.now()) * 1000;
  }

  /* WELCOME carries the agent's clock: good enough until the first PONG. */
  welcome(agentUs, nowUs) {
    this.#samples = [];
    this.#roughUs = agentUs - nowUs;
  }

  pong(sentUs, agentUs, nowUs) {
    const rttUs = nowUs - sentUs;
    if (!(rttUs >= 0))
      return;
    this.#samples.push({ rttUs, offsetUs: agentUs - (sentUs + nowUs) / 2 });
    if (this.#samples.length > WINDOW)
      this.#samples.shift();
  }

  /* What to add to local time, or null while unknown. */
  get offsetUs() {
    let best = null;
    for (const sample of this.#samples)
      if (!best || sample.rttUs <= best.rttUs)
        best = sample;
    return best ? best.offsetUs : this.#roughUs;
  }

  /* The newest round trip, or null. */
  get rttUs() {
    return this.#samples.at(-1)?.rttUs ?? null;
  }

  /* Agent time as the wire wants it: an integer, 0 = unknown. */
  toAgent(localUs) {
    const offsetUs = this.offsetUs;
    return offsetUs === null || !localUs ? 0 : Math.max(0, Math.round(localUs + offsetUs));
  }
}
