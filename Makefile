# One non-recursive Makefile. `make help` lists the public targets.
# Knobs:  SAN=address,undefined   COV=1   OPT=-O0   V=1   CC=clang
# Every combination of CC, SAN and COV builds in a directory of its own, so nothing is ever stale.

PKG_CONFIG ?= pkg-config
OPT        ?= -O2
PREFIX     ?= /usr/local
comma      := ,
ifeq ($(origin CC),default)
CC         := gcc
endif
B          := build/$(notdir $(CC))$(if $(SAN),-$(subst $(comma),+,$(SAN)))$(if $(COV),-cov)
Q          := $(if $(V),,@)
say         = $(if $(V),,@printf '  %-7s %s\n' '$(1)' '$(patsubst build/%,%,$(2))')
VERSION    := $(shell cat agent/VERSION)

WARN  := -Wall -Wextra -Wshadow -Wvla -Wundef -Wpointer-arith -Wstrict-prototypes \
         -Wmissing-prototypes -Wwrite-strings -Wformat=2 -Wimplicit-fallthrough
HARD  := -D_FORTIFY_SOURCE=2 -fstack-protector-strong
STD   := -std=gnu17 -D_GNU_SOURCE -fno-strict-aliasing -fno-common -fvisibility=hidden
INC   := -Istreaming-protocol/include -Iagent/src
override CFLAGS  += $(STD) $(OPT) -g $(WARN) $(if $(WERROR),-Werror) -MMD -MP $(INC) \
                    -DHELIX_VERSION='"$(VERSION)"'
override LDFLAGS += -Wl,-z,relro,-z,now -Wl,--as-needed
ifneq ($(SAN),)
override CFLAGS  += -fsanitize=$(SAN) -fno-omit-frame-pointer -fno-sanitize-recover=all
override LDFLAGS += -fsanitize=$(SAN)
else
override CFLAGS  += $(if $(filter -O0,$(OPT)),,$(HARD))
endif
ifneq ($(COV),)
override CFLAGS  += --coverage
override LDFLAGS += --coverage
endif

# Which folder may see which library, and nothing else sees any (STYLE: heavy headers stay in their
# adapter). The names are pkg-config's.
PKG_session  := libsystemd
PKG_dbus     := libsystemd
PKG_pipewire := libpipewire-0.3 libsystemd
PKG_encoder  := libsystemd
PKG_net      := libwebsockets libsystemd
PKG_doctor   := libsystemd libcjson
PKG_root     := libsystemd libcjson inih libpng
PKG_agent    := libsystemd libpipewire-0.3 libwebsockets libcjson inih libpng
PKG_portal   := libsystemd
PKG_gst      := gstreamer-1.0 gstreamer-app-1.0 gstreamer-video-1.0 libva libva-drm libcjson
PKG_glprobe  := egl glesv2 libcjson
# -isystem: warnings in the headers of others are not ours to mend.
cflags_of     = $(patsubst -I%,-isystem %,$(shell $(PKG_CONFIG) --cflags $(1)))
libs_of       = $(shell $(PKG_CONFIG) --libs $(1))

