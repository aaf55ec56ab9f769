/* A wine prefix: a Windows 10 of its own, copied from one that is made once. Nothing of Helix. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { BUILD } from './agent.mjs';

const run = promisify(execFile);
const TEMPLATE_DEADLINE_MS = 120000;

/* Managed=N: without a window manager every window takes wine two seconds to take away. The rest makes
 * it a Windows 10 that never asks and never phones. */
const SETTINGS = `Windows Registry Editor Version 5.00

[HKEY_CURRENT_USER\\Software\\Wine]
"Version"="win10"

[HKEY_CURRENT_USER\\Software\\Wine\\X11 Driver]
"Managed"="N"

[HKEY_CURRENT_USER\\Software\\Wine\\WineDbg]
"ShowCrashDialog"=dword:00000000
`;

/** "/tmp/x" as Windows calls it. */
export const windowsPath = (path) => `Z:${path.replaceAll('/', '\\')}`;

/** What wine's programs find, and nothing of the tests' own. */
export function wineEnvironment(prefix, home, more = {}) {
  const kept = ['PATH', 'TMPDIR', 'USER', 'LOGNAME'].filter((name) => process.env[name])
    .map((name) => [name, process.env[name]]);
  return { ...Object.fromEntries(kept), HOME: home, LC_ALL: 'C.UTF-8', WINEPREFIX: prefix,
    WINEARCH: 'win64', WINEDEBUG: process.env.WINEDEBUG ?? '-all',
    /* Else it starts a bus of its own, which stays. */
    DBUS_SESSION_BUS_ADDRESS: 'unix:path=/dev/null',
    WINEDLLOVERRIDES: 'mscoree,mshtml=;winemenubuilder.exe=d', ...more };
}

/* A prefix takes wine more than ten seconds to make, so there is one to copy from. Made aside and
 * renamed: of two that make it at once, one is thrown away. */
async function template() {
  const { stdout: version } = await run('wine', ['--version']);
  const key = createHash('sha256').update(version + SETTINGS).digest('hex').slice(0, 12);
  const place = join(BUILD, `wine-${key}`);
  if (existsSync(place)) return place;
  mkdirSync(BUILD, { recursive: true });
  const making = mkdtempSync(`${place}.`);
  const prefix = join(making, 'prefix');
  const env = wineEnvironment(prefix, join(making, 'home'));
  mkdirSync(join(making, 'home'));
  writeFileSync(join(making, 'settings.reg'), SETTINGS);
  const options = { env, timeout: TEMPLATE_DEADLINE_MS };
  await run('wineboot', ['--init'], options);
  await run('wine', ['regedit', '/S', windowsPath(join(making, 'settings.reg'))], options);
  await run('wineserver', ['-w'], options);
  /* They lead out of the prefix, into a home. */
  await run('find', [join(prefix, 'drive_c', 'users'), '-type', 'l', '-exec',
    'sh', '-c', 'rm "$1" && mkdir "$1"', '', '{}', ';']);
  try {
    renameSync(making, place);
  } catch (error) {
    if (!existsSync(place)) throw error;
    rmSync(making, { recursive: true });
  }
  return place;
}

/** Make a prefix. C:\windows is 700 MB that nobody changes: hard links, where that can be. */
export async function makePrefix(prefix) {
  const from = join(await template(), 'prefix');
  const inside = readdirSync(from).filter((name) => name !== 'drive_c').map((name) => join(from, name));
  const folders = readdirSync(join(from, 'drive_c')).filter((name) => name !== 'windows')
    .map((name) => join(from, 'drive_c', name));
  mkdirSync(join(prefix, 'drive_c'), { recursive: true });
  await run('cp', ['-a', ...inside, prefix]);
  await run('cp', ['-a', ...folders, join(prefix, 'drive_c')]);
  const all = [join(from, 'drive_c', 'windows'), join(prefix, 'drive_c')];
  await run('cp', ['-al', ...all]).catch(() => run('cp', ['-a', '--reflink=auto', ...all]));
}
