/* The agent's package on a bare Debian, with what it depends on and nothing else: it installs, a desktop
 * comes up, and it goes as it came. DEB_SUITE: the release. Takes root. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { connect } from '../lib/client.mjs';
import { until, within } from '../lib/until.mjs';

const TOP = resolve(fileURLToPath(import.meta.url), '../../..');
const suite = process.env.DEB_SUITE ?? 'trixie';
const tree = join(TOP, 'build/deb/trees', suite);
const START_MS = 60000;
const PURGE_MS = 120000;
const LOG_BYTES = 16 << 20;

/* As root, in the tree; all that it writes goes with it. */
const SCRIPT = `
su person -c 'exec helix-agent run --leash --listen 127.0.0.1:0'
echo "agent $?"
exec </dev/null
su person -c 'helix-agent doctor'
echo "doctor $?"
dpkg --verify helix-agent && echo verified
DEBIAN_FRONTEND=noninteractive apt-get -qq -y purge helix-agent >&2
find / -xdev | sort | sed 's/^/file /'
`;

/* What is by rights not the package's: what the person's programs wrote, and apt's and dpkg's own. */
const NOT_OURS = /^\/(home\/person|tmp|run|var\/(log|cache|lib\/dpkg))(\/|$)/;

describe(`the package on a bare ${suite}`, () => {
  const lines = [];
  let child, exited, ready, log = '';

  before(async () => {
    execFileSync(join(TOP, 'tests/deb/bare.sh'), [suite, `build/deb/trees/${suite}`],
      { stdio: ['ignore', 'ignore', 'pipe'], maxBuffer: LOG_BYTES });
    const begin = performance.now();
    child = spawn(join(TOP, 'tests/lib/enter.sh'), [tree, 'env', '-u', 'WSL_DISTRO_NAME', '-u', 'WSL_INTEROP',
      '-u', 'WSLENV', 'sh', '-c', SCRIPT], { env: { ...process.env, WSL_USER: 'root', WSL_BOOT: 'no' } });
    exited = once(child, 'exit');
    child.stderr.setEncoding('utf8').on('data', (text) => {
      log += text;
    });
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (line.startsWith('{')) ready = JSON.parse(line);
      else lines.push(line);
    });
    await until('the ready line', () => ready, START_MS).catch((error) => {
      throw new Error(`${error.message}; ${log}`);
    });
    console.log(`ready after ${((performance.now() - begin) / 1000).toFixed(2)} s`);
  });

  after(() => child?.kill('SIGKILL'));

  test('brings a desktop up', async () => {
    const viewer = await connect(ready);
    await viewer.firstKeyFrame(START_MS);

    assert.equal(viewer.stream.widthPx, 1280);
    await viewer.close();
  });

  test('ends in order, explains itself, and is as dpkg installed it', async () => {
    child.stdin.end();
    await within(exited, PURGE_MS, 'the end');

    assert.ok(lines.includes('agent 0'), log);
    assert.ok(lines.includes('doctor 3'), lines.filter((line) => !line.startsWith('file ')).join('\n'));
    assert.ok(lines.some((line) => line.startsWith('Helix can stream a desktop from this machine, encoded by the CPU')));
    assert.ok(lines.includes('verified'));
  });

  test('leaves nothing when it is purged', () => {
    const earlier = new Set(readFileSync(`${tree}.before`, 'utf8').split('\n'));
    const files = lines.filter((line) => line.startsWith('file ')).map((line) => line.slice('file '.length));

    assert.ok(files.includes('/etc/passwd'), log);
    assert.deepEqual(files.filter((path) => /helix/i.test(path) && !earlier.has(path) && !NOT_OURS.test(path)), []);
    /* Of what dpkg and apt keep, that which would still mean something. */
    assert.deepEqual(files.filter((path) => /^\/var\/lib\/(dpkg\/info|systemd)\/.*helix/i.test(path)), []);
  });
});
