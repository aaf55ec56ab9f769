/* What is in the image, against the rules of WSL (learn.microsoft.com, "Build a custom Linux
 * distribution for WSL") and our own. ROOTFS_PROFILE: desktop instead of minimal. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { DIRECTORY, openImage, parseConf, sha256, TOP } from './image.mjs';

const profile = process.env.ROOTFS_PROFILE ?? 'minimal';
const image = openImage(profile);
const { entries } = image;
const COMPRESSED_LIMIT = { desktop: 450e6, minimal: 200e6 }[profile];
const UID = 1789;

const passwd = (file) => image.read(file).trimEnd().split('\n').map((line) => line.split(':'));

/** Paths that the expression finds. */
const paths = (expression) => [...entries.keys()].filter((path) => expression.test(path));

const assertFile = (path, mode, owner = '0/0') =>
  assert.deepEqual({ mode: entries.get(path)?.mode, owner: entries.get(path)?.owner }, { mode, owner }, path);

describe('the archive', () => {
  test('is not larger than it may be', () => {
    console.log(`${image.manifest.url}: ${(image.manifest.size / 1e6).toFixed(1)} MB, ` +
      `unpacked ${(image.manifest.unpacked_size / 1e6).toFixed(1)} MB, ` +
      `${Object.keys(image.manifest.packages).length} packages`);
    assert.ok(image.manifest.size <= COMPRESSED_LIMIT, `${image.manifest.size} bytes`);
  });

  test('is in order and without a time after the changelog', () => {
    const latest = new Date(/^ -- .*> {2}(.*)$/m
      .exec(readFileSync(join(TOP, 'agent/packages/debian/changelog'), 'utf8'))[1]);

    for (const [path, { time }] of entries)
      assert.ok(new Date(`${time.replace(' ', 'T')}Z`) <= latest, `${path}: ${time}`);
  });

  test('carries neither a name nor a time in its gzip header', () => {
    const header = readFileSync(image.archive).subarray(0, 8);

    assert.deepEqual([...header], [0x1f, 0x8b, 8, 0, 0, 0, 0, 0]);
  });

  test('has the root at the top, and the directories on which WSL mounts', () => {
    for (const path of ['dev', 'proc', 'sys', 'run', 'tmp', 'mnt', 'etc', 'home', 'root', 'usr', 'var'])
      assert.match(entries.get(path)?.mode ?? '', /^d/, path);
    assertFile('', 'drwxr-xr-x');
    assertFile('tmp', 'drwxrwxrwt');
    assertFile('root', 'drwx------');
  });

  test('holds no device, socket or pipe', () => {
    assert.deepEqual([...entries].filter(([, { mode }]) => /^[bcps]/.test(mode)), []);
  });

  test('belongs to root but for the home and what is set apart', () => {
    const foreign = [...entries].filter(([path, { owner }]) => !owner.startsWith('0/') &&
      !/^home\/helix(\/|$)/.test(path)).map(([path, { owner }]) => `${path} ${owner}`);
    const known = /^(var\/|run\/|etc\/polkit-1\/|usr\/share\/polkit-1\/)/;

    assert.deepEqual(foreign.filter((line) => !known.test(line)), []);
    for (const path of paths(/^home\/helix(\/|$)/)) assert.equal(entries.get(path).owner, `${UID}/${UID}`, path);
  });

  test('lets nobody but its owner write into a system directory', () => {
    const open = [...entries].filter(([, { mode }]) => !mode.startsWith('l') && /^.{8}w/.test(mode))
      .map(([path, { mode }]) => `${mode} ${path}`);

    assert.deepEqual(open.filter((line) => !/^d.{8}t/.test(line)), []);
  });

  test('holds the programs that become root, and no others', () => {
    const setuid = [...entries].filter(([, { mode }]) => mode.startsWith('-') && mode[3] === 's')
      .map(([path]) => path.split('/').pop());
    const known = ['chfn', 'chsh', 'gpasswd', 'mount', 'newgrp', 'passwd', 'su', 'sudo', 'umount', 'fusermount3',
      'dbus-daemon-launch-helper', 'polkit-agent-helper-1', 'pkexec', 'Xorg.wrap', 'ntfs-3g'];

    assert.deepEqual(setuid.filter((name) => !known.includes(name)), []);
  });
});

