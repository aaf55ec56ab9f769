#!/bin/sh
# rootfs.sh [PROFILE [SUITE]]: makes the image that WSL imports, into build/rootfs.
#   helix-VERSION-ARCH.tar.gz and .wsl (the same file), manifest.json, sbom.spdx.json, SHA256SUMS; names of
#   other profiles than desktop have the profile in them.
# MIRROR, SECURITY_MIRROR: where packages come from, instead of the suite's public mirrors.
set -eu
# shellcheck disable=SC2154 # what the suite's file says
cd "$(dirname "$0")/.."

profile=${1:-desktop}
suite=${2:-trixie}
minimum_wsl=2.0.0
# shellcheck source=wsl-rootfs/lib.sh
. wsl-rootfs/lib.sh
read_suite
[ -f "wsl-rootfs/packages/$profile.txt" ] || die "$profile: no such file in wsl-rootfs/packages"

out=build/rootfs
work=$cache/$profile-$suite
if [ "$profile" = desktop ]; then
	suffix=
else
	suffix=-$profile
fi
# The agent's, and which image of it: one with newer packages of Debian is a newer one, too.
read -r revision <wsl-rootfs/REVISION
image_version=$version
[ "$revision" = 0 ] || image_version=$version-$revision
name=helix$suffix-$image_version-$arch
mkdir -p "$work"

# What the hooks know beside the tree.
PROFILE=$profile
DEB=$(wsl-rootfs/deb.sh "$suite")
SOURCES=$(sources "$mirror" "$security")
REPORT=$PWD/$work/packages
export PROFILE DEB SOURCES REPORT

make_tree() {
	say ROOTFS "$name ($suite)"
	set -- gstreamer agent overlay user settings report clean
	for hook; do
		set -- "$@" "--customize-hook=wsl-rootfs/hooks/$hook.sh"
		shift
	done
	rm -f "$work/image.tar"
	bootstrap --variant=apt --format=tar \
		--include="$(packages_of wsl-rootfs/packages/base.txt "wsl-rootfs/packages/$profile.txt" | paste -sd ,)" \
		--dpkgopt=wsl-rootfs/overlay/common/etc/dpkg/dpkg.cfg.d/helix-image \
		"$@" '' "$work/image.tar"
	# mmdebstrap leaves /dev out with what is in it.
	mkdir -p "$work/empty/dev"
	tar -r -f "$work/image.tar" -C "$work/empty" --format=pax --mode=755 --owner=root:0 --group=root:0 \
		--mtime="@$SOURCE_DATE_EPOCH" --pax-option=delete=atime,delete=ctime ./dev
}

pack() {
	say GZIP "$name.tar.gz"
	gzip -n -9 <"$work/image.tar" >"$work/image.tar.gz"
	mv "$work/image.tar.gz" "$out/$name.tar.gz"
	ln -f "$out/$name.tar.gz" "$out/$name.wsl"
}

# The launcher reads this: windows-launcher/core/manifest.h.
manifest() {
	printf '{\n  "name": "Helix",\n  "version": "%s",\n  "profile": "%s",\n  "suite": "%s",\n' \
		"$image_version" "$profile" "$suite"
	printf '  "size": %s,\n  "unpacked_size": %s,\n  "sha256": "%s",\n' \
		"$(stat -c %s "$out/$name.tar.gz")" "$(stat -c %s "$work/image.tar")" "$sha256"
	printf '  "url": "%s.tar.gz",\n  "minimum_wsl": "%s"' "$name" "$minimum_wsl"
	for object in package_lists packages; do
		printf ',\n  "%s": {\n' "$object"
		awk -F '\t' '{ printf "%s    \"%s\": \"%s\"", (NR > 1 ? ",\n" : ""), $1, $2 } END { print "" }' \
			"$work/$object"
		printf '  }'
	done
	printf '\n}\n'
}

make_tree
pack
sha256=$(sha256sum "$out/$name.tar.gz" | cut -d ' ' -f 1)
manifest >"$out/manifest$suffix.json"
awk -v name="$name" -v version="$image_version" -v sha256="$sha256" -v release="$release" \
	-v created="$(date -u -d "@$SOURCE_DATE_EPOCH" +%Y-%m-%dT%H:%M:%SZ)" \
	-f wsl-rootfs/spdx.awk "$REPORT" >"$out/sbom$suffix.spdx.json"
(cd "$out" && sha256sum ./*.tar.gz ./*.wsl ./*.json | sed 's|  \./|  |' >SHA256SUMS)
rm "$work/image.tar"
ls -s --block-size=1M "$out/$name.tar.gz" >&2
