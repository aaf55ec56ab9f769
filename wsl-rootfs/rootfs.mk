# The agent's Debian package, the image that the launcher imports, and the container of it. Included
# by the Makefile.
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
rootfs-test: launcher-programs node_modules              ## tests of a built image (PROFILE=minimal)
	$(Q)ROOTFS_PROFILE=$(PROFILE) node --test $(or $(FILE),$(wildcard tests/rootfs/*.test.mjs))
deb-test: deps-rootfs deps-deb node_modules              ## the package on a bare Debian (SUITE=bookworm)
	$(Q)DEB_SUITE=$(or $(SUITE),trixie) node --test tests/deb/*.test.mjs

deps-compose:
	$(Q)agent/packages/install tests/compose/packages.txt
compose-test: deps-compose node_modules                  ## tests of compose/ (root; takes the minimal image)
	$(Q)node --test $(or $(FILE),$(wildcard tests/compose/*.test.mjs))

# What a release is: both Windows programs, the image with its manifest and bill of materials, and the
# agent's package for each release of Linux in DIST_SUITES.
DIST_SUITES ?= bookworm trixie
dist: launcher installer deps-deb rootfs                          ## all of a release, in build/dist
	$(Q)rm -rf build/dist && mkdir -p build/dist && cp build/Helix.exe build/HelixSetup.exe build/dist
	$(Q)cp -l build/rootfs/helix-$(VERSION)-*.tar.gz build/rootfs/helix-$(VERSION)-*.wsl \
	    build/rootfs/manifest.json build/rootfs/sbom.spdx.json build/dist
	$(Q)set -e; for suite in $(DIST_SUITES); do deb=$$(wsl-rootfs/deb.sh $$suite); \
	    lintian --allow-root --fail-on error,warning build/deb/$$suite/*.changes; \
	    install -D -m 644 -t build/dist/$$suite $$deb; done
	$(Q)cd build/dist && find . -type f ! -name SHA256SUMS | sort | xargs sha256sum > SHA256SUMS && cat SHA256SUMS

.PHONY: deps-deb deb deb-test deps-rootfs rootfs rootfs-test deps-compose compose-test dist
