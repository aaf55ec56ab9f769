#!/bin/sh
# twice.sh [PROFILE [SUITE]]: makes the agent's package and the image two times, of nothing that an
# earlier run kept, and fails unless both times give the same bytes.
set -eu
cd "$(dirname "$0")/.."

profile=${1:-desktop}
suite=${2:-trixie}
# shellcheck source=wsl-rootfs/lib.sh
. wsl-rootfs/lib.sh
kept=build/rootfs/twice
if [ "$profile" = desktop ]; then
	manifest=build/rootfs/manifest.json
else
	manifest=build/rootfs/manifest-$profile.json
fi

once() {
	rm -rf "$cache/$profile-$suite"
	deb=$(FRESH=1 CHROOT=1 wsl-rootfs/deb.sh "$suite")
	CHROOT=1 wsl-rootfs/rootfs.sh "$profile" "$suite"
	image=build/rootfs/$(sed -n 's/^  "url": "\(.*\)",$/\1/p' "$manifest")
	sha256sum "$deb" "$image" | tee "$kept/$1.sha256"
	# All but the days of the lists.
	sed '/"package_lists"/,/}/d' "$manifest" >"$kept/$1.json"
	# For whoever looks for the difference.
	ln -f "$image" "$kept/$1.tar.gz"
}

rm -rf "$kept"
mkdir -p "$kept"
once first
once second
if cmp -s "$kept/first.sha256" "$kept/second.sha256"; then
	rm -r "$kept"
	say SAME "$profile ($suite)"
elif ! diff "$kept/first.json" "$kept/second.json" >"$kept/difference"; then
	cat "$kept/difference" >&2
	die "two images that differ are in $kept. Where a package differs above, Debian has changed it meanwhile: try again"
else
	die "two packages of the agent differ: $kept/*.sha256"
fi
