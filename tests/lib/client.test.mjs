import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WebSocketServer } from 'ws';
import { RefusedError, connect, sp } from './client.mjs';
import { DeadlineError } from './until.mjs';

const WELCOME = { version: 1, role: 2, features: 7, session: 1n, clockUs: 5, agent: 'fake' };
const STREAM = { config: 1, codec: 1, widthPx: 64, heightPx: 48, maxFps: 60, primaries: 1,
  transfer: 1, matrix: 1, fullRange: 0, codecString: 'avc1.42C01F', encoder: 'none' };
const video = (frame, flags = 0, config = 1) => sp.write.video({ flags, config, frame,
  captureUs: 1, queueUs: 2, encodeUs: 3, unit: Uint8Array.of(0, 0, 1, 9, frame) });

/* An agent that greets, runs `script(socket, next)`, where next() is the client's next message. */
async function withAgent(script, use, { verify } = {}) {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', verifyClient: verify });
  server.on('connection', async (socket) => {
    const queue = [];
    const waiting = [];
    socket.on('message', (data) => {
      const message = sp.parse(data);
      if (waiting.length) waiting.shift()(message);
      else queue.push(message);
    });
    const next = () => (queue.length ? Promise.resolve(queue.shift())
      : new Promise((resolve) => waiting.push(resolve)));
    await next();
    socket.send(sp.write.welcome(WELCOME));
    await script(socket, next);
  });
  await new Promise((resolve) => server.once('listening', resolve));
  try {
    await use({ port: server.address().port, token: 'abcdefghijklmnop' });
  } finally {
    for (const socket of server.clients) socket.terminate();
    server.close();
  }
}

test('the token goes as a subprotocol beside ours', async () => {
  let offered;
  const verify = ({ req }) => {
    offered = req.headers['sec-websocket-protocol'];
    return true;
  };
  await withAgent(() => {}, async (agent) => {
    await connect(agent);

    assert.equal(offered, 'helix.v1,bearer.abcdefghijklmnop');
  }, { verify });
});

test('a refused upgrade is told with its status', async () => {
  const verify = (info, done) => done(false, 403, 'no');
  await withAgent(() => {}, async (agent) => {
    await assert.rejects(connect(agent), (error) =>
      error instanceof RefusedError && error.status === 403);
  }, { verify });
});

test('frames are kept and acknowledged, and a gap is noticed', async () => {
  const acks = [];
  await withAgent(async (socket, next) => {
    socket.send(sp.write.stream(STREAM));
    for (const message of [video(0, sp.VideoFlag.KEY), video(1), video(3)]) socket.send(message);
    for (let i = 0; i < 3; i++) acks.push(await next());
    socket.send(sp.write.notice({ code: 1, severity: 1, text: 'seen' }));
  }, async (agent) => {
    const viewer = await connect(agent);
    await viewer.waitFor('the notice', () => viewer.notices.length);

    assert.deepEqual(acks.map(({ type, frame }) => [type, frame]),
      [[sp.Type.ACK, 0], [sp.Type.ACK, 1], [sp.Type.ACK, 3]]);
    assert.deepEqual(viewer.gaps, [{ after: 1, got: 3 }]);
    assert.equal((await viewer.firstKeyFrame()).frame, 0);
    assert.deepEqual(viewer.run().map(({ unit }) => unit[4]), [0, 1, 3]);
    assert.equal(viewer.streams.get(1).width, 64);
  });
});

test('a run ends where the config changes', async () => {
  await withAgent(async (socket) => {
    for (const message of [video(0, 1), video(1), video(2, 1, 2)]) socket.send(message);
  }, async (agent) => {
    const viewer = await connect(agent);
    await viewer.waitFor('three frames', () => viewer.videos.length === 3);

    assert.deepEqual(viewer.run().map(({ frame }) => frame), [0, 1]);
    assert.deepEqual(viewer.run(viewer.videos[2]).map(({ frame }) => frame), [2]);
  });
});

test('nothing is acknowledged when the test says so', async () => {
  let first;
  await withAgent(async (socket, next) => {
    socket.send(video(0, 1));
    first = await next();
    socket.send(sp.write.notice({ code: 1, severity: 1, text: '' }));
  }, async (agent) => {
    const viewer = await connect(agent, { ack: 'none' });
    await viewer.firstKeyFrame();
    viewer.releaseAll();
    await viewer.waitFor('the notice', () => viewer.notices.length);

    assert.equal(first.type, sp.Type.RELEASE_ALL);
  });
});

test('input arrives as messages, in order', async () => {
  const got = [];
  await withAgent(async (socket, next) => {
    socket.send(sp.write.stream(STREAM));
    for (let i = 0; i < 8; i++) got.push(await next());
    socket.send(sp.write.notice({ code: 1, severity: 1, text: '' }));
  }, async (agent) => {
    const viewer = await connect(agent);
    await viewer.waitFor('the stream', () => viewer.stream);
    viewer.move(10.5, 3);
    viewer.click();
    viewer.type('A');
    viewer.scroll(0, -1);
    await viewer.waitFor('the notice', () => viewer.notices.length);

    const { type: _, ...pointer } = got[0];
    assert.deepEqual(pointer, { config: 1, x: 2688, y: 768 });
    assert.deepEqual(got.slice(1, 7).map(({ code, down }) => [code, down]),
      [[0x110, true], [0x110, false], [42, true], [30, true], [30, false], [42, false]]);
    assert.equal(got[7].dy, -120);
  });
});

test('PING is answered, and the round trip of ours is measured', async () => {
  let pong;
  await withAgent(async (socket, next) => {
    socket.send(sp.write.ping({ id: 9, timeUs: 77 }));
    pong = await next();
    const { id, timeUs } = await next();
    socket.send(sp.write.pong({ id, timeUs, clockUs: timeUs + 1000000 }));
  }, async (agent) => {
    const viewer = await connect(agent);
    await viewer.waitFor('the PING', () => viewer.counts.ping);

    const { rttUs, offsetUs } = await viewer.ping();

    assert.deepEqual([pong.id, pong.timeUs], [9, 77]);
    assert.ok(rttUs > 0 && offsetUs < 1000000 && offsetUs > 0);
  });
});

test('what does not come is told at the deadline, and a close at once with its BYE', async () => {
  await withAgent(async (socket, next) => {
    await next();
    socket.send(sp.write.bye({ reason: sp.Bye.SHUTDOWN, text: 'good night' }));
    socket.close(4002);
  }, async (agent) => {
    const viewer = await connect(agent);
    await assert.rejects(viewer.nextKeyFrame(50), DeadlineError);
    viewer.releaseAll();

    await assert.rejects(viewer.nextKeyFrame(), /closed with 4002.*BYE 2 "good night"/);
    assert.equal((await viewer.waitForClose()).code, 4002);
  });
});

test('a viewer that stopped reading gets the rest when it starts again', async () => {
  await withAgent(async (socket, next) => {
    await next();
    socket.send(video(0, 1));
    socket.send(video(1));
  }, async (agent) => {
    const viewer = await connect(agent, { read: false });
    viewer.releaseAll();
    await assert.rejects(viewer.waitFor('frame 1', () => viewer.videos.length === 2, 100));

    viewer.startReading();

    await viewer.waitFor('both frames', () => viewer.videos.length === 2);
  });
});
