/* window.helix: the page's interface for tests and for support. Read only, and kept stable.
 *
 *   state             'connecting', 'live', 'reconnecting' or 'refused'
 *   reason            why not live: {bye, text} or {status} or {}
 *   role              'view', 'control' or null before WELCOME
 *   features          WELCOME.features
 *   agent, session    WELCOME.agent, WELCOME.session as a decimal string
 *   playerName        'webcodecs', 'mse' or null
 *   element           the <video> or <canvas> with the picture: drawImage(element) reads its pixels
 *   video, canvas     the same, or null when it is the other kind
 *   stream            the newest STREAM {config, widthPx, heightPx, codecString, encoder, ...}
 *   picture           {config, width, height} of what is on the screen
 *   rect              where it lies, in CSS pixels {left, top, width, height}
 *   framesPresented   pictures that were on the screen
 *   lastFrame         the newest of them {number, config, isKey, bytes, captureUs, queueUs,
 *                     encodeUs, receivedUs, decodedUs (0 with MSE), presentedUs}, in the agent's clock
 *   firstPictureMs    from the start of the script to the first picture, or null
 *   inputEnabled      whether keys and pointer go to the desktop
 *   notices           every NOTICE: [{code, name, severity, text, atMs}]
 *   log               what else happened: [{atMs, what, text}]
 *   stats()           what the statistics show: {fps, kbitPerSecond, legs, rttMs, queue, player,
 *                     ...}; legs are {wait, encode, network, decode, present, total}: {p50Ms, p95Ms}
 *   reconnect()       connect again now */
export function publish(app) {
  const frame = (record) => record && {
    number: record.frame, config: record.config, isKey: record.isKey, bytes: record.bytes,
    captureUs: record.captureUs, queueUs: record.queueUs, encodeUs: record.encodeUs,
    receivedUs: record.receivedUs, decodedUs: record.decodedUs,
    presentedUs: record.presentedUs,
  };
  const only = (kind) => (app.view.element instanceof kind ? app.view.element : null);

  window.helix = Object.freeze({
    get state() { return app.state; },
    get reason() { return app.reason; },
    get role() { return app.role; },
    get features() { return app.welcome?.features ?? 0; },
    get agent() { return app.welcome?.agent ?? null; },
    get session() { return app.welcome ? String(app.welcome.session) : null; },
    get playerName() { return app.player?.name ?? null; },
    get element() { return app.view.element; },
    get video() { return only(HTMLVideoElement); },
    get canvas() { return only(HTMLCanvasElement); },
    get stream() { return app.stream; },
    get picture() { return app.view.picture; },
    get rect() { return app.view.rect; },
    get framesPresented() { return app.statistics.framesPresented; },
    get lastFrame() { return frame(app.statistics.lastFrame); },
    get firstPictureMs() { return app.firstPictureMs; },
    get inputEnabled() { return app.input.enabled; },
    get notices() { return [...app.notices]; },
    get log() { return [...app.log]; },
    stats: () => app.stats(),
    reconnect: () => app.connect(),
  });
}
