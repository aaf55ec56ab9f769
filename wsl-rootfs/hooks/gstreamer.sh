#!/bin/sh
# Of the hundred plugins in GStreamer's "bad" set Helix uses the four below, and the libraries of the
# others (speech, neural networks, MIDI, Unicode tables) are a hundred megabytes of the image. So the four get
# a package of their own, which takes the place of the set. Who needs more installs
# gstreamer1.0-plugins-bad: apt then exchanges the two.
set -eu

plugins='nvcodec openh264 va videoparsersbad'
name=helix-gstreamer-plugins
work=$1/tmp/gstreamer

mkdir "$work"
chroot "$1" sh -c 'cd /tmp/gstreamer && apt-get -qq -o APT::Sandbox::User=root download gstreamer1.0-plugins-bad &&
	dpkg-deb -R gstreamer1.0-plugins-bad_*.deb original'
control=$work/original/DEBIAN/control
field() { sed -n "s/^$1: //p" "$control"; }

for plugin in $plugins; do
	from=$(cd "$work/original" && echo usr/lib/*/gstreamer-1.0/"libgst$plugin.so")
	install -D -m 644 -p "$work/original/$from" "$work/$name/$from"
done
install -D -m 644 -p "$work/original/usr/share/doc/gstreamer1.0-plugins-bad/copyright" \
	"$work/$name/usr/share/doc/$name/copyright"

# Of the original's dependencies those of these plugins, no longer bound to one build.
depends=$(field Depends | tr ',' '\n' | sed 's/^ //; s/(= /(>= /' | grep -E \
	'^(libc6|libgcc-s1|libglib2\.0|libgstreamer|gstreamer1\.0-plugins-base|libgudev|libopenh264|libstdc\+\+6|libva2)' |
	paste -sd ,)
mkdir "$work/$name/DEBIAN"
cat >"$work/$name/DEBIAN/control" <<CONTROL
Package: $name
Version: $(field Version)
Architecture: $(field Architecture)
Maintainer: The Helix authors <maintainers@helix-desktop.example>
Source: $(field Source) ($(field Version))
Section: libs
Priority: optional
Depends: $depends
Provides: gstreamer1.0-plugins-bad (= $(field Version))
Conflicts: gstreamer1.0-plugins-bad
Replaces: gstreamer1.0-plugins-bad
Description: GStreamer plugins that Helix uses
 Those of the set "bad" that parse and encode H.264, unchanged.
CONTROL
chroot "$1" dpkg-deb --root-owner-group -b "/tmp/gstreamer/$name" "/tmp/gstreamer/$name.deb"
chroot "$1" apt-get -qq -y --no-install-recommends install "/tmp/gstreamer/$name.deb"
rm -r "$work"
