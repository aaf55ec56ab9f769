/* A render node where there is none: words in front of a command (startAgent's `prefix`) that give it
 * a /dev of its own with /dev/dri/renderD128. Opened it is /dev/null; fake_node.so (va.mjs) makes
 * helix-encoder believe in it. Takes root, as the slow link does. */
const SCRIPT = 'mkdir -p /dev/dri && mount -t tmpfs -o mode=755 none /dev/dri && ' +
  'mknod -m 666 /dev/dri/renderD128 c 1 3 && exec "$0" "$@"';

export const withNode = ['unshare', '--mount', 'sh', '-c', SCRIPT];
