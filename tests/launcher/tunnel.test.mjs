/* The launcher's tunnel under wine: tunnel_probe.exe, the tests' wsl.exe, a real helix-agent.
 *
 *   HELIX_TUNNEL_PROBE   another program than build/windows/tests/tunnel_probe.exe */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { connect as connectTo } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { BUILD, startAgent } from '../lib/agent.mjs';
import { withEnvironment } from '../lib/processes.mjs';
import { count, echo, listen, pour } from '../lib/tunnel.mjs';
import { until, within } from '../lib/until.mjs';
import { windows, windowsPath } from '../lib/wine.mjs';

const program = process.env.HELIX_TUNNEL_PROBE ?? join(BUILD, 'windows', 'tests', 'tunnel_probe.exe');
const BULK_BYTES = (process.env.BRIEF ? 40 : 200) * 1024 * 1024;
const ROUND_TRIPS = 500;
const CONNECTIONS = 64;
/* Of what one probe started through wsl.exe; helix-agent knows no setting of this name, nor does the
 * tunnel look for any. */
const MARK = 'TUNNEL_TEST';

let pc;
before(async () => {
  pc = await windows();
  const image = pc.driveC('image');
  mkdirSync(join(image, 'etc'), { recursive: true });
  execFileSync('tar', ['-C', image, '-czf', join(image, 'image.tar.gz'), 'etc']);
  const { code, stdout } = await pc.wine('C:\\windows\\system32\\wsl.exe',
    ['--import', 'Helix', 'C:\\distribution', 'C:\\image\\image.tar.gz', '--version', '2']);
  assert.equal(code, 0, stdout);
});
after(() => pc?.stop());

class Probe {
  #lines = [];
  #waiting = [];

  constructor(words) {
    this.mark = `${process.pid}-${performance.now()}`;
    this.child = spawn('wine', [windowsPath(program), ...words], { stdio: ['pipe', 'pipe', 'ignore'],
      env: { ...pc.environment, HELIX_STUB_ENV: `${MARK}=${this.mark}` } });
    this.exited = once(this.child, 'exit');
    createInterface({ input: this.child.stdout }).on('line', (line) => {
      const waiting = this.#waiting.shift();
      if (waiting) waiting(line.trim());
      else this.#lines.push(line.trim());
    });
  }

  async ask(word, deadlineMs = 40_000) {
    this.child.stdin.write(`${word}\n`);
    const line = this.#lines.shift() ?? new Promise((resolve) => { this.#waiting.push(resolve); });
    return within(Promise.resolve(line), deadlineMs, `an answer to ${word}`);
  }

  /** The pids of Linux programs that it started through wsl.exe. */
  agents() {
    return withEnvironment(MARK, this.mark).filter(({ name }) => name === 'helix-agent');
  }

  async end() {
    this.child.stdin.end();
    try {
      await within(this.exited, 15_000, 'the probe to leave');
    } finally {
      this.child.kill('SIGKILL');
    }
  }
}

function probeOf(t, words) {
  const probe = new Probe(words);
  t.after(() => probe.end());
  return probe;
}

async function startProbe(t, port) {
  const probe = probeOf(t, ['-d', 'Helix', '--exec', 'helix-agent', 'tunnel', '--port', String(port)]);
  const [word, number] = (await probe.ask('start')).split(' ');
  assert.equal(word, 'port');
  probe.port = Number(number);
  return probe;
}

