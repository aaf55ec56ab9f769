#!/bin/sh
# costs.sh TREE: what each package of an unpacked image costs in the archive, in MB, the dearest first.
# Compressed alone and quickly, so a little too much.
set -eu
cd "$1"

for list in var/lib/dpkg/info/*.list; do
	size=$(sed 's|^/||' "$list" | while read -r path; do
		[ ! -f "$path" ] || [ -L "$path" ] || echo "$path"
	done | tar -c --files-from=- 2>/dev/null | gzip -1 | wc -c)
	package=${list##*/}
	echo "$size ${package%.list}"
done | sort -nr | awk '{ printf "%6.1f  %s\n", $1 / 1e6, $2 }'
