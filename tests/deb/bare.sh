#!/bin/sh
# bare.sh SUITE TREE: a bare Debian of that release with the agent's package and what it depends on, nothing
# else, and a user "person". TREE is made anew; TREE.before lists the files that were there without.
set -eu
cd "$(dirname "$0")/../.."

suite=$1
tree=$2
# shellcheck source=wsl-rootfs/lib.sh
. wsl-rootfs/lib.sh
read_suite

deb=$(wsl-rootfs/deb.sh "$suite")
rm -rf "$tree"
mkdir -p "$(dirname "$tree")"
# shellcheck disable=SC2016 # the hooks' own variables
bootstrap --variant=minbase --format=directory \
	--customize-hook='chroot "$1" useradd --create-home --shell /bin/bash person' \
	--customize-hook="chroot \"\$1\" find / -xdev | sort > \"$PWD/$tree.before\"" \
	--customize-hook="cp $deb \"\$1/tmp/helix-agent.deb\"" \
	--customize-hook='chroot "$1" apt-get -qq -y --no-install-recommends install /tmp/helix-agent.deb' \
	--customize-hook='rm "$1/tmp/helix-agent.deb"' '' "$tree"
