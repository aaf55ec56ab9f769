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

.PHONY: deps-deb deb deps-rootfs rootfs rootfs-test
