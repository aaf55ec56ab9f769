#!/bin/sh
# enter.sh TREE COMMAND...: runs a command in an image as WSL would run `wsl -d Helix --exec COMMAND`: the
# default user, WSL's environment, its mounts, /usr/lib/wsl, but neither Windows nor /dev/dxg. Whatever
# is written goes with the last process; the tree stays as it is. Takes root.
set -eu

if [ "${INSIDE-}" != yes ]; then
	exec env INSIDE=yes unshare --mount --pid --fork --kill-child --propagation private "$0" "$@"
fi
unset INSIDE

tree=$1
shift
root=$tree.root
mkdir -p "$root"
mount -t tmpfs -o mode=755 tmpfs "$root"
mkdir "$root/upper" "$root/work" "$root/root"
mount -t overlay -o "lowerdir=$tree,upperdir=$root/upper,workdir=$root/work" overlay "$root/root"
root=$root/root

# What WSL's init brings.
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
for device in null zero full random urandom tty; do
	: >"$root/dev/$device"
	mount --bind "/dev/$device" "$root/dev/$device"
done
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=666,mode=620 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
mount -t proc proc "$root/proc"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mkdir -p "$root/usr/lib/wsl/lib" "$root/usr/lib/wsl/drivers"
echo /usr/lib/wsl/lib >"$root/etc/ld.so.conf.d/ld.wsl.conf"
echo "127.0.0.1 localhost helix $(hostname)" >"$root/etc/hosts"
echo 'nameserver 10.255.255.254' >"$root/etc/resolv.conf"
chroot "$root" ldconfig

value() { sed -n "s/^$1=//p" "$root/etc/wsl.conf"; }
boot=$(value command)
[ -z "$boot" ] || chroot "$root" /bin/sh -c "$boot"
user=${WSL_USER:-$(value default)}
home=$(chroot "$root" getent passwd "$user" | cut -d : -f 6)

exec chroot "$root" setpriv --reuid "$user" --regid "$(chroot "$root" id -g "$user")" --init-groups \
	env -i --chdir="$home" HOME="$home" USER="$user" LOGNAME="$user" SHELL=/bin/bash \
	LANG=C.UTF-8 TERM=xterm-256color HOSTTYPE=x86_64 NAME=helix WSL_DISTRO_NAME=Helix \
	WSL_INTEROP=/run/WSL/1_interop WSLENV= \
	PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/usr/games:/usr/lib/wsl/lib \
	"$@"
