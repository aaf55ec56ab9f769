# The launcher's tests: core/ natively and under wine, the parts of win/ under wine, and Helix.exe from
# end to end. Included by the Makefile behind windows-launcher/launcher.mk and tests/tests.mk.

WT         := $(W)/tests
wt_head    := $(wildcard windows-launcher/*/*.h streaming-protocol/include/*.h tests/launcher/*.h)
# The tests' Windows programs write to a console, and take nothing along.
wt_cflags  := $(filter-out -MMD -MP,$(launcher_cflags)) -Wno-missing-prototypes -Itests/launcher -I$(WT)
wt_ldflags := -municode -fstack-protector-strong -static -s -Wl,--gc-sections
wt         := $(MINGW)gcc $(wt_cflags)
core_tests := $(wildcard tests/launcher/test_*.c) \
              $(addprefix tests/launcher/,fake_pc.c fake_platform.c fake_server.c fake_wsl.c launch_good.c)
win         = $(1:%=windows-launcher/win/%.c)
lt          = $(1:%=tests/launcher/%.c)
wt_text    := windows-launcher/core/text.c windows-launcher/core/command.c

# wsl.exe as the launcher sees it, and its Linux half, which runs real programs.
$(WT)/wsl.exe: $(call lt,wsl_stub wsl_lxss wsl_relay)
# Who reads the windows and presses the buttons.
$(WT)/person.exe: $(call lt,person)
$(WT)/launcher_tests.exe: $(core_tests) $(launcher_core)
$(WT)/probe_child.exe: $(call lt,probe_child)
$(WT)/probe.exe: $(call lt,test_main probe_system probe_process probe_http) $(wt_text) \
    $(call win,platform log pipe process wsl files hash registry elevate agent http health download system_dll)
$(WT)/tunnel_probe.exe: $(call lt,tunnel_probe) $(wt_text) streaming-protocol/src/sp_tunnel.c \
    $(call win,tunnel tunnel_carrier tunnel_lane platform process pipe log files)
# Counts what the webview allocates: its allocator is the host's.
$(WT)/webview_host.exe: $(call lt,webview_host) $(wildcard windows-launcher/win/webview*.c)
$(WT)/webview_host.exe: wt_more := -Dcalloc=host_calloc -Dfree=host_free -Dwcsdup=host_wcsdup
wt_programs := $(addprefix $(WT)/,wsl.exe person.exe launcher_tests.exe probe_child.exe probe.exe \
                 tunnel_probe.exe webview_host.exe)
$(wt_programs): $(wt_head) tests/launcher/launcher.mk
	$(call say,MINGW,$@)
	$(Q)mkdir -p $(@D) && $(wt) $(wt_more) $(wt_ldflags) -o $@ $(filter %.c,$^) $(launcher_libs) -lcrypt32

# From a table of WebView2's members, never from our own declarations of them.
$(WT)/webview2_slots.h: $(addprefix tests/launcher/webview2-slots,.awk .txt)
	$(call say,GEN,$@)
	$(Q)mkdir -p $(@D) && awk -f $^ > $@
$(WT)/fake_webview2.dll: $(call lt,fake_webview2 fake_webview2_objects) $(WT)/webview2_slots.h $(wt_head)
	$(call say,MINGW,$@)
	$(Q)$(wt) -shared -fstack-protector-strong -static -s -o $@ $(filter %.c,$^) $(launcher_libs)

build/tests/wsl-bridge: $(call lt,bridge bridge_system) tests/launcher/bridge.h tests/launcher/bridge_system.h
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D) && $(CC) $(STD) -O2 $(WARN) -Werror -o $@ $(filter %.c,$^)
build/tests/launcher-core: $(core_tests) $(launcher_core) $(wt_head)
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D) && $(CC) -std=c99 -O1 -g -Wall -Wextra -Wconversion -Wshadow -Werror \
	    -fsanitize=address,undefined -fno-sanitize-recover=all -Iwindows-launcher -Itests/launcher \
	    -o $@ $(filter %.c,$^)

launcher-programs: launcher installer $(wt_programs) $(WT)/fake_webview2.dll build/tests/wsl-bridge build/tests/launcher-core
# Two files at a time: they wait more than they work, and each has a wine and a desktop of its own.
launcher-test: launcher-programs all fixtures node_modules  ## Helix.exe: its core, its parts, and all of it under wine (FILE=)
	$(Q)build/tests/launcher-core > build/tests/launcher-core.tap || { cat build/tests/launcher-core.tap; exit 1; }
	$(Q)tail -n 2 build/tests/launcher-core.tap
	$(Q)printf '%s\n' $(or $(FILE),$(wildcard tests/launcher/*.test.mjs)) | xargs -P 2 -I '{}' sh -c '\
	    log=build/tests/$$(basename {}).tap; code=0; node --test {} > $$log 2>&1 || code=1; \
	    echo "{}:"; if [ $$code = 0 ]; then tail -n 8 $$log; else cat $$log; fi; exit $$code'

.PHONY: launcher-programs launcher-test
