/* What is in the image, against the rules of WSL (learn.microsoft.com, "Build a custom Linux
 * distribution for WSL") and our own. ROOTFS_PROFILE: desktop instead of minimal. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, test } from 'node:test';
import { DIRECTORY, openImage, parseConf, sha256, TOP } from './image.mjs';

const profile = process.env.ROOTFS_PROFILE ?? 'minimal';
const image = openImage(profile);
const { entries } = image;
const COMPRESSED_LIMIT = { desktop: 450e6, minimal: 200e6 }[profile];
const UID = 1789;
/* Programs that become somebody else: all of them root, or the group that reads /etc/shadow. */
const SETUID = ['chfn', 'chsh', 'dbus-daemon-launch-helper', 'fusermount3', 'gpasswd', 'mount', 'newgrp', 'passwd',
  ...(profile === 'desktop' ? ['polkit-agent-helper-1'] : []), 'su', 'sudo', 'umount'];
const SETGID = ['chage', 'expiry', 'unix_chkpwd'];
const DATE = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;

const inSources = (path) => readFileSync(join(TOP, path), 'utf8');
/** The entries of a list with comments. */
const lines = (path) => inSources(path).split('\n').map((line) => line.replace(/#.*/, '').trim()).filter(Boolean);
const passwd = (file) => image.read(file).trimEnd().split('\n').map((line) => line.split(':'));

/** What dpkg says of the packages. */
function installed() {
  const { stdout } = image.run(['dpkg-query', '-W', '-f',
    '${Package}\t${Version}\t${Architecture}\t${source:Package}\t${source:Version}\n']);
  return stdout.trimEnd().split('\n').map((line) => line.split('\t'))
    .map(([name, version, architecture, source, sourceVersion]) =>
      ({ name, version, architecture, source, sourceVersion }));
}

/** Paths that the expression finds. */
const paths = (expression) => [...entries.keys()].filter((path) => expression.test(path));

const assertFile = (path, mode, owner = '0/0') =>
  assert.deepEqual({ mode: entries.get(path)?.mode, owner: entries.get(path)?.owner }, { mode, owner }, path);

describe('the image is of this tree', () => {
  const stale = (what) => `make rootfs PROFILE=${profile}: the image is older than the tree (${what})`;

  test('our files', () => {
    for (const overlay of ['common', profile].map((name) => join(TOP, 'wsl-rootfs/overlay', name)).filter(existsSync))
      for (const entry of readdirSync(overlay, { recursive: true, withFileTypes: true }).filter((e) => e.isFile())) {
        const path = relative(overlay, join(entry.parentPath ?? entry.path, entry.name));
        const ours = readFileSync(join(overlay, path));
        assert.ok(existsSync(join(image.tree, path)) && ours.equals(readFileSync(join(image.tree, path))), stale(path));
      }
    assert.ok(readFileSync(join(TOP, 'windows-launcher/res/helix.ico'))
      .equals(readFileSync(join(image.tree, 'usr/share/wsl/helix.ico'))), stale('helix.ico'));
  });

  test('the packages of the lists', () => {
    for (const name of ['base', profile].flatMap((list) => lines(`wsl-rootfs/packages/${list}.txt`)))
      assert.ok(Object.hasOwn(image.manifest.packages, name), stale(name));
  });
});

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

  test('holds the programs that become somebody else, and no others', () => {
    const become = (at) => [...entries].filter(([, { mode }]) => mode.startsWith('-') && /[sS]/.test(mode[at]))
      .map(([path]) => path.split('/').pop()).sort();

    assert.deepEqual(become(3), SETUID);
    assert.deepEqual(become(6), SETGID);
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
    const units = lines('wsl-rootfs/masks.txt');

    assert.ok(units.includes('systemd-resolved.service'));
    for (const unit of units) assert.equal(entries.get(`etc/systemd/system/${unit}`)?.target, '/dev/null', unit);
    assert.match(entries.get('etc/systemd/system/default.target').target, /multi-user\.target$/);
    assert.ok(entries.has('usr/sbin/init'));
  });

  test('has what WSL starts the user\'s session with when systemd is on', () => {
    assertFile('usr/bin/login', '-rwxr-xr-x');
    assertFile('etc/pam.d/login', '-rw-r--r--');
    assertFile('usr/lib/pam.d/systemd-user', '-rw-r--r--');
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

  test('has letters beyond ASCII', () => {
    assert.equal(image.run(['locale', 'charmap']).stdout, 'UTF-8\n');
    assert.equal(image.run(['printenv', 'LANG']).stdout, 'C.UTF-8\n');
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
    /* In the image, where links lead to its own files. */
    const script = 'for name; do [ -s "/usr/share/doc/$name/copyright" ] || echo "$name"; done';
    const { status, stdout } = image.run(['sh', '-c', script, 'sh', ...Object.keys(image.manifest.packages)]);

    assert.deepEqual({ status, stdout }, { status: 0, stdout: '' });
  });
});

describe('the manifest', () => {
  const { manifest } = image;

  test('is what the launcher takes', () => {
    assert.equal(manifest.name, 'Helix');
    const revision = inSources('wsl-rootfs/REVISION').trim();
    assert.equal(manifest.version, inSources('agent/VERSION').trim() + (revision === '0' ? '' : `-${revision}`));
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

  test('names what dpkg names', () => {
    assert.deepEqual(manifest.packages, Object.fromEntries(installed().map(({ name, version }) => [name, version])));
  });

  test('says of which day the lists of packages were', () => {
    const { suite } = manifest;

    assert.deepEqual(Object.keys(manifest.package_lists), [suite, `${suite}-security`, `${suite}-updates`]);
    for (const date of Object.values(manifest.package_lists)) {
      assert.match(date, DATE);
      assert.ok(Math.abs(new Date(date) - statSync(image.archive).mtime) < 365 * 86400e3, date);
    }
  });
});

describe('the bill of materials', () => {
  const { manifest, sbom } = image;
  const { packages, relationships } = sbom;
  const name = manifest.url.replace(/\.tar\.gz$/, '');
  const release = ['ID', 'VERSION_ID'].map((key) =>
    new RegExp(`^${key}="?([^"\n]*)`, 'm').exec(image.read('etc/os-release'))[1]);
  const purl = (vendor, { name: package_, version }, qualifiers) =>
    `pkg:deb/${vendor}/${encodeURIComponent(package_)}@${encodeURIComponent(version)}?` +
    qualifiers.map(([key, value]) => `${key}=${encodeURIComponent(value)}`).join('&');
  const distro = ['distro', release.join('-')];
  const purlOf = ({ externalRefs }) => externalRefs.map(({ referenceCategory, referenceType, referenceLocator }) => {
    assert.deepEqual([referenceCategory, referenceType], ['PACKAGE-MANAGER', 'purl']);
    return referenceLocator;
  }).join();
  const find = (wanted) => packages.find((p) => p.name === wanted);
  const related = (type) => relationships.filter(({ relationshipType }) => relationshipType === type)
    .map(({ spdxElementId, relatedSpdxElement }) => `${spdxElementId} ${relatedSpdxElement}`).sort();
  const [root] = packages;
  const system = find(release[0]);
  const source = find('gst-plugins-bad1.0');

  test('has what SPDX 2.3 asks of a document', () => {
    assert.equal(sbom.spdxVersion, 'SPDX-2.3');
    assert.equal(sbom.dataLicense, 'CC0-1.0');
    assert.equal(sbom.SPDXID, 'SPDXRef-DOCUMENT');
    assert.equal(sbom.name, name);
    assert.equal(new URL(sbom.documentNamespace).hash, '');
    assert.ok(sbom.documentNamespace.includes(manifest.sha256), 'no two documents have the same namespace');
    assert.match(sbom.creationInfo.created, DATE);
    assert.ok(sbom.creationInfo.creators.length > 0);
    for (const creator of sbom.creationInfo.creators) assert.match(creator, /^(Tool|Organization|Person): ./);
  });

  test('and of each package', () => {
    for (const each of packages) {
      assert.ok(each.name, JSON.stringify(each));
      assert.match(each.SPDXID, /^SPDXRef-[A-Za-z0-9.-]+$/);
      assert.equal(each.downloadLocation, 'NOASSERTION', each.name);
      assert.equal(each.filesAnalyzed, false, each.name);
      assert.ok(each.versionInfo, each.name);
      if (each.supplier) assert.match(each.supplier, /^Organization: [^<>]+$/);
    }
    assert.equal(new Set(packages.map((p) => p.SPDXID)).size, packages.length);
  });

  test('and of their relations', () => {
    const inside = packages.filter((p) => p !== root && p !== source);

    assert.deepEqual(related('DESCRIBES'), [`SPDXRef-DOCUMENT ${root.SPDXID}`]);
    assert.deepEqual(related('CONTAINS'), inside.map((p) => `${root.SPDXID} ${p.SPDXID}`).sort());
    assert.deepEqual(related('GENERATED_FROM'), [`${find('helix-gstreamer-plugins').SPDXID} ${source.SPDXID}`]);
    assert.equal(relationships.length, packages.length);
  });

  test('names the image and its system', () => {
    assert.deepEqual([root.name, root.versionInfo, root.checksums],
      [name, manifest.version, [{ algorithm: 'SHA256', checksumValue: manifest.sha256 }]]);
    assert.deepEqual([system.versionInfo, system.primaryPackagePurpose], [release[1], 'OPERATING-SYSTEM']);
  });

  test('names what dpkg names, by release and source', () => {
    const expected = installed().map(({ name: each, version, architecture, source: from, sourceVersion }) => ({
      name: each, versionInfo: version, sourceInfo: `built package from: ${from} ${sourceVersion}`,
      purl: purl(each.startsWith('helix-') ? 'helix' : release[0], { name: each, version },
        [['arch', architecture], distro, ['upstream', `${from}@${sourceVersion}`]]),
    }));
    const found = packages.filter((p) => ![root, system, source].includes(p))
      .map((p) => ({ name: p.name, versionInfo: p.versionInfo, sourceInfo: p.sourceInfo, purl: purlOf(p) }));
    const byName = (a, b) => (a.name < b.name ? -1 : 1);

    assert.deepEqual(found.sort(byName), expected.sort(byName));
  });

  test('names what our own plugins were taken from', () => {
    const { versionInfo: version } = find('helix-gstreamer-plugins');

    assert.equal(source.versionInfo, version);
    assert.equal(purlOf(source), purl(release[0], { name: source.name, version }, [['arch', 'source'], distro]));
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
