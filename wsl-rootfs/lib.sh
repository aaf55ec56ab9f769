# shellcheck shell=sh disable=SC2034,SC2154
# What deb.sh and rootfs.sh share. They run at the top of the tree and set `suite`.

version=$(cat agent/VERSION)
arch=$(dpkg --print-architecture)
cache=build/rootfs/cache

say() { printf '  %-7s %s\n' "$1" "$2" >&2; }
die() { echo "wsl-rootfs: $*" >&2; exit 1; }

# The time of the changelog's first entry: the same tree gives the same bytes, whatever the day.
changelog_epoch() {
	date -d "$(sed -n 's/^ -- .*>  //p' agent/packages/debian/changelog | head -n 1)" +%s
}
export SOURCE_DATE_EPOCH="${SOURCE_DATE_EPOCH:-$(changelog_epoch)}"

[ "$(sed -n '1s/.*(\(.*\)).*/\1/p' agent/packages/debian/changelog)" = "$version" ] ||
	die "agent/packages/debian/changelog does not begin with $version, which agent/VERSION says"

# The packages that lists name, one a line, by the names that they have in this suite.
packages_of() {
	sed -e 's/#.*//' "$@" | awk -v replace="${replace-}" '
		BEGIN { n = split(replace, pairs, " "); for (i = 1; i <= n; i++) {
			split(pairs[i], p, "="); other[p[1]] = p[2] } }
		NF { print ($1 in other) ? other[$1] : $1 }'
}

read_suite() {
	[ -f "wsl-rootfs/suites/$suite.sh" ] || die "$suite: no such file in wsl-rootfs/suites"
	replace=
	# shellcheck source=wsl-rootfs/suites/trixie.sh
	. "wsl-rootfs/suites/$suite.sh"
}

# Lines of sources.list: sources MIRROR SECURITY-MIRROR.
sources() {
	printf 'deb %s %s %s\n' "$1" "$suite" "$components" "$1" "$suite-updates" "$components" \
		"$2" "$suite-security" "$components"
}

# Else what a machine has switched off for its own sake would be off for everybody, and nobody told.
admit_old_lists() {
	checks=$(sed -n 's/^Acquire::\(Check-[^ ]*\) "\(false\|no\|off\|0\)";$/\1/p' "$cache/apt.conf" | paste -sd ' ')
	[ -z "$checks" ] ||
		echo "wsl-rootfs: like this machine's apt, this takes lists of packages of any age (off: $checks)" >&2
}

# bootstrap ARGUMENT...: mmdebstrap for the suite. It reaches the packages as this machine does: by
# the proxy and the checks of its own apt, from MIRROR and SECURITY_MIRROR where they are set.
bootstrap() {
	mkdir -p "$cache/tmp"
	apt-config dump | grep -E '^Acquire::(https?::|Check-|Retries)' >"$cache/apt.conf" || true
	case " $* " in
	*" --skip=update "*) ;;
	*) admit_old_lists ;;
	esac
	sources "${MIRROR:-$mirror}" "${SECURITY_MIRROR:-$security}" |
		TMPDIR="$PWD/$cache/tmp" mmdebstrap --quiet --keyring="/usr/share/keyrings/$keyring" \
			--aptopt="$cache/apt.conf" --skip=output/dev "$@" - >&2
}
