#!/bin/sh
# The user. Its number is unusual because two distributions with systemd and users of one number
# disturb each other; its groups go by number because the devices are the virtual machine's, and every
# distribution in it may call their groups what it likes.
set -eu

# adm, dialout, cdrom, sudo, audio, video (/dev/dri/card0), plugdev, users
groups=4,20,24,27,29,44,46,100
# Whose /dev/dri/renderD128 is, is decided when udev is installed. Where it is not, we decide.
chroot "$1" getent group render >/dev/null || chroot "$1" groupadd --system --gid 992 render
groups=$groups,$(chroot "$1" getent group render | cut -d : -f 3)

chroot "$1" groupadd --gid 1789 helix
chroot "$1" useradd --uid 1789 --gid 1789 --groups "$groups" --create-home --shell /bin/bash \
	--comment Helix helix
# The agent runs nothing of XDG's autostart, which would make them.
[ ! -x "$1/usr/bin/xdg-user-dirs-update" ] ||
	chroot "$1" setpriv --reuid 1789 --regid 1789 --clear-groups env HOME=/home/helix xdg-user-dirs-update