describe('what WSL reads', () => {
  test('is root\'s, readable and not executable', () => {
    assertFile('etc/wsl.conf', '-rw-r--r--');
    assertFile('etc/wsl-distribution.conf', '-rw-r--r--');
  });

  test('wsl.conf: no systemd, no WSLg, our user', () => {
    const conf = parseConf(image.read('etc/wsl.conf'));

    assert.deepEqual(conf, {
      boot: { systemd: 'false', command: '/usr/libexec/helix-wsl/boot' },
      user: { default: 'helix' },
      general: { guiApplications: 'false' },
    });
    assertFile('usr/libexec/helix-wsl/boot', '-rwxr-xr-x');
  });

  test('wsl-distribution.conf: everything that it names is there', () => {
    const conf = parseConf(image.read('etc/wsl-distribution.conf'));
    const icon = readFileSync(join(image.tree, conf.shortcut.icon));

    assert.deepEqual(Object.keys(conf), ['oobe', 'shortcut', 'windowsterminal']);
    assert.equal(conf.oobe.defaultName, 'Helix');
    assert.equal(Number(conf.oobe.defaultUid), UID);
    assertFile(conf.oobe.command.slice(1), '-rwxr-xr-x');
    assert.equal(icon.readUInt32LE(0), 0x00010000, 'an .ico');
    assert.ok(icon.length < 1 << 20);
    assert.ok(Array.isArray(JSON.parse(image.read(conf.windowsterminal.profileTemplate)).profiles));
  });

  test('masks what would fight with WSL when systemd is on, and boots to no display', () => {
    for (const unit of ['systemd-resolved.service', 'systemd-networkd.service', 'NetworkManager.service',
      'systemd-tmpfiles-setup.service', 'systemd-tmpfiles-clean.service', 'systemd-tmpfiles-clean.timer',
      'systemd-tmpfiles-setup-dev.service', 'systemd-tmpfiles-setup-dev-early.service', 'tmp.mount',
      'systemd-networkd-wait-online.service', 'getty@tty1.service', 'console-getty.service',
      'systemd-firstboot.service'])
      assert.equal(entries.get(`etc/systemd/system/${unit}`)?.target, '/dev/null', unit);
    assert.match(entries.get('etc/systemd/system/default.target').target, /multi-user\.target$/);
    assert.ok(entries.has('usr/sbin/init'));
  });
});

describe('the user', () => {
  test('has an unusual number, and its groups', () => {
    const helix = passwd('etc/passwd').find(([name]) => name === 'helix');
    const groups = passwd('etc/group').filter(([, , , members]) => members.split(',').includes('helix'));

    assert.deepEqual(helix.slice(2, 4), [String(UID), String(UID)]);
    for (const gid of [27, 44, 29]) assert.ok(groups.some(([, , id]) => Number(id) === gid), `${gid}`);
    assert.ok(groups.some(([name]) => name === 'render'));
  });

  test('is the only person, and nobody has a password', () => {
    const people = passwd('etc/passwd').filter(([, , uid]) => uid >= 1000 && uid < 60000);

    assert.deepEqual(people.map(([name]) => name), ['helix']);
    for (const [name, hash] of passwd('etc/shadow')) assert.match(hash, /^[!*]+$/, name);
    assertFile('etc/shadow', '-rw-r-----', '0/42');
  });

  test('may become root without being asked', () => {
    assertFile('etc/sudoers.d/helix', '-r--r-----');
    assert.equal(image.run(['sudo', '-n', 'id', '-u']).stdout, '0\n');
  });

  test('is greeted with two lines', () => {
    const shell = image.run(['script', '-qec', 'bash -lc true', '/dev/null']);

    assert.equal(shell.status, 0, shell.stderr);
    assert.equal(shell.stdout.trimEnd().split('\n').length, 2, shell.stdout);
    assert.match(shell.stdout, /helix-agent doctor/);
  });
});

