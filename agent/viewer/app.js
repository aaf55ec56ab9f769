/* The page: joins the link, the player, the input and what is around the picture. */
import { Clock } from './link/clock.js';
import { Link } from './link/link.js';
import { Feature, Notice, Role, Severity } from './protocol.js';
import { choosePlayer, makePlayer } from './player/player.js';
import { Input } from './input/input.js';
import { Cursor } from './ui/cursor.js';
import { NoticeLine } from './ui/notice.js';
import { Panel } from './ui/panel.js';
import { Screen } from './ui/screen.js';
import { Toolbar } from './ui/toolbar.js';
import { View } from './ui/view.js';
import {
  NO_PLAYER, NO_TOKEN, PLAYER_FAILED, noticeWords, refusalWords, waitingWords,
} from './ui/words.js';
import { Statistics } from './statistics.js';
import { forgetToken, readOptions, takeToken } from './config.js';
import { publish } from './support.js';

const RESIZE_DELAY_MS = 150;
const LOG_LIMIT = 200;
const GOOD_MS = 60;
const FAIR_MS = 160;

const startMs = performance.now();
const stage = document.getElementById('stage');

class App {
  options = readOptions(location.search);
  state = 'connecting';
  reason = {};
  welcome = null;
  stream = null;
  player = null;
  firstPictureMs = null;
  notices = [];
  log = [];
  statistics = new Statistics();
  #abilities = null;
  #token = null;
  #pulse = {};
  #resizeTimer = 0;
  #sentViewport = null;
  #notice = null;
  /* Something that no connection can cure: {title, detail, button}. */
  #dead = null;

