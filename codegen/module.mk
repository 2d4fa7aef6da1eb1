# SPDX-License-Identifier: GPL-3.0-or-later
codegen.src  := $(filter-out codegen/rnngen.c,$(wildcard codegen/*.c))
codegen.uses := runtime fitter records base
codegen.libs := -ljansson

TOOLS += rnngen
rnngen.main  := codegen/rnngen.c
rnngen.rooms := codegen fitter records base

# Two builds generate the same bytes of the same models: `make check-arm64`.
$(BUILD)/test/codegen/many_headers: $(BUILD)/obj/codegen/test/many_headers.o \
		$(foreach r,codegen fitter records base,$(BUILD)/lib/$(r).a)
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D) && $(link) -o $@ $^ $(call libraries,codegen $(codegen.uses)) -lm
tests: $(BUILD)/test/codegen/many_headers
