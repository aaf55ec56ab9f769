/* The agent's Debian package: its lists agree with the others, and it goes as it came. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { openImage, TOP } from './image.mjs';

const read = (path) => readFileSync(join(TOP, path), 'utf8');
const names = (path) => read(path).split('\n').map((line) => line.replace(/#.*/, '').trim().split(/\s+/)[0])
  .filter(Boolean);

/* The packages of a field of debian/control, without versions. */
function field(name) {
  const found = new RegExp(`^${name}:((?:\n .*)+)`, 'm').exec(read('agent/packages/debian/control'));
  return found[1].split(/[,|\n]/).map((entry) => entry.trim().split(/[ (]/)[0])
    .filter((entry) => entry && !entry.startsWith('$'));
}

describe('debian/control', () => {
  test('builds with what build.txt names', () => {
    const essential = ['gcc', 'libc6-dev', 'make'];

    assert.deepEqual(field('Build-Depends').filter((name) => name !== 'debhelper-compat').sort(),
      names('agent/packages/build.txt').filter((name) => !essential.includes(name)).sort());
  });

  test('depends on and recommends what run.txt names, and mutter instead of GNOME', () => {
    const all = new Set([...field('Depends'), ...field('Recommends')]);

    assert.deepEqual([...all].filter((name) => name !== 'mutter').sort(), names('agent/packages/run.txt').sort());
  });

  test('debhelper-compat is what tools.txt installs debhelper for', () => {
    assert.ok(names('agent/packages/debian/tools.txt').includes('debhelper'));
  });
});

describe('the package in the image', () => {
  const image = openImage(process.env.ROOTFS_PROFILE ?? 'minimal');

  test('is as dpkg installed it, but for the settings that the image changes', () => {
    const { stdout } = image.run(['dpkg', '--verify', 'helix-agent'], { user: 'root' });
    const changed = stdout.trim().split('\n').map((line) => line.split(' ').pop())
      .filter((path) => path && !/^\/usr\/share\/(doc|man)\//.test(path));

    assert.deepEqual(changed, image.read('etc/helix.conf').includes('\napp=') ? ['/etc/helix.conf'] : []);
  });

  test('leaves nothing when it is purged', () => {
    const script = 'apt-get -qq -y purge helix-agent >/dev/null && find / -xdev -iname "*helix*" ! -path "/usr/lib/wsl/*" | sort';
    const { stdout } = image.run(['sh', '-c', script], { user: 'root' });
    const ours = /^\/(home\/helix|etc\/(apt|dpkg|profile\.d|sudoers\.d)\/|etc\/profile|usr\/libexec\/helix-wsl|usr\/share\/(wsl|glib-2\.0)\/|.*helix-gstreamer-plugins)/;

    assert.deepEqual(stdout.trim().split('\n').filter((path) => !ours.test(path)), []);
  });
});
