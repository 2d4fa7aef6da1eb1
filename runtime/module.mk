# SPDX-License-Identifier: GPL-3.0-or-later
# Headers that products compile; nothing of it is linked into the tools. Only its tests use base.
runtime.src  :=
runtime.uses := base

# The example product, with the header that rnngen wrote beside it: `make build/demo/product`.
product.archives := $(foreach r,endpoint engines base,$(BUILD)/lib/$(r).a)
$(BUILD)/demo/product: runtime/examples/product.c $(BUILD)/demo/rnn_map.h $(product.archives)
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D) && $(compile) -I$(@D) $(LDFLAGS) -o $@ $< $(product.archives) \
		$(endpoint.libs) $(engines.libs) $(base.libs) -lm
$(BUILD)/demo/rnn_map.h:
	$(error $@ is missing: write it with rnngen --name rnn_map --link rtt -o $@)
