/* A release is not made from an old list of security updates. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { TOP } from './image.mjs';

const DAY_MS = 86400e3;

describe('wsl-rootfs/fresh.sh', () => {
  let directory;
  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'helix-lists-'));
  });
  after(() => rmSync(directory, { recursive: true }));

  function check(lists, environment = {}) {
    const path = join(directory, 'manifest.json');
    writeFileSync(path, JSON.stringify({ name: 'Helix', package_lists: lists, packages: { adduser: '1' } }, null, 2));
    const { STALE, ...rest } = process.env;
    return spawnSync(join(TOP, 'wsl-rootfs/fresh.sh'), [path],
      { encoding: 'utf8', env: { ...rest, ...environment } });
  }
  const daysAgo = (days) => new Date(Date.now() - days * DAY_MS).toISOString().replace(/\.\d+Z$/, 'Z');
  const of = (days) => ({ trixie: daysAgo(100), 'trixie-security': daysAgo(days), 'trixie-updates': daysAgo(100) });

  test('takes a list of less than ten days, however old the others are', () => {
    assert.deepEqual([check(of(9.9)).status, check(of(9.9)).stderr], [0, '']);
  });

  test('refuses an older one, and says what to do', () => {
    const { status, stderr } = check(of(10.1));

    assert.equal(status, 1);
    assert.match(stderr, /trixie-security is of .*, 10 days old.*STALE=1/);
  });

  test('takes it when told to, and says so', () => {
    const { status, stderr } = check(of(400), { STALE: '1' });

    assert.equal(status, 0);
    assert.match(stderr, /400 days old/);
  });

  test('refuses a manifest that says nothing, whatever it is told', () => {
    const { status, stderr } = check({ trixie: daysAgo(0) }, { STALE: '1' });

    assert.equal(status, 1);
    assert.match(stderr, /does not say how old/);
  });
});
