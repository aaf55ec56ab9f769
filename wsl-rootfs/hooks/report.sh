#!/bin/sh
# Writes down what is in it, for the manifest and the bill of materials. REPORT: the file; beside it
# package_lists gets the day of each list that the packages were taken from.
set -eu

# shellcheck disable=SC2016 # dpkg's own variables
chroot "$1" dpkg-query -W \
	-f '${Package}\t${Version}\t${Architecture}\t${Installed-Size}\t${source:Package}\t${source:Version}\t${Maintainer}\t${Homepage}\n' |
	LC_ALL=C sort >"$REPORT"

lists=${REPORT%/*}/package_lists
for list in "$1"/var/lib/apt/lists/*_dists_*Release; do
	suite=${list##*_dists_}
	date=$(sed -n '/^Date: /{s///p;q}' "$list")
	[ -n "$date" ] || { echo "wsl-rootfs: $list has no Date, so nobody can tell how old it is" >&2; exit 1; }
	date=$(date -u -d "$date" +%Y-%m-%dT%H:%M:%SZ)
	printf '%s\t%s\n' "${suite%_*}" "$date"
done >"$lists"
LC_ALL=C sort -o "$lists" "$lists"