describe('what must not be shipped', () => {
  test('is not there', () => {
    const forbidden = [
      /^etc\/(resolv\.conf|hostname|hosts|machine-id)$/, /^var\/lib\/dbus\/machine-id$/,
      /^boot\/./, /^usr\/lib\/modules\/./, /^lib\/modules\//, /(^|\/)(initrd\.img|vmlinuz)/,
      /^var\/lib\/apt\/lists\/./, /^var\/cache\/(?!fontconfig|debconf|dictionaries-common)[^/]+\/./, /(^|\/)__pycache__(\/|$)/, /^var\/log\/.*\.log/,
      /^(tmp|run|dev|proc|sys|mnt|root\/\.cache)\/./, /^etc\/(passwd|shadow|group|gshadow|subuid|subgid)-$/,
      /^etc\/ssh\/ssh_host_/, /^var\/lib\/systemd\/random-seed$/, /^etc\/[^/]*\.dpkg-/, /99mmdebstrap/,
      /^usr\/share\/(man|info|help|gtk-doc)\/.*[^/]\.gz$/, /^var\/lib\/dpkg\/.*-old$/,
      /^root\/\.(bash_history|wget-hsts)/, /\.deb$/, /policy-rc\.d$/, /(^|\/)core$/,
    ];
    const directory = (path) => entries.get(path).mode.startsWith('d');

    for (const expression of forbidden)
      assert.deepEqual(paths(expression).filter((path) => !directory(path)), [], `${expression}`);
  });

  test('names of this machine and of its mirrors', () => {
    const sources = image.read('etc/apt/sources.list.d/helix.list');

    for (const line of sources.trimEnd().split('\n'))
      assert.match(line, /^deb http:\/\/(deb\.debian\.org|(archive|security)\.ubuntu\.com)\//);
    assert.ok(!existsSync(join(image.tree, 'etc/apt/apt.conf')));
    for (const path of paths(/^etc\/apt\/apt\.conf\.d\/./))
      assert.doesNotMatch(image.read(path), /proxy|Check-Valid-Until/i, path);
  });

  test('but the licence of every package is', () => {
    const without = Object.keys(image.manifest.packages)
      .filter((name) => !existsSync(join(image.tree, 'usr/share/doc', name, 'copyright')) &&
        !entries.get(`usr/share/doc/${name}`)?.target);

    assert.deepEqual(without, []);
  });
});

describe('the manifest', () => {
  const { manifest } = image;

  test('is what the launcher takes', () => {
    assert.equal(manifest.name, 'Helix');
    assert.equal(manifest.version, readFileSync(join(TOP, 'agent/VERSION'), 'utf8').trim());
    assert.match(manifest.url, /^[A-Za-z0-9._-]+\.tar\.gz$/);
    assert.match(manifest.minimum_wsl, /^\d+\.\d+\.\d+$/);
    assert.ok(image.manifestBytes <= 65536, `${image.manifestBytes} bytes`);
    assert.ok(Object.keys(manifest).indexOf('packages') > Object.keys(manifest).indexOf('minimum_wsl'));
  });

  test('tells the truth', () => {
    assert.equal(manifest.size, statSync(image.archive).size);
    assert.equal(manifest.sha256, image.hash);
    const files = [...entries.values()].reduce((sum, { size }) => sum + size, 0);
    assert.ok(manifest.unpacked_size >= files && manifest.unpacked_size < files * 1.2);
  });

  test('agrees with SHA256SUMS, and the .wsl is the same file', () => {
    const sums = new Map(readFileSync(join(DIRECTORY, 'SHA256SUMS'), 'utf8').trimEnd().split('\n')
      .map((line) => line.split('  ').reverse()));
    const wsl = manifest.url.replace(/\.tar\.gz$/, '.wsl');

    assert.equal(sums.get(manifest.url), manifest.sha256);
    assert.equal(sums.get(wsl), manifest.sha256);
    assert.equal(statSync(join(DIRECTORY, wsl)).ino, statSync(image.archive).ino);
    for (const [name, sum] of sums) assert.equal(sha256(join(DIRECTORY, name)), sum, name);
  });

  test('and the bill of materials name what dpkg names', () => {
    const output = image.run(['dpkg-query', '-W', '-f', '${Package} ${Version}\n']).stdout;
    const installed = Object.fromEntries(output.trimEnd().split('\n').map((line) => line.split(' ')));
    const [root, ...packages] = image.sbom.packages;

    assert.deepEqual(manifest.packages, installed);
    assert.equal(image.sbom.spdxVersion, 'SPDX-2.3');
    assert.equal(root.checksums[0].checksumValue, manifest.sha256);
    assert.deepEqual(Object.fromEntries(packages.map((p) => [p.name, p.versionInfo])), installed);
    assert.equal(new Set(image.sbom.packages.map((p) => p.SPDXID)).size, image.sbom.packages.length);
    assert.equal(image.sbom.relationships.length, image.sbom.packages.length);
  });
});

describe('the packages', () => {
  test('are whole: dpkg and apt have nothing to say', () => {
    for (const command of [['dpkg', '--audit'], ['apt-get', '-qq', 'check']]) {
      const { status, stdout, stderr } = image.run(command, { user: 'root' });
      assert.deepEqual({ status, stdout, stderr }, { status: 0, stdout: '', stderr: '' }, command.join(' '));
    }
  });

  test('have every library that their programs ask for', () => {
    const script = 'for f in /usr/bin/helix-agent /usr/libexec/helix/* /usr/lib/*/dri/*.so ' +
      '/usr/lib/*/gstreamer-1.0/*.so; do ldd "$f" 2>/dev/null | sed -n "s|=> not found|$f|p"; done';

    assert.equal(image.run(['sh', '-c', script]).stdout, '');
  });

  test('the settings file says the defaults', () => {
    const comments = image.read('etc/helix.conf').replace(/^#(?=[a-z-]+=.)/gm, '').replace(/^app=foot$/m, '#app=');
    const config = image.run(['sh', '-c', 'printf %s "$0" >/tmp/c && HELIX_CONFIG=/tmp/c exec helix-agent config',
      comments]);
    const defaults = image.run(['sh', '-c', 'HELIX_CONFIG=/dev/null exec helix-agent config']);
    const values = (text) => text.split('\n').filter((line) => !/^# (default|file)$/.test(line));

    assert.equal(config.status, 0, config.stderr);
    assert.deepEqual(values(config.stdout), values(defaults.stdout));
  });
});
