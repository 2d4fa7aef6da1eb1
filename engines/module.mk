# SPDX-License-Identifier: GPL-3.0-or-later
engines.src  := $(wildcard engines/*.c)
engines.uses := base
engines.libs := -ldnnl -fopenmp
# the one file with parallel regions of its own: it reaches the workers that oneDNN uses
$(BUILD)/obj/engines/affinity.o: override CFLAGS += -fopenmp
