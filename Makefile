# SPDX-License-Identifier: GPL-3.0-or-later
# rnnmap: one make process. Knobs first; nothing below the line needs changing.

CC       = gcc
CXX      = g++
CFLAGS   = -O2 -g
CPPFLAGS =
LDFLAGS  =
BUILD    = build
PREFIX   = /usr/local
DESTDIR  =
SANITIZE =#  address,undefined
SETUP    = yes#  no: install nothing, say what is missing
V        =#  1: show commands

# ----------------------------------------------------------------------------------------------
.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules
ifeq ($(MAKELEVEL)$(filter -j%,$(MAKEFLAGS)),0)# a make below another shares its jobs
MAKEFLAGS += -j$(shell nproc 2>/dev/null || echo 1)
endif
Q = $(if $(V),,@)
say = $(if $(V),,@printf '  %-7s %s\n' '$(1)' '$(2)')

WARN      := -Wall -Wextra -Wshadow -Wconversion -Wmissing-prototypes
sanitize  := $(if $(strip $(SANITIZE)),-fsanitize=$(strip $(SANITIZE)) -fno-sanitize-recover=all)
compile    = $(CC) -std=c11 -D_GNU_SOURCE -ffp-contract=off $(WARN) -I. -I$(BUILD) $(CPPFLAGS) \
	$(CFLAGS) $(sanitize)
link       = $(CC) $(CFLAGS) $(sanitize) $(LDFLAGS) $(beside)

# Rooms in the order of the layers: the libraries of a room's row are linked in reverse.
# A module.mk gives NAME.src (library sources), NAME.libs (what they link with), NAME.uses (rooms it
# may include), and for tools TOOL.main and TOOL.rooms; it may add rules and tests of its own.
ROOMS := base records engines endpoint fitter profiler runtime codegen evaluator testbed
TOOLS :=
include $(addsuffix /module.mk,$(ROOMS))

object = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))
archives = $(foreach r,$(1),$(if $($(r).src),$(BUILD)/lib/$(r).a))
libraries = $(foreach r,$(1),$($(r).libs))

# Rooms with library sources become archives.
define room_rules
$(BUILD)/lib/$(1).a: $(call object,$($(1).src))
	$$(call say,AR,$$@)
	$$(Q)mkdir -p $$(@D) && rm -f $$@ && ar rcs $$@ $$^
endef
$(foreach r,$(ROOMS),$(if $($(r).src),$(eval $(call room_rules,$(r)))))

# Tools: a main and the rooms it stands on, nearest first; those of the bundle look for libraries
# beside themselves, and these for theirs (a RUNPATH would not reach so far).
$(BUILD)/relocatable/%: beside := -Wl,--disable-new-dtags '-Wl,-rpath,$$ORIGIN/../lib'
define tool_rules
$(BUILD)/bin/$(1) $(BUILD)/relocatable/$(1): $(call object,$($(1).main)) $(call archives,$($(1).rooms))
	$$(call say,LINK,$$@)
	$$(Q)mkdir -p $$(@D) && $$(link) -o $$@ $$^ $(call libraries,$($(1).rooms)) -lm
endef
$(foreach t,$(TOOLS),$(eval $(call tool_rules,$(t))))

# Unit tests: ROOM/test/test_NAME.c, with cmocka, linked with the room and the rooms it uses.
TESTS := $(foreach r,$(ROOMS),$(patsubst %.c,$(BUILD)/test/%,$(wildcard $(r)/test/test_*.c)))
# Rooms add to TESTS_BESIDE those of them that mostly sleep, which run beside the others, and to
# TESTS_ALONE those that need a quiet machine, which run last.
SCRIPTS_TESTED := $(foreach r,$(ROOMS),$(wildcard $(r)/test/test_*.sh))
define test_rules
$(BUILD)/test/$(1)/test/%: $(BUILD)/obj/$(1)/test/%.o $(BUILD)/obj/base/test/support.o \
		$(call archives,$(1) $($(1).uses))
	$$(call say,LINK,$$@)
	$$(Q)mkdir -p $$(@D) && $$(link) -o $$@ $$^ $(call libraries,$(1) $($(1).uses)) \
		$($(1).test_libs) -lcmocka -lm
endef
$(foreach r,$(ROOMS),$(eval $(call test_rules,$(r))))

# Benchmarks: ROOM/bench/bench_NAME.c and .sh, run by `make bench`.
BENCHES := $(foreach r,$(ROOMS),$(patsubst %.c,$(BUILD)/bench/%,$(wildcard $(r)/bench/bench_*.c)) \
	$(wildcard $(r)/bench/bench_*.sh))
define bench_rules
$(BUILD)/bench/$(1)/bench/%: $(BUILD)/obj/$(1)/bench/%.o $(call archives,$(1) $($(1).uses))
	$$(call say,LINK,$$@)
	$$(Q)mkdir -p $$(@D) && $$(link) -o $$@ $$^ $(call libraries,$(1) $($(1).uses)) -lm
endef
$(foreach r,$(ROOMS),$(eval $(call bench_rules,$(r))))

