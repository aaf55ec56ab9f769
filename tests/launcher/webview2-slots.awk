# webview2-slots.txt as a C header for fake_webview2.c: for each interface its name, IID, members and
# SLOT_interface_member, for each constant its value. One file defines WEBVIEW2_SLOTS_HERE first.
BEGIN {
	print "#pragma once\n\n#include <windows.h>\n"
	print "struct table_interface {\n\tconst char *name;\n\tIID iid;"
	print "\tint count;\n\tconst char *const *members;\n};\n"
}

function finish() {
	if (name == "")
		return
	printf "extern const struct table_interface type_%s;\n#ifdef WEBVIEW2_SLOTS_HERE\n", name
	printf "static const char *const members_%s[] = { %s };\n", name, members
	printf "const struct table_interface type_%s = {\n", name
	printf "\t\"%s\", { 0x%s, 0x%s, 0x%s, { ", name, part[1], part[2], part[3]
	for (i = 1; i < 16; i += 2)
		printf "0x%s, ", substr(part[4] part[5], i, 2)
	printf "} }, %d, members_%s\n};\n#endif\n", count, name
}

$1 == "interface" {
	finish()
	name = $2
	split($3, part, "-")
	members = "\"QueryInterface\", \"AddRef\", \"Release\""
	count = 3
}

$1 == "slot" {
	if ($2 != name || $4 != count) {
		print "webview2-slots.txt: a gap before " $0 > "/dev/stderr"
		exit 1
	}
	printf "enum { SLOT_%s_%s = %d };\n", $2, $3, $4
	members = members ", \"" $3 "\""
	count++
}

$1 == "value" {
	finish()
	name = ""
	printf "enum { %s = %d };\n", $2, $3
}
