# Tests, fuzzing, benchmarks and lint. Included by the Makefile.

ASAN := SAN=address,undefined OPT=-O1

deps-test:
	$(Q)agent/packages/install agent/packages/build.txt agent/packages/run.txt tests/packages.txt
node_modules: tests/node_modules/.package-lock.json
tests/node_modules/.package-lock.json: tests/package-lock.json
	$(Q)cd tests && npm ci --no-audit --no-fund --loglevel=error && touch node_modules/.package-lock.json

# The image is made beside the tests, when they leave the processors idle; it has no timing of its own.
test: deps-test deps-rootfs deps-compose       ## install what tests need, build, run everything
	$(Q)$(MAKE) --no-print-directory -j2 test-programs test-image
	$(Q)$(MAKE) --no-print-directory rootfs-test PROFILE=minimal
	$(Q)$(MAKE) --no-print-directory compose-test COMPOSE_PROFILE=minimal

# A line for each: within one they may run at once.
test-programs:
	$(Q)$(MAKE) --no-print-directory all fixtures floors mingw $(B)/unit $(B)/contract
	$(Q)$(MAKE) --no-print-directory unit
	$(Q)$(MAKE) --no-print-directory contract
	$(Q)$(MAKE) --no-print-directory all $(ASAN)
	$(Q)$(MAKE) --no-print-directory unit $(ASAN)
	$(Q)$(MAKE) --no-print-directory fuzz FUZZ_SECONDS=$(if $(filter file,$(origin FUZZ_SECONDS)),5,$(FUZZ_SECONDS))
	$(Q)$(MAKE) --no-print-directory scripts
	$(Q)$(MAKE) --no-print-directory integration
	$(Q)BRIEF=1 $(MAKE) --no-print-directory integration $(ASAN)
	$(Q)$(MAKE) --no-print-directory all
	$(Q)$(MAKE) --no-print-directory launcher-programs
	$(Q)$(MAKE) --no-print-directory launcher-test
	$(Q)$(MAKE) --no-print-directory browser

test-image:
	$(Q)mkdir -p build/rootfs
	$(Q)env -u MAKEFLAGS -u MFLAGS chrt --idle 0 wsl-rootfs/rootfs.sh minimal > build/rootfs/make.log 2>&1 || \
	    { cat build/rootfs/make.log; exit 1; }
	$(call say,ROOTFS,build/rootfs/manifest-minimal.json)

