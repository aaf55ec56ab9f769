#!/bin/sh
# What is compiled from files that we brought, and what would otherwise be computed at first start.
set -eu

sed -e 's/#.*//' wsl-rootfs/masks.txt | while read -r unit; do
	[ -z "$unit" ] || ln -sf /dev/null "$1/etc/systemd/system/$unit"
done
ln -sf /usr/lib/systemd/system/multi-user.target "$1/etc/systemd/system/default.target"

[ ! -x "$1/usr/bin/glib-compile-schemas" ] ||
	chroot "$1" glib-compile-schemas /usr/share/glib-2.0/schemas

# Fonts are known by the times of their directories, which the archive will set to this.
if [ -x "$1/usr/bin/fc-cache" ]; then
	find "$1/usr/share/fonts" -type d -exec touch -d "@$SOURCE_DATE_EPOCH" {} +
	rm -f "$1"/var/cache/fontconfig/*
	chroot "$1" fc-cache -s -f
fi
