/* The WebSocket, for as long as the page lives: opens it, keeps it alive, opens it again. Runs in
 * the worker, where timers go on when the tab is hidden. */
import {
  Bye, Codec, SUBPROTOCOL, Type, VERSION, closeCode, codecBit, parse, write,
} from '../protocol.js';
import { Clock } from './clock.js';

const BACKOFF_FIRST_MS = 250;
const BACKOFF_LAST_MS = 4000;
const PING_INTERVAL_MS = 2000;
/* The first PINGs come quickly, so that the first frames already have good times. */
const PING_BURST = 5;
const PING_BURST_INTERVAL_MS = 60;
const SILENCE_LIMIT_MS = 9000;
const PROBE_LIMIT_MS = 4000;
const NO_REASON = 0;

/* After these it is no use to come back by ourselves. */
const FINAL_BYES = [Bye.NORMAL, Bye.VERSION, Bye.NO_CODEC, Bye.REPLACED];
/* ...after these not soon... */
const SLOW_BYES = [Bye.SHUTDOWN, Bye.FULL, Bye.RATE, Bye.PROTOCOL];
/* ...and after this one not often. */
const PROTOCOL_BYES_LIMIT = 3;

export class Connection {
  clock = new Clock();
  #events;
  #settings = null;
  #socket = null;
  #greeted = false;
  #everGreeted = false;
  #bye = null;
  #backoffMs = BACKOFF_FIRST_MS;
  #retryTimer = 0;
  #pingTimer = 0;
  #pings = 0;
  #heardMs = 0;
  #protocolByes = 0;

  /* events: state(state, detail), message(message, receivedUs). States are those of
   * window.helix.state; detail is {bye, text} or {status}. */
  constructor(events) {
    this.#events = events;
  }

  /* settings: {url, statusUrl, token, client, maxFps, viewport}. Opens at once. */
  open(settings) {
    this.close();
    this.#settings = settings;
    this.#backoffMs = BACKOFF_FIRST_MS;
    this.#protocolByes = 0;
    this.#connect();
  }

