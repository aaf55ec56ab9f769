# The agent's Debian package, and the image that the launcher imports. Included by the Makefile.
#   SUITE      trixie (the image), or any in wsl-rootfs/suites; `make deb` without: this machine's
#   PROFILE    desktop or minimal
#   MIRROR, SECURITY_MIRROR    where packages come from

PROFILE ?= desktop

deps-deb:
	$(Q)agent/packages/install agent/packages/build.txt agent/packages/debian/tools.txt
deb: $(if $(SUITE),deps-rootfs,deps-deb)                 ## the agent's Debian package (SUITE=trixie)
	$(Q)wsl-rootfs/deb.sh $(SUITE)
	$(Q)lintian --allow-root --fail-on error,warning build/deb/$(or $(SUITE),*)/*.changes

deps-rootfs:
	$(Q)agent/packages/install wsl-rootfs/packages/host.txt agent/packages/debian/tools.txt
rootfs: deps-rootfs                                      ## the image for WSL (PROFILE=minimal)
	$(Q)wsl-rootfs/rootfs.sh $(PROFILE) $(SUITE)
rootfs-test: node_modules                                ## tests of a built image (PROFILE=minimal)
	$(Q)ROOTFS_PROFILE=$(PROFILE) node --test $(or $(FILE),$(wildcard tests/rootfs/*.test.mjs))

# What a release is: both Windows programs, the image with its manifest and bill of materials, and the
# agent's packages, each below the name of its release.
dist: launcher installer rootfs deb                      ## all of a release, in build/dist
	$(Q)rm -rf build/dist && mkdir -p build/dist && cp build/Helix.exe build/HelixSetup.exe \
	    build/rootfs/helix-$(VERSION)-*.tar.gz build/rootfs/manifest.json build/rootfs/sbom.spdx.json \
	    build/dist
	$(Q)for deb in build/deb/*/*.deb; do install -D -m 644 -t build/dist/$$(basename $$(dirname $$deb)) $$deb; done
	$(Q)cd build/dist && find . -type f ! -name "SHA256SUMS*" | sort | xargs sha256sum > SHA256SUMS.new && mv SHA256SUMS.new SHA256SUMS && cat SHA256SUMS

.PHONY: deps-deb deb deps-rootfs rootfs rootfs-test dist
