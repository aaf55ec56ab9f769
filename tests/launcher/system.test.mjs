/* The system half of windows-launcher/win/: its probe (probe_*.c) runs under wine, one start for each
 * group of tests, with probe_child.c as wsl.exe and the servers of this file. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { createServer as createSocketServer } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { BUILD } from '../lib/agent.mjs';
import { within } from '../lib/until.mjs';
import { windows, windowsPath } from '../lib/wine.mjs';

const PROGRAMS = process.env.HELIX_TEST_PROGRAMS ?? join(BUILD, 'windows', 'tests');
const INSTANCE = '0123456789abcdef0123456789abcdef';
const BODY = Buffer.alloc(1 << 20);
for (let i = 0; i < BODY.length; i += 4) BODY.writeUInt32LE(Math.imul(i, 2654435761) >>> 0, i);

const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

/** Where "Range: bytes=N-" begins, or undefined. */
const rangeOf = (request) => {
  const range = /^bytes=(\d+)-$/.exec(request.headers.range ?? '');
  return range ? Number(range[1]) : undefined;
};

function sendPart(response, first, total = BODY.length) {
  response.writeHead(206, { 'content-range': `bytes ${first}-${total - 1}/${total}`,
    'content-length': total - first });
  response.end(BODY.subarray(first, total));
}

function whole(request, response) {
  const first = rangeOf(request);
  if (first === undefined) {
    response.writeHead(200, { 'content-length': BODY.length });
    response.end(BODY);
  } else if (first >= BODY.length) {
    response.writeHead(416, { 'content-range': `bytes */${BODY.length}`, 'content-length': 0 });
    response.end();
  } else {
    sendPart(response, first);
  }
}

/* `bytes`, and the end of the connection after them, though more was promised. */
function breakOff(response, status, headers, bytes) {
  response.writeHead(status, headers);
  response.write(bytes, () => response.socket.end());
}

function endless(response) {
  const more = () => {
    while (!response.destroyed && response.write(BODY));
  };
  response.on('drain', more);
  more();
}

const redirect = (location) => (request, response) => {
  response.writeHead(302, location ? { location, 'content-length': 0 } : { 'content-length': 0 });
  response.end();
};

const routes = {
  '/whole': whole,
  '/cut': (request, response) => rangeOf(request) === undefined ?
    breakOff(response, 200, { 'content-length': BODY.length }, BODY.subarray(0, 300000)) :
    whole(request, response),
  '/short': (request, response) =>
    breakOff(response, 200, { 'content-length': 1000 }, BODY.subarray(0, 500)),
  '/piece': (request, response) => {
    const first = rangeOf(request);
    response.writeHead(206, { 'content-range': `bytes ${first}-${first + 9}/1000`,
      'content-length': 10 });
    response.end(BODY.subarray(0, 10));
  },
  '/no-range': (request, response) => response.end(BODY),
  '/wrong-range': (request, response) => rangeOf(request) === undefined ?
    whole(request, response) : sendPart(response, 0),
  '/beyond': (request, response) => {
    if (rangeOf(request) === undefined) return whole(request, response);
    response.writeHead(416, { 'content-length': 0 });
    return response.end();
  },
  '/always-206': (request, response) => sendPart(response, 0),
  '/endless': (request, response) => endless(response),
  '/huge': (request, response) =>
    breakOff(response, 200, { 'content-length': '18446744073709551615' }, 'x'),
  '/tiny': (request, response) => response.end('tiny'),
  '/redirect': redirect('whole'),
  '/redirect-out': redirect('http://192.0.2.1/'),
  '/redirect-for-ever': redirect('/redirect-for-ever'),
  '/redirect-nowhere': redirect(undefined),
  '/redirect-down': (request, response) => redirect(`http://127.0.0.1:${plainPort}/whole`)(
    request, response),
  '/stall': (request, response) => {
    response.writeHead(200, { 'content-length': 1000 });
    response.write('something');
  },
  '/silent': () => {},
  '/dribble': (request, response) => {
    response.writeHead(200, { 'content-length': 1000 });
    const drops = setInterval(() => response.write('.'), 50);
    response.on('close', () => clearInterval(drops));
  },
  '/redirect-slowly': (request, response) => {
    const later = setTimeout(() => redirect('/redirect-slowly')(request, response), 300);
    response.on('close', () => clearTimeout(later));
  },
  '/healthz': (request, response) => {
    response.writeHead(200, { 'Helix-Instance': INSTANCE });
    response.end('ok\n');
  },
};

let plainPort;
/* What was asked of servers that are not the agent, and with which headers. */
const foreign = [];

/** A server that is not the agent; `reply` may answer, or not. */
const foreignServer = (reply) => createServer((request, response) => {
  foreign.push({ url: request.url, headers: request.headers });
  reply(response);
});

