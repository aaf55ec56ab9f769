# A software bill of materials, SPDX 2.3, of the lines that hooks/report.sh writes. Licences stand in
# /usr/share/doc/*/copyright of the image: dpkg does not know them, so nor do we here.
#
#   name, version, sha256, created    of the image
#   release                           debian-13: where its packages come from
#
# Who looks for known holes goes by release and source package. These stand in the package URLs
# (distro, upstream: https://github.com/package-url/purl-spec), and once more where other programs
# look: sourceInfo, and a package that is the operating system.

BEGIN {
	FS = "\t"
	image = "SPDXRef-image"
	distribution = release
	sub(/-.*/, "", distribution)
	number = substr(release, length(distribution) + 2)
	printf "{\n  \"spdxVersion\": \"SPDX-2.3\",\n  \"dataLicense\": \"CC0-1.0\",\n"
	printf "  \"SPDXID\": \"SPDXRef-DOCUMENT\",\n  \"name\": \"%s\",\n", name
	printf "  \"documentNamespace\": \"https://spdx.org/spdxdocs/%s-%s\",\n", name, sha256
	printf "  \"creationInfo\": {\"created\": \"%s\", \"creators\": [\"Tool: helix-rootfs\"]},\n", created
	printf "  \"documentDescribes\": [\"%s\"],\n  \"packages\": [\n", image
	begin(image, name, version)
	printf ",\n     \"checksums\": [{\"algorithm\": \"SHA256\", \"checksumValue\": \"%s\"}]}", sha256
	relate("SPDXRef-DOCUMENT", "DESCRIBES", image)

	begin("SPDXRef-OperatingSystem", distribution, number)
	printf ",\n     \"primaryPackagePurpose\": \"OPERATING-SYSTEM\"}"
	relate(image, "CONTAINS", "SPDXRef-OperatingSystem")
}

# A package, up to what differs.
function begin(id, name, version) {
	printf "%s    {\"SPDXID\": \"%s\", \"name\": %s, \"versionInfo\": %s, ", n ? ",\n" : "", id,
		quote(name), quote(version)
	printf "\"downloadLocation\": \"NOASSERTION\", \"filesAnalyzed\": false, "
	printf "\"licenseConcluded\": \"NOASSERTION\", \"licenseDeclared\": \"NOASSERTION\", "
	printf "\"copyrightText\": \"NOASSERTION\""
}

# "externalRefs", and the end of the package.
function end(purl) {
	printf ",\n     \"externalRefs\": [{\"referenceCategory\": \"PACKAGE-MANAGER\", "
	printf "\"referenceType\": \"purl\",\n       \"referenceLocator\": \"%s\"}]}", purl
}

function relate(from, how, to) {
	relationships[++n] = sprintf("    {\"spdxElementId\": \"%s\", \"relationshipType\": \"%s\", " \
		"\"relatedSpdxElement\": \"%s\"}", from, how, to)
}

function quote(text) {
	gsub(/\\/, "\\\\", text)
	gsub(/"/, "\\\"", text)
	return "\"" text "\""
}

function id_of(text) {
	gsub(/[^A-Za-z0-9.-]/, "-", text)
	return "SPDXRef-" text
}

# In a package URL some characters are written as numbers.
function escape(text) {
	gsub(/%/, "%25", text)
	gsub(/\+/, "%2B", text)
	gsub(/:/, "%3A", text)
	gsub(/@/, "%40", text)
	return text
}

function purl(vendor, name, version, qualifiers) {
	return "pkg:deb/" vendor "/" escape(name) "@" escape(version) "?" qualifiers
}

{
	id = id_of($1 "-" $3)
	source = $5
	source_version = $6
	supplier = $7
	homepage = $8
	is_ours = supplier ~ /^The Helix authors /
	gsub(/</, "(", supplier)
	gsub(/>/, ")", supplier)

	begin(id, $1, $2)
	printf ",\n     \"supplier\": %s, \"sourceInfo\": %s", quote("Organization: " supplier),
		quote("built package from: " source " " source_version)
	if (homepage)
		printf ", \"homepage\": %s", quote(homepage)
	end(purl(is_ours ? "helix" : distribution, $1, $2, "arch=" $3 "&distro=" release "&upstream=" \
		escape(source "@" source_version)))
	relate(image, "CONTAINS", id)

	# Ours, but made of theirs: who looks for holes in that finds it under their name.
	if (is_ours && source != "helix") {
		begin(id_of("source-" source), source, source_version)
		end(purl(distribution, source, source_version, "arch=source&distro=" release))
		relate(id, "GENERATED_FROM", id_of("source-" source))
	}
}

END {
	printf "\n  ],\n  \"relationships\": [\n"
	for (i = 1; i <= n; i++)
		printf "%s%s", relationships[i], i < n ? ",\n" : "\n"
	printf "  ]\n}\n"
}