  constructor() {
    this.link = new Link();
    this.view = new View(stage, () => this.#resized());
    this.screen = new Screen();
    this.line = new NoticeLine();
    this.panel = new Panel(() => this.stats());
    this.cursor = new Cursor({
      stage, overlay: document.getElementById('pointer'), view: this.view,
    });
    this.input = new Input({
      stage, view: this.view, typing: document.getElementById('typing'),
      send: (kind, message) => this.link.send(kind, message),
      shortcut: (code) => this.#shortcut(code),
      lockChanged: (isLocked) => this.#lockChanged(isLocked),
    });
    this.toolbar = new Toolbar({
      fullscreen: () => this.#try(this.input.toggleFullscreen()),
      lock: () => this.#try(this.input.toggleLock()),
      ctrlAltDel: () => this.input.ctrlAltDel(),
      statistics: () => this.#togglePanel(),
      done: () => this.input.focus(),
    });
    this.#listen();
    publish(this);
  }

  async start() {
    this.#render();
    try {
      this.#abilities = await this.link.ready;
    } catch (error) {
      this.#die(NO_PLAYER, error.message);
      return;
    }
    const name = choosePlayer(this.options.player, this.#abilities);
    if (!name) {
      this.#die(NO_PLAYER, 'no player');
      return;
    }
    this.#play(name);
    this.connect();
  }

  connect() {
    this.#token = takeToken();
    if (!this.#token) {
      this.#become('refused', {});
      return;
    }
    this.#sentViewport = this.#wantedViewport;
    this.link.open({
      url: new URL('/stream', location.href.replace(/^http/, 'ws')).href,
      statusUrl: new URL('/api/status', location.href).href,
      token: this.#token,
      client: `page ${this.player.name}`,
      maxFps: 0,
      viewport: this.#sentViewport,
    });
  }

  get role() {
    if (!this.welcome)
      return null;
    return this.welcome.role === Role.CONTROL ? 'control' : 'view';
  }

  stats() {
    const { rttUs = null, queue = 0, dropped = 0, keyframesAsked = 0, acceleration = null } =
      this.#pulse;
    return {
      ...this.statistics.summary(Clock.nowUs()),
      player: this.player?.name ?? '–', acceleration, stream: this.stream,
      rttMs: rttUs === null ? null : rttUs / 1000, queue,
      framesPresented: this.statistics.framesPresented,
      framesSkipped: this.statistics.framesSkipped,
      framesDropped: dropped, keyframesAsked,
    };
  }

  #listen() {
    const { link } = this;
    link.on('state', ({ state, detail }) => this.#become(state, detail));
    link.on('welcome', ({ message }) => this.#welcomed(message));
    link.on('stream', ({ message }) => {
      this.stream = message;
    });
    link.on('notice', ({ message }) => this.#noticed(message));
    link.on('cursorShape', ({ message }) => this.cursor.shape(message));
    link.on('cursorPosition', ({ message }) => this.cursor.position(message));
    link.on('pulse', (pulse) => this.#pulsed(pulse));
    link.on('lost', ({ text }) => this.#note('decoder lost', text));
    link.on('unsent', ({ kind, text }) => this.#note(`${kind} not sent`, text));
    link.on('hopeless', ({ text }) => this.#playerFailed(text));
    document.addEventListener('visibilitychange', () => {
      link.setVisible(!document.hidden);
      if (!document.hidden)
        this.player?.wake();
    });
    link.setVisible(!document.hidden);
    window.addEventListener('online', () => link.retry());
    window.addEventListener('pagehide', () => link.close());
    window.addEventListener('pageshow', (event) => {
      if (event.persisted)
        this.connect();
    });
    window.addEventListener('hashchange', () => {
      if (location.hash.includes('token='))
        this.connect();
    });
  }

  #become(state, detail) {
    if (state === 'broken') {
      this.#note('broken message', detail.text);
      return;
    }
    this.state = state;
    this.reason = detail;
    this.#note(state, JSON.stringify(detail));
    if (state === 'refused' && (detail.status === 401 || !this.#token))
      forgetToken();
    if (state !== 'live')
      this.#notice = null;
    this.#render();
  }

  #welcomed(welcome) {
    this.welcome = welcome;
    this.cursor.reset();
    this.#notice = null;
    this.toolbar.canControl = this.role === 'control';
    if (this.role === 'view')
      this.line.brief('View only: your keyboard and mouse do not reach this desktop.');
    /* The window may have changed while HELLO was on its way. */
    this.#resized();
  }

  #noticed({ code, severity, text }) {
    const name = Object.keys(Notice).find((key) => Notice[key] === code) ?? String(code);
    this.notices.push({ code, name, severity, text, atMs: performance.now() });
    if (this.notices.length > LOG_LIMIT)
      this.notices.shift();
    this.#note(`notice ${name}`, text);
    if (code === Notice.READY) {
      this.#notice = null;
      this.line.clear();
    } else {
      const words = noticeWords(code, text);
      const tone = { [Severity.WARN]: 'warn', [Severity.ERROR]: 'error' }[severity] ?? 'info';
      if (words.brief)
        this.line.brief([words.title, words.detail].filter(Boolean).join('. '), tone);
      else
        this.#notice = { ...words, tone };
    }
    this.#render();
  }

  #play(name) {
    const viewport = this.player ? this.view.element : null;
    this.player?.stop();
    viewport?.remove();
    this.player = makePlayer(name, {
      link: this.link, options: this.options, abilities: this.#abilities,
      stream: this.stream,
      events: {
        presented: (record) => this.#presented(record),
        skipped: (record) => this.statistics.skipped(record, Clock.nowUs()),
        lost: (text) => this.#note('decoder lost', text),
        failed: (text) => this.#playerFailed(text),
      },
    });
    this.#note('player', name);
    this.view.element = this.player.element;
    this.player.wake();
  }

  #playerFailed(text) {
    this.#note('player failed', text);
    if (this.player.name === 'webcodecs' && this.options.player !== 'webcodecs' &&
      choosePlayer('mse', this.#abilities) === 'mse') {
      this.#play('mse');
      return;
    }
    this.#die(PLAYER_FAILED, text);
  }

  /* Nothing that a new connection would cure. */
  #die(words, text) {
    this.#dead = words;
    this.link.close();
    this.#become('refused', { text });
  }

  #presented(record) {
    this.statistics.presented(record, Clock.nowUs());
    const before = this.view.picture;
    this.view.showing(record);
    if (this.view.picture !== before)
      this.cursor.update();
    if (this.firstPictureMs !== null)
      return;
    this.firstPictureMs = performance.now() - startMs;
    this.#note('first picture', `${this.firstPictureMs.toFixed(0)} ms`);
    this.toolbar.introduce();
    this.#render();
  }

  #pulsed(pulse) {
    this.#pulse = pulse;
    const rttMs = pulse.rttUs === null ? null : pulse.rttUs / 1000;
    if (this.state !== 'live' || rttMs === null)
      this.toolbar.quality('unknown', this.state);
    else if (rttMs < GOOD_MS)
      this.toolbar.quality('good', `good, ${rttMs.toFixed(0)} ms`);
    else if (rttMs < FAIR_MS)
      this.toolbar.quality('fair', `fair, ${rttMs.toFixed(0)} ms`);
    else
      this.toolbar.quality('poor', `slow, ${rttMs.toFixed(0)} ms`);
  }

  /* Everything that follows from the state. */
  #render() {
    const hasPicture = this.firstPictureMs !== null;
    const isLive = this.state === 'live';
    document.documentElement.dataset.state = this.state;
    stage.classList.toggle('dim', hasPicture && (!isLive || this.#notice !== null));
    this.input.enabled = isLive && hasPicture && this.role === 'control' &&
      (this.welcome.features & Feature.INPUT) !== 0;
    this.cursor.overlay = isLive && (this.input.isLocked || this.role === 'view');

    if (this.state === 'refused')
      this.#renderStopped();
    else if (hasPicture)
      this.screen.close();
    else if (isLive)
      this.screen.waiting(this.#notice?.title ?? 'Waiting for the picture',
        this.#notice?.detail);
    else
      this.screen.waiting(this.reason.bye || this.reason.status !== undefined ?
        waitingWords(this.reason, this.welcome !== null) : 'Connecting');

    if (isLive && hasPicture && this.#notice) {
      const { title, detail, tone } = this.#notice;
      this.line.lasting(detail ? `${title}. ${detail}` : title, tone);
    } else if (this.state === 'reconnecting' && hasPicture) {
      this.line.lasting(waitingWords(this.reason, true), 'busy');
    } else {
      this.line.lasting(null);
    }
  }

  #renderStopped() {
    const words = this.#dead ?? (this.#token ? refusalWords(this.reason) : NO_TOKEN);
    this.screen.stopped(words, () => {
      if (words.reload)
        location.reload();
      else
        this.connect();
    });
  }

  #resized() {
    this.cursor.update();
    clearTimeout(this.#resizeTimer);
    this.#resizeTimer = setTimeout(() => this.#sendSize(), RESIZE_DELAY_MS);
  }

  get #wantedViewport() {
    if (this.options.resize)
      return this.view.viewport;
    return { ...this.view.viewport, widthPx: 0, heightPx: 0 };
  }

  #sendSize() {
    const viewport = this.#wantedViewport;
    this.link.setViewport(viewport);
    if (!this.options.resize || this.state !== 'live' || this.role !== 'control')
      return;
    if (JSON.stringify(viewport) === JSON.stringify(this.#sentViewport))
      return;
    this.#sentViewport = viewport;
    this.link.send('resize', viewport);
  }

  #shortcut(code) {
    const actions = {
      KeyS: () => this.#togglePanel(),
      KeyF: () => this.#try(this.input.toggleFullscreen()),
      KeyM: () => this.#try(this.input.toggleLock()),
      KeyH: () => this.toolbar.focus(),
    };
    actions[code]?.();
    return code in actions;
  }

  #togglePanel() {
    this.panel.toggle();
    this.toolbar.panelIsOpen = this.panel.isOpen;
  }

  #lockChanged(isLocked) {
    this.cursor.overlay = isLocked || this.role === 'view';
    if (isLocked)
      this.line.brief('The pointer is locked. Press Esc to have it back.');
  }

  #try(promise) {
    promise.catch((error) => {
      this.#note('refused by the browser', error.message);
      this.line.brief('The browser did not allow that.', 'warn');
    });
  }

  #note(what, text) {
    this.log.push({ atMs: performance.now() - startMs, what, text });
    if (this.log.length > LOG_LIMIT)
      this.log.shift();
    if (this.options.debug)
      console.debug(`helix: ${what}: ${text}`);
  }
}

new App().start();
