/* The tunnel through stdin and stdout: whatever the network of Windows and WSL does, the page comes
 * through. helix-agent is real; the launcher's end is tests/lib/tunnel.mjs. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { request } from 'node:http';
import { connect as connectTo, createServer } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { BUILD, startAgent } from '../lib/agent.mjs';
import { CHANNELS, Frame, GREETING, count, echo, frame, listen, pour, startTunnel } from '../lib/tunnel.mjs';
import { until, within } from '../lib/until.mjs';

const BULK_BYTES = (process.env.BRIEF ? 40 : 200) * 1024 * 1024;
const PING_LIMIT_MS = 2000;
const ROUND_TRIPS = 500;
/* What a connection says first, where one server does two things. */
const ECHO = Buffer.from('e');
const STALL = Buffer.from('s');

async function tunnelTo(t, port, options) {
  const tunnel = startTunnel(port, options);
  t.after(() => tunnel.stop());
  if (options?.greets !== false) await within(tunnel.greeted, 5000, 'the greeting');
  return tunnel;
}

/* Not `for await`: that closes the other direction too. */
async function readAll(stream) {
  const chunks = [];
  stream.on('data', (chunk) => chunks.push(chunk));
  await once(stream, 'end');
  return Buffer.concat(chunks);
}

async function answer(stream, size) {
  let got = 0;
  while (got < size) {
    const chunk = stream.read();
    if (chunk) got += chunk.length;
    else await once(stream, 'readable');
  }
}

async function medianRoundTripMs(stream, count) {
  const times = [];
  for (let i = 0; i < count; i++) {
    const start = performance.now();
    stream.write('x');
    await answer(stream, 1);
    times.push(performance.now() - start);
  }
  return times.sort((a, b) => a - b)[Math.floor(count / 2)];
}

for (const [pipes, shell] of [['sockets', undefined], ['pipes', 'cat | "$@" | cat']])
  test(`all bytes both ways at once, while others get their turn (${pipes})`, async (t) => {
    const received = [];
    const bulk = await listen(t, (socket) => {
      received.push(count(socket));
      pour(socket, BULK_BYTES);
    });
    /* A tunnel leads to one port. */
    const { port } = await listen(t, (socket) => {
      socket.once('data', (first) => {
        if (first[0] === ECHO[0]) {
          socket.write(first);
          echo(socket);
          return;
        }
        const onward = connectTo({ port: bulk.port, host: '127.0.0.1', allowHalfOpen: true });
        onward.write(first);
        socket.pipe(onward).pipe(socket);
      });
    });
    const tunnel = await tunnelTo(t, port, { shell });
    const [large, small] = [tunnel.open(), tunnel.open()];
    small.write(ECHO);
    await answer(small, 1);

    const start = performance.now();
    let isRunning = true;
    const down = count(large);
    const up = pour(large, BULK_BYTES);
    const pings = (async () => {
      let worst = 0;
      let total = 0;
      while (isRunning) {
        const ms = await medianRoundTripMs(small, 1);
        worst = Math.max(worst, ms);
        total++;
      }
      return { worst, total };
    })();

    await up;
    assert.equal(await within(down, 120_000, 'all bytes down'), BULK_BYTES);
    assert.equal(await within(received[0], 120_000, 'all bytes up'), BULK_BYTES);
    isRunning = false;
    const seconds = (performance.now() - start) / 1000;
    const { worst, total } = await pings;
    assert.ok(total > 10 && worst < PING_LIMIT_MS, `${total} pings, the worst ${worst} ms`);
    t.diagnostic(`${pipes}: ${(BULK_BYTES / 2 ** 20).toFixed(0)} MB each way in ${seconds.toFixed(1)} s, ` +
      `${total} pings meanwhile, the worst ${worst.toFixed(1)} ms`);
  });

