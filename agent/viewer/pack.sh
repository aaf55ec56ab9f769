#!/bin/sh
# Writes the page's files, given as arguments, as C on stdout: the table that net/page.h declares.
# A file is served by its path below agent/viewer/ or streaming-protocol/js/.
# Needs only what every Debian has: od, sed, sha256sum.
set -eu

content_type() {
	case $1 in
	*.html) echo 'text/html; charset=utf-8' ;;
	*.css) echo 'text/css; charset=utf-8' ;;
	*.js) echo 'text/javascript; charset=utf-8' ;;
	*.svg) echo 'image/svg+xml' ;;
	*) echo "pack.sh: $1: no content type for this name" >&2 && return 1 ;;
	esac
}

served_path() {
	case $1 in
	*agent/viewer/*) echo "/${1##*agent/viewer/}" ;;
	*streaming-protocol/js/*) echo "/${1##*streaming-protocol/js/}" ;;
	*) echo "pack.sh: $1: not a file of the page" >&2 && return 1 ;;
	esac
}

printf '/* Written by agent/viewer/pack.sh. */\n#include "net/page.h"\n'
rows=
count=0
for file; do
	path=$(served_path "$file")
	type=$(content_type "$file")
	sum=$(sha256sum <"$file")
	[ -s "$file" ] || { echo "pack.sh: $file is empty" >&2 && exit 1; }

	printf '\nstatic const unsigned char file_%d[] = {\n' "$count"
	od -An -v -tu1 "$file" | sed 's/^ *//; s/  */,/g; s/$/,/'
	printf '};\n'
	rows="$rows	{ \"$path\", \"$type\", file_$count, sizeof file_$count,
		\"\\\"$(echo "$sum" | cut -c1-32)\\\"\" },
"
	count=$((count + 1))
done
[ "$count" -gt 0 ] || { echo 'pack.sh: no files given' >&2 && exit 1; }

printf '\nconst struct page_file page_files[] = {\n%s};\n' "$rows"
printf 'const size_t page_file_count = sizeof page_files / sizeof *page_files;\n'
