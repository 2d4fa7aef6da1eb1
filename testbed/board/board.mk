# SPDX-License-Identifier: GPL-3.0-or-later
# The virtual board: docs/virtual-board.md. What is downloaded and built for it lies in
# BUILD/board; the tools are cross-compiled by a make below this one, into BUILD/board/arm64.
BOARD      := $(BUILD)/board
board.cc   := aarch64-linux-gnu-gcc --sysroot=$(abspath $(BOARD)/sysroot)
board.built = $(addprefix $(BUILD)/testbed/board/,boardpower boardtimer loop_engine.so)
board.arm64 = $(addprefix $(BOARD)/arm64/,$(TOOLS:%=bin/%) $(addprefix testbed/board/,\
	boardpower boardtimer loop_engine.so))

.PHONY: board board-shell board-check board-tools board-programs setup-board
setup-board:
	$(Q)SETUP=$(strip $(SETUP)) scripts/setup --with build,check,board

board: board-tools  ## a virtual ARM board with a PMU and a power sensor, from Debian's packages
	$(Q)+$(MAKE) --no-print-directory -s SETUP=no $(BOARD)/initramfs.cpio
board-shell: board  ## a prompt on the virtual board
	$(Q)mkdir -p $(BOARD)/host && rm -f $(BOARD)/host/run && testbed/board/boot $(BOARD) $(BOARD)/host
board-check: board all $(BUILD)/testbed/board/sleep_engine.so  ## the whole profiler on the virtual board (not part of check)
	$(Q)BUILD=$(BUILD) testbed/board/check

$(BOARD)/packages: testbed/board/packages | setup-board
	$(call say,BOARD,packages)
	$(Q)$< $(BOARD)
$(BOARD)/modules/done: testbed/board/modules $(BOARD)/packages
	$(call say,BOARD,drivers)
	$(Q)$< $(BOARD) && touch $@
board-tools: $(BOARD)/packages
	$(Q)+$(MAKE) --no-print-directory SETUP=no BUILD=$(BOARD)/arm64 CC='$(board.cc)' board-programs
$(BOARD)/initramfs.cpio: testbed/board/image testbed/board/init testbed/board/sensor \
		$(BOARD)/modules/done $(board.arm64)
	$(call say,BOARD,image)
	$(Q)$< $(BOARD) $(board.arm64)

# The product of runtime/examples, for the board, with a header that was generated there.
.PHONY: board-product
board-product:
	$(Q)mkdir -p $(BOARD)/product && cp $(HEADER) $(BOARD)/product/rnn_map.h
	$(Q)$(board.cc) -std=c11 -D_GNU_SOURCE -O2 -I. -I$(BOARD)/product -o $(PRODUCT) \
		runtime/examples/product.c $(product.archives:$(BUILD)/%=$(BOARD)/arm64/%) \
		$(endpoint.libs) $(engines.libs) $(base.libs) -lm

# Programs of the board itself, and the endpoint's sleeper, which runs on the host.
board-programs: all $(board.built)
	@:
$(BUILD)/testbed/board/boardpower: $(addprefix $(BUILD)/obj/testbed/board/,boardpower.o chip.o power.o) \
		$(BUILD)/lib/base.a
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D) && $(link) -o $@ $^ $(base.libs) -lm
$(BUILD)/testbed/board/boardtimer: $(BUILD)/obj/testbed/board/boardtimer.o $(BUILD)/lib/base.a
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D) && $(link) -o $@ $^ $(base.libs) -lm
$(BUILD)/testbed/board/%_engine.so: testbed/board/%_engine.c engines/rnnmap_engine.h
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D) && $(CC) -std=c11 -D_GNU_SOURCE $(WARN) -O2 -fPIC -shared -pthread -Iengines -o $@ $<