# Fuzz targets: ROOM/fuzz/fuzz_NAME.c. `make check` runs the inputs in ROOM/fuzz/corpus/NAME, and
# changes of them, through a main of ours; `make fuzz` builds everything with clang and libFuzzer.
FUZZED   := $(foreach r,$(ROOMS),$(wildcard $(r)/fuzz/fuzz_*.c))
REPLAYS  := $(patsubst %.c,$(BUILD)/test/%,$(FUZZED))
FUZZERS  := $(patsubst %.c,$(BUILD)/fuzz/%,$(FUZZED))
define fuzz_rules
$(BUILD)/test/$(1)/fuzz/%: $(BUILD)/obj/$(1)/fuzz/%.o $(BUILD)/obj/base/fuzz/replay.o \
		$(call archives,$(1) $($(1).uses))
	$$(call say,LINK,$$@)
	$$(Q)mkdir -p $$(@D) && $$(link) -o $$@ $$^ $(call libraries,$(1) $($(1).uses)) -lm
$(BUILD)/fuzz/$(1)/fuzz/%: $(BUILD)/obj/$(1)/fuzz/%.o $(call archives,$(1) $($(1).uses))
	$$(call say,LINK,$$@)
	$$(Q)mkdir -p $$(@D) && $$(link) -fsanitize=fuzzer -o $$@ $$^ $(call libraries,$(1) $($(1).uses)) -lm
endef
$(foreach r,$(ROOMS),$(eval $(call fuzz_rules,$(r))))
FUZZ_SECONDS = 600

$(BUILD)/obj/%.o: %.c
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D) && $(compile) -MMD -MP -c -o $@ $<

.SECONDARY:
-include $(shell find $(BUILD) -path $(BUILD)/board -prune -o -name '*.d' -type f -print 2>/dev/null)

.PHONY: all tests setup setup-check setup-reproduce setup-lint setup-bench setup-fuzz fuzz \
	fuzzers check check-long check-asan check-arm64 check-rooms \
	bench demo replay reproduce bundle bundle-folder lint misra format format-check install uninstall clean help FORCE
all: $(addprefix $(BUILD)/bin/,$(TOOLS)) $(EXAMPLES)  ## build the tools (into build/bin)

tests: all $(TESTS) $(REPLAYS)
setup:
	$(Q)SETUP=$(strip $(SETUP)) scripts/setup --with build
setup-check:
	$(Q)SETUP=$(strip $(SETUP)) scripts/setup --with build,check
setup-lint:
	$(Q)SETUP=$(strip $(SETUP)) scripts/setup --with build,lint
setup-reproduce:
	$(Q)SETUP=$(strip $(SETUP)) scripts/setup --with build,reproduce$(if $(OFFLINE),,$(comma)onnx)
setup-bench:
	$(Q)SETUP=$(strip $(SETUP)) scripts/setup --with build,bench

setup-fuzz:
	$(Q)SETUP=$(strip $(SETUP)) scripts/setup --with build,fuzz

# These goals install what they need before anything is compiled.
comma := ,
needs = $(filter $(1),$(MAKECMDGOALS))
before := $(if $(call needs,demo replay bundle),setup) $(if $(call needs,check check-long check-asan),setup-check) \
	$(if $(call needs,lint misra format format-check),setup-lint) $(if $(call needs,bench),setup-bench) \
	$(if $(call needs,reproduce),setup-reproduce) \
	$(if $(call needs,board board-shell board-check check-arm64),setup-board)
sources := $(shell find $(ROOMS) -name '*.c')
$(call object,$(sources)) $(EXAMPLES) $(bench_needs): | $(before)

check: tests check-rooms | setup-check  ## set up, build, run every test (reduced counts)
	$(Q)BUILD=$(BUILD) BESIDE='$(TESTS_BESIDE)' ALONE='$(TESTS_ALONE)' scripts/run-tests $(TESTS) $(REPLAYS) $(SCRIPTS_TESTED)

check-long: tests check-rooms | setup-check  ## the same with full counts
	$(Q)BUILD=$(BUILD) BESIDE='$(TESTS_BESIDE)' ALONE='$(TESTS_ALONE)' RNNMAP_LONG=1 scripts/run-tests $(TESTS) $(REPLAYS) $(SCRIPTS_TESTED)

check-asan: | setup-check  ## the tests under address and undefined-behaviour sanitizers
	$(Q)+$(MAKE) --no-print-directory SETUP=no BUILD=build/asan SANITIZE=address,undefined \
		CFLAGS='-O1 -g -fno-omit-frame-pointer' check

fuzzers: $(FUZZERS)
fuzz: | setup-fuzz  ## fuzz the readers of files and messages (FUZZ_SECONDS=600 each, TARGET=records/trace)
	$(Q)+$(MAKE) --no-print-directory SETUP=no BUILD=$(BUILD)/fuzz CC=clang SANITIZE=address,undefined \
		CFLAGS='-O1 -g -fno-omit-frame-pointer -fsanitize=fuzzer-no-link' fuzzers
	$(Q)BUILD=$(BUILD)/fuzz scripts/fuzz $(FUZZ_SECONDS) $(or $(TARGET),all) \
		$(FUZZED:%.c=$(BUILD)/fuzz/fuzz/%)