  /* The size that the next HELLO asks for. */
  set viewport(viewport) {
    if (this.#settings)
      this.#settings.viewport = viewport;
  }

  /* Do not wait for the back-off: the network came back, or somebody looks. */
  retryNow() {
    if (!this.#retryTimer)
      return;
    this.#backoffMs = BACKOFF_FIRST_MS;
    this.#connect();
  }

  close() {
    clearTimeout(this.#retryTimer);
    clearTimeout(this.#pingTimer);
    this.#retryTimer = 0;
    if (this.#greeted)
      this.send(write.bye({ reason: Bye.NORMAL, text: '' }));
    const socket = this.#socket;
    this.#socket = null;
    this.#settings = null;
    this.#greeted = false;
    socket?.close(closeCode(Bye.NORMAL));
  }

  /* Whether WELCOME came, so that messages make sense to the other side. */
  get isLive() {
    return this.#greeted;
  }

  get backlogBytes() {
    return this.#socket?.bufferedAmount ?? 0;
  }

  /* Bytes of one message. Dropped while not connected: nothing the page says is worth keeping. */
  send(bytes) {
    if (this.#greeted)
      this.#socket.send(bytes);
  }

  #connect() {
    clearTimeout(this.#retryTimer);
    this.#retryTimer = 0;
    this.#bye = null;
    this.#events.state(this.#everGreeted ? 'reconnecting' : 'connecting', {});

    const { url, token } = this.#settings;
    const socket = new WebSocket(url, [SUBPROTOCOL, `bearer.${token}`]);
    let opened = false;
    this.#socket = socket;
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => {
      opened = true;
      this.#hello();
    };
    socket.onmessage = (event) => {
      if (this.#socket === socket)
        this.#receive(event.data);
    };
    socket.onclose = (event) => {
      if (this.#socket === socket)
        this.#closed(event, opened);
    };
  }

  #hello() {
    const { client, maxFps, viewport } = this.#settings;
    this.#heardMs = performance.now();
    this.#socket.send(write.hello({
      version: VERSION, wishes: 0, codecs: codecBit(Codec.H264), client, maxFps,
      ...viewport,
    }));
    this.#pings = 0;
    this.#keepAlive();
  }

  #keepAlive() {
    if (performance.now() - this.#heardMs > SILENCE_LIMIT_MS) {
      this.#lost();
      return;
    }
    if (this.#greeted) {
      const id = this.#pings++;
      this.send(write.ping({ id: id >>> 0, timeUs: Math.round(Clock.nowUs()) }));
    }
    this.#pingTimer = setTimeout(() => this.#keepAlive(),
      this.#pings < PING_BURST ? PING_BURST_INTERVAL_MS : PING_INTERVAL_MS);
  }

  #receive(data) {
    const receivedUs = Clock.nowUs();
    let message;
    this.#heardMs = performance.now();
    try {
      message = parse(data);
    } catch (error) {
      this.#events.state('broken', { text: error.message });
      this.#lost();
      return;
    }
    if (message.unknown)
      return;
    switch (message.type) {
    case Type.PING:
      this.send(write.pong({
        id: message.id, timeUs: message.timeUs,
        clockUs: Math.round(Clock.nowUs()),
      }));
      return;
    case Type.PONG:
      this.clock.pong(message.timeUs, message.clockUs, receivedUs);
      return;
    case Type.WELCOME:
      this.#greeted = true;
      this.#everGreeted = true;
      this.#backoffMs = BACKOFF_FIRST_MS;
      this.clock.welcome(message.clockUs, receivedUs);
      this.#events.message(message, receivedUs);
      this.#events.state('live', {});
      return;
    case Type.BYE:
      this.#bye = { bye: message.reason, text: message.text };
      return;
    }
    this.#events.message(message, receivedUs);
  }

  /* The socket is of no use any more, whatever it says itself. */
  #lost() {
    const socket = this.#socket;
    this.#socket = null;
    socket.close(closeCode(Bye.TIMEOUT));
    this.#after(NO_REASON, '');
  }

  async #closed(event, opened) {
    this.#socket = null;
    if (opened) {
      const reason = event.code > closeCode(0) ? event.code - closeCode(0) : NO_REASON;
      this.#after(this.#bye?.bye ?? reason, this.#bye?.text ?? event.reason);
      return;
    }
    /* A refused upgrade looks like a dead server; only HTTP tells which it is. */
    const settings = this.#settings;
    const status = await this.#probe();
    if (this.#settings !== settings || this.#socket)
      return;
    if (status === 401 || status === 403)
      this.#events.state('refused', { status });
    else
      this.#retry({ status });
  }

  #after(bye, text) {
    clearTimeout(this.#pingTimer);
    this.#greeted = false;
    if (bye === Bye.PROTOCOL)
      this.#protocolByes++;
    if (FINAL_BYES.includes(bye) || this.#protocolByes >= PROTOCOL_BYES_LIMIT) {
      this.#events.state('refused', { bye, text });
      return;
    }
    if (SLOW_BYES.includes(bye))
      this.#backoffMs = BACKOFF_LAST_MS;
    this.#retry({ bye, text });
  }

  #retry(detail) {
    clearTimeout(this.#pingTimer);
    const waitMs = this.#backoffMs * (0.9 + 0.2 * Math.random());
    this.#backoffMs = Math.min(this.#backoffMs * 2, BACKOFF_LAST_MS);
    this.#events.state(this.#everGreeted ? 'reconnecting' : 'connecting', detail);
    this.#retryTimer = setTimeout(() => this.#connect(), waitMs);
  }

  /* The HTTP status that the token gets, or 0 when nobody answers. */
  async #probe() {
    const { statusUrl, token } = this.#settings;
    try {
      const response = await fetch(statusUrl, {
        headers: { Authorization: `Bearer ${token}` },
        cache: 'no-store',
        signal: AbortSignal.timeout(PROBE_LIMIT_MS),
      });
      return response.status;
    } catch {
      return 0;
    }
  }
}
