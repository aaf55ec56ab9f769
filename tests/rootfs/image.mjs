/* An image that `make rootfs` made, for tests to look into and to run.
 *
 *   const image = openImage('minimal');
 *   image.entries.get('etc/wsl.conf')       {mode: '-rw-r--r--', owner: '0/0', size, time, target}
 *   image.read('etc/wsl.conf')
 *   image.run(['helix-agent', '--version'])  as WSL would; {status, stdout, stderr}
 *   image.start(['helix-agent'], { boots: false })   likewise, its [boot] command left out; the child
 *
 *   ROOTFS_DIRECTORY   the directory with the images, instead of build/rootfs */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const TOP = resolve(fileURLToPath(import.meta.url), '../../..');
export const DIRECTORY = resolve(process.env.ROOTFS_DIRECTORY ?? join(TOP, 'build/rootfs'));
const ENTER = join(TOP, 'tests/lib/enter.sh');
const LISTING_BYTES = 64 << 20;

export const sha256 = (path) => createHash('sha256').update(readFileSync(path)).digest('hex');

/* "-rw-r--r-- 0/0  1649 2026-11-21 12:00:00 ./etc/helix.conf", "... ./bin -> usr/bin" */
const LINE = /^(\S{10}) (\d+\/\d+) +(\d+|\d+,\d+) (\S+ \S+) \.\/(.*?)(?: (?:->|link to) (.*))?$/;

function list(archive) {
  const output = execFileSync('tar', ['--numeric-owner', '--utc', '--full-time', '--quoting-style=literal',
    '-tvzf', archive], { encoding: 'utf8', maxBuffer: LISTING_BYTES });
  const order = [];
  const entries = new Map(output.trimEnd().split('\n').map((line) => {
    const found = LINE.exec(line);
    if (!found) throw new Error(`cannot read this line of tar: ${line}`);
    const [, mode, owner, size, time, name, target] = found;
    const path = name.replace(/\/$/, '');
    order.push(path);
    return [path, { mode, owner, size: Number(size), time, target }];
  }));
  return { entries, order };
}

/* Unpacked once for each image: the name of the tree holds its hash. */
function unpack(archive, hash) {
  const tree = join(DIRECTORY, 'trees', hash.slice(0, 16));
  if (!existsSync(`${tree}.done`)) {
    rmSync(join(DIRECTORY, 'trees'), { recursive: true, force: true });
    mkdirSync(tree, { recursive: true });
    execFileSync('tar', ['-C', tree, '--numeric-owner', '--xattrs', '--xattrs-include=*', '-xpzf', archive]);
    writeFileSync(`${tree}.done`, '');
  }
  return tree;
}

const suffixOf = (profile) => (profile === 'desktop' ? '' : `-${profile}`);

/** The files of an image: {archive, manifestPath, manifest}. */
export function findImage(profile) {
  const manifestPath = join(DIRECTORY, `manifest${suffixOf(profile)}.json`);
  if (!existsSync(manifestPath))
    throw new Error(`${manifestPath} is not there: make rootfs PROFILE=${profile}`);
  const manifest = JSON.parse(readFileSync(manifestPath));
  return { archive: join(DIRECTORY, manifest.url), manifestPath, manifest };
}

export function openImage(profile) {
  const { archive, manifestPath, manifest } = findImage(profile);
  const hash = sha256(archive);
  const tree = unpack(archive, hash);
  return {
    manifest, archive, hash, tree,
    manifestBytes: readFileSync(manifestPath).length,
    sbom: JSON.parse(readFileSync(join(DIRECTORY, `sbom${suffixOf(profile)}.spdx.json`))),
    ...list(archive),
    read: (path) => readFileSync(join(tree, path), 'utf8'),
    run: (command, { user = '' } = {}) => spawnSync(ENTER, [tree, ...command],
      { encoding: 'utf8', env: { ...process.env, WSL_USER: user } }),
    start: (command, { boots = true } = {}) => spawn(ENTER, [tree, ...command],
      { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, WSL_BOOT: boots ? 'yes' : 'no' } }),
  };
}

/** The sections of wsl.conf and its like: {section: {key: value}}. */
export function parseConf(text) {
  const sections = {};
  let section;
  for (const line of text.split('\n').map((l) => l.trim()).filter((l) => l && !l.startsWith('#'))) {
    const heading = /^\[(\w+)\]$/.exec(line);
    if (heading) {
      section = sections[heading[1]] = {};
      continue;
    }
    const [, key, value] = /^(\w+)\s*=\s*(.*)$/.exec(line);
    section[key] = value;
  }
  return sections;
}
