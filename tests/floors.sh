#!/bin/sh
# The floor rule (agent/README.md): an include may only point down.
#   4 agent/src/*.[ch]   3 session dbus pipewire encoder net doctor   2 port   1 core sys   0 libsp
#   windows-launcher: win above seam above core
# An adapter never includes another one; core never includes sys or a library; libsp only C's own.
set -eu
cd "$(dirname "$0")/.."
bad=0
complain() {
	echo "floors: $1" >&2
	bad=1
}

includes() { # FILE: what it includes from the project
	sed -n 's/^#[[:space:]]*include "\(.*\)"/\1/p' "$1"
}

for adapter in session dbus pipewire encoder net doctor; do
	for file in agent/src/$adapter/*.[ch]; do
		for include in $(includes "$file"); do
			case $include in
			"$adapter"/* | port/* | core/* | sys/* | sp.h) ;;
			*) complain "$file includes $include" ;;
			esac
		done
	done
done
for file in agent/src/port/*.h; do
	for include in $(includes "$file"); do
		case $include in port/* | core/* | sp.h) ;; *) complain "$file includes $include" ;; esac
	done
done
for file in agent/src/core/*.[ch]; do
	for include in $(includes "$file"); do
		case $include in core/* | sp.h) ;; *) complain "$file includes $include" ;; esac
	done
	if grep -nE '^#[[:space:]]*include <(systemd|gst|pipewire|spa|libwebsockets|cjson|unistd|sys/socket)' "$file"; then
		complain "$file includes a library, or the system"
	fi
done
for file in agent/src/sys/*.[ch]; do
	for include in $(includes "$file"); do
		case $include in sys/* | core/*) ;; *) complain "$file includes $include" ;; esac
	done
done
for file in agent/encoder/*.[ch] agent/portal/*.[ch] agent/glprobe/*.[ch]; do
	for include in $(includes "$file"); do
		case $include in
		core/* | sys/*) ;;
		*/*) complain "$file includes $include" ;;
		*) [ -f "$(dirname "$file")/$include" ] || complain "$file includes $include" ;;
		esac
	done
done
for file in streaming-protocol/src/*.[ch] streaming-protocol/include/*.h; do
	for include in $(sed -n 's/^#[[:space:]]*include [<"]\(.*\)[>"]/\1/p' "$file"); do
		case $include in
		sp.h | sp_*.h | assert.h | limits.h | stdbool.h | stddef.h | stdint.h | string.h) ;;
		*) complain "$file includes $include" ;;
		esac
	done
done
# The launcher: core is C99 and nothing else, and only win/ knows Windows.
for file in windows-launcher/core/*.[ch] windows-launcher/seam/*.h; do
	for include in $(includes "$file"); do
		case $include in core/* | seam/*) ;; *) complain "$file includes $include" ;; esac
	done
	for include in $(sed -n 's/^#[[:space:]]*include <\(.*\)>/\1/p' "$file"); do
		case $include in
		assert.h | ctype.h | errno.h | inttypes.h | limits.h | stdarg.h | stdbool.h | stddef.h) ;;
		stdint.h | stdio.h | stdlib.h | string.h) ;;
		*) complain "$file includes <$include>" ;;
		esac
	done
done
for file in windows-launcher/win/*.[ch]; do
	for include in $(includes "$file"); do
		case $include in
		core/* | seam/* | win/* | res/resource.h | sp.h | sp_tunnel.h) ;;
		*) complain "$file includes $include" ;;
		esac
	done
done
exit $bad
