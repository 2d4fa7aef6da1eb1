# SPDX-License-Identifier: GPL-3.0-or-later
engines.src  := $(wildcard engines/*.c)
engines.uses := base
engines.libs := -ldnnl -fopenmp -ldl
# the one file with parallel regions of its own: it reaches the workers that oneDNN uses
$(BUILD)/obj/engines/affinity.o: override CFLAGS += -fopenmp

# The examples, built as their users build them.
EXAMPLES += $(addprefix $(BUILD)/examples/,engine_plugin.so engine_command portable_network.so)
$(BUILD)/examples/portable_network.so: engines/examples/portable.c engines/rnnmap_engine.h
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D) && $(CC) -std=c99 $(WARN) -O3 -fPIC -shared -Iengines -o $@ $< -lm
$(BUILD)/test/engines/test/test_portable_network: | $(BUILD)/examples/portable_network.so
$(BUILD)/examples/engine_plugin.so: engines/examples/plugin.c engines/examples/lstm.h \
		engines/rnnmap_engine.h
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D) && $(CC) -std=c99 $(WARN) -O2 -fPIC -shared -Iengines -o $@ $< -lm
$(BUILD)/examples/engine_command: engines/examples/command.c engines/examples/lstm.h
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D) && $(CC) -std=c99 $(WARN) -O2 -o $@ $< -lm
$(BUILD)/test/engines/test/test_plugin_engine: | $(BUILD)/examples/engine_plugin.so
$(BUILD)/test/engines/test/test_command_engine: | $(BUILD)/examples/engine_command