/* Whoever wants to hear of an error waits for it; the others are told by what does not come. */
function through(port) {
  return connectTo({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
    .on('error', () => {});
}

async function roundTripMs(stream) {
  const start = performance.now();
  stream.write('x');
  await once(stream, 'data');
  return performance.now() - start;
}

async function medianRoundTripMs(stream) {
  const times = [];
  for (let i = 0; i < ROUND_TRIPS; i++) times.push(await roundTripMs(stream));
  return times.sort((a, b) => a - b)[ROUND_TRIPS / 2];
}

test('all bytes both ways at once, while others get their turn', async (t) => {
  const received = [];
  const { port } = await listen(t, (socket) => {
    socket.once('data', (first) => {
      if (first[0] === 'x'.charCodeAt(0)) {
        socket.write(first);
        echo(socket);
        return;
      }
      received.push(count(socket).then((total) => total + first.length));
      pour(socket, BULK_BYTES);
    });
  });
  const probe = await startProbe(t, port);
  const [large, small] = [through(probe.port), through(probe.port)];
  t.after(() => small.destroy());
  await roundTripMs(small);

  const start = performance.now();
  let isRunning = true;
  const down = count(large);
  const up = pour(large, BULK_BYTES);
  const pings = (async () => {
    const times = [];
    while (isRunning) times.push(await roundTripMs(small));
    return times.sort((a, b) => a - b);
  })();
  await up;
  assert.equal(await within(down, 180_000, 'all bytes down'), BULK_BYTES);
  assert.equal(await within(received[0], 180_000, 'all bytes up'), BULK_BYTES);
  isRunning = false;
  const seconds = (performance.now() - start) / 1000;
  const times = await pings;
  const description = await probe.ask('describe');

  assert.ok(times.length > 10 && times.at(-1) < 5000, `${times.length}, ${times.at(-1)} ms`);
  const counts = description.match(/^127\.0\.0\.1:\d+, 1 connections, (\d+) bytes out, (\d+) in$/);
  assert.ok(Number(counts?.[1]) > BULK_BYTES && Number(counts?.[2]) > BULK_BYTES, description);
  t.diagnostic(`${(BULK_BYTES / 2 ** 20).toFixed(0)} MB each way in ${seconds.toFixed(1)} s, ` +
    `${times.length} round trips meanwhile, median ` +
    `${times[times.length >> 1].toFixed(1)} ms, the worst ${times.at(-1).toFixed(1)} ms`);
});

test('the round trip of a byte', async (t) => {
  const { port } = await listen(t, echo);
  const probe = await startProbe(t, port);
  const [direct, tunnelled] = [through(port), through(probe.port)];
  await medianRoundTripMs(tunnelled);
  await medianRoundTripMs(direct);

  const directMs = await medianRoundTripMs(direct);
  const tunnelMs = await medianRoundTripMs(tunnelled);
  direct.destroy();
  tunnelled.destroy();
  t.diagnostic(`median of ${ROUND_TRIPS}: ${directMs.toFixed(3)} ms directly, ` +
    `${tunnelMs.toFixed(3)} ms through the tunnel: ${(tunnelMs - directMs).toFixed(3)} ms more`);
});

test('an end goes through by itself, and a reset as a reset', async (t) => {
  const { port, sockets } = await listen(t, async (socket) => {
    socket.end(`heard ${await count(socket)}`);
  });
  const probe = await startProbe(t, port);
  const socket = through(probe.port);
  socket.end('hello');
  let answer = '';
  for await (const chunk of socket) answer += chunk;
  assert.equal(answer, 'heard 5');

  const broken = through(probe.port);
  await until('it is there', () => sockets.size === 1);
  const [server] = sockets;
  server.resetAndDestroy();
  assert.equal((await once(broken, 'error'))[0].code, 'ECONNRESET');
  await until('all are gone', async () => / 0 connections/.test(await probe.ask('describe')));
});

test('more connections than there are channels wait for their turn', async (t) => {
  const { port } = await listen(t, echo);
  const probe = await startProbe(t, port);
  const all = Array.from({ length: CONNECTIONS + 10 }, () => through(probe.port));
  const answers = await within(Promise.all(all.map(async (socket, i) => {
    socket.end(`number ${i}`);
    let answer = '';
    for await (const chunk of socket) answer += chunk;
    return answer;
  })), 30_000, 'all answers');

  answers.forEach((answer, i) => assert.equal(answer, `number ${i}`));
});

test('when it breaks off it comes back, on the same port', async (t) => {
  const { port } = await listen(t, echo);
  const probe = await startProbe(t, port);
  const first = through(probe.port);
  await roundTripMs(first);
  const [agent] = probe.agents();
  const broken = once(first, 'error');
  process.kill(agent.pid, 'SIGKILL');

  assert.equal((await within(broken, 5000, 'the connection to break'))[0].code, 'ECONNRESET');
  const second = through(probe.port);
  t.after(() => second.destroy());
  await within(roundTripMs(second), 15_000, 'an echo');
  assert.notEqual(probe.agents()[0].pid, agent.pid);
});

test('stopping it leaves nothing behind, and says so to connections', async (t) => {
  const { port, sockets } = await listen(t, echo);
  const probe = await startProbe(t, port);
  const socket = through(probe.port);
  await roundTripMs(socket);
  const broken = once(socket, 'error');

  assert.match(await probe.ask('stop'), /^stopped \d+$/);
  await broken;
  assert.equal(await probe.ask('describe'), 'off');
  await until('the agent has left', () => probe.agents().length === 0 && sockets.size === 0);
  assert.match(await probe.ask('start'), /^port /);
});

test('kill -9 of the launcher ends it too', async (t) => {
  const { port } = await listen(t, echo);
  const probe = await startProbe(t, port);
  const [agent] = probe.agents();
  assert.ok(agent);
  process.kill(probe.child.pid, 'SIGKILL');

  await until('the agent has left', () => probe.agents().length === 0, 5000);
});

test('a full tunnel that is stopped or cancelled does not hang', async (t) => {
  const { port } = await listen(t, (socket) => socket.pause());
  const probe = await startProbe(t, port);
  const socket = through(probe.port);
  pour(socket, BULK_BYTES).catch(() => {});
  await until('it is full', async () => {
    const before = await probe.ask('describe');
    return before === await probe.ask('describe') && !/ 0 bytes out/.test(before);
  });
  assert.equal(await probe.ask('cancel'), 'cancelled');
  const [, ms] = (await probe.ask('stop')).split(' ');
  assert.ok(Number(ms) < 500, `${ms} ms`);
});

test('what is no tunnel is told', async (t) => {
  for (const [words, said] of [
    [['echo', 'Welcome', 'to', 'Ubuntu'], /it said: Welcome to Ubuntu/],
    [['no-such-program'], /wsl.exe left with/],
    [['helix-agent', 'tunnel', '--port', '0'], /1 to 65535/],
  ]) {
    const probe = probeOf(t, ['-d', 'Helix', '--exec', ...words]);
    assert.match(await probe.ask('start'), /^failed -10$/);
    assert.match(pc.log(pc.driveC('tunnel-probe')), said);
  }
});

test('a desktop is reached through it', async (t) => {
  const agent = await startAgent({ name: 'launcher-tunnel' });
  t.after(() => agent.stop());
  const probe = await startProbe(t, agent.port);
  const response = await fetch(`http://127.0.0.1:${probe.port}/api/status`,
    { headers: { authorization: `Bearer ${agent.token}`, connection: 'close' } });

  assert.equal(response.status, 200);
  assert.equal((await response.json()).version, agent.version);
});