check-arm64: all $(BUILD)/test/codegen/many_headers | setup-board  ## equal inputs give equal headers on arm64, in emulation (not part of check)
	$(Q)BUILD=$(BUILD) scripts/check-arm64

check-rooms:  ## no room includes what the design forbids
	$(Q)scripts/check-rooms $(foreach r,$(ROOMS),'$(r):$($(r).uses)')

demo: all | setup  ## set up, build, measure this machine, ship a header, decide (TRACE=, RTT=)
	$(Q)BUILD=$(BUILD) scripts/demo

replay: all | setup  ## policies on seven data sets over eight links, one table (DB=campaign.db)
	$(Q)BUILD=$(BUILD) scripts/replay

reproduce: all | setup-reproduce  ## the papers' plots with this machine's networks, into results/ (OFFLINE=1, TRACES=DIR)
	$(Q)BUILD=$(BUILD) scripts/reproduce

bench: all $(BENCHES) $(bench_needs) | setup-bench  ## what it costs, as ratios in one run
	$(Q)BUILD=$(BUILD) scripts/bench $(BENCHES)

c_files = $(shell git ls-files '*.c' '*.h')
format: | setup-lint  ## format the C sources in place
	$(Q)clang-format -i $(c_files)
format-check: | setup-lint  ## fail when clang-format would change something
	$(Q)clang-format --dry-run -Werror $(c_files)
lint: | setup-lint  ## cppcheck and shellcheck, clean
	$(Q)scripts/lint

misra: all | setup-lint  ## MISRA C:2012 over what products compile, as far as cppcheck checks it
	$(Q)BUILD=$(BUILD) scripts/misra

$(BUILD)/man/%.1: $(BUILD)/bin/%
	$(Q)mkdir -p $(@D) && $< --manual >$@

install: all $(TOOLS:%=$(BUILD)/man/%.1)  ## install under DESTDIR/PREFIX
	$(Q)install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/man/man1 \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions $(DESTDIR)$(PREFIX)/include/rnnmap \
		$(DESTDIR)$(PREFIX)/share/rnnmap/campaigns
	$(Q)install -m 755 $(TOOLS:%=$(BUILD)/bin/%) $(DESTDIR)$(PREFIX)/bin
	$(Q)install -m 644 $(TOOLS:%=$(BUILD)/man/%.1) $(DESTDIR)$(PREFIX)/share/man/man1
	$(Q)for t in $(TOOLS); do install -m 644 scripts/completion.bash \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions/$$t; done
	$(Q)for h in $(wildcard runtime/*.h) engines/rnnmap_engine.h; do install -m 644 $$h \
		$(DESTDIR)$(PREFIX)/include/rnnmap; done
	$(Q)install -m 644 profiler/campaigns/*.ini $(DESTDIR)$(PREFIX)/share/rnnmap/campaigns

bundle_name := rnnmap-$(shell sed -n 's/^\#define RNNMAP_VERSION "\(.*\)"/\1/p' base/tool.h)-$(shell uname -m)
bundle-folder: all $(TOOLS:%=$(BUILD)/relocatable/%)
	$(Q)rm -rf $(BUILD)/bundle/$(bundle_name)
	$(Q)+$(MAKE) -s --no-print-directory install DESTDIR=$(BUILD)/bundle/$(bundle_name) PREFIX=
	$(Q)scripts/bundle $(BUILD)/bundle/$(bundle_name) $(TOOLS:%=$(BUILD)/relocatable/%)

bundle: bundle-folder | setup  ## the tools with their libraries, for machines with nothing installed
	$(Q)tar -C $(BUILD)/bundle --sort=name --owner=0 --group=0 --numeric-owner --mtime=@0 \
		-cf - $(bundle_name) | xz -T0 >$(BUILD)/$(bundle_name).tar.xz.part
	$(Q)mv $(BUILD)/$(bundle_name).tar.xz.part $(BUILD)/$(bundle_name).tar.xz
	$(Q)ls -sh $(BUILD)/$(bundle_name).tar.xz

uninstall:  ## remove what install put there
	$(Q)rm -f $(TOOLS:%=$(DESTDIR)$(PREFIX)/bin/%) \
		$(TOOLS:%=$(DESTDIR)$(PREFIX)/share/man/man1/%.1) \
		$(TOOLS:%=$(DESTDIR)$(PREFIX)/share/bash-completion/completions/%)
	$(Q)rm -rf $(DESTDIR)$(PREFIX)/include/rnnmap $(DESTDIR)$(PREFIX)/share/rnnmap/campaigns

clean:  ## remove build/
	$(Q)rm -rf build

help:  ## this list
	@echo 'make TARGET [KNOB=value]   knobs: CC CFLAGS BUILD PREFIX DESTDIR SANITIZE SETUP=no V=1'
	@sed -n 's/^\([a-z0-9-]*\):.*  ## \(.*\)/  \1|\2/p' Makefile testbed/board/board.mk | \
		while IFS='|' read -r t d; do printf '%-16s %s\n' "$$t" "$$d"; done