test('a connection that nobody reads stops no other one', async (t) => {
  const { port, sockets } = await listen(t, (socket) => socket.once('data', (first) => {
    if (first[0] === STALL[0]) {
      socket.pause();
      return;
    }
    socket.write(first);
    echo(socket);
  }));
  const tunnel = await tunnelTo(t, port);
  const [stalled, lively] = [tunnel.open(), tunnel.open()];
  stalled.write(STALL);
  stalled.on('error', () => {});
  pour(stalled, 64 * 1024 * 1024).catch(() => {});
  await until('its window is full', () => stalled.credit === 0 && sockets.size === 2);

  const ms = await within(medianRoundTripMs(lively, 100), 10_000, '100 echoes');

  assert.ok(ms < 100, `${ms} ms`);
  stalled.destroy();
});

test('an end goes through by itself, and the other direction goes on', async (t) => {
  const { port } = await listen(t, async (socket) => {
    const all = await readAll(socket);
    socket.end(`heard ${all.length}`);
  });
  const tunnel = await tunnelTo(t, port);
  const channel = tunnel.open();
  channel.end('hello');

  assert.equal((await readAll(channel)).toString(), 'heard 5');
  await until('the channel is over', () => tunnel.openChannels === 0);
});

test('the other side may end first', async (t) => {
  let heard;
  const { port } = await listen(t, (socket) => {
    socket.end('bye');
    heard = readAll(socket);
  });
  const tunnel = await tunnelTo(t, port);
  const channel = tunnel.open();

  assert.equal((await readAll(channel)).toString(), 'bye');
  channel.end('still here');
  await until('it was accepted', () => heard);
  assert.equal((await heard).toString(), 'still here');
});

test('a reset of one side is one of the other', async (t) => {
  const { port, sockets } = await listen(t, (socket) => socket.resume());
  const tunnel = await tunnelTo(t, port);
  const [mine, theirs] = [tunnel.open(), tunnel.open()];
  mine.on('error', () => {});
  await until('both are there', () => sockets.size === 2);
  const [first, second] = sockets;
  const [failure] = [once(first, 'error'), mine.destroy()];

  assert.equal((await failure)[0].code, 'ECONNRESET');
  second.resetAndDestroy();
  assert.equal((await once(theirs, 'error'))[0].code, 'ECONNRESET');
});

test('a refused connection is reset, and the tunnel stays', async (t) => {
  const { port } = await listen(t, echo);
  const other = createServer();
  await once(other.listen(0, '127.0.0.1'), 'listening');
  const nobody = other.address().port;
  await new Promise((resolve) => { other.close(resolve); });
  const tunnel = await tunnelTo(t, nobody);

  for (let i = 0; i < 3; i++)
    assert.equal((await once(tunnel.open(), 'error'))[0].code, 'ECONNRESET');
  assert.equal(tunnel.stderr.match(/cannot reach/g).length, 1, tunnel.stderr);
  assert.equal(tunnel.child.exitCode, null);
  assert.notEqual(port, nobody);
});

test('64 connections at once, and again 64', async (t) => {
  const { port } = await listen(t, echo);
  const tunnel = await tunnelTo(t, port);

  for (let round = 0; round < 2; round++) {
    const all = Array.from({ length: CHANNELS }, () => tunnel.open());
    const texts = await Promise.all(all.map((channel, i) => {
      channel.end(`number ${i}`.repeat(5000));
      return readAll(channel);
    }));
    texts.forEach((text, i) => assert.equal(text.toString(), `number ${i}`.repeat(5000)));
    await until('all are over', () => tunnel.openChannels === 0);
  }
});

