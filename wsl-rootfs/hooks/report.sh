#!/bin/sh
# Writes down what is in it, for the manifest and the bill of materials. REPORT: the file.
set -eu

# shellcheck disable=SC2016 # dpkg's own variables
chroot "$1" dpkg-query -W \
	-f '${Package}\t${Version}\t${Architecture}\t${Installed-Size}\t${source:Package}\t${source:Version}\t${Maintainer}\t${Homepage}\n' |
	LC_ALL=C sort >"$REPORT"
