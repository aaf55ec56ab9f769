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

  /* Asks, reads, presses: the exit code. */
  async function answer(button, expected, ...words) {
    const helix = await pc.helix(['--uninstall', ...words]);
    const { texts } = await pc.waitForWindow(/Remove Helix from this PC\?/);
    await pc.screenshot(`uninstall-${button.split(' ')[0].toLowerCase()}`);
    const said = texts.join('\n');
    for (const path of expected) assert.ok(said.includes(path), said);
    await pc.press(button, 'Helix');
    return { helix, said };
  }

  test('names the disks that were kept of earlier systems, and takes them only along with the rest', async () => {
    const folder = pc.driveC('kept');
    makeData(folder);
    for (const name of ['system.old-1', 'system.old-2']) {
      mkdirSync(join(folder, name));
      writeFileSync(join(folder, name, 'ext4.vhdx'), 'letters');
    }
    writeFileSync(join(folder, 'kept.tar'), 'letters');
    const words = ['--name', 'Kept', '--data', 'C:\\kept'];
    const kept = ['C:\\kept\\system.old-1', 'C:\\kept\\system.old-2', 'C:\\kept\\kept.tar'];
    const no = await answer('Keep it', kept, ...words);
    assert.equal(await no.helix.exited, 3);
    assert.ok(existsSync(join(folder, 'system.old-2', 'ext4.vhdx')));
    assert.ok(existsSync(join(folder, 'system', 'ext4.vhdx')));

    const yes = await answer('Remove it with all its files', kept, ...words);
    await pc.waitForWindow(/Helix has been removed/);
    await pc.press('Close', 'Helix');
    assert.equal(await yes.helix.exited, 0);
    assert.ok(!existsSync(folder));
  });

  test('names none where none were kept', async () => {
    makeData(pc.driveC('none-kept'));
    const { helix, said } = await answer('Keep it', [], '--name', 'None', '--data', 'C:\\none-kept');
    assert.equal(await helix.exited, 3);
    assert.doesNotMatch(said, /earlier systems|system\.old/);
    assert.ok(existsSync(pc.driveC('none-kept', 'system', 'ext4.vhdx')));
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
