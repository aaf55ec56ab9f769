/* The page's end of the worker. Events, by name, with the object that the handler gets:
 *   state {state, detail}     window.helix.state changed; detail {bye, text} or {status} says why
 *   welcome, stream, cursorShape, cursorPosition, notice {message}     from the agent
 *   frame {record, shown}     decoded and shown by the worker
 *   unit {record, buffer, byteOffset}     to be decoded by the page (after forward())
 *   track {track}             of the generator that useGenerator() made
 *   lost {text}               the decoder failed or fell behind, and starts again
 *   hopeless {text}           no WebCodecs decoder can do it
 *   pulse {rttUs, offsetUs, received, dropped, keyframesAsked, queue, acceleration}
 *   unsent {kind, text}       a message that the protocol does not allow
 * A record is one frame: {timestamp, frame, config, captureUs, queueUs, encodeUs, receivedUs,
 * decodedUs, presentedUs, offsetUs, bytes, isKey, isRefinement, queue}; times in the agent's clock,
 * which is offsetUs ahead of ours. */
const WORKER_URL = new URL('./worker.js', import.meta.url);

export class Link {
  #worker = new Worker(WORKER_URL, { type: 'module' });
  #handlers = new Map();
  #ready;

  constructor() {
    this.#ready = new Promise((resolve, reject) => {
      this.on('hello', resolve);
      this.#worker.onerror = (event) => {
        this.#emit('broken', { text: event.message });
        reject(new Error(event.message || 'the worker did not start'));
      };
    });
    this.#worker.onmessage = ({ data }) => this.#emit(data.event, data);
  }

  /* What the worker can do: {hasVideoDecoder, hasGenerator}. */
  get ready() {
    return this.#ready;
  }

  on(event, handler) {
    if (!this.#handlers.has(event))
      this.#handlers.set(event, new Set());
    this.#handlers.get(event).add(handler);
    return () => this.#handlers.get(event).delete(handler);
  }

  open(settings) {
    this.#post({ command: 'open', settings });
  }

  retry() {
    this.#post({ command: 'retry' });
  }

  close() {
    this.#post({ command: 'close' });
  }

  /* One protocol message; `kind` is a name in protocol.js's write. */
  send(kind, message) {
    this.#post({ command: 'send', kind, message });
  }

  setViewport(viewport) {
    this.#post({ command: 'viewport', viewport });
  }

  setVisible(value) {
    this.#post({ command: 'visible', value });
  }

  useWritable(writable) {
    this.#post({ command: 'writable', writable }, [writable]);
  }

  useCanvas(canvas) {
    this.#post({ command: 'canvas', canvas }, [canvas]);
  }

  useGenerator() {
    this.#post({ command: 'generator' });
  }

  forward() {
    this.#post({ command: 'forward' });
  }

  presented(timestamp, atUs) {
    this.#post({ command: 'presented', timestamp, atUs });
  }

  want(reason) {
    this.#post({ command: 'want', reason });
  }

  #post(command, transfer = []) {
    this.#worker.postMessage(command, transfer);
  }

  #emit(event, data) {
    for (const handler of this.#handlers.get(event) ?? [])
      handler(data);
  }
}
