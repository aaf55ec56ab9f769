#!/bin/sh
# fresh.sh MANIFEST: fails if the image was made from lists of security updates of more than ten days
# ago. apt would have said so itself, if this machine's did not have its checks switched off.
set -eu

days=10
list=$(sed -n 's/^ *"\([^"]*-security\)": "\([0-9-]*T[0-9:]*Z\)",*$/\1 \2/p' "$1")
[ -n "$list" ] || {
	echo "wsl-rootfs: $1 does not say how old the list of security updates is" >&2
	exit 1
}
suite=${list% *}
date=${list#* }
age=$((($(date +%s) - $(date -d "$date" +%s)) / 86400))
[ "$age" -ge "$days" ] || exit 0
echo "wsl-rootfs: the list of $suite is of $date, $age days old: a release would lack what Debian has mended" \
	"since. Take another mirror (SECURITY_MIRROR), or set STALE=1." >&2
[ "${STALE-}" = 1 ]
