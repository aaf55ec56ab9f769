# The agent's Debian package, the image that the launcher imports, and the container of it. Included
# by the Makefile.
#   SUITE      trixie (the image), or any in wsl-rootfs/suites; `make deb` without: this machine's
#   PROFILE    desktop or minimal
#   MIRROR, SECURITY_MIRROR    where packages come from

PROFILE         ?= desktop
COMPOSE_PROFILE ?= minimal

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
compose-test: deps-compose node_modules                  ## the container of an image (root; COMPOSE_PROFILE=desktop)
	$(Q)COMPOSE_PROFILE=$(COMPOSE_PROFILE) node --test $(or $(FILE),$(wildcard tests/compose/*.test.mjs))

rootfs-twice: deps-rootfs                                ## makes it two times, and compares (PROFILE=minimal)
	$(Q)wsl-rootfs/twice.sh $(PROFILE) $(SUITE)

# What a release is: both Windows programs, the image with its manifest and bill of materials, and the
# agent's package for each release of Linux in DIST_SUITES. The packages are built in trees of this day,
# and the list of security updates must not be old (STALE=1 takes it anyway).
DIST_SUITES ?= bookworm trixie
dist: launcher installer deps-deb deps-rootfs            ## all of a release, in build/dist
	$(Q)rm -rf build/dist
	$(Q)set -e; for suite in $(sort $(DIST_SUITES) $(or $(SUITE),trixie)); do \
	    FRESH=1 CHROOT=1 wsl-rootfs/deb.sh $$suite; \
	    lintian --allow-root --fail-on error,warning build/deb/$$suite/*.changes; done
	$(Q)CHROOT=1 wsl-rootfs/rootfs.sh desktop $(SUITE)
	$(Q)STALE=$(STALE) wsl-rootfs/fresh.sh build/rootfs/manifest.json
	$(Q)mkdir -p build/dist && cp build/Helix.exe build/HelixSetup.exe build/dist
	$(Q)for suite in $(sort $(DIST_SUITES) $(or $(SUITE),trixie)); do \
	    install -D -m 644 -t build/dist/$$suite build/deb/$$suite/helix-agent_$(VERSION)_*.deb; done
	$(Q)image=$$(sed -n 's/^  "url": "\(.*\).tar.gz",$$/build\/rootfs\/\1/p' build/rootfs/manifest.json); \
	    cp -l $$image.tar.gz $$image.wsl build/rootfs/manifest.json build/rootfs/sbom.spdx.json build/dist
	$(Q)cd build/dist && find . -type f ! -name SHA256SUMS | sort | xargs sha256sum > SHA256SUMS && cat SHA256SUMS

.PHONY: deps-deb deb deb-test deps-rootfs rootfs rootfs-test rootfs-twice deps-compose compose-test dist
