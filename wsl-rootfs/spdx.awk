# A software bill of materials, SPDX 2.3, of the lines that hooks/report.sh writes. Licences stand in
# /usr/share/doc/*/copyright of the image: dpkg does not know them, so nor do we here.

BEGIN {
	FS = "\t"
	image = "SPDXRef-image"
	printf "{\n  \"spdxVersion\": \"SPDX-2.3\",\n  \"dataLicense\": \"CC0-1.0\",\n"
	printf "  \"SPDXID\": \"SPDXRef-DOCUMENT\",\n  \"name\": \"%s\",\n", name
	printf "  \"documentNamespace\": \"https://spdx.org/spdxdocs/%s-%s\",\n", name, sha256
	printf "  \"creationInfo\": {\"created\": \"%s\", \"creators\": [\"Tool: helix-rootfs\"]},\n", created
	printf "  \"documentDescribes\": [\"%s\"],\n  \"packages\": [\n", image
	printf "    {\"SPDXID\": \"%s\", \"name\": \"%s\", %s,\n", image, name, unknown()
	printf "     \"checksums\": [{\"algorithm\": \"SHA256\", \"checksumValue\": \"%s\"}]}", sha256
}

function unknown() {
	return "\"downloadLocation\": \"NOASSERTION\", \"filesAnalyzed\": false, " \
		"\"licenseConcluded\": \"NOASSERTION\", \"licenseDeclared\": \"NOASSERTION\", " \
		"\"copyrightText\": \"NOASSERTION\""
}

function quote(text) {
	gsub(/\\/, "\\\\", text)
	gsub(/"/, "\\\"", text)
	return "\"" text "\""
}

# In a package URL: + and : are written as numbers.
function escape(text) {
	gsub(/%/, "%25", text)
	gsub(/\+/, "%2B", text)
	gsub(/:/, "%3A", text)
	return text
}

{
	id = "SPDXRef-" $1 "-" $3
	gsub(/[^A-Za-z0-9.-]/, "-", id)
	ids[NR] = id
	printf ",\n    {\"SPDXID\": \"%s\", \"name\": %s, \"versionInfo\": %s, %s,\n", id, quote($1),
		quote($2), unknown()
	printf "     \"supplier\": %s, \"sourceInfo\": %s,%s\n", quote("Organization: " $7),
		quote("built from " $5 " " $6), $8 ? " \"homepage\": " quote($8) "," : ""
	printf "     \"externalRefs\": [{\"referenceCategory\": \"PACKAGE-MANAGER\", "
	printf "\"referenceType\": \"purl\",\n"
	printf "       \"referenceLocator\": \"pkg:deb/%s/%s@%s?arch=%s\"}]}", distribution, escape($1),
		escape($2), $3
}

END {
	printf "\n  ],\n  \"relationships\": [\n"
	printf "    {\"spdxElementId\": \"SPDXRef-DOCUMENT\", \"relationshipType\": \"DESCRIBES\", "
	printf "\"relatedSpdxElement\": \"%s\"}", image
	for (i = 1; i <= NR; i++) {
		printf ",\n    {\"spdxElementId\": \"%s\", \"relationshipType\": \"CONTAINS\", ", image
		printf "\"relatedSpdxElement\": \"%s\"}", ids[i]
	}
	printf "\n  ]\n}\n"
}
