#!/bin/sh
# What WSL's init brings to a distribution, and how it starts programs in it: in one place, for the tests
# that enter an image themselves (enter.sh) and for the tests' wsl.exe (launcher/bridge_system.c).
# Neither Windows nor /dev/dxg is there. Takes root, a mount and a PID namespace of its own.
#
#   distribution.sh mount ROOT             its mounts and files; once
#   distribution.sh boot ROOT              the [boot] command of its wsl.conf
#   distribution.sh run ROOT COMMAND...    as `wsl -d NAME --user USER --cd DIRECTORY --exec COMMAND...`
#
#   WSL_NAME, WSL_USER, WSL_DIRECTORY      Helix, that of wsl.conf, and the user's home without them
set -eu

verb=$1
root=$2
shift 2
path=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/usr/games:/usr/lib/wsl/lib

# A value of wsl.conf, by its key: no two sections have the same one.
value() { sed -n "s/^$1 *= *//p" "$root/etc/wsl.conf"; }

# LANG comes from there and from nowhere else.
locale_of() {
	[ ! -f "$root/etc/default/locale" ] || sed -n 's/^LANG=//p' "$root/etc/default/locale" | tr -d \"
}

mount_all() {
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
}

boot() {
	command=$(value command)
	[ -z "$command" ] || exec chroot "$root" env -i HOME=/root PATH="$path" /bin/sh -c "$command"
}

run() {
	user=${WSL_USER:-$(value default)}
	home=$(chroot "$root" getent passwd "$user" | cut -d : -f 6)
	lang=$(locale_of)
	exec chroot "$root" setpriv --reuid "$user" --regid "$(chroot "$root" id -g "$user")" --init-groups \
		env -i --chdir="${WSL_DIRECTORY:-$home}" HOME="$home" USER="$user" LOGNAME="$user" \
		SHELL=/bin/bash ${lang:+LANG="$lang"} TERM=xterm-256color HOSTTYPE=x86_64 NAME=helix \
		WSL_DISTRO_NAME="${WSL_NAME:-Helix}" WSL_INTEROP=/run/WSL/1_interop WSLENV= PATH="$path" "$@"
}

case $verb in
mount) mount_all ;;
boot) boot ;;
run) run "$@" ;;
*) exit 2 ;;
esac
