#!/bin/sh
# Installs the agent's package and what it depends on. DEB: where it is.
set -eu

cp "$DEB" "$1/tmp/helix-agent.deb"
chroot "$1" apt-get -qq -y --no-install-recommends install /tmp/helix-agent.deb
rm "$1/tmp/helix-agent.deb"

# The bare compositor shows nothing: an image for it starts a terminal.
[ "$PROFILE" != minimal ] || sed -i 's/^#app=$/app=foot/' "$1/etc/helix.conf"
