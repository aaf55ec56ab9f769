/* Helix.exe --uninstall: what it takes away, and above all what it does not. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { windows } from '../lib/wine.mjs';

const LXSS = 'HKCU\\Software\\Microsoft\\Windows\\CurrentVersion\\Lxss';
const INSTALLED = 1;
const INSTALLING = 3;

describe('--uninstall', () => {
  let pc;
  before(async () => {
    pc = await windows({});
  });
  after(() => pc.stop());

  /* As WSL writes it down. */
  async function register(name, folder, state = INSTALLED) {
    const values = [['DistributionName', 'REG_SZ', name], ['BasePath', 'REG_SZ', folder],
      ['State', 'REG_DWORD', String(state)]];
    for (const [value, type, content] of values)
      await pc.wine('reg', ['add', `${LXSS}\\{${name}}`, '/v', value, '/t', type, '/d', content, '/f']);
  }

  /* A data directory as Helix.exe leaves it. */
  function makeData(folder) {
    mkdirSync(join(folder, 'system'), { recursive: true });
    writeFileSync(join(folder, '.helix-data'), '');
    writeFileSync(join(folder, 'system', 'ext4.vhdx'), '');
  }

  async function uninstall(...words) {
    return (await pc.helix(['--uninstall', '--yes', ...words])).exited;
  }

  const unregistered = (name) => pc.calls()
    .filter((words) => words.includes('--unregister') && words.includes(name)).length;

  test('leaves a system of this name alone that is kept elsewhere', async () => {
    const folder = pc.driveC('foreign');
    makeData(folder);
    await register('Foreign', 'D:\\mine\\system');
    assert.equal(await uninstall('--name', 'Foreign', '--data', 'C:\\foreign'), 1);
    assert.ok(existsSync(join(folder, 'system', 'ext4.vhdx')));
    assert.equal(unregistered('Foreign'), 0);
    assert.match(pc.log(folder), /Foreign is not in this folder/);
  });

  test('leaves one alone of which nobody knows where it is kept', async () => {
    makeData(pc.driveC('unknown'));
    await register('Unknown', '');
    assert.equal(await uninstall('--name', 'Unknown', '--data', 'C:\\unknown'), 1);
    assert.equal(unregistered('Unknown'), 0);
  });

  test('takes away its own, however its folder is written, and when its import broke off', async () => {
    makeData(pc.driveC('own'));
    await register('Own', '\\\\?\\c:\\OWN\\system\\', INSTALLING);
    assert.equal(await uninstall('--name', 'own', '--data', 'C:\\own'), 0);
    assert.ok(!existsSync(pc.driveC('own')));
    assert.equal(unregistered('own'), 1);
  });

  test('leaves a folder alone in which another system is kept', async () => {
    makeData(pc.driveC('shared'));
    await register('Neighbour', '\\\\?\\C:\\shared\\neighbour');
    assert.equal(await uninstall('--name', 'Shared', '--data', 'C:\\shared'), 2);
    assert.ok(existsSync(pc.driveC('shared', 'system', 'ext4.vhdx')));
  });

  test('takes away a folder beside which one of a longer name is', async () => {
    makeData(pc.driveC('short'));
    await register('Longer', 'C:\\shorter\\system');
    assert.equal(await uninstall('--name', 'Short', '--data', 'C:\\short'), 0);
    assert.ok(!existsSync(pc.driveC('short')));
  });

  test('of one name leaves another name\'s folder alone', async () => {
    const { dataDirectory } = pc;
    makeData(dataDirectory);
    makeData(`${dataDirectory}-Work`);
    assert.equal(await uninstall('--name', 'Work'), 0);
    assert.ok(!existsSync(`${dataDirectory}-Work`));
    assert.ok(existsSync(join(dataDirectory, 'system', 'ext4.vhdx')));
    assert.equal(await uninstall('--name', 'HELIX'), 0);
    assert.ok(!existsSync(dataDirectory));
  });
});
