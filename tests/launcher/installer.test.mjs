/* HelixSetup.exe in wine: installs, and takes away what it installed; and both programs are the same
 * bytes whoever builds them. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { BUILD } from '../lib/agent.mjs';
import { windows, windowsPath } from '../lib/wine.mjs';

const TREE = resolve(BUILD, '..');
const SETUP = join(BUILD, 'HelixSetup.exe');
const UNINSTALL_KEY = 'HKCU\\Software\\Microsoft\\Windows\\CurrentVersion\\Uninstall\\Helix';

/* A line for cmd.exe: NSIS reads /D= and _?= to the end of the line, and without quotes. PLACE in it
 * is a path; cmd.exe reads its files in an older character set, but not its environment. */
async function command(pc, line, place) {
  writeFileSync(pc.driveC('run.bat'),
    `@${line.replaceAll('PLACE', '%PLACE%')}\r\n@exit /b %errorlevel%\r\n`);
  return pc.wine('cmd', ['/c', 'C:\\run.bat'], { deadlineMs: 60000, environment: { PLACE: place } });
}

function userFolder(pc, ...parts) {
  const [user] = readdirSync(pc.driveC('users')).filter((name) => name !== 'Public');
  return pc.driveC('users', user, ...parts);
}

const shortcut = (pc) => userFolder(pc, 'AppData', 'Roaming', 'Microsoft', 'Windows', 'Start Menu',
  'Programs', 'Helix.lnk');

async function isRegistered(pc, key) {
  return (await pc.wine('reg', ['query', key])).code === 0;
}

describe('the installer', () => {
  let pc;
  before(async () => {
    pc = await windows({});
  });
  after(() => pc.stop());

  const places = [
    ['where it likes', '', () => userFolder(pc, 'AppData', 'Local', 'Programs', 'Helix')],
    ['into a folder with blanks and letters of all the world', 'C:\\Zoë 中文\\Programs of mine',
      () => pc.driveC('Zoë 中文', 'Programs of mine')],
  ];
  for (const [where, directory, folder] of places)
    test(`installs ${where}, runs, and takes all of it away`, async () => {
      const { code } = await command(pc, `"${windowsPath(SETUP)}" /S${directory && ' /D=PLACE'}`,
        directory);
      assert.equal(code, 0);
      assert.deepEqual(readdirSync(folder()).sort(), ['Helix.exe', 'Uninstall.exe']);
      assert.deepEqual(readFileSync(join(folder(), 'Helix.exe')), readFileSync(join(BUILD, 'Helix.exe')));
      assert.ok(existsSync(shortcut(pc)));
      assert.ok(await isRegistered(pc, UNINSTALL_KEY));

      const installed = windowsPath(folder());
      const version = await command(pc, '"PLACE\\Helix.exe" --version', installed);
      assert.equal(version.code, 0);
      assert.match(version.stdout, /\d+\.\d+\.\d+/);

      /* With _?= it does its work itself, so that it can be waited for, and cannot remove itself. */
      const removal = await command(pc, '"PLACE\\Uninstall.exe" /S _?=PLACE', installed);
      assert.equal(removal.code, 0);
      assert.deepEqual(readdirSync(folder()), ['Uninstall.exe']);
      assert.ok(!existsSync(shortcut(pc)));
      assert.ok(!await isRegistered(pc, UNINSTALL_KEY));
      assert.ok(!await isRegistered(pc, 'HKCU\\Software\\Helix'));
    });

  const install = () => command(pc, `"${windowsPath(SETUP)}" /S /D=C:\\Purged`);
  const purge = () => command(pc, '"C:\\Purged\\Uninstall.exe" /S /PURGE _?=C:\\Purged');

  test('goes on when it is asked to purge and something of the folder is left', async () => {
    assert.equal((await install()).code, 0);
    mkdirSync(pc.dataDirectory, { recursive: true });
    writeFileSync(join(pc.dataDirectory, 'of the person'), '');
    assert.equal((await purge()).code, 0);
    assert.deepEqual(readdirSync(pc.driveC('Purged')), ['Uninstall.exe']);
    assert.ok(existsSync(join(pc.dataDirectory, 'of the person')));
  });

  test('stops when it is asked to purge and the system is not its own', async () => {
    const key = 'HKCU\\Software\\Microsoft\\Windows\\CurrentVersion\\Lxss\\{1}';
    for (const [name, value] of [['DistributionName', 'Helix'], ['BasePath', 'D:\\mine']])
      await pc.wine('reg', ['add', key, '/v', name, '/d', value, '/f']);
    assert.equal((await install()).code, 0);
    assert.equal((await purge()).code, 5);
    assert.ok(existsSync(pc.driveC('Purged', 'Helix.exe')));
  });
});

/* Windows takes these from its own directory, the manifest's comctl32 among them; any other would
 * come from beside Helix.exe, where anybody's download may lie. */
const SAFE_DLLS = ['advapi32', 'comctl32', 'comdlg32', 'gdi32', 'kernel32', 'msvcrt', 'ole32', 'shell32',
  'user32', 'ws2_32'];

describe('the build', () => {
  test('has only DLLs in its import table that nobody can plant', () => {
    const table = execFileSync('x86_64-w64-mingw32-objdump', ['-p', join(BUILD, 'Helix.exe')],
      { encoding: 'utf8', maxBuffer: 1 << 26 });
    const names = [...table.matchAll(/DLL Name: (\S+)\.dll/gi)].map(([, name]) => name.toLowerCase());
    assert.ok(names.includes('kernel32'));
    assert.deepEqual(names.filter((name) => !SAFE_DLLS.includes(name)), []);
  });

  test('makes the same bytes twice, in few of them', () => {
    const again = join('build', 'windows-again');
    rmSync(join(TREE, again), { recursive: true, force: true });
    execFileSync('make', ['--no-print-directory', '-s', 'installer', `W=${again}`,
      `LAUNCHER=${again}/Helix.exe`, `SETUP=${again}/HelixSetup.exe`], { cwd: TREE, stdio: 'pipe' });

    for (const name of ['Helix.exe', 'HelixSetup.exe'])
      assert.ok(readFileSync(join(BUILD, name)).equals(readFileSync(join(TREE, again, name))), name);
    assert.ok(statSync(join(BUILD, 'Helix.exe')).size < 400_000);
    rmSync(join(TREE, again), { recursive: true });
  });
});