describe('what is no tunnel', () => {
  const cases = [
    ['another program', Buffer.from('Welcome to Ubuntu\n'), /not Helix's tunnel/],
    ['another version', Buffer.from('helix-tunnel\x02\0\0\0', 'latin1'), /another version/],
    ['a frame of no type', Buffer.concat([GREETING, frame(9, 1)]), /no frame/],
    ['bytes for a channel that never was', Buffer.concat([GREETING, frame(Frame.END, 1)]), /out of turn/],
    ['credit for nothing', Buffer.concat([GREETING, frame(Frame.OPEN, 1),
      frame(Frame.CREDIT, 1, { size: 1 })]), /more than/],
    ['a 65th channel', Buffer.concat([GREETING,
      ...Array.from({ length: CHANNELS + 1 }, (_, i) => frame(Frame.OPEN, i + 1))]), /out of turn/],
  ];
  for (const [name, bytes, words] of cases)
    test(`${name} ends it with a sentence`, async (t) => {
      const { port } = await listen(t, (socket) => socket.resume());
      const tunnel = await tunnelTo(t, port, { greets: false });
      tunnel.send(bytes);

      const { code } = await within(tunnel.exited, 5000, 'helix-agent tunnel to leave');
      assert.equal(code, 1);
      assert.match(tunnel.stderr, words);
    });
});

test('it leaves when its input ends, with all connections', async (t) => {
  const { port, sockets } = await listen(t, echo);
  const tunnel = await tunnelTo(t, port);
  const channel = tunnel.open();
  channel.on('error', () => {});
  await until('it is connected', () => sockets.size === 1);

  assert.deepEqual(await tunnel.stop(), { code: 0, signal: null });
  await until('the connection is gone', () => sockets.size === 0);
});

test('it leaves when nobody reads its output', async (t) => {
  const { port } = await listen(t, echo);
  const tunnel = await tunnelTo(t, port);
  tunnel.child.stdout.destroy();

  const { code } = await within(tunnel.exited, 5000, 'helix-agent tunnel to leave');
  assert.equal(code, 1);
});

test('a port that is none is a usage error', () => {
  const program = process.env.HELIX_AGENT ?? join(BUILD, 'helix-agent');
  const wrong = [[], ['--port'], ['--port', '0'], ['--port', '65536'], ['--port=-1'], ['--port', '80x'],
    ['--port', ''], ['--port', '80', 'more'], ['--fps', '30']];
  for (const words of wrong) {
    const { status, stderr } = spawnSync(program, ['tunnel', ...words], { encoding: 'utf8', input: '' });
    assert.equal(status, 2, words.join(' '));
    assert.match(stderr, /1 to 65535/);
  }
  assert.equal(spawnSync(program, ['tunnel', '--port=80'], { input: '' }).status, 0);
});

test('the round trip of a byte', async (t) => {
  const { port } = await listen(t, echo);
  const direct = connectTo({ port, host: '127.0.0.1', noDelay: true });
  const tunnel = await tunnelTo(t, port);
  const channel = tunnel.open();
  await medianRoundTripMs(direct, 50);
  await medianRoundTripMs(channel, 50);

  const directMs = await medianRoundTripMs(direct, ROUND_TRIPS);
  const tunnelMs = await medianRoundTripMs(channel, ROUND_TRIPS);
  direct.destroy();
  t.diagnostic(`median of ${ROUND_TRIPS}: ${directMs.toFixed(3)} ms directly, ` +
    `${tunnelMs.toFixed(3)} ms through the tunnel: ${(tunnelMs - directMs).toFixed(3)} ms more`);
});

describe('a desktop behind it', () => {
  let agent;
  before(async () => { agent = await startAgent({ name: 'tunnel' }); });
  after(() => agent.stop());

  test('answers as it does directly', async (t) => {
    const tunnel = await tunnelTo(t, agent.port);
    const get = request({ path: '/api/status', host: '127.0.0.1', port: 49321,
      headers: { authorization: `Bearer ${agent.token}`, connection: 'close' },
      createConnection: () => tunnel.open() });
    get.end();
    const [response] = await once(get, 'response');
    const body = await readAll(response);

    assert.equal(response.statusCode, 200);
    assert.equal(JSON.parse(body).version, agent.version);
  });
});
