#!/bin/sh
# Nothing of this machine, of this day, or of the building stays.
set -eu
cd "$1"

chroot . apt-get clean
rm -rf var/lib/apt/lists/* var/cache/apt/* var/cache/debconf/*-old var/cache/ldconfig \
	var/lib/dpkg/*-old var/backups/* var/lib/systemd/random-seed tmp/* run/* root/.cache
# Python compiles again what it needs; 12 MB that few programs ask for.
find usr -type d -name __pycache__ -prune -exec rm -r {} +
rm -f etc/apt/apt.conf.d/99mmdebstrap etc/dpkg/dpkg.cfg.d/99mmdebstrap
# WSL and containers write these themselves.
rm -f etc/resolv.conf etc/hostname etc/hosts etc/machine-id var/lib/dbus/machine-id
rm -f etc/passwd- etc/shadow- etc/group- etc/gshadow- etc/subuid- etc/subgid- etc/.pwd.lock
find var/log -type f -delete
find var/cache/fontconfig -type f ! -name '*.cache-*' ! -name CACHEDIR.TAG -delete 2>/dev/null || true

# The day on which each password was changed: none has one.
awk -F : -v OFS=: -v day=$((SOURCE_DATE_EPOCH / 86400)) '{ $3 = day; print }' etc/shadow >tmp/shadow
cat tmp/shadow >etc/shadow
rm tmp/shadow
