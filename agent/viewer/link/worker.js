/* The worker: it owns the socket and, with WebCodecs, the decoder, so that a busy page delays
 * neither. It talks to link.js, which documents what it says and hears. */
import { Type, write } from '../protocol.js';
import { CanvasSink, TrackSink } from '../player/sinks.js';
import { Connection } from './connection.js';
import { Outbox } from './outbox.js';
import { Pipeline } from './pipeline.js';

const TICK_MS = 500;

let visible = true;

const post = (event, transfer = []) => self.postMessage(event, transfer);

const connection = new Connection({
  state: (state, detail) => {
    if (state !== 'live')
      outbox.clear();
    post({ event: 'state', state, detail });
  },
  message: receive,
});
const outbox = new Outbox({
  write: sendNow,
  backlog: () => connection.backlogBytes,
  now: () => performance.now(),
  delay: (fn, ms) => setTimeout(fn, ms),
});
const pipeline = new Pipeline({ clock: connection.clock, send: sendNow, post });

/* Input that the protocol has no room for is dropped here, not a reason to stop. */
function sendNow(kind, message) {
  if (!connection.isLive)
    return;
  try {
    connection.send(write[kind](message));
  } catch (error) {
    post({ event: 'unsent', kind, text: error.message });
  }
}

function receive(message, receivedUs) {
  switch (message.type) {
  case Type.VIDEO:
    pipeline.video(message, receivedUs);
    break;
  case Type.STREAM:
    pipeline.stream(message);
    post({ event: 'stream', message });
    break;
  case Type.WELCOME:
    pipeline.restart();
    pipeline.paused = !visible;
    if (!visible)
      sendNow('pause');
    post({ event: 'welcome', message });
    break;
  case Type.CURSOR_SHAPE:
    post({ event: 'cursorShape', message });
    break;
  case Type.CURSOR_POSITION:
    post({ event: 'cursorPosition', message });
    break;
  case Type.NOTICE:
    post({ event: 'notice', message });
    break;
  }
}

/* After RESUME the agent sends a key frame by itself. */
function setVisible(now) {
  if (now === visible)
    return;
  visible = now;
  pipeline.paused = !visible;
  sendNow(visible ? 'resume' : 'pause');
  if (visible)
    connection.retryNow();
}

const commands = {
  open: ({ settings }) => connection.open(settings),
  close: () => connection.close(),
  retry: () => connection.retryNow(),
  viewport: ({ viewport }) => {
    connection.viewport = viewport;
  },
  visible: ({ value }) => setVisible(value),
  send: ({ kind, message }) => outbox.send(kind, message),
  writable: ({ writable }) => {
    pipeline.sink = new TrackSink(writable);
  },
  canvas: ({ canvas }) => {
    pipeline.sink = new CanvasSink(canvas);
  },
  generator: () => {
    const generator = new self.VideoTrackGenerator();
    pipeline.sink = new TrackSink(generator.writable);
    post({ event: 'track', track: generator.track }, [generator.track]);
  },
  forward: () => pipeline.forward(),
  presented: ({ timestamp, atUs }) => pipeline.presented(timestamp, atUs),
  want: ({ reason }) => pipeline.want(reason),
};

self.onmessage = ({ data }) => commands[data.command](data);

setInterval(() => {
  pipeline.tick();
  const { rttUs, offsetUs } = connection.clock;
  post({ event: 'pulse', rttUs, offsetUs, ...pipeline.counters });
}, TICK_MS);

/* Which sinks can this worker offer? */
post({ event: 'hello', hasVideoDecoder: 'VideoDecoder' in self,
  hasGenerator: 'VideoTrackGenerator' in self });