sp_src      := $(wildcard streaming-protocol/src/*.c)
agent_main  := agent/src/main.c
agent_src   := $(filter-out $(agent_main),$(wildcard agent/src/*.c agent/src/*/*.c))
core_src    := $(wildcard agent/src/core/*.c agent/src/sys/*.c)
encoder_src := $(wildcard agent/encoder/*.c)
portal_src  := $(wildcard agent/portal/*.c)
glprobe_src := $(wildcard agent/glprobe/*.c)
unit_src    := $(wildcard tests/unit/*.c)
bench_src   := $(wildcard tests/bench/bench_*.c)
fuzz_src    := $(wildcard streaming-protocol/fuzz/fuzz_*.c tests/fuzz/fuzz_*.c)
page_files  := $(wildcard agent/viewer/*.html agent/viewer/*.css agent/viewer/*.js agent/viewer/*.svg \
                 agent/viewer/*/*.js) $(wildcard streaming-protocol/js/*.js)
page_files  := $(filter-out %.test.js,$(page_files))

obj = $(patsubst %.c,$(B)/%.o,$(1))
sp_lib   := $(B)/libsp.a
core_lib := $(B)/libhelix.a
programs := helix-agent helix-encoder helix-portal helix-glprobe

.DEFAULT_GOAL := all
all: $(addprefix $(B)/,$(programs)) links      ## build helix-agent and the programs that it starts

# build/helix-* are links to the variant that was built last.
links: $(addprefix $(B)/,$(programs))
	$(Q)for p in $(programs); do ln -sfn $(B:build/%=%)/$$p build/$$p; done

$(sp_lib): $(call obj,$(sp_src))
$(core_lib): $(call obj,$(core_src))
$(sp_lib) $(core_lib):
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(B)/helix-agent: LDLIBS += $(call libs_of,$(PKG_agent)) -lm
$(B)/helix-agent: $(call obj,$(agent_main) $(filter-out $(core_src),$(agent_src))) $(B)/page.o $(core_lib) $(sp_lib)
$(B)/helix-encoder: LDLIBS += $(call libs_of,$(PKG_gst)) -lyuv -lm
# libva must find our drmGetNodeTypeFromFd before libdrm's: agent/encoder/va_without_drm.c.
$(B)/helix-encoder: override LDFLAGS += -Wl,--export-dynamic-symbol=drmGetNodeTypeFromFd
$(B)/helix-encoder: $(call obj,$(encoder_src)) $(core_lib) $(sp_lib)
$(B)/helix-portal: LDLIBS += $(call libs_of,$(PKG_portal))
$(B)/helix-portal: $(call obj,$(portal_src)) $(core_lib)
$(B)/helix-glprobe: LDLIBS += $(call libs_of,$(PKG_glprobe)) -lm
$(B)/helix-glprobe: $(call obj,$(glprobe_src)) $(core_lib)
$(addprefix $(B)/,$(programs)) $(B)/unit:
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $(filter %.o %.a,$^) $(LDLIBS)

# The page travels inside the program, so that it can never be missing or of another version.
$(B)/page.c: agent/viewer/pack.sh $(page_files) Makefile
	$(call say,PACK,$@)
	$(Q)mkdir -p $(@D) && sh agent/viewer/pack.sh $(page_files) > $@
$(B)/page.o: $(B)/page.c
	$(call say,CC,$@)
	$(Q)$(CC) $(CFLAGS) $(CPPFLAGS) -c -o $@ $<

$(B)/agent/src/session/%.o: override CFLAGS += $(call cflags_of,$(PKG_session))
$(B)/agent/src/dbus/%.o: override CFLAGS += $(call cflags_of,$(PKG_dbus))
$(B)/agent/src/pipewire/%.o: override CFLAGS += $(call cflags_of,$(PKG_pipewire))
$(B)/agent/src/encoder/%.o: override CFLAGS += $(call cflags_of,$(PKG_encoder))
$(B)/agent/src/doctor/%.o: override CFLAGS += $(call cflags_of,$(PKG_doctor))
$(B)/agent/src/net/%.o: override CFLAGS += $(call cflags_of,$(PKG_net))
$(B)/agent/src/%.o: override CFLAGS += $(call cflags_of,$(PKG_root))
$(B)/agent/encoder/%.o: override CFLAGS += $(call cflags_of,$(PKG_gst))
$(B)/agent/glprobe/%.o: override CFLAGS += $(call cflags_of,$(PKG_glprobe))
$(B)/agent/portal/%.o: override CFLAGS += $(call cflags_of,$(PKG_portal))
$(B)/%.o: %.c Makefile
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D) && $(CC) $(CFLAGS) $(CPPFLAGS) -c -o $@ $<

include windows-launcher/launcher.mk
include wsl-rootfs/rootfs.mk
include tests/tests.mk
include tests/launcher/launcher.mk

deps-run:
	$(Q)agent/packages/install agent/packages/build.txt agent/packages/run.txt

run: deps-run                                  ## install what is missing, build, start a desktop, print its link
	$(Q)$(MAKE) --no-print-directory all
	$(Q)build/helix-agent run --human $(ARGS)

# udev looks below /usr/lib and /usr/local/lib: a PREFIX of one's own changes nothing of the system.
install: all                                   ## install below PREFIX (default /usr/local), DESTDIR honoured
	install -D -t $(DESTDIR)$(PREFIX)/bin $(B)/helix-agent
	install -D -t $(DESTDIR)$(PREFIX)/libexec/helix $(addprefix $(B)/,$(filter-out helix-agent,$(programs)))
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/lib/udev/rules.d agent/data/61-helix-vgem.rules

c_files := $(shell git ls-files '*.c' '*.h' 2>/dev/null)
format:                                        ## rewrite the C sources in the house style
	$(Q)clang-format -i $(c_files)
clean:                                         ## remove build/
	$(Q)rm -rf build
help:
	@awk -F'##' '/^[a-z-]+:.*##/{split($$1,a,":"); printf "  %-10s%s\n", a[1], $$2}' $(MAKEFILE_LIST)
	@echo '  Knobs: SAN=address,undefined  COV=1  OPT=-O0  V=1  CC=clang  ARGS="--size 1920x1080"'

.PHONY: all links run install format clean help deps-run
.DELETE_ON_ERROR:
-include $(shell find $(B) build/windows build/fuzz/obj -type f -name '*.d' 2>/dev/null)
