# Helix.exe, cross-compiled; its pure parts also natively, for the tests. Included by the Makefile.

MINGW              := x86_64-w64-mingw32-
HELIX_MANIFEST_URL ?=
W                  := build/windows
LAUNCHER           := build/Helix.exe
SETUP              := build/HelixSetup.exe
# "1.2.3~rc1" as Windows counts: 1,2,3,0.
launcher_numbers   := $(subst .,$(comma),$(firstword $(subst ~, ,$(VERSION)))),0
launcher_core      := $(wildcard windows-launcher/core/*.c)
launcher_src       := $(launcher_core) $(wildcard windows-launcher/win/*.c) $(sp_src)
# Only DLLs that Windows counts among its known ones: others by win/system_dll.h.
launcher_libs      := -lcomctl32 -lshell32 -lole32 -luuid -lgdi32 -ladvapi32 -lws2_32
# No timestamp and no path of this machine in the file: two builds are byte-identical.
launcher_cflags    := -std=gnu11 -Os -Wall -Wextra -Werror -Wshadow -Wvla -Wstrict-prototypes \
                      -Wmissing-prototypes -D__USE_MINGW_ANSI_STDIO=1 -DUNICODE -D_UNICODE \
                      -D_WIN32_WINNT=0x0A00 -DWIN32_LEAN_AND_MEAN -ffunction-sections \
                      -fdata-sections -fstack-protector-strong -ffile-prefix-map=$(CURDIR)=. \
                      -Iwindows-launcher -Istreaming-protocol/include -MMD -MP \
                      -DHELIX_VERSION='"$(VERSION)"' -DHELIX_MANIFEST_URL='"$(HELIX_MANIFEST_URL)"'
launcher_ldflags   := -municode -mwindows -fstack-protector-strong -static -static-libgcc -s -Wl,--gc-sections \
                      -Wl,--no-insert-timestamp -Wl,--dynamicbase,--nxcompat,--high-entropy-va

launcher: $(LAUNCHER)                      ## cross-compile the Windows launcher

$(LAUNCHER): $(launcher_src:%.c=$(W)/%.o) $(W)/helix.res.o
	$(call say,LD,$@)
	$(Q)$(MINGW)gcc $(launcher_ldflags) -o $@ $^ $(launcher_libs)
	$(call sign,$@)
$(W)/%.o: %.c Makefile windows-launcher/launcher.mk
	$(call say,MINGW,$@)
	$(Q)mkdir -p $(@D) && $(MINGW)gcc $(launcher_cflags) -c -o $@ $<
$(W)/helix.res.o: windows-launcher/res/helix.rc $(wildcard windows-launcher/res/*)
	$(call say,RES,$@)
	$(Q)mkdir -p $(@D) && $(MINGW)windres -DHELIX_VERSION='\"$(VERSION)\"' \
		-DHELIX_NUMBERS=$(launcher_numbers) -I windows-launcher/res $< $@

# The installer; with HELIX_SIGN, a PKCS#12 file (its password in HELIX_SIGN_PASS_FILE), both are
# signed, which is what makes SmartScreen trust them in time, and no longer byte-identical.
installer: $(SETUP)                ## the launcher's installer for Windows (NSIS)
$(SETUP): $(LAUNCHER) windows-launcher/installer/helix.nsi windows-launcher/res/helix.ico
	$(call say,NSIS,$@)
	$(Q)cd windows-launcher/installer && makensis -V2 -WX -DVERSION=$(VERSION) \
	    -DLAUNCHER=$(CURDIR)/$(LAUNCHER) -DOUTPUT=$(CURDIR)/$@ helix.nsi
	$(call sign,$@)
define sign
	$(if $(HELIX_SIGN),$(Q)osslsigncode sign -pkcs12 $(HELIX_SIGN) -readpass $(HELIX_SIGN_PASS_FILE) \
	    -n Helix -h sha256 -ts $(or $(HELIX_SIGN_TIMESTAMP),http://timestamp.digicert.com) \
	    -in $(1) -out $(1).signed && mv $(1).signed $(1))
endef
