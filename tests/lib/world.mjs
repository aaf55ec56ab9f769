/* Another machine for a program: words in front of its command (startAgent's `prefix`) that give it a
 * /dev, a kernel and a /usr/lib/wsl of its own, in a mount namespace. Takes root, as the slow link
 * does; nothing of it is seen outside.
 *
 *   spawn(...inWorld({ node: true }), program)
 *
 * node      /dev/dri/renderD128 is there. Opened it is /dev/null; fake_node.so (va.mjs) makes
 *           helix-encoder believe in it.
 * dxg       /dev/dxg is there, and is /dev/null
 * kernel    what /proc/sys/kernel/osrelease says
 * wslFiles  names in /usr/lib/wsl/lib; all empty files
 * wslinfo   {version, networking}: what that program answers */
const DEVICES = 'null zero full random urandom tty';

const quote = (text) => `'${text.replaceAll("'", "'\\''")}'`;

function script({ node, dxg, kernel, wslFiles, wslinfo }) {
  const lines = ['set -e', 'mount -t tmpfs -o mode=755 none /mnt', 'mkdir /mnt/dev',
    `for name in ${DEVICES}; do cp -a /dev/$name /mnt/dev/; done`,
    'ln -s /proc/self/fd /mnt/dev/fd', 'ln -s pts/ptmx /mnt/dev/ptmx',
    'for name in pts shm; do mkdir /mnt/dev/$name; mount --bind /dev/$name /mnt/dev/$name; done'];
  if (node) lines.push('mkdir /mnt/dev/dri', 'mknod -m 666 /mnt/dev/dri/renderD128 c 1 3');
  if (dxg) lines.push('mknod -m 666 /mnt/dev/dxg c 1 3');
  if (kernel)
    lines.push(`echo ${quote(kernel)} >/mnt/kernel`,
      'mount --bind /mnt/kernel /proc/sys/kernel/osrelease');
  if (wslFiles)
    lines.push('mkdir /mnt/up /mnt/work',
      'mount -t overlay -o lowerdir=/usr/lib,upperdir=/mnt/up,workdir=/mnt/work none /usr/lib',
      'mkdir -p /usr/lib/wsl/lib', ...wslFiles.map((name) => `touch /usr/lib/wsl/lib/${name}`));
  if (wslinfo)
    lines.push('mkdir /mnt/bin', `printf '%s\\n' '#!/bin/sh' ${quote(
      `case $1 in --version) echo ${wslinfo.version};; --networking-mode) echo ${wslinfo.networking};; esac`
    )} >/mnt/bin/wslinfo`, 'chmod 755 /mnt/bin/wslinfo', 'PATH=/mnt/bin:$PATH');
  lines.push('mount --rbind /mnt/dev /dev', 'exec "$0" "$@"');
  return lines.join('\n');
}

export function inWorld(what = {}) {
  return ['unshare', '--mount', 'sh', '-c', script(what)];
}
