#!/bin/sh
# enter.sh TREE COMMAND...: runs a command in an image as WSL would run `wsl -d Helix --exec COMMAND`
# (distribution.sh). Whatever is written goes with the last process; the tree stays as it is. Takes
# root.
#
#   WSL_USER   instead of the default user
#   WSL_BOOT   no: its [boot] command is left to the caller
set -eu

if [ "${INSIDE-}" != yes ]; then
	exec env INSIDE=yes unshare --mount --pid --fork --kill-child --propagation private "$0" "$@"
fi
unset INSIDE

distribution=$(dirname "$0")/distribution.sh
tree=$1
shift
root=$tree.root
mkdir -p "$root"
mount -t tmpfs -o mode=755 tmpfs "$root"
mkdir "$root/upper" "$root/work" "$root/root"
mount -t overlay -o "lowerdir=$tree,upperdir=$root/upper,workdir=$root/work" overlay "$root/root"
root=$root/root

"$distribution" mount "$root"
[ "${WSL_BOOT-}" = no ] || "$distribution" boot "$root"
exec "$distribution" run "$root" "$@"