# Unit tests: one Criterion program over everything that needs no other process.
$(B)/unit: LDLIBS += $(call libs_of,criterion $(PKG_agent)) -lm
$(B)/unit: $(call obj,$(unit_src) $(wildcard agent/src/session/*.c) agent/src/encoder/link_reader.c) \
    $(core_lib) $(sp_lib)
$(B)/tests/%.o: override CFLAGS += -Wno-missing-prototypes -Wno-strict-prototypes -Itests
unit: $(B)/unit                                ## unit tests (FILTER='suite/*', SAN=, COV=1)
	$(Q)$(B)/unit $(if $(FILTER),--filter '$(FILTER)')

# Contract tests: what a neighbour relies on, against the real programs.
contract_src := $(wildcard tests/contract/*.c)
$(B)/contract: LDLIBS += $(call libs_of,criterion libsystemd libcjson) -lm
$(B)/contract: $(call obj,$(contract_src) $(wildcard tests/lib/*.c agent/src/encoder/*.c)) $(core_lib) $(sp_lib)
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $(filter %.o %.a,$^) $(LDLIBS)
gl_faults := $(B)/tests/fixtures/gl_faults.so
$(gl_faults): tests/fixtures/gl_faults.c
	$(call say,LD,$@)
	$(Q)mkdir -p $(@D) && $(CC) $(STD) $(OPT) $(WARN) $(if $(WERROR),-Werror) -fPIC -shared -o $@ $<
contract: $(B)/contract $(gl_faults) all fixtures      ## helix-encoder keeps its side of the link
	$(Q)HELIX_ENCODER=$(B)/helix-encoder HELIX_GLPROBE=$(B)/helix-glprobe \
	    HELIX_GL_FAULTS=$(gl_faults) $(B)/contract -j1 $(if $(FILTER),--filter '$(FILTER)')

# JavaScript: the protocol's twin, the page's pure parts, and the tests' own helpers.
js_tests := $(wildcard streaming-protocol/js/*.test.js agent/viewer/*.test.js agent/viewer/*/*.test.js \
                       tests/lib/*.test.mjs)
scripts: fixtures node_modules                          ## unit tests of the JavaScript parts
	$(Q)node --test $(js_tests)

# The real agent with real sessions; SAN= runs the sanitised programs.
integration: all fixtures node_modules         ## the real agent in real sessions (FILE=tests/integration/...)
	$(Q)HELIX_AGENT=$(B)/helix-agent node --test $(or $(FILE),$(wildcard tests/integration/*.test.mjs))
browser: all fixtures node_modules             ## the page in a real Chromium
	$(Q)node --test $(or $(FILE),$(wildcard tests/browser/*.test.mjs))
bench: all fixtures node_modules               ## figures of this machine (SESSION=gnome SIZES='1280x720')
	$(Q)node tests/bench/figures.mjs $(or $(SESSION),mutter) $(SIZES)
	$(Q)node tests/bench/encoders.mjs $(SIZES)

# libFuzzer on every parser of foreign bytes; FUZZ_SECONDS each. The launcher has headers of the same
# names as the agent's: its target sees nothing else.
FUZZ_SECONDS  ?= 10
fuzz_cc       := clang $(STD) -O1 -g -fno-sanitize-recover=all -MMD -MP
fuzz_obj       = $(patsubst %.c,build/fuzz/obj/%.o,$(1))
fuzz_parts    := $(sp_src) $(filter agent/src/core/%,$(core_src)) agent/src/doctor/report.c
fuzz_launcher := $(addprefix windows-launcher/core/,command.c json.c manifest.c options.c ready.c \
                   text.c wsl.c)
$(call fuzz_obj,$(fuzz_launcher) tests/fuzz/fuzz_launcher.c): override INC := -Iwindows-launcher
build/fuzz/obj/%.o: %.c
	$(Q)mkdir -p $(@D) && $(fuzz_cc) -fsanitize=fuzzer-no-link,address,undefined $(INC) -c -o $@ $<
$(patsubst %.c,build/fuzz/%,$(notdir $(fuzz_src))):
	$(call say,FUZZ,$@)
	$(Q)$(fuzz_cc) -fsanitize=fuzzer,address,undefined -o $@ $^ $(call libs_of,libcjson)
define fuzz_program
build/fuzz/$(notdir $(1:.c=)): $(call fuzz_obj,$(1) $(if $(filter %/fuzz_launcher.c,$(1)),$(fuzz_launcher),$(fuzz_parts)))
endef
$(foreach f,$(fuzz_src),$(eval $(call fuzz_program,$(f))))
fuzz: $(patsubst %.c,build/fuzz/%,$(notdir $(fuzz_src))) ## libFuzzer on every parser, FUZZ_SECONDS each
	$(Q)set -e; for f in $(fuzz_src:.c=); do n=$${f##*/}; mkdir -p build/fuzz/$$n.corpus; \
	    build/fuzz/$$n -max_total_time=$(FUZZ_SECONDS) -print_final_stats=0 -verbosity=0 \
	        -artifact_prefix=build/fuzz/$$n- build/fuzz/$$n.corpus $${f%/*}/corpus/$${n#fuzz_}; \
	    echo "fuzz: $$n: no finding in $(FUZZ_SECONDS) s"; done

# libsp must mean the same on Windows.
mingw:
	$(Q)mkdir -p build/mingw && for f in $(sp_src); do \
	    x86_64-w64-mingw32-gcc -std=c17 -O2 -Wall -Wextra -Werror -Istreaming-protocol/include \
	        -c -o build/mingw/$$(basename $$f .c).o $$f || exit 1; done

floors:
	$(Q)sh tests/floors.sh
deps-lint:
	$(Q)agent/packages/install tests/packages-lint.txt
lint: deps-lint floors                                   ## clang-format, clang-tidy, cppcheck, the floor rule
	$(Q)clang-format --dry-run -Werror $(c_files)
	$(Q)cppcheck --quiet --std=c11 --enable=warning,performance,portability --inline-suppr \
	    --suppress=missingIncludeSystem --error-exitcode=1 $(INC) -DHELIX_VERSION='""' \
	    $(sp_src) $(agent_main) $(agent_src) $(encoder_src) $(portal_src) $(glprobe_src)
	$(Q)cppcheck --quiet --std=c99 --enable=warning,performance,portability --inline-suppr \
	    --suppress=missingIncludeSystem --error-exitcode=1 -Iwindows-launcher $(launcher_core)
	$(Q)clang-tidy --quiet $(launcher_core) -- -std=c99 -Iwindows-launcher
	$(Q)clang-tidy --quiet $(sp_src) $(agent_main) $(agent_src) $(encoder_src) $(portal_src) $(glprobe_src) -- $(STD) $(INC) \
	    -DHELIX_VERSION='""' $(call cflags_of,$(PKG_agent) $(PKG_gst) $(PKG_glprobe))

include tests/fixtures/fixtures.mk

.PHONY: deps-test deps-lint node_modules test test-programs test-image unit contract scripts integration browser bench fuzz mingw floors lint
