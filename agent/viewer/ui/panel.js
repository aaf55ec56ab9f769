/* The statistics: what arrives, and where the milliseconds go. */

const REFRESH_MS = 500;

const LEGS = [
  ['wait', 'Wait for encoder'], ['encode', 'Encode'], ['network', 'Network'],
  ['decode', 'Decode'], ['present', 'Present'], ['total', 'Total'],
];

const FACTS = [
  ['fps', 'Pictures'], ['bitrate', 'Bit rate'], ['size', 'Size'], ['codec', 'Codec'],
  ['encoder', 'Encoder'], ['player', 'Player'], ['rtt', 'Round trip'], ['queue', 'In decoder'],
  ['lost', 'Skipped, dropped'], ['asked', 'Key frames asked'],
];

const make = (tag, className, text = '') => {
  const element = document.createElement(tag);
  element.className = className;
  element.textContent = text;
  return element;
};

const ms = (value) => (value === undefined ? '–' : value.toFixed(value < 10 ? 1 : 0));

export class Panel {
  #root = document.getElementById('panel');
  #stats;
  #cells = new Map();
  #legs = new Map();
  #timer = 0;

  /* stats() is window.helix.stats. */
  constructor(stats) {
    this.#stats = stats;
    const facts = make('dl', 'facts');
    for (const [name, label] of FACTS) {
      const value = make('dd', '');
      facts.append(make('dt', '', label), value);
      this.#cells.set(name, value);
    }
    const legs = make('div', 'legs');
    legs.append(make('span', 'head', 'Milliseconds'), make('span', ''),
      make('span', 'head number', 'p50'), make('span', 'head number', 'p95'));
    for (const [name, label] of LEGS)
      legs.append(...this.#leg(name, label));
    this.#root.append(make('h2', '', 'Statistics'), facts, legs,
      make('p', 'hint', 'Ctrl+Alt+Shift+S hides this'));
  }

  get isOpen() {
    return !this.#root.hidden;
  }

  toggle() {
    this.#root.hidden = this.isOpen;
    clearInterval(this.#timer);
    if (!this.isOpen)
      return;
    this.#refresh();
    this.#timer = setInterval(() => this.#refresh(), REFRESH_MS);
  }

  #leg(name, label) {
    const bar = make('span', 'bar');
    const fill = make('span', 'fill');
    const p50 = make('span', 'number');
    const p95 = make('span', 'number');
    bar.append(fill);
    this.#legs.set(name, { fill, p50, p95 });
    const title = make('span', 'leg', label);
    if (name === 'total')
      [title, p50, p95].forEach((cell) => cell.classList.add('sum'));
    return [title, bar, p50, p95];
  }

  #refresh() {
    const s = this.#stats();
    const facts = {
      fps: s.fps ? `${s.fps.toFixed(0)} per second` : 'nothing moves',
      bitrate: s.kbitPerSecond < 1000 ? `${s.kbitPerSecond.toFixed(0)} kbit/s` :
        `${(s.kbitPerSecond / 1000).toFixed(1)} Mbit/s`,
      size: s.stream ? `${s.stream.widthPx} × ${s.stream.heightPx}` : '–',
      codec: s.stream?.codecString ?? '–',
      encoder: s.stream?.encoder || '–',
      player: s.acceleration === 'prefer-software' ? `${s.player}, software` : s.player,
      rtt: s.rttMs === null ? '–' : `${ms(s.rttMs)} ms`,
      queue: String(s.queue),
      lost: `${s.framesSkipped}, ${s.framesDropped}`,
      asked: String(s.keyframesAsked),
    };
    for (const [name, cell] of this.#cells)
      cell.textContent = facts[name];

    const whole = Math.max(s.legs.total?.p95Ms ?? 0, 1);
    for (const [name, { fill, p50, p95 }] of this.#legs) {
      const leg = s.legs[name];
      p50.textContent = ms(leg?.p50Ms);
      p95.textContent = ms(leg?.p95Ms);
      fill.style.width = `${Math.min((leg?.p50Ms ?? 0) / whole, 1) * 100}%`;
    }
  }
}