function answer(request, response) {
  response.on('error', () => {});
  const route = routes[request.url.split('?')[0]];
  if (route) return route(request, response);
  response.writeHead(404);
  return response.end('not here');
}

async function listen(server) {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server.address().port;
}

/** A certificate for localhost, its own authority: {key, cert} and the path of its DER. */
function certificate(directory) {
  const [key, cert, der] = ['key.pem', 'cert.pem', 'cert.der'].map((name) => join(directory, name));
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2',
    '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost',
    '-addext', 'basicConstraints=critical,CA:TRUE', '-keyout', key, '-out', cert],
  { stdio: 'ignore' });
  execFileSync('openssl', ['x509', '-in', cert, '-outform', 'DER', '-out', der]);
  return { key: readFileSync(key), cert: readFileSync(cert), der };
}

describe('the system half of Helix.exe', { concurrency: true }, () => {
  let pc;
  const servers = [];

  before(async () => {
    pc = await windows({ wsl: 'absent' });
    copyFileSync(join(PROGRAMS, 'probe_child.exe'), pc.driveC('windows', 'system32', 'wsl.exe'));
    mkdirSync(pc.driveC('probe'));
    const file = pc.driveC('probe', 'to-hash');
    const bytes = Buffer.concat([BODY, BODY, BODY, Buffer.from('and a bit')]);
    writeFileSync(file, bytes);

    const { key, cert, der } = certificate(pc.driveC('probe'));
    const plain = createServer(answer);
    const secure = createSecureServer({ key, cert }, answer);
    /* Speaks no HTTP. */
    const strange = createSocketServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', () => socket.end('220 a mail server\r\n'));
    });
    /* Says yes to everything; knows no /healthz; says nothing. */
    const agreeable = foreignServer((response) => response.writeHead(200,
      { 'helix-instance': 'x' }).end('ok\n'));
    const absent = foreignServer((response) => response.writeHead(404).end());
    const silent = foreignServer(() => {});
    servers.push(plain, secure, strange, agreeable, absent, silent);
    plainPort = await listen(plain);
    Object.assign(pc.environment, {
      HELIX_PROBE_PORT: plainPort,
      HELIX_PROBE_SECURE_PORT: await listen(secure),
      HELIX_PROBE_STRANGE_PORT: await listen(strange),
      HELIX_PROBE_FOREIGN_PORT: await listen(agreeable),
      HELIX_PROBE_ABSENT_PORT: await listen(absent),
      HELIX_PROBE_SILENT_PORT: await listen(silent),
      HELIX_PROBE_CERTIFICATE: windowsPath(der),
      HELIX_PROBE_BODY_SHA256: sha256(BODY),
      HELIX_PROBE_FILE: 'C:\\probe\\to-hash',
      HELIX_PROBE_SHA256: sha256(bytes),
    });
  });

  after(async () => {
    for (const server of servers) {
      server.closeAllConnections?.();
      server.close();
    }
    await pc?.stop();
  });

  const probe = windowsPath(join(PROGRAMS, 'probe.exe'));

  async function runs(...groups) {
    for (const group of groups) {
      mkdirSync(pc.driveC('probe', group));
      const { code, stdout } = await pc.wine(probe, [`${group}: `],
        { deadlineMs: 90000, environment: { HELIX_PROBE_ROOM: `C:\\probe\\${group}` } });
      assert.match(stdout, /^1\.\.[1-9]/m, stdout);
      assert.doesNotMatch(stdout, /^not ok/m, stdout);
      assert.equal(code, 0, stdout);
    }
  }

  test('files, hash, registry, places, log, events, elevation', () =>
    runs('files', 'hash', 'registry', 'places', 'log', 'events', 'elevate', 'errors'));
  test('programs, and the agent on its leash', () => runs('wsl', 'process', 'agent'));
  test('downloads', () => runs('download', 'trusted'));
  test('the health check, which shows nobody a token', async () => {
    await runs('health');
    assert.equal(foreign.length, 4);
    for (const { url, headers } of foreign) {
      assert.equal(url, '/healthz');
      assert.deepEqual(Object.keys(headers).filter((name) => /auth|cookie|token/i.test(name)), []);
    }
  });
  test('a server that falls silent', () => runs('silence'));

  test('a launcher that is killed takes its wsl.exe along', async () => {
    const server = createSocketServer();
    servers.push(server);
    const connected = once(server, 'connection');
    const launcher = pc.start(probe, ['hold: '],
      { environment: { HELIX_PROBE_PORT: await listen(server) } });
    const [socket] = await within(connected, 30000, 'the child connects');
    const ended = new Promise((resolve) => {
      socket.on('error', () => {});
      socket.once('close', resolve);
    });
    socket.resume();

    await launcher.kill9();

    await within(ended, 5000, 'the child ends');
  });
});
