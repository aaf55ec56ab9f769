#!/bin/sh
# deb.sh [SUITE]: builds the agent's Debian package from this tree into build/deb/SUITE, and prints its
# path. Without SUITE for the release of this machine, with what is installed here; else, or with
# CHROOT=1, inside a tree of that release, which is kept in build/rootfs/cache with the packages of the
# day on which it was made. What was built of the same sources in the same place is not built again.
# FRESH=1 makes the tree and the package anew.
set -eu
cd "$(dirname "$0")/.."

# shellcheck source=/dev/null
here=$(. /etc/os-release && echo "$VERSION_CODENAME")
suite=${1:-$here}
# shellcheck source=wsl-rootfs/lib.sh
. wsl-rootfs/lib.sh

out=build/deb/$suite
package=helix-agent_${version}_$arch.deb
new=$out/new
stage=$new/helix-$version
# Debug symbols are a package of nearly the size of all the rest.
export DEB_BUILD_OPTIONS="noautodbgsym ${DEB_BUILD_OPTIONS-}"

# All that the Makefile reads for `make all install`, and nothing else.
stage_source() {
	rm -rf "$new"
	mkdir -p "$stage"
	{
		find Makefile LICENSE agent streaming-protocol -type f ! -path 'agent/packages/*'
		find . -name '*.mk' ! -path './build/*' ! -path '*/node_modules/*'
	} | tar -c --files-from=- | tar -x -C "$stage"
	cp -R agent/packages/debian "$stage/debian"
}

hash_of_source() {
	(cd "$stage" && find . -type f | LC_ALL=C sort | xargs sha256sum && echo "$SOURCE_DATE_EPOCH $where") |
		sha256sum
}

build_dependencies() {
	sed -n '/^Build-Depends:/,/^[A-Z]/s/^ \([a-z0-9.+-]*\).*/\1/p' agent/packages/debian/control |
		sed 's/^debhelper-compat$/debhelper/'
}

# The tree to build in: made once, and anew when it should hold other packages.
build_tree() {
	read_suite
	set -- "$(build_dependencies | paste -sd ,)"
	key=$(printf '%s' "$1 $suite $components" | sha256sum | cut -c 1-12)
	tree=$cache/build-$suite-$arch-$key.tar
	[ ! -f "$tree" ] || [ "${FRESH-}" = 1 ] || return 0
	say TREE "$tree"
	rm -f "$tree"
	bootstrap --variant=buildd --format=tar --include="$1" '' "$tree.new"
	mv "$tree.new" "$tree"
}

build_inside() {
	build_tree
	bootstrap --variant=custom --format=null --skip=update \
		--setup-hook="tar-in $tree /" \
		--customize-hook="mkdir -p \"\$1/build/helix-$version\"" \
		--customize-hook="sync-in $stage /build/helix-$version" \
		--customize-hook="chroot \"\$1\" sh -c 'cd /build/helix-$version && exec dpkg-buildpackage -b -us -uc'" \
		--customize-hook="sync-out /build $new" '' /dev/null
}

build_here() {
	(cd "$stage" && dpkg-buildpackage -b -us -uc >&2)
}

where=inside
[ "$suite" != "$here" ] || [ "${CHROOT-}" = 1 ] || where=here

stage_source
hash=$(hash_of_source)
if [ "${FRESH-}" = 1 ] || [ "$(cat "$out/source.sha256" 2>/dev/null)" != "$hash" ] ||
	[ ! -f "$out/$package" ]; then
	say DEB "$suite/$package"
	rm -f "$out/source.sha256"
	"build_$where"
	mv "$new"/*.deb "$new"/*.buildinfo "$new"/*.changes "$out"
	echo "$hash" >"$out/source.sha256"
fi
rm -r "$new"
echo "$out/$package"
